# The gate: the director gets the real servers whose last check, in the mine, found every VIP silent.
/etc/lvs-ready:
  file.managed:
    - contents:
      - '# real servers that are silent'
{%- for server, report in salt['mine.get']('rs*', 'lvsarp.check') | dictsort if report.ok %}
      - {{ server }}
{%- endfor %}
