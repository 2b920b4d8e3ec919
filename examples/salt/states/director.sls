# The gate: the director gets the real servers whose last answer, in the mine, was that they are ready.
/etc/lvs-ready:
  file.managed:
    - contents:
      - '# real servers that are silent'
{%- for server, answer in salt['mine.get']('rs*', 'lvsarp.ready') | dictsort if answer.ready %}
      - {{ server }}
{%- endfor %}
