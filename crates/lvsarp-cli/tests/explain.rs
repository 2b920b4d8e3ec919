//! Explain: the answer in one sentence, the checks behind it, what-if, snapshots, and what is refused.

mod sandbox;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use sandbox::{Ran, Sandbox};
use serde_json::json;

/// A snapshot of another machine, as lvsarp wrote it before snapshots had routing.
const OLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/conformance/snapshots/format-1.json");

const WHO_HAS: &str = "explain who-has 192.0.2.10 --tell 192.0.2.3 --on eth0";
const ANNOUNCE: &str = "explain announce 192.0.2.3 --on eth0 --from 192.0.2.10";

/// A real server with the VIP 192.0.2.10 on lo, and arp_ignore 1.
fn with_vip() -> Sandbox {
    let host = Sandbox::real_server();
    host.sh("ip addr add 192.0.2.10/32 dev lo
             for key in rp_filter arp_filter; do
               for where in all eth0; do echo 0 > /proc/sys/net/ipv4/conf/$where/$key; done
             done
             echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore");
    host
}

/// The first line.
#[track_caller]
fn rule(ran: &Ran) -> &str {
    ran.out.lines().next().unwrap_or_else(|| panic!("nothing was printed: {ran:?}"))
}

#[test]
fn the_first_line_is_the_answer_with_the_values_that_decide() {
    let host = with_vip();
    let hidden = "no reply: arp_ignore is 1 (all=1, eth0=0) and 192.0.2.10 is on lo (scope global), not on eth0";
    assert_eq!(rule(&host.run(WHO_HAS).ended(0)), hidden);
    let carried =
        "sender 192.0.2.10: arp_announce is 0 (all=0, eth0=0), so the request carries the packet's source 192.0.2.10";
    assert_eq!(rule(&host.run(ANNOUNCE).ended(0)), carried);
    host.sh("echo 0 > /proc/sys/net/ipv4/conf/all/arp_ignore; echo 2 > /proc/sys/net/ipv4/conf/eth0/arp_announce");
    let answered = "reply: arp_ignore is 0 (all=0, eth0=0) and 192.0.2.10 is on lo (scope global): every local address is answered for";
    assert_eq!(rule(&host.run(WHO_HAS).ended(0)), answered);
    let chosen = "sender 192.0.2.2: 192.0.2.2 is the best address of eth0 for 192.0.2.3";
    assert_eq!(rule(&host.run(ANNOUNCE).ended(0)), chosen);
    assert_eq!(rule(&host.run("explain announce 192.0.2.3 --on eth0").ended(0)), chosen);
    let unasked = host.run("explain announce 224.0.0.5 --on eth0").ended(0);
    assert_eq!(rule(&unasked), "no request: 224.0.0.5 is a multicast address, whose MAC is known");
}

#[test]
fn below_it_stand_the_checks_in_columns_up_to_the_one_that_decides() {
    let host = with_vip();
    let ran = host.run(WHO_HAS).ended(0);
    let checks: Vec<&str> = ran.out.lines().skip(1).collect();
    let column = checks[0].find("  [net/ipv4/arp.c: arp_rcv()]").unwrap_or_else(|| panic!("{ran:?}"));
    assert!(checks[0].starts_with("  pass  eth0 is up and speaks ARP  "), "{ran:?}");
    for check in &checks {
        assert_eq!(check.rfind("  ["), Some(column), "{ran:?}");
        assert!(check.ends_with("()]"), "{ran:?}");
    }
    let (last, before) = checks.split_last().unwrap();
    assert!(last.starts_with("  stop  arp_ignore is 1 (all=1, eth0=0) and ") && last.ends_with("arp.c: arp_ignore()]"));
    assert!(before.len() >= 3 && before.iter().all(|check| check.starts_with("  pass  ")), "{ran:?}");
    assert_eq!(ran.err, "");
}

#[test]
fn what_if_asks_about_other_values_and_changes_nothing() {
    let host = with_vip();
    host.sh("ip link add eth0.100 type veth peer name q0 netns client
             ip link set eth0.100 addrgenmode none up; ip addr add 203.0.113.1/24 dev eth0.100");
    let before = host.state();
    let dotted = "explain who-has 192.0.2.10 --tell 203.0.113.2 --on eth0.100";
    for (line, expected) in [
        (format!("{WHO_HAS} --set all.arp_ignore=3"), "reply: arp_ignore is 3 (all=3, eth0=0) and "),
        (format!("{WHO_HAS} --set all.arp_ignore=0"), "reply: arp_ignore is 0 (all=0, eth0=0) and "),
        (format!("{WHO_HAS} --set=eth0.arp_ignore=8"), "no reply: arp_ignore is 8 (all=1, eth0=8) and "),
        (format!("{WHO_HAS} --set eth0.arp_ignore=-7"), "no reply: arp_ignore is 1 (all=1, eth0=-7) and "),
        (
            format!("{WHO_HAS} --set all.arp_ignore=-2147483648 --set eth0.arp_ignore=2147483647"),
            "reply: arp_ignore is 2147483647 (all=-2147483648, eth0=2147483647) and ",
        ),
        // The last one counts.
        (
            format!("{WHO_HAS} --set all.arp_ignore=3 --set all.arp_ignore=1"),
            "no reply: arp_ignore is 1 (all=1, eth0=0) ",
        ),
        (format!("{WHO_HAS} --set default.arp_ignore=3"), "no reply: arp_ignore is 1 (all=1, eth0=0) and "),
        (format!("{dotted} --set eth0.100.arp_ignore=5"), "reply: arp_ignore is 5 (all=1, eth0.100=5) and "),
        (format!("{dotted} --set eth0.arp_ignore=5"), "no reply: arp_ignore is 1 (all=1, eth0.100=0) and "),
        (
            format!("{WHO_HAS} --set all.arp_ignore=0 --set all.arp_filter=1 --set eth0.rp_filter=1"),
            "reply: arp_filter is set",
        ),
        (format!("{ANNOUNCE} --set eth0.arp_announce=1"), "sender 192.0.2.10: arp_announce is 1 (all=0, eth0=1), and "),
        (format!("{ANNOUNCE} --set all.arp_announce=2"), "sender 192.0.2.2: "),
    ] {
        let ran = host.run(&line).ended(0);
        assert!(rule(&ran).starts_with(expected), "{line}: {ran:?}");
    }
    assert_eq!(host.state(), before);
}

#[test]
fn what_if_takes_every_key() {
    let host = with_vip();
    let keys = host.run("levels --json").ended(0).json();
    let keys: Vec<&str> = keys["keys"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    assert!(keys.len() > 10);
    for key in keys {
        host.run(&format!("{WHO_HAS} --set all.{key}=1 --set eth0.{key}=-1")).ended(0);
    }
    host.run(&format!("{WHO_HAS} --set eth0.drop_gratuitous_arp=1")).ended(0);
    let dropped = host.run("explain who-has 192.0.2.2 --tell 192.0.2.2 --on eth0 --set eth0.drop_gratuitous_arp=1");
    assert!(rule(&dropped).ends_with("and drop_gratuitous_arp is set"), "{dropped:?}");
}

#[test]
fn in_json_it_is_one_object_with_the_fields_of_the_decision() {
    let host = with_vip();
    let ran = host.run(&format!("{WHO_HAS} --json")).ended(0);
    let decision = ran.json();
    let names = |object: &serde_json::Value| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut fields = ["question", "replies", "learns", "rule", "trace", "caveats", "witness"];
    // In the order of the decision's fields.
    let places: Vec<usize> = fields.iter().map(|field| ran.out.find(&format!("\"{field}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{ran:?}");
    fields.sort_unstable();
    assert_eq!(names(&decision), fields);
    assert_eq!(decision["question"], "who-has 192.0.2.10 tell 192.0.2.3 on eth0");
    assert_eq!((&decision["replies"], &decision["learns"]), (&json!(false), &json!("nothing")));
    assert_eq!(decision["rule"], rule(&host.run(WHO_HAS)));
    let trace = decision["trace"].as_array().unwrap();
    assert_eq!(
        trace[0],
        json!({"function": "net/ipv4/arp.c: arp_rcv()", "pass": true, "text": "eth0 is up and speaks ARP"})
    );
    assert_eq!(trace.last().unwrap()["pass"], false);
    assert_eq!((&decision["witness"], decision["caveats"].is_array()), (&json!(null), true));

    let decision = host.run(&format!("--json {ANNOUNCE}")).ended(0).json();
    assert_eq!(names(&decision), ["caveats", "question", "rule", "source", "trace", "witness"]);
    assert_eq!(decision["question"], "announce 192.0.2.3 on eth0 from 192.0.2.10");
    assert_eq!(decision["source"], "192.0.2.10");
    let unasked = host.run("explain announce 224.0.0.5 --on eth0 --json").ended(0).json();
    assert_eq!((&unasked["source"], &unasked["question"]), (&json!(null), &json!("announce 224.0.0.5 on eth0")));
}

#[test]
fn it_ends_with_2_where_a_level_that_decides_is_unknown() {
    let host = with_vip();
    // Without the files of conf/all nobody knows what is in force.
    host.sh("mount -t tmpfs tmpfs /proc/sys/net");
    let ran = host.run(WHO_HAS).ended(2);
    assert_eq!(rule(&ran), "unknown: arp_ignore of conf/all is unknown");
    assert_eq!(ran.err, "");
    assert_eq!(rule(&host.run(ANNOUNCE).ended(2)), "unknown: arp_announce of conf/all is unknown");
    let decision = host.run(&format!("{WHO_HAS} --json")).ended(2).json();
    assert_eq!((&decision["replies"], &decision["learns"]), (&json!(null), &json!(null)));
    // What no level decides is known all the same, and so is what a what-if says.
    let down = host.run("explain who-has 192.0.2.10 --tell 192.0.2.3 --on lo").ended(0);
    assert!(rule(&down).starts_with("no reply: lo is a loopback device"), "{down:?}");
    let what_if = host.run(&format!("{WHO_HAS} --set all.arp_ignore=1")).ended(0);
    assert!(rule(&what_if).starts_with("no reply: arp_ignore is 1 (all=1, eth0=0) and "), "{what_if:?}");
}

#[test]
fn a_snapshot_answers_elsewhere_what_its_host_answers() {
    let host = with_vip();
    let taken = host.run("snapshot").ended(0).out;
    let elsewhere = Sandbox::new();
    for line in [WHO_HAS, ANNOUNCE, &format!("{WHO_HAS} --json"), &format!("{ANNOUNCE} --set all.arp_announce=2")] {
        let here = elsewhere.run_with_input(&format!("{line} --snapshot -"), taken.as_bytes()).ended(0);
        assert_eq!(here.out, host.run(line).ended(0).out, "{line}");
    }
    elsewhere.run(WHO_HAS).refused("cannot find interface eth0: No such device");
    let netns = host.run("explain who-has 192.0.2.3 --tell 192.0.2.2 --on eth0 --netns client").ended(0);
    assert!(rule(&netns).starts_with("reply: "), "{netns:?}");
}

#[test]
fn an_old_snapshot_without_routing_is_read() {
    let text = std::fs::read_to_string(OLD).unwrap();
    assert!(text.contains("\"format\": 1") && !text.contains("routing"));
    let elsewhere = Sandbox::new();
    let asked = |line: &str| {
        let from_file = elsewhere.lvsarp(line.split_whitespace().chain(["--snapshot", OLD])).ended(0);
        let from_stdin = elsewhere.run_with_input(&format!("{line} --snapshot -"), text.as_bytes()).ended(0);
        assert_eq!(from_file.out, from_stdin.out);
        rule(&from_file).to_owned()
    };
    for (line, expected) in [
        (
            "explain who-has 10.0.0.100 --tell 10.0.0.2 --on eth0",
            "no reply: arp_ignore is 1 (all=1, eth0=0) and 10.0.0.100 is on lo (scope global), not on eth0",
        ),
        (
            "explain who-has 198.51.100.7 --tell 10.1.0.2 --on eth0.100 --set all.arp_ignore=4",
            "reply: arp_ignore is 4 (all=4, eth0.100=0) and 198.51.100.7 is local by a route: every local address is answered for",
        ),
        ("explain who-has 192.0.2.1 --tell 10.0.0.2 --on eth0", "no reply: there is no route to 192.0.2.1"),
        (
            "explain announce 10.0.0.2 --on eth0 --from 10.0.0.100",
            "sender 10.0.0.100: arp_announce is 1 (all=1, eth0=0), and 10.0.0.2 and the packet's source 10.0.0.100 share 10.0.0.0/24 on eth0",
        ),
        (
            "explain announce 10.1.0.2 --on eth0.100 --from 10.0.0.100 --set eth0.100.arp_announce=2",
            "sender 10.1.0.1: 10.1.0.1 is the best address of eth0.100 for 10.1.0.2",
        ),
    ] {
        assert_eq!(asked(line), expected, "{line}");
    }
    let missing = elsewhere.run(&format!("{WHO_HAS} --snapshot /nonexistent"));
    missing.refused("cannot read \"/nonexistent\": No such file");
    elsewhere.run_with_input(&format!("{WHO_HAS} --snapshot -"), b"{}").refused("missing field `format`");
}

#[test]
fn verify_asks_the_running_kernel_and_so_no_other_host() {
    let host = with_vip();
    let verified = host.run(&format!("{WHO_HAS} --verify")).ended(0);
    let unverified = host.run(WHO_HAS).ended(0).out;
    let witness = verified.out.strip_prefix(&unverified).unwrap_or_else(|| panic!("{verified:?}"));
    assert!(witness.starts_with("  the kernel agrees on ") && witness.lines().count() == 1, "{verified:?}");
    let witness = &host.run(&format!("{WHO_HAS} --verify --json")).ended(0).json()["witness"];
    assert_eq!((&witness["agrees"], witness["text"].is_string()), (&json!(true), true));
    for (line, words) in [
        (
            format!("{WHO_HAS} --verify --set all.arp_ignore=3"),
            "'--verify' cannot be used with '--set <SCOPE.KEY=VALUE>'",
        ),
        (format!("{WHO_HAS} --snapshot {OLD} --verify"), "cannot be used with"),
        (format!("{ANNOUNCE} --verify --snapshot {OLD}"), "'--verify' cannot be used with '--snapshot <FILE>'"),
    ] {
        host.run(&line).refused(words);
        assert_eq!(host.run(&format!("{line} --json")).ended(2).json()["error"]["kind"], "invalid-input");
    }
}

#[test]
fn what_is_no_question_is_refused_with_the_reason() {
    let host = with_vip();
    let before = host.state();
    for (line, words) in [
        ("explain", "requires a subcommand"),
        ("explain which", "unrecognized subcommand 'which'"),
        ("explain who-has", "<TARGET>"),
        ("explain who-has 192.0.2.10 --on eth0", "--tell <SENDER>"),
        ("explain who-has 192.0.2.10 --tell 192.0.2.3", "--on <IFACE>"),
        ("explain who-has 192.0.2.10 192.0.2.11 --tell 192.0.2.3 --on eth0", "unexpected argument '192.0.2.11'"),
        ("explain who-has 192.0.2.10 --tell 192.0.2.3 --on eth0 --from 192.0.2.4", "unexpected argument '--from'"),
        ("explain announce 192.0.2.10", "--on <IFACE>"),
        ("explain announce 192.0.2.10 --tell 192.0.2.3 --on eth0", "unexpected argument '--tell'"),
        (
            "explain who-has 2001:db8::10 --tell 192.0.2.3 --on eth0",
            "cannot use 2001:db8::10 as TARGET: ARP is IPv4 only",
        ),
        ("explain who-has 192.0.2.10 --tell ::1 --on eth0", "cannot use ::1 as SENDER: ARP is IPv4 only"),
        ("explain announce fe80::1 --on eth0", "cannot use fe80::1 as TARGET: ARP is IPv4 only"),
        ("explain announce 192.0.2.3 --on eth0 --from ::", "cannot use :: as SOURCE: ARP is IPv4 only"),
        (
            "explain who-has 192.0.2.10/32 --tell 192.0.2.3 --on eth0",
            "TARGET \"192.0.2.10/32\": it is not an IPv4 address",
        ),
        ("explain who-has 192.0.2.010 --tell 192.0.2.3 --on eth0", "it is not an IPv4 address"),
        ("explain who-has vip --tell 192.0.2.3 --on eth0", "it is not an IPv4 address"),
        ("explain who-has 192.0.2.10 --tell nobody --on eth0", "SENDER \"nobody\": it is not an IPv4 address"),
        ("explain announce 192.0.2.3 --on eth0 --from 192.0.2", "SOURCE \"192.0.2\": it is not an IPv4 address"),
        ("explain who-has 192.0.2.10 --tell 192.0.2.3 --on all", "every interface"),
        ("explain who-has 192.0.2.10 --tell 192.0.2.3 --on lo:0", "it is a label"),
        ("explain announce 192.0.2.3 --on ../eth0", "it contains '/'"),
    ] {
        let ran = host.run(line).refused(words);
        assert_eq!(ran.out, "", "{line}");
        let json = host.run(&format!("{line} --json")).ended(2).json();
        assert_eq!((&json["error"]["kind"], &json["error"]["errno"]), (&"invalid-input".into(), &22.into()), "{line}");
    }
    for line in [
        "explain who-has 192.0.2.10 --tell 192.0.2.3 --on eth9",
        "explain announce 192.0.2.3 --on eth9",
        "explain announce 192.0.2.3 --on eth0 --set eth9.arp_ignore=1",
    ] {
        let json = host.run(&format!("{line} --json")).refused("eth9: No such device").json();
        assert_eq!((&json["error"]["kind"], &json["error"]["errno"]), (&"no-interface".into(), &19.into()), "{line}");
    }
    assert_eq!(host.state(), before);
}

#[test]
fn what_is_no_setting_is_refused_with_the_reason() {
    let host = with_vip();
    for (setting, words) in [
        ("", "it is not SCOPE.KEY=VALUE, such as all.arp_ignore=3"),
        ("all", "it is not SCOPE.KEY=VALUE"),
        ("=", "it is not SCOPE.KEY=VALUE"),
        ("arp_ignore=3", "it is not SCOPE.KEY=VALUE"),
        ("all.arp_ignore", "it is not SCOPE.KEY=VALUE"),
        ("all/arp_ignore=3", "it is not SCOPE.KEY=VALUE"),
        ("all.arp_ignor=3", "cannot use key \"arp_ignor\""),
        ("arp_ignore.all=3", "cannot use key \"all\""),
        ("all.=3", "cannot use key \"\""),
        (".arp_ignore=3", "interface name \"\": it is empty"),
        ("lo:0.arp_ignore=3", "it is a label"),
        ("net.ipv4.conf.all.arp_ignore=3", "longer than 15 bytes"),
        ("all.arp_ignore=", "\"\" as a value of arp_ignore: it is not a decimal integer of 32 bits"),
        ("all.arp_ignore=one", "\"one\" as a value of arp_ignore"),
        ("all.arp_ignore=0x1", "it is not a decimal integer"),
        ("all.arp_ignore=1.0", "it is not a decimal integer"),
        ("all.arp_ignore= 1", "it is not a decimal integer"),
        ("all.arp_ignore=2147483648", "it is not a decimal integer of 32 bits"),
        ("all.arp_ignore=-2147483649", "it is not a decimal integer of 32 bits"),
        ("all.arp_ignore=1,lo.arp_ignore=1", "longer than 15 bytes"),
    ] {
        let args = WHO_HAS.split_whitespace().chain(["--set", setting]);
        let ran = host.lvsarp(args.clone()).refused(words);
        assert_eq!(ran.out, "", "{setting}");
        assert_eq!(host.lvsarp(args.chain(["--json"])).ended(2).json()["error"]["errno"], 22, "{setting}");
    }
    let hinted = host.run(&format!("{WHO_HAS} --set all.arp_ignor=3"));
    assert!(hinted.err.contains("  hint: see: lvsarp levels"), "{hinted:?}");
    let bad = OsStr::from_bytes(b"all.arp_ignore=\xff");
    for line in
        [format!("{WHO_HAS} --set"), "explain announce --on eth0 --from 1.1.1.1".into(), format!("{ANNOUNCE} --set")]
    {
        let args: Vec<OsString> = line.split_whitespace().map(OsString::from).chain([bad.to_owned()]).collect();
        host.lvsarp(&args).refused("it is not UTF-8");
    }
}

#[test]
fn an_interface_with_an_odd_name_can_be_set() {
    let host = with_vip();
    host.sh("ip link set eth0 down; ip link set eth0 name a=b.c; ip link set a=b.c up");
    let line = "explain who-has 192.0.2.10 --tell 192.0.2.3 --on a=b.c --set a=b.c.arp_ignore=3";
    let ran = host.run(line).ended(0);
    assert!(rule(&ran).starts_with("reply: arp_ignore is 3 (all=1, a=b.c=3) and "), "{ran:?}");
}

#[test]
fn an_ordinary_user_may_ask_and_is_told_what_could_not_be_seen() {
    let host = with_vip();
    let args = ["--user", sandbox::LVSARP].into_iter().chain(WHO_HAS.split_whitespace());
    let asked = Ran::of(host.command("unshare").args(args)).ended(0);
    let all = host.run(WHO_HAS).ended(0).out;
    let more = asked.out.strip_prefix(&all).unwrap_or_else(|| panic!("{asked:?}"));
    assert!(more.lines().count() > 0 && more.lines().all(|line| line.starts_with("  but ")), "{asked:?}");
}
