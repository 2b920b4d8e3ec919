//! Findings about routing: what answers although no level reaches it, and what keeps the host's own addresses from being answered.

use std::net::{IpAddr, Ipv4Addr};

use crate::arp::fib::kind;
use crate::arp::trace::Trace;
use crate::arp::{View, reply};
use crate::check::{About, Findings, Severity, Speaker, Verdict};
use crate::filters::Way;
use crate::flags::AddressScope;
use crate::key::Key;
use crate::level::ArpIgnore;
use crate::peers::{Peer, Who};
use crate::routing::{LOCAL, Route};
use crate::vip::Prefix;
use crate::wording::text;

/// Looks at every interface that is up and speaks ARP. The verdicts come VIP by VIP, each with every such interface.
pub(crate) fn routing(
    view: &View<'_>,
    speakers: &[Speaker<'_>],
    vips: &[IpAddr],
    verdicts: &[Verdict],
    findings: &mut Findings,
) {
    wide_routes(view, speakers, vips, findings);
    let columns = speakers.iter().filter(|speaker| speaker.up).count();
    for (column, speaker) in speakers.iter().filter(|speaker| speaker.up).enumerate() {
        for verdict in verdicts.iter().skip(column).step_by(columns) {
            if let IpAddr::V4(vip) = verdict.vip {
                proxied_later(view, speaker, vip, findings);
                // Where nobody at all is answered, all are treated alike.
                if verdict.replies != Some(false) {
                    probe_misleads(view, speaker, vip, findings);
                }
            }
        }
        own_addresses(view, speaker, vips, findings);
        filtered(view, speaker, findings);
    }
}

/// Local routes that take neighbours for this host, but for those of the VIPs, which are found with them.
fn wide_routes(view: &View<'_>, speakers: &[Speaker<'_>], vips: &[IpAddr], findings: &mut Findings) {
    let of_vip = |subnet: Prefix| {
        let mut places = vips.iter().flat_map(|vip| view.places(*vip));
        places.any(|address| address.subnet().network() == subnet)
    };
    let is_wide = |route: &&Route| {
        let prefix = route.prefix;
        route.table == LOCAL && route.kind == kind::LOCAL && !prefix.is_host() && !prefix.address().is_loopback()
    };
    for route in view.routing.routes.iter().filter(is_wide).filter(|route| !of_vip(route.prefix)) {
        let has_neighbours = |speaker: &&Speaker<'_>| {
            speaker
                .device
                .ipv4()
                .any(|(own, _)| !own.subnet().is_host() && own.subnet().network().overlaps(route.prefix))
        };
        if let Some(speaker) = speakers.iter().find(has_neighbours) {
            let (prefix, name) = (route.prefix, speaker.device.interface.name);
            findings.add(
                "subnet-on-loopback",
                Severity::Warning,
                &About::interface(name),
                format_args!(
                    "all of {prefix} is local by a route: neighbours on {name} that are in it cannot be reached"
                ),
                format_args!("bind single addresses instead of {prefix}"),
            );
        }
    }
}

/// Packet filters and the like, which see ARP and are outside of the model.
fn filtered(view: &View<'_>, speaker: &Speaker<'_>, findings: &mut Findings) {
    let name = speaker.device.interface.name;
    let mut caveats = view.caveats(&speaker.device, Way::Reply);
    for caveat in view.caveats(&speaker.device, Way::Announce) {
        if !caveats.contains(&caveat) {
            caveats.push(caveat);
        }
    }
    if !caveats.is_empty() {
        findings.add(
            "packet-filter",
            Severity::Info,
            &About::interface(name),
            format_args!("what is said of {name} holds without packet filters: {}", caveats.join("; ")),
            format_args!(
                "test with real requests; a filter that hides a VIP may be gone after an update of the kernel"
            ),
        );
    }
}

/// A VIP that is local now, and would be answered by proxy ARP without that.
fn proxied_later(view: &View<'_>, speaker: &Speaker<'_>, vip: Ipv4Addr, findings: &mut Findings) {
    let device = &speaker.device;
    let (index, name) = (device.interface.index, device.interface.name);
    if !device.own_is_set(Key::Forwarding) || !view.is_local(IpAddr::V4(vip)) {
        return;
    }
    let entry = || view.routing.proxies.iter().any(|p| p.address == vip && (p.index == 0 || p.index == index));
    let does_proxy = device.is_set(Key::ProxyArp);
    if !does_proxy && !entry() {
        return;
    }
    let how = text(|f| match does_proxy {
        true => write!(f, "{name} does proxy ARP for what is routed elsewhere"),
        false => write!(f, "there is a proxy entry for it on {name}"),
    });
    findings.add(
        "proxy-arp",
        Severity::Warning,
        &About { interface: Some(name), vip: Some(IpAddr::V4(vip)) },
        format_args!("once {vip} is no longer bound it may be answered on {name} whatever the levels are: {how}"),
        format_args!("remove the proxy entry, or set proxy_arp to 0 where it is not needed"),
    );
}

/// Where a probe for duplicates gets another answer than a neighbour, `arping -D` proves nothing.
fn probe_misleads(view: &View<'_>, speaker: &Speaker<'_>, vip: Ipv4Addr, findings: &mut Findings) {
    let device = &speaker.device;
    let name = device.interface.name;
    let Some(neighbour) = speaker.senders.first().filter(|peer| matches!(peer.who, Who::Neighbour(_))) else { return };
    let answer = |sender: Ipv4Addr| reply::process(view, device, vip, sender, &mut Trace::off()).replies;
    if let (Some(probe), Some(other)) = (answer(Ipv4Addr::UNSPECIFIED), answer(neighbour.address))
        && probe != other
    {
        let words = |answered| if answered { "is answered" } else { "is not answered" };
        findings.add(
            "probe-misleads",
            Severity::Warning,
            &About { interface: Some(name), vip: Some(IpAddr::V4(vip)) },
            format_args!(
                "a probe for {vip} on {name} (sender 0.0.0.0, as arping -D sends it) {}, a request of {neighbour} {}",
                words(probe),
                words(other)
            ),
            format_args!("test with a real sender address as well"),
        );
    }
}

/// The addresses that the interface itself should be found by.
fn own_addresses(view: &View<'_>, speaker: &Speaker<'_>, vips: &[IpAddr], findings: &mut Findings) {
    let device = &speaker.device;
    let name = device.interface.name;
    // That level has a finding of its own.
    if device.arp_ignore.effective.is_none_or(|level| ArpIgnore::of(level) == ArpIgnore::Never) {
        return;
    }
    for (address, own) in device.ipv4() {
        let subnet = address.subnet().network();
        let in_subnet = |peer: &&Peer| peer.who == Who::Neighbour(subnet);
        let Some(neighbour) = speaker.senders.iter().find(in_subnet) else { continue };
        let reachable = address.scope <= AddressScope::LINK && address.peer.is_none();
        if !reachable || vips.contains(&IpAddr::V4(own)) {
            continue;
        }
        let mut trace = Trace::on();
        if reply::process(view, device, own, neighbour.address, &mut trace).replies == Some(false) {
            let (because, ..) = trace.written().read();
            findings.add(
                "own-address-silent",
                Severity::Warning,
                &About::interface(name),
                format_args!("{own} of {name} itself is not answered to {neighbour}: {because}"),
                format_args!("neighbours lose this host when their caches expire"),
            );
        }
    }
}
