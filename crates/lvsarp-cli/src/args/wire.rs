//! The arguments of the commands that work on the wire and over time.

use std::ffi::OsString;

use clap::{Args, ValueEnum, ValueHint};

use super::{MannerArgs, Where};

pub(super) const PROBE: &str = "\
Examples:
  lvsarp probe 192.0.2.10 --on eth0
  lvsarp probe 192.0.2.10 --on eth0 --sender both --director 02:00:00:00:00:01
  lvsarp probe 192.0.2.10 --on eth0 --listen --for 60

Exit status:
  0  each VIP has exactly one responder, a director if any is named; with --listen: nobody but this host and the directors was heard
  1  not so
  2  an error, wrong arguments, or answers were lost and it could not be told";

pub(super) const ANNOUNCE: &str = "\
Examples:
  lvsarp announce 192.0.2.10 --on eth0
  lvsarp announce 192.0.2.10 --on eth0 --count 10 --interval 0.5 --form request

Exit status:
  0  sent
  1  refused: a VIP is where a real server has it, or not on the interface
  2  an error, or wrong arguments";

pub(super) const AUDIT: &str = "\
Examples:
  lvsarp audit 192.0.2.10 --real-server 192.0.2.11 --port 80 --on eth0
  lvsarp audit 192.0.2.10 --real-server 192.0.2.11 --echo --on eth0

Exit status:
  0  healthy
  1  leaks, black-hole or down
  2  an error, or wrong arguments";

pub(super) const PROMOTE: &str = "\
Example:
  lvsarp promote 192.0.2.10 --on eth0

Exit status:
  0  done, or nothing to do
  1  refused, because the interface cannot answer or other addresses would be lost
  2  an error, or wrong arguments";

pub(super) const DEMOTE: &str = "\
Example:
  lvsarp demote 192.0.2.10 --on eth0

Exit status:
  0  done, or nothing to do
  1  refused, because a VIP would not be silent or other addresses would be lost
  2  an error, or wrong arguments";

pub(super) const WATCH: &str = "\
Examples:
  lvsarp watch
  lvsarp watch --repair
  lvsarp watch --vip 192.0.2.10 --repair --scope interface --json

Exit status, when the time of --for is over:
  0  every VIP is silent
  1  not so
  2  an error, wrong arguments, or it could not be told";

#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    /// VIP to ask for, or several, also with commas
    #[arg(value_name = "VIP", required = true, value_delimiter = ',', value_hint = ValueHint::Other)]
    pub vips: Vec<OsString>,

    /// Interface to ask on: a bridge, not its port
    #[arg(long, value_name = "IFACE", value_hint = ValueHint::Other)]
    pub on: OsString,

    /// How long answers are collected, 0.001 to 86400 [default: 1]
    #[arg(long, value_name = "SECONDS", conflicts_with = "listen", value_hint = ValueHint::Other)]
    pub timeout: Option<OsString>,

    /// How many requests are sent for each VIP, over the first half of the time, 1 to 1000 [default: 3]
    #[arg(long, value_name = "N", conflicts_with = "listen", value_hint = ValueHint::Other)]
    pub requests: Option<OsString>,

    /// With which sender the VIPs are asked for
    #[arg(long, value_enum, default_value_t = AsksAs::Own, conflicts_with = "listen", value_name = "SENDER")]
    pub sender: AsksAs,

    /// MAC address that may answer, or several with commas. May be repeated
    #[arg(long = "director", value_name = "MAC", value_delimiter = ',', value_hint = ValueHint::Other)]
    pub directors: Vec<OsString>,

    /// Ask nothing; print every frame that has a VIP as its sender, with the time in UTC, until the time of --for is over or a signal comes
    #[arg(long)]
    pub listen: bool,

    /// With --listen: how long, up to 86400; for ever if it is not named
    #[arg(long = "for", value_name = "SECONDS", requires = "listen", value_hint = ValueHint::Other)]
    pub how_long: Option<OsString>,
}

/// The sender of who-has requests.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum AsksAs {
    /// An address of the interface, as a neighbour asks; the unspecified address where it has none
    Own,
    /// 0.0.0.0 or ::, as one asks who looks for duplicates; nobody learns from it
    Unspecified,
    /// Both in turn
    Both,
}

#[derive(Debug, Args)]
pub(crate) struct AnnounceVipsArgs {
    /// VIP to announce, or several, also with commas
    #[arg(value_name = "VIP", required = true, value_delimiter = ',', value_hint = ValueHint::Other)]
    pub vips: Vec<OsString>,

    /// Interface that has the VIPs
    #[arg(long, value_name = "IFACE", value_hint = ValueHint::Other)]
    pub on: OsString,

    /// How many rounds, 1 to 1000 [default: 3]
    #[arg(long, value_name = "N", value_hint = ValueHint::Other)]
    pub count: Option<OsString>,

    /// How long between two rounds, 0 to 86400 [default: 1]
    #[arg(long, value_name = "SECONDS", value_hint = ValueHint::Other)]
    pub interval: Option<OsString>,

    /// Form of the gratuitous ARP (IPv4)
    #[arg(long, value_enum, default_value_t = Form::Both)]
    pub form: Form,

    /// Also where this host has a VIP as a real server does, or does not have it on the interface
    #[arg(long)]
    pub force: bool,

    /// Say how many frames would be sent, or why none, and send nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// The form of a gratuitous ARP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A request and a reply
    Both,
    /// A request for the VIP from the VIP
    Request,
    /// A reply about the VIP to itself
    Reply,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// VIP that the real server is to accept and to be silent for
    #[arg(value_name = "VIP", value_hint = ValueHint::Other)]
    pub vip: OsString,

    /// The real server's own address, on the same link
    #[arg(long, value_name = "RIP", value_hint = ValueHint::Other)]
    pub real_server: OsString,

    /// Interface of this host behind which the real server is
    #[arg(long, value_name = "IFACE", value_hint = ValueHint::Other)]
    pub on: OsString,

    /// TCP port of the service; a connection is asked for, and reset as soon as it is accepted
    #[arg(long, value_name = "PORT", required_unless_present = "echo", conflicts_with = "echo", value_hint = ValueHint::Other)]
    pub port: Option<OsString>,

    /// Ask with ICMP echo requests, which say nothing about the service
    #[arg(long)]
    pub echo: bool,

    /// Deadline; a healthy real server takes half of it [default: 1]
    #[arg(long, value_name = "SECONDS", value_hint = ValueHint::Other)]
    pub timeout: Option<OsString>,

    /// How often each question is asked until it is answered [default: 8]
    #[arg(long, value_name = "N", value_hint = ValueHint::Other)]
    pub tries: Option<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// VIP to watch, or several with commas; those that are bound now where none is named
    #[arg(long = "vip", value_name = "VIP", value_delimiter = ',', value_hint = ValueHint::Other)]
    pub vips: Vec<OsString>,

    /// How often levels are read again that somebody may write through /proc/sys, 0.01 to 86400 [default: 1]
    #[arg(long, value_name = "SECONDS", value_hint = ValueHint::Other)]
    pub interval: Option<OsString>,

    /// Apply again whenever a VIP is not silent or not there
    #[arg(long)]
    pub repair: bool,

    /// With --repair: how many repairs a minute there are at most, 1 to 6000 [default: 6]
    #[arg(long, value_name = "N", requires = "repair", value_hint = ValueHint::Other)]
    pub per_minute: Option<OsString>,

    #[command(flatten)]
    pub manner: MannerArgs,

    /// How long, up to 86400; for ever if it is not named
    #[arg(long = "for", value_name = "SECONDS", value_hint = ValueHint::Other)]
    pub how_long: Option<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct PromoteArgs {
    #[command(flatten)]
    pub switch: SwitchArgs,

    /// Do not tell the neighbours
    #[arg(long)]
    pub no_announce: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoteArgs {
    #[command(flatten)]
    pub switch: SwitchArgs,

    /// Where the levels are set
    #[arg(long, value_enum, default_value_t = Where::All)]
    pub scope: Where,
}

/// Between which devices VIPs move.
#[derive(Debug, Args)]
pub(crate) struct SwitchArgs {
    /// VIP that moves, or several with commas
    #[arg(value_name = "VIP", required = true, value_delimiter = ',', value_hint = ValueHint::Other)]
    pub vips: Vec<OsString>,

    /// Interface on which the owner answers for the VIPs
    #[arg(long, value_name = "IFACE", value_hint = ValueHint::Other)]
    pub on: OsString,

    /// Device on which a silent real server has the VIPs
    #[arg(long, value_name = "IFACE", default_value = "lo", value_hint = ValueHint::Other)]
    pub dev: OsString,

    /// How long to wait for another lvsarp that works on the same namespace [default: 10]
    #[arg(long, value_name = "SECONDS", value_hint = ValueHint::Other)]
    pub lock_timeout: Option<OsString>,

    /// Say what would be done, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}
