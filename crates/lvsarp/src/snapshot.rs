//! A snapshot: one network namespace as plain data, which every decision reads and which travels as JSON.

use std::net::IpAddr;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result};
use crate::filters::Filters;
use crate::flags::{AddressFlags, AddressScope, InterfaceFlags};
use crate::interface::{IfName, Scope};
use crate::json::{self, Place, Read, read_object};
use crate::key::{KernelVersion, Key, TABLE};
use crate::level::{Level, Levels};
use crate::routing::Routing;
use crate::vip::Prefix;

/// The format that this library writes and reads.
pub const FORMAT: u32 = 2;

/// The mark on addresses and local routes that lvsarp made: `IFA_PROTO` (kernel 5.18 and later) and `rtm_protocol`.
pub const OUR_PROTOCOL: u8 = 204;

/// What a network namespace looked like when it was observed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// The format's version, [`FORMAT`].
    pub format: u32,
    /// The kernel's release, such as `6.1.0-13-amd64`.
    pub kernel: String,
    /// Whether `/proc/sys` could be read and written where the snapshot was taken.
    pub proc_sys: ProcSys,
    /// `net.ipv4.conf.all`.
    pub all: Conf,
    /// `net.ipv4.conf.default`.
    pub default: Conf,
    /// The interfaces, in the kernel's order.
    pub interfaces: Vec<Interface>,
    /// The addresses of both families; those of one interface are in the kernel's order, which decides about senders.
    pub addresses: Vec<Address>,
    /// The routes of type local that somebody made by hand (AnyIP); those that the kernel made for an address are left out.
    pub local_routes: Vec<LocalRoute>,
    /// IPv4 routing. None in snapshots of format 1, where it is made up from the addresses.
    pub routing: Option<Routing>,
    /// What may drop or change ARP packets beside the kernel's ARP code. None in snapshots from before it was observed.
    pub filters: Option<Filters>,
}

/// How the levels can be reached through `/proc/sys`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcSys {
    /// Mounted read-write.
    ReadWrite,
    /// Mounted read-only, as in most containers: `all` and `default` cannot be set, interfaces still can (RTM_SETLINK).
    ReadOnly,
    /// Not there: the values of `all` are unknown.
    Absent,
}

/// One network interface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Interface {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: IfName,
    /// Its kind, such as `veth`, `bridge`, `bond`, `vlan`; none for a physical device.
    pub kind: Option<Box<str>>,
    /// Its flags.
    pub flags: InterfaceFlags,
    /// Its hardware type (`ARPHRD_*`): 1 is Ethernet, 772 loopback.
    pub hardware: u16,
    /// Its MAC address, `02:00:00:00:00:01`.
    pub mac: Option<Box<str>>,
    /// Its MTU in bytes.
    pub mtu: u32,
    /// The index of the bridge, bond or VRF that it belongs to.
    pub master: Option<u32>,
    /// The routing table of a VRF.
    pub vrf_table: Option<u32>,
    /// The index of the device below it (VLAN, macvlan) in this namespace, or of its peer (veth), possibly in another one.
    pub link: Option<u32>,
    /// Whether an XDP program sees every frame first. None where the kernel does not say.
    pub xdp: Option<bool>,
    /// Whether, as the port of a bridge, it is one that answers ARP for others: `proxy_arp`, `proxy_arp_wifi`, `neigh_suppress`. None where it is no
    /// port.
    pub port_answers: Option<bool>,
    /// Its own values of `net.ipv4.conf`. None where the interface has no IPv4 part (an MTU below 68).
    pub conf: Option<Conf>,
}

/// Values of `net.ipv4.conf` keys. A value that was not read is absent, never 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conf([Option<i32>; TABLE.len()]);

impl Conf {
    /// A key's value, if it was read.
    pub fn get(&self, key: Key) -> Option<i32> {
        self.0[key as usize]
    }

    /// Sets or forgets a key's value.
    pub fn set(&mut self, key: Key, value: Option<i32>) {
        self.0[key as usize] = value;
    }
}

impl Serialize for Conf {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(None)?;
        for key in Key::all() {
            if let Some(value) = self.get(key) {
                map.serialize_entry(key.name(), &value)?;
            }
        }
        map.end()
    }
}

impl Read for Conf {
    /// Keys that this version does not know are passed over, so that newer snapshots stay readable.
    fn read(place: &Place<'_>) -> Conf {
        let mut conf = Conf::default();
        for (name, _) in place.fields() {
            let number = place.get(name);
            if let Ok(key) = name.parse() {
                conf.set(key, Some(number));
            }
        }
        conf
    }
}

/// One address of an interface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Address {
    /// The interface's index.
    pub index: u32,
    /// The interface's name.
    pub dev: IfName,
    /// The local address.
    pub local: IpAddr,
    /// The other end of a point-to-point address, where it is not the local address.
    pub peer: Option<IpAddr>,
    /// The prefix length.
    pub prefixlen: u8,
    /// The broadcast address.
    pub broadcast: Option<IpAddr>,
    /// The scope.
    pub scope: AddressScope,
    /// The label (IPv4), such as `lo:0`; the interface's name where none was given.
    pub label: Option<Box<str>>,
    /// The flags.
    pub flags: AddressFlags,
    /// The metric of the routes that the kernel makes for it; none where it chooses.
    pub metric: Option<u32>,
    /// Who made it (`IFA_PROTO`, kernel 5.18 and later).
    pub proto: Option<u8>,
    /// Seconds until it is removed; none means forever.
    #[serde(rename = "valid_lft")]
    pub valid: Option<u32>,
    /// Seconds until it is deprecated; none means never.
    #[serde(rename = "preferred_lft")]
    pub preferred: Option<u32>,
}

impl Address {
    /// The subnet that the kernel compares with: that of the peer where there is one (`ifa_address`).
    pub fn subnet(&self) -> Prefix {
        let address = self.peer.unwrap_or(self.local);
        Prefix::new(address, self.prefixlen).unwrap_or(Prefix::host(address))
    }

    /// Whether lvsarp made it, where the kernel keeps such a mark.
    pub fn is_ours(&self) -> bool {
        self.proto == Some(OUR_PROTOCOL)
    }
}

/// A route of type local that was made by hand: a whole prefix that the host accepts without an address.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LocalRoute {
    /// The prefix.
    pub prefix: Prefix,
    /// The interface's index and name, where the route names one.
    pub index: Option<u32>,
    /// The interface's name.
    pub dev: Option<IfName>,
    /// The table: 255 is `local`.
    pub table: u32,
    /// Who made it (`rtm_protocol`).
    pub proto: u8,
}

impl Interface {
    /// Whether it is up.
    pub fn is_up(&self) -> bool {
        self.flags.contains(InterfaceFlags::UP)
    }

    /// Whether it is a loopback device.
    pub fn is_loopback(&self) -> bool {
        self.flags.contains(InterfaceFlags::LOOPBACK)
    }
}

impl Snapshot {
    /// The kernel's version, to choose between rules that changed.
    pub fn kernel_version(&self) -> KernelVersion {
        KernelVersion::parse(&self.kernel)
    }

    /// An interface by name.
    pub fn interface(&self, name: &IfName) -> Result<&Interface> {
        self.interfaces
            .iter()
            .find(|i| i.name == *name)
            .ok_or_else(|| Error::new(ErrorKind::NoInterface, "find interface", name, "No such device"))
    }

    /// An interface by index.
    pub fn by_index(&self, index: u32) -> Option<&Interface> {
        // The kernel dumps in the order of the indexes, but a snapshot from elsewhere may not be.
        match self.interfaces.binary_search_by_key(&index, |i| i.index) {
            Ok(at) => Some(&self.interfaces[at]),
            Err(_) => self.interfaces.iter().find(|i| i.index == index),
        }
    }

    /// The addresses of an interface, in the kernel's order.
    pub fn addresses_of(&self, index: u32) -> impl Iterator<Item = &Address> {
        self.addresses.iter().filter(move |a| a.index == index)
    }

    /// A key's values for an interface: own, all, and the kernel's merge of both.
    pub fn level(&self, interface: &Interface, key: Key) -> Level {
        let own = interface.conf.as_ref().and_then(|conf| conf.get(key));
        Level::merged(key, self.kernel_version(), self.all.get(key), own)
    }

    /// The values of a scope; none for an interface without an IPv4 part.
    pub fn conf(&self, scope: &Scope) -> Result<Option<&Conf>> {
        Ok(match scope {
            Scope::All => Some(&self.all),
            Scope::Default => Some(&self.default),
            Scope::Interface(name) => self.interface(name)?.conf.as_ref(),
        })
    }

    pub(crate) fn conf_mut(&mut self, scope: &Scope) -> Result<Option<&mut Conf>> {
        Ok(match scope {
            Scope::All => Some(&mut self.all),
            Scope::Default => Some(&mut self.default),
            Scope::Interface(name) => {
                self.interface(name)?;
                self.interfaces.iter_mut().find(|i| i.name == *name).and_then(|i| i.conf.as_mut())
            }
        })
    }

    /// Both levels of a scope. For `all` own and all are the same; for `default` the effective value is that of an interface made now.
    pub fn levels(&self, scope: &Scope) -> Result<Levels> {
        let own = self.conf(scope)?;
        let kernel = self.kernel_version();
        let level = |key| Level::merged(key, kernel, self.all.get(key), own.and_then(|conf| conf.get(key)));
        Ok(Levels { arp_ignore: level(Key::ArpIgnore), arp_announce: level(Key::ArpAnnounce) })
    }

    /// The same host with another value of one key: "what if". Any value that the kernel can hold is taken.
    ///
    /// # Errors
    /// [`ErrorKind::NoInterface`] if there is no such interface, or it has no IPv4 part.
    pub fn with(&self, scope: &Scope, key: Key, value: i32) -> Result<Snapshot> {
        let mut changed = self.clone();
        let conf = changed.conf_mut(scope)?;
        let lacks = || Error::new(ErrorKind::NoInterface, "set", format_args!("{scope}/{key}"), "it has no IPv4 part");
        conf.ok_or_else(lacks)?.set(key, Some(value));
        Ok(changed)
    }

    /// The snapshot as one line of JSON.
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// Reads a snapshot from JSON, also one that was taken on another machine.
    pub fn from_json(json: &str) -> Result<Snapshot> {
        let refuse = |cause: String| Error::new(ErrorKind::InvalidInput, "read", "snapshot", cause);
        let value = json::parse(json).map_err(refuse)?;
        let format = json::format(&value).map_err(refuse)?;
        if !(1..=FORMAT).contains(&format) {
            return Err(refuse(format!("its format is {format}, this lvsarp reads 1 to {FORMAT}")));
        }
        let snapshot: Snapshot = json::read(&value).map_err(refuse)?;
        for address in &snapshot.addresses {
            if Prefix::new(address.local, address.prefixlen).is_err()
                || address.peer.is_some_and(|peer| peer.is_ipv4() != address.local.is_ipv4())
            {
                return Err(refuse(format!("{} on {} is not an address", address.local, address.dev)));
            }
        }
        Ok(snapshot)
    }
}

read_object! { Snapshot { format, kernel, proc_sys, all, default, interfaces, addresses, local_routes, routing, filters } }
read_object! {
    Interface { index, name, kind, flags, hardware, mac, mtu, master, vrf_table, link, xdp, port_answers, conf }
}
read_object! {
    Address {
        index, dev, local, peer, prefixlen, broadcast, scope, label, flags, metric, proto, valid = "valid_lft", preferred = "preferred_lft",
    }
}
read_object! { LocalRoute { prefix, index, dev, table, proto } }

impl Read for ProcSys {
    fn read(place: &Place<'_>) -> ProcSys {
        let words = [("read-write", ProcSys::ReadWrite), ("read-only", ProcSys::ReadOnly), ("absent", ProcSys::Absent)];
        place.word(&words)
    }
}
