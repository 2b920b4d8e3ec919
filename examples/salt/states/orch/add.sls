# salt-run state.orchestrate orch.add: one real server that is not silent or does not answer, and the director is left as
# it is.
prepare all real servers:
  salt.state:
    - tgt: 'rs*'
    - sls: real_server

verify all real servers:
  salt.function:
    - name: lvsarp.check
    - tgt: 'rs*'
    - expect_minions: true
    - require:
      - salt: prepare all real servers

tell the mine:
  salt.function:
    - name: mine.update
    - tgt: 'rs*'
    - expect_minions: true
    - require:
      - salt: verify all real servers

add them to the director:
  salt.state:
    - tgt: director
    - sls: director
    - require:
      - salt: tell the mine
