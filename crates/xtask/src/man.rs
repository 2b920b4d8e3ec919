//! The manual page lvsarp(3): the header's text for people who read it in a terminal.

use std::fmt::Write;

use crate::declarations::{Header, Item, Kind, Member};
use crate::doc::{Block, Doc, fill};
use crate::print::{declared, prototype};
use crate::{Result, header, tree};

const SEE_ALSO: &[(&str, u8)] =
    &[("lvsarp", 8), ("arp", 7), ("errno", 3), ("ip-address", 8), ("netlink", 7), ("network_namespaces", 7)];
/// So that a terminal of 80 columns does not break prototypes.
const WIDTH: usize = 72;

/// Writes the page.
pub fn write() -> Result<()> {
    tree::write(&tree::target("c/man/lvsarp.3"), &page(&header::committed()?))
}

/// The page's text, for man(1).
fn page(header: &Header) -> String {
    let mut page = Page(String::new());
    page.request(&format!("TH LVSARP 3 \"\" \"lvsarp {}\" \"Library functions\"", tree::VERSION));
    // Names are not hyphenated, and lines not stretched.
    page.request("nh");
    page.request("ad l");
    let mut blocks = header.contract.blocks.iter();
    if let Some(Block::Text(title)) = blocks.next() {
        page.section("NAME");
        page.line(plain(&title.replacen(".h:", " -", 1)).trim_end_matches('.'));
    }
    page.section("SYNOPSIS");
    page.code(&[
        "#include <lvsarp.h>",
        "",
        "cc program.c $(pkg-config --cflags --libs lvsarp)",
        "cc program.c -llvsarp",
    ]);
    page.section("DESCRIPTION");
    // The second paragraph says where the header comes from.
    for block in blocks.skip(1) {
        page.block(block);
    }
    let functions = groups(header, |kind| matches!(kind, Kind::Function));
    page.section("FUNCTIONS");
    for group in &functions {
        let names: Vec<String> = group.items.iter().map(|item| format!("{}()", item.name)).collect();
        page.entry(&prose(group.title.unwrap_or("Functions")), &Doc::parse([names.join(", ").as_str()]));
    }
    for item in functions.iter().flat_map(|group| &group.items) {
        page.subsection(&format!("{}()", item.name));
        page.declaration(item);
        page.doc(&item.doc);
    }
    page.section("CALLBACKS");
    for item in header.items.iter().filter(|item| matches!(item.kind, Kind::Typedef)) {
        page.subsection(&item.name);
        page.declaration(item);
        page.doc(&item.doc);
    }
    page.section("STRUCTS");
    for item in &header.items {
        let members: &[Member] = match &item.kind {
            Kind::Struct(members) => members,
            Kind::Opaque => &[],
            _ => continue,
        };
        page.subsection(&format!("struct {}", item.name));
        page.doc(&item.doc);
        for member in members {
            page.entry(&bold(&declared(member)), &member.doc);
        }
    }
    page.section("CONSTANTS");
    for group in groups(header, |kind| matches!(kind, Kind::Constant(_))) {
        page.subsection(group.title.unwrap_or("Others").trim_end_matches('.'));
        for item in group.items {
            let Kind::Constant(value) = &item.kind else { continue };
            // What an _INIT is made of is the header's business.
            let value = if value.starts_with('{') { "" } else { value };
            page.entry(format!("{} {}", bold(&item.name), plain(value)).trim_end(), &item.doc);
        }
    }
    page.section("SEE ALSO");
    let pages: Vec<String> = SEE_ALSO.iter().map(|(name, part)| format!("{}({part})", bold(name))).collect();
    page.text(&pages.join(", "));
    page.0
}

/// Declarations of one sort under a title of the header.
struct Group<'a> {
    title: Option<&'a str>,
    items: Vec<&'a Item>,
}

fn groups(header: &Header, sort: fn(&Kind) -> bool) -> Vec<Group<'_>> {
    let mut groups: Vec<Group> = Vec::new();
    for item in header.items.iter().filter(|item| sort(&item.kind)) {
        match groups.last_mut() {
            Some(group) if item.group.is_none() => group.items.push(item),
            _ => groups.push(Group { title: item.group.as_deref(), items: vec![item] }),
        }
    }
    groups
}

/// A page in the language of man(7).
struct Page(String);

impl Page {
    fn request(&mut self, words: &str) {
        let _ = writeln!(self.0, ".{words}");
    }

    /// Begins a paragraph. Below a title there is one already.
    fn paragraph(&mut self) {
        let last = self.0.lines().last().unwrap_or_default();
        if !last.starts_with(".SH") && !last.starts_with(".SS") {
            self.request("PP");
        }
    }

    /// Text, whose line breaks do not matter.
    fn text(&mut self, text: &str) {
        for line in fill(text, WIDTH, "", "") {
            self.line(&line);
        }
    }

    /// A line of text. In front, a dot or an apostrophe would make it a request.
    fn line(&mut self, line: &str) {
        let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
        let _ = writeln!(self.0, "{guard}{line}");
    }

    fn section(&mut self, title: &str) {
        self.request(&format!("SH {}", plain(&title.to_uppercase())));
    }

    fn subsection(&mut self, title: &str) {
        self.request(&format!("SS {}", plain(title)));
    }

    /// Lines that stay as they are.
    fn code(&mut self, lines: &[&str]) {
        self.paragraph();
        self.request("nf");
        for line in lines {
            self.line(&plain(line));
        }
        self.request("fi");
    }

    fn declaration(&mut self, item: &Item) {
        self.request("nf");
        for line in prototype(&item.text, WIDTH) {
            self.line(&bold(&line));
        }
        self.request("fi");
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(title) => self.section(title),
            Block::Code(lines) => self.code(&lines.iter().map(String::as_str).collect::<Vec<_>>()),
            Block::Text(text) => match text.split_once(". ") {
                // "Threads. There is ..." is an entry of its own.
                Some((title, rest)) if title.split(' ').count() <= 2 => self.entry(&bold(title), &Doc::parse([rest])),
                _ => {
                    self.paragraph();
                    self.text(&prose(text));
                }
            },
        }
    }

    /// Something and, indented, what is said about it.
    fn entry(&mut self, what: &str, doc: &Doc) {
        self.request("TP");
        self.line(what);
        let texts = doc.blocks.iter().filter_map(|block| match block {
            Block::Text(text) => Some(prose(text)),
            _ => None,
        });
        let text = texts.collect::<Vec<_>>().join(" ");
        self.text(if text.is_empty() { "\\&" } else { &text });
    }

    fn doc(&mut self, doc: &Doc) {
        for block in &doc.blocks {
            self.block(block);
        }
        for (name, text) in &doc.params {
            self.entry(&format!("\\fI{}\\fR", plain(name)), &Doc::parse([text.as_str()]));
        }
        if let Some(text) = &doc.returns {
            self.entry("Return value", &Doc::parse([text.as_str()]));
        }
    }
}

/// Text with the names of the library in bold.
fn prose(text: &str) -> String {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|letter: char| is_part(letter)) {
        let (before, from) = rest.split_at(at);
        let (word, after) = from.split_at(from.find(|letter: char| !is_part(letter)).unwrap_or(from.len()));
        out += &plain(before);
        out += &if word.to_lowercase().starts_with("lvsarp_") { bold(word) } else { plain(word) };
        rest = after;
    }
    out + &plain(rest)
}

fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", plain(text))
}

/// Text whose signs stay what they are.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '\\' => out += "\\e",
            '-' => out += "\\-",
            '\'' => out += "\\(aq",
            '`' => out += "\\(ga",
            '^' => out += "\\(ha",
            '~' => out += "\\(ti",
            _ => out.push(letter),
        }
    }
    out
}
