//! VIPs on a device: listing, binding and removing, one or thousands at once.

pub(crate) mod ioctl;
pub(crate) mod netlink;
pub(crate) mod route;

use std::net::IpAddr;

use serde::Serialize;

use crate::error::{Error, ErrorKind, Result};
use crate::flags::{AddressFlags, AddressScope};
use crate::host::Host;
use crate::interface::IfName;
use crate::json::{Place, Read};
use crate::snapshot::{Address, Interface, OUR_PROTOCOL};
use crate::vip::Vip;

/// How an address is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// `RTM_NEWADDR`: prefix, scope and label in one request, no instant in between.
    #[default]
    Netlink,
    /// `SIOCSIFADDR` and `SIOCSIFNETMASK` on a label such as `lo:0`, as `ifconfig` does. IPv4 and scope global only.
    ///
    /// Between the two calls the kernel has the class's mask in force (`net/ipv4/devinet.c: inet_abc_len()`): for a VIP in 10.0.0.0/8 the host
    /// takes all of 10.0.0.0/8 as local for an instant, cannot reach it, and at `arp_ignore` 0 answers for all of it. Set the levels first.
    Ioctl,
}

impl Read for Method {
    fn read(place: &Place<'_>) -> Method {
        place.word(&[("netlink", Method::Netlink), ("ioctl", Method::Ioctl)])
    }
}

/// An address to bind: what, where and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The address; /32 or /128 unless it says otherwise.
    pub vip: Vip,
    /// The device.
    pub dev: IfName,
    /// The label (IPv4): the device's name, or the name, a colon and more, 15 bytes at most. None: the device's name, or with
    /// [`Method::Ioctl`] the first free `dev:N`.
    pub label: Option<String>,
    /// The scope (IPv4; that of an IPv6 address is in the address).
    pub scope: AddressScope,
    /// How.
    pub method: Method,
    /// Bind on a loopback device even with a prefix that makes a whole subnet local.
    pub force: bool,
}

impl Binding {
    /// A VIP on a device, scope global, over netlink.
    pub fn new(vip: Vip, dev: IfName) -> Binding {
        Binding { vip, dev, label: None, scope: AddressScope::GLOBAL, method: Method::Netlink, force: false }
    }

    /// Checks everything that can be known without the kernel and makes the address.
    pub(crate) fn address(&self, interface: &Interface) -> Result<Address> {
        let refused = |cause: String| {
            Error::new(ErrorKind::InvalidInput, "bind", format_args!("{} dev {}", self.vip.prefix(), self.dev), cause)
        };
        let v4 = self.vip.address().is_ipv4();
        if interface.is_loopback() && !self.vip.prefix().is_host() && !self.force {
            let net = self.vip.prefix().network();
            let cause = "on a loopback device it makes all of ";
            return Err(refused(format!("{cause}{net} local, so the host answers for it and cannot reach it")).hint(
                format_args!(
                    "bind {}/{} instead, or serve the prefix by a local route",
                    self.vip.address(),
                    if v4 { 32 } else { 128 }
                ),
            ));
        }
        if let Some(label) = &self.label {
            if !v4 {
                return Err(refused("an IPv6 address has no label".to_owned()));
            }
            check_label(label, &self.dev).map_err(refused)?;
        }
        if self.method == Method::Ioctl {
            if !v4 {
                return Err(refused("ioctl binds IPv4 addresses only".to_owned()));
            }
            if self.scope != AddressScope::GLOBAL {
                return Err(refused("ioctl binds with scope global only".to_owned()));
            }
            if self.label.as_deref().is_some_and(|label| !label.contains(':')) {
                return Err(refused(format!(
                    "without a label such as {}:0 ioctl would replace the first address of the device",
                    self.dev
                )));
            }
        }
        let label = v4.then(|| self.label.clone().unwrap_or_else(|| self.dev.to_string()).into_boxed_str());
        Ok(Address {
            index: interface.index,
            dev: self.dev,
            local: self.vip.address(),
            peer: None,
            prefixlen: self.vip.prefix().len(),
            broadcast: None,
            scope: if v4 { self.scope } else { scope6(self.vip.address()) },
            label,
            // nodad: it is in use the moment it is bound. Preferred lifetime 0: it is never chosen as a source for new connections.
            flags: AddressFlags(if v4 { 0 } else { AddressFlags::NODAD }),
            metric: None,
            proto: (self.method == Method::Netlink).then_some(OUR_PROTOCOL),
            valid: None,
            preferred: if v4 { None } else { Some(0) },
        })
    }
}

/// The scope that the kernel gives an IPv6 address (`net/ipv6/addrconf_core.c: __ipv6_addr_type()`).
fn scope6(address: IpAddr) -> AddressScope {
    match address {
        IpAddr::V6(a) if a.is_unicast_link_local() => AddressScope::LINK,
        IpAddr::V6(a) if a.is_loopback() => AddressScope::HOST,
        IpAddr::V6(a) if a.segments()[0] & 0xffc0 == 0xfec0 => AddressScope::SITE,
        _ => AddressScope::GLOBAL,
    }
}

/// A label must begin with the device's name, as `ip` insists; the kernel takes any 15 bytes.
fn check_label(label: &str, dev: &IfName) -> std::result::Result<(), String> {
    let dev = dev.to_string();
    let tail = label.strip_prefix(&dev);
    if label.len() > crate::interface::NAME_MAX {
        Err(format!("label {label:?} is longer than 15 bytes"))
    } else if label.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/') {
        Err(format!("label {label:?} contains white space, a control character or '/'"))
    } else if tail.is_none_or(|tail| !(tail.is_empty() || tail.len() > 1 && tail.starts_with(':'))) {
        Err(format!("label {label:?} is neither {dev:?} nor {dev:?}, a colon and more"))
    } else {
        Ok(())
    }
}

/// Whether two addresses are the same binding: lifetimes, broadcast and who made it do not count.
pub(crate) fn same_binding(a: &Address, b: &Address) -> bool {
    // With a device the kernel renames its labels, after rules of its own (net/ipv4/devinet.c: inetdev_changename()).
    let renamed = cfg!(feature = "exact") && a.dev != b.dev;
    same_place(a, b) && a.scope == b.scope && (a.local.is_ipv6() || a.label == b.label || renamed)
}

/// Whether two addresses are the same to the kernel: device, local address, peer and prefix length.
pub(crate) fn same_place(a: &Address, b: &Address) -> bool {
    a.index == b.index && a.local == b.local && a.prefixlen == b.prefixlen && a.peer == b.peer
}

impl Host {
    /// The addresses of a device, or of all of them: both families, in the kernel's order.
    ///
    /// # Errors
    /// [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface) if there is no such device.
    pub fn addresses(&self, dev: Option<&IfName>) -> Result<Vec<Address>> {
        let mut socket = self.socket();
        let interfaces = match dev {
            Some(dev) => vec![crate::conf::link::read(&mut socket, dev)?],
            None => crate::conf::link::list(&mut socket)?,
        };
        netlink::list(&mut socket, dev.map(|_| interfaces[0].index), &interfaces).map(|(addresses, _)| addresses)
    }

    /// Binds an address. `Ok(false)`: it was bound just so already.
    ///
    /// Where it is bound with another scope or label it is removed and added again, since the kernel's replace changes neither.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a prefix other than /32 or /128 on a loopback device unless forced,
    /// [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface), [`ErrorKind::Permission`](crate::ErrorKind::Permission) without CAP_NET_ADMIN.
    pub fn bind(&self, binding: &Binding) -> Result<bool> {
        Ok(self.bind_many(std::slice::from_ref(binding))?[0])
    }

    /// Binds many addresses, with many requests in one send. Each answer says whether that one changed something. If one fails, those that this
    /// call had bound are removed again.
    pub fn bind_many(&self, bindings: &[Binding]) -> Result<Vec<bool>> {
        let interfaces = self.devices(bindings.iter().map(|b| &b.dev))?;
        let mut wanted = Vec::with_capacity(bindings.len());
        for binding in bindings {
            let interface = interfaces.iter().find(|i| i.name == binding.dev).expect("each device was looked up");
            wanted.push(binding.address(interface)?);
        }
        let (mut by_netlink, mut by_ioctl) = (Vec::new(), Vec::new());
        for (i, binding) in bindings.iter().enumerate() {
            match binding.method {
                Method::Netlink => by_netlink.push(i),
                Method::Ioctl => by_ioctl.push(i),
            }
        }
        if let Some(twice) = by_ioctl.iter().skip(1).find(|i| bindings[**i].label.is_some()) {
            let label = bindings[*twice].label.as_deref().unwrap_or("");
            return Err(Error::input(
                format_args!("label {label:?} for more than one VIP"),
                "ioctl gives each a label of its own",
            ));
        }
        let present = netlink::list(&mut self.socket(), None, &interfaces)?.0;
        let mut changed = vec![false; wanted.len()];
        if !by_netlink.is_empty() {
            let addresses: Vec<Address> = by_netlink.iter().map(|i| wanted[*i].clone()).collect();
            let bound = netlink::bind(&mut self.socket(), &addresses, &present)?;
            by_netlink.iter().zip(bound).for_each(|(i, bound)| changed[*i] = bound);
        }
        for i in by_ioctl {
            match ioctl::bind(self, &wanted[i], bindings[i].label.is_some()) {
                Ok(bound) => changed[i] = bound,
                Err(error) => {
                    let ours: Vec<&Address> =
                        wanted.iter().zip(&changed).filter(|(_, changed)| **changed).map(|(a, _)| a).collect();
                    return Err(match ours.is_empty() {
                        true => error,
                        false => error.after_roll_back(self.put_back(&ours, &present)),
                    });
                }
            }
        }
        Ok(changed)
    }

    /// Makes what was bound in these places as it was before; what could not be is returned.
    fn put_back(&self, places: &[&Address], before: &[Address]) -> Vec<Error> {
        let mut socket = self.socket();
        let mut failures = Vec::new();
        for place in places {
            let result = match before.iter().find(|old| same_place(old, place)) {
                Some(old) => netlink::replace(&mut socket, place, old),
                None => netlink::unbind(&mut socket, std::slice::from_ref(*place)).map(drop),
            };
            failures.extend(result.err());
        }
        failures
    }

    /// Removes an address from a device. `Ok(false)`: it was not there.
    pub fn unbind(&self, vip: Vip, dev: &IfName) -> Result<bool> {
        Ok(self.unbind_many(&[(vip, *dev)])?[0])
    }

    /// Removes many addresses, with many requests in one send. Each answer says whether that one was there. If one fails, those that this call had
    /// removed are bound again, with scope global and the device's label.
    pub fn unbind_many(&self, vips: &[(Vip, IfName)]) -> Result<Vec<bool>> {
        let interfaces = self.devices(vips.iter().map(|(_, dev)| dev))?;
        let mut gone = Vec::with_capacity(vips.len());
        for (vip, dev) in vips {
            let interface = interfaces.iter().find(|i| i.name == *dev).expect("each device was looked up");
            gone.push(Binding { force: true, ..Binding::new(*vip, *dev) }.address(interface)?);
        }
        let mut socket = self.socket();
        let (removed, failure) = netlink::remove(&mut socket, &gone);
        let Some(error) = failure else { return Ok(removed) };
        let removed: Vec<Address> = gone.into_iter().zip(removed).filter(|(_, there)| *there).map(|(a, _)| a).collect();
        if removed.is_empty() {
            return Err(error);
        }
        let back = netlink::bind(&mut socket, &removed, &[]);
        Err(error.after_roll_back(back.err().into_iter().collect()))
    }

    /// Looks every device up once.
    fn devices<'a>(&self, names: impl Iterator<Item = &'a IfName>) -> Result<Vec<Interface>> {
        let mut found: Vec<Interface> = Vec::new();
        for name in names {
            if !found.iter().any(|i| i.name == *name) {
                found.push(crate::conf::link::read(&mut self.socket(), name)?);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::InterfaceFlags;

    fn lo() -> Interface {
        Interface {
            index: 1,
            name: IfName::new("lo").unwrap(),
            kind: None,
            flags: InterfaceFlags(InterfaceFlags::UP | InterfaceFlags::LOOPBACK),
            hardware: 772,
            mac: None,
            mtu: 65536,
            master: None,
            vrf_table: None,
            link: None,
            xdp: None,
            port_answers: None,
            conf: None,
        }
    }

    fn binding(vip: &str) -> Binding {
        Binding::new(Vip::parse(vip).unwrap(), IfName::new("lo").unwrap())
    }

    #[test]
    fn a_subnet_on_lo_is_refused_unless_forced() {
        let error = binding("192.0.2.10/24").address(&lo()).unwrap_err();
        assert!(error.to_string().contains("all of 192.0.2.0/24 local"), "{error}");
        assert!(error.hint_text().unwrap().contains("192.0.2.10/32"));
        assert!(Binding { force: true, ..binding("192.0.2.10/24") }.address(&lo()).is_ok());
    }

    #[test]
    fn labels_begin_with_the_device() {
        for bad in ["", "eth0", "lo0", "lo:", "lo:a b", "lo:abcdefghijklm", "lo:\n"] {
            let with = Binding { label: Some(bad.to_owned()), ..binding("192.0.2.10") };
            assert!(with.address(&lo()).is_err(), "{bad:?}");
        }
        for good in ["lo", "lo:0", "lo:vip"] {
            let with = Binding { label: Some(good.to_owned()), ..binding("192.0.2.10") };
            assert_eq!(with.address(&lo()).unwrap().label.as_deref(), Some(good));
        }
    }

    #[test]
    fn ioctl_is_refused_where_it_would_do_harm() {
        let ioctl = |vip, label: Option<&str>, scope| {
            Binding { method: Method::Ioctl, label: label.map(str::to_owned), scope, ..binding(vip) }.address(&lo())
        };
        assert!(ioctl("2001:db8::1", None, AddressScope::GLOBAL).is_err());
        assert!(ioctl("192.0.2.10", Some("lo"), AddressScope::GLOBAL).is_err());
        assert!(ioctl("192.0.2.10", None, AddressScope::HOST).is_err());
        assert!(ioctl("192.0.2.10", Some("lo:0"), AddressScope::GLOBAL).is_ok());
    }

    #[test]
    fn an_ipv6_vip_is_never_chosen_as_a_source() {
        let address = binding("2001:db8::10").address(&lo()).unwrap();
        assert_eq!((address.prefixlen, address.preferred, address.label), (128, Some(0), None));
        assert!(address.flags.contains(AddressFlags::NODAD));
    }
}
