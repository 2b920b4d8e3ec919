//! cargo xtask: what cargo does not build.

mod abi;
mod declarations;
mod doc;
mod header;
mod layout;
mod library;
mod man;
mod map;
mod print;
mod run;
mod sources;
mod symbolizer;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;

/// What went wrong, in words for the one who called us.
type Result<T> = std::result::Result<T, String>;

const USAGE: &str = "\
cargo xtask header           write include/lvsarp.h from bindings/c
cargo xtask header --check   compare it, and leave it as it is
cargo xtask map --check      bindings/c/lvsarp.map names the functions of the header
cargo xtask check            both, and that tests/c/layout.c knows every member
cargo xtask lib              liblvsarp.so and liblvsarp.a in target/c/lib
      --profile-dir DIR      from the archive in DIR, instead of building it
cargo xtask man              the manual page target/c/man/lvsarp.3
cargo xtask abi              record the ABI of a release: bindings/c/abi and tests/c/layout.c
cargo xtask abi --check      compare with the record; only additions pass (needs abidiff)
      --header FILE          of another header
      --map FILE             of another version script";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[&str]) -> Result<()> {
    match words {
        ["header"] => header::write(),
        ["header", "--check"] => header::check(),
        ["map"] | ["map", "--check"] => map::check(),
        ["check"] => header::check().and_then(|()| map::check()).and_then(|()| layout::check()),
        ["lib"] => library::build(None),
        ["lib", "--profile-dir", directory] => library::build(Some(PathBuf::from(directory))),
        ["man"] => man::write(),
        ["abi"] => abi::record(),
        ["abi", "--check", options @ ..] => abi::check(options),
        _ => Err(USAGE.to_owned()),
    }
}
