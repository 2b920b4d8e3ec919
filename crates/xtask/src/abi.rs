//! bindings/c/abi: the ABI as of the last release, and whether the present one still serves its programs.
//!
//! abidw can read the debug information of the Rust library, but what it finds there is the inside: hundreds of types
//! of the standard library that change with the compiler, in Rust's words. What C callers see is the header and the
//! version script. So the record is made of a library in C with the declarations of the header, the symbol versions of
//! the map and empty bodies. That the real library agrees with it: its symbols are compared when it is linked, and the
//! header is compared with the Rust sources on every check.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::declarations::{Header, Kind};
use crate::print::declared;
use crate::run::{cc, finished, output, run};
use crate::{Result, header, layout, tree};

const RECORD: &str = "bindings/c/abi/lvsarp.abi";
const NUMBERS: &str = "bindings/c/abi/lvsarp.numbers";

/// Records the ABI as it is now.
pub fn record() -> Result<()> {
    let header = header::committed()?;
    let library = stand_in(&header, &tree::root(tree::MAP), &BTreeMap::new())?;
    let mut abidw = Command::new("abidw");
    abidw.args(["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--type-id-style", "hash"]);
    tree::write(&tree::root(RECORD), &output(abidw.arg(&library))?)?;
    let mut numbers = format!("# The ABI of lvsarp {}, recorded by `cargo xtask abi`:\n", tree::VERSION);
    numbers += "# the numbers that programs have compiled in, and how many members each struct has.\n";
    for (name, value) in constants(&header) {
        let _ = writeln!(numbers, "{name} {value}");
    }
    for (item, members) in header.structs() {
        let _ = writeln!(numbers, "{} {}", item.name, members.len());
    }
    tree::write(&tree::root(NUMBERS), &numbers)?;
    layout::record(&header)
}

/// Fails where a program that was built with the recorded ABI may not run with the present one.
pub fn check(options: &[&str]) -> Result<()> {
    let mut header = tree::root(tree::HEADER);
    let mut map = tree::root(tree::MAP);
    for option in options.chunks(2) {
        match option {
            ["--header", file] => header = PathBuf::from(file),
            ["--map", file] => map = PathBuf::from(file),
            _ => return Err(crate::USAGE.to_owned()),
        }
    }
    let header = Header::parse(&tree::read(&header)?)?;
    let numbers = tree::read(&tree::root(NUMBERS))?;
    let numbers: BTreeMap<&str, &str> =
        numbers.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' ')).collect();
    let now = constants(&header);
    for (name, value) in numbers.iter().filter(|(name, _)| name.starts_with("LVSARP_")) {
        match now.get(name) {
            Some(same) if same == value => {}
            Some(other) => return Err(format!("{name} was {value} and is {other}: numbers never change")),
            None => return Err(format!("{name} is gone: numbers never vanish")),
        }
    }
    let library = stand_in(&header, &map, &numbers)?;
    let mut abidiff = Command::new("abidiff");
    // The record is of one architecture and the library of this one: what is compared is what they have in common.
    abidiff.args(["--no-added-syms", "--no-architecture"]).args([tree::root(RECORD), library]);
    let done = finished(&mut abidiff)?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    Err(format!("the ABI is not that of the last release any more:\n{said}"))
}

/// The numbers that programs have compiled in, but for the version's.
fn constants(header: &Header) -> BTreeMap<&str, &str> {
    let numbers = header.items.iter().filter_map(|item| match &item.kind {
        Kind::Constant(value) if !value.starts_with('{') => Some((item.name.as_str(), value.as_str())),
        _ => None,
    });
    numbers.filter(|(name, _)| !name.starts_with("LVSARP_VERSION")).collect()
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A library in C that has the ABI which a header and a version script describe, and does nothing. Of a struct that was
/// recorded it has as many members as then: more of them at the end are no break, since both sides say how long theirs
/// is.
fn stand_in(header: &Header, map: &Path, recorded: &BTreeMap<&str, &str>) -> Result<PathBuf> {
    let work = tree::target("c/abi");
    let mut text = String::new();
    for include in &header.includes {
        let _ = writeln!(text, "#include {include}");
    }
    for item in &header.items {
        match &item.kind {
            Kind::Constant(_) => {}
            Kind::Opaque | Kind::Typedef => text += &format!("{}\n", item.text),
            Kind::Struct(members) => {
                let sized = members.first().is_some_and(|member| member.name == "size");
                let then = recorded.get(item.name.as_str()).and_then(|number| number.parse().ok());
                let count = then.filter(|_| sized).unwrap_or(members.len());
                let members: Vec<String> = members.iter().take(count).map(declared).collect();
                text += &format!("{} {} }};\n", item.text, members.join(" "));
            }
            Kind::Function => {
                let body = if item.text.starts_with("void ") { "{ }" } else { "{ return 0; }" };
                text += &format!("{}\n", item.text.replace(';', body));
            }
        }
    }
    tree::write(&work.join("lvsarp.c"), &text)?;
    // By its name alone, so that the record does not say where it was made.
    run(cc()
        .current_dir(&work)
        .args(["-g", "-O0", "-fPIC", "-shared", "-nostdlib"])
        .arg(format!("-Wl,-soname,liblvsarp.so.{}", tree::MAJOR))
        .arg(format!("-Wl,--version-script={}", absolute(map)?.display()))
        .args(["-o", "liblvsarp.so", "lvsarp.c"]))?;
    Ok(work.join("liblvsarp.so"))
}
