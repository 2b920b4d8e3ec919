"""What a snapshot shows of a real server, its VIPs; and what the beacon has seen last."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lvsarp import Snapshot

# IFA_PROTO of what lvsarp bound.
OURS = 204

# What the beacon told last, by its name. Here and not in the beacon's file, which Salt executes anew whenever a state
# run synchronises modules: then the end of a drift would look like the first look of all.
LAST: dict[str, Any] = {}


def vips(snapshot: Snapshot) -> list[str]:
    """The VIPs that ``Snapshot.check(None)`` looks at, also where no interface speaks ARP and so there is no verdict:
    those on loopback devices and VRFs, what lvsarp bound elsewhere, and the first address of each local route."""
    homes = {i.index for i in snapshot.interfaces if i.is_loopback or i.kind == "vrf"}
    bound = [a.local for a in snapshot.addresses if a.index in homes or a.proto == OURS]
    bound += [route.prefix.partition("/")[0] for route in snapshot.local_routes]
    return list(dict.fromkeys(vip for vip in bound if not _ordinary(vip)))


def _ordinary(address: str) -> bool:
    """Loopback, or link-local of IPv6: no VIP."""
    return address.startswith(("127.", "fe8", "fe9", "fea", "feb")) or address == "::1"
