//! Status and check: what is shown, what is found, and the exit status.

mod sandbox;

use sandbox::Sandbox;
use serde_json::json;

#[test]
fn status_is_a_table_of_levels_and_addresses_with_a_verdict() {
    let host = Sandbox::real_server();
    host.run("apply --vip 192.0.2.10 --label lo:0").ended(0);
    host.sh("ip link add br0 type bridge
             ip link add p0 type veth peer name q0 netns client
             ip link set p0 master br0 addrgenmode none
             ip link set br0 addrgenmode none
             echo 1 > /proc/sys/net/ipv4/conf/br0/arp_announce");
    assert_eq!(
        host.run("status lo eth0 br0 p0").ended(0).out,
        "\
interface  state              arp_ignore            arp_announce          addresses
                              own all -> effective  own all -> effective
lo         loopback             1   1 -> 1            2   2 -> 2          127.0.0.1/8
                                                                          192.0.2.10/32 label lo:0
                                                                          ::1/128
eth0       up                   0   1 -> 1            0   2 -> 2          192.0.2.2/24
br0        down                 0   1 -> 1            1   2 -> 2
p0         port of br0, down    0   1 -> 1            0   2 -> 2
silent: 192.0.2.10 on eth0; 1 warning, see lvsarp check
"
    );
}

#[test]
fn status_shows_the_first_thing_that_is_wrong() {
    let host = Sandbox::real_server();
    assert!(host.run("status").ended(0).out.ends_with("\nthere is no VIP to keep silent\n"));
    host.sh("ip addr add 192.0.2.10/32 dev lo");
    let status = host.run("status").ended(0);
    let verdict = status.out.lines().last().unwrap();
    assert!(verdict.starts_with("error vip-answered eth0 192.0.2.10: "), "{status:?}");
    assert!(verdict.ends_with("; 1 more, see lvsarp check"), "{status:?}");
}

#[test]
fn addresses_are_shown_in_the_words_of_ip() {
    let host = Sandbox::real_server();
    host.sh("ip addr add 192.0.2.20/24 dev eth0
             ip addr add 198.51.100.1 peer 198.51.100.2/32 dev eth0 scope link label eth0:p
             ip addr add 2001:db8::2/64 dev eth0 nodad");
    host.run("apply --vip 203.0.113.10,2001:db8::10 --address-scope host").ended(0);
    let status = host.run("status lo eth0").ended(0);
    let column = status.out.find("addresses").unwrap();
    let shown = status.out.lines().filter_map(|line| line.get(column..)).filter(|text| !text.is_empty());
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            "addresses",
            "127.0.0.1/8",
            "203.0.113.10/32 scope host",
            "2001:db8::10/128 deprecated",
            "::1/128",
            "198.51.100.1 peer 198.51.100.2/32 scope link label eth0:p",
            "192.0.2.2/24",
            "192.0.2.20/24 secondary",
            "2001:db8::2/64",
        ],
        "{status:?}"
    );
}

#[test]
fn status_in_json_has_levels_and_addresses() {
    let host = Sandbox::real_server();
    host.sh("ip addr add 192.0.2.10/32 dev lo scope host && echo 3 > /proc/sys/net/ipv4/conf/eth0/arp_ignore");
    let status = host.run("status --json eth0 lo").ended(0).json();
    let eth0 = &status["interfaces"][0];
    assert_eq!((&eth0["name"], &eth0["state"], &eth0["up"]), (&"eth0".into(), &"up".into(), &true.into()));
    assert_eq!(eth0["arp_ignore"], json!({"own": 3, "all": 0, "effective": 3}));
    assert_eq!(eth0["arp_announce"], json!({"own": 0, "all": 0, "effective": 0}));
    let lo = &status["interfaces"][1];
    assert_eq!((&lo["name"], &lo["state"], &lo["master"]), (&"lo".into(), &"loopback".into(), &json!(null)));
    assert_eq!((&lo["addresses"][1]["local"], &lo["addresses"][1]["scope"]), (&"192.0.2.10".into(), &"host".into()));
    assert_eq!(status["ok"], false);
    assert_eq!(status["findings"][0]["code"], "vip-announced");
}

#[test]
fn check_ends_with_1_where_a_vip_leaks_and_says_what_to_do() {
    let host = Sandbox::real_server();
    host.sh("ip addr add 192.0.2.10/32 dev lo");
    let checked = host.run("check").ended(1);
    let lines: Vec<&str> = checked.out.lines().collect();
    assert!(
        lines[0].starts_with("error vip-answered eth0 192.0.2.10: 192.0.2.10 is answered on eth0: "),
        "{checked:?}"
    );
    assert!(lines[1].starts_with("  hint: "), "{checked:?}");
    assert!(!checked.out.contains("ok: "), "{checked:?}");
    assert_eq!(checked.err, "");
    let json = host.run("check --json").ended(1).json();
    assert_eq!(json["ok"], false);
    let finding = &json["findings"][0];
    assert_eq!((&finding["code"], &finding["severity"]), (&"vip-answered".into(), &"error".into()));
    assert_eq!((&finding["interface"], &finding["vip"]), (&"eth0".into(), &"192.0.2.10".into()));
    assert!(finding["message"].is_string() && finding["hint"].is_string());
    assert_eq!(
        json["verdicts"],
        json!([{"vip": "192.0.2.10", "interface": "eth0", "replies": true, "announces": true}])
    );
}

#[test]
fn check_names_what_it_found_silent() {
    let host = Sandbox::real_server();
    assert!(host.run("check").ended(0).out.ends_with("\nok: there is no VIP to keep silent\n"));
    host.run("apply --vip 192.0.2.10,192.0.2.11").ended(0);
    assert_eq!(host.run("check").ended(0).out, "ok: 192.0.2.10, 192.0.2.11 are silent on eth0\n");
    assert_eq!(host.run("check --vip 192.0.2.11").ended(0).out, "ok: 192.0.2.11 is silent on eth0\n");
    host.sh("ip link set eth0 down");
    let checked = host.run("check").ended(0);
    let last = checked.out.lines().last().unwrap();
    assert_eq!(last, "ok: 192.0.2.10, 192.0.2.11 are silent, because no interface speaks ARP");
}

#[test]
fn a_long_list_of_vips_is_counted() {
    let host = Sandbox::real_server();
    let vips: Vec<String> = (1..=20).map(|n| format!("198.51.100.{n}")).collect();
    host.run(&format!("apply --vip {}", vips.join(","))).ended(0);
    let checked = host.run("check").ended(0);
    assert!(checked.out.ends_with("198.51.100.8 and 12 more are silent on eth0\n"), "{checked:?}");
}

#[test]
fn check_ends_with_2_where_it_cannot_be_told() {
    let host = Sandbox::real_server();
    host.run("apply --vip 192.0.2.10").ended(0);
    // Without the files of conf/all nobody knows what is in force.
    host.sh("mount -t tmpfs tmpfs /proc/sys/net");
    let checked = host.run("check --vip 192.0.2.10");
    assert_eq!(checked.status, 2, "{checked:?}");
    assert!(checked.out.starts_with("unknown levels-unknown eth0 192.0.2.10: "), "{checked:?}");
    let status = host.run("status eth0").ended(0);
    assert!(status.out.contains("\neth0       up       0   ? -> ? "), "{status:?}");
}

#[test]
fn an_ordinary_user_may_look() {
    let host = Sandbox::real_server();
    host.run("apply --vip 192.0.2.10").ended(0);
    let unprivileged =
        |args: &[&str]| sandbox::Ran::of(host.command("unshare").args(["--user", sandbox::LVSARP]).args(args));
    let checked = unprivileged(&["check"]).ended(0);
    assert!(checked.out.ends_with("ok: 192.0.2.10 is silent on eth0\n"), "{checked:?}");
    assert_eq!(unprivileged(&["status"]).ended(0).out, host.run("status").out);
    // All but the packet filters, which only root may list.
    let snapshot = |ran: sandbox::Ran| {
        let mut snapshot = ran.ended(0).json();
        assert!(snapshot.as_object_mut().unwrap().remove("filters").is_some());
        snapshot
    };
    assert_eq!(snapshot(unprivileged(&["snapshot", "--json"])), snapshot(host.run("snapshot --json")));
    unprivileged(&["apply", "--vip", "192.0.2.10", "--dry-run"]).ended(0);
}
