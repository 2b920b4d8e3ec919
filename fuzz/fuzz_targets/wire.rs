//! Any bytes as a frame: the parsers take what the rules say, read back what they write, and never panic.
#![no_main]

#[path = "../../crates/lvsarp/src/wire/rules.rs"]
mod rules;

use libfuzzer_sys::fuzz_target;
use lvsarp::wire::{Arp, Ndp};

fuzz_target!(|frame: &[u8]| {
    rules::check(frame, &Arp::parse, &Ndp::parse);
});
