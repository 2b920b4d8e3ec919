"""Random trees of sysctl files, with the interfaces that they meet, and how a tree is made small.

A tree is plain data: `files` ({path: text, or {"link": target}, or {}  for a directory}; bytes stand as Latin-1), `split` (/lib is a directory of
its own), `interfaces`, `addresses` (interfaces that have one), `first` (writes before there is an interface but lo), `before` (writes before the run),
`late` (interfaces that appear after the run), `prefixes` and `arguments` of systemd-sysctl, `p_files` of the programs with -p.
"""
import copy
import random

DIRECTORIES = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
NAMES = ("10-a.conf", "20-b.conf", "20-b.conf", "50-x.conf", "50-x.conf", "90-lvsarp.conf", "99-z.conf", "99-z.conf", "a.conf", "B.conf", "100-x.conf",
         "99-salt.conf")
ODD_NAMES = (".hidden.conf", ".conf", "x.conf.bak", "x.conf~", "README", "y.CONF", "60 a*[x].conf", "?0-*.conf", "[15]0-?.conf", "{10-a,20-b}.conf",
             "{a,B}.conf", "{a}.conf", "\\a.conf", "a\\*.conf", "\xff.conf", "~.conf", "-.conf", "*.conf", "z,.conf", "conf", "50-x.conf.dpkg-new")
INTERFACES = ("eth0", "eth0", "eth1", "eth1", "eth2", "eth0.100", "eth0.100", "eth0.200", "br.x.y", "wlan0", "Zeth", "bond0", "a-b", "default0", "alle")
ODD_INTERFACES = ("v[0]", "v0", "a=b", "-x", ".dot", "a*b", "{a,b}", "e,h", "\\e", "arp_ignore", "lo.arp_ignore", "eth0.arp_ignore", "#x", ";x", "a..b", "...",
                  "[", "]", "x.", "~", "!a", "proc")
PATTERNS = ("*", "*", "*", "*", "eth*", "eth?", "eth[01]", "e*0", "*0*", "*.100", "*.*", "[el]*", "[!l]*", "[^e]*", "l?", "a*", "d*", "?l?", "*l*", "???", "[a-f]*",
            "[[:alpha:]]*", "[[:digit:]]*", "eth[0", "eth0[.]100", "e\\th*", "\\*", "{lo,eth0}*", "{all,default,eth*}", "l{o,}*", "*{0,1}", "{eth,}?*", "{a*", "*}", "[]e]*",
            "[e-]*", "*/", "nope*", "eth0*", ".*", "v[[]0]", "v\\[0\\]", "[", "**", "*[0-9]", "[!a-z]*", "[\\e]*", "[e\\-h]*")
VALUES = ("0", "1", "1", "2", "2", "3", "4", "5", "6", "7", "8")
ODD_VALUES = ("0x2", "0X3", "010", "08", "0x", "0xg", "00", "-1", "-0", "+1", "- 1", "-", "1 2", "1;", "1 ; x", "1 # x", "1#x", "\"1\"", "'1'", "", " ", "yes", "2147483647",
              "2147483648", "-2147483648", "-2147483649", "4294967296", "18446744073709551616", "18446744073709551617", "1.0", "1e1", "1 = 2", "=1",
              "== 2", "00000000000000000001", "000000000000000000001", "0000000000000000000000001", "\v1", "1\v", "\f2\f", "1\x001", "3\x00", "1\xa0", "\xa04",
              "1,2", "0b1", "1_0", "\\", "1\\", "1\t2", "9", "1\r2", "0x7fffffff", "0xffffffff", "-0x2", "037777777777", " 1", "01")
BLANKS = ("", "", "", "", " ", " ", "\t", "  ", " \t ", "\v", "\f", "\r", "\xa0")
JUNK = ("junk", "net.ipv4.conf.lo.arp_ignore", "net.ipv4.conf.lo.arp_ignore: 1", "=", "= 5", "-", "- ", "-=", "-= 1", "--", "a", "#", ";", "  # net.ipv4.conf.all.arp_ignore = 5",
        " ; x", "\x00net.ipv4.conf.lo.arp_ignore = 6", "net.ipv4.conf.all.arp_ignore = 3\x00 4", "*", "[", "* = 1", "- = 1", "\xef\xbb\xbf", "=1=", "\\",
        "net.ipv4.conf.lo", "net.ipv4.conf.lo = 1", "net.ipv4.conf.*.nosuch = 1", "net/ipv4/conf/*=1", "/ = 1", ". = 1", "net.ipv4.conf..arp_ignore = 1",
        "//net//ipv4/conf/all/arp_ignore = 4", "*.*.*.*.arp_ignore = 2", "n*.ipv4.conf.*.arp_i* = 6", "*/ipv4/conf/all/arp_announce = 1", "net.ipv4.conf.*.* = 3",
        "net/*/conf/{all,lo}*/arp_ignore = 2", "{net,x}.ipv4.conf.eth*.arp_ignore = 4", "-*.ipv4.conf.eth0.arp_ignore", "-net.*.arp_ignore", "-*", "-/net/ipv4/conf/*",
        "-net.ipv4.conf.*")
TARGETS = ("/dev/null", "/dev/null", "/dev/null", "../sysctl.conf", "../sysctl.conf", "/etc/sysctl.conf", "/usr/lib/sysctl.d/50-x.conf", "../../run/sysctl.d/50-x.conf", "50-x.conf",
           "/nowhere", "gone", "loop.conf", "/etc/other.txt", "/etc/sysctl.d", "/etc/../etc/other.txt", "../../../../../etc/other.txt", "/etc/other.txt/x", "")


def make_tree(seed, number):
    """The tree of this seed and number, always the same."""
    draw = random.Random(f"{seed}/{number}")
    names = pick(draw, INTERFACES, draw.choice((0, 1, 2, 3, 4)))
    if draw.random() < 0.25:
        names = unique([*names, *pick(draw, ODD_INTERFACES, draw.choice((1, 1, 2, 3)))])
    if draw.random() < 0.004:
        names = unique([*names, *(f"m{number}" for number in range(90)), *(f"z{number}" for number in range(90))])
    late = [name for name in pick(draw, INTERFACES if draw.random() < 0.8 else ODD_INTERFACES, draw.choice((0, 0, 1, 1, 2))) if name not in names]
    speech = Speech(draw, names, late)
    files = {}
    for _ in range(draw.choice((1, 1, 2, 2, 3, 4, 6))):
        directory = draw.choice(DIRECTORIES[:4] if draw.random() < 0.9 else DIRECTORIES[4:])
        name = draw.choice(NAMES) if draw.random() < 0.85 else draw.choice(ODD_NAMES)
        chance = draw.random()
        if chance < 0.82:
            files[f"{directory}/{name}"] = speech.text()
        elif chance < 0.97:
            files[f"{directory}/{name}"] = {"link": draw.choice(TARGETS) or "/etc/other.txt"}
        else:
            files[f"{directory}/{name}"] = {}
    for path, often in (("/etc/sysctl.conf", 0.3), ("/etc/other.txt", 0.3)):
        if draw.random() < often:
            files[path] = speech.text()
    if draw.random() < 0.2:
        files["/etc/sysctl.d/99-sysctl.conf"] = {"link": "../sysctl.conf"}
    if draw.random() < 0.03:
        files["/etc/sysctl.d/loop.conf"] = {"link": "loop.conf"}
    if draw.random() < 0.03:
        files.setdefault("/etc/sysctl.conf", {"link": draw.choice(("/etc/other.txt", "sysctl.d/50-x.conf", "/dev/null", "nowhere"))})
    elif draw.random() < 0.01:
        files.setdefault("/etc/sysctl.conf", {})
    if draw.random() < 0.02 and not any(path.startswith("/run/") for path in files):
        files["/run/sysctl.d"] = {"link": draw.choice(("/etc/sysctl.d", "../usr/lib/sysctl.d", "/nowhere", "/etc/other.txt"))}
    split = any(path.startswith("/lib/") for path in files) and draw.random() < 0.5
    if not split:
        files = {path: content for path, content in files.items() if not (path.startswith("/lib/") and f"/usr{path}" in files)}
    tree = {"files": files, "interfaces": names, "addresses": [name for name in ("lo", *names) if draw.random() < 0.2], "late": late,
            "split": split}
    if draw.random() < 0.15:
        scopes = ("all", "default", "lo", *names)
        tree["before"] = [[draw.choice(scopes), speech.key_name(), draw.choice(("0\n", "1\n", "5\n", "x\n"))] for _ in range(draw.choice((1, 2, 3)))]
    if draw.random() < 0.03:
        tree["first"] = [["default", speech.key_name(), draw.choice(("0\n", "4\n"))]]
    if draw.random() < 0.08:
        tree["prefixes"] = [speech.prefix() for _ in range(draw.choice((1, 1, 2)))]
    paths = [path for path in files if path.startswith(DIRECTORIES) and isinstance(files[path], str)]
    if paths and draw.random() < 0.05:
        tree["arguments"] = [draw.choice((path, path, path.rsplit("/", 1)[1])) for path in pick(draw, paths, draw.choice((1, 2)))]
        tree["arguments"] = [path for path in tree["arguments"] if path and path != "-" and not path.startswith("-")] or paths[:1]
    tree["p_files"] = pick(draw, [path for path in files if path.startswith((*DIRECTORIES, "/etc/sysctl.conf")) and path != "/run/sysctl.d"], draw.choice((1, 1, 2))) or ["/etc/sysctl.conf"]
    return tree


class Speech:
    """Lines that people write into sysctl files, and lines that they do not."""

    def __init__(self, draw, names, late):
        self._draw = draw
        self._scopes = ("all", "default", "lo", *names, *names, *late, "eth9")
        self._odd = draw.choice((0.02, 0.1, 0.3))
        # A file that says one thing about few keys meets itself more often.
        self._keys = draw.choice((("arp_ignore",), ("arp_ignore", "arp_announce")))

    def text(self):
        draw = self._draw
        if draw.random() < 0.04:
            return ""
        end = "\r\n" if draw.random() < 0.05 else "\r" if draw.random() < 0.02 else "\n"
        lines = [self.line() for _ in range(draw.choice((1, 2, 2, 3, 4, 6)))]
        start = "\xef\xbb\xbf" if draw.random() < 0.03 else "\ufeff".encode().decode("latin-1") if draw.random() < 0.01 else ""
        return start + end.join(lines) + (end if draw.random() < 0.9 else "")

    def line(self):
        draw = self._draw
        chance = draw.random()
        if chance < self._odd / 2:
            return draw.choice(JUNK)
        if chance < self._odd * 0.6:
            return draw.choice(("", " ", "# comment", "  ; comment", "#" * 5000))
        key = self.key()
        if draw.random() < 0.15:
            return self.blank() + draw.choice(("-", "-", "-", "- ", "--")) + key + self.blank()
        dash = draw.choice(("-", "- ", "--")) if draw.random() < 0.1 else ""
        line = f"{self.blank()}{dash}{key}{self.blank()}={self.blank()}{self.value()}{self.blank()}"
        return line + "\\" if draw.random() < self._odd / 20 else line

    def key(self):
        """A key in some spelling."""
        draw, odd = self._draw, self._draw.random() < self._odd
        scope = draw.choice(PATTERNS) if draw.random() < 0.35 else draw.choice(self._scopes)
        name = draw.choice(("arp_*", "arp_ignor?", "arp_[ia]*", "arp_{ignore,announce}*", "*", "ARP_IGNORE", "nosuch", "arp_ignore ", "arp_ignore/", "./arp_ignore",
                            "../lo/arp_ignore")) if odd and draw.random() < 0.4 else self.key_name()
        spelling = draw.random()
        if spelling < 0.55:
            key = f"net.ipv4.conf.{swap(scope)}.{swap(name)}"
        elif spelling < 0.85 or not odd:
            key = f"net/ipv4/conf/{scope}/{name}"
        else:
            key = draw.choice((f"net.ipv4.conf.{scope}.{name}", f"net/ipv4.conf.{scope}.{name}", f"net.ipv4/conf/{scope}/{name}", f"/net/ipv4/conf/{scope}/{name}",
                               f"/proc/sys/net/ipv4/conf/{scope}/{name}", f"proc.sys.net.ipv4.conf.{swap(scope)}.{name}", f"net//ipv4/conf/{scope}/{name}",
                               f"net..ipv4.conf.{swap(scope)}.{name}", f"./net/ipv4/conf/{scope}/{name}", f".net.ipv4.conf.{swap(scope)}.{name}",
                               f"net/ipv4/./conf/{scope}/{name}", f"net/../net/ipv4/conf/{scope}/{name}", f"net/ipv4/conf/lo/../{scope}/{name}",
                               f"net/ipv4/conf/{scope}/{name}/", f"net.ipv4.conf.{swap(scope)}.{name}.", f"NET.IPV4.CONF.{swap(scope)}.{name}",
                               f"net.ipv4.conf.{swap(scope)}.{name}:", f"net/ipv4/neigh/../conf/{scope}/{name}", f"net/ipv4/conf//{scope}//{name}",
                               f"../sys/net/ipv4/conf/{scope}/{name}", f"net.ipv4.*.{name}", f"net.*.conf.{swap(scope)}.{name}", f"*/*/*/{scope}/{name}",
                               f"net/ipv4/conf/*/../{scope}/{name}", f"kernel/../net/ipv4/conf/{scope}/{name}"))
        return key

    def prefix(self):
        draw = self._draw
        scope = draw.choice(self._scopes)
        return draw.choice((f"/net/ipv4/conf/{scope}", f"/net/ipv4/conf/{scope}", f"net/ipv4/conf/{scope}", f"net.ipv4.conf.{swap(scope)}", "/net/ipv4/conf", "net", "/",
                            f"/net/ipv4/conf/{scope}/arp_ignore", f"/proc/sys/net/ipv4/conf/{scope}", f"net/ipv4/conf/{scope}/", f"//net//ipv4/conf/{scope}",
                            f"net.ipv4.conf.{scope}", "net.ipv4.conf.*", "/net/ipv6", "net/ipv4/con"))

    def key_name(self):
        return self._draw.choice(self._keys)

    def value(self):
        return self._draw.choice(ODD_VALUES if self._draw.random() < self._odd else VALUES)

    def blank(self):
        return self._draw.choice(BLANKS) if self._draw.random() < 0.3 + self._odd else self._draw.choice(("", " "))


def swap(text):
    """Dots for slashes and slashes for dots, as the dotted spelling wants it."""
    return text.translate({ord("."): "/", ord("/"): "."})


def pick(draw, things, count):
    return unique(draw.choice(things) for _ in range(count)) if things else []


def unique(things):
    return list(dict.fromkeys(things))


def shrink(tree, still_wrong):
    """The smallest tree found for which still_wrong(tree) holds."""
    while True:
        for smaller in _smaller(tree):
            if still_wrong(smaller):
                tree = smaller
                break
        else:
            return tree


def _smaller(tree):
    for field in ("late", "prefixes", "arguments", "before", "first", "addresses", "split"):
        if tree.get(field):
            yield {name: value for name, value in tree.items() if name != field}
    for path in tree["files"]:
        yield _without(tree, "files", path)
    for path, content in tree["files"].items():
        lines = content.splitlines(keepends=True) if isinstance(content, str) else []
        for at in range(len(lines) if len(lines) > 1 else 0):
            yield tree | {"files": tree["files"] | {path: "".join(lines[:at] + lines[at + 1:])}}
    for field in ("late", "prefixes", "arguments", "before", "addresses", "interfaces", "p_files"):
        for at in range(len(tree.get(field, ())) if field != "p_files" else len(tree[field]) - 1):
            yield _without(tree, field, at)


def _without(tree, field, at):
    smaller = copy.deepcopy(tree)
    gone = smaller[field][at] if field == "interfaces" else None
    del smaller[field][at]
    if gone is not None:
        for other in ("addresses",):
            smaller[other] = [name for name in smaller.get(other, []) if name != gone]
        smaller["before"] = [write for write in smaller.get("before", []) if write[0] != gone]
    return smaller
