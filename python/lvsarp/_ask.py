"""Questions to the wire without a host at hand: one is opened for the call."""

from __future__ import annotations

from ._host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Optional, Union

    from ._probe import Audit, Listener, Responders
    from ._types import AddressLike, NetnsLike, ProbeSender


def probe(
    vips: Union[AddressLike, Iterable[AddressLike]],
    on: str,
    timeout: float = 1.0,
    *,
    requests: int = 3,
    sender: ProbeSender = "own",
    directors: Union[str, Iterable[str]] = (),
    netns: NetnsLike = None,
) -> Responders:
    """Asks on the wire who has the VIPs, and gives everybody who answers within the time: :meth:`Host.probe` of the
    network namespace ``netns``, which is as in :class:`Host`.

    Raises what :meth:`Host.probe` raises, and NoNamespaceError if there is no such namespace.
    """
    with Host(netns) as host:
        return host.probe(vips, on, timeout, requests=requests, sender=sender, directors=directors)


def listen(
    vips: Union[AddressLike, Iterable[AddressLike]],
    on: str,
    *,
    directors: Union[str, Iterable[str]] = (),
    netns: NetnsLike = None,
) -> Listener:
    """Hears every frame that carries one of the VIPs as its sender: :meth:`Host.listen` of the network namespace
    ``netns``, which is as in :class:`Host`.

    Raises what :meth:`Host.listen` raises, and NoNamespaceError if there is no such namespace.
    """
    with Host(netns) as host:
        return host.listen(vips, on, directors=directors)


def audit(
    vip: AddressLike,
    real_server: AddressLike,
    on: str,
    *,
    port: Optional[int] = None,
    timeout: float = 1.0,
    tries: int = 8,
    netns: NetnsLike = None,
) -> Audit:
    """Looks from outside whether a real server is silent for a VIP and accepts what is sent to it: :meth:`Host.audit`
    of the network namespace ``netns``, which is as in :class:`Host`.

    Raises what :meth:`Host.audit` raises, and NoNamespaceError if there is no such namespace.
    """
    with Host(netns) as host:
        return host.audit(vip, real_server, on, port=port, timeout=timeout, tries=tries)
