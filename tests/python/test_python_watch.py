"""A watch: an iterator, an async iterator without a thread, and a descriptor for a loop of one's own."""

import asyncio
import copy
import os
import pickle
import select
import signal
import threading
import time

import lvsarp
import pytest
from lvsarp import Event

VIP, OTHER = "192.0.2.10", "192.0.2.20"
SOON = 20.0  # seconds: later than any machine is slow
OFTEN = 0.02  # seconds between two readings of the levels


@pytest.fixture
def watch(host):
    """A watch over a real server with one VIP."""
    host.apply([VIP])
    with host.watch([VIP], interval=OFTEN) as watch:
        yield watch


@pytest.fixture
def quiet(host):
    """A watch whose descriptor is readable only when something happens."""
    host.apply([VIP])
    with host.watch([VIP], interval=3600) as watch:
        yield watch


def within(seconds, awaitable):
    return asyncio.run(asyncio.wait_for(awaitable, seconds))


def seen(event):
    return event.kind, event.vip, event.scope, event.key, event.old, event.new, event.silent


LEVEL = ("level-changed", None, "all", "arp_ignore", "1", "0", False)


def removed(event):
    return (event.kind, event.vip, event.scope) == ("vip-removed", VIP, "lo") and event.old and event.new is None


def test_a_for_sees_a_vip_that_is_removed_and_a_level_that_is_changed(watch, host, server):
    assert watch.vips == (VIP,) and watch.dispatch() == []
    begin = time.time()
    host.unbind(VIP)
    first = next(watch)
    assert isinstance(first, Event) and removed(first) and first.silent is False and begin <= first.time <= time.time()
    assert first.finding.code == "vip-missing" and str(first) == f"vip-removed: {first.message}"
    server.set_conf("all", "arp_ignore", 0)
    for event in watch:
        assert seen(event) == LEVEL
        break
    host.apply([VIP])
    back = [next(watch) for _ in range(2)]
    assert {event.kind for event in back} == {"level-changed", "vip-added"} and back[-1].silent is True
    assert watch.dispatch() == []


def test_an_async_for_goes_on_beside_other_work_and_starts_no_thread(watch, host, server):
    async def main():
        threads, tasks = threading.active_count(), len(os.listdir("/proc/self/task"))
        turns, events = 0, []

        async def other_work():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.001)

        async def sabotage():
            while turns < 20:  # the loop goes on while the watch is awaited
                await asyncio.sleep(0.001)
            assert events == []
            host.unbind(VIP)
            while not events or turns < 40:
                await asyncio.sleep(0.001)
            server.set_conf("all", "arp_ignore", 0)

        work = [asyncio.ensure_future(other_work()), asyncio.ensure_future(sabotage())]
        async for event in watch:
            events.append(event)
            assert (threading.active_count(), len(os.listdir("/proc/self/task"))) == (threads, tasks)
            if len(events) == 2:
                break
        for task in work:
            task.cancel()
        other, sabotaged = await asyncio.gather(*work, return_exceptions=True)
        assert sabotaged is None and isinstance(other, asyncio.CancelledError)
        return events

    first, second = within(SOON, main())
    assert removed(first) and seen(second) == LEVEL


def test_others_have_their_turn_also_where_something_happens_all_the_time(quiet, host):
    async def main():
        turns = 0

        async def other_work():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        work, events = asyncio.ensure_future(other_work()), 0
        host.unbind(VIP)
        async for event in quiet:
            (host.bind if event.kind == "vip-removed" else host.unbind)(VIP)
            events += 1
            if events == 50:
                break
        work.cancel()
        return turns

    assert within(SOON, main()) >= 50


def test_a_wait_in_a_loop_can_be_given_up_and_taken_up_again(watch, host):
    async def main():
        loop = asyncio.get_running_loop()
        for _ in range(3):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(watch.__anext__(), 0.05)
            assert not loop.remove_reader(watch.fileno()), "the reader was left in the loop"
        host.unbind(VIP)
        return await watch.__anext__()

    assert removed(within(SOON, main()))


def test_two_tasks_cannot_await_the_same_watch(watch, host):
    async def main():
        first = asyncio.ensure_future(watch.__anext__())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another task awaits this watch already"):
            await watch.__anext__()
        host.unbind(VIP)
        return await first

    assert removed(within(SOON, main()))


@pytest.mark.parametrize("by_a_thread", [False, True])
def test_closing_a_watch_ends_the_iteration_that_awaits_it(quiet, by_a_thread):
    async def main():
        async def listen():
            return [event async for event in quiet]

        waiting = asyncio.ensure_future(listen())
        await asyncio.sleep(0.05)
        if by_a_thread:
            await asyncio.get_running_loop().run_in_executor(None, quiet.close)
        else:
            quiet.close()
        return await waiting

    descriptor = quiet.fileno()
    assert within(SOON, main()) == []
    with pytest.raises(OSError):
        os.fstat(descriptor)


def test_closing_a_watch_ends_the_iteration_of_another_thread(quiet):
    ended = []
    threads = [threading.Thread(target=lambda: ended.append(list(quiet)), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + SOON
    while quiet._waiting < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    quiet.close()
    for thread in threads:
        thread.join(SOON)
    assert ended == [[], []]


def test_a_handler_of_a_signal_may_close_it(quiet):
    before = signal.signal(signal.SIGALRM, lambda *_: quiet.close())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        assert list(quiet) == []
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_closed_watch_says_so(host):
    with host.watch([VIP]) as watch:
        pass
    watch.close()
    for call in (watch.dispatch, watch.fileno, watch.wait, lambda: watch.vips, lambda: watch.wait(0)):
        with pytest.raises(ValueError, match="the watch is closed"):
            call()
    assert list(watch) == [] and repr(watch) == "<Watch closed>"
    with host.listen(VIP, "eth0") as listener:
        assert repr(listener) == "<Listener>"
    with pytest.raises(ValueError, match="the listener is closed"):
        listener.lost


def test_a_watch_is_neither_copied_nor_pickled(watch):
    for act in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="a watch is neither copied nor pickled"):
            act(watch)


def test_a_loop_of_ones_own_waits_on_the_descriptor(watch, host):
    poll = select.poll()
    poll.register(watch, select.POLLIN)
    host.unbind(VIP)
    deadline, events = time.monotonic() + SOON, []
    while not events and time.monotonic() < deadline:
        assert poll.poll(SOON * 1000)
        events = watch.dispatch()
    assert removed(events[0]) and watch.dispatch() == []


def test_a_wait_says_whether_the_time_was_over(host):
    with host.watch([VIP], interval=3600) as watch:
        watch.dispatch()
        begin = time.monotonic()
        assert watch.wait(0.05) is False and time.monotonic() - begin >= 0.05
        assert watch.wait(0) is False
        host.bind(VIP)
        assert watch.wait(SOON) is True
        assert [event.kind for event in watch.dispatch()] == ["vip-added"]


def test_threads_take_turns_and_each_event_goes_to_one_of_them(host):
    host.apply([VIP])
    got, lock = [], threading.Lock()
    with host.watch([VIP], interval=3600) as watch:

        def work():
            for event in watch:
                with lock:
                    got.append(event)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(50):
            host.unbind(VIP)
            host.bind(VIP)
        deadline = time.monotonic() + SOON
        while (len(got) < 100) and time.monotonic() < deadline:
            time.sleep(0.005)
        watch.close()
        for thread in threads:
            thread.join(SOON)
    assert sorted(event.kind for event in got) == ["vip-added"] * 50 + ["vip-removed"] * 50


def test_what_is_repaired_is_told_and_is_so(host, server):
    host.apply([VIP], label="lo:0")
    with host.watch(interval=OFTEN, repair=True, per_minute=60, label="lo:0") as watch:
        assert watch.vips == (VIP,)
        server.set_conf("all", "arp_ignore", 0)
        host.unbind(VIP)
        kinds, deadline = [], time.monotonic() + SOON
        while not host.check([VIP]).ok and time.monotonic() < deadline:
            watch.wait(SOON)
            kinds += [event.kind for event in watch.dispatch()]
    assert "repaired" in kinds and host.check([VIP]).ok and host.get("all").arp_ignore.own == 1
    assert [a.label for a in host.vips()] == ["lo:0"]


def test_a_watch_outlives_its_host_and_is_the_parents_after_a_fork(watch, host, forked):
    def in_the_child():
        said = []
        for act in (watch.dispatch, lambda: next(watch), lambda: asyncio.run(watch.__anext__())):
            with pytest.raises(ValueError) as caught:
                act()
            said.append(str(caught.value))
        watch.close()
        return said

    assert all("fork" in text for text in forked(in_the_child))
    with lvsarp.Host() as another:
        host.close()
        another.unbind(VIP)
    assert removed(next(watch))


def test_a_close_in_a_child_does_not_wake_the_parent(quiet, host, forked):
    quiet.wait(0)
    quiet.dispatch()
    forked(quiet.close)
    woken, end = 0, time.monotonic() + 0.3
    while (left := end - time.monotonic()) > 0:
        woken += quiet.wait(left)
        quiet.dispatch()
    assert woken < 10
    host.unbind(VIP)
    assert removed(next(quiet))


def test_a_child_closes_its_descriptors_also_where_a_thread_of_the_parent_waits_with_the_lock(quiet, host, forked):
    waiting, held, let_go = threading.Thread(target=quiet.wait), threading.Event(), threading.Event()

    def hold():
        with quiet._lock:
            held.set()
            let_go.wait(SOON)

    waiting.start()
    deadline = time.monotonic() + SOON
    while not quiet._waiting and time.monotonic() < deadline:
        time.sleep(0.001)
    holding, bell, descriptor = threading.Thread(target=hold), quiet._bell, quiet.fileno()
    holding.start()
    assert held.wait(SOON)

    def in_the_child():
        end_soon()
        for act in (quiet.dispatch, quiet.wait, quiet.fileno, lambda: quiet.vips, lambda: next(quiet)):
            with pytest.raises(ValueError, match="fork"):
                act()
        quiet.close()
        quiet.close()
        with pytest.raises(ValueError, match="the watch is closed"):
            quiet.dispatch()
        return [os.path.exists(f"/proc/self/fd/{number}") for number in (descriptor, *bell)]

    try:
        assert forked(in_the_child) == [False] * 3
    finally:
        let_go.set()
        holding.join()
    host.unbind(VIP)
    waiting.join(SOON)
    assert removed(quiet.dispatch()[0])


def test_a_child_that_closes_a_watch_in_the_middle_of_its_dispatch_is_not_blocked(host, forked):
    with host.watch([VIP], interval=0.01) as watch:
        over = threading.Event()

        def work():
            while not over.is_set():
                watch._inner.dispatch()

        def in_the_child():
            end_soon()
            watch.close()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            for _ in range(40):
                forked(in_the_child)
        finally:
            over.set()
            thread.join()


def end_soon():
    """This child does not hang for ever."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(SOON))


def test_nothing_to_watch_is_a_value_error(host):
    with pytest.raises(ValueError, match="no VIP is bound and none is named"):
        host.watch()
    with pytest.raises(ValueError):
        host.watch([])
    with pytest.raises(ValueError):
        host.watch([VIP], repair=True, scope="world")


def test_a_repair_needs_its_device_from_the_start(host):
    with pytest.raises(lvsarp.NoInterfaceError, match="nope"):
        host.watch([VIP], repair=True, dev="nope")
    host.watch([VIP], dev="nope").close()  # not looked at without a repair


def test_what_happens_while_nobody_asks_is_kept(watch, host):
    for _ in range(20):
        host.unbind(VIP)
        host.bind(VIP)
    deadline, events = time.monotonic() + SOON, []
    while len(events) < 40 and time.monotonic() < deadline:
        events += watch.dispatch()
    assert [event.kind for event in events] == ["vip-removed", "vip-added"] * 20
