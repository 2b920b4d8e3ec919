//! A C header as a list of what it declares: that of cbindgen and the one that we print from it are read alike.

use crate::Result;
use crate::doc::Doc;

/// A header.
pub struct Header {
    /// The comment at the top: what holds for all of it.
    pub contract: Doc,
    /// What it includes: `<stddef.h>`.
    pub includes: Vec<String>,
    /// What it declares, in order.
    pub items: Vec<Item>,
}

/// One declaration.
pub struct Item {
    /// The title of the group that begins here.
    pub group: Option<String>,
    /// Its comment.
    pub doc: Doc,
    /// What it declares.
    pub name: String,
    /// How it reads in C, in one line: `int lvsarp_undo(struct lvsarp_host *h);`. Of a struct, its first line.
    pub text: String,
    /// Which sort it is.
    pub kind: Kind,
}

/// The sorts of declarations.
pub enum Kind {
    /// `#define NAME value`
    Constant(String),
    /// `struct name { ... };`
    Struct(Vec<Member>),
    /// `struct name;`
    Opaque,
    /// `typedef ...;`
    Typedef,
    /// `int name(...);`
    Function,
}

/// A member of a struct.
pub struct Member {
    /// Its comment.
    pub doc: Doc,
    /// Its type: `uint32_t`, `char`.
    pub type_name: String,
    /// Its name.
    pub name: String,
    /// How many there are, where it is an array.
    pub array: Option<usize>,
}

impl Header {
    /// The names of its functions, in order.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter(|item| matches!(item.kind, Kind::Function)).map(|item| item.name.as_str())
    }

    /// Its structs with their members, in order.
    pub fn structs(&self) -> impl Iterator<Item = (&Item, &[Member])> {
        self.items.iter().filter_map(|item| match &item.kind {
            Kind::Struct(members) => Some((item, members.as_slice())),
            _ => None,
        })
    }

    /// Reads a header.
    pub fn parse(text: &str) -> Result<Header> {
        let mut header = Header { contract: Doc::default(), includes: Vec::new(), items: Vec::new() };
        let mut lines = Lines(text.lines());
        if let Some(first) = lines.0.clone().next().filter(|line| line.starts_with("/*")) {
            lines.0.next();
            header.contract = lines.comment(first);
        }
        let mut group = None;
        let mut doc = Doc::default();
        while let Some(line) = lines.0.next() {
            if line.starts_with("/**") {
                doc = lines.comment(line);
            } else if line.starts_with("/*") {
                group = Some(lines.comment(line).lines(usize::MAX).join(" "));
            } else if let Some(include) = line.strip_prefix("#include ") {
                header.includes.push(include.to_owned());
            } else if let Some((name, text, kind)) = lines.declaration(line)? {
                let (group, doc) = (group.take(), std::mem::take(&mut doc));
                header.items.push(Item { group, doc, name, text, kind });
            }
        }
        Ok(header)
    }
}

struct Lines<'a>(std::str::Lines<'a>);

impl<'a> Lines<'a> {
    /// The comment that begins in a line.
    fn comment(&mut self, first: &'a str) -> Doc {
        let first = first.trim().trim_start_matches(['/', '*']);
        if let Some(only) = first.strip_suffix("*/") {
            return Doc::parse([only.trim()]);
        }
        let mut lines = vec![first.trim()];
        for line in self.0.by_ref() {
            let line = line.trim();
            if line.ends_with("*/") {
                lines.push(line.trim_end_matches("*/").trim_start_matches('*'));
                break;
            }
            let line = line.strip_prefix('*').unwrap_or(line);
            lines.push(line.strip_prefix(' ').unwrap_or(line));
        }
        Doc::parse(lines)
    }

    /// What a line declares, with the lines that belong to it.
    fn declaration(&mut self, line: &'a str) -> Result<Option<(String, String, Kind)>> {
        if line.trim().is_empty() || line.starts_with("extern \"C\"") || line.starts_with('}') {
            return Ok(None);
        }
        if let Some(define) = line.strip_prefix("#define ") {
            let Some((name, value)) = define.split_once(' ') else { return Ok(None) };
            return Ok(Some((name.to_owned(), line.to_owned(), Kind::Constant(value.to_owned()))));
        }
        if line.starts_with('#') {
            return Ok(None);
        }
        if let Some(name) = line.strip_prefix("struct ").and_then(|rest| rest.strip_suffix(" {")) {
            return Ok(Some((name.to_owned(), line.to_owned(), Kind::Struct(self.members(name)?))));
        }
        let mut text = line.trim().to_owned();
        while !text.ends_with(';') {
            let more = self.0.next().ok_or_else(|| format!("no end of: {text}"))?;
            text = format!("{text} {}", more.trim());
        }
        let opaque = text.strip_prefix("struct ").and_then(|rest| rest.strip_suffix(';'));
        if let Some(name) = opaque.filter(|name| is_name(name)) {
            return Ok(Some((name.to_owned(), text.clone(), Kind::Opaque)));
        }
        let typedef = text.starts_with("typedef ");
        let before = text.split([')', '(']).nth(usize::from(typedef)).unwrap_or_default();
        let name = before.rsplit([' ', '*']).next().unwrap_or_default();
        if !is_name(name) {
            return Err(format!("cannot read the declaration: {text}"));
        }
        Ok(Some((name.to_owned(), text.clone(), if typedef { Kind::Typedef } else { Kind::Function })))
    }

    /// The members of a struct, up to its end.
    fn members(&mut self, of: &str) -> Result<Vec<Member>> {
        let mut members = Vec::new();
        let mut doc = Doc::default();
        while let Some(line) = self.0.next() {
            let text = line.trim();
            if text == "};" {
                return Ok(members);
            }
            if text.starts_with("/**") {
                doc = self.comment(line);
                continue;
            }
            let unreadable = || format!("cannot read the member of struct {of}: {text}");
            let declared = text.strip_suffix(';').ok_or_else(unreadable)?;
            let (type_name, name) = declared.rsplit_once(' ').ok_or_else(unreadable)?;
            let (name, array) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
                Some((name, length)) => (name, Some(length.parse().map_err(|_| unreadable())?)),
                None => (name, None),
            };
            if !is_name(name) {
                return Err(unreadable());
            }
            let (type_name, name) = (type_name.to_owned(), name.to_owned());
            members.push(Member { doc: std::mem::take(&mut doc), type_name, name, array });
        }
        Err(format!("no end of struct {of}"))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
