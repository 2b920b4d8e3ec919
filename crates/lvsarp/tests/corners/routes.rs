//! Rules and routes.

use serde_json::{Value, json};

use crate::described::*;

// Rules.

/// Whether an address of table 50, which a rule leads to, is answered.
fn reaches_50(more: Value) -> bool {
    two(json!({}))
        .rule(rule(10, 50, more))
        .route(route(50, "198.51.100.1/32", LOCAL, &[hop(2, 0)]))
        .replies("198.51.100.1", "10.0.0.2")
}

#[test]
fn a_rule_holds_for_what_an_arp_request_has() {
    for (more, holds) in [
        (json!({}), true),
        (json!({"iif": "eth0"}), true),
        (json!({"iif": "eth1"}), false),
        (json!({"iif": "gone"}), false),
        (json!({"oif": "eth0"}), false),
        (json!({"oif": "gone"}), false),
        (json!({"mark": [1, 255]}), false),
        (json!({"mark": [256, 255]}), true),
        (json!({"tos": 16}), false),
        (json!({"other": true}), false),
        (json!({"action": 3}), false),
    ] {
        assert_eq!(reaches_50(more.clone()), holds, "{more}");
    }
    // A rule that does nothing ends nothing.
    let mut nothing = two(json!({}));
    nothing.rules.insert(0, rule(0, 0, json!({"action": 3})));
    assert!(nothing.replies("10.0.0.1", "10.0.0.2"));
}

#[test]
fn an_l3mdev_rule_holds_for_members_of_a_vrf_only() {
    let mut host = two(json!({})).route(route(254, "10.0.0.1/32", REFUSE, &[]));
    host.rules.insert(0, rule(0, 0, json!({"l3mdev": true})));
    assert!(host.replies("10.0.0.1", "10.0.0.2"));
}

#[test]
fn a_goto_goes_to_its_target_and_is_passed_over_without_one() {
    let host = || two(json!({})).route(route(50, "198.51.100.1/32", LOCAL, &[hop(2, 0)]));
    let gone = host().rule(rule(100, 0, json!({"action": 2, "goto": 500}))).rule(rule(200, 50, json!({})));
    assert!(gone.replies("198.51.100.1", "10.0.0.2"));
    let there = host()
        .rule(rule(100, 0, json!({"action": 2, "goto": 300})))
        .rule(rule(200, 0, json!({"action": REFUSE})))
        .rule(rule(300, 50, json!({})));
    assert!(there.replies("198.51.100.1", "10.0.0.2"));
}

#[test]
fn a_rule_passes_over_prefixes_that_it_suppresses() {
    let host = two(json!({"forwarding": 1, "proxy_arp": 1}))
        .rule(rule(10, 254, json!({"suppress_prefixlen": 0})))
        .rule(rule(20, 50, json!({})))
        .route(route(254, "0.0.0.0/0", UNICAST, &[hop(2, 0)]))
        .route(route(50, "0.0.0.0/0", UNICAST, &[hop(3, 0)]));
    assert!(host.replies("203.0.113.9", "10.0.0.2"));
}

#[test]
fn the_table_0_of_a_rule_is_main() {
    let host = two(json!({"forwarding": 1, "proxy_arp": 1})).route(route(254, "203.0.113.0/24", UNICAST, &[hop(3, 0)]));
    let mut host = host.rule(rule(10, 0, json!({})));
    host.rules.retain(|rule| rule["table"] != 254);
    assert!(host.replies("203.0.113.9", "10.0.0.2"));
}

#[test]
fn three_rules_are_the_first_ones_only_where_each_of_them_is() {
    for at in 0..3 {
        let mut host = two(json!({})).route(route(50, "198.51.100.1/32", LOCAL, &[hop(2, 0)]));
        host.rules[at]["table"] = json!(50);
        host.routes.push(route(50, "10.0.0.0/24", UNICAST, &[hop(2, 0)]));
        assert!(host.replies("198.51.100.1", "10.0.0.2"), "rule {at}");
    }
}

#[test]
fn the_way_back_arrives_where_the_request_would_leave() {
    let host = || two(json!({"forwarding": 1, "proxy_arp": 1, "rp_filter": 1}));
    assert!(host().replies("10.1.0.9", "10.0.0.2"));
    assert!(!host().rule(rule(10, 0, json!({"action": REFUSE, "iif": "eth1"}))).replies("10.1.0.9", "10.0.0.2"));
    // The way back to the sender of a request for ourselves starts here, not at eth0.
    let to_sender = |iif| rule(10, 0, json!({"action": REFUSE, "iif": iif, "dst": "10.0.0.2/32"}));
    assert!(host().rule(to_sender("eth0")).replies("10.0.0.1", "10.0.0.2"));
    assert!(!host().rule(to_sender("lo")).replies("10.0.0.1", "10.0.0.2"));
    let mut renumbered = host().rule(to_sender("lo"));
    renumbered.interfaces[0]["index"] = json!(7);
    assert!(!renumbered.replies("10.0.0.1", "10.0.0.2"));
}

// Routes.

#[test]
fn of_several_next_hops_the_first_that_is_alive_is_taken() {
    const DEAD: u32 = 1;
    const LINKDOWN: u32 = 16;
    for (skips, hops, by_eth1) in [
        (0, [hop(2, DEAD), hop(3, 0)], true),
        (0, [hop(3, DEAD), hop(2, 0)], false),
        (0, [hop(3, LINKDOWN), hop(2, 0)], true),
        (1, [hop(2, LINKDOWN), hop(3, 0)], true),
    ] {
        let host = two(json!({"forwarding": 1, "proxy_arp": 1, "ignore_routes_with_linkdown": skips})).route(route(
            254,
            "203.0.113.0/24",
            UNICAST,
            &hops,
        ));
        assert_eq!(host.replies("203.0.113.9", "10.0.0.2"), by_eth1, "{hops:?}");
        assert!(host.has_caveat("203.0.113.9", "10.0.0.2", "several next hops"));
        assert!(!host.has_caveat("10.1.0.9", "10.0.0.2", "several next hops"));
    }
}

#[test]
fn the_smaller_metric_wins_in_whatever_order_they_stand() {
    for (one, other, by_eth1) in [(5, 9, true), (9, 5, false)] {
        let host = two(json!({"forwarding": 1, "proxy_arp": 1}))
            .route(with(route(254, "203.0.113.0/24", UNICAST, &[hop(3, 0)]), json!({"metric": one})))
            .route(with(route(254, "203.0.113.0/24", UNICAST, &[hop(2, 0)]), json!({"metric": other})));
        assert_eq!(host.replies("203.0.113.9", "10.0.0.2"), by_eth1);
    }
}

#[test]
fn a_route_that_is_not_for_us_is_passed_over() {
    let base = || two(json!({})).rule(rule(10, 50, json!({})));
    let of_tos = with(route(255, "198.51.100.1/32", LOCAL, &[hop(2, 0)]), json!({"tos": 16}));
    assert!(!two(json!({})).route(of_tos).replies("198.51.100.1", "10.0.0.2"));
    assert!(two(json!({})).route(route(255, "198.51.100.1/32", LOCAL, &[])).replies("198.51.100.1", "10.0.0.2"));
    let mut thrown = base().route(route(50, "10.0.0.1/32", 9, &[]));
    thrown.rules.swap(0, 1);
    assert!(thrown.replies("10.0.0.1", "10.0.0.2"));
    // No unicast route without a device, and no route of another type, leads to an answer.
    let forwards = || two(json!({"forwarding": 1, "proxy_arp": 1}));
    assert!(!forwards().route(route(254, "203.0.113.0/24", UNICAST, &[])).replies("203.0.113.9", "10.0.0.2"));
    assert!(!forwards().route(route(254, "203.0.113.0/24", 4, &[hop(3, 0)])).replies("203.0.113.9", "10.0.0.2"));
}

#[test]
fn several_default_routes_are_a_doubt_where_one_of_them_decides() {
    let says = "several default routes";
    let default =
        |table: u32, metric: u32| with(route(table, "0.0.0.0/0", UNICAST, &[hop(3, 0)]), json!({"metric": metric}));
    let one = two(json!({"forwarding": 1, "proxy_arp": 1})).route(default(254, 0)).route(default(99, 0));
    assert!(!one.has_caveat("203.0.113.9", "10.0.0.2", says));
    let several = one.route(default(254, 5));
    assert!(several.has_caveat("203.0.113.9", "10.0.0.2", says));
    assert!(!several.has_caveat("10.1.0.9", "10.0.0.2", says), "another route decides");
}

#[test]
fn what_is_not_looked_at_is_a_caveat() {
    let says = |host: Described, says| host.has_caveat("10.0.0.1", "10.0.0.2", says);
    assert!(says(two(json!({})).rule(rule(10, 50, json!({"mark": [1, 255]}))), "asks for a mark"));
    assert!(says(two(json!({})).rule(rule(10, 50, json!({"by_group": true}))), "of a group"));
    assert!(says(two(json!({})).routing(Value::Null), "no routing"));
    for text in ["asks for a mark", "of a group", "no routing"] {
        assert!(!says(two(json!({})), text), "{text}");
    }
}
