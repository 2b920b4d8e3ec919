//! Decisions on hosts that are described, not run: the rules that a live namespace here cannot show, and the ones that are easy to get wrong.

use lvsarp::{Desired, Report, Snapshot, Vip};
use serde_json::{Value, json};

/// A host on a kernel: `all`'s levels, then interfaces and addresses.
fn host(kernel: &str, all: (i32, i32), interfaces: &[Value], addresses: &[Value]) -> Snapshot {
    let conf = json!({"arp_ignore": all.0, "arp_announce": all.1, "route_localnet": 0});
    let mut listed = vec![interface(1, "lo", json!({"flags": ["UP", "LOOPBACK"], "hardware": 772}))];
    listed.extend_from_slice(interfaces);
    let snapshot = json!({
        "format": 1, "kernel": kernel, "proc_sys": "read-write", "all": conf, "default": {"arp_ignore": 0, "arp_announce": 0},
        "interfaces": listed, "addresses": addresses, "local_routes": [],
    });
    Snapshot::from_json(&snapshot.to_string()).unwrap()
}

fn interface(index: u32, name: &str, more: Value) -> Value {
    let mut interface = json!({
        "index": index, "name": name, "kind": null, "flags": ["UP", "BROADCAST"], "hardware": 1, "mac": null, "mtu": 1500,
        "master": null, "link": null, "conf": {"arp_ignore": 0, "arp_announce": 0, "route_localnet": 0},
    });
    for (key, value) in more.as_object().unwrap() {
        interface[key] = value.clone();
    }
    interface
}

fn address(index: u32, dev: &str, local: &str, len: u8, scope: &str) -> Value {
    json!({
        "index": index, "dev": dev, "local": local, "peer": null, "prefixlen": len, "broadcast": null, "scope": scope, "label": dev,
        "flags": ["permanent"], "proto": null, "valid_lft": null, "preferred_lft": null,
    })
}

fn check(snapshot: &Snapshot, vip: &str) -> Report {
    snapshot.check(Some(&[vip.parse().unwrap()])).unwrap()
}

/// Replies and announces on an interface.
fn verdict(snapshot: &Snapshot, vip: &str, on: &str) -> (bool, bool) {
    let report = check(snapshot, vip);
    let v =
        report.verdicts.iter().find(|v| v.interface.to_string() == on).unwrap_or_else(|| panic!("no verdict on {on}"));
    (v.replies.unwrap(), v.announces.unwrap())
}

fn codes(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|f| f.code).collect()
}

const VIP: &str = "10.0.0.100";

#[test]
fn level_one_still_announces_a_vip_of_the_interfaces_own_subnet_and_only_that() {
    let eth0 = interface(2, "eth0", json!({}));
    for (vip, announces) in [("10.0.0.100", true), ("192.0.2.1", false)] {
        let lo_vip = address(1, "lo", vip, 32, "global");
        let snapshot =
            host("6.1.0", (1, 1), std::slice::from_ref(&eth0), &[lo_vip, address(2, "eth0", "10.0.0.1", 24, "global")]);
        assert_eq!(verdict(&snapshot, vip, "eth0"), (false, announces), "{vip}");
    }
}

#[test]
fn an_unnumbered_interface_falls_back_to_the_first_global_address_only() {
    let eth0 = interface(2, "eth0", json!({}));
    let first = address(1, "lo", "10.0.0.100", 32, "global");
    let second = address(1, "lo", "10.0.0.101", 32, "global");
    let snapshot = host("6.1.0", (1, 2), std::slice::from_ref(&eth0), &[first, second]);
    assert_eq!(verdict(&snapshot, "10.0.0.100", "eth0"), (false, true));
    assert_eq!(verdict(&snapshot, "10.0.0.101", "eth0"), (false, false));
    assert!(codes(&check(&snapshot, VIP)).contains(&"vip-fallback-sender"));
    // Scope link reaches the link, yet the fallback passes it over (net/ipv4/devinet.c: in_dev_select_addr()).
    let link = host("6.1.0", (1, 2), &[eth0], &[address(1, "lo", VIP, 32, "link")]);
    assert_eq!(verdict(&link, VIP, "eth0"), (false, false));
}

#[test]
fn a_secondary_address_or_one_of_scope_host_does_not_number_an_interface() {
    let mut secondary = address(2, "eth0", "10.0.0.1", 24, "global");
    secondary["flags"] = json!(["secondary", "permanent"]);
    for own in [secondary, address(2, "eth0", "10.0.0.1", 24, "host")] {
        let snapshot =
            host("6.1.0", (1, 2), &[interface(2, "eth0", json!({}))], &[address(1, "lo", VIP, 32, "global"), own]);
        assert_eq!(verdict(&snapshot, VIP, "eth0"), (false, true));
    }
}

#[test]
fn a_vip_in_front_of_the_own_address_is_announced_to_targets_outside_the_subnet() {
    let eth0 = interface(2, "eth0", json!({}));
    let (vip, own) = (address(2, "eth0", VIP, 32, "global"), address(2, "eth0", "10.0.0.1", 24, "global"));
    let in_front = host("6.1.0", (1, 2), std::slice::from_ref(&eth0), &[vip.clone(), own.clone()]);
    assert_eq!(verdict(&in_front, VIP, "eth0"), (true, true));
    let behind = host("6.1.0", (1, 2), &[eth0], &[own, vip]);
    assert_eq!(verdict(&behind, VIP, "eth0"), (true, false));
}

#[test]
fn a_point_to_point_address_is_never_confirmed() {
    let mut own = address(2, "eth0", VIP, 32, "global");
    own["peer"] = json!("10.0.0.7");
    let snapshot = host("6.1.0", (1, 2), &[interface(2, "eth0", json!({}))], &[own]);
    assert!(!verdict(&snapshot, VIP, "eth0").0);
}

#[test]
fn route_localnet_narrows_scope_host_since_kernel_5_6_for_replies_and_5_3_for_senders() {
    let lo = |kernel| {
        let mut snapshot =
            host(kernel, (3, 2), &[interface(2, "eth0", json!({}))], &[address(1, "lo", VIP, 32, "host")]);
        snapshot.interfaces[0].conf.as_mut().unwrap().set(lvsarp::Key::RouteLocalnet, Some(1));
        snapshot
    };
    assert!(!verdict(&lo("5.5.0"), VIP, "eth0").0);
    assert!(verdict(&lo("5.6.0"), VIP, "eth0").0);
    let eth0 = |kernel| {
        let mut own = host(
            kernel,
            (1, 2),
            &[interface(2, "eth0", json!({}))],
            &[address(2, "eth0", "10.0.0.1", 24, "host"), address(1, "lo", VIP, 32, "global")],
        );
        own.interfaces[1].conf.as_mut().unwrap().set(lvsarp::Key::RouteLocalnet, Some(1));
        own
    };
    assert!(verdict(&eth0("5.2.0"), VIP, "eth0").1, "eth0 counts as unnumbered");
    assert!(!verdict(&eth0("5.3.0"), VIP, "eth0").1);
}

#[test]
fn the_fallback_stays_inside_the_vrf() {
    let vrf = interface(3, "red", json!({"kind": "vrf"}));
    let member = interface(2, "eth0", json!({"master": 3}));
    let snapshot = host("6.1.0", (1, 2), &[member.clone(), vrf.clone()], &[address(1, "lo", VIP, 32, "global")]);
    assert_eq!(verdict(&snapshot, VIP, "eth0"), (false, false), "lo belongs to another domain");
    let snapshot = host("6.1.0", (1, 2), &[member, vrf], &[address(3, "red", VIP, 32, "global")]);
    assert_eq!(verdict(&snapshot, VIP, "eth0"), (false, true), "the VRF's own address is taken first");
}

#[test]
fn ports_of_a_bridge_bond_or_team_are_inert_and_members_of_a_vrf_are_not() {
    for (kind, speaks) in [("bridge", false), ("bond", false), ("team", false), ("vrf", true)] {
        let master = interface(3, "master0", json!({"kind": kind}));
        let port = interface(
            2,
            "eth0",
            json!({"master": 3, "conf": {"arp_ignore": 1, "arp_announce": 2, "route_localnet": 0}}),
        );
        let snapshot = host("6.1.0", (0, 0), &[port, master], &[address(1, "lo", VIP, 32, "global")]);
        let report = check(&snapshot, VIP);
        assert_eq!(report.verdicts.iter().any(|v| v.interface.to_string() == "eth0"), speaks, "{kind}");
        assert_eq!(report.findings.iter().any(|f| f.code == "level-on-port"), !speaks, "{kind}");
        assert!(report.verdicts.iter().any(|v| v.interface.to_string() == "master0" && v.replies == Some(true)));
    }
}

#[test]
fn a_local_route_is_answered_where_no_level_asks_for_an_address() {
    for level in -1..12 {
        let mut snapshot = host(
            "6.1.0",
            (level, 2),
            &[interface(2, "eth0", json!({}))],
            &[address(2, "eth0", "10.0.0.1", 24, "global")],
        );
        snapshot.local_routes = vec![lvsarp::LocalRoute {
            prefix: "198.51.100.0/24".parse().unwrap(),
            index: Some(1),
            dev: Some("lo".parse().unwrap()),
            table: 255,
            proto: 3,
        }];
        let hidden = matches!(level, 1 | 2 | 3 | 8);
        assert_eq!(verdict(&snapshot, "198.51.100.77", "eth0").0, !hidden, "level {level}");
        assert_eq!(snapshot.vips(), ["198.51.100.0".parse::<std::net::IpAddr>().unwrap()]);
    }
}

#[test]
fn what_is_unknown_is_not_called_silent() {
    let mut snapshot =
        host("6.1.0", (1, 2), &[interface(2, "eth0", json!({}))], &[address(1, "lo", VIP, 32, "global")]);
    snapshot.all = lvsarp::Conf::default();
    let report = check(&snapshot, VIP);
    assert!(!report.ok && !report.has_errors());
    assert_eq!(report.findings[0].code, "levels-unknown");
    assert_eq!((report.verdicts[0].replies, report.verdicts[0].announces), (None, None));
    assert!(!snapshot.plan(&Desired::new([Vip::parse(VIP).unwrap()])).unwrap().ok);
}

#[test]
fn an_interface_without_an_ipv4_part_is_silent() {
    let snapshot = host(
        "6.1.0",
        (0, 0),
        &[interface(2, "eth0", json!({"conf": null, "mtu": 67}))],
        &[address(1, "lo", VIP, 32, "global")],
    );
    assert!(check(&snapshot, VIP).verdicts.is_empty());
}

#[test]
fn a_message_names_the_values_that_decide() {
    let eth0 = interface(2, "eth0", json!({"conf": {"arp_ignore": 3, "arp_announce": 0, "route_localnet": 0}}));
    let snapshot = host(
        "6.1.0",
        (1, 2),
        &[eth0],
        &[address(1, "lo", VIP, 32, "global"), address(2, "eth0", "10.0.0.1", 24, "global")],
    );
    let report = check(&snapshot, VIP);
    assert_eq!(
        report.findings[0].message,
        "10.0.0.100 is answered on eth0: arp_ignore is 3 (all=1, eth0=3), and it is on lo (scope global); level 3: do not answer for \
         addresses of scope host: a VIP of scope global on lo is still answered"
    );
    assert_eq!(report.findings[0].hint, "set eth0/arp_ignore to 1, or bind the VIP with scope host");
}

#[test]
fn a_snapshot_survives_json_and_an_unknown_format_is_refused() {
    let snapshot = host(
        "6.1.0",
        (1, 2),
        &[interface(2, "eth0.100", json!({"kind": "vlan", "link": 7}))],
        &[address(1, "lo", VIP, 32, "host")],
    );
    assert_eq!(Snapshot::from_json(&snapshot.to_json()).unwrap(), snapshot);
    let current = format!("\"format\":{}", snapshot.format);
    let newer = snapshot.to_json().replacen(&current, "\"format\":99", 1);
    assert!(Snapshot::from_json(&newer).unwrap_err().to_string().contains("format is 99"));
    for broken in ["", "{}", "[]", "{\"format\":1}", &snapshot.to_json()[..200]] {
        assert!(Snapshot::from_json(broken).is_err(), "{broken}");
    }
    let bad = snapshot.to_json().replacen("\"prefixlen\":32", "\"prefixlen\":33", 1);
    assert!(Snapshot::from_json(&bad).is_err());
}

#[test]
fn presence_is_kept_through_json() {
    let mut snapshot = host("6.1.0", (1, 2), &[], &[]);
    snapshot.all.set(lvsarp::Key::ArpAnnounce, None);
    let again = Snapshot::from_json(&snapshot.to_json()).unwrap();
    assert_eq!(again.all.get(lvsarp::Key::ArpAnnounce), None);
    assert_eq!(again.all.get(lvsarp::Key::ArpIgnore), Some(1));
}

#[test]
fn each_address_that_is_best_for_some_target_is_announced_in_whatever_order_they_stand() {
    let subnets = ["10.9.0.1", "10.1.0.1", "10.5.0.1", "10.2.0.1"];
    let addresses: Vec<_> = subnets.iter().map(|own| address(2, "eth0", own, 24, "global")).collect();
    let snapshot = host("6.1.0", (8, 2), &[interface(2, "eth0", json!({}))], &addresses);
    for own in subnets {
        assert!(verdict(&snapshot, own, "eth0").1, "{own}");
    }
}
