//! The arguments. What they mean is checked in `input`, so that every refusal has the same form.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) const EXIT_STATUS: &str = "\
Exit status:
  0  done; for check: every VIP is silent
  1  findings: a VIP is not silent or not there, or apply was refused because it would not be
  2  an error, wrong arguments, or for check: it could not be told";

/// Keep LVS-DR real servers silent in ARP.
#[derive(Debug, Parser)]
#[command(name = "lvsarp", bin_name = "lvsarp", version, after_help = EXIT_STATUS, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Network namespace to look at or work on: a name below /run/netns, a path, or the number of a process.
    #[arg(long, global = true, value_name = "NAME|PATH|PID")]
    pub netns: Option<OsString>,

    /// Print one JSON object.
    #[arg(long, global = true)]
    pub json: bool,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show interfaces, their levels and addresses, and one line of verdict.
    Status(StatusArgs),
    /// Say whether every VIP is silent; if not, why and what to do.
    Check(CheckArgs),
    /// Make the host a silent real server: levels first, then the VIPs.
    Apply(ApplyArgs),
    /// Take back what apply did: the VIPs first, then the levels.
    Undo(UndoArgs),
    /// Print the namespace as JSON, for --snapshot here or on another machine.
    Snapshot,
    /// Explain the levels of arp_ignore and arp_announce, and the other keys.
    Levels(LevelsArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
    /// Print the manual page, lvsarp(8).
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Interfaces to show; all of them where none is named.
    #[arg(value_name = "IFACE")]
    pub interfaces: Vec<OsString>,

    /// Read a snapshot from a file (- is the standard input) instead of the kernel.
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// VIP to check, also several separated by commas; every VIP that is bound where none is named.
    #[arg(long = "vip", value_name = "VIP", value_delimiter = ',')]
    pub vips: Vec<OsString>,

    /// Read a snapshot from a file (- is the standard input) instead of the kernel.
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// VIP to hold, also several separated by commas.
    #[arg(long = "vip", value_name = "VIP", value_delimiter = ',', required_unless_present = "prefixes")]
    pub vips: Vec<OsString>,

    /// Prefix to accept as a whole by one local route, without addresses.
    #[arg(long = "prefix", value_name = "PREFIX", value_delimiter = ',')]
    pub prefixes: Vec<OsString>,

    /// Where the levels are set: on all (new interfaces are covered) or on each interface that speaks ARP (all stays as it is).
    #[arg(long, value_enum, default_value_t = WhereArg::All)]
    pub scope: WhereArg,

    /// Device that holds the VIPs.
    #[arg(long, value_name = "IFACE", default_value = "lo")]
    pub dev: OsString,

    /// Label of the IPv4 VIPs, such as lo:0.
    #[arg(long)]
    pub label: Option<OsString>,

    /// Scope of the IPv4 VIPs; auto is host where an interface without an address of its own needs it, otherwise global.
    #[arg(long, value_enum, default_value_t = ScopeArg::Auto, value_name = "SCOPE")]
    pub address_scope: ScopeArg,

    /// How the VIPs are bound; ioctl is what ifconfig does.
    #[arg(long, value_enum, default_value_t = WayArg::Netlink)]
    pub method: WayArg,

    /// Bind on lo even with a prefix that makes a whole subnet local.
    #[arg(long)]
    pub force: bool,

    /// How long to wait for another lvsarp that works on the same namespace.
    #[arg(long, value_name = "SECONDS")]
    pub lock_timeout: Option<OsString>,

    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// With --dry-run: plan for a snapshot from a file (- is the standard input) instead of the running host.
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    pub snapshot: Option<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    /// How long to wait for another lvsarp that works on the same namespace.
    #[arg(long, value_name = "SECONDS")]
    pub lock_timeout: Option<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct LevelsArgs {
    /// Key to explain, such as arp_ignore; every key where none is named.
    #[arg(value_name = "KEY")]
    pub key: Option<OsString>,

    /// Language: en or zh. Without it LC_ALL, LC_MESSAGES or LANG decides.
    #[arg(long, value_name = "LANG")]
    pub lang: Option<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Where the levels are set.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum WhereArg {
    All,
    Interface,
}

/// The scope of the addresses.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ScopeArg {
    Auto,
    Global,
    Site,
    Link,
    Host,
}

/// The way the addresses are bound.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum WayArg {
    Netlink,
    Ioctl,
}
