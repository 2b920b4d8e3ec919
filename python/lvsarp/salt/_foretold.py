"""What an announcement would be refused for, found without sending anything."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lvsarp import Host


def announcement(host: Host, vips: list[str], on: str, *, force: bool, **how: Any) -> None:
    """Raises what :meth:`Host.announce` with the same arguments would raise before its first frame."""
    _arguments(host, vips, on, **how)
    host.listen(vips, on).close()  # the interface, and the privilege
    if not force:
        _place(host, vips, on)


def _arguments(host: Host, vips: list[str], on: str, *, request: bool, reply: bool, **numbers: Any) -> None:
    try:  # neither form is refused after all else that is wrong with the arguments, and nothing is sent
        host.announce(vips, on, **numbers, request=False, reply=False)
    except ValueError as error:
        if not (request or reply) or "neither form" not in str(error):
            raise


def _place(host: Host, vips: list[str], on: str) -> None:
    """Where the VIPs are, as Host::announce of the library looks at it."""
    from errno import ECANCELED
    from ipaddress import ip_address

    from lvsarp import RefusedError

    snapshot = host.snapshot()
    homes = {i.index for i in snapshot.interfaces if i.is_loopback or "NOARP" in i.flags or i.kind == "vrf"}
    for vip in vips:
        shown = str(ip_address(vip))
        bound = [address for address in snapshot.addresses if address.local == shown]
        home = next((address.dev for address in bound if address.index in homes), None)
        if home is not None:
            cause = f"it is bound on {home}, so this host is a real server"
            hint = "announce it on the director; force announces it here all the same"
        elif not any(address.dev == on for address in bound):
            cause = f"it is not bound on {on}"
            hint = "announce it where it is bound; force announces it here all the same"
        else:
            continue
        raise RefusedError(ECANCELED, f"cannot announce {shown} on {on}: {cause}", "refused", hint)
