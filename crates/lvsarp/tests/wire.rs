//! A probe and a listener in an event loop, against the kernel: rounds, descriptors, room, and no allocation.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::sh;
use lvsarp::{
    AnnounceOptions, AuditOptions, AuditTarget, ErrorKind, Heard, HeardKind, Host, IfName, Listener, Mac, Netns,
    ProbeOptions, ProbeSender, Prober, Service, WatchOptions,
};

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// The system's allocator, counting.
struct Counting;

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise about the layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: `at` came from `alloc` above, thus from the system's allocator.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: `at` came from `alloc` above, and the caller's promise about the size is passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const PATIENCE: Duration = Duration::from_secs(20);
const NEIGHBOUR: Mac = Mac([2, 0, 0, 0, 0, 1]);

/// eth0 with 10.0.0.1, and behind it a neighbour that has these VIPs.
fn neighbour(vips: &[IpAddr]) {
    sh("for dad in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 > $dad; done
        ip netns add peer
        ip link add eth0 type veth peer name eth0 netns peer address 02:00:00:00:00:01
        ip addr add 10.0.0.1/24 dev eth0; ip addr add 2001:db8::1/64 dev eth0 nodad; ip link set eth0 up
        ip -n peer addr add 10.0.0.2/24 dev eth0; ip -n peer link set eth0 up
        until [ \"$(cat /sys/class/net/eth0/operstate)\" = up ]; do sleep 0.01; done
        ping -c1 -W5 10.0.0.2 > /dev/null");
    for vip in vips {
        sh(&format!("ip -n peer addr add {vip}/{} dev eth0", if vip.is_ipv4() { "32" } else { "128 nodad" }));
    }
}

fn eth0() -> IfName {
    IfName::new("eth0").unwrap()
}

fn vips() -> [IpAddr; 2] {
    ["10.0.0.100", "2001:db8::100"].map(|vip| vip.parse().unwrap())
}

fn options(milliseconds: u64, requests: u32) -> ProbeOptions {
    ProbeOptions { timeout: Duration::from_millis(milliseconds), requests, ..ProbeOptions::default() }
}

/// Goes on until the round ends. Returns how often there was something to do.
fn finish(prober: &mut Prober) -> usize {
    let end = Instant::now() + PATIENCE;
    let mut calls = 1;
    while !prober.dispatch().unwrap() {
        assert!(prober.wait(Some(PATIENCE)).unwrap() && Instant::now() < end, "the round does not end");
        calls += 1;
    }
    calls
}

fn counts(prober: &Prober) -> Vec<(IpAddr, u32)> {
    prober.responders().iter().map(|responder| (responder.vip, responder.count)).collect()
}

fn wait(listener: &mut Listener, hear: &mut dyn FnMut(&Heard)) -> usize {
    assert!(listener.wait(Some(PATIENCE)).unwrap(), "nothing was heard");
    listener.dispatch(hear).unwrap()
}

kernel_test! {
    fn after_opening_nothing_is_allocated() {
        neighbour(&vips());
        let host = Host::open().unwrap();
        let options = ProbeOptions { sender: ProbeSender::Both, ..options(60, 5) };
        let mut prober = host.prober(&vips(), &eth0(), &options).unwrap();
        let mut listener = host.listen(&vips(), &eth0(), &[]).unwrap();
        drop(host);
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        let mut heard = 0;
        for _ in 0..3 {
            prober.start().unwrap();
            finish(&mut prober);
            heard += wait(&mut listener, &mut |_| {});
        }
        let after = ALLOCATIONS.load(Ordering::Relaxed);
        assert_eq!(counts(&prober), vips().map(|vip| (vip, 10)));
        assert!(heard > 0);
        assert_eq!(prober.responders()[0].address, Some("10.0.0.2".parse().unwrap()));
        assert_eq!(after - before, 0, "something was allocated");
        assert_ne!(before, 0, "the allocator does not count");
    }
}

kernel_test! {
    fn what_was_opened_before_a_fork_is_refused_after_it() {
        neighbour(&vips());
        let host = Host::open().unwrap();
        let prober = host.prober(&vips(), &eth0(), &options(80, 4)).unwrap();
        let listener = host.listen(&vips(), &eth0(), &[]).unwrap();
        let target = AuditTarget {
            vip: vips()[0],
            real_server: "10.0.0.2".parse().unwrap(),
            service: Service::Echo,
            on: eth0(),
        };
        let auditor = host.auditor(&target, &AuditOptions::default()).unwrap();
        let watch = host.watch(&WatchOptions { vips: Some(vips().to_vec()), ..WatchOptions::default() }).unwrap();
        let at_once = Some(Duration::ZERO);
        // SAFETY: the child looks at its copies of what was opened here, and ends without running what others left in it.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let waits = [prober.wait(at_once), listener.wait(at_once), auditor.wait(at_once), watch.wait(at_once)];
            let refused = waits.iter().take_while(|wait| wait.as_ref().is_err_and(|e| e.kind() == ErrorKind::InvalidInput));
            // SAFETY: it does not return.
            unsafe { libc::_exit(refused.count() as i32) };
        }
        let mut status = 0;
        // SAFETY: `status` is a number of the kernel's size.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!((libc::WIFEXITED(status), libc::WEXITSTATUS(status)), (true, 4), "so many of four refused");
    }
}

kernel_test! {
    fn rounds_forget_what_was_before_and_the_descriptor_rests_between_them() {
        neighbour(&vips());
        let host = Host::open().unwrap();
        let mut prober = host.prober(&vips(), &eth0(), &options(80, 4)).unwrap();
        let mut other = host.prober(&vips(), &eth0(), &options(80, 2)).unwrap();
        assert!(other.dispatch().unwrap() && !other.wait(Some(Duration::ZERO)).unwrap());
        prober.start().unwrap();
        let calls = finish(&mut prober);
        assert!(calls <= 8 + 8 + 2, "{calls} calls for 8 requests, 8 answers and the end");
        assert_eq!(counts(&prober), vips().map(|vip| (vip, 4)));
        assert!(!prober.wait(Some(Duration::ZERO)).unwrap(), "there is nothing to do after the end");

        // The other one asks with the same MAC address, and heard the same answers before it asked anything.
        assert!(other.wait(Some(PATIENCE)).unwrap());
        assert!(other.dispatch().unwrap(), "no round runs");
        assert!(!other.wait(Some(Duration::ZERO)).unwrap(), "what nobody asked for was not fetched");
        prober.start().unwrap();
        finish(&mut prober);
        other.start().unwrap();
        finish(&mut other);
        assert_eq!(counts(&other), vips().map(|vip| (vip, 2)), "answers to somebody else before the round were counted");

        sh("ip -n peer addr del 10.0.0.100/32 dev eth0");
        prober.start().unwrap();
        finish(&mut prober);
        assert_eq!(counts(&prober), [(vips()[1], 4)]);
    }
}

kernel_test! {
    fn a_loop_that_comes_late_still_asks_everything_before_the_round_ends() {
        neighbour(&vips());
        let mut prober = Host::open().unwrap().prober(&vips(), &eth0(), &options(40, 20)).unwrap();
        prober.start().unwrap();
        sleep(Duration::from_millis(100));
        finish(&mut prober);
        assert_eq!(counts(&prober), vips().map(|vip| (vip, 20)));
    }
}

kernel_test! {
    fn what_there_is_no_room_for_is_counted_as_lost() {
        neighbour(&vips());
        // Three MAC addresses for the IPv4 VIP: each interface answers for an address of another one.
        sh("for name in one two; do ip -n peer link add link eth0 name $name type macvlan mode bridge; ip -n peer link set $name up; done");
        let host = Host::open().unwrap();
        let options = ProbeOptions { most: 1, ..options(40, 3) };
        let mut prober = host.prober(&vips(), &eth0(), &options).unwrap();
        for _ in 0..2 {
            prober.start().unwrap();
            finish(&mut prober);
            assert_eq!(prober.responders().iter().map(|one| (one.vip, one.count)).collect::<Vec<_>>(), [
                (vips()[0], 3),
                (vips()[0], 3),
                (vips()[1], 3),
            ]);
            assert_eq!(prober.lost(), 3);
        }
    }
}

kernel_test! {
    fn an_interface_that_goes_down_ends_the_round_and_one_that_comes_back_is_asked_again() {
        neighbour(&vips());
        let host = Host::open().unwrap();
        let mut prober = host.prober(&vips()[..1], &eth0(), &options(3_600_000, 1)).unwrap();
        let mut listener = host.listen(&vips()[..1], &eth0(), &[]).unwrap();
        for _ in 0..2 {
            prober.start().unwrap();
            sh("ip link set eth0 down");
            assert!(prober.wait(Some(PATIENCE)).unwrap());
            let error = loop {
                match prober.dispatch() {
                    Ok(ended) => assert!(!ended && prober.wait(Some(PATIENCE)).unwrap()),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.to_string(), "cannot listen on eth0: Network is down");
            assert_eq!(listener.dispatch(&mut |_| {}).unwrap_err().to_string(), "cannot listen on eth0: Network is down");
            assert_eq!(prober.start().unwrap_err().to_string(), "cannot send on eth0: Network is down");
            assert!(prober.dispatch().unwrap(), "the round has ended");
            sh("ip link set eth0 up; until [ \"$(cat /sys/class/net/eth0/operstate)\" = up ]; do sleep 0.01; done");
        }
        prober.start().unwrap();
        while prober.responders().is_empty() {
            assert!(prober.wait(Some(PATIENCE)).unwrap());
            assert!(!prober.dispatch().unwrap());
        }
        sh("ip link del eth0");
        assert!(prober.wait(Some(PATIENCE)).unwrap());
        assert!(prober.dispatch().is_err());
        assert_eq!(prober.start().unwrap_err().kind(), ErrorKind::NoInterface);
    }
}

/// Hands on what is heard until the listener fails: how many frames, and how.
fn until_it_fails(listener: &mut Listener) -> (usize, lvsarp::Error) {
    let mut heard = 0;
    loop {
        assert!(listener.wait(Some(PATIENCE)).unwrap(), "the listener is deaf, and says nothing");
        match listener.dispatch(&mut |_| {}) {
            Ok(count) => heard += count,
            Err(error) => return (heard, error),
        }
    }
}

kernel_test! {
    fn a_listener_on_an_interface_that_is_gone_says_so_in_every_call() {
        neighbour(&vips());
        let host = Host::open().unwrap();
        let mut down = host.listen(&vips(), &eth0(), &[]).unwrap();
        let mut busy = host.listen(&vips(), &eth0(), &[]).unwrap();
        sh("ip -n peer neigh flush all; ip netns exec peer ping -q -c1 -W5 -I 10.0.0.100 10.0.0.1 > /dev/null || true");
        assert!(busy.wait(Some(PATIENCE)).unwrap() && until_quiet(&mut down) > 0);

        // Going down is told once, however many families are listened to; while it is down nothing is to be done.
        sh("ip link set eth0 down");
        assert_eq!(until_it_fails(&mut down).1.to_string(), "cannot listen on eth0: Network is down");
        sh("ip link add eth1 type veth peer name eth2; ip link set eth1 up; ip link del eth1");
        assert!(!down.wait(Some(Duration::ZERO)).unwrap(), "another interface woke it, or it was told twice");
        assert_eq!(down.dispatch(&mut |_| {}).unwrap(), 0);

        // Then the kernel tells the sockets nothing. A new one of that name is another one.
        sh("ip link del eth0; ip link add eth0 type veth peer name eth1; ip link set eth0 up");
        for (listener, frames) in [(&mut down, false), (&mut busy, true)] {
            for call in 0..3 {
                let (heard, error) = until_it_fails(listener);
                assert_eq!(heard > 0, frames && call == 0, "frames in call {call}");
                assert_eq!(error.kind(), ErrorKind::NoInterface, "{error}");
                assert_eq!(error.to_string(), "cannot listen on eth0: No such device");
            }
        }
    }
}

/// Fetches all that is there: how many frames that was.
fn until_quiet(listener: &mut Listener) -> usize {
    let mut heard = 0;
    while listener.wait(Some(Duration::ZERO)).unwrap() {
        heard += listener.dispatch(&mut |_| {}).unwrap();
    }
    heard
}

kernel_test! {
    fn what_a_neighbour_announces_is_heard_with_its_time() {
        neighbour(&vips());
        let host = Host::open().unwrap();
        let mut listener = host.listen(&vips(), &eth0(), &[NEIGHBOUR]).unwrap();
        let begin = std::time::SystemTime::now();
        let peer = Host::open_netns(&Netns::parse("peer").unwrap()).unwrap();
        let once = AnnounceOptions { count: 1, ..AnnounceOptions::default() };
        assert_eq!(peer.announce(&vips(), &eth0(), &once).unwrap(), 3);
        let mut kinds = Vec::new();
        while kinds.len() < 3 {
            wait(&mut listener, &mut |heard| {
                assert!(heard.time >= begin && heard.director && !heard.ours && heard.mac == NEIGHBOUR);
                kinds.push((heard.vip, heard.kind));
            });
        }
        let [v4, v6] = vips();
        assert_eq!(kinds, [(v4, HeardKind::GratuitousRequest), (v4, HeardKind::GratuitousReply), (v6, HeardKind::Advertisement)]);
        assert!(!listener.wait(Some(Duration::ZERO)).unwrap());
        assert_eq!((listener.dispatch(&mut |_| {}).unwrap(), listener.lost()), (0, 0));
    }
}

kernel_test! {
    fn an_announcement_ends_when_the_vip_is_gone() {
        neighbour(&[]);
        sh("ip addr add 10.0.0.100/32 dev eth0");
        let vip = ["10.0.0.100".parse().unwrap()];
        let peer = Host::open_netns(&Netns::parse("peer").unwrap()).unwrap();
        let mut listener = peer.listen(&vip, &eth0(), &[]).unwrap();
        let often = AnnounceOptions { count: 1000, interval: Duration::from_millis(20), ..AnnounceOptions::default() };
        let announcing = std::thread::spawn(move || Host::open().unwrap().announce(&vip, &eth0(), &often).unwrap());
        let mut heard = 0;
        while heard < 4 {
            heard += wait(&mut listener, &mut |_| {});
        }
        sh("ip addr del 10.0.0.100/32 dev eth0");
        let sent = announcing.join().unwrap();
        assert!((4..2000).contains(&sent), "{sent}");
        while heard < sent as usize {
            heard += wait(&mut listener, &mut |_| {});
        }
        assert_eq!(heard, sent as usize);
    }
}

#[test]
fn wrong_arguments_are_refused_before_anything_is_opened() {
    let host = Host::open().unwrap();
    let nowhere = IfName::new("nothere0").unwrap();
    let refused = |vips: &[&str], options: ProbeOptions, cause: &str| {
        let vips: Vec<IpAddr> = vips.iter().map(|vip| vip.parse().unwrap()).collect();
        let error = host.probe(&vips, &nowhere, &options).expect_err(cause);
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::InvalidInput, cause));
    };
    let fine = ProbeOptions::default;
    refused(&[], fine(), "cannot use an empty list: name at least one VIP");
    refused(&["10.0.0.1", "10.0.0.2", "10.0.0.1"], fine(), "cannot use VIP 10.0.0.1: it is named twice");
    refused(&["0.0.0.0"], fine(), "cannot use address 0.0.0.0 as a VIP: it is the unspecified address");
    refused(&["ff02::1"], fine(), "cannot use address ff02::1 as a VIP: it is a multicast address");
    let timeout = |timeout| ProbeOptions { timeout, ..fine() };
    let range = "it is not from 1 ms to a day";
    refused(&["10.0.0.1"], timeout(Duration::from_micros(999)), &format!("cannot use a timeout of 999µs: {range}"));
    refused(&["10.0.0.1"], timeout(Duration::from_secs(86_401)), &format!("cannot use a timeout of 86401s: {range}"));
    refused(&["10.0.0.1"], ProbeOptions { requests: 0, ..fine() }, "cannot use 0 requests: it is not from 1 to 1000");
    let most = |most| ProbeOptions { most, ..fine() };
    refused(&["10.0.0.1"], most(0), "cannot use room for 0 responders: it is not from 1 to 65536");
    refused(&["10.0.0.1"], most(65_537), "cannot use room for 65537 responders: it is not from 1 to 65536");
    let vip = ["10.0.0.1".parse().unwrap()];
    assert_eq!(host.listen(&vip, &nowhere, &[Mac::ZERO]).err().unwrap().kind(), ErrorKind::InvalidInput);
    assert_eq!(host.listen(&vip, &nowhere, &[]).err().unwrap().kind(), ErrorKind::NoInterface);
    let neither = AnnounceOptions { request: false, reply: false, ..AnnounceOptions::default() };
    assert_eq!(host.announce(&vip, &nowhere, &neither).unwrap_err().kind(), ErrorKind::InvalidInput);
}
