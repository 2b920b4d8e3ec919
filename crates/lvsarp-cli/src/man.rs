//! The manual page, lvsarp(8), made from the same description of the arguments that parses them.

use clap::CommandFactory;

use crate::args::Cli;

/// The page in roff.
pub(crate) fn page() -> Vec<u8> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).section("8").render(&mut page).expect("a Vec takes every byte");
    page
}
