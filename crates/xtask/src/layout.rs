//! tests/c/layout.c: where every member of every struct is, for the C compiler to agree with.

use std::collections::HashMap;
use std::fmt::Write;

use crate::declarations::{Header, Member};
use crate::{Result, header, tree};

const FILE: &str = "tests/c/layout.c";

const BEGINNING: &str = "\
/*
 * The layout of every struct and the versions, as released: a program that was built then still runs.
 * Recorded by `cargo xtask abi`. A difference in a line that is here is a break of the ABI; what is added
 * since then gets lines of its own at the next release.
 */
#include <lvsarp.h>

#define IS(what, value) _Static_assert(sizeof(void *) != 8 || (what) == (value), #what \" is \" #value)

_Static_assert(LVSARP_VERSION_NUMBER ==
               (LVSARP_VERSION_MAJOR << 16) + (LVSARP_VERSION_MINOR << 8) + LVSARP_VERSION_PATCH,
               \"the version macros agree\");
";

/// Writes the file.
pub fn record(header: &Header) -> Result<()> {
    let mut out = BEGINNING.to_owned();
    let mut known = HashMap::new();
    for (item, members) in header.structs() {
        out.push('\n');
        let mut end = 0;
        let mut strictest = 1;
        let mut lines = Vec::new();
        for member in members {
            let (size, alignment) = size_and_alignment(member, &known)?;
            let offset = usize::next_multiple_of(end, alignment);
            lines.push(format!("IS({}, {offset});", place(&item.name, member)));
            end = offset + size;
            strictest = strictest.max(alignment);
        }
        let size = end.next_multiple_of(strictest);
        let _ = writeln!(out, "IS(sizeof(struct {}), {size});\n{}", item.name, lines.join("\n"));
        known.insert(item.name.clone(), (size, strictest));
    }
    tree::write(&tree::root(FILE), &out)
}

/// Fails where the file does not say where a member is.
pub fn check() -> Result<()> {
    let text = tree::read(&tree::root(FILE))?;
    for (item, members) in header::committed()?.structs() {
        for member in members {
            let place = place(&item.name, member);
            if !text.contains(&place) {
                return Err(format!("{FILE} does not know {place}: add it, or run `cargo xtask abi` before a release"));
            }
        }
    }
    Ok(())
}

fn place(of: &str, member: &Member) -> String {
    format!("offsetof(struct {of}, {})", member.name)
}

/// How long a member is and where it may begin, where a pointer has eight bytes.
fn size_and_alignment(member: &Member, known: &HashMap<String, (usize, usize)>) -> Result<(usize, usize)> {
    let (size, alignment) = match member.type_name.as_str() {
        "char" => (1, 1),
        "int32_t" | "uint32_t" => (4, 4),
        "size_t" | "int64_t" | "uint64_t" => (8, 8),
        other => other
            .strip_prefix("struct ")
            .and_then(|name| known.get(name).copied())
            .ok_or_else(|| format!("how long is a {other}?"))?,
    };
    Ok((size * member.array.unwrap_or(1), alignment))
}
