"""What was counted of connections: who answered, which way they took, and how many went astray or were lost."""
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Connection:
    """One connection: its source port, when it began and ended, who answered, and where the client's frames went."""

    port: int
    began: float
    ended: float = 0.0
    server: str = ""        # what the answer says; empty where none came
    refused: bool = False   # rather than not answered
    went_to: set = field(default_factory=set)   # names of hosts
    known: bool = False     # to the director's ip_vs

    @property
    def astray(self):
        return bool(self.went_to - {"director"})

    @property
    def through(self):
        """Every frame went to the director, and its ip_vs knows it."""
        return self.known and self.went_to == {"director"}

    @property
    def lost(self):
        return not self.server


@dataclass
class Count:
    """What was counted of some connections."""

    connections: list
    frames: int = 0                     # of the client to the VIP
    packets: int = 0                    # that ip_vs took
    answered: frozenset = frozenset()   # hosts that said on the cable that the VIP is theirs

    def __len__(self):
        return len(self.connections)

    @property
    def through(self):
        return sum(one.through for one in self.connections)

    @property
    def astray(self):
        return sum(one.astray for one in self.connections)

    @property
    def lost(self):
        return sum(one.lost for one in self.connections)

    @property
    def spread(self):
        """How many each real server answered."""
        return Counter(one.server for one in self.connections if one.server)

    @property
    def straight(self):
        """Whether there are connections, and all of them went through the director and were answered."""
        return len(self) == self.through > 0 == self.lost

    def __str__(self):
        strays = Counter(name for one in self.connections for name in one.went_to - {"director"})
        refused = sum(one.refused for one in self.connections)
        return (f"{len(self)} connections: {self.through} through the director, {self.astray} astray{told(strays)}, "
                f"{self.lost} lost{told({'refused': refused} if refused else {})}")


def told(names):
    """How many each of these had, in brackets; nothing where there are none."""
    return f" ({', '.join(f'{name} {names[name]}' for name in sorted(names))})" if names else ""
