"""Make a case small: take away what does not matter to one question, one piece at a time."""
import copy

LISTS = ("post", "rules", "proxy_neigh", "routes", "addresses", "interfaces", "requests")
TABLES = ("sysctls", "sysctls_before")
# What a piece may have and need not.
DETAILS = ("broadcast", "flags", "label", "preferred_lft", "valid_lft", "scope", "metric", "tos", "not", "fwmark",
           "from", "to", "iif", "oif", "index", "peer", "table")


def shrink(case, still_wrong):
    """The smallest case found for which still_wrong(case) holds; `requests` has to end with the question."""
    while True:
        for smaller in _smaller(case):
            if _question(smaller) == _question(case) and still_wrong(smaller):
                case = smaller
                break
        else:
            return case


def _question(case):
    """The last request, to whatever MAC it goes."""
    return [_without(request, "to") for request in case["requests"][-1:]]


def _smaller(case):
    """Cases with less in them, those that lose much first."""
    for field in (*LISTS, *TABLES, "up", "may_fail"):
        if field in case and field not in ("interfaces", "requests"):
            yield _without(case, field)
    if "to" in case["requests"][-1]:
        yield case | {"requests": case["requests"][:-1] + _question(case)}
    for field in LISTS:
        pieces = case.get(field, [])
        end = len(pieces) - (field == "requests")
        for size in _sizes(end):
            for begin in range(0, end, size):
                yield _cut(case, field, begin, min(begin + size, end))
    for field in TABLES:
        for size in _sizes(len(case.get(field, {}))):
            names = list(case[field])
            for begin in range(0, len(names), size):
                gone = names[begin:begin + size]
                yield case | {field: {name: value for name, value in case[field].items() if name not in gone}}
    for field in LISTS:
        for number, piece in enumerate(case.get(field, [])):
            for detail in DETAILS if isinstance(piece, dict) and field != "requests" else ():
                if detail in piece:
                    smaller = copy.deepcopy(case)
                    del smaller[field][number][detail]
                    yield smaller


def _sizes(count):
    """Half of it, a quarter, down to one."""
    size = count // 2
    while size > 1:
        yield size
        size //= 2
    if count:
        yield 1


def _without(case, field):
    return {name: value for name, value in case.items() if name != field}


def _cut(case, field, begin, end):
    smaller = case | {field: case[field][:begin] + case[field][end:]}
    if field == "interfaces":
        for device in case[field][begin:end]:
            smaller = _forget(smaller, device["name"])
    if not smaller[field] and field not in ("interfaces", "requests", "addresses"):
        del smaller[field]
    return smaller


def _forget(case, name):
    """Take away what names an interface that is gone."""
    def names_it(piece):
        if isinstance(piece, str):
            return name in piece.split()
        return (name in (piece.get(field) for field in ("dev", "link", "iif", "oif", "on", "iface"))
                or any(names_it(hop) for hop in piece.get("nexthops", ())))
    smaller = dict(case)
    for field in LISTS:
        if field in case:
            smaller[field] = [piece for piece in case[field] if not names_it(piece)]
    smaller["interfaces"] = [_without(device, "master") if device.get("master") == name else device
                             for device in smaller["interfaces"]]
    for field in TABLES:
        if field in case:
            smaller[field] = {path: value for path, value in case[field].items() if f"/{name}/" not in path}
    if "up" in case:
        smaller["up"] = [up for up in case["up"] if up != name]
    return smaller
