"""Chapter 4: what lvsarp probe promises: it hears everyone who answers for the VIP, and nobody else."""
import json

from lab.cluster import NAMES, SEATS, VIP

from .questions import names

TITLE = "4. Who answers when asked"
SHOWS = ("lvsarp probe asks for the VIP and lists everybody who answers: all of them before lvsarp apply, the director "
         "alone after it.")


def chapter(table, cluster, size):
    for name in cluster.servers:
        cluster.hold(name)
    with table.step("lvsarp probe before lvsarp apply", 30):
        line(table, cluster, "client", "without lvsarp", {"director", *cluster.servers}, 1)
        line(table, cluster, "director", "  from the director, which is not its own neighbour", set(cluster.servers), 1)
    with table.step("lvsarp probe after lvsarp apply", 30):
        for name in cluster.servers:
            cluster.prepare(name)
        line(table, cluster, "client", "with lvsarp apply on rs1, rs2 and rs3", {"director"}, 0)


def line(table, cluster, host, done, wanted, status):
    answer = cluster.lvsarp(host, "probe", VIP, "--on", cluster.interface(host), "--director", SEATS["director"].mac,
                            "--json", wanted=(0, 1))
    found = json.loads(answer.stdout)
    who = {NAMES.get(one["mac"], one["mac"]) for one in found["responders"]}
    table.line(done, f"{names(who)} answered; exit {answer.returncode}", f"{names(wanted)}; exit {status}",
               (who, answer.returncode, found["lost"]) == (wanted, status, 0))
