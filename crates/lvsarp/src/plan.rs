//! The plan: a desired real server and a snapshot in, ordered steps with reasons out. Pure.

use std::net::IpAddr;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::address::{Binding, Method, route, same_binding};
use crate::arp::View;
use crate::change::{Change, Step};
use crate::check::{About, Finding, Findings, Report, Severity, Verdict, most_important_first, representatives};
use crate::error::{Error, Result};
use crate::flags::AddressScope;
use crate::interface::IfName;
use crate::model::Model;
use crate::plan_level;
use crate::shown::Shown;
use crate::snapshot::{Address, Interface, Snapshot};
use crate::sorted::{Sorted, each_once};
use crate::undo::left_alone;
use crate::vip::{Prefix, Vip, mask4};

/// Where the levels are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LevelScope {
    /// On `all` (and `lo`, as the classic recipe has it), plus on single interfaces where `all` is not enough. Interfaces that are added later are
    /// covered.
    #[default]
    All,
    /// Only on the interfaces that are up and speak ARP: `all` stays as it is, for hosts where it would reach containers. Interfaces that are
    /// added later are not covered.
    Interface,
}

/// The real server that is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The VIPs to hold, each once.
    pub vips: Vec<Vip>,
    /// Prefixes to accept as a whole, each by one local route.
    pub prefixes: Vec<Prefix>,
    /// Where the levels are set.
    pub scope: LevelScope,
    /// The device of the VIPs.
    pub dev: IfName,
    /// The label of the IPv4 VIPs. None: that of an address that is there already, or the device's name.
    pub label: Option<String>,
    /// The scope of the IPv4 VIPs. None: host where an interface without an address of its own would announce a global one, otherwise that of an
    /// address that is there already, or global.
    pub address_scope: Option<AddressScope>,
    /// How the VIPs are bound.
    pub method: Method,
    /// Bind on a loopback device even with a prefix that makes a whole subnet local.
    pub force: bool,
    /// Remove the VIPs and prefixes that earlier applies bound and that are not named here. Only a host knows them, by its journal. Needs the
    /// crate's feature `exact`.
    pub exact: bool,
}

impl Desired {
    /// VIPs on `lo`, levels on `all`, everything else as the plan finds best.
    pub fn new(vips: impl IntoIterator<Item = Vip>) -> Desired {
        Desired {
            vips: vips.into_iter().collect(),
            prefixes: Vec::new(),
            scope: LevelScope::All,
            dev: IfName::from_kernel(b"lo"),
            label: None,
            address_scope: None,
            method: Method::Netlink,
            force: false,
            exact: false,
        }
    }

    /// What can be said against it without looking at a host.
    pub(crate) fn check(&self) -> Result<()> {
        if self.exact && !self.is_exact() {
            return Err(Error::input("an exact apply", "lvsarp was built without the feature exact"));
        }
        if self.vips.is_empty() && self.prefixes.is_empty() {
            return Err(Error::input("an empty list of VIPs", "name at least one VIP or prefix"));
        }
        let sorted = Sorted::by(&self.vips, |vip| vip.address());
        for (i, vip) in self.vips.iter().enumerate() {
            if sorted.position(vip.address()) != Some(i) {
                return Err(Error::input(format_args!("VIP {}", vip.address()), "it is named twice"));
            }
        }
        for (i, prefix) in self.prefixes.iter().enumerate() {
            if self.prefixes[..i].contains(prefix) {
                return Err(Error::input(format_args!("prefix {prefix}"), "it is named twice"));
            }
        }
        if self.label.is_some() && !self.vips.iter().any(|vip| vip.address().is_ipv4()) {
            return Err(Error::input("a label", "none of the VIPs is an IPv4 address"));
        }
        Ok(())
    }

    pub(crate) fn is_exact(&self) -> bool {
        cfg!(feature = "exact") && self.exact
    }

    /// Whether an earlier apply bound what is not wanted any more. What was there before it, and was bound anew, stays.
    pub(crate) fn drops(&self, made: &Change, dev: u32) -> bool {
        match made {
            Change::Address { old: None, new: Some(new), .. } => {
                let same = |vip: &Vip| vip.address() == new.local && vip.prefix().len() == new.prefixlen;
                new.index != dev || !self.vips.iter().any(same)
            }
            Change::Route { old: None, new: Some(new) } => !self.prefixes.contains(&new.prefix),
            _ => false,
        }
    }

    pub(crate) fn has_ipv4(&self) -> bool {
        let mut prefixes = self.prefixes.iter().map(|prefix| prefix.address());
        self.vips.iter().any(|vip| vip.address().is_ipv4()) || prefixes.any(|address| address.is_ipv4())
    }

    /// The addresses that a report must find silent: the VIPs, and a few that stand for each prefix.
    pub(crate) fn watched(&self, snapshot: &Snapshot) -> Vec<IpAddr> {
        let mut addresses: Vec<IpAddr> = self.vips.iter().map(|vip| vip.address()).collect();
        for prefix in &self.prefixes {
            addresses.extend(representatives(snapshot, *prefix));
        }
        each_once(addresses)
    }

    /// The findings that forbid to go on.
    pub(crate) fn blockers<'a>(&self, findings: &'a [Finding]) -> impl Iterator<Item = &'a Finding> {
        let forced = self.force;
        findings.iter().filter(move |f| f.severity <= Severity::Unknown && !(forced && f.code == "subnet-on-loopback"))
    }
}

/// What would be done, and what would be found afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The steps, in order: levels first, then addresses.
    pub steps: Vec<Step>,
    /// What the steps may break elsewhere, and what a check would find after them.
    pub findings: Vec<Finding>,
    /// Whether every VIP is silent after the steps.
    pub ok: bool,
}

impl Plan {
    /// Whether there is anything to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl Serialize for Plan {
    /// `{"changed", "steps", "findings", "ok"}`: as the result of an apply, with `changed` false and the verdict on what would be.
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        let mut plan = s.serialize_struct("Plan", 4)?;
        plan.serialize_field("changed", &false)?;
        plan.serialize_field("steps", &self.steps)?;
        plan.serialize_field("findings", &self.findings)?;
        plan.serialize_field("ok", &self.ok)?;
        plan.end()
    }
}

impl Snapshot {
    /// Works out what has to be done, in order and with reasons, and what would be found afterwards. Nothing that is already right is planned, and
    /// nothing that is silent now is made less so.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a wish that can never be right, also for an exact one,
    /// [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface) if the device is not there.
    pub fn plan(&self, desired: &Desired) -> Result<Plan> {
        match desired.exact {
            true => {
                Err(Error::input("an exact plan of a snapshot", "what earlier applies bound is known on the host only"))
            }
            false => self.plan_beside(desired, &[]),
        }
    }

    /// As [`Snapshot::plan`], for a host where earlier applies have changed this.
    pub(crate) fn plan_beside(&self, desired: &Desired, earlier: &[Change]) -> Result<Plan> {
        desired.check()?;
        let interface = self.interface(&desired.dev)?;
        no_broadcast(self, &desired.vips)?;
        let model = Model::of(self);
        let view = model.view();
        let keep_three = plan_level::keeps_level_three(&view);
        let scope = scope_of_new(&view, desired, keep_three);

        let mut findings = Findings::default();
        let three = keep_three && scope == Some(AddressScope::HOST) && desired.prefixes.is_empty();
        // Neighbour discovery answers for the receiving interface's own addresses only: IPv6 needs no levels.
        let mut steps = match desired.has_ipv4() {
            true => plan_level::steps(&view, desired.scope, three, &mut findings),
            false => Vec::new(),
        };
        let mut findings = findings.list;
        let mut labels = Labels::of(&view, interface, desired)?;
        for vip in &desired.vips {
            steps.extend(address_step(&view, interface, desired, *vip, scope, &mut labels)?);
        }
        for prefix in &desired.prefixes {
            let wanted = route::local_route(*prefix, interface)?;
            if !self.local_routes.iter().any(|r| r.prefix == wanted.prefix && r.table == wanted.table) {
                let reason = format!("the host must accept packets to every address in {prefix}");
                steps.push(Step { change: Change::Route { old: None, new: Some(wanted) }, reason });
            }
        }

        if desired.is_exact() {
            let shown = Shown::of(self);
            for change in earlier.iter().filter(|change| desired.drops(change, interface.index)) {
                let inverse = change.inverse();
                if shown.holds(change) {
                    let reason = "an earlier apply bound it, and it is not listed any more";
                    steps.push(Step { change: inverse, reason: reason.to_owned() });
                } else if !shown.holds(&inverse) {
                    findings.push(left_alone(change));
                }
            }
        }

        let mut after = self.clone();
        after.foresee(&steps);
        let watched = desired.watched(&after);
        let report = after.check(Some(&watched))?;
        let ok = desired.blockers(&report.findings).next().is_none();
        if !steps.is_empty() {
            findings.extend(remembered(&model.check(Some(&watched))?, &report));
        }
        findings.extend(report.findings);
        most_important_first(&mut findings);
        Ok(Plan { steps, findings, ok })
    }
}

/// A VIP that leaks before the plan and is silent after it: whoever heard of it keeps what it heard.
fn remembered(before: &Report, after: &Report) -> Option<Finding> {
    let leaks = |v: &&Verdict| v.replies == Some(true) || v.announces == Some(true);
    let vip = before.verdicts.iter().find(leaks)?.vip;
    after.ok.then(|| peers_may_remember(vip))
}

/// That neighbours may still have this host's MAC for a VIP.
pub(crate) fn peers_may_remember(vip: IpAddr) -> Finding {
    Finding::new(
        "peers-may-remember",
        Severity::Info,
        About::vip(vip),
        format_args!(
            "{vip} was not silent before the levels were set: neighbours and routers that heard of it then may still have this host's MAC"
        ),
        format_args!("let the director announce the VIP by a gratuitous ARP; this host must not"),
    )
}

/// The broadcast address of a subnet that the host is in can be nobody's VIP, although the kernel binds it.
pub(crate) fn no_broadcast(snapshot: &Snapshot, vips: &[Vip]) -> Result<()> {
    for own in snapshot.addresses.iter().filter(|a| a.local.is_ipv4() && a.prefixlen <= 30) {
        let subnet = own.subnet().network();
        let is_last = |vip: &&Vip| match (subnet.address(), vip.address()) {
            (IpAddr::V4(network), IpAddr::V4(vip)) => u32::from(network) | !mask4(subnet.len()) == u32::from(vip),
            _ => false,
        };
        if let Some(vip) = vips.iter().find(is_last) {
            let cause = format!("it is the broadcast address of {subnet} on {}", own.dev);
            return Err(Error::input(format_args!("address {} as a VIP", vip.address()), cause));
        }
    }
    Ok(())
}

/// The scope that the plan insists on; `None`: whatever is there, or global.
pub(crate) fn scope_of_new(view: &View<'_>, desired: &Desired, keep_three: bool) -> Option<AddressScope> {
    match desired.address_scope {
        Some(scope) => Some(scope),
        None if desired.method == Method::Ioctl => Some(AddressScope::GLOBAL),
        // An interface without an address of its own falls back to the first global address of the host as its sender, even at level 2.
        None if keep_three || plan_level::unnumbered(view).next().is_some() => Some(AddressScope::HOST),
        None => None,
    }
}

/// Binds one VIP, or binds it anew where its scope or label is another one.
pub(crate) fn address_step(
    view: &View<'_>,
    interface: &Interface,
    desired: &Desired,
    vip: Vip,
    scope: Option<AddressScope>,
    labels: &mut Labels,
) -> Result<Option<Step>> {
    let v4 = vip.address().is_ipv4();
    let same = |a: &&Address| a.index == interface.index && a.prefixlen == vip.prefix().len() && a.peer.is_none();
    let there: Option<&Address> = view.places(vip.address()).find(same);
    let label = match (&desired.label, there) {
        (None, None) if v4 => labels.next(desired),
        (label, _) => label.clone(),
    };
    let binding = Binding {
        vip,
        dev: desired.dev,
        label: label.filter(|_| v4),
        scope: scope.or(there.map(|a| a.scope)).filter(|_| v4).unwrap_or(AddressScope::GLOBAL),
        method: desired.method,
        force: desired.force,
    };
    let new = match there {
        // The label that is there stays, also one that breaks the rules for ours.
        Some(old) if desired.label.is_none() => Address { label: old.label.clone(), ..binding.address(interface)? },
        _ => binding.address(interface)?,
    };
    let reason = match there {
        Some(old) if same_binding(old, &new) => return Ok(None),
        Some(old) if old.scope != new.scope && desired.address_scope.is_none() => {
            format!("an interface without an address of its own would announce it with scope {}", old.scope)
        }
        Some(_) => "its scope or label is to be another one, and the kernel's replace changes neither".to_owned(),
        None if scope == Some(AddressScope::HOST) && desired.address_scope.is_none() && v4 => {
            "the real server must accept packets to the VIP; with scope host no interface falls back to it as a sender"
                .to_owned()
        }
        None => "the real server must accept packets to the VIP".to_owned(),
    };
    let change = Change::Address { old: there.cloned(), new: Some(new), method: desired.method };
    Ok(Some(Step { change, reason }))
}

/// The labels that `ioctl` needs: one for each address, each free.
pub(crate) struct Labels {
    /// Those that the device has.
    taken: Vec<String>,
    next: usize,
}

impl Labels {
    pub fn of(view: &View<'_>, interface: &Interface, desired: &Desired) -> Result<Labels> {
        let v4 = desired.vips.iter().filter(|vip| vip.address().is_ipv4()).count();
        if desired.method == Method::Ioctl && desired.label.is_some() && v4 > 1 {
            return Err(Error::input(
                "one label",
                format_args!("ioctl gives each address a label of its own, and there are {v4} VIPs"),
            ));
        }
        let device = view.device(interface.index);
        let taken = device.iter().flat_map(|d| d.ipv4()).filter_map(|(a, _)| a.label.as_deref().map(str::to_owned));
        Ok(Labels { taken: taken.collect(), next: 0 })
    }

    /// The first free `dev:N`; none where a label is not needed.
    fn next(&mut self, desired: &Desired) -> Option<String> {
        if desired.method != Method::Ioctl {
            return None;
        }
        loop {
            let label = format!("{}:{}", desired.dev, self.next);
            self.next += 1;
            if !self.taken.contains(&label) {
                return Some(label);
            }
        }
    }
}
