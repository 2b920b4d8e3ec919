"""What a host writes for its next boot, and what it foretells of it."""

from __future__ import annotations

from . import _accept, _boot, _native, _outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Optional

    from ._boot import Boot
    from ._outcome import Changes
    from ._types import AddressLike, LevelScope, Method, PrefixLike, StrPath


class Persistent:
    """The part of :class:`Host` that is about its next boot."""

    __slots__ = ()
    _inner: _native.Host

    def persist(
        self,
        vips: Iterable[AddressLike],
        *,
        prefixes: Iterable[PrefixLike] = (),
        scope: LevelScope = "all",
        dev: str = "lo",
        label: Optional[str] = None,
        address_scope: str = "auto",
        method: Method = "netlink",
        force: bool = False,
        root: StrPath = "/",
        sysctl_conf: Optional[StrPath] = None,
        comment_out: bool = False,
        program: Optional[StrPath] = None,
        native: bool = False,
        overwrite: bool = False,
        lock_timeout: float = 10.0,
        dry_run: bool = False,
    ) -> Changes:
        """Writes what outlives a reboot, and does not touch the running host. A second call writes nothing.

        The levels go to ``/etc/sysctl.d/90-lvsarp.conf``, the real server that is wanted to
        ``/etc/lvsarp/real-server.json``, and where there is systemd a unit that brings it back at boot, as
        :meth:`restore` does. The files are those that the calling process sees, whatever namespace the host is. Each is
        written beside its place and renamed; if one cannot be written the others are put back.

        root
            The directory that they are below: ``/``, or that of an image or a container.
        sysctl_conf
            Keep the levels as a marked block in this file, which others keep, instead of a file of lvsarp's own: for
            systems that read only ``/etc/sysctl.conf``. An absolute path below the root.
        comment_out
            Comment out other lines of that file that set the same keys; :meth:`unpersist` brings them back.
        program
            The program that the unit runs, an absolute path below the root. None: with root ``/`` the console script
            beside ``sys.executable`` where there is one; otherwise ``lvsarp`` in ``/usr/local/sbin``, ``/usr/sbin``,
            ``/usr/local/bin`` or ``/usr/bin``.
        native
            Write the VIPs into the configuration of the program that manages lo, where one does and would remove them.
        overwrite
            Overwrite a file of lvsarp's also where somebody has edited it.
        dry_run
            Change nothing and lock nothing: ``steps`` and ``findings`` are what a call would do, ``changed`` is False.

        ``lock_timeout`` is as in :meth:`apply`, and nothing is locked where the root is another one than ``/``; see
        :meth:`plan` for the other arguments. The findings also say what would keep the files from doing at the next boot
        what they are for. In the steps of the result ``act`` is ``write`` or ``remove`` and ``thing`` the path of the
        file, with the root in front.

        Raises what :meth:`plan` raises; RefusedError for a file that somebody edited, that lvsarp did not write, or that
        is masked; ValueError for a path that cannot be, one that is not UTF-8 and where no program is found;
        LockTimeoutError; AccessError without the right to write there or where it is read-only.
        """
        desired = _accept.desired(vips, prefixes, scope, dev, label, address_scope, method, force)
        files = _accept.files(
            root,
            sysctl_conf=sysctl_conf,
            comment_out=comment_out,
            program=program,
            native=native,
            overwrite=overwrite,
        )
        if dry_run:
            return _outcome.changes(self._inner.plan_persist(desired, files))
        return _outcome.changes(self._inner.persist(desired, files, lock_timeout))

    def unpersist(
        self,
        *,
        root: StrPath = "/",
        sysctl_conf: Optional[StrPath] = None,
        overwrite: bool = False,
        lock_timeout: float = 10.0,
        dry_run: bool = False,
    ) -> Changes:
        """Removes the files that :meth:`persist` wrote, those only, and only where they still are as it wrote them.

        What somebody edited stays and is named in the findings, unless ``overwrite``. ``sysctl_conf`` names a file with
        a block of lvsarp's; one that persist wrote is known without. The running host is not changed. ``root``,
        ``lock_timeout`` and ``dry_run`` are as in :meth:`persist`.

        Raises LockTimeoutError, AccessError without the right to write there or where it is read-only, ValueError for a
        path that cannot be.
        """
        files = _accept.files(root, sysctl_conf=sysctl_conf, overwrite=overwrite)
        if dry_run:
            return _outcome.changes(self._inner.plan_unpersist(files))
        return _outcome.changes(self._inner.unpersist(files, lock_timeout))

    def restore(self, *, root: StrPath = "/", lock_timeout: float = 10.0) -> Changes:
        """Brings the real server back that :meth:`persist` wrote below ``root``: levels first, read back, then the VIPs.

        It is what the boot unit runs, and is an :meth:`apply`. Where nothing was persisted it changes nothing and says
        so in the findings.

        Raises what :meth:`apply` raises, RefusedError also where others than root may write the file that says what is
        wanted, or where it cannot be read.
        """
        return _outcome.changes(self._inner.restore(root, lock_timeout))

    def boot(
        self,
        vips: Optional[Iterable[AddressLike]] = None,
        *,
        interfaces: Iterable[str] = (),
        root: StrPath = "/",
        loader: Optional[str] = None,
        rehearse: bool = True,
    ) -> Boot:
        """Says what will be in force after the next boot, which line of which file decides, and what a check would find
        then. Changes nothing.

        vips
            The VIPs to check. None: those that a :meth:`persist` wrote and those that are bound.
        interfaces
            The names of interfaces that are not there now, such as one that will be plugged in.
        root
            The directory whose files are read: ``/``, or that of an image or a container.
        loader
            The program that sets sysctls at boot: ``systemd-sysctl``, ``procps`` (``sysctl --system``), ``procps -p``
            or ``busybox``, with its version behind it or without, such as ``procps 3.3.17``. None: the one that is found
            below the root.
        rehearse
            Also run that program in namespaces of its own to see what it does: with root ``/``, CAP_SYS_ADMIN and CAP_NET_ADMIN only.
            ``rehearsed`` of the result says whether it was run, and where it does something else than its rules say,
            that is a finding.

        Raises ValueError for an empty list of VIPs, an address, a name or a loader that is none, LvsarpError for what
        cannot be read below the root.
        """
        options = _accept.boot(interfaces, root, loader, rehearse)
        return _boot.boot(self._inner.boot(None if vips is None else _accept.addresses(vips), options))
