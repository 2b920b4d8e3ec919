//! An auditor in an event loop, against a real server in a namespace: it is made again and again, and allocates nothing after it was opened.
//!
//! The test runs itself once more inside the sandbox, as the director and as the real server's listener.
#![allow(unsafe_code)]

mod sandbox;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use lvsarp::{Answer, Audit, AuditOptions, AuditState, AuditTarget, Host, IfName, Service};
use sandbox::{Ran, Sandbox};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting for each thread.
struct Counting;

fn count() {
    // A thread that ends may allocate when its counter is gone.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise about the layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: `at` came from `alloc` above, thus from the system's allocator.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: `at` came from `alloc` above, and the caller's promise about the size is passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROLE: &str = "LVSARP_TEST_ROLE";
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn an_audit_allocates_nothing_after_it_was_opened() {
    match std::env::var(ROLE).as_deref() {
        Ok("listener") => return listen(),
        Ok("director") => return audit_again_and_again(),
        _ => {}
    }
    // The sandbox's own namespace is the director, `client` is the real server.
    let sandbox = Sandbox::real_server();
    sandbox.sh("ip addr add 192.0.2.10/32 dev lo
         ip -n client link set lo up
         ip netns exec client sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
         ip -n client addr add 192.0.2.10/32 dev lo
         ip -n client addr add 192.0.2.20/32 dev eth0");
    let me = std::env::current_exe().expect("a program has a path");
    let own = ["--exact", "an_audit_allocates_nothing_after_it_was_opened", "--nocapture"];
    let mut listener = sandbox
        .command("ip")
        .args(["netns", "exec", "client"])
        .arg(&me)
        .args(own)
        .env(ROLE, "listener")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("cannot run nsenter");
    let mut out = listener.stdout.take().expect("it was piped");
    let mut heard = Vec::new();
    while !heard.ends_with(b"listening\n") {
        let mut byte = [0];
        out.read_exact(&mut byte).expect("the listener ended");
        heard.extend(byte);
    }
    let ran = Ran::of(sandbox.command(&me).args(own).env(ROLE, "director"));
    drop(listener.stdin.take());
    let _ = out.read_to_end(&mut heard);
    listener.wait().expect("cannot wait");
    assert_eq!(ran.status, 0, "{}\n{}", ran.out, ran.err);
    assert_eq!(sandbox.sh("ip netns exec client ss -tanH state syn-recv"), "");
}

/// Listens until the standard input ends.
fn listen() {
    let _listener = TcpListener::bind("0.0.0.0:80").expect("nobody else listens here");
    println!("listening");
    std::io::stdout().flush().expect("somebody reads it");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn audit_again_and_again() {
    let host = Host::open().unwrap();
    let options = AuditOptions { timeout: Duration::from_millis(400), tries: 4 };
    let target = AuditTarget {
        vip: "192.0.2.10".parse().unwrap(),
        real_server: "192.0.2.3".parse().unwrap(),
        service: Service::Tcp(80),
        on: IfName::new("eth0").unwrap(),
    };
    // On the interface itself it is answered.
    let leaking = "192.0.2.20".parse().unwrap();
    for (target, expected) in [
        (target.clone(), Answer::Accepted),
        (AuditTarget { service: Service::Tcp(81), ..target.clone() }, Answer::Refused),
        (AuditTarget { service: Service::Echo, ..target.clone() }, Answer::Accepted),
        (AuditTarget { vip: leaking, ..target.clone() }, Answer::Accepted),
        (AuditTarget { real_server: "192.0.2.4".parse().unwrap(), ..target }, Answer::None),
    ] {
        let mut auditor = host.auditor(&target, &options).unwrap();
        // Nothing was started.
        assert!(auditor.dispatch().unwrap().is_none());
        let mut reasons = Text(0);
        let before = ALLOCATIONS.get();
        assert!(before > 0, "nothing counts");
        for _ in 0..2 {
            let audit = audit(&mut auditor);
            assert_eq!(audit.from_vip, expected);
            let state = match expected {
                Answer::Accepted if target.vip == leaking => AuditState::Leaks,
                Answer::Accepted => AuditState::Healthy,
                _ => AuditState::Down,
            };
            assert_eq!(audit.state, state);
            audit.write_reasons(&mut reasons).unwrap();
            // It has ended.
            assert!(auditor.dispatch().unwrap().is_none());
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "{target:?}");
        assert!(reasons.0 > 0);
    }
}

fn audit(auditor: &mut lvsarp::Auditor) -> Audit {
    let began = Instant::now();
    auditor.start().unwrap();
    loop {
        if let Some(audit) = auditor.dispatch().unwrap() {
            return audit;
        }
        assert!(auditor.wait(Some(PATIENCE)).unwrap() && began.elapsed() < PATIENCE);
    }
}

/// Counts what is written.
struct Text(usize);

impl std::fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}
