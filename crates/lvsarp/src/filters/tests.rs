//! Tests of the caveats, on snapshots as they travel.

use serde_json::{Value, json};

use super::*;

fn interface(index: u32, name: &str, more: Value) -> Value {
    let mut interface =
        json!({ "index": index, "name": name, "flags": ["UP"], "hardware": 1, "mtu": 1500, "conf": {} });
    interface.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    interface
}

/// eth0 and tap0 are the ports of br0, eth1 has the VLAN eth1.5, and v0 is one end of a pair whose other end, here, has the index of eth0.
fn host(filters: Value, eth0: Value) -> Snapshot {
    let mut port = json!({ "master": 3, "port_answers": false });
    port.as_object_mut().unwrap().extend(eth0.as_object().unwrap().clone());
    let snapshot = json!({
        "format": 2, "kernel": "6.1.0", "proc_sys": "read-write", "all": {}, "default": {}, "addresses": [], "local_routes": [],
        "filters": filters,
        "interfaces": [
            interface(1, "tap0", json!({ "master": 3, "port_answers": false })), interface(2, "eth0", port),
            interface(3, "br0", json!({ "kind": "bridge" })), interface(4, "eth1", json!({})),
            interface(5, "eth1.5", json!({ "kind": "vlan", "link": 4 })), interface(6, "v0", json!({ "kind": "veth", "link": 2 })),
        ],
    });
    Snapshot::from_json(&snapshot.to_string()).unwrap()
}

fn found(by: &str, family: &str, name: Option<&str>, devs: &[&str], incoming: bool, outgoing: bool) -> Value {
    let filter = json!({
        "by": by, "family": family, "name": name, "devs": devs, "incoming": incoming, "outgoing": outgoing,
    });
    json!({ "found": [filter], "unknown": [] })
}

fn caveats(snapshot: &Snapshot, on: &str, way: Way) -> Vec<String> {
    snapshot.caveats(snapshot.interface(&IfName::new(on).unwrap()).unwrap(), way)
}

#[test]
fn where_nothing_is_found_or_nobody_asked_there_is_no_caveat() {
    for filters in [json!({ "found": [], "unknown": [] }), Value::Null] {
        let snapshot = host(filters, json!({}));
        for on in ["eth0", "br0", "eth1.5", "v0"] {
            assert_eq!(caveats(&snapshot, on, Way::Reply), [""; 0]);
        }
    }
}

#[test]
fn filters_travel_as_json() {
    let filters = json!({
        "found": [
            { "by": "nftables", "family": "netdev", "name": "f in", "devs": ["eth0"], "incoming": true, "outgoing": false },
            { "by": "arptables", "family": "arp", "name": null, "devs": [], "incoming": true, "outgoing": true },
            { "by": "ebtables", "family": "bridge", "name": "filter", "devs": [], "incoming": true, "outgoing": true },
            { "by": "tc", "family": "netdev", "name": "clsact", "devs": ["eth0"], "incoming": true, "outgoing": true },
        ],
        "unknown": ["nftables", "arptables", "ebtables", "tc"],
    });
    let snapshot = host(filters.clone(), json!({}));
    let written: Value = serde_json::from_str(&snapshot.to_json()).unwrap();
    assert_eq!(written["filters"], filters);
    for (word, by) in By::WORDS {
        assert_eq!(word, by.word());
    }
}

#[test]
fn a_rule_of_the_arp_family_is_named_once_and_only_for_the_packets_that_it_sees() {
    let snapshot = host(found("nftables", "arp", Some("filter input"), &[], true, false), json!({}));
    for on in ["eth0", "br0", "eth1.5"] {
        assert_eq!(caveats(&snapshot, on, Way::Reply), ["the nftables chain `arp filter input` may change this"]);
        assert_eq!(caveats(&snapshot, on, Way::Announce), [""; 0]);
    }
    let snapshot = host(found("arptables", "arp", None, &[], false, true), json!({}));
    for way in [Way::Reply, Way::Announce] {
        assert_eq!(caveats(&snapshot, "eth1", way), ["an arptables rule for outgoing packets may change this"]);
    }
}

#[test]
fn what_is_bound_to_an_interface_counts_there_and_above() {
    let snapshot = host(found("tc", "netdev", Some("clsact"), &["eth1"], true, true), json!({}));
    let text = "a filter or program of the tc qdisc clsact on eth1 may change this";
    for on in ["eth1", "eth1.5"] {
        assert_eq!(caveats(&snapshot, on, Way::Announce), [text]);
    }
    for on in ["eth0", "br0", "v0"] {
        assert_eq!(caveats(&snapshot, on, Way::Announce), [""; 0]);
    }
    let snapshot = host(found("nftables", "netdev", Some("f in"), &["eth0", "tap0"], true, false), json!({}));
    let both = ["tap0", "eth0"].map(|on| format!("the nftables chain `netdev f in` may change this on {on}"));
    assert_eq!(caveats(&snapshot, "br0", Way::Reply), both);
    assert_eq!(caveats(&snapshot, "v0", Way::Reply), [""; 0]);
}

#[test]
fn a_rule_of_a_bridge_counts_on_bridges() {
    let snapshot = host(found("ebtables", "bridge", Some("filter"), &[], true, true), json!({}));
    let text = "an ebtables rule of the table filter may change this on the bridge br0";
    assert_eq!(caveats(&snapshot, "br0", Way::Announce), [text]);
    assert_eq!(caveats(&snapshot, "eth1", Way::Announce), [""; 0]);
    let snapshot = host(found("nftables", "bridge", Some("b pre"), &[], true, false), json!({}));
    assert_eq!(caveats(&snapshot, "br0", Way::Reply), ["the nftables chain `bridge b pre` may change this on br0"]);
}

#[test]
fn an_xdp_program_sees_what_comes_in() {
    let snapshot = host(Value::Null, json!({ "xdp": true }));
    assert_eq!(caveats(&snapshot, "br0", Way::Reply), ["an XDP program on eth0 may change this"]);
    assert_eq!(caveats(&snapshot, "br0", Way::Announce), [""; 0]);
    assert_eq!(caveats(&snapshot, "eth1", Way::Reply), [""; 0]);
}

#[test]
fn a_port_that_answers_for_others_counts_on_its_bridge() {
    let snapshot = host(Value::Null, json!({ "port_answers": true }));
    let text = "the bridge port eth0 may answer for others (proxy_arp, proxy_arp_wifi or neigh_suppress) and keep requests back";
    assert_eq!(caveats(&snapshot, "br0", Way::Announce), [text]);
    assert_eq!(caveats(&snapshot, "eth1", Way::Reply), [""; 0]);
}

#[test]
fn what_could_not_be_asked_is_said() {
    let snapshot = host(json!({ "found": [], "unknown": ["nftables", "ebtables"] }), json!({}));
    let unasked = |by| format!("whether {by} changes this could not be asked");
    assert_eq!(caveats(&snapshot, "eth1", Way::Reply), [unasked("nftables")]);
    assert_eq!(caveats(&snapshot, "br0", Way::Reply), [unasked("nftables"), unasked("ebtables")]);
}

#[test]
fn links_that_lead_in_a_circle_end() {
    let mut snapshot = host(found("tc", "netdev", Some("clsact"), &["eth1.5"], true, true), json!({}));
    // The index of a device in another namespace may be that of one above.
    snapshot.interfaces[3].link = Some(5);
    assert_eq!(caveats(&snapshot, "eth1", Way::Reply).len(), 1);
}
