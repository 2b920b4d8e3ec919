"""Errors: each is an OSError and the built-in exception of the same meaning, with text, hint and errno."""

import builtins
import copy
import json
import os
import pickle

import lvsarp
import pytest
from lvsarp import _errors

BUILT_IN = {
    "permission": (lvsarp.AccessError, PermissionError),
    "read-only": (lvsarp.AccessError, PermissionError),
    "no-interface": (lvsarp.NoInterfaceError, LookupError),
    "no-namespace": (lvsarp.NoNamespaceError, FileNotFoundError),
    "lock-timeout": (lvsarp.LockTimeoutError, TimeoutError),
    "unsupported": (lvsarp.UnsupportedError, OSError),
    "journal": (lvsarp.JournalError, OSError),
    "not-verified": (lvsarp.NotVerifiedError, OSError),
    "refused": (lvsarp.RefusedError, OSError),
    "interrupted": (lvsarp.LvsarpError, OSError),
    "system": (lvsarp.LvsarpError, OSError),
}


@pytest.mark.parametrize("kind", BUILT_IN)
def test_the_kind_decides_the_class(kind):
    error = _errors.from_native(kind, 1, "cannot act thing: cause", None, None, "[]")
    own, built_in = BUILT_IN[kind]
    assert type(error) is own and isinstance(error, built_in) and isinstance(error, lvsarp.LvsarpError)
    assert (error.errno, error.strerror, error.kind, error.hint, error.rolled_back) == (
        1,
        "cannot act thing: cause",
        kind,
        None,
        None,
    )
    assert str(error) == "cannot act thing: cause"


@pytest.mark.parametrize("kind", BUILT_IN)
def test_an_error_survives_pickle_and_copy(kind):
    finding = lvsarp.Finding("a", "b", None, None, "c", "d")
    error = _errors.from_native(kind, 7, "cannot", "do this", True, json.dumps([finding.as_dict()]))
    assert error.findings == (finding,)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        for name in ("errno", "strerror", "kind", "hint", "rolled_back", "args", "findings"):
            assert getattr(again, name) == getattr(error, name), name
        assert str(again) == "cannot\nhint: do this"


def test_a_wrong_argument_is_a_value_error_and_no_lvsarp_error():
    error = _errors.from_native("invalid-input", 22, "cannot use it: no", "use another", None, "[]")
    assert type(error) is ValueError and str(error) == "cannot use it: no\nhint: use another"


def test_the_text_says_the_errno_once_in_words_and_never_as_a_number(host):
    with pytest.raises(lvsarp.NoInterfaceError) as caught:
        host.get("eth7")
    assert str(caught.value) == "cannot find interface eth7: No such device"


def test_every_error_is_named_in_the_package():
    for kind, (own, _) in BUILT_IN.items():
        assert own.__module__ == "lvsarp" and own.__name__ in lvsarp.__all__, kind
        assert not hasattr(builtins, own.__name__)


def test_root_keeps_no_journal_where_others_may_remove_it(host):
    host.apply(["192.0.2.10"])
    before = host.snapshot().as_dict()
    os.chmod("/run/lvsarp", 0o777)
    try:
        for act in host.undo, lambda: host.apply(["192.0.2.20"]):
            with pytest.raises(lvsarp.RefusedError, match="cannot use /run/lvsarp: others than root may write there") as caught:
                act()
            assert "chmod 755 /run/lvsarp" in caught.value.hint
        assert host.snapshot().as_dict() == before
    finally:
        os.chmod("/run/lvsarp", 0o755)
    assert host.undo().changed
