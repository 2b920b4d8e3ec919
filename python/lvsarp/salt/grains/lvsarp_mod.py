"""The grain ``lvsarp``: whether the minion is a real server, of which VIPs, and whether they are silent.

Grains are cached: refresh them (``saltutil.refresh_grains``) before targeting by them, and decide with
``lvsarp.check``.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lvsarp.salt._types import Virtual

__virtualname__ = "lvsarp"


def __virtual__() -> Virtual:
    return __virtualname__ if sys.platform.startswith("linux") else (False, "lvsarp works on Linux only")


def real_server() -> dict[str, Any]:
    """``role`` (``real_server`` where a VIP is bound, otherwise ``none``), ``vips``, and ``ready``: whether each of
    them is silent. No grain at all where the host cannot be read. Changes nothing."""
    try:
        import lvsarp
        from lvsarp.salt import _seen

        _seen.close_forgotten()
        with lvsarp.Host() as host:
            snapshot = host.snapshot()
        vips = _seen.vips(snapshot)
        role = "real_server" if vips else "none"
        return {"lvsarp": {"role": role, "vips": vips, "ready": bool(vips) and snapshot.check(vips).ok}}
    except Exception:  # whatever it is, the other grains are to be there
        return {}
