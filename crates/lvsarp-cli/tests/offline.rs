//! Snapshots: taken on one machine, looked at on another, and refused when they are none.

mod sandbox;

use sandbox::{Ran, Sandbox};

#[test]
fn a_snapshot_says_on_another_host_what_the_host_says() {
    let host = Sandbox::real_server();
    host.sh("ip addr add 192.0.2.10/32 dev lo");
    let elsewhere = Sandbox::new();
    for line in ["check", "check --json", "check --vip 192.0.2.11", "status", "status eth0 --json"] {
        let there = host.run(line);
        for taken in [host.run("snapshot"), host.run("snapshot --json")] {
            let here = elsewhere.run_with_input(&format!("{line} --snapshot -"), taken.out.as_bytes());
            assert_eq!((here.status, &here.out), (there.status, &there.out), "{line}");
        }
        assert_ne!(elsewhere.run(line).out, there.out, "{line}");
    }
}

#[test]
fn a_plan_for_a_snapshot_is_that_of_the_host() {
    let host = Sandbox::real_server();
    let taken = host.run("snapshot").ended(0).out;
    let elsewhere = Sandbox::new();
    let before = elsewhere.state();
    for line in ["apply --vip 192.0.2.10 --dry-run", "apply --vip 192.0.2.10 --dry-run --json --scope interface"] {
        let there = host.run(line).ended(0);
        let here = elsewhere.run_with_input(&format!("{line} --snapshot -"), taken.as_bytes()).ended(0);
        assert_eq!(here.out, there.out, "{line}");
    }
    assert_eq!(elsewhere.state(), before);
}

#[test]
fn a_snapshot_is_read_from_a_file_by_name() {
    let host = Sandbox::real_server();
    host.run("apply --vip 192.0.2.10").ended(0);
    let file = format!("{}/a snapshot {}", env!("CARGO_TARGET_TMPDIR"), host.pid());
    std::fs::write(&file, host.run("snapshot").ended(0).out).unwrap();
    let checked = Sandbox::new().lvsarp(["check", "--snapshot", &file]);
    std::fs::remove_file(&file).unwrap();
    let checked = checked.ended(0);
    assert_eq!(checked.out, "ok: 192.0.2.10 is silent on eth0\n");
}

#[test]
fn a_snapshot_is_indented_for_people_and_one_line_for_programs() {
    let host = Sandbox::real_server();
    let text = host.run("snapshot").ended(0).out;
    let json = host.run("snapshot --json").ended(0).json();
    assert!(text.lines().count() > 100);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), json);
    assert_eq!(json["format"], lvsarp::FORMAT);
}

#[test]
fn what_is_no_snapshot_is_refused_with_the_reason() {
    let host = Sandbox::new();
    let good = host.run("snapshot --json").ended(0).out;
    let newer = good.replacen("\"format\":2", "\"format\":99", 1);
    assert_ne!(newer, good);
    let half = &good[..good.len() / 2];
    for (input, words) in [
        (&b""[..], "the standard input as a snapshot: it is not JSON: it ends too soon"),
        (b"levels", "it is not JSON: a value is expected, at byte 0"),
        (b"{}", "missing field `format`"),
        (b"[]", "the standard input as a snapshot"),
        (b"{\"format\":1}", "missing field"),
        (b"\xff\xfe", "it is not UTF-8"),
        (newer.as_bytes(), "its format is 99"),
        (half.as_bytes(), "a string does not end"),
    ] {
        let line = "check --snapshot -";
        host.run_with_input(line, input).refused(words);
        host.run_with_input("status --snapshot -", input).refused(words);
        host.run_with_input("explain announce 192.0.2.1 --on eth0 --snapshot -", input).refused(words);
        host.run_with_input("apply --vip 192.0.2.10 --dry-run --snapshot -", input).refused(words);
        let json = host.run_with_input(&format!("{line} --json"), input).ended(2).json();
        assert_eq!(json["error"]["kind"], "invalid-input");
    }
    let missing = host.run("check --snapshot /nonexistent").refused("cannot read \"/nonexistent\": No such file");
    assert_eq!(missing.out, "");
    host.run("check --snapshot /run").refused("cannot read \"/run\": Is a directory");
}

#[test]
fn a_file_is_only_for_commands_that_look() {
    let host = Sandbox::real_server();
    let before = host.state();
    host.run("apply --vip 192.0.2.10 --snapshot /run/s").refused("--dry-run");
    host.run("undo --snapshot /run/s").refused("'--snapshot'");
    host.run("check --snapshot /run/s --netns client").refused("no network namespace");
    host.run("--netns client status --snapshot /run/s").refused("no network namespace");
    assert_eq!(host.state(), before);
}

#[test]
fn texts_of_a_hostile_snapshot_cannot_steer_a_terminal() {
    let host = Sandbox::new();
    let mut snapshot = host.run("snapshot --json").ended(0).json();
    snapshot["addresses"][0]["label"] = "lo:\u{1b}[31m".into();
    snapshot["interfaces"][0]["name"] = "lo\\x1b[2J".into();
    let ran: Ran = host.run_with_input("status --snapshot -", snapshot.to_string().as_bytes()).ended(0);
    assert!(ran.out.contains("label lo:\\x1b[31m") && ran.out.contains("lo\\x1b[2J"), "{ran:?}");
    assert!(!ran.out.contains('\u{1b}'), "{ran:?}");
}
