//! Kernel versions and VRFs.

use lvsarp::Learning;
use serde_json::json;

use crate::described::*;

// Kernel versions.

#[test]
fn all_of_0_0_0_0_8_is_no_host_before_5_3_and_0_0_0_0_never_is() {
    let host = |kernel| two(json!({})).kernel(kernel).route(route(255, "0.0.0.0/0", LOCAL, &[hop(1, 0)]));
    for (kernel, taken) in [("5.2.0", false), ("5.3.0", true), ("6.1.0", true)] {
        assert_eq!(two(json!({})).kernel(kernel).replies("10.0.0.1", "0.1.2.3"), taken, "a sender, {kernel}");
        assert_eq!(host(kernel).replies("0.1.2.3", "10.0.0.2"), taken, "a target, {kernel}");
        assert_eq!(host(kernel).replies("0.1.2.3", "0.0.0.0"), taken, "a probe, {kernel}");
    }
    assert!(!host("6.1.0").replies("0.0.0.0", "10.0.0.2"));
    assert!(!host("6.1.0").replies("0.0.0.0", "0.0.0.0"));
    assert!(!host("6.1.0").replies("255.255.255.255", "10.0.0.2"));
}

#[test]
fn a_rule_names_a_member_of_a_vrf_since_5_18_and_the_vrf_always() {
    let host = |kernel, name| {
        in_red(json!({})).kernel(kernel).rule(rule(10, 50, json!({"iif": name}))).route(route(
            50,
            "198.51.100.1/32",
            LOCAL,
            &[hop(2, 0)],
        ))
    };
    let host = |kernel, name| host(kernel, name).route(route(50, "10.0.0.0/24", UNICAST, &[hop(2, 0)]));
    for (kernel, name, holds) in [
        ("5.17.0", "eth0", false),
        ("5.18.0", "eth0", true),
        ("5.19.0", "eth0", true),
        ("5.17.0", "red", true),
        ("5.18.0", "red", true),
    ] {
        assert_eq!(host(kernel, name).replies("198.51.100.1", "10.0.0.2"), holds, "{name}, {kernel}");
    }
    // Outside of a VRF it names the interface itself, whatever the kernel.
    for kernel in ["5.17.0", "5.18.0"] {
        let host = two(json!({})).kernel(kernel).rule(rule(10, 50, json!({"iif": "eth0"})));
        assert!(host.route(route(50, "198.51.100.1/32", LOCAL, &[hop(2, 0)])).replies("198.51.100.1", "10.0.0.2"));
    }
}

#[test]
fn a_refusal_in_main_ends_the_lookup_since_6_18() {
    let host = |kernel| {
        two(json!({"forwarding": 1, "proxy_arp": 1}))
            .kernel(kernel)
            .route(route(254, "203.0.113.0/24", REFUSE, &[]))
            .route(route(253, "203.0.113.0/24", UNICAST, &[hop(3, 0)]))
    };
    for (kernel, goes_on) in [("6.1.0", true), ("6.17.0", true), ("6.18.0", false), ("6.19.0", false)] {
        assert_eq!(host(kernel).replies("203.0.113.9", "10.0.0.2"), goes_on, "{kernel}");
    }
}

#[test]
fn what_the_table_default_does_is_unknown_from_6_2_to_6_17() {
    let says = "whether the table default is asked";
    let filled = |kernel| two(json!({})).kernel(kernel).route(route(253, "203.0.113.0/24", UNICAST, &[hop(3, 0)]));
    for (kernel, unknown) in [("6.1.0", false), ("6.2.0", true), ("6.17.0", true), ("6.18.0", false)] {
        assert_eq!(filled(kernel).has_caveat("10.0.0.1", "10.0.0.2", says), unknown, "{kernel}");
    }
    assert!(!two(json!({})).kernel("6.2.0").has_caveat("10.0.0.1", "10.0.0.2", says), "default is empty");
    let split = filled("6.2.0").routing(json!({"split": true}));
    assert!(!split.has_caveat("10.0.0.1", "10.0.0.2", says), "rules decide");
}

#[test]
fn arp_accept_is_a_level_since_6_0_and_was_a_switch() {
    for (kernel, learns) in [("5.19.0", Learning::Enters), ("6.0.0", Learning::Updates)] {
        let host = two(json!({"arp_accept": 2})).kernel(kernel);
        assert_eq!(host.learns("192.0.2.9", "192.0.2.9"), learns, "{kernel}");
    }
}

#[test]
fn proxy_arp_pvlan_and_linkdown_of_all_count_since_5_11() {
    for (kernel, counts) in [("5.10.0", false), ("5.11.0", true)] {
        let pvlan = two(json!({"forwarding": 1})).kernel(kernel).all(json!({"proxy_arp_pvlan": 1}));
        assert_eq!(pvlan.replies("10.0.0.50", "10.0.0.2"), counts, "proxy_arp_pvlan, {kernel}");
        let skips = two(json!({"forwarding": 1, "proxy_arp": 1}))
            .kernel(kernel)
            .all(json!({"ignore_routes_with_linkdown": 1}))
            .route(route(254, "203.0.113.0/24", UNICAST, &[hop(2, 16), hop(3, 0)]));
        assert_eq!(skips.replies("203.0.113.9", "10.0.0.2"), counts, "ignore_routes_with_linkdown, {kernel}");
    }
}

#[test]
fn route_localnet_brings_scope_host_into_arp_accept_since_5_6() {
    // Before 6.0 arp_accept is a switch, so only later kernels show it here; a reply shows the boundary.
    for (kernel, narrowed) in [("5.5.0", false), ("5.6.0", true)] {
        let mut host = two(json!({"arp_ignore": 3, "route_localnet": 1})).kernel(kernel);
        host.addresses[0]["scope"] = json!("host");
        assert_eq!(host.replies("10.0.0.1", "10.0.0.2"), narrowed, "{kernel}");
    }
    let mut host = two(json!({"arp_accept": 2, "route_localnet": 1}));
    host.addresses[0]["scope"] = json!("host");
    assert_eq!(host.learns("10.0.0.9", "10.0.0.9"), Learning::Enters);
}

// VRFs.

#[test]
fn a_member_of_a_vrf_answers_from_the_vrfs_table() {
    let host = in_red(json!({}));
    assert!(host.replies("10.0.0.1", "10.0.0.2"));
    assert!(host.replies("10.0.0.1", "0.0.0.0"), "a probe");
    assert!(!host.replies("10.1.0.1", "0.0.0.0"), "a probe for an address outside");
    assert_eq!(host.announces("10.0.0.255", "eth0", "10.0.0.1"), "nothing");
    let host = host.address(secondary(address(2, "eth0", "10.0.0.5", 24, "global"))).route(route(
        100,
        "10.0.0.5/32",
        LOCAL,
        &[hop(2, 0)],
    ));
    assert_eq!(host.announces("10.0.0.9", "eth0", "10.0.0.5"), "10.0.0.5");
    assert_eq!(host.announces("10.0.0.9", "eth0", "10.1.0.1"), "10.0.0.1");
}

#[test]
fn arp_filter_in_a_vrf_asks_the_vrf_that_must_be_up() {
    let host = || in_red(json!({"arp_filter": 1}));
    assert!(host().replies("10.0.0.1", "10.0.0.2"));
    let mut down = host();
    down.interfaces[3]["flags"] = json!(["BROADCAST"]);
    assert!(!down.replies("10.0.0.1", "10.0.0.2"));
    // An answer is bound to the VRF, a request that arrives is not.
    assert!(!host().rule(rule(10, 0, json!({"action": REFUSE, "oif": "red"}))).replies("10.0.0.1", "10.0.0.2"));
    assert!(
        in_red(json!({})).rule(rule(10, 0, json!({"action": REFUSE, "oif": "red"}))).replies("10.0.0.1", "10.0.0.2")
    );
    // A source that is only routed in the VRF's table is none of ours.
    assert!(!host().route(route(100, "198.51.100.1/32", LOCAL, &[hop(2, 0)])).replies("198.51.100.1", "10.0.0.2"));
}

#[test]
fn an_answer_that_leaves_by_a_vrf_does_not_arrive_there() {
    let host = in_red(json!({"arp_filter": 1}))
        .rule(rule(10, 60, json!({"iif": "red"})))
        .route(route(60, "10.0.0.1/32", LOCAL, &[hop(2, 0)]))
        .route(route(60, "10.0.0.0/24", UNICAST, &[hop(2, 0)]))
        .route(route(100, "10.0.0.2/32", UNICAST, &[hop(3, 0)]));
    assert!(!host.replies("10.0.0.1", "10.0.0.2"));
}

#[test]
fn the_way_back_is_looked_for_in_the_vrf_that_a_request_would_leave_into() {
    for out in [2, 4] {
        let mut host = in_red(json!({}));
        host.interfaces[2]["conf"] = conf(&json!({"forwarding": 1, "proxy_arp": 1, "rp_filter": 1}));
        host.routes[4]["table"] = json!(100);
        let host = host.route(route(254, "10.0.0.0/24", UNICAST, &[hop(out, 0)]));
        assert_eq!(host.asked("10.0.0.9", "10.1.0.2", "eth1").replies(), Some(true), "out of {out}");
    }
}

#[test]
fn a_vrf_receives_from_senders_behind_its_members() {
    let mut host = two(json!({}));
    host.interfaces[1]["master"] = json!(4);
    let red = interface(4, "red", json!({"kind": "vrf", "vrf_table": 100}), json!({"rp_filter": 1}));
    let host = host.interface(red).address(address(4, "red", "10.9.0.1", 32, "global"));
    let host = host.route(route(255, "10.9.0.1/32", LOCAL, &[hop(4, 0)]));
    assert_eq!(host.asked("10.9.0.1", "10.0.0.2", "red").replies(), Some(true));
    assert_eq!(host.asked("10.9.0.1", "10.1.0.2", "red").replies(), Some(false));
}

#[test]
fn an_answer_to_ourselves_leaves_by_the_vrf_that_has_the_sender() {
    let mut host = two(json!({}));
    host.interfaces[1]["master"] = json!(4);
    let own = json!({"arp_filter": 1, "accept_local": 1});
    let host = host.interface(interface(4, "red", json!({"kind": "vrf", "vrf_table": 100}), own));
    let host = host.address(address(4, "red", "10.9.0.1", 32, "global"));
    let host = host.route(route(255, "10.9.0.1/32", LOCAL, &[hop(4, 0)]));
    assert_eq!(host.asked("10.9.0.1", "10.0.0.1", "red").replies(), Some(true));
    assert_eq!(host.asked("10.9.0.1", "10.1.0.1", "red").replies(), Some(false));
}

#[test]
fn the_fallback_sender_is_the_vrfs_own_before_that_of_a_member() {
    let host = |of_red: bool| {
        let mut host = in_red(json!({"arp_announce": 2}));
        host.interfaces.push(interface(5, "eth2", json!({"master": 4}), json!({})));
        host.interfaces[3]["conf"] = conf(&json!({"arp_announce": 2}));
        host.addresses =
            vec![address(5, "eth2", "10.5.0.1", 24, "global"), address(3, "eth1", "10.1.0.1", 24, "global")];
        if of_red {
            host.addresses.push(address(4, "red", "10.9.0.1", 32, "global"));
        }
        host.routing(json!({"registered": [3, 5, 4]}))
    };
    assert_eq!(host(true).announces("10.0.0.9", "eth0", "10.5.0.1"), "10.9.0.1");
    assert_eq!(host(false).announces("10.0.0.9", "eth0", "10.5.0.1"), "10.5.0.1");
    assert_eq!(host(false).announces("10.0.0.9", "red", "10.5.0.1"), "10.5.0.1", "the VRF is of its own domain");
}

#[test]
fn a_bridge_is_no_domain_of_its_own() {
    let mut host = two(json!({"arp_announce": 2}));
    host.interfaces[1]["master"] = json!(4);
    host.interfaces.push(interface(4, "br0", json!({"kind": "bridge"}), json!({})));
    host.addresses = vec![address(3, "eth1", "10.1.0.1", 24, "global"), address(4, "br0", "10.9.0.1", 24, "global")];
    assert_eq!(host.announces("10.0.0.9", "eth0", "10.1.0.1"), "10.1.0.1");
}

#[test]
fn a_vrf_may_have_the_table_main() {
    let mut host = two(json!({})).interface(interface(4, "red", json!({"kind": "vrf", "vrf_table": 254}), json!({})));
    host.interfaces[1]["master"] = json!(4);
    assert!(host.replies("10.0.0.1", "0.0.0.0"));
}
