"""The plain way: a module of the site's own that imports the library. Put it into _modules and run saltutil.sync_modules."""

import lvsarp


def leaking():
    """
    The VIPs that this minion answers or announces, by interface.

    CLI Example:

    .. code-block:: bash

        salt '*' lvs_site.leaking
    """
    found = {}
    with lvsarp.Host() as host:
        for verdict in host.check().verdicts:
            if verdict.replies or verdict.announces:
                found.setdefault(verdict.interface, []).append(verdict.vip)
    return found
