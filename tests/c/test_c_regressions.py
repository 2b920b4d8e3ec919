"""Bugs that were found and mended stay so."""

import build
import pytest
from running import HOST

# What a bug needs besides lo and eth0.
SETUP = {
    "a_failed_ioctl_bind_puts_back_what_it_replaced": "ip addr add 198.51.100.10/32 dev lo; "
    "ip addr add 198.51.100.99/32 dev lo label lo:5",
    "removing_where_there_is_no_ipv6_is_no_half_removal": "ip link add small0 type veth peer name wire1; "
    "ip link set small0 up; ip addr add 198.51.100.10/32 dev small0; ip link set small0 mtu 1000",
}
BUGS = [
    "a_failed_ioctl_bind_puts_back_what_it_replaced",
    "removing_where_there_is_no_ipv6_is_no_half_removal",
    "a_child_that_was_forked_during_an_apply_does_not_keep_the_lock",
    "a_thread_may_be_cancelled_between_two_calls",
    "a_child_in_another_pid_namespace_has_a_socket_of_its_own",
    "a_pipe_is_no_namespace_and_is_not_waited_for",
    "looking_at_the_outcome_leaves_the_message",
    "an_open_that_fails_says_what_to_do",
    "the_journal_is_readable_whatever_the_umask",
    "a_listener_on_an_interface_that_is_gone_says_so_in_every_call",
]


@pytest.fixture(scope="session")
def program(in_a_sandbox):
    return build.program("regressions", "regressions.c", flags=["-pthread"])


@pytest.mark.parametrize("bug", BUGS)
def test_bug(bug, program, sandboxed):
    done = sandboxed("sh", "-ec", f"{HOST}{SETUP.get(bug, ':')}\nexec {program} {bug}", timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done


def test_every_bug_of_the_program_is_tested(program, sandboxed):
    assert sandboxed(program).stdout.split() == BUGS
