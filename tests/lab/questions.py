"""Random questions about a random host: requests that arrive, and packets that make it ask.

A request with `learn` is about the sender's entry in the neighbour cache: whether one is made ("new"), or one that is
there gets the sender's MAC ("known").
"""
import ipaddress

SPECIAL_TARGETS = ("0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1", "127.0.0.1", "127.9.9.9", "127.8.0.0",
                   "0.0.0.9")
SPECIAL_SENDERS = ("255.255.255.255", "224.0.0.7", "239.1.2.3", "127.0.0.1", "127.0.0.5", "127.8.0.0", "0.0.0.5",
                   "240.0.0.2", "255.0.0.1")
BOTH_WAYS = "100.64"  # the beginning of senders that are behind two devices at once
FAR = ("198.51.100.77", "8.8.8.8", "10.77.0.1", "192.168.50.66")


def ask_about(topology, requests, solicitations, learning):
    """REQUESTS requests that arrive, LEARNING more about the neighbour cache, SOLICITATIONS packets that leave."""
    questions = Questions(topology)
    arriving = [questions.request() for _ in range(requests)]
    arriving += [questions.learning() for _ in range(learning)]
    return arriving + [questions.solicitation(number) for number in range(solicitations)]


class Questions:
    """The questions that fit one topology: about what it has, what it reaches, and what surrounds both."""

    def __init__(self, topology):
        self.host, self.dice = topology, topology.dice
        self.own = [local for _, local, _ in topology.addresses]
        self.subnets = [net for _, _, net in topology.addresses if net.prefixlen < 32]
        self.routed = [ipaddress.ip_network(prefix) for prefix in topology.covered]

    def inside(self, nets, among=range(1, 60)):
        """A member of one of these networks that is no address of the host, as long as there is one."""
        net = self.dice.choice(nets) if nets else ipaddress.ip_network("10.0.0.0/24")
        return str(net[self.dice.choice(among) % net.num_addresses])

    def edge(self):
        """The first or last address of a network."""
        net = self.dice.choice(self.subnets + self.routed or [ipaddress.ip_network("10.0.0.0/24")])
        return str(net[self.dice.choice((0, -1))])

    def one_of(self, addresses):
        return self.dice.choice(addresses or ["10.0.0.77"])

    def both_ways(self):
        return f"{BOTH_WAYS}.0.{self.dice.randint(1, 9)}"

    def request(self):
        on, port, vlan, mac = self.dice.choice(self.host.arrivals)
        target = self.target(on)
        request = {"kind": "arp", "iface": port, "on": on, "sender_ip": self.sender(on, target), "target_ip": target}
        if vlan:
            request["vlan"] = vlan
        if mac or vlan is None and self.host.chance(0.1):
            request["to"] = on
        return request

    def target(self, on):
        mine = [local for device, local, _ in self.host.addresses if device == on]
        return self.host.pick({
            self.one_of(mine): 18, self.one_of(self.own): 18, self.one_of(self.host.hot): 12,
            self.one_of(self.host.proxied): 25 if self.host.proxied else 0, self.inside(self.routed): 22,
            self.inside(self.subnets): 8, self.edge(): 6, self.one_of(SPECIAL_TARGETS): 4, self.one_of(FAR): 2})

    def sender(self, on, target):
        near = [net for device, _, net in self.host.addresses if device == on and net.prefixlen < 32]
        return self.host.pick({
            self.inside(near): 40, "0.0.0.0": 12, self.inside(self.subnets): 14, self.one_of(self.own): 6, target: 5,
            self.both_ways(): 9 if self.host.both_ways else 0, self.inside(self.routed): 9, self.one_of(FAR): 5,
            self.edge(): 5, self.one_of(SPECIAL_SENDERS): 4})

    def learning(self):
        request = self.request() | {"learn": self.dice.choice(("new", "new", "known"))}
        if self.host.chance(0.4) and not request["sender_ip"].startswith(BOTH_WAYS):
            request["target_ip"] = request["sender_ip"]
        return request

    def solicitation(self, number):
        # A neighbour that is asked for once, so that it is never resolved or under way.
        fresh = range(150 + number, 151 + number)
        question = {"kind": "solicit", "dst": self.host.pick({
            self.inside(self.subnets, fresh): 55, self.inside(self.routed, fresh): 35, self.one_of(FAR): 10})}
        source = self.host.pick({
            self.one_of(self.own): 35, self.one_of(self.host.hot): 10, self.inside(self.routed): 12,
            self.inside(self.subnets): 8, self.one_of(FAR): 5, self.one_of(("127.0.0.1", "127.0.0.9")): 3, None: 25})
        if source:
            question["saddr"] = source
        if self.host.chance(0.6):
            question["oif"] = self.dice.choice([on for on, *_ in self.host.arrivals])
        return question
