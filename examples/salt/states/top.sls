base:
  'rs*':
    - real_server
  'director':
    - director
