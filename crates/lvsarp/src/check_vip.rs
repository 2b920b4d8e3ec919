//! Findings about one VIP: where it is, and on which interface it is answered or announced.

use std::cell::OnceCell;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr};

use crate::arp::trace::Trace;
use crate::arp::{View, announce, reply};
use crate::check::{About, Findings, Severity, Speaker, Verdict};
use crate::level::{ArpAnnounce, ArpIgnore};
use crate::peers::Peer;
use crate::wording::{Words, place, text};

/// Looks at the places of one VIP. That it is on an interface that speaks ARP is found where that interface is judged.
pub(crate) fn placement(view: &View<'_>, vip: IpAddr, findings: &mut Findings) {
    let about = About::vip(vip);
    if !view.is_local(vip) {
        findings.add(
            "vip-missing",
            Severity::Error,
            &about,
            format_args!(
                "{vip} is not bound anywhere: packets that the director sends for it are dropped or forwarded"
            ),
            format_args!("lvsarp apply --vip {vip}"),
        );
        return;
    }
    for address in view.places(vip) {
        let Some(device) = view.device(address.index) else { continue };
        let dev = device.interface.name;
        if view.makes_subnet_local(address) {
            let subnet = address.subnet().network();
            findings.add(
                "subnet-on-loopback",
                Severity::Error,
                &about,
                format_args!(
                    "{vip}/{} on {dev} makes all of {subnet} local: the host answers for every address in it and cannot reach its neighbours",
                    address.prefixlen
                ),
                format_args!("bind {vip}/{} instead", if vip.is_ipv4() { 32 } else { 128 }),
            );
        }
        if vip.is_ipv6() && device.interface.is_loopback() && address.preferred != Some(0) {
            findings.add(
                "vip-may-be-source",
                Severity::Warning,
                &about,
                format_args!(
                    "{vip} on {dev} is not deprecated, so the host may choose it as the source of new connections"
                ),
                format_args!("ip -6 addr change {vip}/{} dev {dev} preferred_lft 0", address.prefixlen),
            );
        }
    }
}

/// Why a request carries a VIP as its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Announced {
    /// The level lets the packet's source through.
    AsSource,
    /// The level lets the packet's source through for targets in the same subnet.
    InSubnet,
    /// The kernel chooses it as the interface's best address.
    AsBest,
    /// The interface has no address of its own, and the kernel falls back to it.
    AsFallback,
}

/// One VIP, with the texts about it, written once for all interfaces.
pub(crate) struct Judged<'a> {
    view: View<'a>,
    vip: IpAddr,
    shown: String,
    /// `is on lo (scope global)`.
    place: OnceCell<String>,
}

impl<'a> Judged<'a> {
    pub fn of(view: &View<'a>, vip: IpAddr) -> Judged<'a> {
        Judged { view: *view, vip, shown: vip.to_string(), place: OnceCell::new() }
    }

    /// Judges it on one interface: the worst that any sender gets, and any target sees.
    pub fn on(&self, speaker: &Speaker<'_>, findings: &mut Findings) -> Verdict {
        judge(self, speaker, findings)
    }
}

fn judge(judged: &Judged<'_>, speaker: &Speaker<'_>, findings: &mut Findings) -> Verdict {
    let Judged { view, vip, shown, place: placed } = judged;
    let vip = *vip;
    let Speaker { device, up, .. } = speaker;
    let up = *up;
    let name = device.interface.name;
    let here = view.places(vip).any(|a| a.index == device.interface.index);
    let (replies, to, announced) = match vip {
        IpAddr::V4(v4) => {
            let (replies, to) = worst(view, speaker, v4);
            (replies, to, announced(view, speaker, v4))
        }
        // net/ipv6/ndisc.c: ndisc_recv_ns() looks for the target on the receiving interface only, and a solicitation never carries another
        // interface's address.
        IpAddr::V6(_) => (Some(here), None, Ok(None)),
    };
    let about = About { interface: Some(name), vip: Some(vip) };
    let severity = if up { Severity::Error } else { Severity::Warning };
    // The first of the senders is a neighbour; where it gets no answer, the message says who does.
    let to = to.filter(|to| up && *to != speaker.senders[0]);
    let to = text(|f| to.map_or(Ok(()), |to| write!(f, " to {to}")));
    if here {
        let hint = format_args!("remove it from {name} and bind it on lo");
        let mut found = |severity, message| findings.add("vip-on-interface", severity, &about, message, hint);
        let on = &speaker.words().on;
        match (replies, vip) {
            (Some(false), _) if device.arp_ignore.effective.map(ArpIgnore::of) == Some(ArpIgnore::Never) => found(
                Severity::Warning,
                format_args!("{shown} is bound on {name}, which speaks ARP; only arp_ignore 8 keeps it silent there"),
            ),
            (Some(false), _) => found(
                Severity::Warning,
                format_args!(
                    "{shown} is bound on {name}, which speaks ARP, and is silent there only by its scope or its prefix"
                ),
            ),
            (_, IpAddr::V4(_)) => found(
                severity,
                format_args!(
                    "{shown} is answered{on}{to}: it is bound there, where only arp_ignore 8 is sure to hide it"
                ),
            ),
            (_, IpAddr::V6(_)) => found(
                severity,
                format_args!("{shown} is answered{on}: it is bound there, and neighbour discovery has no levels"),
            ),
        }
    } else if let (Some(true), IpAddr::V4(v4)) = (replies, vip) {
        let Words { on, ignore_is, ignore_means, ignore_hint, .. } = speaker.words();
        if !up || view.is_local(vip) {
            findings.add(
                if up { "vip-answered" } else { "leaks-when-up" },
                severity,
                &about,
                format_args!(
                    "{shown} is answered{on}{to}: {ignore_is}, and it {}; {ignore_means}",
                    placed.get_or_init(|| place(view, v4).to_string())
                ),
                format_args!("{ignore_hint}"),
            );
        } else {
            let mut found = |message, hint| findings.add("proxy-arp", severity, &about, message, hint);
            if view
                .routing
                .proxies
                .iter()
                .any(|p| p.address == v4 && (p.index == 0 || p.index == device.interface.index))
            {
                found(
                    format_args!(
                        "{shown} is answered{on}{to}: it is not local, and there is a proxy entry for it on {name}, which no level reaches"
                    ),
                    format_args!("ip neigh del proxy {shown} dev {name}"),
                );
            } else {
                found(
                    format_args!(
                        "{shown} is answered{on}{to}: it is not local, and {name} does proxy ARP for what is routed elsewhere, which no level reaches"
                    ),
                    format_args!("bind the VIP on lo, or set proxy_arp and proxy_arp_pvlan of all and {name} to 0"),
                );
            }
        }
    }
    if let (Ok(Some((why, target))), IpAddr::V4(_)) = (&announced, vip) {
        let Words { on, announce_is, announce_hint, first_target, .. } = speaker.words();
        let target: &dyn Display = if speaker.targets.first() == Some(target) { first_target } else { target };
        let mut found = |code, because, hint| {
            let code = if up { code } else { "leaks-when-up" };
            findings.add(code, severity, &about, format_args!("{shown} is announced{on}: {because}"), hint);
        };
        match why {
            Announced::AsSource => found(
                "vip-announced",
                format_args!(
                    "{announce_is}, so a request carries the source of the packet that waits for it, as one for {target}"
                ),
                format_args!("{announce_hint}"),
            ),
            Announced::InSubnet => found(
                "vip-announced",
                format_args!(
                    "{announce_is}, which keeps a source that shares a subnet with the target, as with {target}"
                ),
                format_args!("{announce_hint}"),
            ),
            Announced::AsBest => found(
                "vip-best-sender",
                format_args!(
                    "even at arp_announce 2 the kernel chooses it as the best address of {name}, as in a request for {target}"
                ),
                format_args!("remove it from {name} and bind it on lo"),
            ),
            Announced::AsFallback => found(
                "vip-fallback-sender",
                format_args!(
                    "{name} has no address of its own, so even at arp_announce 2 the kernel falls back to the first global address of the host"
                ),
                format_args!("bind the VIP with scope host, or give {name} an address of its own"),
            ),
        }
    }
    if up && (replies.is_none() || announced.is_err()) {
        findings.add(
            "levels-unknown",
            Severity::Unknown,
            &about,
            format_args!("whether {shown} is silent on {name} cannot be told: the levels of conf/all are unknown"),
            format_args!("mount proc, or run where /proc/sys can be read"),
        );
    }
    Verdict { vip, interface: name, replies, announces: announced.map(|why| why.is_some()).ok() }
}

/// The worst answer to any sender, and the first sender that gets it.
fn worst(view: &View<'_>, speaker: &Speaker<'_>, vip: Ipv4Addr) -> (Option<bool>, Option<Peer>) {
    if reply::is_hidden_from_all(view, &speaker.device, vip) {
        return (Some(false), None);
    }
    let mut worst = Some(false);
    for sender in speaker.senders.iter().filter(|sender| sender.address != vip) {
        match reply::process(view, &speaker.device, vip, sender.address, &mut Trace::off()).replies {
            Some(true) => return (Some(true), Some(*sender)),
            None => worst = None,
            Some(false) => {}
        }
    }
    (worst, None)
}

/// Whether a request can carry the VIP as its sender, why, and the first target that it is sent to. `Err(())`: a level that decides is unknown.
fn announced(view: &View<'_>, speaker: &Speaker<'_>, vip: Ipv4Addr) -> Result<Option<(Announced, Peer)>, ()> {
    let device = &speaker.device;
    if !view.is_local(IpAddr::V4(vip)) {
        return Ok(None);
    }
    for target in &speaker.targets {
        let sender = announce::solicit(view, device, target.address, Some(vip), &mut Trace::off());
        if sender.ok_or(())? != vip {
            continue;
        }
        let why = match device.arp_announce.effective.map(ArpAnnounce::of) {
            Some(ArpAnnounce::AnySource) => Announced::AsSource,
            Some(ArpAnnounce::SourceInSubnet) if device.has_subnet_of(target.address, Some(vip)) => Announced::InSubnet,
            _ if device.is_numbered() => Announced::AsBest,
            _ => Announced::AsFallback,
        };
        return Ok(Some((why, *target)));
    }
    Ok(None)
}
