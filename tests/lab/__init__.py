"""Throw-away networks for tests and the demo: namespaces, links, ARP on the wire. Standard library only."""
