"""Every public name says what it does: parameters, fields, units, errors, what comes back.

A docstring may leave that to one that it links.
"""

import inspect
import re
import subprocess
import sys

import lvsarp
import pytest
from lvsarp import _value

LINK = re.compile(r":meth:`(?:(\w+)\.)?(\w+)`")
# A parameter so named can be wrong in this way, and the docstring says which error that gives.
RAISES = {
    "dev": "NoInterfaceError",
    "on": "NoInterfaceError",
    "iface": "NoInterfaceError",
    "vip": "ValueError",
    "vips": "ValueError",
    "prefix": "ValueError",
    "target": "ValueError",
    "real_server": "ValueError",
    "directors": "ValueError",
    "key": "ValueError",
    "lang": "ValueError",
    "lock_timeout": "LockTimeoutError",
    "netns": "NoNamespaceError",
    "text": "ValueError",
}
# What is measured, and in what.
UNITS = {
    "lock_timeout": "second",
    "timeout": "second",
    "interval": "second",
    "delay": "second",
    "time": "second",
    "mtu": "bytes",
    "prefixlen": "bits",
    "valid_lft": "second",
    "preferred_lft": "second",
}
PUBLIC = {name: getattr(lvsarp, name) for name in lvsarp.__all__ if not name.startswith("__")}
CLASSES = {name: value for name, value in PUBLIC.items() if inspect.isclass(value)}
VALUES = {name: value for name, value in CLASSES.items() if issubclass(value, _value.Value)}
ERRORS = {name: value for name, value in CLASSES.items() if issubclass(value, BaseException)}


def members(cls):
    """The public methods and properties that a class has from this package, by name."""
    ours = [base for base in reversed(cls.__mro__) if base.__module__.startswith("lvsarp")]
    found = {name: value for base in ours for name, value in vars(base).items() if not name.startswith("_")}
    return {name: value for name, value in found.items() if isinstance(value, property) or callable(getattr(cls, name))}


MEMBERS = {f"{name}.{member}": value for name, cls in CLASSES.items() for member, value in members(cls).items()}
METHODS = {name: value for name, value in MEMBERS.items() if not isinstance(value, property)}
CALLED = {name: value for name, value in PUBLIC.items() if inspect.isfunction(value)}
CALLED.update({name: getattr(value, "__func__", value) for name, value in METHODS.items()})
YES_OR_NO = [name for name, function in CALLED.items() if function.__annotations__.get("return") == "bool"]


def text(name):
    """The docstring of a public name, with those that it links."""
    seen, found, left = set(), [], [name]
    while left:
        name = left.pop()
        if name in seen or name not in {**PUBLIC, **MEMBERS}:
            continue
        seen.add(name)
        found.append(inspect.getdoc({**PUBLIC, **MEMBERS}[name]) or "")
        left += [f"{cls or name.partition('.')[0]}.{member}" for cls, member in LINK.findall(found[-1])]
    return "\n".join(found)


def names(word, docstring):
    """Whether a docstring is about a parameter or field: in code, or as the head of a paragraph."""
    return re.search(rf"``{word}``|^(?:\w+, )*{word}(?:, \w+)*$", docstring, re.M) is not None


def about(word, docstring):
    """The lines of a docstring that say something of a parameter or field."""
    heads = rf"^(?:\w+, )*{word}(?:, \w+)*$((?:\n +.*)+)|^(?:.*\n)?.*``{word}``.*(?:\n.*)?"
    return " ".join(match[0] for match in re.finditer(heads, docstring, re.M)).lower()


def parameters(function):
    return [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]


@pytest.mark.parametrize("name", [*PUBLIC, *MEMBERS])
def test_every_public_name_has_a_docstring(name):
    value = {**PUBLIC, **MEMBERS}[name]
    docstring = value.__doc__
    assert docstring and docstring.strip(), f"{name} has no docstring"
    begins = docstring.split("\n\n")[0].rstrip()
    assert begins.endswith((".", "?", "``")), f"{name}: the docstring begins with no sentence"
    if inspect.isclass(value):
        assert "__doc__" in vars(value), f"{name} has only the docstring of its base"


@pytest.mark.parametrize("name", CALLED)
def test_every_parameter_is_described(name):
    missing = [parameter for parameter in parameters(CALLED[name]) if not names(parameter, text(name))]
    assert not missing, f"{name} does not say what {', '.join(missing)} may be"


@pytest.mark.parametrize("name", [*CALLED, *CLASSES])
def test_every_parameter_and_result_has_a_type(name):
    function = CALLED.get(name) or vars(CLASSES[name]).get("__init__")
    if function is None:  # a value: its fields have types
        return
    missing = [key for key in [*parameters(function), "return"] if key not in function.__annotations__]
    assert not missing, f"{name}: no type of {', '.join(missing)}"


@pytest.mark.parametrize("name", VALUES)
def test_every_field_is_described(name):
    missing = [field for field in VALUES[name]._fields if not names(field, inspect.getdoc(VALUES[name]))]
    assert not missing, f"{name} does not say what {', '.join(missing)} is"
    assert all(field in VALUES[name].__annotations__ for field in VALUES[name]._fields)


@pytest.mark.parametrize("name", CALLED)
def test_the_errors_that_a_wrong_argument_gives_are_named(name):
    wanted = {RAISES[parameter] for parameter in parameters(CALLED[name]) if parameter in RAISES}
    missing = [error for error in wanted if not re.search(rf"Raises[^\x00]*\b{error}\b|Raises what :meth:", text(name))]
    assert not missing, f"{name} does not say that it raises {', '.join(missing)}"


@pytest.mark.parametrize("name", [*CALLED, *VALUES])
def test_a_measure_has_its_unit(name):
    measured = parameters(CALLED[name]) if name in CALLED else VALUES[name]._fields
    docstring = text(name)
    missing = [word for word in measured if word in UNITS and UNITS[word] not in about(word, docstring)]
    assert not missing, f"{name} does not say in what {', '.join(missing)} is measured"


@pytest.mark.parametrize("name", YES_OR_NO)
def test_a_yes_or_no_says_which_is_which(name):
    docstring = inspect.getdoc(CALLED[name])
    assert re.search(r"\bTrue\b|\bFalse\b|\b[Ww]hether\b", docstring), f"{name} does not say when it is True"


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_says_when_and_its_errno(name):
    assert re.search(r"``E[A-Z]+``|:mod:`errno`", ERRORS[name].__doc__), f"{name} does not name its errno"


def test_every_link_in_a_docstring_leads_somewhere():
    known = {**PUBLIC, **MEMBERS}
    lost = [f"{name}: {cls + '.' if cls else ''}{member}" for name, value in known.items()
            for cls, member in LINK.findall(inspect.getdoc(value) or "")
            if f"{cls or name.partition('.')[0]}.{member}" not in known]
    assert not lost, lost


def test_pydoc_shows_every_public_name():
    done = subprocess.run([sys.executable, "-m", "pydoc", "lvsarp"], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    missing = [name for name in PUBLIC if not re.search(rf"\b{name}\b", done.stdout)]
    assert not missing, f"pydoc does not show {', '.join(missing)}"


def test_help_shows_the_fields_of_a_value_as_arguments():
    assert str(inspect.signature(lvsarp.Verdict)).startswith("(vip: ")
