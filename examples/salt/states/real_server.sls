# What is not said here is taken from pillar lvsarp.
silent real server:
  lvsarp.real_server: []
