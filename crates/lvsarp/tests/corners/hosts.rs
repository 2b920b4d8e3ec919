//! Senders, interfaces, what is learnt, and what a check asks for.

use lvsarp::{Learning, Snapshot};
use serde_json::{Value, json};

use crate::described::*;

// The sender.

#[test]
fn a_broadcast_address_as_a_sender_passes_where_nobody_looks_it_up() {
    let sender = "10.0.0.255";
    let passes = |host: Described| host.replies("10.0.0.1", sender);
    assert!(passes(two(json!({}))));
    assert!(!passes(two(json!({})).routing(json!({"realms": true}))));
    assert!(!passes(two(json!({"accept_local": 1})).routing(json!({"realms": true}))));
    let by_hand = |kind: u8| with(route(255, "198.51.100.0/24", kind, &[hop(3, 0)]), json!({"proto": 4}));
    assert!(!passes(two(json!({})).route(by_hand(LOCAL))), "a local route by hand");
    assert!(passes(two(json!({})).route(by_hand(UNICAST))), "another route by hand");
    // No entry is made for it.
    assert_eq!(two(json!({})).learns("10.0.0.1", sender), Learning::Updates);
    assert_eq!(in_red(json!({"accept_local": 1})).learns("10.0.0.1", sender), Learning::Updates);
    let proxy = two(json!({"forwarding": 1, "proxy_arp": 1}));
    assert!(proxy.replies("10.1.0.9", sender));
    assert_eq!(proxy.learns("10.1.0.9", sender), Learning::Updates);
}

#[test]
fn redirects_look_a_sender_up_where_the_target_is_behind_the_same_interface() {
    let host = |own: Value| two(with(json!({"forwarding": 1, "proxy_arp_pvlan": 1}), own));
    let asked = |host: Described| host.replies("10.0.0.50", "10.0.0.255");
    assert!(asked(host(json!({"send_redirects": 0}))));
    assert!(!asked(host(json!({"send_redirects": 1}))));
    assert!(!asked(host(json!({"send_redirects": 0})).all(json!({"send_redirects": 1}))));
    assert!(!asked(host(json!({"send_redirects": null})).all(json!({"send_redirects": null}))), "the default is 1");
}

#[test]
fn an_own_sender_needs_accept_local_and_the_right_way_back() {
    assert!(!two(json!({})).replies("10.0.0.1", "10.1.0.1"));
    assert!(two(json!({})).all(json!({"accept_local": 1})).replies("10.0.0.1", "10.1.0.1"));
    assert!(!two(json!({"accept_local": 1, "rp_filter": 1})).replies("10.0.0.1", "10.1.0.1"));
}

#[test]
fn an_interface_without_an_address_takes_a_sender_from_elsewhere_at_rp_filter_0_only() {
    for (filter, numbered, taken) in [(0, false, true), (2, false, false), (2, true, true), (1, true, false)] {
        let mut host = two(json!({"rp_filter": filter}));
        if !numbered {
            host.addresses.remove(0);
        }
        assert_eq!(host.replies("10.1.0.1", "10.1.0.2"), taken, "rp_filter {filter}, numbered {numbered}");
    }
}

#[test]
fn an_address_of_an_interface_that_is_gone_is_nobodys() {
    assert!(two(json!({})).address(address(9, "gone", "10.0.0.2", 24, "global")).replies("10.0.0.1", "10.0.0.2"));
}

// The interface.

#[test]
fn an_interface_without_an_ipv4_part_neither_answers_nor_asks() {
    let mut host = two(json!({}));
    host.interfaces[1]["conf"] = Value::Null;
    let decision = host.asked("10.0.0.1", "10.0.0.2", "eth0");
    assert_eq!((decision.replies(), decision.learns()), (Some(false), Some(Learning::Nothing)));
    let snapshot = host.snapshot();
    let asks = snapshot.would_announce([10, 0, 0, 9].into(), &"eth0".parse().unwrap(), None).unwrap();
    assert!(asks.source().is_none() && asks.is_known());
}

#[test]
fn a_point_to_point_link_asks_for_nobody() {
    let mut host = two(json!({}));
    host.interfaces[1]["flags"] = json!(["UP", "POINTOPOINT"]);
    assert_eq!(host.announces("10.0.0.9", "eth0", "10.0.0.1"), "nothing");
}

#[test]
fn a_bond_or_team_that_is_down_still_learns_and_nothing_else_does() {
    let down = json!(["BROADCAST"]);
    for (kind, flags, learns) in [
        ("bond", down.clone(), Learning::Enters),
        ("team", down.clone(), Learning::Enters),
        ("dummy", down, Learning::Nothing),
        ("bond", json!(["UP", "NOARP"]), Learning::Nothing),
    ] {
        let mut host = two(json!({}));
        host.interfaces[1]["kind"] = json!(kind);
        host.interfaces[1]["flags"] = flags;
        assert!(!host.replies("10.0.0.1", "10.0.0.2"));
        assert_eq!(host.learns("10.0.0.1", "10.0.0.2"), learns, "{kind}");
    }
}

#[test]
fn a_proxy_entry_may_hold_for_every_interface() {
    for (index, holds) in [(0, true), (2, true), (3, false)] {
        let host = two(json!({"forwarding": 1})).routing(json!({"proxies": [{"address": "10.1.0.9", "index": index}]}));
        assert_eq!(host.replies("10.1.0.9", "10.0.0.2"), holds, "on {index}");
    }
}

#[test]
fn any_value_but_0_forwards() {
    assert!(two(json!({"forwarding": 2, "proxy_arp": 1})).replies("10.1.0.9", "10.0.0.2"));
}

#[test]
fn where_all_is_unknown_the_own_value_counts() {
    let unknown = two(json!({"drop_gratuitous_arp": 1})).all(Value::Null);
    assert_eq!(unknown.learns("10.0.0.9", "10.0.0.9"), Learning::Nothing);
}

// What is learnt and said.

#[test]
fn a_gratuitous_request_for_a_broadcast_address_makes_no_entry() {
    for host in [two(json!({"arp_accept": 1})), in_red(json!({"arp_accept": 1}))] {
        assert_eq!(host.learns("10.0.0.255", "10.0.0.255"), Learning::Updates);
        assert_eq!(host.learns("10.0.0.9", "10.0.0.9"), Learning::Enters);
    }
}

#[test]
fn arp_accept_2_wants_a_subnet_and_an_address_that_reaches_the_link() {
    let sender = "10.5.0.9";
    for (addresses, enters) in [
        (&[("10.5.0.1", 24, "global")][..], true),
        (&[("10.5.0.1", 24, "link")], true),
        (&[("10.5.0.1", 24, "host")], false),
        (&[("10.6.0.1", 24, "global")], false),
        // The first address that reaches is the one that would be used, so a subnet of scope host has to contain it.
        (&[("10.6.0.1", 32, "global"), ("10.5.0.7", 24, "host")], false),
        (&[("10.6.0.1", 32, "global"), ("10.5.0.7", 24, "global")], true),
        (&[("10.5.0.1", 32, "global"), ("10.6.0.1", 32, "global"), ("10.5.0.7", 24, "host")], true),
        (&[("10.5.0.7", 24, "host"), ("10.6.0.1", 32, "global")], true),
    ] {
        let mut host = two(json!({"arp_accept": 2}));
        host.addresses = addresses.iter().map(|(local, len, scope)| address(2, "eth0", local, *len, scope)).collect();
        let expected = if enters { Learning::Enters } else { Learning::Updates };
        assert_eq!(host.learns(sender, sender), expected, "{addresses:?}");
    }
}

#[test]
fn a_secondary_address_is_no_fallback() {
    let mut host = two(json!({"arp_announce": 2}));
    let link = address(1, "lo", "10.9.0.1", 24, "link");
    host.addresses = vec![link, secondary(address(1, "lo", "10.9.0.2", 24, "global"))];
    assert_eq!(host.announces("10.0.0.9", "eth0", "10.9.0.2"), "0.0.0.0");
}

#[test]
fn of_two_addresses_in_one_subnet_the_first_that_may_be_a_sender_is_taken() {
    let mut host = two(json!({"arp_announce": 2}));
    host.addresses = vec![address(2, "eth0", "10.0.0.1", 24, "link"), address(2, "eth0", "10.0.0.2", 24, "global")];
    assert_eq!(host.announces("10.0.0.9", "eth0", "10.0.0.2"), "10.0.0.1");
    host.addresses[0]["scope"] = json!("host");
    host.addresses.insert(0, address(2, "eth0", "10.9.0.1", 24, "global"));
    assert_eq!(host.announces("10.0.0.9", "eth0", "10.9.0.1"), "10.0.0.2");
}

#[test]
fn a_level_that_hides_a_local_vip_does_not_hide_one_that_is_routed_elsewhere() {
    let checked = |host: Described| {
        let report = host.snapshot().check(Some(&["10.1.0.9".parse().unwrap()])).unwrap();
        report.verdicts.iter().find(|verdict| verdict.interface.to_string() == "eth0").unwrap().replies.unwrap()
    };
    let host = || two(json!({"arp_ignore": 8, "forwarding": 1, "proxy_arp": 1}));
    assert!(checked(host()));
    assert!(!checked(host().route(route(255, "10.1.0.9/32", LOCAL, &[hop(1, 0)]))));
    // Local, but a rule leads elsewhere before that is asked.
    let mut elsewhere = host().route(route(255, "10.1.0.9/32", LOCAL, &[hop(1, 0)]));
    elsewhere.rules.insert(0, rule(0, 50, json!({})));
    assert!(checked(elsewhere.route(route(50, "10.1.0.9/32", UNICAST, &[hop(3, 0)]))));
}

// What a check asks for.

/// The codes of a check's findings on a VIP.
fn codes(snapshot: &Snapshot, vip: &str) -> Vec<String> {
    let report = snapshot.check(Some(&[vip.parse().unwrap()])).unwrap();
    report.findings.iter().map(|finding| finding.code.to_owned()).collect()
}

fn finds(host: &Described, vip: &str, code: &str) -> bool {
    codes(&host.snapshot(), vip).iter().any(|found| found == code)
}

#[test]
fn a_vip_is_there_where_it_is_routed_locally_and_not_as_a_broadcast_address() {
    let host = two(json!({})).route(route(255, "198.51.100.0/24", LOCAL, &[hop(1, 0)]));
    for (vip, missing) in [("198.51.100.77", false), ("10.0.0.1", false), ("10.0.0.255", true), ("10.0.0.9", true)] {
        assert_eq!(finds(&host, vip, "vip-missing"), missing, "{vip}");
    }
    let mut snapshot = host.snapshot();
    snapshot.local_routes = vec![lvsarp::LocalRoute {
        prefix: "2001:db8::/64".parse().unwrap(),
        index: Some(1),
        dev: Some("lo".parse().unwrap()),
        table: 255,
        proto: 3,
    }];
    assert!(!codes(&snapshot, "2001:db8::77").contains(&"vip-missing".to_owned()));
    assert!(codes(&snapshot, "2001:db8:1::77").contains(&"vip-missing".to_owned()));
}

#[test]
fn a_subnet_becomes_local_on_a_loopback_device_that_is_up() {
    let vip = "10.9.0.1";
    let bound = |index, dev, flags: Value, up: Value| {
        let mut address = address(index, dev, vip, 24, "global");
        address["flags"] = flags;
        let mut host = two(json!({})).address(address).route(route(255, "10.9.0.1/32", LOCAL, &[hop(index, 0)]));
        host.interfaces[0]["flags"] = up;
        finds(&host, vip, "subnet-on-loopback")
    };
    let up = json!(["UP", "LOOPBACK"]);
    assert!(bound(1, "lo", json!(["permanent"]), up.clone()));
    assert!(!bound(1, "lo", json!(["permanent", "noprefixroute"]), up.clone()));
    assert!(!bound(1, "lo", json!(["permanent"]), json!(["LOOPBACK"])));
    assert!(!bound(2, "eth0", json!(["permanent"]), up));
}

#[test]
fn a_vip_that_is_the_best_sender_is_not_called_a_fallback() {
    let host = two(json!({"arp_announce": 2}));
    assert!(finds(&host, "10.0.0.1", "vip-best-sender"));
    assert!(!finds(&host, "10.0.0.1", "vip-fallback-sender"));
}
