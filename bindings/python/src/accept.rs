//! Arguments on their way in: Python's text and numbers become the library's checked types.

use std::net::Ipv4Addr;
use std::time::Duration;

use lvsarp::{IfName, Key, LevelScope, Method, Prefix, Scope, Via, Vip};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString};

use crate::error::{raised, unusable};

/// The longest wait for the lock, in seconds: what does not end in a day hangs.
const LONGEST_WAIT: f64 = 86_400.0;

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
            return Err(PyTypeError::new_err("a bool is not a level"));
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
pub fn patience(seconds: f64) -> PyResult<Duration> {
    if (0.0..=LONGEST_WAIT).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        let cause = format!("it is not a number of seconds from 0 to {LONGEST_WAIT}");
        Err(unusable(format!("lock_timeout {seconds}"), cause))
    }
}
