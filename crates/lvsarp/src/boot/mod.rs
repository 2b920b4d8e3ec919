//! What the sysctl files of a root directory make of `arp_ignore` and `arp_announce` at boot: the rules of the programs that read them, pure.
//!
//! [`Files`] is what a root directory holds, [`Loader`] is the program that reads it there, [`Machine`] is the kernel that it writes to. One run of
//! the program is [`Loader::run`]; what is in force afterwards is [`Machine::value`], with the file and the line it came from.
//!
//! ```no_run
//! use lvsarp::boot::{Arguments, Files, Loader, Machine};
//! use lvsarp::{KernelVersion, Key, Scope};
//!
//! let root = std::path::Path::new("/");
//! let files = Files::read(root)?;
//! let loader = Loader::detect(root).expect("a program that reads sysctl files at boot");
//! let mut machine = Machine::new(KernelVersion::NEWEST);
//! machine.add(b"lo");
//! machine.add(b"eth0");
//! for remark in loader.run(&files, &Arguments::default(), &mut machine) {
//!     println!("{remark}");
//! }
//! let all = machine.value(b"all", Key::ArpIgnore);
//! # Ok::<(), lvsarp::Error>(())
//! ```

mod afterwards;
mod busybox;
mod detect;
mod files;
pub(crate) mod glob;
mod line;
mod loader;
mod machine;
mod mention;
mod number;
mod others;
pub(crate) mod predict;
mod procps;
mod read;
mod rehearse;
mod remark;
mod report;
mod run;
mod systemd;
mod tree;
mod tuned;

pub use detect::has_udev_rule;
pub use files::{Content, DIRECTORIES, Entry, Files, SYSCTL_CONF};
pub use loader::{Arguments, Loader, Program};
pub use machine::{Machine, Origin, Value};
pub use mention::{Mention, Spelling};
pub use predict::BootOptions;
pub use remark::{Remark, RemarkKind};
pub use report::{Boot, BootLevel};
pub(crate) use run::shown;
