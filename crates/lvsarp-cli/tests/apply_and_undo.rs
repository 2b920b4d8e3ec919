//! Apply and undo from the command line: what they change, what they print and how they end.

mod sandbox;

use sandbox::{Ran, Sandbox};

#[test]
fn apply_makes_silent_and_undo_restores() {
    let host = Sandbox::real_server();
    let before = host.state();
    host.run("check --vip 192.0.2.10").ended(1);
    let applied = host.run("apply --vip 192.0.2.10").ended(0);
    assert!(applied.out.starts_with("set all/arp_ignore "), "{applied:?}");
    assert_eq!(
        host.sh("cat /proc/sys/net/ipv4/conf/all/arp_ignore /proc/sys/net/ipv4/conf/all/arp_announce"),
        "1\n2\n"
    );
    assert!(host.sh("ip -o addr show dev lo").contains("192.0.2.10/32"));
    let checked = host.run("check --vip 192.0.2.10").ended(0);
    assert_eq!(checked.out, "ok: 192.0.2.10 is silent on eth0\n");
    host.run("undo").ended(0);
    assert_eq!(host.state(), before);
}

#[test]
fn a_second_call_has_nothing_to_do() {
    let host = Sandbox::real_server();
    host.run("apply --vip 192.0.2.10").ended(0);
    let applied = host.state();
    assert_eq!(host.run("apply --vip 192.0.2.10").ended(0).out, "nothing to do\n");
    let again = host.run("apply --vip 192.0.2.10 --json").ended(0).json();
    assert_eq!(again, serde_json::json!({"changed": false, "steps": [], "findings": []}));
    assert_eq!(host.state(), applied);
    host.run("undo").ended(0);
    assert_eq!(host.run("undo").ended(0).out, "nothing to do\n");
    assert_eq!(host.run("undo --json").ended(0).json()["changed"], false);
}

#[test]
fn steps_are_told_with_their_reasons_in_columns() {
    let host = Sandbox::real_server();
    let applied = host.run("apply --vip 192.0.2.10").ended(0);
    let steps: Vec<&str> = applied.out.lines().take_while(|line| line.contains("  because ")).collect();
    assert_eq!(steps.len(), 5, "{applied:?}");
    let column = steps[0].find("because ").unwrap();
    for step in &steps {
        assert_eq!(step.find("because "), Some(column), "{applied:?}");
        assert_eq!(step.trim_end(), *step);
    }
    assert!(steps[4].starts_with("bind 192.0.2.10/32 dev lo  scope global label lo  because "), "{applied:?}");
    let undone = host.run("undo").ended(0);
    assert!(undone.out.starts_with("unbind 192.0.2.10/32 dev lo "), "{undone:?}");
}

#[test]
fn a_dry_run_says_the_same_and_changes_nothing() {
    let host = Sandbox::real_server();
    let before = host.state();
    let line = "apply --vip 192.0.2.10 --prefix 198.51.100.0/24";
    let would = host.run(&format!("{line} --dry-run")).ended(0);
    let would_json = host.run(&format!("{line} --dry-run --json")).ended(0).json();
    assert_eq!(host.state(), before);
    let applied = host.run(line).ended(0);
    assert_eq!(would.out, format!("would:\n{}", applied.out));
    assert_ne!(host.state(), before);
    host.run("undo").ended(0);
    let done = host.run(&format!("{line} --json")).ended(0).json();
    assert_eq!(would_json["steps"], done["steps"]);
    assert_eq!((&would_json["changed"], &would_json["ok"]), (&false.into(), &true.into()));
    assert_eq!(done["changed"], true);
    assert_eq!(host.run(&format!("{line} --dry-run")).ended(0).out, "nothing to do\n");
}

#[test]
fn an_exact_apply_removes_what_is_not_named_and_the_way_back_has_a_dry_run() {
    let host = Sandbox::real_server();
    let before = host.state();
    host.run("apply --vip 192.0.2.10,192.0.2.20").ended(0);
    let exact = host.run("apply --exact --vip 192.0.2.20").ended(0);
    assert!(exact.out.starts_with("unbind 192.0.2.10/32 dev lo "), "{exact:?}");
    let applied = host.state();
    let would = host.run("undo --dry-run").ended(0);
    let would_json = host.run("undo --dry-run --json").ended(0).json();
    assert_eq!((host.state(), &would_json["changed"]), (applied, &false.into()));
    assert_eq!(format!("would:\n{}", host.run("undo").ended(0).out), would.out);
    assert_eq!(host.state(), before);
    assert_eq!(host.run("undo --dry-run").ended(0).out, "nothing to do\n");
    host.run("apply --exact --vip 192.0.2.20 --dry-run --snapshot /run/s").refused("'--exact'");
}

#[test]
fn steps_in_json_have_act_thing_old_new_and_reason() {
    let host = Sandbox::real_server();
    let applied = host.run("--json apply --vip 192.0.2.10").ended(0).json();
    let first = &applied["steps"][0];
    assert_eq!((&first["act"], &first["thing"]), (&"set".into(), &"all/arp_ignore".into()));
    assert_eq!((&first["old"], &first["new"]), (&0.into(), &1.into()));
    assert!(first["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    assert!(applied["findings"].is_array());
    let undone = host.run("undo --json").ended(0).json();
    assert_eq!(undone["changed"], true);
    assert_eq!(undone["steps"].as_array().unwrap().len(), applied["steps"].as_array().unwrap().len());
}

#[test]
fn vips_come_repeated_or_with_commas_and_of_both_families() {
    let host = Sandbox::real_server();
    host.run("apply --vip 192.0.2.10,192.0.2.11 --vip 2001:db8::10 --prefix 198.51.100.0/25,198.51.100.128/25")
        .ended(0);
    let lo = host.sh("ip -o addr show dev lo");
    for vip in ["192.0.2.10/32", "192.0.2.11/32", "2001:db8::10/128"] {
        assert!(lo.contains(vip), "{vip} is not in {lo}");
    }
    let routes = host.sh("ip route show table local");
    assert!(routes.contains("198.51.100.0/25") && routes.contains("198.51.100.128/25"), "{routes}");
    let checked = host.run("check").ended(0);
    assert!(checked.out.ends_with("are silent on eth0\n"), "{checked:?}");
}

#[test]
fn scope_interface_leaves_all_alone() {
    let host = Sandbox::real_server();
    let applied = host.run("apply --vip 192.0.2.10 --scope interface").ended(0);
    assert!(applied.out.contains("set eth0/arp_ignore"), "{applied:?}");
    assert!(applied.out.contains("warning new-interfaces-unprotected: "), "{applied:?}");
    assert_eq!(host.sh("cat /proc/sys/net/ipv4/conf/all/arp_ignore"), "0\n");
    host.run("check").ended(0);
}

#[test]
fn device_label_scope_and_method_reach_the_kernel() {
    let host = Sandbox::real_server();
    host.sh("ip link add quiet0 type veth peer name q0 netns client && ip link set quiet0 up arp off");
    host.run("apply --vip 192.0.2.10 --dev quiet0 --label quiet0:vip --address-scope link").ended(0);
    let shown = host.sh("ip -o addr show dev quiet0");
    assert!(shown.contains("192.0.2.10/32 scope link quiet0:vip"), "{shown}");
    host.run("undo").ended(0);
    host.run("apply --vip 192.0.2.10 --method ioctl").ended(0);
    let shown = host.sh("ip -o addr show dev lo");
    assert!(shown.contains("192.0.2.10/32 scope global lo:0"), "{shown}");
    assert!(shown.contains("127.0.0.1/8"), "{shown}");
    host.run("undo").ended(0);
}

#[test]
fn a_plan_that_would_not_be_silent_is_refused_with_its_findings() {
    let host = Sandbox::real_server();
    let before = host.state();
    let refused = host.run("apply --vip 192.0.2.2").ended(1);
    assert!(refused.err.starts_with("lvsarp: cannot apply the plan: "), "{refused:?}");
    assert!(refused.out.starts_with("error vip-on-interface eth0 192.0.2.2: "), "{refused:?}");
    let json = host.run("apply --vip 192.0.2.2 --json").ended(1);
    assert_eq!(json.json()["error"]["kind"], "refused");
    assert_eq!(json.json()["findings"][0]["code"], "vip-on-interface");
    assert!(json.err.starts_with("lvsarp: cannot apply the plan: "), "{json:?}");
    let dry = host.run("apply --vip 192.0.2.2 --dry-run").ended(1);
    assert!(dry.out.starts_with("would refuse, because a VIP would not be silent"), "{dry:?}");
    assert_eq!(host.run("apply --vip 192.0.2.2 --dry-run --json").ended(1).json()["ok"], false);
    assert_eq!(host.state(), before);
}

#[test]
fn a_subnet_on_lo_needs_force() {
    let host = Sandbox::real_server();
    let before = host.state();
    host.run("apply --vip 198.51.100.10/24").refused("makes all of 198.51.100.0/24 local");
    assert_eq!(host.state(), before);
    host.run("apply --vip 198.51.100.10/24 --force").ended(0);
    assert!(host.sh("ip -o addr show dev lo").contains("198.51.100.10/24"));
}

#[test]
fn undo_leaves_alone_what_somebody_else_changed() {
    let host = Sandbox::real_server();
    host.run("apply --vip 192.0.2.10").ended(0);
    host.sh("echo 8 > /proc/sys/net/ipv4/conf/all/arp_ignore");
    let undone = host.run("undo").ended(0);
    assert!(undone.out.contains("warning left-alone: all/arp_ignore was left alone"), "{undone:?}");
    assert_eq!(host.sh("cat /proc/sys/net/ipv4/conf/all/arp_ignore"), "8\n");
}

#[test]
fn a_missing_capability_is_named() {
    let host = Sandbox::real_server();
    let before = host.state();
    // A user namespace below the one that owns the network: root in it, but not over this network.
    let apply = ["--user", "--map-root-user", sandbox::LVSARP, "apply", "--vip", "192.0.2.10"];
    let denied = Ran::of(host.command("unshare").args(apply)).refused("");
    assert!(denied.err.contains("hint: CAP_NET_ADMIN is needed"), "{denied:?}");
    assert!(denied.err.contains("rolled back"), "{denied:?}");
    let json = Ran::of(host.command("unshare").args(apply).arg("--json")).ended(2).json();
    assert_eq!((&json["error"]["kind"], &json["error"]["rolled_back"]), (&"permission".into(), &true.into()));
    assert_eq!(host.state(), before);
}

#[test]
fn where_proc_sys_is_read_only_interfaces_are_set_and_all_is_named() {
    let host = Sandbox::real_server();
    host.sh("mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys");
    let applied = host.run("apply --vip 192.0.2.10").ended(0);
    assert!(applied.out.contains("warning all-not-writable: all/arp_ignore stays 0"), "{applied:?}");
    assert_eq!(host.sh("cat /proc/sys/net/ipv4/conf/eth0/arp_ignore"), "1\n");
    host.run("check --vip 192.0.2.10").ended(0);
    host.run("undo").ended(0);
    assert_eq!(host.sh("cat /proc/sys/net/ipv4/conf/eth0/arp_ignore"), "0\n");
}

#[test]
fn a_run_that_cannot_be_written_changes_nothing() {
    let host = Sandbox::real_server();
    let before = host.state();
    host.sh("mount -o remount,bind,ro /run");
    let refused = host.run("apply --vip 192.0.2.10").refused("/run/lvsarp: Read-only file system");
    assert!(refused.err.contains("nothing was changed"), "{refused:?}");
    assert_eq!(host.run("apply --vip 192.0.2.10 --json").ended(2).json()["error"]["kind"], "read-only");
    assert_eq!(host.state(), before);
}

#[test]
fn a_held_lock_is_waited_for_as_long_as_asked() {
    let host = Sandbox::real_server();
    host.run("apply --vip 192.0.2.10").ended(0);
    let applied = host.state();
    let undone = |timeout: &str| {
        let script = format!("flock /run/lvsarp/*.lock {} undo --json --lock-timeout {timeout}", sandbox::LVSARP);
        let start = std::time::Instant::now();
        (Ran::of(host.command("sh").args(["-c", &script])), start.elapsed())
    };
    for (timeout, least) in [("0", 0.0), ("0.3", 0.3)] {
        let (ran, took) = undone(timeout);
        assert_eq!(ran.ended(2).json()["error"]["kind"], "lock-timeout");
        assert!((least..5.0).contains(&took.as_secs_f64()), "{took:?}");
    }
    assert_eq!(host.state(), applied);
    host.run("undo --lock-timeout 0").ended(0);
}
