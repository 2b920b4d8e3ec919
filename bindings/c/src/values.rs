//! The structs that cross: fixed widths, explicit padding, and the size first.
//!
//! A new field goes to the end of a struct with a size, is 0 where it is not set, and its struct's `_INIT` in `cbindgen.toml` gets one more value.

use std::ffi::c_char;

/// The three values behind one key of an interface. One that the kernel did not report is not 0: its bit in known is missing. It has no size and never
/// grows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_level {
    /// The interface's own value.
    pub own: i32,
    /// The value of conf/all.
    pub all: i32,
    /// What is in force: the kernel's merge of the two, for both levels the larger one.
    pub effective: i32,
    /// Which of them are known: LVSARP_KNOWN_OWN, LVSARP_KNOWN_ALL, LVSARP_KNOWN_EFFECTIVE.
    pub known: u32,
}

/// Both levels of an interface, of all (where own and all are the same) or of default (in force for an interface made now).
/// Filled by lvsarp_get(). Start with LVSARP_LEVELS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_levels {
    /// The size of this struct in bytes.
    pub size: usize,
    /// Which requests are answered.
    pub arp_ignore: lvsarp_level,
    /// Which sender our own requests carry.
    pub arp_announce: lvsarp_level,
}

/// What lvsarp_apply() and lvsarp_plan() are to do. Start with LVSARP_APPLY_OPTIONS_INIT; no options at all (NULL) mean the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_apply_options {
    /// The size of this struct in bytes.
    pub size: usize,
    /// Where the levels are set: LVSARP_SCOPE_ALL or LVSARP_SCOPE_INTERFACE.
    pub scope: i32,
    /// How VIPs are bound: LVSARP_METHOD_NETLINK or LVSARP_METHOD_IOCTL.
    pub method: i32,
    /// LVSARP_FORCE, LVSARP_ROUTE_PREFIXES, LVSARP_EXACT.
    pub flags: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The device of the VIPs; "" is lo.
    pub dev: [c_char; 16],
    /// The label of IPv4 VIPs; "": that of an address that is there already, or the device's name.
    pub label: [c_char; 16],
    /// The scope of IPv4 VIPs: global, site, link, host or a number; "": as the plan finds best.
    pub address_scope: [c_char; 16],
}

/// How lvsarp_vip_bind_many() is to bind. Start with LVSARP_BIND_OPTIONS_INIT; no options at all (NULL) mean the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_bind_options {
    /// The size of this struct in bytes.
    pub size: usize,
    /// LVSARP_METHOD_NETLINK or LVSARP_METHOD_IOCTL.
    pub method: i32,
    /// LVSARP_FORCE.
    pub flags: u32,
    /// The device; "" is lo.
    pub dev: [c_char; 16],
    /// The label (IPv4), such as lo:0; "": the device's name, or with ioctl the first free one.
    pub label: [c_char; 16],
    /// The scope (IPv4): global, site, link, host or a number; "" is global.
    pub address_scope: [c_char; 16],
}

/// What lvsarp_persist() and lvsarp_unpersist() work on, and how. Start with LVSARP_PERSIST_OPTIONS_INIT; no options at all (NULL) mean the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_persist_options {
    /// The size of this struct in bytes.
    pub size: usize,
    /// LVSARP_COMMENT_OUT, LVSARP_OVERWRITE, LVSARP_NATIVE, LVSARP_DRY_RUN, LVSARP_APPLY.
    pub flags: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The root directory below which the files are, that of an image or a container; "" is /.
    pub root: [c_char; 256],
    /// Keep the levels as a marked block in this file, which others keep, such as /etc/sysctl.conf; "": in a file of our own. An absolute path below
    /// the root.
    pub sysctl_conf: [c_char; 256],
    /// The program lvsarp that the boot unit runs, an absolute path below the root; "": the one that is installed.
    pub program: [c_char; 256],
}

/// What lvsarp_boot() is to predict. Start with LVSARP_BOOT_OPTIONS_INIT; no options at all (NULL) mean the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_boot_options {
    /// The size of this struct in bytes.
    pub size: usize,
    /// LVSARP_NO_REHEARSAL.
    pub flags: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The root directory whose files are read, that of an image or a container; "" is /.
    pub root: [c_char; 256],
    /// The program that sets sysctls at boot and its version, such as systemd-sysctl 252, procps 4.0.2, procps -p 3.3.17 or busybox 1.35.0; without a
    /// version the newest that is known; "": the one that is found below the root.
    pub loader: [c_char; 64],
}

/// One level after the next boot, of all, default, lo or an interface.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_boot_level {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// LVSARP_ARP_IGNORE or LVSARP_ARP_ANNOUNCE.
    pub key: i32,
    /// Its value when the boot is over.
    pub value: i32,
    /// Its value where the interface is only added after the program that sets it has run, if has says so; otherwise that of value.
    pub late: i32,
    /// What is known: LVSARP_HAS_LATE, LVSARP_HAS_FILE, LVSARP_BY_DEFAULT.
    pub has: u32,
    /// The line in file, from 1; 0 where no file decides it.
    pub line: u32,
    /// 0.
    pub reserved: u32,
    /// Where it stands: all, default or an interface.
    pub scope: [c_char; 16],
    /// The file that decides it, as its path below the root, or "".
    pub file: [c_char; 256],
}

/// One network interface.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_interface {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// Its index.
    pub index: u32,
    /// Its flags (IFF_* of <linux/if.h>).
    pub flags: u32,
    /// Its hardware type (ARPHRD_* of <linux/if_arp.h>).
    pub hardware: u32,
    /// Its MTU in bytes.
    pub mtu: u32,
    /// The index of the bridge, bond or VRF that it belongs to, or 0.
    pub master: u32,
    /// The index of the device below it (VLAN, macvlan) or of its peer (veth), possibly in another namespace, or 0.
    pub link: u32,
    /// What part it plays in ARP: LVSARP_ROLE_*.
    pub role: i32,
    /// 0.
    pub reserved: u32,
    /// Its name, as the kernel has it: any bytes but '/', ':' and white space.
    pub name: [c_char; 16],
    /// Its kind, such as veth, bridge or vlan; "" for a physical device.
    pub kind: [c_char; 32],
    /// Its MAC address, 02:00:00:00:00:01; "" where it has none.
    pub mac: [c_char; 96],
}

/// One address of an interface.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_address {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// The interface's index.
    pub index: u32,
    /// AF_INET or AF_INET6.
    pub family: i32,
    /// The prefix length in bits.
    pub prefixlen: u32,
    /// Its flags (IFA_F_* of <linux/if_addr.h>).
    pub flags: u32,
    /// The metric of the routes that the kernel makes for it; 0 where the kernel chooses.
    pub metric: u32,
    /// Who made it (IFA_PROTO, kernel 5.18 and later): LVSARP_PROTOCOL for lvsarp, -1 where it is not known.
    pub protocol: i32,
    /// Seconds until it is removed, or LVSARP_FOREVER.
    pub valid: u32,
    /// Seconds until it is no longer chosen as a source, or LVSARP_FOREVER.
    pub preferred: u32,
    /// The interface's name.
    pub dev: [c_char; 16],
    /// The label (IPv4), such as lo:0; "" where there is none.
    pub label: [c_char; 16],
    /// The scope as ip prints it: global, site, link, host or a number.
    pub scope: [c_char; 16],
    /// The address.
    pub local: [c_char; 48],
    /// The other end of a point-to-point address, or "".
    pub peer: [c_char; 48],
    /// The broadcast address, or "".
    pub broadcast: [c_char; 48],
}

/// A route of type local that was made by hand: a whole prefix that the host accepts without an address.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_prefix {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// The index of the interface that the route names, or 0.
    pub index: u32,
    /// The prefix length in bits.
    pub prefixlen: u32,
    /// The routing table: 255 is local.
    pub table: u32,
    /// Who made it (rtm_protocol): LVSARP_PROTOCOL for lvsarp.
    pub protocol: i32,
    /// The interface's name, or "".
    pub dev: [c_char; 16],
    /// The address in front of the slash.
    pub network: [c_char; 48],
}

/// One step of a plan, or one that was done.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_step {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// What it changes: LVSARP_STEP_LEVEL, LVSARP_STEP_ADDRESS, LVSARP_STEP_ROUTE or LVSARP_STEP_FILE.
    pub kind: i32,
    /// Which values are there: LVSARP_HAS_OLD, LVSARP_HAS_NEW. An address without an old value is bound, without a new one removed; a file without an old
    /// one is made.
    pub has: u32,
    /// What is done: set, bind, unbind, rebind, add-route, delete-route, write or remove.
    pub act: [c_char; 16],
    /// What it is done to, such as eth0/arp_ignore, 192.0.2.10/32 dev lo or the path of a file.
    pub thing: [c_char; 160],
    /// The value before: a level as a number, an address as its scope and label, "present" for a route or a file.
    pub old_value: [c_char; 64],
    /// The value after.
    pub new_value: [c_char; 64],
    /// Why.
    pub reason: [c_char; 512],
}

/// One thing that was found.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_finding {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// How much it matters: LVSARP_SEVERITY_ERROR, _UNKNOWN, _WARNING or _INFO.
    pub severity: i32,
    /// 0.
    pub reserved: u32,
    /// A stable word for programs, such as vip-answered.
    pub code: [c_char; 32],
    /// The interface that it is about, or "".
    pub interface: [c_char; 16],
    /// The VIP that it is about, or "".
    pub vip: [c_char; 48],
    /// What was found, in one sentence.
    pub message: [c_char; 512],
    /// What to do about it; "" where there is nothing to do.
    pub hint: [c_char; 512],
}

/// What the kernel does about one VIP on one interface that is up and speaks ARP.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_verdict {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// Whether a who-has for the VIP that arrives here is answered, from some sender: 1, 0, or -1 where a level that decides is unknown.
    pub replies: i32,
    /// Whether a request that leaves here can carry the VIP as its sender, for some target: 1, 0, or -1.
    pub announces: i32,
    /// The VIP.
    pub vip: [c_char; 48],
    /// The interface.
    pub interface: [c_char; 16],
}

/// What the kernel does about one who-has that arrives, or one request of our own, and why. Filled by lvsarp_would_reply() and
/// lvsarp_would_announce(). Start with LVSARP_DECISION_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_decision {
    /// The size of this struct in bytes.
    pub size: usize,
    /// Whether the who-has is answered: 1, 0, or -1 where a level that decides is unknown, and for a request of our own.
    pub replies: i32,
    /// What the host remembers of the sender of the who-has: LVSARP_LEARNS_*, or -1 where that is unknown, and for a request of our own.
    pub learns: i32,
    /// Whether the running kernel agrees: 1, 0, or -1 where it was not asked or could not be asked.
    pub witness: i32,
    /// Whether there is an answer: 1, or 0 where a level that decides is unknown.
    pub known: i32,
    /// The sender that the request of our own carries, 0.0.0.0 where there is no address to choose; "" where no request is sent, where a level that
    /// decides is unknown, and for a who-has.
    pub source: [c_char; 16],
    /// What was asked, such as who-has 192.0.2.10 tell 192.0.2.1 on eth0.
    pub question: [c_char; 128],
    /// The answer in one sentence.
    pub rule: [c_char; 512],
}

/// One of the reasons of a decision.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_note {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// What it is: LVSARP_NOTE_CHECK, LVSARP_NOTE_CAVEAT or LVSARP_NOTE_WITNESS.
    pub kind: i32,
    /// Of a check: 1 where the way goes on, 0 where it ends. Of a witness: 1 where it agrees, 0 where not, -1 where it could not be asked. Of a
    /// caveat: -1.
    pub pass: i32,
    /// Of a check: the kernel's function that it mirrors, such as net/ipv4/arp.c: arp_ignore(); otherwise "".
    pub function: [c_char; 64],
    /// What was found, with the values that were read.
    pub text: [c_char; 512],
}

/// One row of a table of levels: a range of values and what the kernel does there.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_meaning {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// The first value of the row.
    pub first: i32,
    /// The last value of the row.
    pub last: i32,
    /// 1 where a VIP of scope global on lo is hidden for a sender in the interface's subnet, otherwise 0.
    pub hides_vip: i32,
    /// 0.
    pub reserved: u32,
    /// The values as people write them: 0, 4-7, 9 and above.
    pub values: [c_char; 16],
    /// What the kernel does, in the language that was asked for (UTF-8).
    pub text: [c_char; 512],
}

/// One key of net.ipv4.conf that ARP decisions read.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lvsarp_key {
    /// The size of this struct in bytes, as the library knows it.
    pub size: usize,
    /// The key: LVSARP_ARP_IGNORE and so on.
    pub key: i32,
    /// The first value that has a meaning.
    pub first: i32,
    /// The last value that has a meaning.
    pub last: i32,
    /// How all and own are merged: LVSARP_MERGE_*.
    pub merge: i32,
    /// The first kernel that has the key: major number.
    pub since_major: u32,
    /// And minor number.
    pub since_minor: u32,
    /// The rule of kernels older than before_major.before_minor; that of merge where it was never another one.
    pub merge_before: i32,
    /// 0 where the rule was never another one.
    pub before_major: u32,
    /// See before_major.
    pub before_minor: u32,
    /// 0.
    pub reserved: u32,
    /// Its file name below /proc/sys/net/ipv4/conf/IFACE.
    pub name: [c_char; 32],
    /// What it does, in one sentence.
    pub text: [c_char; 128],
}
