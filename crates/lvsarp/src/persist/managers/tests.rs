//! What is found in trees of files, and that no file makes it fail, wait or leave the tree.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// A directory that is a root, and goes away.
pub(super) struct Root(PathBuf);

impl Root {
    pub fn new() -> Root {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("lvsarp-managers-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let root = Root(std::env::temp_dir().join(name));
        fs::create_dir(&root.0).unwrap();
        root
    }

    pub fn path(&self, path: &str) -> PathBuf {
        let path = self.0.join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn with(self, path: &str, text: &str) -> Root {
        fs::write(self.path(path), text).unwrap();
        self
    }

    fn link(self, path: &str, target: &str) -> Root {
        std::os::unix::fs::symlink(target, self.path(path)).unwrap();
        self
    }

    fn enabled(self, service: &str) -> Root {
        let wants = format!("/etc/systemd/system/multi-user.target.wants/{service}");
        self.link(&wants, &format!("/lib/systemd/system/{service}"))
    }

    /// One where systemd-networkd of a release is enabled.
    fn networkd(release: u32) -> Root {
        let library = format!("/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-{release}.so");
        Root::new().with(&library, "x").enabled("systemd-networkd.service")
    }

    fn ifupdown(interfaces: &str) -> Root {
        let root = Root::new().with("/lib/ifupdown/settle-dad.sh", "x").enabled("networking.service");
        root.with("/etc/network/interfaces", interfaces)
    }

    pub fn look(&self, vips: &[&str]) -> Seen {
        let vips: Vec<Prefix> = vips.iter().map(|vip| Prefix::parse(vip).unwrap()).collect();
        super::look(&self.0, IfName::new("lo").unwrap(), &vips)
    }

    /// Codes, severities and VIPs.
    fn found(&self, vips: &[&str]) -> Vec<String> {
        let shown = |f: &Finding| {
            let vip = f.vip.map_or(String::new(), |vip| format!(" {vip}"));
            format!("{} {}{vip}", f.severity.name(), f.code)
        };
        let findings = self.look(vips).findings;
        // They are shown on a line, where a line break would be an escape.
        for Finding { message, hint, .. } in &findings {
            assert!(!message.contains(char::is_control) && !hint.contains(char::is_control), "{message}: {hint}");
        }
        findings.iter().map(shown).collect()
    }

    fn written(&self, vips: &[&str]) -> Vec<(String, String)> {
        let text = |file: NativeFile| (file.path, String::from_utf8(file.content).unwrap());
        self.look(vips).native.into_iter().map(text).collect()
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const V: &str = "192.0.2.10";
const LO: &str = "[Match]\nName=lo\n";

#[test]
fn an_empty_root_has_nothing_to_say() {
    let seen = Root::new().look(&[V]);
    assert!(seen.findings.is_empty() && seen.native.is_empty());
}

#[test]
fn a_root_that_is_not_there_is_not_an_empty_one() {
    let seen = super::look(Path::new("/nonexistent/root"), IfName::new("lo").unwrap(), &[]);
    assert_eq!(seen.findings[0].code, UNCLEAR);
}

#[test]
fn networkd_deletes_from_257_on_and_spares_lo_before() {
    for (release, expected) in [(257, "error"), (262, "error"), (256, "warning"), (255, "info"), (252, "info")] {
        let root = Root::networkd(release).with("/etc/systemd/network/50-lo.network", LO);
        assert_eq!(root.found(&[V]), [format!("{expected} manager-deletes-vip {V}")], "{release}");
    }
    let root = Root::new().enabled("systemd-networkd.service").with("/usr/lib/systemd/network/50-lo.network", LO);
    assert_eq!(root.found(&[V]), [format!("warning manager-deletes-vip {V}")], "a release that is not known");
}

#[test]
fn networkd_deletes_from_other_devices_in_every_release() {
    let root = Root::networkd(252).with("/etc/systemd/network/50-d.network", "[Match]\nName=dummy0\n");
    let seen = super::look(&root.0, IfName::new("dummy0").unwrap(), &[Prefix::parse(V).unwrap()]);
    assert_eq!((seen.findings[0].code, seen.findings[0].severity), (DELETES, Severity::Error));
}

#[test]
fn the_lines_and_the_file_for_networkd_are_a_drop_in_of_theirs() {
    let root = Root::networkd(257).with("/run/systemd/network/10-netplan-lo.network", LO);
    let path = "/etc/systemd/network/10-netplan-lo.network.d/lvsarp.conf";
    let six = "[Address]\nAddress=2001:db8::1/128\nPreferredLifetime=0\nDuplicateAddressDetection=none\n";
    let seen = root.look(&[V, "2001:db8::1"]);
    assert_eq!(seen.findings[0].hint, format!("write these lines to {path}: [Address]; Address=192.0.2.10/32"));
    assert_eq!(seen.findings[1].hint, format!("write these lines to {path}: {}", six.trim_end().replace('\n', "; ")));
    let (written, text) = root.written(&[V, "2001:db8::1"]).remove(0);
    assert_eq!(written, path);
    assert!(text.ends_with(&format!("\n[Address]\nAddress=192.0.2.10/32\n\n{six}")), "{text}");

    // Written, it is what was asked for, and is offered again just so.
    let root = root.with(path, &text);
    assert_eq!(
        root.found(&[V, "2001:db8::1"]),
        ["info manager-binds-vip 192.0.2.10", "info manager-binds-vip 2001:db8::1"]
    );
    assert_eq!(root.written(&[V, "2001:db8::1"]), [(path.to_owned(), text)]);
}

#[test]
fn what_the_administrator_lists_is_not_written_again() {
    let root = Root::networkd(257)
        .with("/etc/systemd/network/50-lo.network", "[Match]\nName=lo\n[Network]\nAddress=192.0.2.10/32\n");
    assert_eq!(root.found(&[V]), [format!("info manager-binds-vip {V}")]);
    assert!(root.written(&[V]).is_empty());
    let dropin = "/usr/lib/systemd/network/50-lo.network.d/a.conf";
    let root = root.with(dropin, "[Address]\nAddress=192.0.2.11/32\n");
    assert_eq!(root.written(&["192.0.2.11", "192.0.2.12"])[0].1.matches("Address=").collect::<Vec<_>>().len(), 1);
}

#[test]
fn an_address_in_a_file_for_several_devices_would_be_bound_on_all_of_them() {
    for matching in ["Name=*", "Name=lo eth0", "Name=!eth0"] {
        let root = Root::networkd(257).with("/etc/systemd/network/50-all.network", &format!("[Match]\n{matching}\n"));
        let seen = root.look(&[V]);
        assert!(seen.native.is_empty(), "{matching}");
        assert!(
            seen.findings[0].severity == Severity::Error && seen.findings[0].hint.contains("Name=!lo"),
            "{matching}"
        );
    }
}

#[test]
fn a_prefix_that_makes_a_subnet_local_is_an_error() {
    for (release, address, expected) in [
        (257, "192.0.2.10/24", "error manager-binds-subnet"),
        (252, "192.0.2.10", "error manager-binds-subnet"),
        (257, "192.0.2.10", "info manager-binds-vip"),
    ] {
        let text = format!("[Match]\nName=lo\n[Network]\nKeepConfiguration=yes\nAddress={address}\n");
        let found = Root::networkd(release).with("/etc/systemd/network/50-lo.network", &text).found(&[V]);
        assert_eq!(found, [format!("{expected} {V}")], "{release} {address}");
    }
}

#[test]
fn kept_or_unmanaged_is_left_alone() {
    for text in
        ["[Network]\nKeepConfiguration=static\n", "[Network]\nKeepConfiguration=yes\n", "[Link]\nUnmanaged=yes\n"]
    {
        let root = Root::networkd(257).with("/etc/systemd/network/50-lo.network", LO);
        assert_eq!(root.found(&[V]).len(), 1);
        assert!(root.with("/run/systemd/network/50-lo.network.d/k.conf", text).found(&[V]).is_empty(), "{text}");
    }
}

#[test]
fn the_first_file_that_matches_counts() {
    let root = Root::networkd(257)
        .with("/usr/lib/systemd/network/10-a.network", "[Match]\nName=lo\n[Network]\nKeepConfiguration=yes\n")
        .with("/etc/systemd/network/20-b.network", LO);
    assert!(root.found(&[V]).is_empty());
}

#[test]
fn a_mask_hides_the_lower_file_also_in_an_image_without_dev() {
    for mask in ["link", "empty"] {
        let root = Root::networkd(257).with("/usr/lib/systemd/network/50-lo.network", LO);
        assert_eq!(root.found(&[V]).len(), 1);
        let root = match mask {
            "link" => root.link("/etc/systemd/network/50-lo.network", "/dev/null"),
            _ => root.with("/etc/systemd/network/50-lo.network", ""),
        };
        assert!(root.found(&[V]).is_empty(), "{mask}");
    }
}

#[test]
fn a_match_that_files_do_not_answer_is_a_warning_and_the_next_file_counts_too() {
    let root = Root::networkd(257)
        .with("/etc/systemd/network/10-a.network", "[Match]\nName=lo\nVirtualization=vm\n")
        .with("/etc/systemd/network/20-b.network", LO);
    assert_eq!(root.found(&[V]), vec![format!("warning manager-deletes-vip {V}"); 2]);
    assert!(root.look(&[V]).findings[0].message.contains("Virtualization="));
    assert_eq!(root.look(&[V]).native.len(), 2);
}

#[test]
fn a_service_that_does_not_start_deletes_nothing() {
    let library = "/usr/lib/systemd/libsystemd-shared-257.5-1.fc42.so";
    let bare = || Root::new().with(library, "x").with("/etc/systemd/network/50-lo.network", LO);
    assert_eq!(bare().found(&[V]), [format!("warning manager-deletes-vip {V}")], "nothing tells");
    assert!(bare().with("/etc/systemd/system/default.target", "x").found(&[V]).is_empty(), "not enabled");
    let masked =
        bare().enabled("systemd-networkd.service").link("/etc/systemd/system/systemd-networkd.service", "/dev/null");
    assert!(masked.found(&[V]).is_empty(), "masked");
}

#[test]
fn links_stay_inside_the_root() {
    let root = Root::networkd(257)
        .with("/usr/share/lo.network", LO)
        .link("/etc/systemd/network/50-lo.network", "../../../../../../../../usr/share/lo.network");
    assert_eq!(root.found(&[V]), [format!("error manager-deletes-vip {V}")]);
    let root = Root::networkd(257).with("/data/net/50-lo.network", LO).link("/etc/systemd/network", "/data/net");
    assert_eq!(root.found(&[V]), [format!("error manager-deletes-vip {V}")]);
}

#[test]
fn a_device_is_a_mask_and_is_not_read() {
    let tree = Tree::open(Path::new("/"), false).unwrap();
    assert!(matches!(tree.read(b"/dev/null"), Found::Mask));
    assert!(matches!(tree.read(b"/dev/zero"), Found::Mask));
    assert!(matches!(tree.read(b"/dev/nothing/there"), Found::Nothing));
}

#[test]
fn what_is_no_small_file_is_reported_and_not_waited_for() {
    let fifo = Root::networkd(257);
    let path = fifo.path("/etc/systemd/network/50-lo.network");
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    let long = Root::networkd(257).with("/etc/systemd/network/50-lo.network", &"#\n".repeat(1 << 20));
    let directory = Root::networkd(257);
    fs::create_dir_all(directory.path("/etc/systemd/network/50-lo.network/x")).unwrap();
    for root in [fifo, long, directory] {
        assert_eq!(root.found(&[V]), ["unknown manager-unclear"]);
    }
}

const PROFILE: &str =
    "[connection]\nid=lo's own\ntype=loopback\ninterface-name=lo\n[ipv4]\nmethod=manual\naddress1=192.0.2.11/32\n";

#[test]
fn networkmanager_removes_what_its_profile_does_not_list() {
    let root = Root::new()
        .enabled("NetworkManager.service")
        .with("/etc/NetworkManager/system-connections/lo.nmconnection", PROFILE);
    assert_eq!(
        root.found(&[V, "192.0.2.11"]),
        ["error manager-deletes-vip 192.0.2.10", "info manager-binds-vip 192.0.2.11"]
    );
    let seen = root.look(&[V]);
    assert_eq!(seen.findings[0].hint, "run: nmcli connection modify 'lo'\\''s own' +ipv4.addresses 192.0.2.10/32");
    assert!(seen.native.is_empty());
    let unmanaged = "[keyfile]\nunmanaged-devices=interface-name:lo\n";
    assert!(root.with("/usr/lib/NetworkManager/conf.d/9.conf", unmanaged).found(&[V]).is_empty());
}

#[test]
fn a_profile_that_networkmanager_made_for_what_it_found_is_none() {
    let generated = format!("{PROFILE}[.nmmeta]\nnm-generated=true\n");
    let root = Root::new()
        .enabled("NetworkManager.service")
        .with("/run/NetworkManager/system-connections/lo.nmconnection", &generated);
    assert!(root.found(&[V]).is_empty());
}

#[test]
fn a_profile_of_another_type_is_never_activated_on_lo() {
    let root = Root::new()
        .enabled("NetworkManager.service")
        .with("/etc/NetworkManager/system-connections/lo", &PROFILE.replace("loopback", "ethernet"));
    assert_eq!(root.found(&[V, "192.0.2.11"]), ["warning manager-ignores-vip 192.0.2.11"]);
}

const YAML: &str =
    "network:\n  version: 2\n  ethernets:\n    lo:\n      match:\n        name: lo\n      addresses: [192.0.2.11/32]\n";

#[test]
fn netplan_does_what_its_renderer_does() {
    let root = |yaml: &str| Root::networkd(257).with("/usr/sbin/netplan", "x").with("/etc/netplan/01.yaml", yaml);
    let seen = root(YAML);
    assert_eq!(
        seen.found(&[V, "192.0.2.11"]),
        ["warning manager-deletes-vip 192.0.2.10", "info manager-binds-vip 192.0.2.11"]
    );
    let hint = seen.look(&[V]).findings.remove(0).hint;
    assert_eq!(hint, "add to /etc/netplan/01.yaml: network: {ethernets: {lo: {addresses: [\"192.0.2.10/32\"]}}}");
    let other = format!("{YAML}  renderer: NetworkManager\n");
    assert_eq!(root(&other).found(&[V, "192.0.2.11"]), ["warning manager-ignores-vip 192.0.2.11"]);
    assert_eq!(
        root("network:\n  ethernets:\n    lo: {addresses: [192.0.2.10/32]}\n").found(&[V])[0],
        "unknown manager-unclear"
    );
    assert!(root("network:\n  ethernets:\n    eth0: {dhcp4: true}\n").found(&[V]).is_empty());
    assert!(root(YAML).link("/run/netplan/01.yaml", "/dev/null").found(&[V]).is_empty());
}

#[test]
fn ifupdown_binds_by_itself_and_says_how() {
    for (stanza, expected) in [
        ("auto lo:0\niface lo:0 inet static\n address 192.0.2.10/32\n", &["warning manager-binds-vip 192.0.2.10"][..]),
        (
            "iface lo:0 inet static\n address 192.0.2.10\n netmask 255.255.255.255\n",
            &["warning manager-binds-vip 192.0.2.10"],
        ),
        (
            "iface lo:0 inet static\n address 192.0.2.10\n",
            &["error manager-binds-subnet 192.0.2.10", "warning manager-binds-vip 192.0.2.10"],
        ),
        (
            "iface lo inet loopback\n up ip addr add 192.0.2.10/32 dev lo || true\n",
            &["info manager-binds-vip 192.0.2.10"],
        ),
        (
            "iface lo inet loopback\n up ip addr \\\n add 192.0.2.10/32 dev lo\n",
            &["warning manager-binds-vip 192.0.2.10"],
        ),
        ("iface lo inet loopback\n up ip route add 192.0.2.10/32 dev lo\n", &[]),
        ("# auto lo:0\niface eth0 inet static\n address 192.0.2.100/24\n", &[]),
    ] {
        assert_eq!(Root::ifupdown(stanza).found(&[V]), expected, "{stanza}");
    }
}

#[test]
fn ifupdowns_file_is_offered_only_where_it_is_read_and_harmless() {
    let stanza = "auto lo\niface lo inet loopback\n";
    let path = "/etc/network/interfaces.d/lvsarp";
    for (include, offered) in [
        ("source /etc/network/interfaces.d/*\n", true),
        ("source interfaces.d/*\n", true),
        ("source-directory /etc/network/interfaces.d\n", true),
        ("source-directory interfaces.d/\n", true),
        ("source-dir interfaces.d\n", true),
        ("source /etc/network/interfaces.d/lvs*\n", true),
        ("source /etc/network/interfaces.d/*.cfg\n", false),
        ("#source /etc/network/interfaces.d/*\n", false),
        ("", false),
    ] {
        let root = Root::ifupdown(&format!("{stanza}{include}"));
        let written = root.written(&[V]);
        assert_eq!(written.len(), usize::from(offered), "{include}");
        let Some((file, text)) = written.into_iter().next() else { continue };
        assert_eq!(file, path);
        let lines = "iface lo inet loopback\n    \
                     up ip addr add 192.0.2.10/32 dev lo 2>/dev/null || true\n    \
                     down ip addr del 192.0.2.10/32 dev lo 2>/dev/null || true\n";
        assert!(text.ends_with(lines), "{text}");
        let root = root.with(path, &text);
        assert_eq!(root.found(&[V]), [format!("info manager-binds-vip {V}")]);
        assert_eq!(root.written(&[V]), [(path.to_owned(), text)]);
    }
    let other = Root::new().enabled("networking.service");
    let other = other.with("/etc/network/interfaces", &format!("{stanza}source interfaces.d/*\n"));
    assert!(other.written(&[V]).is_empty(), "another program than ifupdown");
}

#[test]
fn names_with_a_dot_are_read_by_source_and_not_by_source_directory() {
    for (include, read) in [("source interfaces.d/*\n", true), ("source-directory interfaces.d\n", false)] {
        let root = Root::ifupdown(include)
            .with("/etc/network/interfaces.d/a.cfg", "iface lo:0 inet static\n address 192.0.2.10/32\n");
        assert_eq!(root.found(&[V]).len(), usize::from(read), "{include}");
    }
}

#[test]
fn an_include_that_cannot_be_followed_is_reported_and_a_loop_ends() {
    assert_eq!(Root::ifupdown("source $HOME/x\n").found(&[V]), ["unknown manager-unclear"]);
    assert!(Root::ifupdown("source interfaces\nsource /etc/network/inter*\n").found(&[V]).is_empty());
}

#[test]
fn an_ifcfg_file_of_lo_is_dead_without_the_service_network() {
    let path = "/etc/sysconfig/network-scripts/ifcfg-lo:0";
    let root = Root::new().with(path, "DEVICE=lo:0\nIPADDR=\"192.0.2.10\"\nNETMASK=255.255.255.255\n");
    assert_eq!(root.found(&[V, "192.0.2.1"]), ["warning manager-ignores-vip 192.0.2.10"]);
    assert_eq!(root.with("/etc/rc.d/init.d/network", "x").found(&[V]), ["warning manager-binds-vip 192.0.2.10"]);
}

#[test]
fn no_bytes_make_it_panic() {
    let pieces: Vec<&[u8]> = vec![
        b"[",
        b"]",
        b"=",
        b"\n",
        b"\\",
        b"\xff",
        b" ",
        b"\t",
        b"-",
        b": ",
        b"#",
        b"'",
        b"\"",
        b"[Match]\nName=",
        b"lo",
        b"!",
        b"*",
        b"iface lo inet ",
        b"source ",
        b"address ",
        b"192.0.2.10",
        b"/32",
        b"{",
        b"network:\n  ethernets:\n    lo:\n",
        b"\0",
        b"\r",
    ];
    let mut seed = 1u32;
    for _ in 0..300 {
        let mut bytes = Vec::new();
        for _ in 0..40 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes.extend_from_slice(pieces[(seed >> 16) as usize % pieces.len()]);
        }
        let root = Root::networkd(257).enabled("NetworkManager.service").with("/usr/sbin/netplan", "x");
        let root = root.enabled("networking.service");
        for path in [
            "/etc/systemd/network/5.network",
            "/etc/systemd/network/5.network.d/a.conf",
            "/etc/NetworkManager/system-connections/a",
            "/etc/NetworkManager/NetworkManager.conf",
            "/etc/netplan/a.yaml",
            "/etc/network/interfaces",
            "/etc/sysconfig/network-scripts/ifcfg-lo",
        ] {
            fs::write(root.path(path), &bytes).unwrap();
        }
        root.look(&[V]);
    }
}
