//! The plans on snapshots, which need no kernel.

use super::{RoleSwitch, demotion, promotion};
use crate::change::Step;
use crate::interface::IfName;
use crate::plan::Plan;
use crate::snapshot::Snapshot;
use crate::vip::Vip;

pub(crate) const RIP: &str = r#"{"index":2,"dev":"eth0","local":"192.0.2.11","peer":null,"prefixlen":24,"broadcast":null,"scope":"global","label":"eth0","flags":["permanent"],"metric":null,"proto":null,"valid_lft":null,"preferred_lft":null}"#;

/// A host with lo, eth0 and these addresses, at these levels.
pub(crate) fn host(levels: (i32, i32), addresses: &[String]) -> Snapshot {
    let interface = |index: u32, name: &str, hardware: u32, flags: &str| {
        format!(
            r#"{{"index":{index},"name":"{name}","kind":null,"flags":[{flags}],"hardware":{hardware},"mac":null,"mtu":1500,"master":null,
               "vrf_table":null,"link":null,"xdp":null,"port_answers":null,"conf":{{"arp_ignore":0,"arp_announce":0}}}}"#
        )
    };
    let json = format!(
        r#"{{"format":2,"kernel":"6.18.0","proc_sys":"read-write","all":{{"arp_ignore":{},"arp_announce":{}}},"default":{{}},
           "interfaces":[{},{}],"addresses":[{}],"local_routes":[],"routing":null,"filters":null}}"#,
        levels.0,
        levels.1,
        interface(1, "lo", 772, r#""UP","LOOPBACK""#),
        interface(2, "eth0", 1, r#""UP","BROADCAST""#),
        addresses.join(","),
    );
    Snapshot::from_json(&json).unwrap()
}

/// An address as RIP, with other attributes.
pub(crate) fn address(local: &str, prefixlen: u8, dev: &str, label: &str) -> String {
    let index = if dev == "lo" { 1 } else { 2 };
    RIP.replace("192.0.2.11", local)
        .replace("\"prefixlen\":24", &format!("\"prefixlen\":{prefixlen}"))
        .replace("\"label\":\"eth0\"", &format!("\"label\":\"{label}\""))
        .replace("\"index\":2,\"dev\":\"eth0\"", &format!("\"index\":{index},\"dev\":\"{dev}\""))
}

fn switch() -> RoleSwitch {
    RoleSwitch::new([Vip::parse("192.0.2.10").unwrap()], IfName::new("eth0").unwrap())
}

fn told(steps: &[Step]) -> Vec<String> {
    steps.iter().map(|step| step.change.to_string()).collect()
}

fn codes(plan: &Plan) -> Vec<&'static str> {
    plan.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn promote_binds_before_it_removes_and_the_label_follows_the_device() {
    let now = host((1, 2), &[RIP.to_owned(), address("192.0.2.10", 32, "lo", "lo:web")]);
    let plan = promotion::plan(&now, &switch()).unwrap();
    assert_eq!(
        told(&plan.steps),
        ["bind 192.0.2.10/32 dev eth0: scope global label eth0:web", "unbind 192.0.2.10/32 dev lo"]
    );
    assert!(plan.ok && plan.findings.is_empty(), "{:?}", plan.findings);
}

#[test]
fn promote_leaves_what_another_program_bound_whatever_its_prefix() {
    let addresses =
        [RIP.to_owned(), address("192.0.2.10", 32, "lo", "lo"), address("192.0.2.10", 24, "eth0", "eth0:ka")];
    let plan = promotion::plan(&host((1, 2), &addresses), &switch()).unwrap();
    assert_eq!(told(&plan.steps), ["unbind 192.0.2.10/32 dev lo"]);
    let owned = promotion::plan(&host((1, 2), &addresses[2..]), &switch()).unwrap();
    assert!(owned.steps.is_empty() && owned.ok);
}

#[test]
fn promote_says_that_a_vip_was_nowhere_and_that_level_8_hides_it() {
    let plan = promotion::plan(&host((8, 2), &[RIP.to_owned()]), &switch()).unwrap();
    assert_eq!(codes(&plan), ["vip-was-nowhere", "owner-is-silent"]);
    assert!(plan.ok);
}

#[test]
fn demote_sets_the_levels_first_and_removes_every_place_on_the_interface_last() {
    let owned =
        [RIP.to_owned(), address("192.0.2.10", 25, "eth0", "eth0:web"), address("192.0.2.10", 32, "eth0", "eth0")];
    let plan = demotion::plan(&host((0, 0), &owned), &switch(), &[]).unwrap();
    assert_eq!(
        told(&plan.steps)[..],
        [
            "set all/arp_ignore: 0 -> 1",
            "set lo/arp_ignore: 0 -> 1",
            "set all/arp_announce: 0 -> 2",
            "set lo/arp_announce: 0 -> 2",
            "bind 192.0.2.10/32 dev lo: scope global label lo:web",
            "unbind 192.0.2.10/25 dev eth0",
            "unbind 192.0.2.10/32 dev eth0",
        ]
    );
    assert!(plan.ok, "{:?}", plan.findings);
}

#[test]
fn demote_brings_back_the_address_that_a_promote_removed_where_another_program_bound_the_owners() {
    let before = host((1, 2), &[RIP.to_owned(), address("192.0.2.10", 32, "lo", "lo:web")]);
    let removed = promotion::plan(&before, &switch()).unwrap().steps.pop().unwrap().change;
    let now = host((1, 2), &[RIP.to_owned(), address("192.0.2.10", 32, "eth0", "eth0")]);
    let plan = demotion::plan(&now, &switch(), std::slice::from_ref(&removed)).unwrap();
    assert!(told(&plan.steps).contains(&"bind 192.0.2.10/32 dev lo: scope global label lo:web".to_owned()));
}

#[test]
fn demote_of_the_only_address_binds_it_with_scope_host() {
    let plan = demotion::plan(&host((0, 0), &[address("192.0.2.10", 24, "eth0", "eth0")]), &switch(), &[]).unwrap();
    assert!(told(&plan.steps).contains(&"bind 192.0.2.10/32 dev lo: scope host label lo".to_owned()));
    assert!(codes(&plan).contains(&"routes-would-go"));
}

#[test]
fn a_wish_that_can_never_be_is_an_error_of_both() {
    let now = host((1, 2), &[RIP.to_owned()]);
    let vip = Vip::parse("192.0.2.10").unwrap();
    let lo = IfName::new("lo").unwrap();
    for wrong in [
        RoleSwitch { vips: Vec::new(), ..switch() },
        RoleSwitch { vips: vec![vip, vip], ..switch() },
        RoleSwitch { vips: vec![Vip::parse("192.0.2.10/24").unwrap()], ..switch() },
        RoleSwitch { vips: vec![Vip::parse("192.0.2.255").unwrap()], ..switch() },
        RoleSwitch { on: lo, ..switch() },
        RoleSwitch { on: IfName::new("eth9").unwrap(), ..switch() },
    ] {
        assert!(promotion::plan(&now, &wrong).is_err(), "{wrong:?}");
        assert!(demotion::plan(&now, &wrong, &[]).is_err(), "{wrong:?}");
    }
}
