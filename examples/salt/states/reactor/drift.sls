# A real server that is not silent any more applies its state again.
heal {{ data['id'] }}:
  local.state.apply:
    - tgt: {{ data['id'] }}
    - args:
      - mods: real_server
