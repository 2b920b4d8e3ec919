//! Surroundings that are not as they should be: read-only /proc/sys, missing capabilities, no /run, broken journals, interfaces that vanish.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use common::{addresses, sh, sysctl};
use lvsarp::{
    Binding, Desired, ErrorKind, EventKind, Host, IfName, Key, Method, Netns, ProcSys, Scope, Via, Vip, WatchOptions,
};

const PATIENCE: Duration = Duration::from_secs(10);
const ETH0: &str = "ip link add eth0 type veth peer name peer0; ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up; ip link set peer0 up arp off";

fn vip(text: &str) -> Vip {
    Vip::parse(text).unwrap()
}

fn wish() -> Desired {
    Desired::new([vip("10.0.0.100")])
}

fn eth0() -> Scope {
    Scope::Interface(IfName::new("eth0").unwrap())
}

/// Everything that apply may touch, as text.
fn state() -> String {
    let levels = sh("grep -H . /proc/sys/net/ipv4/conf/*/arp_ignore /proc/sys/net/ipv4/conf/*/arp_announce");
    // The kernel notices the carrier of a new interface a moment later.
    levels + &sh("ip -o addr show dev lo; ip route show table local | sed 's/ linkdown//'")
}

fn journal() -> PathBuf {
    let mut files = fs::read_dir("/run/lvsarp").unwrap().map(|e| e.unwrap().path());
    files.find(|p| p.extension().is_some_and(|e| e == "json")).expect("a journal")
}

kernel_test! {
    fn with_proc_sys_read_only_interfaces_are_set_and_all_is_named() {
        sh(ETH0);
        sh("mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys");
        let host = Host::open().unwrap();
        assert_eq!(host.snapshot().unwrap().proc_sys, ProcSys::ReadOnly);

        let error = host.set(&Scope::All, &[(Key::ArpIgnore, 1)], Via::Auto).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ReadOnly);
        assert_eq!(error.to_string(), "cannot write all/arp_ignore: Read-only file system");
        assert!(error.hint_text().unwrap().contains("over netlink"));
        let error = host.set(&eth0(), &[(Key::ArpIgnore, 1)], Via::Procfs).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ReadOnly);
        assert!(host.set(&eth0(), &[(Key::ArpIgnore, 8)], Via::Auto).unwrap().changed);
        assert!(host.set(&eth0(), &[(Key::ArpIgnore, 0)], Via::Netlink).unwrap().changed);

        let changes = host.apply(&wish(), PATIENCE).unwrap();
        let said: Vec<&str> = changes.findings.iter().filter(|f| f.code == "all-not-writable").map(|f| f.message.as_str()).collect();
        assert_eq!(said.len(), 2, "{changes:?}");
        assert!(said[0].starts_with("all/arp_ignore stays 0") && said[1].starts_with("all/arp_announce stays 0"));
        assert_eq!((sysctl("eth0/arp_ignore"), sysctl("eth0/arp_announce"), sysctl("all/arp_ignore")), (1, 2, 0));
        assert!(host.check(Some(&["10.0.0.100".parse().unwrap()])).unwrap().ok);
        assert!(!host.apply(&wish(), PATIENCE).unwrap().changed);
        assert!(host.undo(PATIENCE).unwrap().changed);
        assert_eq!((sysctl("eth0/arp_ignore"), sysctl("eth0/arp_announce")), (0, 0));
    }
}

#[test]
fn without_cap_net_admin_the_capability_is_named_and_nothing_changes() {
    // procfs lets the user who is root in the namespace or on the machine write even without the capability (net/sysctl_net.c:
    // net_ctl_permissions()), so this namespace belongs to one who is neither.
    let dir = std::env::temp_dir().join(format!("lvsarp-test-{}", std::process::id()));
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    let exe = dir.join("surroundings");
    fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();
    let root = sh("id -u").trim() == "0";
    let user = if root { &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"][..] } else { &["env"] };
    let line = format!("{ETH0}; exec setpriv --ambient-caps=-all --inh-caps=-all \"$0\" \"$@\"");
    let output = std::process::Command::new(user[0])
        .args(&user[1..])
        .args(["unshare", "--user", "--map-user=1000", "--net", "--keep-caps", "sh", "-ec", &line])
        .arg(&exe)
        .args(["--exact", "without_privilege", "--nocapture", "--test-threads=1"])
        .env("LVSARP_TEST_INSIDE", "without_privilege")
        .current_dir("/")
        .output()
        .unwrap();
    fs::remove_dir_all(&dir).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

/// The part of the test above that runs without the capability.
#[test]
fn without_privilege() {
    if std::env::var("LVSARP_TEST_INSIDE").is_ok_and(|name| name == "without_privilege") {
        let before = state();
        let host = Host::open().unwrap();
        let lo = IfName::new("lo").unwrap();
        for error in [
            host.set(&eth0(), &[(Key::ArpIgnore, 1)], Via::Auto).unwrap_err(),
            host.set(&eth0(), &[(Key::ArpIgnore, 1)], Via::Procfs).unwrap_err(),
            host.set(&Scope::All, &[(Key::ArpIgnore, 1)], Via::Auto).unwrap_err(),
            host.bind(&lvsarp::Binding::new(vip("10.0.0.100"), lo)).unwrap_err(),
            host.apply(&wish(), PATIENCE).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Permission, "{error}");
            assert!(error.hint_text().is_some_and(|hint| hint.contains("CAP_NET_ADMIN")), "{error}");
        }
        // Reading needs none.
        assert!(!host.check(Some(&["10.0.0.100".parse().unwrap()])).unwrap().ok);
        assert!(host.plan(&wish()).unwrap().ok);
        assert!(!host.undo(PATIENCE).unwrap().changed);
        assert_eq!(state(), before);
    } else {
        // Outside it has nothing to hold on to: the test above runs it.
        assert!(std::env::var("LVSARP_TEST_INSIDE").is_err());
    }
}

kernel_test! {
    fn where_the_journal_cannot_be_written_nothing_changes() {
        sh(ETH0);
        sh("mount -o remount,bind,ro /run");
        let before = state();
        let error = Host::open().unwrap().apply(&wish(), PATIENCE).unwrap_err();
        assert_eq!(error.to_string(), "cannot create /run/lvsarp: Read-only file system");
        assert!(error.hint_text().unwrap().contains("nothing was changed"));
        assert_eq!(state(), before);
        sh("mount -t tmpfs -o mode=755,size=4k tmpfs /run && mkdir /run/lvsarp && ! dd if=/dev/zero of=/run/full bs=4k count=99 2>/dev/null");
        let error = Host::open().unwrap().apply(&wish(), PATIENCE).unwrap_err();
        assert!(error.to_string().contains("No space left on device"), "{error}");
        assert_eq!(state(), before);
    }
}

kernel_test! {
    fn an_unusable_journal_is_kept_aside_and_said() {
        sh(ETH0);
        let host = Host::open().unwrap();
        host.apply(&wish(), PATIENCE).unwrap();
        let good = fs::read_to_string(journal()).unwrap();
        let other_version = good.replacen("\"format\":1", "\"format\":99", 1);
        let other_boot = good.replacen("\"boot\":\"", "\"boot\":\"0", 1);
        assert!(other_version != good && other_boot != good);
        let bad = [good[..good.len() / 2].to_owned(), "garbage\u{0}".to_owned(), String::new(), "[]".to_owned(), other_version, other_boot];
        for (n, text) in bad.iter().enumerate() {
            fs::write(journal(), text).unwrap();
            let before = state();
            let report = host.check(Some(&["10.0.0.100".parse().unwrap()])).unwrap();
            assert!(report.findings.iter().any(|f| f.code == "journal-unfinished"), "{text:?}");
            assert_eq!(fs::read_to_string(journal()).unwrap(), *text, "check leaves it where it is");
            let error = host.undo(PATIENCE).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Journal, "{text:?}: {error}");
            let aside = journal_aside(n);
            assert!(error.to_string().contains(aside.to_str().unwrap()), "{error}");
            assert_eq!(fs::read_to_string(aside).unwrap(), *text);
            assert_eq!(state(), before, "nothing is guessed");
            fs::write(journal_path(), text).unwrap();
            let changes = host.apply(&wish(), PATIENCE).unwrap();
            assert!(!changes.changed);
            assert_eq!(changes.findings[0].code, "journal-set-aside", "{text:?}");
            fs::rename(journal_aside(n + 1), "/run/thrown-away").unwrap();
            fs::write(journal_path(), &good).unwrap();
        }
        assert!(host.undo(PATIENCE).unwrap().changed);
        assert_eq!(sysctl("all/arp_ignore"), 0);
    }
}

fn journal_path() -> PathBuf {
    let lock = fs::read_dir("/run/lvsarp")
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "lock"));
    lock.unwrap().with_extension("json")
}

fn journal_aside(n: usize) -> PathBuf {
    journal_path().with_extension(format!("unusable-{n}"))
}

kernel_test! {
    fn a_journal_is_never_replayed_into_another_namespace() {
        sh("ip netns add a");
        let in_a = Host::open_netns(&Netns::parse("a").unwrap()).unwrap();
        in_a.apply(&wish(), PATIENCE).unwrap();
        let first = fs::read(journal()).unwrap();
        drop(in_a);
        sh("ip netns del a");
        // The kernel gives inode numbers of dead namespaces to new ones; the cookie is never given again.
        for n in 0..50 {
            sh(&format!("ip netns add b{n}; ip netns exec b{n} ip addr add 10.0.0.100/32 dev lo; ip netns exec b{n} sh -c 'echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore'"));
            let host = Host::open_netns(&Netns::Name(format!("b{n}"))).unwrap();
            assert!(!host.undo(PATIENCE).unwrap().changed);
            assert_eq!(host.get(&Scope::All).unwrap().arp_ignore.own, Some(1));
            // Not even if the file is put where its own would be.
            host.apply(&wish(), PATIENCE).unwrap();
            let own = newest_journal();
            fs::write(&own, &first).unwrap();
            assert_eq!(host.undo(PATIENCE).unwrap_err().kind(), ErrorKind::Journal);
        }
    }
}

fn newest_journal() -> PathBuf {
    let json = fs::read_dir("/run/lvsarp")
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "json"));
    json.max_by_key(|p| fs::metadata(p).unwrap().modified().unwrap()).unwrap()
}

kernel_test! {
    fn an_interface_that_vanishes_meanwhile_leaves_nothing_half_done() {
        sh("ip link add keep0 type veth peer name keep1; ip addr add 10.0.0.1/24 dev keep0; ip link set keep0 up; ip link set keep1 up arp off");
        let stop = std::sync::atomic::AtomicBool::new(false);
        let (mut done, mut refused) = (0, 0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    sh("ip link add eth9 type veth peer name peer9; ip link set eth9 up; echo 5 > /proc/sys/net/ipv4/conf/eth9/arp_ignore; ip link del eth9");
                }
            });
            let host = Host::open().unwrap();
            for _ in 0..150 {
                match host.apply(&wish(), PATIENCE) {
                    Ok(_) => {
                        done += 1;
                        assert_eq!(sysctl("all/arp_ignore"), 1);
                        assert!(addresses("lo").iter().any(|a| a.starts_with("10.0.0.100/32")));
                    }
                    Err(error) => {
                        refused += 1;
                        assert!(error.rolled_back() != Some(false), "{error}");
                        assert!(error.to_string().starts_with("cannot "), "{error}");
                        assert_eq!(sysctl("all/arp_ignore"), 0, "{error}");
                        assert!(!addresses("lo").iter().any(|a| a.starts_with("10.0.0.100/32")), "{error}");
                    }
                }
                host.undo(PATIENCE).unwrap();
                assert_eq!((sysctl("all/arp_ignore"), sysctl("keep0/arp_ignore"), sysctl("lo/arp_ignore")), (0, 0, 0));
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        println!("{done} applied, {refused} rolled back or refused");
        assert!(done > 0);
    }
}

kernel_test! {
    fn a_snapshot_misses_nothing_while_other_interfaces_come_and_go() {
        for n in 0..150 {
            sh(&format!("ip link add s{n} type veth peer name p{n}"));
        }
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    sh("ip link add flicker type veth peer name flicker2; ip link del flicker");
                }
            });
            let host = Host::open().unwrap();
            let mut taken = 0;
            for _ in 0..200 {
                match host.snapshot() {
                    Ok(snapshot) => {
                        taken += 1;
                        let stable = snapshot.interfaces.iter().filter(|i| i.name.to_string().starts_with(['s', 'p'])).count();
                        assert_eq!(stable, 300);
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}"),
                }
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            assert!(taken > 100, "only {taken} of 200 snapshots came through");
        });
    }
}

kernel_test! {
    fn the_lock_is_waited_for_until_the_deadline() {
        sh(ETH0);
        let host = Host::open().unwrap();
        host.apply(&wish(), PATIENCE).unwrap();
        let lock = journal().with_extension("lock");
        let mut holder = std::process::Command::new("flock").arg(&lock).args(["sleep", "1.5"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let error = host.undo(Duration::from_millis(200)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LockTimeout, "{error}");
        // A check does not wait for it.
        assert!(host.check(None).unwrap().ok);
        assert!(host.undo(PATIENCE).unwrap().changed, "the lock came free in time");
        holder.wait().unwrap();
        assert_eq!(fs::metadata("/run/lvsarp").unwrap().permissions().mode() & 0o777, 0o755);
    }
}

kernel_test! {
    fn a_host_stays_in_its_namespace_and_the_caller_in_his() {
        sh("ip netns add rs1; ip netns exec rs1 ip link add only-there type veth peer name other");
        let before = fs::read_link("/proc/thread-self/ns/net").unwrap();
        for name in ["rs1", "/run/netns/rs1"] {
            let host = Host::open_netns(&Netns::parse(name).unwrap()).unwrap();
            assert!(host.interfaces().unwrap().iter().any(|i| i.name.to_string() == "only-there"));
            assert!(host.set(&Scope::Interface(IfName::new("only-there").unwrap()), &[(Key::ArpIgnore, 1)], Via::Procfs).is_ok_and(|c| c.changed || name != "rs1"));
            host.bind(&lvsarp::Binding { method: lvsarp::Method::Ioctl, ..lvsarp::Binding::new(vip("10.0.0.100"), IfName::new("lo").unwrap()) }).unwrap();
            assert_eq!(fs::read_link("/proc/thread-self/ns/net").unwrap(), before);
        }
        assert!(!addresses("lo").iter().any(|a| a.starts_with("10.")));
        assert_eq!(sh("ip netns exec rs1 cat /proc/sys/net/ipv4/conf/only-there/arp_ignore").trim(), "1");
        let error = Host::open_netns(&Netns::parse("nosuch").unwrap()).unwrap_err();
        assert_eq!((error.kind(), error.errno()), (ErrorKind::NoNamespace, 2));
        fs::write("/run/notns", "").unwrap();
        assert_eq!(Host::open_netns(&Netns::parse("/run/notns").unwrap()).unwrap_err().kind(), ErrorKind::NoNamespace);
    }
}

kernel_test! {
    fn a_failed_bind_of_many_puts_back_what_it_had_replaced() {
        sh("ip addr add 10.0.0.100/32 dev lo label lo:3; ip addr add 10.0.0.99/32 dev lo label lo:5");
        let bind = |address, label: &str, method| Binding {
            label: Some(label.to_owned()),
            method,
            ..Binding::new(vip(address), IfName::new("lo").unwrap())
        };
        // The second label belongs to another address.
        let many = [bind("10.0.0.100", "lo:4", Method::Netlink), bind("10.0.0.101", "lo:5", Method::Ioctl)];
        let error = Host::open().unwrap().bind_many(&many).unwrap_err();
        assert_eq!((error.kind(), error.rolled_back()), (ErrorKind::InvalidInput, Some(true)), "{error}");
        assert_eq!(addresses("lo")[1..3], ["10.0.0.99/32 global lo:5", "10.0.0.100/32 global lo:3"]);
    }
}

kernel_test! {
    fn a_watch_that_is_to_repair_on_a_device_that_is_not_there_does_not_open() {
        let host = Host::open().unwrap();
        let on = |dev: &str| Desired { dev: IfName::new(dev).unwrap(), ..wish() };
        let open = |desired: Desired| host.watch(&WatchOptions { repair: Some(desired), ..WatchOptions::default() });
        let error = open(on("eth0")).err().expect("there is no eth0");
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::NoInterface, "cannot find interface eth0: No such device"));
        sh(ETH0);
        sh("ip link property add dev eth0 altname uplink");
        assert_eq!(open(on("uplink")).err().map(|error| error.kind()), Some(ErrorKind::NoInterface));
        let mut watch = open(on("eth0")).unwrap();
        sh("ip link del eth0");
        let mut kinds = Vec::new();
        while !kinds.contains(&EventKind::RepairFailed) {
            assert!(watch.wait(Some(PATIENCE)).unwrap());
            watch.dispatch(&mut |event| kinds.push(event.kind)).unwrap();
        }
    }
}
