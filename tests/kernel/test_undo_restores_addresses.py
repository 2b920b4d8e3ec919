"""An address that was there before apply is there again after undo, with all that it had, also where apply rebound it."""
import pytest

VIP = "192.0.2.10"
ATTRIBUTES = ["", "label lo:old", "preferred_lft 0", "metric 77", "noprefixroute", "broadcast 192.0.2.255", "scope link"]
WAYS = [[], ["--address-scope", "host"], ["--label", "lo:new"], ["--method", "ioctl", "--label", "lo:new"]]


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
@pytest.mark.parametrize("attributes", ATTRIBUTES)
def test_undo_gives_back_an_address_as_it_was(link, program, attributes, way):
    _, server = link
    server.ip(f"addr add {VIP}/32 dev lo {attributes}")
    before = server.ip("addr show dev lo"), server.ip("route show table local")
    server.run(program, "apply", "--vip", VIP, *way)
    server.run(program, "undo")
    assert (server.ip("addr show dev lo"), server.ip("route show table local")) == before
