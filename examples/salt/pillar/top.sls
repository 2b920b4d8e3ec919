base:
  'rs*':
    - lvsarp
