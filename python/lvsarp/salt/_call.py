"""What functions of the execution module share: test mode, the return code, and the VIPs that are meant."""

from __future__ import annotations

from . import _wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Optional


def is_test(test: Optional[bool], opts: Mapping[str, Any]) -> bool:
    """Whether nothing is to be changed: as the argument says, else as the minion's configuration does."""
    return bool(opts.get("test")) if test is None else _wanted.flag(test, "argument test")


def set_retcode(context: dict[str, Any], retcode: int) -> None:
    """Sets a return code that is not 0. Salt sets it to 0 before each job; a 0 here would hide what another function of
    the job found."""
    if retcode:
        context["retcode"] = retcode


def vips(given: Any, pillar: Mapping[str, Any], opts: Mapping[str, Any]) -> list[str]:
    """The VIPs as they are written: of the argument, else those that are wanted; ValueError without."""
    found = _wanted.find({"vips": given}, pillar, opts, ["vips"]).vips
    if not found:
        raise ValueError(
            "no VIP is named: give vips, or set them in pillar lvsarp:vips, or as vips below lvsarp in the minion's "
            "configuration"
        )
    return found
