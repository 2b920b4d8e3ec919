"""Keep LVS-DR real servers silent in ARP, and prove it.

In direct routing the director and every real server own the same virtual IP. On it the real servers must not answer
ARP requests (``arp_ignore`` decides) and must not announce it as the sender of their own (``arp_announce`` decides).
What counts is the larger value of ``conf/all`` and the interface, and not every larger value is safer.

    >>> import lvsarp
    >>> host = lvsarp.Host()                # the calling thread's network namespace
    >>> host.get("eth0")                    # what is in force
    >>> host.apply(["192.0.2.10"])          # levels first, then the VIP; a second call changes nothing
    >>> host.check(["192.0.2.10"]).ok       # would it be answered or announced?
    >>> host.undo()                         # back to what was before
    >>> host.persist(["192.0.2.10"])        # the same for every boot
    >>> host.boot(["192.0.2.10"]).ok        # what will be in force after the next one?
    >>> lvsarp.probe("192.0.2.10", "eth0")  # who answers for it on the wire?
    >>> for event in host.watch(): ...      # what changes, as it changes

A ``Snapshot`` is plain data, and ``check`` and ``plan`` on it do no I/O. Values never change, compare by their
fields, and become plain data with ``as_dict()``. Failures are ``LvsarpError``; wrong arguments are ValueError or
TypeError.
"""

from ._errors import (
    AccessError,
    JournalError,
    LockTimeoutError,
    LvsarpError,
    NoInterfaceError,
    NoNamespaceError,
    NotVerifiedError,
    RefusedError,
    UnsupportedError,
)
from ._applied import Applied
from ._ask import audit, listen, probe
from ._boot import Boot, BootLevel
from ._decision import Check, Decision, Witness
from ._host import Host
from ._levels import Key, Level, LevelMeaning, Levels, OlderMerge, keys, levels, meaning
from ._native import __version__
from ._network import Address, Conf, Interface, LocalRoute
from ._outcome import Changes, Finding, Plan, Report, Step, Verdict
from ._probe import Audit, Heard, Listener, Responder, Responders
from ._snapshot import Snapshot
from ._watch import Event, Watch

__all__ = [
    "AccessError",
    "Address",
    "Applied",
    "Audit",
    "Boot",
    "BootLevel",
    "Changes",
    "Check",
    "Conf",
    "Decision",
    "Event",
    "Finding",
    "Heard",
    "Host",
    "Interface",
    "JournalError",
    "Key",
    "Level",
    "LevelMeaning",
    "Levels",
    "Listener",
    "LocalRoute",
    "LockTimeoutError",
    "LvsarpError",
    "NoInterfaceError",
    "NoNamespaceError",
    "NotVerifiedError",
    "OlderMerge",
    "Plan",
    "RefusedError",
    "Report",
    "Responder",
    "Responders",
    "Snapshot",
    "Step",
    "UnsupportedError",
    "Verdict",
    "Watch",
    "Witness",
    "__version__",
    "audit",
    "keys",
    "levels",
    "listen",
    "meaning",
    "probe",
]

# Everything public belongs to the package by name: in tracebacks, and in pickles, which outlive the files below.
for _name in __all__:
    if hasattr(globals()[_name], "__module__"):
        globals()[_name].__module__ = __name__
del _name
