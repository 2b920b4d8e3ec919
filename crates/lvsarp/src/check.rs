//! The verdict: is every VIP silent on every interface, and if not, why and what to do.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;

use crate::arp::announce::{self, Announced, Chosen};
use crate::arp::{Device, Role, View, reply};
use crate::error::{Error, Result};
use crate::interface::IfName;
use crate::snapshot::Snapshot;
use crate::wording::{announced_because, answered_because};

/// How much a [`Finding`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A VIP is not silent, or not there.
    Error,
    /// It could not be told whether a VIP is silent.
    Unknown,
    /// Silent now, but for a reason that may not last, or at a price.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// `error`, `unknown`, `warning` or `info`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Unknown => "unknown",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Finding {
    /// A stable word for programs, such as `vip-answered`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The interface that it is about.
    pub interface: Option<IfName>,
    /// The VIP that it is about.
    pub vip: Option<IpAddr>,
    /// What was found, in one sentence.
    pub message: String,
    /// What to do about it; empty where there is nothing to do.
    pub hint: String,
}

impl Finding {
    pub(crate) fn new(code: &'static str, severity: Severity, message: impl Into<String>) -> Finding {
        let message = message.into();
        Finding { code, severity, interface: None, vip: None, message, hint: String::new() }
    }

    pub(crate) fn on(mut self, interface: IfName) -> Finding {
        self.interface = Some(interface);
        self
    }

    pub(crate) fn about(mut self, vip: IpAddr) -> Finding {
        self.vip = Some(vip);
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Finding {
        self.hint = hint.into();
        self
    }
}

/// Puts findings in order of severity; those of one severity stay as they came.
pub(crate) fn most_important_first(findings: &mut Vec<Finding>) {
    let mut rest = std::mem::take(findings);
    for severity in [Severity::Error, Severity::Unknown, Severity::Warning, Severity::Info] {
        findings.extend(rest.extract_if(.., |finding| finding.severity == severity));
    }
}

/// What the kernel does about one VIP on one interface that is up and speaks ARP. `None`: a level that decides is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The VIP.
    pub vip: IpAddr,
    /// The interface.
    pub interface: IfName,
    /// Whether a who-has for the VIP that arrives here is answered, from some sender.
    pub replies: Option<bool>,
    /// Whether a request that leaves here can carry the VIP as its sender, for some target.
    pub announces: Option<bool>,
}

/// The answer to "is every VIP silent?".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// No finding is an error, and nothing that decides was unknown.
    pub ok: bool,
    /// What was found, the most important first.
    pub findings: Vec<Finding>,
    /// Every VIP on every interface that is up and speaks ARP.
    pub verdicts: Vec<Verdict>,
}

impl Report {
    fn new(mut findings: Vec<Finding>, verdicts: Vec<Verdict>) -> Report {
        most_important_first(&mut findings);
        let ok = findings.iter().all(|f| f.severity > Severity::Unknown);
        Report { ok, findings, verdicts }
    }

    /// Whether a VIP is known not to be silent, or is not there.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

impl Snapshot {
    /// The VIPs that a check looks at when none is named: what is bound on loopback devices outside 127.0.0.0/8 and ::1, what lvsarp marked as
    /// its own elsewhere, and the first address of each local route that was made by hand.
    pub fn vips(&self) -> Vec<IpAddr> {
        let loopback: Vec<u32> = self.interfaces.iter().filter(|i| i.is_loopback()).map(|i| i.index).collect();
        let bound = self.addresses.iter().filter(|a| {
            let ordinary = !a.local.is_loopback() && !matches!(a.local, IpAddr::V6(v6) if v6.is_unicast_link_local());
            ordinary && (loopback.contains(&a.index) || a.is_ours())
        });
        let routed = self.local_routes.iter().filter(|r| !r.prefix.address().is_loopback()).map(|r| r.prefix.address());
        let mut seen = HashSet::new();
        bound.map(|a| a.local).chain(routed).filter(|vip| seen.insert(*vip)).collect()
    }

    /// Says for every VIP and every interface that speaks ARP whether the kernel would answer for it or announce it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an empty list of VIPs, which would be silent whatever the host does.
    pub fn check(&self, vips: Option<&[IpAddr]>) -> Result<Report> {
        let found;
        let vips = match vips {
            Some([]) => {
                return Err(Error::input(
                    "an empty list",
                    "name at least one VIP, or none at all to check what is bound",
                ));
            }
            Some(vips) => vips,
            None => {
                found = self.vips();
                &found
            }
        };
        Ok(check(self, vips))
    }
}

fn check(snapshot: &Snapshot, vips: &[IpAddr]) -> Report {
    let view = View::new(snapshot);
    let mut findings = Vec::new();
    let mut verdicts = Vec::new();
    let speaking: Vec<(&Device<'_>, bool, Chosen)> = view
        .devices
        .iter()
        .filter_map(|device| match view.role(device) {
            Role::Speaks { up } => Some((device, up, Chosen::of(&view, device))),
            _ => None,
        })
        .collect();
    if vips.is_empty() {
        findings.push(Finding::new(
            "no-vips",
            Severity::Info,
            "no VIP is bound on lo, so there is nothing to keep silent",
        ));
    }
    for vip in vips {
        crate::check_vip::placement(&view, *vip, &mut findings);
        for (device, up, chosen) in &speaking {
            let verdict = judge(&view, device, *up, chosen, *vip, &mut findings);
            if *up {
                verdicts.push(verdict);
            }
        }
    }
    if !speaking.iter().any(|(_, up, _)| *up) {
        let message =
            "no interface that is up speaks ARP (all of them are loopback, NOARP or ports), so nothing can leak";
        findings.push(Finding::new("nothing-needed", Severity::Info, message));
    }
    crate::check_level::levels(&view, vips.iter().any(IpAddr::is_ipv4), &mut findings);
    Report::new(findings, verdicts)
}

/// One VIP on one interface.
fn judge(
    view: &View<'_>,
    device: &Device<'_>,
    up: bool,
    chosen: &Chosen,
    vip: IpAddr,
    findings: &mut Vec<Finding>,
) -> Verdict {
    let name = device.interface.name;
    let here = view.places(vip).iter().any(|a| a.index == device.interface.index);
    let (replies, announced) = match vip {
        IpAddr::V4(v4) => (reply::answered(view, device, v4), announce::announced(view, device, chosen, v4)),
        // net/ipv6/ndisc.c: ndisc_recv_ns() looks for the target on the receiving interface only, and a solicitation never carries another
        // interface's address.
        IpAddr::V6(_) => (Some(here), Ok(None)),
    };
    let severity = if up { Severity::Error } else { Severity::Warning };
    let when = if up { "" } else { " once it is up" };
    let mut found = |code, severity, message: String, hint: String| {
        findings.push(Finding::new(code, severity, message).on(name).about(vip).hint(hint));
    };
    if here {
        let message = match (replies, vip) {
            (Some(false), _) => {
                format!("{vip} is bound on {name}, which speaks ARP; only arp_ignore 8 keeps it silent there")
            }
            (_, IpAddr::V4(_)) => {
                format!("{vip} is answered on {name}{when}: it is bound there, where no arp_ignore but 8 hides it")
            }
            (_, IpAddr::V6(_)) => {
                format!("{vip} is answered on {name}{when}: it is bound there, and neighbour discovery has no levels")
            }
        };
        let severity = if replies == Some(false) { Severity::Warning } else { severity };
        found("vip-on-interface", severity, message, format!("remove it from {name} and bind it on lo"));
    } else if let (Some(true), IpAddr::V4(v4)) = (replies, vip) {
        let code = if up { "vip-answered" } else { "leaks-when-up" };
        let (because, hint) = answered_because(view, device, v4);
        found(code, severity, format!("{vip} is answered on {name}{when}: {because}"), hint);
    }
    if let (Ok(Some(why)), IpAddr::V4(_)) = (&announced, vip) {
        let code = match why {
            _ if !up => "leaks-when-up",
            Announced::AsFallback => "vip-fallback-sender",
            _ => "vip-announced",
        };
        let (because, hint) = announced_because(device, *why);
        found(code, severity, format!("{vip} is announced on {name}{when}: {because}"), hint);
    }
    if up && (replies.is_none() || announced.is_err()) {
        let message = format!("whether {vip} is silent on {name} cannot be told: the levels of conf/all are unknown");
        found(
            "levels-unknown",
            Severity::Unknown,
            message,
            "mount proc, or run where /proc/sys can be read".to_owned(),
        );
    }
    Verdict { vip, interface: name, replies, announces: announced.map(|why| why.is_some()).ok() }
}

/// Addresses that stand for a whole prefix: its first one, and the first one in each subnet of the host that it shares.
pub(crate) fn representatives(snapshot: &Snapshot, prefix: crate::Prefix) -> Vec<IpAddr> {
    let mut addresses = vec![prefix.address()];
    for address in &snapshot.addresses {
        let subnet = address.subnet().network();
        if !subnet.is_host() && subnet.overlaps(prefix) {
            let inner = if subnet.len() > prefix.len() { subnet } else { prefix };
            let first = match inner.address() {
                IpAddr::V4(a) => IpAddr::V4(Ipv4Addr::from(u32::from(a).saturating_add(1))),
                v6 => v6,
            };
            if !addresses.contains(&first) {
                addresses.push(first);
            }
        }
    }
    addresses
}
