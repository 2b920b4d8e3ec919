//! Netlink, as little of it as this library needs.

mod socket;
pub(crate) mod wire;

pub(crate) use socket::{Refusal, Socket};
