//! The header as its readers see it.

use std::fmt::Write;

use crate::declarations::{Header, Item, Kind, Member};
use crate::doc::{Doc, fill};

/// No line is longer, but for code in a comment.
const WIDTH: usize = 120;

/// The header's text.
pub fn print(header: &Header) -> String {
    let mut out = String::new();
    comment(&mut out, "", "/*", &header.contract.lines(WIDTH - 3));
    out += "#ifndef LVSARP_H\n#define LVSARP_H\n\n";
    for include in &header.includes {
        let _ = writeln!(out, "#include {include}");
    }
    out += "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
    let mut constant_before = false;
    for item in &header.items {
        let constant = matches!(item.kind, Kind::Constant(_));
        if let Some(group) = &item.group {
            out.push('\n');
            comment(&mut out, "", "/*", &fill(group, WIDTH - 6, "", ""));
        }
        // The constants of a group stand together.
        if !(constant && constant_before && item.group.is_none()) {
            out.push('\n');
        }
        constant_before = constant;
        write_item(&mut out, item);
    }
    out + "\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* LVSARP_H */\n"
}

fn write_item(out: &mut String, item: &Item) {
    doc(out, "", &item.doc);
    match &item.kind {
        Kind::Struct(members) => {
            out.push_str(&item.text);
            out.push('\n');
            for member in members {
                doc(out, INDENT, &member.doc);
                let _ = writeln!(out, "{INDENT}{}", declared(member));
            }
            out.push_str("};\n");
        }
        Kind::Function | Kind::Typedef => {
            for line in prototype(&item.text, WIDTH) {
                out.push_str(&line);
                out.push('\n');
            }
        }
        Kind::Constant(_) | Kind::Opaque => {
            out.push_str(&item.text);
            out.push('\n');
        }
    }
}

const INDENT: &str = "    ";

/// A member as C declares it.
pub fn declared(member: &Member) -> String {
    let array = member.array.map(|length| format!("[{length}]")).unwrap_or_default();
    format!("{} {}{array};", member.type_name, member.name)
}

/// A function's declaration, with its parameters below each other where one line is not enough.
pub fn prototype(text: &str, width: usize) -> Vec<String> {
    let Some(opening) = text.rfind('(') else { return vec![text.to_owned()] };
    let (name, parameters) = text.split_at(opening + 1);
    // A parameter stays in one line: its spaces do not count as places to break.
    let parameters = parameters.split(", ").map(|parameter| parameter.replace(' ', "\0"));
    let filled = fill(&parameters.collect::<Vec<_>>().join(", "), width, name, &" ".repeat(name.len()));
    filled.into_iter().map(|line| line.replace('\0', " ")).collect()
}

fn doc(out: &mut String, indent: &str, doc: &Doc) {
    let lines = doc.lines(WIDTH - 3 - indent.len());
    if !lines.is_empty() {
        comment(out, indent, "/**", &lines);
    }
}

/// A comment: in one line where it fits.
fn comment(out: &mut String, indent: &str, opening: &str, lines: &[String]) {
    if let Some(line) = only_line(lines).filter(|line| indent.len() + opening.len() + line.len() + 4 <= WIDTH) {
        let _ = writeln!(out, "{indent}{opening} {line} */");
        return;
    }
    let _ = writeln!(out, "{indent}{opening}");
    for line in lines {
        let _ = writeln!(out, "{}", format!("{indent} * {line}").trim_end());
    }
    let _ = writeln!(out, "{indent} */");
}

fn only_line(lines: &[String]) -> Option<&String> {
    if let [line] = lines { Some(line) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_do_not_fit_go_below_the_first() {
        let text = "int f(struct host *h, const char *const *vips, size_t n);";
        assert_eq!(prototype(text, 80), [text]);
        assert_eq!(prototype(text, 46), ["int f(struct host *h, const char *const *vips,", "      size_t n);"][..]);
    }
}
