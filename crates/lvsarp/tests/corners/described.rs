//! Described hosts, and what is asked of them.

use lvsarp::{Decision, Learning, Snapshot};
use serde_json::{Map, Value, json};

pub(crate) const KEYS: [&str; 16] = [
    "arp_ignore",
    "arp_announce",
    "arp_filter",
    "arp_accept",
    "drop_gratuitous_arp",
    "proxy_arp",
    "proxy_arp_pvlan",
    "medium_id",
    "rp_filter",
    "accept_local",
    "route_localnet",
    "forwarding",
    "send_redirects",
    "shared_media",
    "ignore_routes_with_linkdown",
    "log_martians",
];

/// Every key is 0 but those that are given; one that is null is unknown.
pub(crate) fn conf(given: &Value) -> Value {
    let mut conf: Map<String, Value> = KEYS.iter().map(|key| ((*key).to_owned(), json!(0))).collect();
    conf.extend(given.as_object().unwrap().clone());
    conf.retain(|_, value| !value.is_null());
    Value::Object(conf)
}

pub(crate) fn interface(index: u32, name: &str, more: Value, own: Value) -> Value {
    let mut interface = json!({
        "index": index, "name": name, "kind": null, "flags": ["UP", "BROADCAST"], "hardware": 1, "mac": null, "mtu": 1500,
        "master": null, "vrf_table": null, "link": null, "conf": conf(&own),
    });
    for (key, value) in more.as_object().unwrap() {
        interface[key] = value.clone();
    }
    interface
}

pub(crate) fn address(index: u32, dev: &str, local: &str, len: u8, scope: &str) -> Value {
    json!({
        "index": index, "dev": dev, "local": local, "peer": null, "prefixlen": len, "broadcast": null, "scope": scope, "label": dev,
        "flags": ["permanent"], "proto": null, "valid_lft": null, "preferred_lft": null,
    })
}

pub(crate) fn secondary(mut address: Value) -> Value {
    address["flags"] = json!(["secondary", "permanent"]);
    address
}

pub(crate) fn rule(priority: u32, table: u32, more: Value) -> Value {
    let mut rule = json!({
        "priority": priority, "action": 1, "table": table, "l3mdev": false, "invert": false, "src": null, "dst": null, "iif": null,
        "oif": null, "tos": 0, "mark": null, "suppress_prefixlen": null, "goto": null, "by_group": false, "other": false,
    });
    for (key, value) in more.as_object().unwrap() {
        rule[key] = value.clone();
    }
    rule
}

pub(crate) const REFUSE: u8 = 7;
pub(crate) const UNICAST: u8 = 1;
pub(crate) const LOCAL: u8 = 2;
pub(crate) const BROADCAST: u8 = 3;

pub(crate) fn hop(index: u32, flags: u32) -> Value {
    json!({"index": index, "gateway": null, "flags": flags})
}

/// A route of the kernel's own.
pub(crate) fn route(table: u32, prefix: &str, kind: u8, hops: &[Value]) -> Value {
    json!({"table": table, "prefix": prefix, "kind": kind, "tos": 0, "scope": 0, "metric": 0, "proto": 2, "hops": hops})
}

pub(crate) fn with(mut value: Value, more: Value) -> Value {
    for (key, new) in more.as_object().unwrap() {
        value[key] = new.clone();
    }
    value
}

/// A host with eth0 (10.0.0.1/24), eth1 (10.1.0.1/24), and what is put in.
pub(crate) struct Described {
    pub(crate) kernel: &'static str,
    pub(crate) all: Value,
    pub(crate) interfaces: Vec<Value>,
    pub(crate) addresses: Vec<Value>,
    pub(crate) rules: Vec<Value>,
    pub(crate) routes: Vec<Value>,
    pub(crate) routing: Value,
}

/// The rules that are there from the beginning.
pub(crate) fn first_rules() -> Vec<Value> {
    vec![rule(0, 255, json!({})), rule(32766, 254, json!({})), rule(32767, 253, json!({}))]
}

pub(crate) fn two(own: Value) -> Described {
    Described {
        kernel: "6.1.0",
        all: json!({}),
        interfaces: vec![
            interface(1, "lo", json!({"flags": ["UP", "LOOPBACK"], "hardware": 772}), json!({})),
            interface(2, "eth0", json!({}), own),
            interface(3, "eth1", json!({}), json!({})),
        ],
        addresses: vec![address(2, "eth0", "10.0.0.1", 24, "global"), address(3, "eth1", "10.1.0.1", 24, "global")],
        rules: first_rules(),
        routes: vec![
            route(255, "10.0.0.1/32", LOCAL, &[hop(2, 0)]),
            route(255, "10.0.0.255/32", BROADCAST, &[hop(2, 0)]),
            route(254, "10.0.0.0/24", UNICAST, &[hop(2, 0)]),
            route(255, "10.1.0.1/32", LOCAL, &[hop(3, 0)]),
            route(254, "10.1.0.0/24", UNICAST, &[hop(3, 0)]),
        ],
        routing: json!({}),
    }
}

/// The same with eth0 in the VRF red, whose table is 100.
pub(crate) fn in_red(own: Value) -> Described {
    let mut host = two(own);
    host.interfaces[1]["master"] = json!(4);
    host.interfaces.push(interface(4, "red", json!({"kind": "vrf", "vrf_table": 100}), json!({})));
    for route in &mut host.routes[..3] {
        route["table"] = json!(100);
    }
    host.rules.insert(1, rule(1000, 0, json!({"l3mdev": true})));
    host
}

impl Described {
    pub(crate) fn kernel(mut self, kernel: &'static str) -> Described {
        self.kernel = kernel;
        self
    }

    pub(crate) fn all(mut self, all: Value) -> Described {
        self.all = all;
        self
    }

    /// A rule where its priority puts it.
    pub(crate) fn rule(mut self, rule: Value) -> Described {
        let priority = |rule: &Value| rule["priority"].as_u64().unwrap();
        let at = self.rules.iter().position(|other| priority(other) > priority(&rule)).unwrap_or(self.rules.len());
        self.rules.insert(at, rule);
        self
    }

    pub(crate) fn route(mut self, route: Value) -> Described {
        self.routes.push(route);
        self
    }

    pub(crate) fn interface(mut self, interface: Value) -> Described {
        self.interfaces.push(interface);
        self
    }

    pub(crate) fn address(mut self, address: Value) -> Described {
        self.addresses.push(address);
        self
    }

    pub(crate) fn routing(mut self, routing: Value) -> Described {
        self.routing = routing;
        self
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let routing = json!({
            "rules": self.rules, "routes": self.routes, "split": null, "looks_senders_up": null, "realms": false, "proxies": [],
            "registered": [],
        });
        let all = if self.all.is_null() { json!({}) } else { conf(&self.all) };
        let snapshot = json!({
            "format": 2, "kernel": self.kernel, "proc_sys": "read-write", "all": all, "default": conf(&json!({})),
            "interfaces": self.interfaces, "addresses": self.addresses, "local_routes": [],
            "routing": if self.routing.is_null() { Value::Null } else { with(routing, self.routing.clone()) },
        });
        Snapshot::from_json(&snapshot.to_string()).unwrap()
    }

    pub(crate) fn asked(&self, target: &str, sender: &str, on: &str) -> Decision {
        self.snapshot().would_reply(target.parse().unwrap(), sender.parse().unwrap(), &on.parse().unwrap()).unwrap()
    }

    pub(crate) fn replies(&self, target: &str, sender: &str) -> bool {
        self.asked(target, sender, "eth0").replies().unwrap()
    }

    pub(crate) fn learns(&self, target: &str, sender: &str) -> Learning {
        self.asked(target, sender, "eth0").learns().unwrap()
    }

    /// The sender of a request, in words.
    pub(crate) fn announces(&self, target: &str, on: &str, source: &str) -> String {
        let decision = self
            .snapshot()
            .would_announce(target.parse().unwrap(), &on.parse().unwrap(), Some(source.parse().unwrap()))
            .unwrap();
        decision.source().map_or("nothing".to_owned(), |source| source.to_string())
    }

    pub(crate) fn has_caveat(&self, target: &str, sender: &str, says: &str) -> bool {
        self.asked(target, sender, "eth0").caveats.iter().any(|caveat| caveat.contains(says))
    }
}
