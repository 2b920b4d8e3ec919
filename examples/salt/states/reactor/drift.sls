# A real server that is not silent any more applies its state again, after another state run where one is at work.
# The id stands in the event, so whoever can send events chose it: it is one quoted name in a list, and no pattern.
heal a real server:
  local.state.apply:
    - tgt: [{{ data['id'] | json }}]
    - tgt_type: list
    - args:
      - mods: real_server
      - queue: true
