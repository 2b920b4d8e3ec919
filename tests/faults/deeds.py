"""The faults that a victim suffers, each with the rule that it is judged by."""
from strace_faults import ENDLESS_RUN, MEMORY, calls, failed_at, killed_at
from victim import APPLY, CHECK, UNDO, journals

# What the host may look like when the command has run that comes after a fault.
RESCUED = {CHECK: ("before", "after"), APPLY: ("after",), UNDO: ("before",)}
DONE = {APPLY: "after", UNDO: "before"}
KILLED, ABORTED = -9, -6


def listed(victim, command):
    """The system calls of a command: (calls, where its own business begins)."""
    _up_to(victim, command)
    found = calls(victim.host.run, victim.command(command))
    victim.lvsarp(*UNDO)
    return found


def listed_after_kill(victim, command, call, rescue):
    """The system calls of the command that comes after one that was killed."""
    _up_to(victim, command)
    killed_at(victim.host.run, call, victim.command(command))
    found, _ = calls(victim.host.run, victim.command(rescue))
    victim.lvsarp(*UNDO)
    return found


def undo_told_after_kill(victim, call):
    """What undo says that it did after an apply that was killed at a call, as JSON."""
    killed_at(victim.host.run, call, victim.command(APPLY))
    return victim.lvsarp(*UNDO, "--json").stdout


def killed(victim, command, call, rescue):
    """SIGKILL ends the command at a call; the next command leaves the host exactly before or exactly after."""
    _up_to(victim, command)
    done = killed_at(victim.host.run, call, victim.command(command))
    complaints = _reached(done, call) + _silent(victim) + _rescued(victim, rescue)
    return _named(f"{command[0]} killed at {call}", complaints or _back(victim))


def killed_again(victim, command, first, call, rescue):
    """The command is killed, and so is the one that comes next; the third leaves the host before or after."""
    _up_to(victim, command)
    killed_at(victim.host.run, first, victim.command(command))
    done = killed_at(victim.host.run, call, victim.command(rescue))
    complaints = _reached(done, call) + _silent(victim) + _rescued(victim, CHECK)
    return _named(f"{command[0]} killed at {first.name} number {first.number}, then {rescue[0]} at {call}",
                  complaints or _back(victim))


def failed(victim, command, call, error):
    """A call fails. Either the command did all its work, or it says what it cannot do and apply is rolled back.

    An undo that fails may stop half-way, silent, and the next command ends it.
    """
    _up_to(victim, command)
    done = failed_at(victim.host.run, call, error, victim.command(command))
    complaints = _silent(victim)
    if done.returncode == 0:
        complaints += _is(victim, (DONE[command],), "a success")
    elif call.name in MEMORY and done.returncode == ABORTED:
        complaints += _rescued(victim, CHECK)  # no memory ends a process like a kill
    else:
        complaints += _says(done)
        if call.tells:
            complaints += _is(victim, (DONE[command],), "all was done and only not told")
        elif command == APPLY:
            complaints += _is(victim, ("before",), f"status {done.returncode}, {done.stderr.strip()!r}")
        else:
            complaints += _rescued(victim, CHECK)
    return _named(f"{command[0]} with {error} at {call}", complaints or _back(victim))


def failed_on(victim, command, call, error):
    """A call and all later ones of its name fail, so that the way back fails, too; the next command finishes it."""
    _up_to(victim, command)
    done = failed_at(victim.host.run, call, error, victim.command(command), again=True)
    complaints = _silent(victim)
    if done.returncode == 0:
        complaints += _is(victim, (DONE[command],), "a success")
    elif call.name not in MEMORY and call.name != "write":  # without write() nothing can be said
        complaints += _says(done)
    complaints += _rescued(victim, CHECK)
    return _named(f"{command[0]} with {error} from {call} on", complaints or _back(victim))


def _up_to(victim, command):
    """The state in which a command starts."""
    if command == UNDO:
        victim.lvsarp(*APPLY)


def _reached(done, call):
    return [] if done.returncode == KILLED else [f"not reached (status {done.returncode}): {done.stderr.strip()}"]


def _silent(victim):
    return [f"the VIP is bound and not silent: {victim.which()}"] if victim.loud() else []


def _says(done):
    if done.returncode == ENDLESS_RUN:
        return ["it did not end"]
    return [] if "cannot" in done.stderr else [f"no 'cannot' with status {done.returncode}: {done.stderr.strip()!r}"]


def _rescued(victim, rescue):
    done = victim.lvsarp(*rescue, check=False)
    complaints = []
    if done.returncode not in ((0, 1) if rescue == CHECK else (0,)):
        complaints.append(f"the {rescue[0]} that came next ended with {done.returncode}: {done.stderr.strip()!r}")
    return complaints + _is(victim, RESCUED[rescue], f"the {rescue[0]} that came next")


def _back(victim):
    """Whatever happened, a full apply and undo work again and leave nothing behind."""
    if victim.which() == "before" and not journals():
        return []  # nothing is left of the fault
    complaints = []
    for command in APPLY, UNDO:
        done = victim.lvsarp(*command, check=False)
        if done.returncode != 0:
            complaints.append(f"{command[0]} later ended with {done.returncode}: {done.stderr.strip()!r}")
        complaints += _is(victim, RESCUED[command], f"{command[0]} later")
    return complaints + [f"undo left {path}" for path in journals()]


def _is(victim, allowed, when):
    which = victim.which()
    return [] if which in allowed else [f"after {when}: {which}, not {' or '.join(allowed)}"]


def _named(fault, complaints):
    return [f"{fault}: {complaint}" for complaint in complaints]
