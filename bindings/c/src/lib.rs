//! liblvsarp: the library's C face. Arguments in, answers out through the caller's structs and callbacks; nothing is decided here.
//!
//! `include/lvsarp.h` is made from this crate by `cargo xtask header`: the comments on what is exported are the manual of its C callers, so they
//! speak to them, and the contract that holds for all of it stands in `cbindgen.toml`. Pointers are touched in `edge.rs` only.

// The names are those of the header.
#![allow(non_camel_case_types)]
// Every pointer is checked for NULL and then trusted as far as the contract in the header goes. Functions marked unsafe would tell C nothing.
#![allow(clippy::not_unsafe_ptr_arg_deref)]

#[cfg(feature = "full")]
mod audit;
#[cfg(feature = "full")]
mod boot;
mod constants;
mod decision;
mod door;
mod edge;
mod handle;
#[cfg(feature = "full")]
mod in_loop;
mod levels;
#[cfg(feature = "full")]
mod listen;
mod open;
mod outcome;
#[cfg(feature = "full")]
mod persist;
#[cfg(feature = "full")]
mod probe;
#[cfg(feature = "full")]
mod role;
mod server;
mod tables;
mod values;
mod vips;
#[cfg(feature = "full")]
mod watch;
#[cfg(feature = "full")]
mod wire;

#[cfg(feature = "full")]
pub use audit::*;
#[cfg(feature = "full")]
pub use boot::*;
pub use constants::*;
pub use decision::*;
pub use handle::lvsarp_host;
pub use levels::*;
#[cfg(feature = "full")]
pub use listen::*;
pub use open::*;
pub use outcome::*;
#[cfg(feature = "full")]
pub use persist::*;
#[cfg(feature = "full")]
pub use probe::*;
#[cfg(feature = "full")]
pub use role::*;
pub use server::*;
pub use tables::*;
pub use values::*;
pub use vips::*;
#[cfg(feature = "full")]
pub use watch::*;
#[cfg(feature = "full")]
pub use wire::*;

/// A panic must end at the door, not end the program that linked us.
const _: () = assert!(cfg!(panic = "unwind"), "liblvsarp must be built with panic = \"unwind\"");
