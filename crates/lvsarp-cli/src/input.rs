//! Arguments as the library wants them, each checked before anything is opened.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use lvsarp::{Host, IfName, Key, LOCK_PATIENCE, Mac, Netns, Prefix, Scope, Snapshot, Vip};

use crate::failure::Failure;

/// The longest wait that makes sense: what does not end in a day hangs.
const LONGEST_WAIT: f64 = 86_400.0;

/// An argument as text.
pub(crate) fn text<'a>(name: &str, value: &'a OsStr) -> Result<&'a str, Failure> {
    value.to_str().ok_or_else(|| Failure::input(format!("{name} {value:?}"), "it is not UTF-8"))
}

/// The namespace that was named, if any.
pub(crate) fn netns(value: Option<&OsStr>) -> Result<Option<Netns>, Failure> {
    match value {
        None => Ok(None),
        // A path may have any bytes.
        Some(path) if path.as_bytes().contains(&b'/') && path.to_str().is_none() => Ok(Some(Netns::Path(path.into()))),
        Some(value) => Ok(Some(Netns::parse(text("--netns", value)?)?)),
    }
}

/// The host in the namespace that was named, or in the caller's.
pub(crate) fn host(netns: Option<&Netns>) -> Result<Host, Failure> {
    Ok(match netns {
        Some(netns) => Host::open_netns(netns)?,
        None => Host::open()?,
    })
}

/// What is looked at: a running host, or a snapshot in a file.
pub(crate) enum Source {
    Host(Box<Host>),
    File(Box<Snapshot>),
}

impl Source {
    /// Opens the host, or reads the file where there is one.
    pub fn open(netns: Option<&Netns>, file: Option<&OsStr>) -> Result<Source, Failure> {
        match (file, netns) {
            (None, netns) => host(netns).map(|host| Source::Host(Box::new(host))),
            (Some(_), Some(_)) => {
                Err(Failure::input("--netns with --snapshot", "a snapshot in a file is no network namespace"))
            }
            (Some(file), None) => snapshot(file).map(|snapshot| Source::File(Box::new(snapshot))),
        }
    }

    pub fn snapshot(&self) -> Result<Cow<'_, Snapshot>, Failure> {
        Ok(match self {
            Source::Host(host) => Cow::Owned(host.snapshot()?),
            Source::File(snapshot) => Cow::Borrowed(snapshot),
        })
    }
}

fn snapshot(file: &OsStr) -> Result<Snapshot, Failure> {
    let name = if file == "-" { "the standard input".to_owned() } else { format!("{file:?}") };
    let mut bytes = Vec::new();
    let read = match file == "-" {
        true => std::io::stdin().lock().read_to_end(&mut bytes),
        false => std::fs::File::open(Path::new(file)).and_then(|mut f| f.read_to_end(&mut bytes)),
    };
    read.map_err(|e| Failure::os("read", &name, &e))?;
    let json = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::input(format!("{name} as a snapshot"), "it is not UTF-8 and so not JSON"))?;
    Snapshot::from_json(json).map_err(|e| {
        let failure = Failure::from(e);
        let cause = failure.message.strip_prefix("cannot read snapshot: ").unwrap_or(&failure.message).to_owned();
        Failure::input(format!("{name} as a snapshot"), cause).hint("make one with: lvsarp snapshot")
    })
}

/// VIPs, each named once.
pub(crate) fn vips(values: &[OsString]) -> Result<Vec<Vip>, Failure> {
    let mut seen = HashSet::new();
    let mut vips = Vec::with_capacity(values.len());
    for value in values {
        let vip = Vip::parse(text("--vip", value)?)?;
        if !seen.insert(vip.address()) {
            return Err(Failure::input(format!("VIP {}", vip.address()), "it is named twice"));
        }
        vips.push(vip);
    }
    Ok(vips)
}

/// The addresses of VIPs; `None` where none is named.
pub(crate) fn addresses(values: &[OsString]) -> Result<Option<Vec<IpAddr>>, Failure> {
    let vips = vips(values)?;
    Ok((!vips.is_empty()).then(|| vips.iter().map(|vip| vip.address()).collect()))
}

pub(crate) fn prefixes(values: &[OsString]) -> Result<Vec<Prefix>, Failure> {
    values.iter().map(|value| Ok(Prefix::parse(text("--prefix", value)?)?)).collect()
}

pub(crate) fn interface(value: &OsStr) -> Result<IfName, Failure> {
    Ok(IfName::from_bytes(value.as_bytes())?)
}

/// `SCOPE.KEY=VALUE`. An interface's name may have dots in it, and even an equals sign; a key has neither.
pub(crate) fn setting(value: &OsStr) -> Result<(Scope, Key, i32), Failure> {
    let text = text("--set", value)?;
    let named = text.rsplit_once('=').and_then(|(name, value)| Some((name.rsplit_once('.')?, value)));
    let Some(((scope, key), value)) = named else {
        return Err(Failure::input(format!("--set {text:?}"), "it is not SCOPE.KEY=VALUE, such as all.arp_ignore=3"));
    };
    let key = key.parse::<Key>().map_err(|e| Failure::from(e).hint("see: lvsarp levels"))?;
    let number = value.parse().map_err(|_| {
        Failure::input(format!("{value:?} as a value of {key}"), "it is not a decimal integer of 32 bits")
    })?;
    Ok((Scope::new(scope)?, key, number))
}

/// How long to wait for the lock.
pub(crate) fn patience(value: Option<&OsStr>) -> Result<Duration, Failure> {
    seconds("--lock-timeout", value, LOCK_PATIENCE)
}

/// A time in seconds.
pub(crate) fn seconds(name: &str, value: Option<&OsStr>, default: Duration) -> Result<Duration, Failure> {
    let Some(value) = value else { return Ok(default) };
    let text = text(name, value)?;
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=LONGEST_WAIT).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(Failure::input(
            format!("{name} {text:?}"),
            format!("it is not a number of seconds from 0 to {LONGEST_WAIT}"),
        )),
    }
}

/// A number of things.
pub(crate) fn count(name: &str, value: Option<&OsStr>, default: u32) -> Result<u32, Failure> {
    let Some(value) = value else { return Ok(default) };
    let text = text(name, value)?;
    text.parse().map_err(|_| Failure::input(format!("{name} {text:?}"), "it is not a whole number of 32 bits"))
}

/// VIPs as words of their own, where nothing is bound.
pub(crate) fn named_vips(values: &[OsString]) -> Result<Vec<IpAddr>, Failure> {
    let address = |value: &OsString| {
        let text = text("VIP", value)?;
        let vip = Vip::parse(text)?;
        match text.contains('/') {
            true => {
                Err(Failure::input(format!("VIP {text}"), "no prefix length belongs to it here, so name it without"))
            }
            false => Ok(vip.address()),
        }
    };
    values.iter().map(address).collect()
}

pub(crate) fn macs(name: &str, values: &[OsString]) -> Result<Vec<Mac>, Failure> {
    values.iter().map(|value| Ok(Mac::parse(text(name, value)?)?)).collect()
}
