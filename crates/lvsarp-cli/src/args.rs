//! The arguments. What they mean is checked in `input`, so that every refusal has the same form.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use crate::picture::PictureArgs;

mod files;
mod wire;

pub(crate) use files::{BootArgs, FileArgs, PersistArgs, RestoreArgs, UnpersistArgs};
use wire::{ANNOUNCE, AUDIT, DEMOTE, PROBE, PROMOTE, WATCH};
pub(crate) use wire::{
    AnnounceVipsArgs, AsksAs, AuditArgs, DemoteArgs, Form, ProbeArgs, PromoteArgs, SwitchArgs, WatchArgs,
};

const EXIT_STATUS: &str = "\
Exit status:
  0  done; of check and boot: every VIP is silent
  1  findings: a VIP is not silent or not there, or apply was refused because it would not be
  2  an error, wrong arguments, or of check, boot and explain: it could not be told";

const EXPLAIN_WHO_HAS: &str = "\
Examples:
  lvsarp explain who-has 192.0.2.10 --tell 192.0.2.1 --on eth0
  lvsarp explain who-has 192.0.2.10 --tell 192.0.2.1 --on eth0 --set all.arp_ignore=3

Exit status:
  0  there is an answer, yes or no
  2  an error, wrong arguments, or a level that decides is unknown";

const EXPLAIN_ANNOUNCE: &str = "\
Examples:
  lvsarp explain announce 192.0.2.1 --on eth0 --from 192.0.2.10
  lvsarp explain announce 192.0.2.1 --on eth0 --from 192.0.2.10 --set eth0.arp_announce=1

Exit status:
  0  there is an answer: a sender, or no request
  2  an error, wrong arguments, or a level that decides is unknown";

/// Keep LVS-DR real servers silent in ARP.
#[derive(Debug, Parser)]
#[command(name = "lvsarp", bin_name = "lvsarp", version, after_help = EXIT_STATUS, arg_required_else_help = false)]
pub(crate) struct Cli {
    /// Network namespace: a name below /run/netns, a path, or the number of a process
    #[arg(long, global = true, value_name = "NETNS", value_hint = ValueHint::AnyPath, display_order = 100)]
    pub netns: Option<OsString>,

    /// Print one JSON object
    #[arg(long, global = true, display_order = 101)]
    pub json: bool,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show interfaces, their levels and addresses, and one line of verdict
    Status(StatusArgs),
    /// Say whether every VIP is silent; if not, why and what to do
    #[command(after_help = EXIT_STATUS)]
    Check(CheckArgs),
    /// Make the host a silent real server: levels first, then the VIPs
    #[command(after_help = EXIT_STATUS)]
    Apply(ApplyArgs),
    /// Take back what apply did: the VIPs first, then the levels
    Undo(UndoArgs),
    /// Make the host the owner of VIPs: from lo to the interface that answers for them
    #[command(after_help = PROMOTE)]
    Promote(PromoteArgs),
    /// Make the host a silent real server again: levels first, then the VIPs from the interface to lo
    #[command(after_help = DEMOTE)]
    Demote(DemoteArgs),
    /// Write the levels and the VIPs to files, for the next boot; the running host is not changed
    Persist(PersistArgs),
    /// Remove the files that persist wrote; the running host is not changed
    Unpersist(UnpersistArgs),
    /// Bind what persist wrote, as the boot unit does: levels first, read back, then the VIPs
    Restore(RestoreArgs),
    /// Say what will be in force after a reboot, and which line of which file decides
    #[command(after_help = EXIT_STATUS)]
    Boot(BootArgs),
    /// Say what the kernel does with a request, and why
    #[command(arg_required_else_help = false)]
    Explain {
        /// What is asked
        #[command(subcommand)]
        question: Question,
    },
    /// Ask the wire who answers for the VIPs, or with --listen who uses them as a sender
    #[command(after_help = PROBE)]
    Probe(ProbeArgs),
    /// Tell the neighbours that the VIPs are at this host's MAC address
    #[command(after_help = ANNOUNCE)]
    Announce(AnnounceVipsArgs),
    /// Say from outside whether a real server is silent for a VIP and accepts it
    #[command(after_help = AUDIT)]
    Audit(AuditArgs),
    /// Say what changes on the host that is to stay silent, as it changes; with --repair apply again
    #[command(after_help = WATCH)]
    Watch(WatchArgs),
    /// Print what lvsarp sees as JSON, for --snapshot here or on another machine
    Snapshot,
    /// Explain the levels of arp_ignore and arp_announce, and the other keys
    Levels(LevelsArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, lvsarp(8)
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Interfaces to show; all of them where none is named
    #[arg(value_name = "IFACE", value_hint = ValueHint::Other)]
    pub interfaces: Vec<OsString>,

    /// Read a snapshot from a file instead of the kernel; - is the standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub snapshot: Option<OsString>,

    #[command(flatten)]
    pub picture: PictureArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// VIP to check, or several with commas; every VIP that is bound where none is named
    #[arg(long = "vip", value_name = "VIP", value_delimiter = ',', value_hint = ValueHint::Other)]
    pub vips: Vec<OsString>,

    /// Read a snapshot from a file instead of the kernel; - is the standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub snapshot: Option<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub wish: WishArgs,

    /// Remove the VIPs and prefixes that earlier applies bound and that are not named
    #[arg(long)]
    pub exact: bool,

    /// Write the levels and the VIPs to files as well, so that they outlive a reboot
    #[arg(long)]
    pub persist: bool,

    #[command(flatten)]
    pub files: FileArgs,

    /// How long to wait for another lvsarp that works on the same namespace [default: 10]
    #[arg(long, value_name = "SECONDS", value_hint = ValueHint::Other)]
    pub lock_timeout: Option<OsString>,

    /// Say what would be done, and change nothing
    #[arg(long)]
    pub dry_run: bool,

    /// With --dry-run: plan for a snapshot from a file instead of the running host; - is the standard input
    #[arg(long, value_name = "FILE", requires = "dry_run", conflicts_with_all = ["persist", "exact"], value_hint = ValueHint::FilePath)]
    pub snapshot: Option<OsString>,
}

/// The real server that is wanted.
#[derive(Debug, Args)]
pub(crate) struct WishArgs {
    /// VIP to hold, or several with commas
    #[arg(
        long = "vip", value_name = "VIP", value_delimiter = ',', value_hint = ValueHint::Other,
        required_unless_present = "prefixes"
    )]
    pub vips: Vec<OsString>,

    /// Prefix to accept as a whole, or several with commas: one local route each, no addresses
    #[arg(long = "prefix", value_name = "PREFIX", value_delimiter = ',', value_hint = ValueHint::Other)]
    pub prefixes: Vec<OsString>,

    #[command(flatten)]
    pub manner: MannerArgs,
}

/// How a real server is made.
#[derive(Debug, Args)]
pub(crate) struct MannerArgs {
    /// Where the levels are set
    #[arg(long, value_enum, default_value_t = Where::All)]
    pub scope: Where,

    /// Device of the VIPs
    #[arg(long, value_name = "IFACE", default_value = "lo", value_hint = ValueHint::Other)]
    pub dev: OsString,

    /// Label of the IPv4 VIPs, such as lo:0
    #[arg(long, value_hint = ValueHint::Other)]
    pub label: Option<OsString>,

    /// Scope of the IPv4 VIPs
    #[arg(long, value_enum, default_value_t = OfAddress::Auto, value_name = "SCOPE")]
    pub address_scope: OfAddress,

    /// How the VIPs are bound
    #[arg(long, value_enum, default_value_t = Way::Netlink)]
    pub method: Way,

    /// Bind on lo even with a prefix that makes a whole subnet local
    #[arg(long)]
    pub force: bool,
}

impl MannerArgs {
    /// Whether one of them is another one than without it.
    pub fn is_asked_for(&self) -> bool {
        let MannerArgs { scope, dev, label, address_scope, method, force } = self;
        let plain = matches!((scope, address_scope, method), (Where::All, OfAddress::Auto, Way::Netlink));
        !plain || dev != "lo" || label.is_some() || *force
    }
}

#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    /// Remove the files of a persist as well, when the running host is undone
    #[arg(long)]
    pub persist: bool,

    #[command(flatten)]
    pub files: FileArgs,

    /// How long to wait for another lvsarp that works on the same namespace [default: 10]
    #[arg(long, value_name = "SECONDS", value_hint = ValueHint::Other)]
    pub lock_timeout: Option<OsString>,

    /// Say what would be done, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Question {
    /// Would a who-has that arrives be answered?
    #[command(after_help = EXPLAIN_WHO_HAS)]
    WhoHas(WhoHasArgs),
    /// Which sender would a request of this host's own carry?
    #[command(after_help = EXPLAIN_ANNOUNCE)]
    Announce(AnnounceArgs),
}

#[derive(Debug, Args)]
pub(crate) struct WhoHasArgs {
    /// IPv4 address that is asked for
    #[arg(value_name = "TARGET", value_hint = ValueHint::Other)]
    pub target: OsString,

    /// IPv4 address that asks; 0.0.0.0 is a probe for duplicates
    #[arg(long, value_name = "SENDER", value_hint = ValueHint::Other)]
    pub tell: OsString,

    #[command(flatten)]
    pub explain: ExplainArgs,
}

#[derive(Debug, Args)]
pub(crate) struct AnnounceArgs {
    /// IPv4 address of the next hop: the gateway, where there is one
    #[arg(value_name = "TARGET", value_hint = ValueHint::Other)]
    pub target: OsString,

    /// Source address of the packet that waits for the answer; without it no packet waits
    #[arg(long, value_name = "SOURCE", value_hint = ValueHint::Other)]
    pub from: Option<OsString>,

    #[command(flatten)]
    pub explain: ExplainArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Interface that receives or sends the frame in the end: a bridge, not its port
    #[arg(long, value_name = "IFACE", value_hint = ValueHint::Other)]
    pub on: OsString,

    /// What if: another value of a key for this question, such as all.arp_ignore=3; nothing is changed. May be repeated
    #[arg(long, value_name = "SCOPE.KEY=VALUE", value_hint = ValueHint::Other)]
    pub set: Vec<OsString>,

    /// Read a snapshot from a file instead of the kernel; - is the standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub snapshot: Option<OsString>,

    #[command(flatten)]
    pub picture: PictureArgs,

    /// Ask the running kernel as well about the part that routing decides
    #[arg(long, conflicts_with_all = ["snapshot", "set"])]
    pub verify: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LevelsArgs {
    /// Key to explain, such as arp_ignore; every key where none is named
    #[arg(value_name = "KEY", value_hint = ValueHint::Other)]
    pub key: Option<OsString>,

    /// Language, en or zh; without it LC_ALL, LC_MESSAGES or LANG decides
    #[arg(long, value_name = "LANG", value_hint = ValueHint::Other)]
    pub lang: Option<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Where the levels are set.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Where {
    /// On conf/all and lo, and on single interfaces where that is not enough; later interfaces are covered
    All,
    /// On each interface that is up and speaks ARP; conf/all stays, later interfaces are not covered
    Interface,
}

/// The scope of the IPv4 VIPs.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum OfAddress {
    /// Host where an interface without an address of its own would announce a global one, otherwise global
    Auto,
    /// Valid everywhere
    Global,
    /// Valid inside the site
    Site,
    /// Valid on the link
    Link,
    /// Valid inside the host: never chosen as a sender
    Host,
}

/// The way the VIPs are bound.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Way {
    /// RTM_NEWADDR: prefix, scope and label in one request
    Netlink,
    /// SIOCSIFADDR and SIOCSIFNETMASK on lo:N, as ifconfig does; for an instant the mask of the address's class is in force
    Ioctl,
}
