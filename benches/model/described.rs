//! Described hosts of any size, as snapshots.

use std::fmt::Write;

use lvsarp::Snapshot;

/// A real server: `interfaces` with an address each, `vips` on `lo`, and `routes` out of the first interface; the levels of `all` as given.
pub fn host(interfaces: u32, vips: u32, routes: u32, arp_ignore: i32, arp_announce: i32) -> Snapshot {
    let mut links = String::from(r#"{"index":1,"name":"lo","flags":["UP","LOOPBACK"],"hardware":772,"mtu":65536,"conf":{"arp_ignore":0,"arp_announce":0,"forwarding":0}}"#);
    let mut addresses = String::from(r#"{"index":1,"dev":"lo","local":"127.0.0.1","prefixlen":8,"scope":"host","flags":["permanent"]}"#);
    let mut table = String::from(route(255, "127.0.0.0/8", 2, 1).as_str());
    let mut registered = String::from("1");
    for n in 0..interfaces {
        let (index, own) = (n + 2, format!("10.{}.{}.1", n / 200, n % 200));
        write!(links, r#",{{"index":{index},"name":"eth{n}","flags":["UP","BROADCAST"],"hardware":1,"mtu":1500,"conf":{{"arp_ignore":0,"arp_announce":0,"forwarding":0}}}}"#).unwrap();
        write!(addresses, r#",{{"index":{index},"dev":"eth{n}","local":"{own}","prefixlen":24,"scope":"global","flags":["permanent"]}}"#).unwrap();
        let subnet = format!("10.{}.{}", n / 200, n % 200);
        for (table_id, prefix, kind) in [(255, format!("{own}/32"), 2), (255, format!("{subnet}.255/32"), 3), (254, format!("{subnet}.0/24"), 1)] {
            write!(table, ",{}", route(table_id, &prefix, kind, index)).unwrap();
        }
        write!(registered, ",{index}").unwrap();
    }
    for n in 0..vips {
        let vip = vip(n);
        write!(addresses, r#",{{"index":1,"dev":"lo","local":"{vip}","prefixlen":32,"scope":"global","flags":["permanent"]}}"#).unwrap();
        write!(table, ",{}", route(255, &format!("{vip}/32"), 2, 1)).unwrap();
    }
    for n in 0..routes {
        write!(table, ",{}", route(254, &format!("172.{}.{}.0/24", 16 + n / 256 % 16, n % 256), 1, 2)).unwrap();
    }
    let json = format!(
        r#"{{"format":2,"kernel":"6.18.0","proc_sys":"read-write","all":{{"arp_ignore":{arp_ignore},"arp_announce":{arp_announce}}},"default":{{}},
        "interfaces":[{links}],"addresses":[{addresses}],"local_routes":[],
        "routing":{{"rules":[],"routes":[{table}],"split":false,"looks_senders_up":false,"realms":false,"proxies":[],"registered":[{registered}]}}}}"#
    );
    Snapshot::from_json(&json).expect("a described host is a snapshot")
}

/// The VIP of this number.
pub fn vip(n: u32) -> std::net::Ipv4Addr {
    std::net::Ipv4Addr::from(u32::from(std::net::Ipv4Addr::new(192, 168, 0, 0)) + n)
}

fn route(table: u32, prefix: &str, kind: u8, index: u32) -> String {
    format!(
        r#"{{"table":{table},"prefix":"{prefix}","kind":{kind},"tos":0,"scope":0,"metric":0,"proto":2,"hops":[{{"index":{index},"gateway":null,"flags":0}}]}}"#
    )
}
