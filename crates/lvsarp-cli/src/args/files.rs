//! The arguments of the commands that write, read or foretell the files of a boot.

use std::ffi::OsString;

use clap::{Args, ValueHint};

use super::WishArgs;

/// The files that outlive a reboot.
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// Root directory of the files: / or that of an image
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub root: Option<OsString>,

    /// Keep the levels in a marked block of this file instead of a file of their own, such as /etc/sysctl.conf
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub sysctl_conf: Option<OsString>,

    /// With --sysctl-conf: comment out the other lines of that file that set the same keys
    #[arg(long, requires = "sysctl_conf")]
    pub comment_out: bool,

    /// Program that the boot unit runs; this one, where it is installed, if none is named
    #[arg(long, value_name = "FILE", value_hint = ValueHint::ExecutablePath)]
    pub program: Option<OsString>,

    /// Where a network manager would take the VIPs away, write them in its own words too (networkd drop-in, ifupdown)
    #[arg(long)]
    pub native: bool,

    /// Overwrite or remove files of lvsarp also where somebody has edited them
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PersistArgs {
    #[command(flatten)]
    pub wish: WishArgs,

    #[command(flatten)]
    pub files: FileArgs,

    /// How long to wait for another lvsarp that works on the same namespace [default: 10]
    #[arg(long, value_name = "SECONDS", value_hint = ValueHint::Other)]
    pub lock_timeout: Option<OsString>,

    /// Say what would be written, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct UnpersistArgs {
    #[command(flatten)]
    pub files: FileArgs,

    /// How long to wait for another lvsarp that works on the same namespace [default: 10]
    #[arg(long, value_name = "SECONDS", value_hint = ValueHint::Other)]
    pub lock_timeout: Option<OsString>,

    /// Say what would be removed, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// Root directory of the files
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub root: Option<OsString>,

    /// How long to wait for another lvsarp that works on the same namespace [default: 10]
    #[arg(long, value_name = "SECONDS", value_hint = ValueHint::Other)]
    pub lock_timeout: Option<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct BootArgs {
    /// VIP to check, or several with commas; those that were persisted and those that are bound where none is named
    #[arg(long = "vip", value_name = "VIP", value_delimiter = ',', value_hint = ValueHint::Other)]
    pub vips: Vec<OsString>,

    /// Interface that is not there now, such as one that will be plugged in. May be repeated
    #[arg(long = "interface", value_name = "IFACE", value_delimiter = ',', value_hint = ValueHint::Other)]
    pub interfaces: Vec<OsString>,

    /// Root directory whose files are read: / or that of an image or a container
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub root: Option<OsString>,

    /// Program that sets sysctls at boot, such as "systemd-sysctl 252", "procps 4.0.2", "procps -p" or "busybox"; what is found there if none is named
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::Other)]
    pub loader: Option<OsString>,

    /// Do not run that program in a namespace of its own to see what it does
    #[arg(long)]
    pub no_rehearsal: bool,

    /// Read a snapshot from a file instead of the kernel; - is the standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub snapshot: Option<OsString>,
}
