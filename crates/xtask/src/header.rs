//! include/lvsarp.h: cbindgen says how the Rust declarations read in C, we lay them out.

use std::collections::BTreeSet;

use crate::declarations::{Header, Kind};
use crate::sources::{self, Source};
use crate::{Result, print, tree};

/// Writes the header.
pub fn write() -> Result<()> {
    tree::write(&tree::root(tree::HEADER), &generated()?)
}

/// Fails where the header is not what would be written now, and leaves it as it is.
pub fn check() -> Result<()> {
    let there = tree::read(&tree::root(tree::HEADER)).unwrap_or_default();
    match difference(&there, &generated()?) {
        None => Ok(()),
        Some(hint) => Err(format!("{} is not what bindings/c says:\n{hint}run: cargo xtask header", tree::HEADER)),
    }
}

/// The header as it is in the repository.
pub fn committed() -> Result<Header> {
    Header::parse(&tree::read(&tree::root(tree::HEADER))?)
}

/// The text of the header.
fn generated() -> Result<String> {
    let sources = sources::read()?;
    let mut header = Header::parse(&translated(&sources)?)?;
    everything_is_there(&header, &sources)?;
    let position = |name: &str| sources.iter().position(|source| source.exports.iter().any(|export| export == name));
    // The functions of a file stay together, under the file's title.
    header.items.sort_by_key(|item| match item.kind {
        Kind::Function => position(&item.name),
        _ => None,
    });
    let mut section = None;
    for item in &mut header.items {
        let title = match item.kind {
            Kind::Constant(_) => sources
                .iter()
                .flat_map(|source| &source.groups)
                .find_map(|(first, title)| (*first == item.name).then_some(title)),
            Kind::Function => {
                let source = position(&item.name);
                let title = source.filter(|_| section != source).map(|source| &sources[source].title);
                section = source;
                title
            }
            _ => None,
        };
        if let Some(title) = title {
            item.group = Some(title.clone());
        }
    }
    if let Some(item) = header.items.iter_mut().find(|item| !matches!(item.kind, Kind::Constant(_))) {
        item.group = sources.iter().find(|source| source.name == "values").map(|source| source.title.clone());
    }
    Ok(print::print(&header))
}

/// What cbindgen makes of the sources.
fn translated(sources: &[Source]) -> Result<String> {
    let config = tree::root("bindings/c/cbindgen.toml");
    let mut config = cbindgen::Config::from_file(&config)?;
    for text in [&mut config.header, &mut config.after_includes].into_iter().flatten() {
        *text = with_version(text);
    }
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in sources {
        builder = builder.with_src(sources::path(source.name));
    }
    let bindings = builder.generate().map_err(|error| format!("cbindgen: {error}"))?;
    let mut bytes = Vec::new();
    bindings.write(&mut bytes);
    String::from_utf8(bytes).map_err(|error| format!("cbindgen: {error}"))
}

fn with_version(text: &str) -> String {
    let number = |text: &str| text.parse::<u32>().expect("cargo checked the version");
    let together = (number(tree::MAJOR) << 16) + (number(tree::MINOR) << 8) + number(tree::PATCH);
    text.replace("@MAJOR@", tree::MAJOR)
        .replace("@MINOR@", tree::MINOR)
        .replace("@PATCH@", tree::PATCH)
        .replace("@NUMBER@", &together.to_string())
}

/// cbindgen leaves out what it cannot say in C, and says nothing about it.
fn everything_is_there(header: &Header, sources: &[Source]) -> Result<()> {
    let there: BTreeSet<&str> = header.items.iter().map(|item| item.name.as_str()).collect();
    for source in sources {
        if let Some(name) = source.exports.iter().find(|name| !there.contains(name.as_str())) {
            return Err(format!(
                "{}: cbindgen does not know how {name} reads in C",
                sources::path(source.name).display()
            ));
        }
    }
    Ok(())
}

/// The first lines in which two texts differ.
fn difference(there: &str, wanted: &str) -> Option<String> {
    if there == wanted {
        return None;
    }
    const SHOWN: usize = 3;
    let same = there.lines().zip(wanted.lines()).take_while(|(one, other)| one == other).count();
    let mut hint = format!("line {}:\n", same + 1);
    for (sign, text) in [("-", there), ("+", wanted)] {
        for line in text.lines().skip(same).take(SHOWN) {
            hint.push_str(&format!("{sign} {line}\n"));
        }
    }
    Some(hint)
}
