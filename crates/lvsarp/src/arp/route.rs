//! What the ARP decisions ask routing: is this address local?

use std::net::IpAddr;

use super::View;

impl View<'_> {
    /// Whether the host accepts packets to this address: it is bound on some interface, up or down, or a local route covers it
    /// (`net/ipv4/fib_frontend.c: inet_addr_type_dev_table()`).
    pub fn is_local(&self, address: IpAddr) -> bool {
        !self.places(address).is_empty()
            || self.local_subnets.iter().any(|subnet| subnet.contains(address))
            || self.snapshot.local_routes.iter().any(|route| route.prefix.contains(address))
    }

    /// Whether an address with a short prefix makes its whole subnet local, as on every loopback device (`net/ipv4/fib_frontend.c:
    /// fib_add_ifaddr()`).
    pub fn makes_subnet_local(&self, address: &crate::Address) -> bool {
        const NOPREFIXROUTE: u32 = 0x200;
        !address.subnet().is_host()
            && !address.flags.contains(NOPREFIXROUTE)
            && self.device(address.index).is_some_and(|d| d.interface.is_loopback() && d.interface.is_up())
    }
}
