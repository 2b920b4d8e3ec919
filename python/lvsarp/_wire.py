"""What a host does on the wire and over time: probe, listen, audit, announce, watch, and change its role."""

from __future__ import annotations

from . import _accept, _native, _outcome, _probe, _watch
from ._errors import LvsarpError, RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Optional, Union

    from ._outcome import Changes
    from ._probe import Audit, Listener, Responders
    from ._types import AddressLike, LevelScope, Method, PrefixLike, ProbeSender
    from ._watch import Watch


class Wire:
    """The part of :class:`Host` that is about the wire and about time."""

    __slots__ = ()
    _inner: _native.Host

    def probe(
        self,
        vips: Union[AddressLike, Iterable[AddressLike]],
        on: str,
        timeout: float = 1.0,
        *,
        requests: int = 3,
        sender: ProbeSender = "own",
        directors: Union[str, Iterable[str]] = (),
    ) -> Responders:
        """Asks on the wire who has the VIPs, and gives everybody who answers within the time.

        They come by VIP in the order in which they are named, then in the order in which they answered; an empty list
        where nobody did. There is room for 256, or for 4 of each VIP where that is more; ``lost`` of the list counts
        the answers for which there was none, or which the kernel dropped. It always takes the whole time; Ctrl-C ends
        it at once. IPv6 VIPs are asked for by neighbour solicitations.

        vips
            One VIP or several, each once.
        on
            The interface by which it is asked.
        timeout
            How long answers are collected, from the first request on, in seconds from 0.001 to 86400.
        requests
            How many requests are sent for each VIP with each sender, spread over the first half of the time: 1 to 1000.
        sender
            ``own`` asks with an address of the interface, as a neighbour does, or 0.0.0.0 where it has none;
            ``unspecified`` with 0.0.0.0 as one who looks for duplicates, from which nobody learns; ``both`` in turn.
        directors
            The MAC addresses that may answer, one or several; they are marked in the answer.

        Raises AccessError without CAP_NET_RAW, NoInterfaceError, UnsupportedError on an interface without ARP,
        ValueError for an empty list, an address, a MAC address, a number or a word that cannot be, TypeError for what
        is none.
        """
        return _probe.probe(self._inner, vips, _accept.device(on), timeout, requests, sender, directors)

    def listen(
        self,
        vips: Union[AddressLike, Iterable[AddressLike]],
        on: str,
        *,
        directors: Union[str, Iterable[str]] = (),
    ) -> Listener:
        """Hears from now on every frame on the interface that carries one of the VIPs as its sender. Sends nothing.

        ``vips`` are one VIP or several, ``on`` is the interface, and ``directors`` are the MAC addresses that may
        speak for the VIPs, one or several; they are marked. The result is an iterator; close it, or use it in a
        ``with``.

        Raises what :meth:`probe` raises. What waits for the listener raises LvsarpError (``ENETDOWN``) once where the
        interface goes down, and NoInterfaceError from then on where it is removed.
        """
        return _probe.Listener(self._inner.listen(_accept.vips(vips), _accept.device(on), _accept.macs(directors)))

    def audit(
        self,
        vip: AddressLike,
        real_server: AddressLike,
        on: str,
        *,
        port: Optional[int] = None,
        timeout: float = 1.0,
        tries: int = 8,
    ) -> Audit:
        """Looks from outside whether a real server is silent for a VIP and accepts what is sent to it, as the director
        sends it. Nothing is left half open there. Ctrl-C ends it at once.

        vip
            The VIP.
        real_server
            The real server's own address, of the same family.
        on
            The interface behind which it is; it needs an address to ask with.
        port
            The TCP port on which the VIP is served, 1 to 65535. None: an ICMP echo request is sent instead, which says
            nothing about the service.
        timeout
            The deadline, in seconds from 0.001 to 86400. A healthy real server takes about half of it, since silence
            takes time to be heard.
        tries
            How often each question is asked until it is answered: 1 to 1000.

        Raises AccessError without CAP_NET_RAW, NoInterfaceError, UnsupportedError on an interface without ARP,
        ValueError for an address or a number that cannot be, and where the interface has no address to ask with,
        TypeError for what is none.
        """
        return _probe.audit(self._inner, vip, real_server, _accept.device(on), port, timeout, tries)

    def announce(
        self,
        vips: Union[AddressLike, Iterable[AddressLike]],
        on: str,
        *,
        count: int = 3,
        interval: float = 1.0,
        request: bool = True,
        reply: bool = True,
        force: bool = False,
        dry_run: bool = False,
    ) -> int:
        """Tells everybody on the interface that the VIPs are at its MAC address, and gives how many frames were sent.

        For the director, after a leak was mended: neighbours that learned the wrong address learn this one. It takes
        ``count`` - 1 intervals; Ctrl-C ends it at once. Each round looks again whether the VIPs are here to announce,
        and where they are not any more it ends with what was sent.

        vips
            One VIP or several, each once.
        on
            The interface.
        count
            How many rounds: 1 to 1000.
        interval
            How long between two rounds, in seconds from 0 to 86400.
        request, reply
            Whether the request form and the reply form of gratuitous ARP are sent. An IPv6 VIP is told by an
            unsolicited neighbour advertisement.
        force
            Also where this host holds the VIP on a loopback device, as a real server does, or not on the interface.
        dry_run
            Send nothing, and give how many frames a call without it would send; it raises what that would raise.

        Raises RefusedError for a VIP on a loopback device or not on the interface, unless forced; AccessError without
        CAP_NET_RAW, NoInterfaceError, UnsupportedError on an interface without ARP, ValueError for an empty list, an
        address or a number that cannot be, and where neither form is wanted, TypeError for what is none.
        """
        from time import sleep

        names, on = _accept.vips(vips), _accept.device(on)

        def once() -> int:
            return self._inner.announce_once(
                names,
                on,
                count=count,
                interval=interval,
                request=request,
                reply=reply,
                force=force,
                dry_run=dry_run,
            )

        sent = once()  # which checks the arguments first
        if dry_run:
            return sent
        try:
            for _ in range(count - 1):
                sleep(interval)
                sent += once()
        except RefusedError:  # the host gave the VIPs away meanwhile
            pass
        return sent

    def watch(
        self,
        vips: Optional[Union[AddressLike, Iterable[AddressLike]]] = None,
        *,
        interval: float = 1.0,
        repair: bool = False,
        per_minute: int = 6,
        prefixes: Iterable[PrefixLike] = (),
        scope: LevelScope = "all",
        dev: str = "lo",
        label: Optional[str] = None,
        address_scope: str = "auto",
        method: Method = "netlink",
        force: bool = False,
        exact: bool = False,
    ) -> Watch:
        """Watches the host from now on. What happens comes as events: a VIP that is removed, added or bound where ARP
        is spoken, a level that is changed, an interface that is not protected.

        vips
            The VIPs, one or several. None: those that are bound or that an apply had bound, as in :meth:`check`.
        interval
            How often levels are read again, in seconds from 0.01 to 86400: the kernel tells nobody when they are
            written through ``/proc/sys``. All else is told at once.
        repair
            Apply again whenever a VIP is not silent or not there: the VIPs that are watched, with the arguments from
            ``prefixes`` on, which are those of :meth:`plan` and are not looked at without ``repair``. It is done by the
            process that fetches the events, in the middle of that.
        per_minute
            How many repairs a minute there are at most: 1 to 6000. Something else that changes the host again and
            again is not fought for ever.

        The arguments ``prefixes``, ``scope``, ``dev``, ``label``, ``address_scope``, ``method``, ``force`` and
        ``exact`` are as in :meth:`plan`. The result is an iterator; close it, or use it in a ``with``. Reading needs
        no privilege, repairs need what :meth:`apply` needs.

        Raises ValueError for an empty list, an address or a number that cannot be, and where nothing is bound and no
        VIP is named; NoInterfaceError if there is no ``dev`` to repair on (one that goes away later is the event
        ``repair-failed``); LvsarpError where the host cannot be read.
        """
        watched = None if vips is None else _accept.vips(vips)
        wanted = None
        if repair:
            names = watched or ()
            wanted = _accept.desired(names, prefixes, scope, dev, label, address_scope, method, force, exact)
        return _watch.Watch(self._inner.watch(watched, interval, wanted, per_minute))

    def promote(
        self,
        vips: Union[AddressLike, Iterable[AddressLike]],
        on: str,
        *,
        dev: str = "lo",
        dry_run: bool = False,
        announce: bool = True,
        lock_timeout: float = 10.0,
    ) -> Changes:
        """Makes this host, a silent real server, the owner of the VIPs: each is bound on the interface, then removed
        from the real server's device, with its scope, label and lifetimes, and is then announced.

        What is so already is left. :meth:`undo` takes it back, and :meth:`demote` is the way back in a cluster of two.

        vips
            One VIP or several, each once.
        on
            The interface on which the owner answers for them.
        dev
            The device of a silent real server's VIPs.
        dry_run
            Change nothing, lock nothing and announce nothing: ``steps`` and ``findings`` of the result are what a call
            would do, ``changed`` is False.
        announce
            Tell the neighbours by three rounds of :meth:`announce`, which takes 2 seconds, also where nothing changed.
            If that fails the host is the owner all the same, and the failure is the finding ``not-announced``.
        lock_timeout
            As in :meth:`apply`, in seconds.

        Raises ValueError for an empty list or an address that cannot be, NoInterfaceError, AccessError without
        CAP_NET_ADMIN, RefusedError where the interface cannot answer or other addresses would be lost,
        LockTimeoutError, NotVerifiedError where the kernel does not show what was done, JournalError where the record
        cannot be used.
        """
        vips, on, dev = _accept.vips(vips), _accept.device(on), _accept.device(dev)
        changes = _outcome.changes(
            self._inner.promote(vips, on, dev, dry_run=bool(dry_run), lock_timeout=lock_timeout)
        )
        if not announce or dry_run:
            return changes
        try:
            self.announce([vip.partition("/")[0] for vip in vips], on)
        except LvsarpError as error:  # it is the owner all the same
            message = f"the neighbours were not told: {error.strerror}"
            found = _outcome.Finding("not-announced", "warning", on, None, message, error.hint or "call announce")
            return _outcome.Changes(changes.changed, changes.steps, (*changes.findings, found))
        return changes

    def demote(
        self,
        vips: Union[AddressLike, Iterable[AddressLike]],
        on: str,
        *,
        dev: str = "lo",
        scope: LevelScope = "all",
        dry_run: bool = False,
        lock_timeout: float = 10.0,
    ) -> Changes:
        """Makes this host, the owner of the VIPs, a silent real server: levels first, read back, then each VIP is
        bound on the real server's device, then removed from the interface, with its scope, label and lifetimes.

        What is so already is left. :meth:`undo` takes it back.

        vips
            One VIP or several, each once.
        on
            The interface on which they are.
        dev
            The device of a silent real server's VIPs.
        scope
            Where the levels are set, as in :meth:`plan`.
        dry_run
            Change nothing and lock nothing: ``steps`` and ``findings`` of the result are what a call would do,
            ``changed`` is False.
        lock_timeout
            As in :meth:`apply`, in seconds.

        Raises ValueError for an empty list or an address that cannot be, NoInterfaceError, AccessError without
        CAP_NET_ADMIN, RefusedError where the VIPs would not be silent, LockTimeoutError, NotVerifiedError where the
        kernel does not show what was done, JournalError where the record cannot be used.
        """
        vips, on, dev = _accept.vips(vips), _accept.device(on), _accept.device(dev)
        text = self._inner.demote(vips, on, dev, scope=scope, dry_run=bool(dry_run), lock_timeout=lock_timeout)
        return _outcome.changes(text)
