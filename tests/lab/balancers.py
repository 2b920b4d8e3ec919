"""keepalived and ldirectord on the director, which fill the pool by a health check of ours."""
import os
from pathlib import Path

from .cluster import PORT, SEATS, VIP, OnDirector

# `alpha` keeps a real server out until its first check succeeds. A real server that fails is removed, not set to
# weight 0, because inhibit_on_failure is off.
KEEPALIVED = """\
global_defs {{
    script_user root
}}
virtual_server {vip} {port} {{
    delay_loop 1
    lb_algo rr
    lb_kind DR
    protocol TCP
    alpha
{real_servers}}}
"""
REAL_SERVER = """\
    real_server {address} {port} {{
        weight 1
        MISC_CHECK {{
            misc_path "{check}"
            misc_timeout 5
            warmup 0
        }}
    }}
"""
# `supervised` keeps it in the foreground; `quiescent = no` removes a real server that fails, and does not set weight 0.
LDIRECTORD = """\
supervised = yes
checktimeout = 5
checkinterval = 1
quiescent = no
virtual = {vip}:{port}
        protocol = tcp
        scheduler = rr
        checktype = external
        checkcommand = "{command}"
{real_servers}"""


def keepalived(cluster, folder, check):
    """keepalived on the director; `check(name)` is the command that says whether this real server is healthy."""
    real_servers = [REAL_SERVER.format(address=SEATS[name].ip, port=PORT, check=check(name))
                    for name in cluster.servers]
    file = Path(folder, "keepalived.conf")
    file.write_text(KEEPALIVED.format(vip=VIP, port=PORT, real_servers="".join(real_servers)))
    return OnDirector(cluster, "keepalived", "-n", "-l", "-f", file)


def ldirectord(cluster, folder, check):
    """The same with ldirectord, which calls its check with the addresses and ports of the service and the real server."""
    command = Path(folder, "check")
    cases = [f"{SEATS[name].ip}) exec {check(name)} ;;\n" for name in cluster.servers]
    command.write_text(f"#!/bin/sh\ncase $3 in\n{''.join(cases)}esac\nexit 1\n")
    command.chmod(0o755)
    real_servers = [f"        real = {SEATS[name].ip}:{PORT} gate 1\n" for name in cluster.servers]
    file = Path(folder, "ldirectord.cf")
    file.write_text(LDIRECTORD.format(vip=VIP, port=PORT, command=command, real_servers="".join(real_servers)))
    return OnDirector(cluster, os.environ.get("LVSARP_LDIRECTORD", "ldirectord"), file, "start")
