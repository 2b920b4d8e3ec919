//! `--netns`: by name, by path and by process, before and behind the command.

mod sandbox;

use sandbox::{LVSARP, Ran, Sandbox};

#[test]
fn a_namespace_is_named_by_name_path_or_process() {
    let host = Sandbox::real_server();
    let pid = host.pid();
    let ways = ["client".to_owned(), "/run/netns/client".to_owned()];
    for way in &ways {
        for line in [format!("--netns {way} status"), format!("status --netns {way}"), format!("status --netns={way}")]
        {
            let status = host.run(&line).ended(0);
            assert!(status.out.contains("192.0.2.3/24") && !status.out.contains("192.0.2.2/24"), "{line}: {status:?}");
        }
    }
    // From inside the other namespace the process outside names this one.
    let exec = ["--net=/run/netns/client", LVSARP, "status", "--netns", &pid];
    let status = Ran::of(host.command("nsenter").args(exec)).ended(0);
    assert!(status.out.contains("192.0.2.2/24") && !status.out.contains("192.0.2.3/24"), "{status:?}");
}

#[test]
fn apply_and_undo_work_in_another_namespace_only() {
    let host = Sandbox::real_server();
    let before = host.state();
    let client = |line: &str| host.run(&format!("--netns client {line}"));
    client("apply --vip 192.0.2.10").ended(0);
    assert_eq!(host.state(), before);
    assert_eq!(client("check").ended(0).out, "ok: 192.0.2.10 is silent on eth0\n");
    assert_eq!(client("check --json").ended(0).json()["ok"], true);
    assert_eq!(host.run("undo").ended(0).out, "nothing to do\n", "the journal of one namespace is not that of another");
    assert_eq!(client("undo --json").ended(0).json()["changed"], true);
    assert_eq!(host.run("snapshot --netns client").ended(0).out.matches("192.0.2.10").count(), 0);
}

#[test]
fn a_namespace_that_is_not_there_is_named() {
    let host = Sandbox::real_server();
    let before = host.state();
    for command in [
        "status",
        "check",
        "apply --vip 192.0.2.10",
        "apply --vip 192.0.2.10 --dry-run",
        "undo",
        "snapshot",
        "explain announce 192.0.2.1 --on eth0",
    ] {
        let ran = host.run(&format!("{command} --netns nowhere")).refused("network namespace \"nowhere\"");
        assert!(ran.err.contains("there is no /run/netns/nowhere"), "{ran:?}");
        let json = host.run(&format!("{command} --json --netns nowhere")).ended(2).json();
        assert_eq!((&json["error"]["kind"], &json["error"]["errno"]), (&"no-namespace".into(), &2.into()));
    }
    host.run("status --netns /nonexistent/net").refused("there is no /nonexistent/net");
    host.run("status --netns 4000000000").refused("network namespace of process 4000000000");
    assert_eq!(host.state(), before);
}

#[test]
fn what_is_no_namespace_is_refused() {
    let host = Sandbox::new();
    host.sh("touch /run/file; mkdir /run/directory");
    for (netns, words) in [
        ("", "it is empty"),
        (".", "it is a directory"),
        ("..", "it is a directory"),
        ("0", "not the number of a process"),
        ("99999999999999999999", "not the number of a process"),
        ("/run/file", "it is not a network namespace"),
        ("/run/directory", "network namespace"),
        ("/proc/self/ns/mnt", "it is not a network namespace"),
    ] {
        host.lvsarp(["--netns", netns, "status"]).refused(words);
        host.lvsarp(["apply", "--vip", "192.0.2.10", "--netns", netns]).refused(words);
    }
}
