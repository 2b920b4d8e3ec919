//! lvsarp's side of the comparison: takes turns with its peers over the protocol of raw/step.h, and proves what a read of a level costs.
//!
//!     lvsarp_bench get IFACE | snapshot | bind FIRST COUNT | apply VIP     one line on standard input is one step: NANOSECONDS SEEN
//!     lvsarp_bench prove IFACE                                             exit status 1 where a read opens a file or allocates

use std::alloc::{GlobalAlloc, Layout, System};
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, Write};
use std::net::Ipv4Addr;
use std::os::unix::fs::FileExt;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use lvsarp::{Binding, Desired, Host, IfName, Key, LOCK_PATIENCE, Levels, Scope, Vip};

type Failure = Box<dyn Error>;

/// Reads in one step of `get`, so that the clock's own cost does not count.
const GETS: u32 = 2000;

/// Reads in the proof.
const PROOFS: u32 = 10_000;

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

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["get", iface] => get(iface),
        ["snapshot"] => snapshot(),
        ["bind", first, count] => bind(first, count),
        ["apply", vip] => apply(vip),
        ["prove", iface] => prove(iface),
        _ => Err("usage: lvsarp_bench get IFACE | snapshot | bind FIRST COUNT | apply VIP | prove IFACE".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lvsarp_bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers every line on standard input with the step's nanoseconds, divided by `times`, and what it saw.
fn take_turns(times: u32, mut step: impl FnMut(&str) -> Result<i64, Failure>) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let start = Instant::now();
        let seen = step(&line)?;
        let ns = start.elapsed().as_nanos() as f64 / f64::from(times);
        writeln!(out, "{ns:.1} {seen}")?;
        out.flush()?;
    }
    Ok(())
}

fn effective(levels: &Levels) -> Result<(i32, i32), Failure> {
    let value = |level: Option<i32>| level.ok_or("a level is absent");
    Ok((value(levels.arp_ignore.effective)?, value(levels.arp_announce.effective)?))
}

fn get(iface: &str) -> Result<(), Failure> {
    let host = Host::open()?;
    let scope = Scope::Interface(IfName::new(iface)?);
    take_turns(GETS, |_| {
        let mut last = (0, 0);
        for _ in 0..GETS {
            last = effective(&host.get(&scope)?)?;
        }
        Ok(i64::from(last.0 * 10 + last.1))
    })
}

fn snapshot() -> Result<(), Failure> {
    let host = Host::open()?;
    take_turns(1, |_| {
        let snapshot = host.snapshot()?;
        let mut levels = 0;
        for conf in snapshot.interfaces.iter().filter_map(|interface| interface.conf.as_ref()) {
            levels += conf.get(Key::ArpIgnore).unwrap_or(0) + conf.get(Key::ArpAnnounce).unwrap_or(0);
        }
        Ok(snapshot.interfaces.len() as i64 * 1000 + i64::from(levels))
    })
}

fn bind(first: &str, count: &str) -> Result<(), Failure> {
    let host = Host::open()?;
    let lo = IfName::new("lo")?;
    let first = u32::from(first.parse::<Ipv4Addr>()?);
    let vips = (0..count.parse::<u32>()?)
        .map(|k| Vip::new(Ipv4Addr::from(first + k).into()))
        .collect::<Result<Vec<Vip>, _>>()?;
    let bindings: Vec<Binding> = vips.iter().map(|vip| Binding::new(*vip, lo)).collect();
    let places: Vec<(Vip, IfName)> = vips.iter().map(|vip| (*vip, lo)).collect();
    take_turns(1, |line| {
        let changed = if line == "bind" { host.bind_many(&bindings)? } else { host.unbind_many(&places)? };
        Ok(changed.iter().filter(|changed| **changed).count() as i64)
    })
}

fn apply(vip: &str) -> Result<(), Failure> {
    let host = Host::open()?;
    let desired = Desired::new([Vip::parse(vip)?]);
    take_turns(1, |line| {
        let changes = if line == "apply" { host.apply(&desired, LOCK_PATIENCE)? } else { host.undo(LOCK_PATIENCE)? };
        Ok(i64::from(changes.changed))
    })
}

/// Reads with no descriptor left to open and the allocations counted, while the level underneath changes.
fn prove(iface: &str) -> Result<(), Failure> {
    let host = Host::open()?;
    let scope = Scope::Interface(IfName::new(iface)?);
    let path = format!("/proc/sys/net/ipv4/conf/{iface}/arp_announce");
    let level = OpenOptions::new().write(true).open(&path)?;
    effective(&host.get(&scope)?)?;

    forbid_new_descriptors()?;
    let refused = File::open("/proc/self/stat").err().and_then(|e| e.raw_os_error());
    if refused != Some(libc::EMFILE) {
        return Err(format!("the proof cannot fail: an open() gave {refused:?} instead of EMFILE").into());
    }
    let start = ALLOCATIONS.load(Ordering::Relaxed);
    drop(std::hint::black_box(Box::new(0)));
    if ALLOCATIONS.load(Ordering::Relaxed) == start {
        return Err("the proof cannot fail: an allocation was not counted".into());
    }

    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for k in 0..PROOFS {
        let wanted = (k % 3) as i32;
        level.write_at([b"0\n", b"1\n", b"2\n"][wanted as usize], 0)?;
        let (_, announce) = effective(&host.get(&scope)?)?;
        if announce != wanted {
            return Err(format!("read {k} gave arp_announce {announce} after {wanted} was written").into());
        }
    }
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    if allocations != 0 {
        return Err(format!("{PROOFS} reads allocated {allocations} times").into());
    }
    println!(
        "{PROOFS} reads with no descriptor left to open, the level changed before each: all right, 0 allocations."
    );
    Ok(())
}

/// From here on every call that makes a descriptor fails with EMFILE.
fn forbid_new_descriptors() -> Result<(), Failure> {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live rlimit.
    match unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &none) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error().into()),
    }
}
