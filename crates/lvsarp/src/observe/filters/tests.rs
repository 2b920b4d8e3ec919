//! Tests of reading what the kernel says about filters.

use super::*;
use crate::flags::InterfaceFlags;
use crate::netlink::wire::Writer;

fn interface(index: u32, name: &[u8]) -> Interface {
    Interface {
        index,
        name: IfName::from_kernel(name),
        kind: None,
        flags: InterfaceFlags(0),
        hardware: 1,
        mac: None,
        mtu: 1500,
        master: None,
        vrf_table: None,
        link: None,
        xdp: None,
        port_answers: None,
        conf: None,
    }
}

fn interfaces() -> [Interface; 3] {
    [interface(7, b"eth0"), interface(3, b"eth1"), interface(4, b"tap0")]
}

/// A chain with a hook of this number.
fn chain_message(hook: Option<u32>, rules: u32, policy: u32, devs: impl Fn(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::default();
    w.begin(0, 0, &[0; NFGENMSG]);
    w.attribute(NFTA_CHAIN_TABLE, b"f\0");
    w.attribute(NFTA_CHAIN_NAME, b"in\0");
    if let Some(hook) = hook {
        w.nest(NFTA_CHAIN_HOOK, |w| {
            w.attribute(NFTA_HOOK_HOOKNUM, &hook.to_be_bytes());
            devs(w);
        });
        w.attribute(NFTA_CHAIN_POLICY, &policy.to_be_bytes());
    }
    w.attribute(NFTA_CHAIN_USE, &rules.to_be_bytes());
    w.end(1);
    w.bytes()[16..].to_vec()
}

fn read(family: Family, hook: Option<u32>, rules: u32, policy: u32) -> Option<(bool, bool)> {
    chain(&chain_message(hook, rules, policy, |_| {}), family, &[]).map(|f| (f.incoming, f.outgoing))
}

#[test]
fn a_chain_counts_where_it_has_a_hook_and_a_rule_or_refuses_by_policy() {
    assert_eq!(read(Family::Arp, None, 5, NF_ACCEPT), None);
    assert_eq!(read(Family::Arp, Some(0), 0, NF_ACCEPT), None);
    assert_eq!(read(Family::Arp, Some(0), 1, NF_ACCEPT), Some((true, false)));
    assert_eq!(read(Family::Arp, Some(1), 0, 0), Some((false, true)));
    assert_eq!(read(Family::Netdev, Some(1), 1, NF_ACCEPT), Some((false, true)));
}

#[test]
fn what_a_bridge_forwards_is_not_ours() {
    let ways: Vec<_> = (0..5).map(|hook| read(Family::Bridge, Some(hook), 1, NF_ACCEPT)).collect();
    let (incoming, outgoing) = (Some((true, false)), Some((false, true)));
    assert_eq!(ways, [incoming, incoming, None, outgoing, outgoing]);
    assert_eq!(read(Family::Arp, Some(2), 1, NF_ACCEPT), None);
}

#[test]
fn a_chain_is_bound_to_the_interfaces_that_it_names_or_whose_names_begin_so() {
    let devs = |devs: &dyn Fn(&mut Writer)| {
        let filter = chain(&chain_message(Some(0), 1, NF_ACCEPT, devs), Family::Netdev, &interfaces()).unwrap();
        assert_eq!(filter.name.as_deref(), Some("f in"));
        filter.devs.iter().map(IfName::to_string).collect::<Vec<_>>()
    };
    assert_eq!(devs(&|w| w.attribute(NFTA_HOOK_DEV, b"eth9\0")), ["eth9"]);
    let both = |w: &mut Writer| {
        w.attribute(NFTA_HOOK_DEV, b"eth0\0");
        w.nest(NFTA_HOOK_DEVS, |w| w.attribute(NFTA_DEVICE_NAME, b"eth0\0"));
    };
    assert_eq!(devs(&both), ["eth0"]);
    let prefix = |w: &mut Writer| {
        w.nest(NFTA_HOOK_DEVS, |w| {
            w.attribute(NFTA_DEVICE_NAME, b"tap0\0");
            w.attribute(NFTA_DEVICE_PREFIX, b"eth\0");
        });
    };
    assert_eq!(devs(&prefix), ["tap0", "eth0", "eth1"]);
}

#[test]
fn of_the_qdiscs_those_on_the_way_in_count() {
    let message = |parent: u32, kind: &[u8]| {
        let mut body = [0; TCMSG];
        body[4..8].copy_from_slice(&3u32.to_ne_bytes());
        body[12..16].copy_from_slice(&parent.to_ne_bytes());
        let mut w = Writer::default();
        w.begin(0, 0, &body);
        w.attribute(TCA_KIND, kind);
        w.end(1);
        w.bytes()[16..].to_vec()
    };
    assert_eq!(qdisc(&message(u32::MAX, b"fq_codel\0"), &interfaces()), None);
    for (kind, outgoing) in [("ingress", false), ("clsact", true)] {
        let filter = qdisc(&message(TC_H_INGRESS, kind.as_bytes()), &interfaces()).unwrap();
        assert_eq!((filter.name.as_deref(), filter.outgoing), (Some(kind), outgoing));
        assert_eq!(filter.devs, [IfName::new("eth1").unwrap()]);
    }
    let whole = message(TC_H_INGRESS, b"clsact\0");
    for end in 0..whole.len() {
        let _ = qdisc(&whole[..end], &interfaces());
    }
}

#[test]
fn no_prefix_of_an_answer_makes_the_parsers_panic() {
    let whole = chain_message(Some(0), 1, 0, |w| {
        w.attribute(NFTA_HOOK_DEV, b"eth0\0");
        w.nest(NFTA_HOOK_DEVS, |w| w.attribute(NFTA_DEVICE_NAME, b"eth0\0"));
    });
    for end in 0..whole.len() {
        let _ = chain(&whole[..end], Family::Netdev, &interfaces());
    }
    let mut entry = [0; 208];
    entry[164] = 172;
    entry[204..].copy_from_slice(&(-2i32).to_ne_bytes());
    assert!(accepts(&entry) || cfg!(target_endian = "big"));
    for end in 0..entry.len() {
        assert!(!accepts(&entry[..end]));
    }
}
