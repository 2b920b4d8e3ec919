//! The pictures of hosts that are made up: no text leaves its box or lies on another, every VIP is named as what it is, no name leaves its element.

use lvsarp::{Decision, Report, Snapshot};
use serde_json::{Value, json};

use crate::canvas::{Area, Canvas, WIDTH};
use crate::facts::Facts;
use crate::{decision, host};

/// A host: the levels of `all`, then interfaces and addresses.
struct Made {
    all: Value,
    interfaces: Vec<Value>,
    addresses: Vec<Value>,
}

impl Made {
    fn at(ignore: i32, announce: i32) -> Made {
        let all = json!({"arp_ignore": ignore, "arp_announce": announce});
        let mut made = Made { all, interfaces: Vec::new(), addresses: Vec::new() };
        made.add("lo", json!({"flags": ["UP", "LOOPBACK"], "hardware": 772}));
        made
    }

    fn add(&mut self, name: &str, more: Value) {
        let mut interface = json!({
            "index": self.interfaces.len() + 1, "name": name, "kind": "veth", "flags": ["UP", "BROADCAST"], "hardware": 1, "mac": "02:00:00:00:00:01",
            "mtu": 1500, "master": null, "link": null, "conf": {"arp_ignore": 0, "arp_announce": 0, "route_localnet": 0},
        });
        for (key, value) in more.as_object().unwrap() {
            interface[key] = value.clone();
        }
        self.interfaces.push(interface);
    }

    fn bind(&mut self, dev: &str, local: &str, len: u8, scope: &str) {
        let index = self.interfaces.iter().position(|interface| interface["name"] == dev).unwrap() + 1;
        self.addresses.push(json!({
            "index": index, "dev": dev, "local": local, "peer": null, "prefixlen": len, "broadcast": null, "scope": scope,
            "label": format!("{dev}:{}", "<&\u{202e}W".repeat(index % 3)), "flags": ["permanent"], "proto": null,
            "valid_lft": null, "preferred_lft": null,
        }));
    }

    fn snapshot(&self) -> Snapshot {
        let snapshot = json!({
            "format": 1, "kernel": "6.1.0", "proc_sys": "read-write", "all": self.all, "default": {"arp_ignore": 0, "arp_announce": 0},
            "interfaces": self.interfaces, "addresses": self.addresses, "local_routes": [],
        });
        Snapshot::from_json(&snapshot.to_string()).unwrap()
    }
}

/// An interface that has a subnet, and VIPs on lo of which those below `leaking` have scope global; `arp_ignore` 3 hides the others.
fn server(vips: usize, leaking: usize) -> Made {
    let mut made = Made::at(3, 2);
    made.add("eth0", json!({}));
    made.bind("eth0", "10.1.255.254", 16, "global");
    for at in 0..vips {
        made.bind("lo", &vip(at), 32, if at < leaking { "global" } else { "host" });
    }
    made
}

fn vip(at: usize) -> String {
    format!("10.1.{}.{}", at / 100, 1 + at % 100 * 2)
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

fn random(dice: &mut Dice, interfaces: usize, vips: usize) -> Made {
    const NAMES: [&str; 6] = ["eth", "<&\"'>", "网卡接口", "WWWWWWWWWW", "\u{202e}x", "enp0s31f6."];
    const KINDS: [&str; 6] = ["veth", "bridge", "bond", "vlan", "<b>&amp;WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "tun"];
    let mut made = Made::at(dice.roll(9) as i32, dice.roll(4) as i32);
    if dice.roll(4) == 0 {
        made.all = json!({});
    }
    for at in 0..interfaces {
        let mut name = format!("{}{at}", NAMES[dice.roll(6)]);
        while name.len() > 15 {
            name.remove(0);
        }
        let flags = [["UP", "BROADCAST"], ["BROADCAST", "MULTICAST"], ["UP", "NOARP"]][dice.roll(6).saturating_sub(3)];
        // Also masters that are not there, and rings.
        let master = (dice.roll(3) == 0).then(|| 2 + dice.roll(interfaces + 1));
        let value = [0, 1, 2, -2_147_483_648, 2_147_483_647][dice.roll(5)];
        let conf = json!({"arp_ignore": value, "arp_announce": dice.roll(3), "route_localnet": 0});
        let conf = if dice.roll(9) == 0 { Value::Null } else { conf };
        let link = 1 + dice.roll(interfaces + 1);
        made.add(
            &name,
            json!({"flags": flags, "master": master, "kind": KINDS[dice.roll(6)], "conf": conf, "link": link}),
        );
        for _ in 0..dice.roll(4) {
            match dice.roll(2) {
                0 => made.bind(&name, &format!("10.{}.{}.9", dice.roll(250), dice.roll(250)), 16, "global"),
                _ => made.bind(
                    &name,
                    &format!("2001:db8:1111:2222:3333:4444:5555:{:x}", 4096 + dice.roll(9999)),
                    64,
                    "global",
                ),
            }
        }
    }
    for at in 0..vips {
        let scope = ["global", "host", "link"][dice.roll(3)];
        let dev = if dice.roll(9) == 0 {
            made.interfaces[dice.roll(interfaces + 1)]["name"].as_str().unwrap().to_owned()
        } else {
            "lo".into()
        };
        match dice.roll(3) {
            0 => made.bind("lo", &format!("2001:db8:aaaa:bbbb:cccc:dddd:eeee:{:x}", 0x1000 + at * 3), 128, "global"),
            _ => made.bind(&dev, &vip(at), 32, scope),
        }
    }
    made
}

fn inside(inner: &Area, outer: &Area) -> bool {
    inner.x >= outer.x
        && inner.y >= outer.y
        && inner.x + inner.width <= outer.x + outer.width
        && inner.y + inner.height <= outer.y + outer.height
}

fn overlap(a: &Area, b: &Area) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

/// No text lies on another, leaves the picture or crosses the edge of a box; boxes lie in each other or beside each other.
#[track_caller]
fn is_tidy((canvas, height): (Canvas, i32)) {
    let page = Area { x: 0, y: 0, width: WIDTH, height };
    for (at, (area, text)) in canvas.texts.iter().enumerate() {
        assert!(inside(area, &page), "{text:?} leaves the picture: {area:?} of {height}");
        for frame in &canvas.boxes {
            assert!(!overlap(area, frame) || inside(area, frame), "{text:?} at {area:?} crosses {frame:?}");
        }
        for (other, words) in &canvas.texts[at + 1..] {
            assert!(!overlap(area, other), "{text:?} at {area:?} lies on {words:?} at {other:?}");
        }
    }
    for (at, area) in canvas.boxes.iter().enumerate() {
        assert!(inside(area, &page), "{area:?} leaves the picture");
        for other in &canvas.boxes[at + 1..] {
            let apart = !overlap(area, other) || inside(area, other) || inside(other, area);
            assert!(apart, "{area:?} crosses {other:?}");
        }
    }
}

fn questions(snapshot: &Snapshot) -> Vec<Decision> {
    let (vip, router) = ("10.1.0.1".parse().unwrap(), "10.1.255.253".parse().unwrap());
    let asked = snapshot.interfaces.iter().flat_map(|interface| {
        let on = &interface.name;
        [
            snapshot.would_reply(vip, router, on),
            snapshot.would_reply("255.255.255.255".parse().unwrap(), vip, on),
            snapshot.would_announce(router, on, Some(vip)),
            snapshot.would_announce(router, on, None),
        ]
    });
    asked.map(|decision| decision.expect("the interface is there")).collect()
}

fn report(snapshot: &Snapshot) -> Report {
    snapshot.check(None).unwrap()
}

#[track_caller]
fn all_is_tidy(snapshot: &Snapshot) {
    let report = report(snapshot);
    let facts = Facts::of(snapshot, &report);
    is_tidy(crate::host::picture(&facts));
    for decision in questions(snapshot) {
        is_tidy(crate::decision::picture(&facts, &decision));
    }
}

#[test]
fn no_text_lies_on_another_or_leaves_its_box() {
    for (vips, leaking) in [(0, 0), (1, 0), (1, 1), (2, 1), (50, 3), (200, 0), (200, 3), (200, 200)] {
        all_is_tidy(&server(vips, leaking).snapshot());
    }
    let mut dice = Dice(1);
    for (interfaces, most, hosts) in [(1, 3, 20), (4, 200, 20), (20, 200, 10)] {
        for _ in 0..hosts {
            let vips = dice.roll(most);
            all_is_tidy(&random(&mut dice, interfaces, vips).snapshot());
        }
    }
    all_is_tidy(&Made { all: json!({}), interfaces: Vec::new(), addresses: Vec::new() }.snapshot());
}

#[test]
fn every_leaking_vip_is_named_as_leaking_and_no_other() {
    for (vips, leaking) in [(1, 0), (1, 1), (200, 3), (200, 199), (200, 200)] {
        let snapshot = server(vips, leaking).snapshot();
        let report = report(&snapshot);
        let groups = crate::vips::groups(&Facts::of(&snapshot, &report));
        let named = |wanted: &str| -> Vec<String> {
            let these = groups.iter().filter(|group| group.words.starts_with(wanted));
            these.flat_map(|group| group.names.iter().map(|name| name.text.clone())).collect()
        };
        // Every second address is a VIP, so that there are no ranges.
        let expected: Vec<String> = (0..leaking).map(vip).collect();
        assert_eq!(named("leaks: answered on eth0"), expected);
        assert_eq!(named("silent").len(), vips - leaking);
        let drawn = host(&snapshot, &report);
        assert!(expected.iter().all(|vip| drawn.contains(vip)));
        let title = if leaking > 0 { "<title>LEAKS: " } else { "<title>SILENT: " };
        assert!(drawn.contains(title) && !drawn.contains("…, "), "{drawn}");
    }
}

#[test]
fn silent_vips_are_summarised_with_how_many_are_left_out() {
    let mut made = Made::at(1, 2);
    made.add("eth0", json!({}));
    made.bind("eth0", "10.1.255.254", 16, "global");
    for at in 0..3000 {
        // Ranges of three, with one left out between them.
        let at = at / 3 * 4 + at % 3;
        made.bind("lo", &format!("10.1.{}.{}", at / 256, at % 256), 32, "global");
    }
    let snapshot = made.snapshot();
    let drawn = host(&snapshot, &report(&snapshot));
    let line = drawn.lines().find(|line| line.contains(" more</text>")).unwrap();
    let shown = drawn.split("</desc>").nth(1).unwrap().matches(" (3)").count();
    assert!(line.ends_with(&format!(", and {} more</text>", 3000 - 3 * shown)), "{shown}: {line}");
}

#[test]
fn what_cannot_be_told_is_neither_silent_nor_leaking() {
    let mut made = server(2, 1);
    made.all = json!({});
    let snapshot = made.snapshot();
    let drawn = host(&snapshot, &report(&snapshot));
    assert!(drawn.contains("<title>UNKNOWN: ") && drawn.contains("cannot be told"), "{drawn}");
    assert!(!drawn.contains(" good\"") && !drawn.contains(" bad\""), "{drawn}");
}

#[test]
fn a_vip_that_is_not_there_is_an_error() {
    let snapshot = server(1, 0).snapshot();
    let report = snapshot.check(Some(&["10.9.9.9".parse().unwrap()])).unwrap();
    let drawn = host(&snapshot, &report);
    assert!(
        drawn.contains("<title>ERROR: ")
            && drawn.contains(">not bound here</text>")
            && drawn.contains(">10.9.9.9</text>")
    );
}

#[test]
fn a_decision_is_red_where_a_vip_leaks_and_green_where_it_is_kept() {
    let ip = |text: &str| text.parse().unwrap();
    let eth0 = "eth0".parse().unwrap();
    for (leaking, word, tone) in [(0, "NO ANSWER", "good"), (1, "ANSWERED", "bad")] {
        let snapshot = server(1, leaking).snapshot();
        let asked = snapshot.would_reply(ip("10.1.0.1"), ip("10.1.255.253"), &eth0).unwrap();
        let drawn = decision(&snapshot, &report(&snapshot), &asked);
        assert!(drawn.contains(&format!("<text class=\"title {tone}\" x=\"158\" y=\"35\">{word}</text>")), "{drawn}");
        assert!(asked.trace.iter().all(|check| drawn.contains(check.function)));
        // The host's own address is answered for, as it should be.
        let own = snapshot.would_reply(ip("10.1.255.254"), ip("10.1.255.253"), &eth0).unwrap();
        assert!(
            decision(&snapshot, &report(&snapshot), &own)
                .contains("<text class=\"title\" x=\"138\" y=\"35\">ANSWERED</text>")
        );
    }
}

#[test]
fn a_question_is_asked_again_by_its_words() {
    let snapshot = random(&mut Dice(7), 9, 20).snapshot();
    let model = lvsarp::Model::of(&snapshot);
    for decision in questions(&snapshot) {
        assert_eq!(crate::asked_again(&model, &decision.question), Some(decision));
    }
    for wrong in
        ["", "who-has", "who-has 10.1.0.1 tell 10.1.0.2 on nowhere", "who-has x tell y on lo", "announce 10.1.0.1"]
    {
        assert_eq!(crate::asked_again(&model, wrong), None, "{wrong}");
    }
}
