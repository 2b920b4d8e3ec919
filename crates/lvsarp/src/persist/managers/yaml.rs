//! As much of YAML as people write for netplan, line by line: what is beyond that is reported as not understood, not guessed at.

/// A value or a key with what is below it, and where it stands.
pub(crate) struct Item {
    /// The keys that lead to it.
    pub path: Vec<String>,
    /// A scalar; empty for a key that has others below it, or nothing.
    pub value: String,
}

/// What a document says.
#[derive(Default)]
pub(crate) struct Document {
    pub items: Vec<Item>,
    /// Lines that were not understood: their number and text.
    pub unread: Vec<(usize, String)>,
}

impl Document {
    pub fn read(text: &str) -> Document {
        let mut document = Document::default();
        let mut open: Vec<(usize, String)> = Vec::new();
        // Lines deeper than this are a text block.
        let mut block: Option<usize> = None;
        let mut lines = text.lines().enumerate();
        while let Some((number, raw)) = lines.next() {
            let line = without_comment(raw).trim_ascii_end();
            let content = line.trim_start_matches(' ');
            let mut indent = line.len() - content.len();
            if content.is_empty() || block.is_some_and(|block| indent > block) {
                continue;
            }
            block = None;
            if indent == 0 && (content.starts_with("---") || content == "..." || content.starts_with('%')) {
                open.clear();
                continue;
            }
            let mut rest = content;
            let mut in_list = false;
            while let Some(item) = list_item(rest) {
                // A list may stand as deep as the key that it belongs to.
                open.retain(|(depth, key)| if key == "-" { *depth < indent } else { *depth <= indent });
                if in_list {
                    open.push((indent, "-".to_owned()));
                }
                in_list = true;
                indent += rest.len() - item.len();
                rest = item;
            }
            let mut whole = rest.to_owned();
            // A list in brackets may go on over several lines.
            if opens_brackets(&whole) {
                for (_, raw) in lines.by_ref() {
                    whole.push(' ');
                    whole.push_str(without_comment(raw).trim_ascii());
                    if !opens_brackets(&whole) {
                        break;
                    }
                }
            }
            if !in_list {
                open.retain(|(depth, _)| *depth < indent);
            }
            if document.line(&mut open, indent, in_list, &whole).is_none() {
                document.unread.push((number + 1, content.to_owned()));
            }
            if whole.trim_end_matches(['-', '+']).ends_with(['|', '>']) {
                block = Some(line.len() - content.len());
            }
        }
        document
    }

    fn line(&mut self, open: &mut Vec<(usize, String)>, indent: usize, in_list: bool, text: &str) -> Option<()> {
        let mut path: Vec<String> = open.iter().map(|(_, key)| key.clone()).filter(|key| key != "-").collect();
        let Some((key, value)) = key_and_value(text) else {
            if !in_list {
                return None;
            }
            self.items.push(Item { path, value: scalar(text)? });
            return Some(());
        };
        let key = scalar(key)?;
        if in_list {
            // An item with words of its own below it: `- 192.0.2.1/32: {label: x}`.
            self.items.push(Item { path: path.clone(), value: key.clone() });
        }
        path.push(key.clone());
        open.push((indent, key));
        if value.is_empty() || value.starts_with(['|', '>']) {
            self.items.push(Item { path, value: String::new() });
        } else if let Some(list) = value.strip_prefix('[') {
            self.items.push(Item { path: path.clone(), value: String::new() });
            for word in list.strip_suffix(']')?.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                self.items.push(Item { path: path.clone(), value: scalar(word)? });
            }
        } else if value == "{}" {
            self.items.push(Item { path, value: String::new() });
        } else {
            // What a map in braces says is not understood, but the key is there.
            match scalar(value) {
                Some(value) => self.items.push(Item { path, value }),
                None => {
                    self.items.push(Item { path, value: String::new() });
                    return None;
                }
            }
        }
        Some(())
    }
}

/// What follows `- `.
fn list_item(text: &str) -> Option<&str> {
    if text == "-" {
        return Some("");
    }
    text.strip_prefix("- ").map(|rest| rest.trim_start_matches(' '))
}

fn opens_brackets(text: &str) -> bool {
    let value = key_and_value(text).map_or(text, |(_, value)| value);
    value.starts_with('[') && !value.ends_with(']')
}

/// Splits at the colon that ends a key: outside of quotes, before a blank or the end.
fn key_and_value(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '[' | '{') => return None,
            (None, '"' | '\'') if at == 0 => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, ':') => {
                let (key, value) = (text.get(..at)?, text.get(at + 1..)?);
                if value.is_empty() || value.starts_with([' ', '\t']) {
                    return Some((key.trim(), value.trim()));
                }
            }
            _ => {}
        }
    }
    None
}

/// A word without its quotes. `None` for what is more than a word: anchors, tags, maps, lists.
fn scalar(text: &str) -> Option<String> {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let inner = rest.strip_suffix(quote)?;
            return (!inner.contains([quote, '\\'])).then(|| inner.to_owned());
        }
    }
    (!text.starts_with(['&', '*', '!', '{', '[', '?', '@', '`', '<', '\t'])).then(|| text.to_owned())
}

/// A line up to a `#` that stands at its beginning or behind a blank, outside of quotes.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut blank = true;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') if blank => return line.get(..at).unwrap_or(line),
            (None, '"' | '\'') if blank || line.get(..at).is_some_and(|before| before.ends_with(['[', ',', '{'])) => {
                quote = Some(c);
            }
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        blank = c.is_ascii_whitespace();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> (Vec<String>, usize) {
        let document = Document::read(text);
        let items = document.items.iter().map(|i| format!("{}={}", i.path.join("."), i.value)).collect();
        (items, document.unread.len())
    }

    #[test]
    fn maps_lists_and_words_are_read_by_their_depth() {
        let text = "network:\n  version: 2 # two\n  ethernets:\n\
             \x20   lo:\n      match: {name: lo}\n      addresses:\n\
             \x20     - \"192.0.2.1/32\"\n      - 192.0.2.2/32:\n          label: 'lo:0'\n\
             \x20     - 2001:db8::1/128\n\
             \x20   eth0:\n      addresses: [192.0.2.3/24,\n\
             \x20       \"192.0.2.4/24\"]\n  renderer: NetworkManager\n";
        let (items, unread) = items(text);
        assert_eq!(
            items,
            [
                "network=",
                "network.version=2",
                "network.ethernets=",
                "network.ethernets.lo=",
                "network.ethernets.lo.match=",
                "network.ethernets.lo.addresses=",
                "network.ethernets.lo.addresses=192.0.2.1/32",
                "network.ethernets.lo.addresses=192.0.2.2/32",
                "network.ethernets.lo.addresses.192.0.2.2/32=",
                "network.ethernets.lo.addresses.192.0.2.2/32.label=lo:0",
                "network.ethernets.lo.addresses=2001:db8::1/128",
                "network.ethernets.eth0=",
                "network.ethernets.eth0.addresses=",
                "network.ethernets.eth0.addresses=192.0.2.3/24",
                "network.ethernets.eth0.addresses=192.0.2.4/24",
                "network.renderer=NetworkManager",
            ]
        );
        assert_eq!(unread, 1, "the map in braces");
    }

    #[test]
    fn what_is_beyond_it_is_said_to_be() {
        for text in ["a: &x\n  b: 1", "a: *x", "<<: *x", "a: {b: 1}", "just words", "a: [b"] {
            assert!(items(text).1 > 0, "{text}");
        }
    }

    #[test]
    fn a_text_block_is_no_key() {
        assert_eq!(items("a: |\n  lo: 1\n  b\nc: 2\n").0, ["a=", "c=2"]);
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in ["-", "- -", "- - a: b", ":", "\"", "a: \"", "[", "a: [", "\u{85}: ä", " :\n-\n  - :", "a: '#"] {
            items(text);
        }
    }
}
