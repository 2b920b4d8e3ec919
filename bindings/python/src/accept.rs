//! Arguments on their way in: Python's text and numbers become the library's checked types.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use lvsarp::{IfName, Key, LevelScope, Mac, Method, Prefix, ProbeSender, Scope, Via, Vip};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use crate::error::{raised, unusable};

/// The longest time of anything, in seconds: what does not end in a day hangs.
const LONGEST: f64 = 86_400.0;

/// A `str` that is UTF-8. Python's text may also hold single bytes of another encoding, which no name or address has.
pub struct Text(pub String);

impl<'py> FromPyObject<'_, 'py> for Text {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Text> {
        let text = object.cast::<PyString>()?;
        match text.to_cow() {
            Ok(text) => Ok(Text(text.into_owned())),
            Err(_) => Err(unusable(text.repr()?, "it is not UTF-8")),
        }
    }
}

/// An integer of any size, and not a `bool`.
pub struct Integer<'py>(Bound<'py, PyAny>);

impl<'py> FromPyObject<'_, 'py> for Integer<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Integer<'py>> {
        if object.is_instance_of::<PyBool>() {
            return Err(PyTypeError::new_err("a bool is not a number"));
        }
        match object.extract::<i64>() {
            Err(error) if !error.is_instance_of::<PyOverflowError>(object.py()) => Err(error),
            _ => Ok(Integer(object.to_owned())),
        }
    }
}

impl Integer<'_> {
    /// The value of a key that is about to be written.
    pub fn value_of(&self, key: Key) -> PyResult<i32> {
        match self.0.extract::<i64>() {
            Ok(value) => key.check(value).map_err(raised),
            Err(_) => {
                let range = &key.row().range;
                let cause = format!("the range is {} to {}", range.start(), range.end());
                Err(unusable(format!("{} as a value of {key}", self.0), cause))
            }
        }
    }

    /// A value as the kernel may hold it.
    pub fn any_value_of(&self, key: Key) -> PyResult<i32> {
        let thing = || format!("{} as a value of {key}", self.0);
        self.0.extract().map_err(|_| unusable(thing(), "the kernel's values have 32 bits"))
    }

    /// A number of things, or of a port.
    pub fn within(&self, what: &str, range: RangeInclusive<u32>) -> PyResult<u32> {
        let found = self.0.extract().ok().filter(|number| range.contains(number));
        let cause = || format!("it is not {} to {}", range.start(), range.end());
        found.ok_or_else(|| unusable(format!("{what} {}", self.0), cause()))
    }
}

/// A number of seconds, and not a `bool`.
pub struct Seconds(f64);

impl<'py> FromPyObject<'_, 'py> for Seconds {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Seconds> {
        if object.is_instance_of::<PyBool>()
            || !(object.is_instance_of::<PyFloat>() || object.is_instance_of::<PyInt>())
        {
            let kind = object.get_type().name()?;
            return Err(PyTypeError::new_err(format!("a time is a number of seconds, not {kind}")));
        }
        // An int that no float holds is too long in any case.
        Ok(Seconds(object.extract().unwrap_or(f64::INFINITY)))
    }
}

impl Seconds {
    /// A time that is at least so long.
    pub fn from(&self, what: &str, least: f64) -> PyResult<Duration> {
        seconds(what, self.0, least)
    }
}

pub fn scope(name: &Text) -> PyResult<Scope> {
    Scope::new(&name.0).map_err(raised)
}

pub fn device(name: &Text) -> PyResult<IfName> {
    IfName::new(&name.0).map_err(raised)
}

/// An IPv4 address, as ARP has them.
pub fn ipv4(what: &str, text: &Text) -> PyResult<Ipv4Addr> {
    lvsarp::ipv4(what, &text.0).map_err(raised)
}

pub fn vip(text: &Text) -> PyResult<Vip> {
    Vip::parse(&text.0).map_err(raised)
}

pub fn vips(texts: &[Text]) -> PyResult<Vec<Vip>> {
    texts.iter().map(vip).collect()
}

/// The addresses of VIPs, for what only looks at them.
pub fn addresses(texts: &[Text]) -> PyResult<Vec<IpAddr>> {
    texts.iter().map(|text| vip(text).map(|vip| vip.address())).collect()
}

/// The address of a host, of either family.
pub fn address(what: &str, text: &Text) -> PyResult<IpAddr> {
    text.0.parse().map_err(|_| unusable(format!("{what} {:?}", text.0), "it is neither an IPv4 nor an IPv6 address"))
}

pub fn macs(texts: &[Text]) -> PyResult<Vec<Mac>> {
    texts.iter().map(|text| Mac::parse(&text.0).map_err(raised)).collect()
}

pub fn probe_sender(name: &Text) -> PyResult<ProbeSender> {
    let words = [("own", ProbeSender::Own), ("unspecified", ProbeSender::Unspecified), ("both", ProbeSender::Both)];
    one_of("sender", name, &words)
}

pub fn prefix(text: &Text) -> PyResult<Prefix> {
    Prefix::parse(&text.0).map_err(raised)
}

pub fn via(name: &Text) -> PyResult<Via> {
    one_of("via", name, &[("auto", Via::Auto), ("procfs", Via::Procfs), ("netlink", Via::Netlink)])
}

pub fn method(name: &Text) -> PyResult<Method> {
    one_of("method", name, &[("netlink", Method::Netlink), ("ioctl", Method::Ioctl)])
}

pub fn level_scope(name: &Text) -> PyResult<LevelScope> {
    one_of("scope", name, &[("all", LevelScope::All), ("interface", LevelScope::Interface)])
}

/// Finds a word in a short list.
fn one_of<T: Copy>(what: &str, name: &Text, words: &[(&str, T)]) -> PyResult<T> {
    match words.iter().find(|(word, _)| *word == name.0) {
        Some((_, value)) => Ok(*value),
        None => {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Err(unusable(format!("{what} {:?}", name.0), format!("it is none of {}", words.join(", "))))
        }
    }
}

/// How long to wait for the lock.
pub fn patience(time: f64) -> PyResult<Duration> {
    seconds("lock_timeout", time, 0.0)
}

fn seconds(what: &str, time: f64, least: f64) -> PyResult<Duration> {
    if (least..=LONGEST).contains(&time) {
        Ok(Duration::from_secs_f64(time))
    } else {
        Err(unusable(format!("{what} {time}"), format!("it is not a number of seconds from {least} to {LONGEST}")))
    }
}
