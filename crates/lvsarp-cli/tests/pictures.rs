//! Pictures: the same text wherever it goes, beside the usual answer, in a file that is written completely or not at all.

mod sandbox;

use lvsarp::Snapshot;
use sandbox::Sandbox;

const ASK: &str = "explain who-has 192.0.2.10 --tell 192.0.2.3 --on eth0";

/// A real server with a VIP, its snapshot below /run, and the same snapshot here.
fn server() -> (Sandbox, Snapshot) {
    let host = Sandbox::real_server();
    host.sh("ip addr add 192.0.2.10/32 dev lo");
    host.sh(&format!("{} snapshot > /run/host.json", sandbox::LVSARP));
    let snapshot = Snapshot::from_json(&host.sh("cat /run/host.json")).unwrap();
    (host, snapshot)
}

fn drawn(snapshot: &Snapshot) -> String {
    lvsarp_svg::host(snapshot, &snapshot.check(None).unwrap())
}

#[test]
fn status_draws_beside_its_answer_or_instead_of_it() {
    let (host, snapshot) = server();
    let expected = drawn(&snapshot);
    for line in ["status", "status eth0", "status --snapshot /run/host.json", "status --json", "status eth0 --json"] {
        let plain = host.run(line).ended(0);
        let beside = host.run(&format!("{line} --svg /run/host.svg")).ended(0);
        assert_eq!(beside.out, plain.out, "{line}");
        assert_eq!(host.sh("cat /run/host.svg; rm /run/host.svg"), expected, "{line}");
        let instead = host.run(&format!("{line} --svg -")).ended(0);
        assert_eq!(instead.out, expected, "{line}");
    }
}

#[test]
fn explain_draws_the_decision_that_it_tells() {
    let (host, snapshot) = server();
    let ip = |text: &str| text.parse().unwrap();
    let eth0 = "eth0".parse().unwrap();
    let what_if = snapshot.with(&lvsarp::Scope::All, lvsarp::Key::ArpIgnore, 1).unwrap();
    let announce = "explain announce 192.0.2.3 --from 192.0.2.10 --on eth0";
    let asked = |snapshot: &Snapshot| snapshot.would_reply(ip("192.0.2.10"), ip("192.0.2.3"), &eth0).unwrap();
    for (line, of, decision) in [
        (ASK.to_owned(), &snapshot, asked(&snapshot)),
        (format!("{ASK} --set all.arp_ignore=1"), &what_if, asked(&what_if)),
        (
            announce.to_owned(),
            &snapshot,
            snapshot.would_announce(ip("192.0.2.3"), &eth0, Some(ip("192.0.2.10"))).unwrap(),
        ),
    ] {
        let expected = lvsarp_svg::decision(of, &of.check(None).unwrap(), &decision);
        for line in [line.clone(), format!("{line} --snapshot /run/host.json"), format!("{line} --json")] {
            let beside = host.run(&format!("{line} --svg /run/way.svg")).ended(0);
            assert_eq!(beside.out, host.run(&line).ended(0).out, "{line}");
            assert_eq!(host.sh("cat /run/way.svg; rm /run/way.svg"), expected, "{line}");
            assert_eq!(host.run(&format!("{line} --svg -")).ended(0).out, expected, "{line}");
        }
    }
    let verified = host.run(&format!("{ASK} --verify --svg -")).ended(0).out;
    assert!(verified.contains("the kernel agrees") && verified.starts_with("<svg "), "{verified}");
}

#[test]
fn the_exit_status_stays_that_of_the_answer() {
    let (host, mut snapshot) = server();
    snapshot.all = lvsarp::Conf::default();
    for svg in ["", " --svg -", " --svg /dev/null"] {
        let line = format!("{ASK} --snapshot -{svg}");
        host.run_with_input(&line, snapshot.to_json().as_bytes()).ended(2);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_and_prints_nothing_else() {
    let (host, _) = server();
    host.sh("ln -s loop /run/loop");
    for (file, cause) in [
        ("/run/nowhere/host.svg", "No such file or directory"),
        ("/run", "Is a directory"),
        ("/run/..", "Is a directory"),
        ("/dev/full", "No space left on device"),
        ("/run/host.json/host.svg", "Not a directory"),
        ("/run/loop", "Too many levels of symbolic links"),
    ] {
        for line in ["status", "status --json", ASK] {
            let ran = host.run(&format!("{line} --svg {file}"));
            let ran = ran.refused(&format!("cannot write {file:?}: {cause}"));
            assert!(!ran.out.contains("interfaces") && !ran.out.contains("arp_ignore"), "{ran:?}");
        }
    }
    host.lvsarp(["status", "--svg", ""]).refused("cannot write \"\": No such file or directory");
    for line in ["check --svg /run/x.svg", "snapshot --svg /run/x.svg", "status --svg"] {
        host.run(line).refused("--svg");
    }
}

#[test]
fn a_file_is_written_completely_or_stays_as_it_was() {
    let (host, _) = server();
    host.sh("mkdir /run/full; mount -t tmpfs -o size=8k tmpfs /run/full
             echo before > /run/full/host.svg; head -c 4096 /dev/zero > /run/full/rest");
    host.run("status --svg /run/full/host.svg").refused("No space left on device");
    host.run("status --svg /run/full/new.svg").refused("No space left on device");
    assert_eq!(host.sh("cat /run/full/host.svg; ls -A /run/full"), "before\nhost.svg\nrest\n");
}

#[test]
fn what_a_killed_process_of_the_same_number_left_and_a_long_name_do_no_harm() {
    let (host, snapshot) = server();
    let long = format!("/run/a/{}.svg", "n".repeat(251));
    host.sh("mkdir /run/a; echo left > /run/a/.lvsarp-1-0");
    for file in ["/run/a/host.svg", &long] {
        host.sh(&format!("unshare --pid --fork {} status --svg {file}", sandbox::LVSARP));
        assert_eq!(host.sh(&format!("cat {file}; rm {file}")), drawn(&snapshot));
    }
    assert_eq!(host.sh("ls -A /run/a"), ".lvsarp-1-0\n");
}

#[test]
fn a_file_keeps_its_mode_and_a_link_stays_a_link() {
    let (host, snapshot) = server();
    host.sh("mkdir /run/a; echo before > /run/a/host.svg; chmod 640 /run/a/host.svg; ln -s a/host.svg /run/link.svg; ln -s a/new.svg /run/new.svg");
    host.run("status --svg /run/link.svg").ended(0);
    host.run("status --svg /run/new.svg").ended(0);
    assert_eq!(host.sh("stat -c '%a %F' /run/link.svg /run/a/host.svg"), "777 symbolic link\n640 regular file\n");
    assert_eq!(host.sh("cat /run/a/host.svg"), drawn(&snapshot));
    assert_eq!(host.sh("cat /run/a/new.svg"), drawn(&snapshot));
    assert_eq!(host.sh("ls -A /run/a"), "host.svg\nnew.svg\n");
    assert_eq!(host.sh(&format!("{} status --svg /dev/stdout | grep -c '<svg '", sandbox::LVSARP)), "1\n");
}
