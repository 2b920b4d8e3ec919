//! Interfaces and their own levels over netlink: `RTM_GETLINK`, and `RTM_SETLINK` with `IFLA_INET_CONF`.

use crate::error::{Error, ErrorKind, Result};
use crate::flags::InterfaceFlags;
use crate::interface::IfName;
use crate::key::{Key, TABLE};
use crate::netlink::wire::{attribute, attributes, each_attribute, i32_at, text, u16_at, u32_at};
use crate::netlink::{Refusal, Socket};
use crate::snapshot::{Conf, Interface};

const RTM_GETLINK: u16 = 18;
const RTM_SETLINK: u16 = 19;

/// The length of `struct ifinfomsg`.
const IFINFOMSG: usize = 16;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_INFO_SLAVE_KIND: u16 = 4;
const IFLA_INFO_SLAVE_DATA: u16 = 5;
const IFLA_VRF_TABLE: u16 = 1;
const IFLA_AF_SPEC: u16 = 26;
const IFLA_EXT_MASK: u16 = 29;
const IFLA_INET_CONF: u16 = 1;
const IFLA_XDP: u16 = 43;
const IFLA_XDP_ATTACHED: u16 = 2;
const RTEXT_FILTER_SKIP_STATS: u32 = 8;
const AF_INET: u16 = libc::AF_INET as u16;

/// Every interface, with its own levels, in one dump.
pub(crate) fn list(socket: &mut Socket) -> Result<Vec<Interface>> {
    socket.dump(
        "interfaces",
        RTM_GETLINK,
        &[0; IFINFOMSG],
        |w| w.attribute(IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes()),
        parse,
    )
}

/// One interface by name.
pub(crate) fn read(socket: &mut Socket, name: &IfName) -> Result<Interface> {
    let answer = socket.get(
        RTM_GETLINK,
        &[0; IFINFOMSG],
        |w| {
            w.attribute(IFLA_IFNAME, &[name.as_bytes(), b"\0"].concat());
            w.attribute(IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
        },
        parse,
    );
    answer
        .map_err(|refusal| match refusal.errno {
            // The kernel's extended text for an unknown name says nothing more.
            libc::ENODEV => Error::new(ErrorKind::NoInterface, "find interface", name, "No such device"),
            _ => refusal.error("read interface", name),
        })?
        .ok_or_else(|| Error::new(ErrorKind::NoInterface, "find interface", name, "the kernel gave no answer"))
}

/// Sets one of an interface's own values. Works where `/proc/sys` is read-only. The kernel finds the interface by its name, in the same request.
///
/// The family is AF_UNSPEC: with AF_BRIDGE the request would go to the bridge's own handler. All three nests carry `NLA_F_NESTED`, which 7.2
/// insists on (`net/ipv4/devinet.c: inet_validate_link_af()`).
pub(crate) fn write(socket: &mut Socket, name: &IfName, key: Key, value: i32) -> std::result::Result<(), Refusal> {
    socket.request(RTM_SETLINK, 0, &[0; IFINFOMSG], |w| {
        w.attribute(IFLA_IFNAME, &[name.as_bytes(), b"\0"].concat());
        w.nest(IFLA_AF_SPEC, |w| {
            w.nest(AF_INET, |w| {
                w.nest(IFLA_INET_CONF, |w| w.attribute(key.row().id, &value.to_ne_bytes()));
            });
        });
    })
}

/// An interface from the payload of `RTM_NEWLINK` or `RTM_DELLINK`.
pub(crate) fn parse(payload: &[u8]) -> Option<Interface> {
    let mut interface = Interface {
        index: u32_at(payload, 4)?,
        name: IfName::from_kernel(b"?"),
        kind: None,
        flags: InterfaceFlags(u32_at(payload, 8)?),
        hardware: u16_at(payload, 2)?,
        mac: None,
        mtu: 0,
        master: None,
        vrf_table: None,
        link: None,
        xdp: None,
        port_answers: None,
        conf: None,
    };
    let mut elsewhere = false;
    each_attribute(payload, IFINFOMSG, &mut |kind, value| {
        match kind {
            IFLA_IFNAME => interface.name = IfName::from_kernel(text(value)),
            IFLA_ADDRESS if value.len() == 6 => interface.mac = Some(mac(value)),
            IFLA_MTU => interface.mtu = u32_at(value, 0)?,
            IFLA_LINK => interface.link = u32_at(value, 0),
            IFLA_LINK_NETNSID => elsewhere = true,
            IFLA_MASTER => interface.master = u32_at(value, 0),
            IFLA_LINKINFO => {
                let part = |wanted| attribute(value, wanted);
                interface.kind = part(IFLA_INFO_KIND).map(|kind| String::from_utf8_lossy(text(kind)).into());
                if interface.kind.as_deref() == Some("vrf") {
                    let table = part(IFLA_INFO_DATA).and_then(|data| attribute(data, IFLA_VRF_TABLE));
                    interface.vrf_table = table.and_then(|table| u32_at(table, 0));
                }
                if part(IFLA_INFO_SLAVE_KIND).is_some_and(|kind| text(kind) == b"bridge") {
                    interface.port_answers = part(IFLA_INFO_SLAVE_DATA).map(port_answers);
                }
            }
            // IFLA_XDP_ATTACHED is XDP_ATTACHED_NONE, 0, where there is none.
            IFLA_XDP => interface.xdp = attribute(value, IFLA_XDP_ATTACHED).map(|how| how != [0]),
            IFLA_AF_SPEC => interface.conf = inet_conf(value),
            _ => {}
        }
        Some(())
    })?;
    // The index of a lower device in another namespace may be that of somebody else here.
    if elsewhere && interface.kind.as_deref() != Some("veth") {
        interface.link = None;
    }
    Some(interface)
}

/// Whether a bridge port has one of the flags with which the bridge answers ARP in it (`net/bridge/br_arp_nd_proxy.c`).
fn port_answers(data: &[u8]) -> bool {
    const PROXYARP: u16 = 10;
    const PROXYARP_WIFI: u16 = 12;
    const NEIGH_SUPPRESS: u16 = 32;
    const NEIGH_VLAN_SUPPRESS: u16 = 43;
    attributes(data).any(|(kind, value)| {
        matches!(kind, PROXYARP | PROXYARP_WIFI | NEIGH_SUPPRESS | NEIGH_VLAN_SUPPRESS) && value != [0]
    })
}

/// The array of `IFLA_INET_CONF`: value `id` stands at `id - 1`. An older kernel's array is shorter, and what it lacks stays absent.
fn inet_conf(af_spec: &[u8]) -> Option<Conf> {
    let array = attribute(attribute(af_spec, AF_INET)?, IFLA_INET_CONF)?;
    let mut conf = Conf::default();
    for row in TABLE {
        conf.set(row.key, i32_at(array, (usize::from(row.id) - 1) * 4));
    }
    Some(conf)
}

fn mac(bytes: &[u8]) -> Box<str> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(17);
    for byte in bytes {
        if !text.is_empty() {
            text.push(':');
        }
        text.push(HEX[usize::from(byte >> 4)] as char);
        text.push(HEX[usize::from(byte & 15)] as char);
    }
    text.into_boxed_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::wire::Writer;

    #[test]
    fn what_an_older_kernel_does_not_report_is_absent_not_zero() {
        let mut w = Writer::default();
        let array: Vec<u8> = (0..32i32).flat_map(|i| (i + 1).to_ne_bytes()).collect();
        w.nest(AF_INET, |w| w.attribute(IFLA_INET_CONF, &array));
        let conf = inet_conf(w.bytes()).unwrap();
        assert_eq!(conf.get(Key::ArpIgnore), Some(19));
        assert_eq!(conf.get(Key::ArpAnnounce), Some(18));
        assert_eq!(conf.get(Key::ArpEvictNocarrier), None);
    }

    #[test]
    fn an_xdp_program_and_a_port_that_answers_are_seen() {
        let message = |attached: u8, slave: &[u8], proxy: u8, suppress: u8| {
            let mut w = Writer::default();
            w.begin(16, 0, &[0; IFINFOMSG]);
            w.nest(IFLA_XDP, |w| w.attribute(IFLA_XDP_ATTACHED, &[attached]));
            w.nest(IFLA_LINKINFO, |w| {
                w.attribute(IFLA_INFO_SLAVE_KIND, slave);
                w.nest(IFLA_INFO_SLAVE_DATA, |w| {
                    w.attribute(10, &[proxy]);
                    w.attribute(32, &[suppress]);
                });
            });
            w.end(1);
            let interface = parse(&w.bytes()[16..]).unwrap();
            (interface.xdp, interface.port_answers)
        };
        assert_eq!(message(0, b"bridge\0", 0, 0), (Some(false), Some(false)));
        assert_eq!(message(2, b"bridge\0", 1, 0), (Some(true), Some(true)));
        assert_eq!(message(1, b"bridge\0", 0, 1), (Some(true), Some(true)));
        assert_eq!(message(1, b"bond\0", 1, 1), (Some(true), None));
    }

    #[test]
    fn no_prefix_of_an_answer_makes_the_parser_panic() {
        let mut w = Writer::default();
        w.begin(16, 0, &[0; IFINFOMSG]);
        w.attribute(IFLA_IFNAME, b"eth0\0");
        w.attribute(IFLA_MTU, &[1, 2, 3, 4]);
        w.nest(IFLA_AF_SPEC, |w| w.nest(AF_INET, |w| w.attribute(IFLA_INET_CONF, &[0; 132])));
        w.end(1);
        let payload = &w.bytes()[16..];
        assert_eq!(parse(payload).unwrap().name.to_string(), "eth0");
        for end in 0..payload.len() {
            let _ = parse(&payload[..end]);
        }
    }
}
