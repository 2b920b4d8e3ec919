//! Bad arguments: each is refused with the reason, in one line, as text and as JSON, and nothing is changed.

mod sandbox;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use sandbox::Sandbox;

#[test]
fn interface_names_that_are_none_are_refused() {
    let host = Sandbox::real_server();
    let before = host.state();
    for (name, words) in [
        (&b""[..], "it is empty"),
        (b".", "it is a directory"),
        (b"..", "it is a directory"),
        (b"abcdefghijklmnop", "longer than 15 bytes"),
        (b"a/b", "it contains '/'"),
        (b"../../etc", "it contains '/'"),
        (b"eth 0", "white space"),
        (b"eth0\n", "white space"),
        (b"lo:0", "it is a label"),
        (b"eth\xff", "it is not UTF-8"),
        (b"all", "every interface"),
        (b"default", "every interface"),
    ] {
        let name = OsStr::from_bytes(name);
        host.lvsarp([OsStr::new("status"), name]).refused(words);
        host.lvsarp([OsStr::new("apply"), "--vip".as_ref(), "192.0.2.10".as_ref(), "--dev".as_ref(), name])
            .refused(words);
    }
    for name in ["eth9", "eth0.100", "eth0.100.200"] {
        let words = format!("{name}: No such device");
        let json = host.lvsarp(["status", name, "--json"]).refused(&words).json();
        assert_eq!((&json["error"]["kind"], &json["error"]["errno"]), (&"no-interface".into(), &19.into()));
        host.lvsarp(["apply", "--vip", "192.0.2.10", "--dev", name]).refused(&words);
    }
    assert_eq!(host.state(), before);
}

#[test]
fn a_name_with_dots_is_an_interface() {
    let host = Sandbox::real_server();
    host.sh("ip link add name eth0.100 type veth peer name eth0.100.200
             ip link set eth0.100 up addrgenmode none; ip link set eth0.100.200 up addrgenmode none
             ip addr add 203.0.113.1/24 dev eth0.100; ip addr add 203.0.113.2/24 dev eth0.100.200
             echo 3 > /proc/sys/net/ipv4/conf/eth0.100/arp_ignore");
    let status = host.run("status eth0.100 eth0.100.200").ended(0);
    assert!(status.out.contains("\neth0.100      up       3   0 -> 3 "), "{status:?}");
    host.run("apply --vip 192.0.2.10 --scope interface").ended(0);
    assert_eq!(host.sh("cat /proc/sys/net/ipv4/conf/eth0.100/arp_ignore"), "1\n");
    assert_eq!(host.sh("cat /proc/sys/net/ipv4/conf/eth0.100.200/arp_announce"), "2\n");
}

#[test]
fn addresses_that_no_real_server_may_hold_are_refused() {
    let host = Sandbox::real_server();
    let before = host.state();
    for (vip, words) in [
        ("", "not an IPv4 or IPv6"),
        ("192.0.2", "not an IPv4 or IPv6"),
        ("192.0.2.010", "not an IPv4 or IPv6"),
        ("192.0.2.256", "not an IPv4 or IPv6"),
        ("vip.example.org", "not an IPv4 or IPv6"),
        ("192.0.2.10,", "not an IPv4 or IPv6"),
        ("192.0.2.10,,192.0.2.11", "not an IPv4 or IPv6"),
        (" 192.0.2.10", "not an IPv4 or IPv6"),
        ("192.0.2.10/33", "32 bits"),
        ("192.0.2.10/0", "its prefix length is 0"),
        ("0.0.0.0", "unspecified"),
        ("127.0.0.2", "loopback"),
        ("224.0.0.5", "multicast"),
        ("255.255.255.255", "broadcast"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("ff02::1", "multicast"),
        ("fe80::1", "link-local"),
        ("::ffff:192.0.2.10", "mapped"),
        ("192.0.2.10,192.0.2.10", "it is named twice"),
    ] {
        host.lvsarp(["apply", "--vip", vip]).refused(words);
        host.lvsarp(["check", "--vip", vip]).refused(words);
        let json = host.lvsarp(["apply", "--vip", vip, "--json"]).refused(words).json();
        let error = &json["error"];
        assert_eq!((&error["kind"], &error["errno"]), (&"invalid-input".into(), &22.into()));
        assert!(error["message"].as_str().is_some_and(|message| message.contains(words)), "{json}");
    }
    host.run("apply --vip 192.0.2.10 --vip 192.0.2.10").refused("it is named twice");
    host.run("apply --vip 2001:db8::10 --label lo:0").refused("none of the VIPs is an IPv4 address");
    host.run("apply --vip 2001:db8::10 --method ioctl").refused("IPv4 addresses only");
    host.run("apply").refused("--vip <VIP>");
    assert_eq!(host.state(), before);
}

#[test]
fn prefixes_labels_and_scopes_that_are_none_are_refused() {
    let host = Sandbox::real_server();
    let before = host.state();
    for (option, value, words) in [
        ("--prefix", "198.51.100.0/33", "32 bits"),
        ("--prefix", "nonsense", "not an IPv4 or IPv6"),
        ("--prefix", "198.51.100.1/24", "198.51.100.1/24"),
        ("--prefix", "198.51.100.0/24,198.51.100.0/24", "it is named twice"),
        ("--label", "eth0:0", "label"),
        ("--label", "lo:abcdefghijklmnop", "label"),
        ("--label", "", "label"),
        ("--scope", "everything", "invalid value 'everything'"),
        ("--scope", "", "a value is required"),
        ("--address-scope", "nowhere", "invalid value 'nowhere'"),
        ("--method", "sysctl", "invalid value 'sysctl'"),
        ("--lock-timeout", "-1", "-1"),
        ("--lock-timeout", "soon", "not a number of seconds"),
        ("--lock-timeout", "nan", "not a number of seconds"),
        ("--lock-timeout", "inf", "not a number of seconds"),
        ("--lock-timeout", "1e300", "not a number of seconds"),
        ("--lock-timeout", "", "not a number of seconds"),
    ] {
        host.lvsarp(["apply", "--vip", "192.0.2.10", option, value]).refused(words);
        let json = host.lvsarp(["apply", "--vip", "192.0.2.10", "--json", option, value]).ended(2).json();
        assert_eq!(json["error"]["errno"], 22, "{option} {value}");
    }
    assert_eq!(host.state(), before);
}

#[test]
fn words_that_are_not_utf_8_are_refused() {
    let host = Sandbox::real_server();
    let before = host.state();
    let bad = OsStr::from_bytes(b"19\xff");
    for line in [
        "status --netns",
        "levels",
        "levels --lang",
        "completions",
        "apply --vip 192.0.2.10 --label",
        "apply --vip 192.0.2.10 --prefix",
        "apply --vip 192.0.2.10 --scope",
        "apply --vip",
        "check --vip",
        "undo --lock-timeout",
        "",
    ] {
        let args: Vec<OsString> = line.split_whitespace().map(OsString::from).chain([bad.to_owned()]).collect();
        let ran = host.lvsarp(&args).refused("");
        let words = ["UTF-8", "unrecognized subcommand", "invalid value"];
        assert!(words.iter().any(|word| ran.err.contains(word)), "{line}: {ran:?}");
    }
    // A file may have any name.
    let file = OsStr::from_bytes(b"/nonexistent\xff");
    host.lvsarp([OsStr::new("check"), "--snapshot".as_ref(), file]).refused("No such file");
    host.lvsarp([OsStr::new("status"), "--netns".as_ref(), file]).refused("there is no /nonexistent");
    assert_eq!(host.state(), before);
}

#[test]
fn commands_and_options_that_are_none_are_refused_with_a_hint() {
    let host = Sandbox::new();
    for (line, words, hint) in [
        ("", "requires a subcommand", "Usage: lvsarp"),
        ("apply-all", "unrecognized subcommand 'apply-all'", "Usage: lvsarp"),
        ("stat", "unrecognized subcommand 'stat'", "'status'"),
        ("apply --vip 192.0.2.10 --dryrun", "unexpected argument '--dryrun'", "'--dry-run'"),
        ("undo 192.0.2.10", "unexpected argument '192.0.2.10'", "Usage: lvsarp undo"),
        ("check --vip", "a value is required for '--vip", "lvsarp --help"),
        ("levels arp_ignor", "cannot use key \"arp_ignor\"", "lvsarp levels"),
        ("levels all", "cannot use key \"all\"", "lvsarp levels"),
    ] {
        let ran = host.run(line).refused(words);
        assert!(ran.err.contains("  hint: ") && ran.err.contains(hint), "{line}: {ran:?}");
        assert_eq!(ran.out, "", "{line}");
        let json = host.run(&format!("{line} --json")).refused(words).json();
        assert_eq!(json["error"]["kind"], "invalid-input", "{line}");
        assert!(json["error"]["hint"].as_str().is_some_and(|text| text.contains(hint)), "{line}: {json}");
    }
}
