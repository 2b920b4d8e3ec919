"""What goes on until it is closed: something to iterate over, with a `for`, an `async for`, or in an event loop."""

from __future__ import annotations

import os
from _thread import RLock

from . import _accept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from typing import Any, Generic, NoReturn, Optional

    from typing_extensions import Self

    from ._types import Fetched, T
else:
    T = None

    class Generic:
        """In place of that of typing, which takes longer to import than this package."""

        __slots__ = ()

        def __class_getitem__(cls, _):
            return cls


class Stream(Generic[T]):
    """Something that happens again and again, fetched from a descriptor.

    Whoever fetches calls the native half, which never waits. Whoever waits does so in poll() or in an event loop,
    where a signal's handler runs at once.
    """

    __slots__ = ("__weakref__", "_awaited", "_bell", "_closed", "_fetched", "_inner", "_lock", "_process", "_waiting")
    _inner: Fetched

    def __init__(self, inner: Fetched) -> None:
        self._bell: Optional[tuple[int, int]] = None  # a pipe that wakes who waits in poll() when this is closed
        self._inner = inner
        self._fetched: list[T] = []  # and not handed on yet, the last first
        self._lock = RLock()  # a handler of a signal may close this in the middle of a call
        self._process = os.getpid()  # that it belongs to; one that was forked since only closes what it inherited
        self._closed = False
        self._waiting = 0  # on the descriptor, which is not closed meanwhile: another one might get its number
        self._awaited: Optional[tuple[AbstractEventLoop, Future[None]]] = None

    def __del__(self) -> None:
        self._close_bell()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {self._name()} is neither copied nor pickled: it is a descriptor of this process")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the descriptor. A second close does nothing; other calls raise ValueError from now on.

        It may be called by any thread and by a handler of a signal: a thread that waits, or a task that awaits, is
        woken, and its iteration ends. In a process that was forked since it was opened it closes what that process
        inherited, and the parent goes on.
        """
        if not self._is_mine():
            self._closed = True
            self._close_bell()
            self._inner.close()
            return
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._fetched.clear()
            if self._bell is not None:
                os.write(self._bell[1], b"\0")
            if self._awaited is not None:
                loop, future = self._awaited
                try:
                    loop.call_soon_threadsafe(_wake, future)
                except RuntimeError:  # the loop was closed, and nobody waits any more
                    pass
            self._release()

    def fileno(self) -> int:
        """The descriptor, for an event loop of your own: it is readable when :meth:`dispatch` has something to do.

        It belongs to this object. Where a loop of your own waits on it, call :meth:`dispatch` each time until it gives
        an empty list, and use neither ``for`` nor ``async for`` beside that: a ``for`` that was left may have fetched
        more than it has handed on, an error that came after events is raised by the next call, and neither makes the
        descriptor readable; an ``async for`` takes the place of a reader that was added for the same descriptor to the
        same loop of asyncio, and removes it. Raises what :meth:`wait` raises.
        """
        self._check()
        return self._inner.fileno()

    def dispatch(self) -> list[T]:
        """What happened since the last call, in order, without waiting; often nothing.

        Raises ValueError once it is closed, and in a process that was forked since it was opened; LvsarpError for what
        fails.
        """
        self._check()
        with self._lock:
            self._fetch()
            found = self._fetched[::-1]
            self._fetched.clear()
            return found

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Waits until :meth:`dispatch` has something to do; False where the time was over before.

        ``timeout`` is in seconds from 0 to 86400; None waits for ever. That there is something to do does not mean
        that something happened. Ctrl-C ends it at once. Raises ValueError once it is closed, also where that happens
        while it waits, and in a process that was forked since it was opened.
        """
        milliseconds = _accept.milliseconds(timeout)
        from select import POLLIN, poll

        self._check()
        with self._lock:
            self._check()
            if self._fetched:
                return True
            if self._bell is None:
                self._bell = os.pipe()
            watched = poll()
            watched.register(self._inner.fileno(), POLLIN)
            watched.register(self._bell[0], POLLIN)
            self._waiting += 1
        try:
            ready = watched.poll(milliseconds)
        finally:
            self._waited()
        self._check()
        return bool(ready)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        try:
            while (found := self._next()) is None:
                self.wait()
            return found
        except ValueError:
            if self._closed:
                raise StopIteration from None
            raise

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        try:
            while True:
                if self._fetched and (found := self._next()) is not None:
                    return found
                if self._fetch():
                    from asyncio import sleep

                    await sleep(0)  # others have their turn, also where something happens all the time
                else:
                    await self._readable()
        except ValueError:
            if self._closed:
                raise StopAsyncIteration from None
            raise

    async def _readable(self) -> None:
        """Waits in the running event loop, without a thread."""
        from asyncio import get_running_loop

        loop = get_running_loop()
        self._check()
        with self._lock:
            self._check()
            if self._awaited is not None:
                raise RuntimeError(f"another task awaits this {self._name()} already")
            descriptor, future = self._inner.fileno(), loop.create_future()
            self._awaited = loop, future
            self._waiting += 1
        try:
            loop.add_reader(descriptor, _wake, future)
            await future
        finally:
            if not loop.is_closed():
                loop.remove_reader(descriptor)
            self._awaited = None
            self._waited()

    def _next(self) -> Optional[T]:
        """The next one, if there is one; threads take turns."""
        self._check()
        with self._lock:
            self._check()
            return self._fetched.pop() if self._fetched or self._fetch() else None

    def _fetch(self) -> bool:
        """Fetches what happened, to be handed on; False where nothing did."""
        self._check()
        with self._lock:
            self._check()
            text = self._inner.dispatch()
            if text == "[]":
                return False
            self._fetched[:0] = self._read(text)[::-1]
            return True

    def _read(self, text: str) -> list[T]:
        """Values from the native module's JSON."""
        raise NotImplementedError

    def _waited(self) -> None:
        if not self._is_mine():
            return
        with self._lock:
            self._waiting -= 1
            self._release()

    def _release(self) -> None:
        if self._closed and not self._waiting:
            self._inner.close()

    def _close_bell(self) -> None:
        bell, self._bell = self._bell, None
        for descriptor in bell or ():
            os.close(descriptor)

    def _check(self) -> None:
        """Before the lock is taken, too: after a fork nobody may be there who would ever release it."""
        if self._closed:
            raise ValueError(f"the {self._name()} is closed")
        if not self._is_mine():
            raise ValueError(f"cannot use the {self._name()} after a fork: another process opened it; open it again")

    def _is_mine(self) -> bool:
        return self._process == os.getpid()

    def _name(self) -> str:
        return type(self).__name__.lower()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{' closed' if self._closed else ''}>"


def _wake(future: Future[Any]) -> None:
    if not future.done():
        future.set_result(None)
