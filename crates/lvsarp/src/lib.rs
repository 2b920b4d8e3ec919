#![doc = "Keep LVS-DR real servers silent in ARP."]
#![deny(unsafe_code)]

mod address;
mod apply;
mod arp;
mod change;
mod check;
mod check_level;
mod check_vip;
mod conf;
mod error;
mod flags;
mod host;
mod interface;
mod journal;
pub mod key;
pub mod level;
mod netlink;
mod netns;
mod plan;
mod plan_level;
mod shown;
mod snapshot;
mod sys;
mod vip;
mod wording;

pub use address::{Binding, Method};
pub use apply::LOCK_PATIENCE;
pub use change::{Change, Changes, Step};
pub use check::{Finding, Report, Severity, Verdict};
pub use conf::Via;
pub use error::{Error, ErrorKind, Result};
pub use flags::{AddressFlags, AddressScope, InterfaceFlags};
pub use host::Host;
pub use interface::{IfName, Scope};
pub use key::{KernelVersion, Key};
pub use level::{Level, Levels};
pub use netns::Netns;
pub use plan::{Desired, LevelScope, Plan};
pub use snapshot::{Address, Conf, FORMAT, Interface, LocalRoute, OUR_PROTOCOL, ProcSys, Snapshot};
pub use vip::{Prefix, Vip};
