//! What the running kernel itself says of routing, asked without privileges: `NETLINK_FIB_LOOKUP`, and `RTM_GETROUTE` with the arrival interface.

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::BorrowedFd;

use crate::arp::fib::kind;
use crate::arp::input::{self, Input};
use crate::arp::trace::Trace;
use crate::arp::{Device, View, reply};
use crate::decision::Witness;
use crate::key::Key;
use crate::netlink::wire::{HEADER, Writer, attribute_behind, i32_at, u8_at, u32_at};
use crate::netlink::{Refusal, Socket};
use crate::routing::{LOCAL, MAIN, Route};
use crate::snapshot::{Interface, Snapshot};
use crate::sys;
use crate::vip::Prefix;

const RTM_GETROUTE: u16 = 26;
const RTMSG: usize = 12;
const RTA_DST: u16 = 1;
const RTA_SRC: u16 = 2;
const RTA_IIF: u16 = 3;
const RTA_OIF: u16 = 4;

/// Whether the tables local and main are two, by `NETLINK_FIB_LOOKUP` (`net/ipv4/fib_frontend.c: nl_fib_input()`): as long as both are one, the
/// table local finds a route of main where that has the longest prefix of both.
pub(super) fn is_split(socket: BorrowedFd<'_>, routes: &[Route]) -> Option<bool> {
    let (address, len) = best_in_main(routes)?;
    fib_lookup(socket, address, LOCAL as u8).map(|found| found.error != 0 || found.len != len)
}

/// What a table has for an address.
struct Entry {
    /// 0, or why it has nothing.
    error: i32,
    /// The length of the prefix.
    len: u8,
    /// The type of the route.
    kind: u8,
}

/// Looks an address up in one table. None where it could not be asked.
fn fib_lookup(socket: BorrowedFd<'_>, address: Ipv4Addr, table: u8) -> Option<Entry> {
    /// `struct fib_result_nl` behind the header.
    const LEN: usize = HEADER + 20;
    let mut message = [0; LEN];
    message[0] = LEN as u8;
    message[4] = 1;
    message[6] = 1;
    message[HEADER..HEADER + 4].copy_from_slice(&address.octets());
    message[HEADER + 10] = table;
    sys::send(socket, &message).ok()?;
    let mut answer = [0; 128];
    // The kernel has answered before send() returns.
    let (len, _) = sys::receive(socket, &mut answer, false).ok()?;
    if len < LEN {
        return None;
    }
    let byte = |at| u8_at(&answer, HEADER + at);
    Some(Entry { error: i32_at(&answer, HEADER + 16)?, len: byte(12)?, kind: byte(14)? })
}

/// An address whose longest prefix in local and main together is that of a unicast route of main, and its length.
fn best_in_main(routes: &[Route]) -> Option<(Ipv4Addr, u8)> {
    /// `RTNH_F_DEAD`, `RTNH_F_LINKDOWN`: such a next hop may be passed over.
    const DOUBTFUL: u32 = 1 | 16;
    /// So many routes and addresses of each are tried: of one that is so crowded, nothing else is likely to be free.
    const ROUTES: usize = 16;
    const ADDRESSES: u32 = 64;
    let is_sure = |r: &&Route| {
        r.table == MAIN && r.kind == kind::UNICAST && r.tos == 0 && r.hops.iter().all(|h| h.flags & DOUBTFUL == 0)
    };
    routes.iter().filter(is_sure).take(ROUTES).find_map(|route| {
        let (IpAddr::V4(network), len) = (route.prefix.address(), route.prefix.len()) else { return None };
        let hides = |r: &Route, address| {
            let same = r.prefix.len() == len && (r.table == LOCAL || r.table == MAIN && r.kind != kind::UNICAST);
            let longer = r.prefix.len() > len && (r.table == LOCAL || r.table == MAIN);
            (same || longer) && r.prefix.contains(address)
        };
        let mut first = (0..ADDRESSES).map(|i| Ipv4Addr::from(u32::from(network).wrapping_add(i)));
        let free = first.find(|address| {
            let address = IpAddr::V4(*address);
            route.prefix.contains(address) && !routes.iter().any(|r| hides(r, address))
        })?;
        Some((free, len))
    })
}

/// Whether the kernel looks every sender up (`net/ipv4/fib_frontend.c: fib_validate_source()`), which its flag for routes of type local that were
/// added by hand makes it do, and nothing shows that flag. A packet that claims to come from a broadcast address to one of ours tells: it passes
/// where senders are not looked up.
///
/// None where there is nothing to ask with, and then nothing depends on it. An interface that logs such packets is not asked.
pub(super) fn looks_senders_up(socket: &mut Socket, snapshot: &Snapshot) -> Option<bool> {
    let routing = snapshot.routing.as_ref()?;
    if routing.split != Some(false) {
        return None;
    }
    let trusts = |i: &&Interface| {
        let effective = |key| snapshot.level(i, key).effective;
        !i.is_loopback()
            && effective(Key::RpFilter) == Some(0)
            && effective(Key::AcceptLocal) == Some(0)
            && effective(Key::LogMartians) == Some(0)
    };
    let on = snapshot.interfaces.iter().find(trusts)?.index;
    let bound = |address: IpAddr| snapshot.addresses.iter().any(|a| a.local == address);
    // Others are dropped for what they are.
    let is_host = |address: IpAddr| match address {
        IpAddr::V4(a) => a.octets()[0] != 0 && !a.is_loopback() && !a.is_multicast() && !a.is_broadcast(),
        IpAddr::V6(_) => false,
    };
    let is_local = |address: IpAddr| {
        let mut same =
            routing.routes.iter().filter(|r| r.table == LOCAL && r.prefix == Prefix::host(address)).peekable();
        same.peek().is_some() && same.all(|r| r.kind == kind::LOCAL)
    };
    let own = snapshot.addresses.iter().find(|a| is_host(a.local) && is_local(a.local))?.local;
    let broadcast = routing.routes.iter().find(|r| {
        let address = r.prefix.address();
        r.kind == kind::BROADCAST && r.table == LOCAL && r.prefix.is_host() && is_host(address) && !bound(address)
    })?;
    let (IpAddr::V4(own), IpAddr::V4(broadcast)) = (own, broadcast.prefix.address()) else { return None };
    match input_route(socket, own, broadcast, on) {
        Ok(found) => found.is_some_and(|(kind, _)| kind == kind::LOCAL).then_some(false),
        Err(_) => Some(true),
    }
}

/// The route of a packet that arrives on an interface, as `ip route get TARGET from SENDER iif ON` asks for it; the error where it is dropped.
fn input_route(socket: &mut Socket, target: Ipv4Addr, sender: Ipv4Addr, on: u32) -> Result<Option<(u8, u32)>, Refusal> {
    get_route(socket, target, sender, RTA_IIF, on)
}

/// The route of a packet, with one more attribute: the interface that it arrives on, or the one that it has to leave by (0: any).
fn get_route(
    socket: &mut Socket,
    to: Ipv4Addr,
    from: Ipv4Addr,
    attribute: u16,
    interface: u32,
) -> Result<Option<(u8, u32)>, Refusal> {
    let mut body = [0; RTMSG];
    body[0] = libc::AF_INET as u8;
    (body[1], body[2]) = (32, 32);
    let attributes = |w: &mut Writer| {
        w.attribute(RTA_DST, &to.octets());
        w.attribute(RTA_SRC, &from.octets());
        if interface != 0 {
            w.attribute(attribute, &interface.to_ne_bytes());
        }
    };
    socket.get(RTM_GETROUTE, &body, attributes, |payload| {
        let out = attribute_behind(payload, RTMSG, RTA_OIF);
        Some((u8_at(payload, 7)?, out.and_then(|index| u32_at(index, 0)).unwrap_or(0)))
    })
}

/// What the running kernel says of the routing that decides about a who-has.
pub(crate) fn of_reply(
    socket: &mut Socket,
    fib: Option<BorrowedFd<'_>>,
    view: &View<'_>,
    device: &Device<'_>,
    target: Ipv4Addr,
    sender: Ipv4Addr,
) -> Witness {
    let on = device.interface.name;
    if sender.is_unspecified() {
        let question = format!("the type of {target}");
        return compare(
            question,
            type_of(fib, view, device.vrf, target),
            Word::kind(view.address_type(target, device.vrf)),
        );
    }
    let mut off = Trace::off();
    let model = match input::route(view, device, target, sender, &mut off) {
        Input::Local => Word::Kind(kind::LOCAL),
        Input::Elsewhere(out) => Word::Out(out),
        Input::Dropped => Word::Dropped,
    };
    let question = format!("the route of {target} from {sender} on {on}");
    let first = compare(question, Word::of_input(input_route(socket, target, sender, device.interface.index)), model);
    if first.agrees != Some(true) || model != Word::Kind(kind::LOCAL) || !device.is_set(Key::ArpFilter) {
        return first;
    }
    let model = match reply::leaves_by(view, device, sender, target, &mut off) {
        Some(out) => Word::Out(out),
        None => Word::Dropped,
    };
    let answer = match get_route(socket, sender, target, RTA_OIF, device.vrf) {
        Ok(Some((_, out))) => Word::Out(out),
        Ok(None) => Word::Unknown,
        Err(_) => Word::Dropped,
    };
    compare(format!("the way back from {target} to {sender}"), answer, model)
}

/// What the running kernel says of the routing that decides about a request of its own.
pub(crate) fn of_announcement(
    fib: Option<BorrowedFd<'_>>,
    view: &View<'_>,
    device: &Device<'_>,
    target: Ipv4Addr,
    source: Option<Ipv4Addr>,
) -> Witness {
    let address = source.unwrap_or(target);
    let question = format!("the type of {address}");
    compare(question, type_of(fib, view, device.vrf, address), Word::kind(view.address_type(address, device.vrf)))
}

/// What the kernel or the model says of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// A type of route, `RTN_*`.
    Kind(u8),
    /// It leaves by this interface.
    Out(u32),
    /// It is dropped.
    Dropped,
    /// Nothing.
    Unknown,
}

impl Word {
    /// Whether an address is local is what decides.
    fn kind(kind: u8) -> Word {
        Word::Kind(kind)
    }

    fn of_input(found: Result<Option<(u8, u32)>, Refusal>) -> Word {
        match found {
            Ok(Some((kind::LOCAL, _))) => Word::Kind(kind::LOCAL),
            Ok(Some((kind::UNICAST, out))) => Word::Out(out),
            // A broadcast is no route for ARP, whose packets are not IP.
            Ok(Some(_)) | Err(_) => Word::Dropped,
            Ok(None) => Word::Unknown,
        }
    }

    fn text(self) -> String {
        match self {
            Word::Kind(kind::LOCAL) => "local".to_owned(),
            Word::Kind(kind::UNICAST) => "not local".to_owned(),
            Word::Kind(kind::BROADCAST) => "a broadcast address".to_owned(),
            Word::Kind(kind) => format!("a route of type {kind}"),
            Word::Out(index) => format!("out of interface {index}"),
            Word::Dropped => "dropped".to_owned(),
            Word::Unknown => "no answer".to_owned(),
        }
    }
}

fn compare(question: String, kernel: Word, model: Word) -> Witness {
    match kernel {
        Word::Unknown => Witness { agrees: None, text: format!("the kernel could not be asked for {question}") },
        kernel if kernel == model => {
            Witness { agrees: Some(true), text: format!("the kernel agrees on {question}: {}", kernel.text()) }
        }
        kernel => Witness {
            agrees: Some(false),
            text: format!(
                "the kernel says otherwise of {question}: {}, and the model {}; please report this with the output of `lvsarp snapshot`",
                kernel.text(),
                model.text()
            ),
        },
    }
}

/// What an address is to the table local, or to that of a VRF, by `NETLINK_FIB_LOOKUP`, which numbers tables up to 255.
fn type_of(fib: Option<BorrowedFd<'_>>, view: &View<'_>, vrf: u32, address: Ipv4Addr) -> Word {
    if view.is_zeronet(address) || address.is_broadcast() {
        return Word::Kind(kind::BROADCAST);
    }
    if address.is_multicast() {
        return Word::Kind(kind::MULTICAST);
    }
    let table = view.vrf_table(vrf).unwrap_or(LOCAL);
    let (Some(fib), Ok(table)) = (fib, u8::try_from(table)) else { return Word::Unknown };
    match fib_lookup(fib, address, table) {
        Some(Entry { error: 0, kind, .. }) => Word::Kind(kind),
        Some(_) => Word::Kind(kind::UNICAST),
        None => Word::Unknown,
    }
}
