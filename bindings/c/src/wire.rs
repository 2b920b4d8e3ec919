//! The structs of probe, listen, audit, watch, announce and promote (liblvsarp-full).
//!
//! As in `values.rs`: fixed widths, explicit padding, the size first, and new fields at the end.

use std::ffi::c_char;

/// How lvsarp_probe() and lvsarp_probe_start() ask. Start with LVSARP_PROBE_OPTIONS_INIT; no options at all (NULL) mean the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_probe_options {
    /// The size of this struct in bytes.
    pub size: usize,
    /// How long answers are collected, from the first request on, in milliseconds: 1 to 86400000; 0 is 1000.
    pub timeout: u32,
    /// How many requests are sent for each VIP with each sender, evenly over the first half of the time: 1 to 1000; 0 is 3.
    pub requests: u32,
    /// With which sender: LVSARP_SENDER_OWN, LVSARP_SENDER_UNSPECIFIED or LVSARP_SENDER_BOTH.
    pub sender: i32,
    /// How many responders are told apart, over all VIPs: 1 to 65536; 0 is 256. Two of each VIP always have room, whoever else answers for the
    /// others. The room is taken when the probe is opened.
    pub most: u32,
    /// The MAC addresses that may answer, such as "02:00:00:00:00:01 02:00:00:00:00:02", with blanks or commas between them; "": whoever is alone.
    pub directors: [c_char; 512],
}

/// One who answers for a VIP.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_responder {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// How many answers came.
    pub count: u32,
    /// What it is: LVSARP_OURS, LVSARP_DIRECTOR, LVSARP_DUPLICATE.
    pub flags: u32,
    /// How long the first answer took after the last request before it, in microseconds.
    pub delay: u64,
    /// The VIP.
    pub vip: [c_char; 48],
    /// The MAC address that it says the VIP is at, which is what everybody learns.
    pub mac: [c_char; 24],
    /// The MAC address that its first frame came from; another one than mac where somebody answers for somebody else.
    pub source: [c_char; 24],
    /// Its own address, where this host's neighbour table has one for mac when the round ends; otherwise "".
    pub address: [c_char; 48],
}

/// What lvsarp_listen_open() is told besides. Start with LVSARP_LISTEN_OPTIONS_INIT; no options at all (NULL) mean the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_listen_options {
    /// The size of this struct in bytes.
    pub size: usize,
    /// Must be 0.
    pub flags: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The MAC addresses of the directors, as in lvsarp_probe_options.
    pub directors: [c_char; 512],
}

/// One frame that carried a VIP as its sender.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_heard {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// When it was read, by the system's clock: nanoseconds since 1970.
    pub time: i64,
    /// What kind of frame: LVSARP_HEARD_*.
    pub kind: i32,
    /// Whose it is: LVSARP_OURS, LVSARP_DIRECTOR.
    pub flags: u32,
    /// The interface.
    pub interface: [c_char; 16],
    /// The VIP.
    pub vip: [c_char; 48],
    /// Whom it asked for or told it to.
    pub target: [c_char; 48],
    /// The MAC address that it says the VIP is at.
    pub mac: [c_char; 24],
    /// The MAC address that the frame came from.
    pub source: [c_char; 24],
}

/// How lvsarp_audit() and lvsarp_audit_start() ask. Start with LVSARP_AUDIT_OPTIONS_INIT; no options at all (NULL) mean the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_audit_options {
    /// The size of this struct in bytes.
    pub size: usize,
    /// The deadline from the start on, in milliseconds: 1 to 86400000; 0 is 1000. A healthy real server takes about half of it, since silence takes
    /// time to be heard.
    pub timeout: u32,
    /// How often each question is asked until it is answered: 1 to 1000; 0 is 8.
    pub tries: u32,
    /// The TCP port of the service, 1 to 65535: a connection is made, and reset as soon as it is accepted. 0 asks with an ICMP echo request, which says
    /// nothing about the service.
    pub port: u32,
    /// Must be 0.
    pub reserved: u32,
}

/// What a real server is, as seen from the wire. Filled by lvsarp_audit() and lvsarp_audit_dispatch(). Start with LVSARP_AUDIT_RESULT_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_audit_result {
    /// The size of this struct in bytes.
    pub size: usize,
    /// What it is: LVSARP_AUDIT_HEALTHY, LVSARP_AUDIT_LEAKS, LVSARP_AUDIT_BLACK_HOLE or LVSARP_AUDIT_DOWN.
    pub state: i32,
    /// What came back from the VIP: LVSARP_ANSWER_*.
    pub from_vip: i32,
    /// What came back from the real server's own address, which is asked the same: LVSARP_ANSWER_*.
    pub from_real_server: i32,
    /// Which values are there: LVSARP_HAS_DELAY.
    pub has: u32,
    /// How many who-has for the VIP it answered.
    pub answered: u32,
    /// How many frames that nobody asked for carried the VIP as their sender: its own who-has, and gratuitous ones.
    pub announced: u32,
    /// How many other MAC addresses answered for the VIP: directors, or other leaks.
    pub others: u32,
    /// 0.
    pub reserved: u32,
    /// How long the first answer from the VIP took, in microseconds, if has says so.
    pub delay: u64,
    /// The VIP.
    pub vip: [c_char; 48],
    /// The real server's own address.
    pub real_server: [c_char; 48],
    /// Its MAC address; "" where it did not answer for its own address.
    pub mac: [c_char; 24],
    /// Why, one sentence a line, the most important first.
    pub reasons: [c_char; 1024],
}

/// What lvsarp_watch_open() watches for. Start with LVSARP_WATCH_OPTIONS_INIT; no options at all (NULL) mean the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_watch_options {
    /// The size of this struct in bytes.
    pub size: usize,
    /// How often levels are read again, which the kernel does not announce when they are written through /proc/sys, in milliseconds: 10 to 86400000;
    /// 0 is 1000.
    pub interval: u32,
    /// LVSARP_REPAIR.
    pub flags: u32,
    /// How many repairs a minute there are at most: 1 to 6000; 0 is 6.
    pub per_minute: u32,
    /// Must be 0.
    pub reserved: u32,
}

/// One thing that happened on a host that is watched.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_event {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// When it was noticed, by the system's clock: nanoseconds since 1970.
    pub time: i64,
    /// What happened: LVSARP_EVENT_*.
    pub kind: i32,
    /// The level: LVSARP_ARP_IGNORE and so on; 0 where it is about none.
    pub key: i32,
    /// Whether every VIP is silent and there, by a check after the event: 1, 0, or -1 where it could not be told.
    pub silent: i32,
    /// Which values are there: LVSARP_HAS_OLD, LVSARP_HAS_NEW.
    pub has: u32,
    /// The interface, or all or default for a level; "" where it is about none.
    pub scope: [c_char; 16],
    /// The VIP, or "".
    pub vip: [c_char; 48],
    /// Before: a value, how an address was bound, up or down.
    pub old_value: [c_char; 64],
    /// After.
    pub new_value: [c_char; 64],
    /// The name and number of the process that did it, where that is known; otherwise "".
    pub by: [c_char; 64],
    /// What happened, in one sentence.
    pub message: [c_char; 512],
    /// The most important thing that the check found, if there is an error, as lvsarp_finding.code; otherwise "".
    pub finding: [c_char; 32],
    /// The same, as lvsarp_finding.message.
    pub finding_message: [c_char; 512],
    /// The same, as lvsarp_finding.hint.
    pub finding_hint: [c_char; 512],
}

/// How lvsarp_announce() announces. Start with LVSARP_ANNOUNCE_OPTIONS_INIT; no options at all (NULL) mean the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_announce_options {
    /// The size of this struct in bytes.
    pub size: usize,
    /// How many rounds: 1 to 1000; 0 is 3.
    pub count: u32,
    /// How long between two rounds, in milliseconds: 1 to 86400000; 0 is 1000.
    pub interval: u32,
    /// Which forms of gratuitous ARP (IPv4): LVSARP_FORM_BOTH, LVSARP_FORM_REQUEST or LVSARP_FORM_REPLY.
    pub form: i32,
    /// LVSARP_FORCE: also where this host holds the VIP as a real server does, or does not hold it at all. LVSARP_DRY_RUN: send nothing.
    pub flags: u32,
}

/// How lvsarp_promote() and lvsarp_demote() move the VIPs. Start with LVSARP_ROLE_OPTIONS_INIT; no options at all (NULL) mean the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_role_options {
    /// The size of this struct in bytes.
    pub size: usize,
    /// Where lvsarp_demote() sets the levels: LVSARP_SCOPE_ALL or LVSARP_SCOPE_INTERFACE. For lvsarp_promote() it must be 0.
    pub scope: i32,
    /// LVSARP_DRY_RUN: change nothing; lvsarp_step_each() says what would be done.
    pub flags: u32,
    /// The device of a silent real server's VIPs; "" is lo.
    pub dev: [c_char; 16],
}
