# What a real server is to be: the arguments of the state lvsarp.real_server.
lvsarp:
  vips:
    - 192.0.2.10
    - 192.0.2.12
  persist: true
  exact: true
