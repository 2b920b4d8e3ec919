"""What the director's ip_vs counted, read live: the counters that ipvsadm shows are up to two seconds old."""
import socket


def packets(director):
    """How many packets of clients it has taken, all in all."""
    with director.entered(), open("/proc/thread-self/net/ip_vs_stats_percpu") as file:
        rows = [line.split() for line in file]
    return sum(int(row[2], 16) for row in rows[2:] if row and row[0].isalnum())  # a row for each CPU, then the sum


def ports(director, vip):
    """The source ports of the client's connections to a VIP in its table."""
    wanted = socket.inet_pton(socket.AF_INET6 if ":" in vip else socket.AF_INET, vip).hex().upper()
    with director.entered(), open("/proc/thread-self/net/ip_vs_conn") as file:
        rows = [line.split() for line in file][1:]
    return {int(row[2], 16) for row in rows if row[3].strip("[]").replace(":", "").upper() == wanted}
