//! The Rust files behind the header: which they are, in which order, and what they export.

use std::path::Path;

use syn::{Attribute, Item, Meta, Visibility};

use crate::{Result, tree};

const DIRECTORY: &str = "bindings/c/src";
/// The files that export something, in the order of the header.
const EXPORTING: &[&str] = &[
    "constants",
    "values",
    "wire",
    "handle",
    "open",
    "levels",
    "vips",
    "server",
    "persist",
    "boot",
    "outcome",
    "decision",
    "probe",
    "listen",
    "audit",
    "watch",
    "role",
    "tables",
];

/// One file.
pub struct Source {
    /// Its name without its ending.
    pub name: &'static str,
    /// What it is about: its first `//!` line.
    pub title: String,
    /// What it exports, in order.
    pub exports: Vec<String>,
    /// Its constants by group: the first one's name, and the comment above the group.
    pub groups: Vec<(String, String)>,
}

/// The file of a source.
pub fn path(name: &str) -> std::path::PathBuf {
    tree::root(DIRECTORY).join(format!("{name}.rs"))
}

/// All of them. Fails where another file exports something, too.
pub fn read() -> Result<Vec<Source>> {
    others(&tree::root(DIRECTORY))?;
    EXPORTING
        .iter()
        .map(|name| {
            let text = tree::read(&path(name))?;
            let title = text.lines().find_map(|line| line.strip_prefix("//! ")).unwrap_or_default().to_owned();
            Ok(Source { name, title, exports: exports(name, &text)?, groups: groups(&text) })
        })
        .collect()
}

fn others(directory: &Path) -> Result<()> {
    let entries = std::fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            others(&path)?;
            continue;
        }
        if path.extension().is_none_or(|ending| ending != "rs") || EXPORTING.contains(&&*stem) {
            continue;
        }
        if let Some(name) = exports(&stem, &tree::read(&path)?)?.first() {
            let list = "EXPORTING in crates/xtask/src/sources.rs";
            return Err(format!("{} exports {name}: add it to {list}", path.display()));
        }
    }
    Ok(())
}

/// What a file exports to C, by the names.
fn exports(name: &str, text: &str) -> Result<Vec<String>> {
    let file = syn::parse_file(text).map_err(|error| format!("{DIRECTORY}/{name}.rs: {error}"))?;
    let mut names = Vec::new();
    collect(&file.items, &mut names);
    Ok(names)
}

fn collect(items: &[Item], names: &mut Vec<String>) {
    for item in items {
        let (visibility, ident) = match item {
            Item::Fn(item) if keeps_its_name(&item.attrs) => {
                names.push(item.sig.ident.to_string());
                continue;
            }
            Item::Static(item) if keeps_its_name(&item.attrs) => {
                names.push(item.ident.to_string());
                continue;
            }
            Item::Mod(item) => {
                collect(item.content.as_ref().map_or(&[], |(_, items)| items), names);
                continue;
            }
            Item::Const(item) => (&item.vis, &item.ident),
            Item::Struct(item) => (&item.vis, &item.ident),
            Item::Enum(item) => (&item.vis, &item.ident),
            Item::Union(item) => (&item.vis, &item.ident),
            Item::Type(item) => (&item.vis, &item.ident),
            _ => continue,
        };
        let name = ident.to_string();
        if matches!(visibility, Visibility::Public(_)) && name.to_lowercase().starts_with("lvsarp_") {
            names.push(name);
        }
    }
}

/// `#[no_mangle]` or `#[export_name]`, also inside `unsafe()`.
fn keeps_its_name(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let words = match &attribute.meta {
            Meta::List(list) if list.path.is_ident("unsafe") => list.tokens.to_string(),
            other => other.path().get_ident().map(ToString::to_string).unwrap_or_default(),
        };
        words.starts_with("no_mangle") || words.starts_with("export_name")
    })
}

/// Plain comments are the titles of the constants below them; `syn` does not see them, so they are read from the text.
fn groups(text: &str) -> Vec<(String, String)> {
    let mut groups = Vec::new();
    let mut title: Vec<&str> = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("// ") {
            title.push(comment);
        } else if let Some(constant) = line.strip_prefix("pub const ") {
            if !title.is_empty() {
                let name = constant.split(':').next().unwrap_or_default();
                groups.push((name.to_owned(), title.join(" ").replace('`', "")));
                title.clear();
            }
        } else if !line.is_empty() && !line.starts_with("///") {
            title.clear();
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_c_sees_is_what_keeps_its_name() {
        let text = "
            #[unsafe(no_mangle)] extern \"C\" fn a() {}
            mod inner { #[unsafe(export_name = \"b\")] pub extern \"C\" fn b() {} }
            pub fn c() {}
            pub struct lvsarp_d;
            struct lvsarp_e;
            pub const LVSARP_F: i32 = 1;";
        assert_eq!(exports("test", text).unwrap(), ["a", "b", "lvsarp_d", "LVSARP_F"]);
    }

    #[test]
    fn a_plain_comment_is_the_title_of_the_constants_below() {
        let text = "
//! File.

// One
// group.

/// A.
pub const A: i32 = 1;
/// B.
pub const B: i32 = 2;

// Not.
use x;
pub const C: i32 = 3;";
        assert_eq!(groups(text), [("A".to_owned(), "One group.".to_owned())]);
    }
}
