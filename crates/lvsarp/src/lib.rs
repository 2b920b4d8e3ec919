//! Keep LVS-DR real servers silent in ARP, and prove it.
//!
//! # The problem
//!
//! In LVS direct routing the *director* and every *real server* own the same virtual IP (*VIP*). The director sends a packet on by rewriting only the
//! MAC address; the real server accepts it because the VIP is local there, usually as a /32 on `lo`, and answers the client directly. So on the VIP
//! the real servers must be deaf and mute in ARP:
//!
//! * **reply**: a who-has for the VIP must be answered by the director alone. `arp_ignore` decides.
//! * **announce**: a request that a real server sends must not carry the VIP as its sender, or routers and neighbours learn the wrong MAC.
//!   `arp_announce` decides.
//!
//! What is in force is the larger value of `conf/all` and of the layer-3 interface that the packet passes; `conf/lo` has no effect. It is not
//! monotone: a VIP on `lo` is hidden at `arp_ignore` 1, 2 and 8, and at `arp_announce` 2, and at no other value ([`level`] has the tables).
//!
//! # Observe, decide, act
//!
//! A [`Host`] is one network namespace. It is observed as a [`Snapshot`], which is plain data. Everything that decides reads a snapshot and does no
//! I/O: [`Snapshot::check`] says for every VIP and every interface whether it is silent and why not, [`Snapshot::plan`] works out ordered steps
//! with reasons. Everything that acts goes through the host: [`Host::apply`] sets the levels, reads them back, binds the VIPs, verifies the whole
//! and keeps a journal, so that [`Host::undo`] can take it back and a process that is killed midway leaves nothing half done.
//!
//! ```no_run
//! use lvsarp::{Desired, Host, LOCK_PATIENCE, Vip};
//!
//! let host = Host::open()?;
//! let vip = Vip::parse("192.0.2.10")?;
//! for step in host.apply(&Desired::new([vip]), LOCK_PATIENCE)?.steps {
//!     println!("{step}: {}", step.reason);
//! }
//! let report = host.check(Some(&[vip.address()]))?;
//! assert!(report.ok, "{:?}", report.findings);
//! host.undo(LOCK_PATIENCE)?;
//! # Ok::<(), lvsarp::Error>(())
//! ```
//!
//! # On the wire and over time
//!
//! What a snapshot cannot show, the wire can: [`Host::probe`] lists everybody who answers for a VIP, [`Host::listen`] hears who uses one as a sender, and
//! [`Host::audit`] looks at a remote real server: is it silent, and does it accept the VIP? [`Host::watch`] tells what changes on a host, as it changes,
//! and repairs it if it is told to. [`Host::announce`] refreshes what the neighbours know; [`Host::promote`] and [`Host::demote`] change the roles of two
//! nodes. A [`Prober`], [`Listener`], [`Auditor`] or [`Watch`] has one descriptor for an event loop: it is readable when there is something to do, also
//! when a time is over.
//!
//! The library prints nothing, logs nothing, keeps no global state and starts no thread that outlives a call.

#![deny(unsafe_code)]

// What everything speaks in.
mod error;
mod flags;
mod inside;
mod interface;
mod json;
pub mod key;
pub mod level;
mod vip;

// Observe.
pub mod filters;
mod host;
mod netlink;
mod netns;
mod observe;
pub mod routing;
mod snapshot;
mod sorted;
mod sys;

// Decide.
mod arp;
pub mod boot;
mod change;
mod check;
mod check_level;
mod check_routing;
mod check_vip;
mod decision;
mod foresee;
mod model;
mod peers;
mod plan;
mod plan_level;
mod wording;

// Act.
mod address;
mod apply;
mod ask;
mod conf;
mod journal;
mod persist;
mod role;
mod shown;
mod undo;

// On the wire and over time.
mod announce;
mod audit;
mod probe;
mod watch;
pub mod wire;

pub use address::{Binding, Method};
pub use announce::AnnounceOptions;
pub use apply::LOCK_PATIENCE;
pub use arp::Role;
pub use arp::trace::Check;
pub use audit::{Answer, Audit, AuditOptions, AuditState, AuditTarget, Auditor, Service};
pub use boot::{Boot, BootLevel, BootOptions};
pub use change::{Change, Changes, FileText, Step};
pub use check::{Finding, Report, Severity, Verdict};
pub use conf::Via;
pub use decision::{Decision, Learning, Outcome, Witness};
pub use error::{Error, ErrorKind, Result};
pub use flags::{AddressFlags, AddressScope, InterfaceFlags};
pub use host::Host;
pub use interface::{IfName, Scope};
pub use key::{KernelVersion, Key};
pub use level::{Level, Levels};
pub use model::Model;
pub use netns::Netns;
pub use persist::PersistOptions;
pub use plan::{Desired, LevelScope, Plan};
pub use probe::{Heard, HeardKind, Listener, ProbeOptions, ProbeSender, Prober, Responder};
pub use role::RoleSwitch;
pub use snapshot::{Address, Conf, FORMAT, Interface, LocalRoute, OUR_PROTOCOL, ProcSys, Snapshot};
pub use vip::{Prefix, Vip, ipv4};
pub use watch::{Event, EventKind, Watch, WatchOptions};
pub use wire::Mac;
