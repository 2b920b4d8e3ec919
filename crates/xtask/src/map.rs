//! bindings/c/lvsarp.map, the version script. It is extended by hand: a symbol keeps its version after a release.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Result, header, tree};

/// One version and the symbols that came with it.
pub struct Node {
    /// Its name: `LVSARP_0.1`.
    pub version: String,
    /// Its symbols.
    pub symbols: Vec<String>,
}

/// The version script of the repository.
pub fn committed() -> Result<Vec<Node>> {
    parse(&tree::read(&tree::root(tree::MAP))?)
}

/// Fails where it does not name exactly the functions of the header.
pub fn check() -> Result<()> {
    let header = header::committed()?;
    let errors = errors(&committed()?, &header.functions().collect());
    if errors.is_empty() { Ok(()) } else { Err(format!("{}:\n{}", tree::MAP, errors.join("\n"))) }
}

/// The version of each symbol.
pub fn versions(nodes: &[Node]) -> BTreeMap<&str, &str> {
    nodes.iter().flat_map(|node| node.symbols.iter().map(|name| (name.as_str(), node.version.as_str()))).collect()
}

/// Reads a version script: `VERSION { global: a; b; local: *; } BEFORE;`
pub fn parse(text: &str) -> Result<Vec<Node>> {
    let mut bare = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = comment.split_once("*/").ok_or("lvsarp.map: no end of a comment")?.1;
    }
    bare.push_str(rest);
    let mut nodes = Vec::new();
    for node in bare.split('}') {
        let Some((version, body)) = node.split_once('{') else { continue };
        let version = version.rsplit(';').next().unwrap_or_default().trim().to_owned();
        let global = body.split("local:").next().unwrap_or_default().replace("global:", "");
        let symbols = global.split(';').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        nodes.push(Node { version, symbols });
    }
    Ok(nodes)
}

/// A version script of these versions.
pub fn script(nodes: &[Node]) -> String {
    let mut text = String::new();
    let mut before = String::new();
    for node in nodes {
        let names: String = node.symbols.iter().map(|name| format!(" {name};")).collect();
        let local = if before.is_empty() { " local: *;" } else { "" };
        text.push_str(&format!("{} {{ global:{names}{local} }}{before};\n", node.version));
        before = format!(" {}", node.version);
    }
    text
}

fn errors(nodes: &[Node], functions: &BTreeSet<&str>) -> Vec<String> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for node in nodes {
        if !node.symbols.is_sorted() {
            errors.push(format!("{} is not in alphabetical order", node.version));
        }
        for name in &node.symbols {
            if !seen.insert(name.as_str()) {
                errors.push(format!("{name} is there twice"));
            }
            if !functions.contains(name.as_str()) {
                errors.push(format!("{name} is too many: the header has no such function"));
            }
        }
    }
    errors.extend(functions.difference(&seen).map(|name| format!("{name} is missing")));
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "/* Text. */ A_0.1 { global: a; b; local: *; };\nA_0.2 { global: c; } A_0.1;\n";

    #[test]
    fn every_symbol_has_its_version() {
        let nodes = parse(MAP).unwrap();
        assert_eq!(versions(&nodes), BTreeMap::from([("a", "A_0.1"), ("b", "A_0.1"), ("c", "A_0.2")]));
        assert!(errors(&nodes, &BTreeSet::from(["a", "b", "c"])).is_empty());
    }

    #[test]
    fn a_script_says_what_was_read() {
        let nodes = parse(MAP).unwrap();
        assert_eq!(script(&nodes), "A_0.1 { global: a; b; local: *; };\nA_0.2 { global: c; } A_0.1;\n");
    }

    #[test]
    fn what_is_missing_and_what_is_too_many_is_named() {
        let errors = errors(&parse(MAP).unwrap(), &BTreeSet::from(["a", "b", "d"]));
        assert_eq!(errors, ["c is too many: the header has no such function", "d is missing"]);
    }
}
