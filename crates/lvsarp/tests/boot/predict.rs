//! What a boot is predicted to end with, in root directories that are made for it.

use lvsarp::boot::BootOptions;
use lvsarp::{Boot, Severity, Snapshot};
use serde_json::{Value, json};

use crate::root::Root;

/// A host with eth0, which has an address.
fn host() -> Value {
    let interface = |index: u32, name: &str, flags: &[&str], hardware: u32| {
        json!({"index": index, "name": name, "kind": null, "flags": flags, "hardware": hardware, "mac": null, "mtu": 1500, "master": null,
               "vrf_table": null, "link": null, "xdp": null, "port_answers": null, "conf": {"arp_ignore": 0, "arp_announce": 0}})
    };
    json!({"format": lvsarp::FORMAT, "kernel": "6.1.0", "proc_sys": "read-write", "all": {"arp_ignore": 1, "arp_announce": 2},
           "default": {"arp_ignore": 0, "arp_announce": 0},
           "interfaces": [interface(1, "lo", &["UP", "LOOPBACK", "RUNNING", "LOWER_UP"], 772), interface(2, "eth0", &["UP", "BROADCAST", "RUNNING", "MULTICAST", "LOWER_UP"], 1)],
           "addresses": [], "local_routes": [], "routing": null, "filters": null})
}

fn boot(host: &Value, root: &Root) -> Boot {
    let options = BootOptions { root: root.path().to_owned(), ..BootOptions::default() };
    Snapshot::from_json(&host.to_string()).unwrap().boot(Some(&["192.0.2.10".parse().unwrap()]), &options).unwrap()
}

fn level(boot: &Boot, scope: &str) -> i32 {
    boot.levels
        .iter()
        .find(|level| level.scope.to_string() == scope && level.key.to_string() == "arp_ignore")
        .unwrap()
        .value
}

fn severity(boot: &Boot, code: &str) -> Option<Severity> {
    boot.findings.iter().find(|finding| finding.code == code).map(|finding| finding.severity)
}

fn systemd() -> Root {
    let root = Root::new();
    root.file("/usr/lib/systemd/systemd-sysctl", "").file("/usr/lib/systemd/systemd", "");
    root.file("/etc/sysctl.d/50-a.conf", "net.ipv4.conf.all.arp_ignore = 1\nnet.ipv4.conf.eth0.arp_ignore = 2\n");
    root
}

#[test]
fn a_masked_loader_sets_nothing_and_udev_still_sets_what_is_an_interfaces_own() {
    for directory in ["/etc/systemd/system", "/run/systemd/system"] {
        let root = systemd();
        let before = boot(&host(), &root);
        assert_eq!((level(&before, "all"), level(&before, "eth0")), (1, 2));
        assert_eq!(severity(&before, "loader-does-not-run"), None);
        root.link(&format!("{directory}/systemd-sysctl.service"), "/dev/null");
        let after = boot(&host(), &root);
        assert_eq!((level(&after, "all"), level(&after, "eth0")), (0, 0));
        assert_eq!((severity(&after, "loader-does-not-run"), after.ok), (Some(Severity::Unknown), false));
        root.file("/usr/lib/udev/rules.d/99-systemd.rules", "RUN+=\"/usr/lib/systemd/systemd-sysctl\"\n");
        let after = boot(&host(), &root);
        assert_eq!((level(&after, "all"), level(&after, "eth0")), (0, 2));
    }
}

#[test]
fn where_proc_sys_is_read_only_all_stays_and_no_file_counts() {
    let mut now = host();
    now["proc_sys"] = json!("read-only");
    now["all"]["arp_ignore"] = json!(7);
    let now = Snapshot::from_json(&now.to_string()).unwrap();
    let boot = now.boot(Some(&["192.0.2.10".parse().unwrap()]), &BootOptions::default()).unwrap();
    assert_eq!((level(&boot, "all"), level(&boot, "eth0")), (7, 0));
    assert_eq!((severity(&boot, "loader-does-not-run"), boot.rehearsed), (Some(Severity::Unknown), false));
}

const STATE: &str = r#"{"format": 1, "scope": "all", "dev": "lo", "label": null, "address_scope": null, "method": "netlink", "force": false,
    "sysctl_conf": [], "native": [], "vips": ["192.0.2.10"], "prefixes": []}"#;

/// A root where the unit that restores is enabled.
fn persisted(state: &str) -> Root {
    let root = systemd();
    root.file("/etc/lvsarp/real-server.json", state).file("/usr/sbin/lvsarp", "");
    root.file("/etc/systemd/system/lvsarp.service", "[Service]\nExecStart=/usr/sbin/lvsarp restore\n");
    root.link("/etc/systemd/system/multi-user.target.wants/lvsarp.service", "../lvsarp.service");
    root
}

#[test]
fn a_state_that_restore_refuses_is_a_finding_and_the_rest_is_predicted() {
    let root = persisted("{");
    let boot = boot(&host(), &root);
    assert_eq!((severity(&boot, "state-unusable"), level(&boot, "eth0")), (Some(Severity::Unknown), 2));
}

#[test]
fn the_state_of_an_image_may_be_its_makers() {
    let root = persisted(STATE);
    let path = root.place("/etc/lvsarp/real-server.json");
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    let boot = boot(&host(), &root);
    assert_eq!((severity(&boot, "state-unusable"), severity(&boot, "vip-not-persisted")), (None, None));
}

#[test]
fn a_device_that_is_not_there_keeps_the_vip_from_being_restored() {
    assert_eq!(severity(&boot(&host(), &persisted(STATE)), "restore-will-fail"), None);
    let boot = boot(&host(), &persisted(&STATE.replace("\"lo\"", "\"dummy7\"")));
    assert_eq!((severity(&boot, "restore-will-fail"), boot.ok), (Some(Severity::Unknown), false));
}

#[test]
fn what_stands_for_a_prefix_is_no_vip_that_a_manager_deletes() {
    let state = STATE.replace("\"prefixes\": []", "\"prefixes\": [\"203.0.113.0/24\"]");
    let root = persisted(&state);
    root.file("/usr/lib/systemd/libsystemd-shared-257.so", "")
        .file("/etc/systemd/network/50-lo.network", "[Match]\nName=lo\n");
    root.link(
        "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service",
        "/lib/systemd/system/systemd-networkd.service",
    );
    let options = BootOptions { root: root.path().to_owned(), ..BootOptions::default() };
    let boot = Snapshot::from_json(&host().to_string()).unwrap().boot(None, &options).unwrap();
    let deleted: Vec<String> =
        boot.findings.iter().filter(|f| f.code == "manager-deletes-vip").map(|f| f.vip.unwrap().to_string()).collect();
    assert_eq!(deleted, ["192.0.2.10"]);
}

#[test]
fn that_restore_sets_the_levels_is_said_where_it_is_enabled() {
    let said = |root: &Root| {
        let boot = boot(&host(), root);
        let error = boot.findings.into_iter().find(|f| f.code == "vip-announced").unwrap();
        error.hint.contains("lvsarp restore sets it")
    };
    let root = persisted(STATE);
    assert!(said(&root));
    std::fs::remove_file(root.place("/etc/systemd/system/multi-user.target.wants/lvsarp.service")).unwrap();
    assert!(!said(&root));
}
