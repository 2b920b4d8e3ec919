//! The verdict: is every VIP silent on every interface, and if not, why and what to do.

use std::cell::OnceCell;
use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;

use crate::arp::{Device, Role, View};
use crate::check_vip::{self, Judged};
use crate::error::{Error, Result};
use crate::interface::IfName;
use crate::model::Model;
use crate::peers::{self, Peer};
use crate::snapshot::{Interface, Snapshot};
use crate::sorted::each_once;
use crate::wording::Words;
use crate::{check_level, check_routing};

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

/// What a finding is about: an interface, a VIP, both, or the host as a whole.
#[derive(Clone, Copy, Default)]
pub(crate) struct About {
    pub interface: Option<IfName>,
    pub vip: Option<IpAddr>,
}

impl About {
    pub const HOST: About = About { interface: None, vip: None };

    pub fn interface(name: IfName) -> About {
        About { interface: Some(name), vip: None }
    }

    pub fn vip(vip: IpAddr) -> About {
        About { interface: None, vip: Some(vip) }
    }
}

impl Finding {
    pub(crate) fn new(
        code: &'static str,
        severity: Severity,
        about: About,
        message: fmt::Arguments<'_>,
        hint: fmt::Arguments<'_>,
    ) -> Finding {
        let mut found = Findings::default();
        found.add(code, severity, &about, message, hint);
        found.list.remove(0)
    }
}

/// What was found so far.
#[derive(Default)]
pub(crate) struct Findings {
    pub list: Vec<Finding>,
    /// Where texts are written before they are copied: they are long, and many.
    draft: String,
}

impl Findings {
    /// The one place where findings are made, for all that find something.
    #[inline(never)]
    pub fn add(
        &mut self,
        code: &'static str,
        severity: Severity,
        about: &About,
        message: fmt::Arguments<'_>,
        hint: fmt::Arguments<'_>,
    ) {
        let [message, hint] = [message, hint].map(|text| {
            self.draft.clear();
            let _ = self.draft.write_fmt(text);
            self.draft.as_str().to_owned()
        });
        let About { interface, vip } = *about;
        self.list.push(Finding { code, severity, interface, vip, message, hint });
    }
}

/// Puts findings in order of severity; those of one severity stay as they came.
pub(crate) fn most_important_first(findings: &mut Vec<Finding>) {
    if findings.is_sorted_by_key(|finding| finding.severity) {
        return;
    }
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

    /// Adds findings.
    pub(crate) fn add(&mut self, findings: Vec<Finding>) {
        self.ok &= findings.iter().all(|f| f.severity > Severity::Unknown);
        self.findings.extend(findings);
        most_important_first(&mut self.findings);
    }

    /// Whether a VIP is known not to be silent, or is not there.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

impl Snapshot {
    /// The VIPs that a check looks at when none is named: what is bound on loopback devices and VRFs outside 127.0.0.0/8 and ::1, what lvsarp
    /// marked as its own elsewhere, and the first address of each local route that was made by hand.
    pub fn vips(&self) -> Vec<IpAddr> {
        // In a VRF its own device takes the place of lo.
        let is_home = |i: &&Interface| i.is_loopback() || i.kind.as_deref() == Some("vrf");
        let loopback: Vec<u32> = self.interfaces.iter().filter(is_home).map(|i| i.index).collect();
        let bound = self.addresses.iter().filter(|a| {
            let ordinary = !a.local.is_loopback() && !matches!(a.local, IpAddr::V6(v6) if v6.is_unicast_link_local());
            ordinary && (loopback.contains(&a.index) || a.is_ours())
        });
        let mut vips: Vec<IpAddr> = bound.map(|a| a.local).collect();
        vips.extend(self.local_routes.iter().map(|r| r.prefix.address()).filter(|address| !address.is_loopback()));
        each_once(vips)
    }

    /// Says for every VIP and every interface that speaks ARP whether the kernel would answer for it or announce it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an empty list of VIPs, which would be silent whatever the host does.
    pub fn check(&self, vips: Option<&[IpAddr]>) -> Result<Report> {
        of(&Model::of(self), vips)
    }
}

pub(crate) fn of(model: &Model<'_>, vips: Option<&[IpAddr]>) -> Result<Report> {
    let found;
    let vips = match vips {
        Some([]) => {
            return Err(Error::input("an empty list", "name at least one VIP, or none at all to check what is bound"));
        }
        Some(vips) => vips,
        None => {
            found = model.snapshot().vips();
            &found
        }
    };
    Ok(check(&model.view(), vips))
}

/// An interface that speaks ARP, with the hosts around it.
pub(crate) struct Speaker<'a> {
    pub device: Device<'a>,
    pub up: bool,
    pub senders: Vec<Peer>,
    pub targets: Vec<Peer>,
    words: OnceCell<Words>,
}

impl Speaker<'_> {
    /// The words for it, which most checks need for no interface.
    pub fn words(&self) -> &Words {
        self.words.get_or_init(|| Words::of(&self.device, self.up, &self.targets))
    }
}

fn check(view: &View<'_>, vips: &[IpAddr]) -> Report {
    let mut findings = Findings::default();
    let mut verdicts = Vec::new();
    let mut speakers: Vec<Speaker<'_>> = Vec::new();
    for device in view.devices() {
        let (up, senders) = match view.role(&device) {
            // What is down has no routes yet, so that of its senders only the probe, which needs none, says how it will be.
            Role::Speaks { up: false } => (false, Peer::PROBE.into()),
            Role::Speaks { up: true } => (true, peers::senders(view, &device)),
            _ => continue,
        };
        speakers.push(Speaker { device, up, senders, targets: peers::targets(view, &device), words: OnceCell::new() });
    }
    if vips.is_empty() {
        let message = format_args!("no VIP is bound on lo, so there is nothing to keep silent");
        findings.add("no-vips", Severity::Info, &About::HOST, message, format_args!(""));
    }
    for vip in vips {
        check_vip::placement(view, *vip, &mut findings);
        let judged = Judged::of(view, *vip);
        for speaker in &speakers {
            let verdict = judged.on(speaker, &mut findings);
            if speaker.up {
                verdicts.push(verdict);
            }
        }
    }
    if !speakers.iter().any(|speaker| speaker.up) {
        let message = format_args!(
            "no interface that is up speaks ARP (all of them are loopback, NOARP or ports), so nothing can leak"
        );
        findings.add("nothing-needed", Severity::Info, &About::HOST, message, format_args!(""));
    }
    check_level::levels(view, vips.iter().any(IpAddr::is_ipv4), &mut findings);
    check_routing::routing(view, &speakers, vips, &verdicts, &mut findings);
    Report::new(findings.list, verdicts)
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
