//! Files in a network manager's own words that make it bind the VIPs: each whole and of our own, with a [`seal`].

use std::path::Path;

use super::managers;
use super::seal::{self, Whose};
use crate::plan::Desired;
use crate::vip::Prefix;

/// How a native file begins.
pub(crate) const BEGINNING: &str = "# Written by lvsarp: ";

/// The files that the managers of this root want: path and text of each.
pub(crate) fn wanted(root: &Path, desired: &Desired) -> Vec<(String, Vec<u8>)> {
    let vips: Vec<Prefix> = desired.vips.iter().map(|vip| Prefix::host(vip.address())).collect();
    let offered = managers::offered(root, desired.dev, &vips);
    offered.into_iter().map(|file| (file.path, sealed(&file.content))).collect()
}

fn sealed(content: &[u8]) -> Vec<u8> {
    let head = [BEGINNING, "`lvsarp unpersist` removes this file. Do not edit it.\n", seal::LINE].concat();
    seal::seal([head.as_bytes(), content].concat())
}

/// Whose a native file is.
pub(crate) fn whose(text: &[u8]) -> Whose {
    seal::whose(text, BEGINNING)
}
