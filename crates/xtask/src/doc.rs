//! The text of a comment: paragraphs, parameters and the result, read from any layout and laid out in one.

/// A comment.
#[derive(Default)]
pub struct Doc {
    /// The text above the parameters.
    pub blocks: Vec<Block>,
    /// What `@param` says: names and texts.
    pub params: Vec<(String, String)>,
    /// What `@return` says.
    pub returns: Option<String>,
}

/// A piece of text between blank lines.
pub enum Block {
    /// A paragraph; its line breaks do not matter.
    Text(String),
    /// Lines that are indented, so that they stay as they are.
    Code(Vec<String>),
    /// A line with a line of dashes below.
    Heading(String),
}

/// What the next line continues.
enum Last {
    Nothing,
    Block,
    Param,
    Returns,
}

const INDENT: &str = "    ";

impl Doc {
    /// Reads the lines of a comment, without its stars.
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Doc {
        let mut doc = Doc::default();
        let mut last = Last::Nothing;
        for line in lines {
            last = doc.take(line, &last);
        }
        doc
    }

    fn take(&mut self, line: &str, last: &Last) -> Last {
        let text = line.trim();
        if text.is_empty() {
            return Last::Nothing;
        }
        if let Some(param) = text.strip_prefix("@param ") {
            let (name, text) = param.split_once(' ').unwrap_or((param, ""));
            self.params.push((name.to_owned(), text.trim().to_owned()));
            return Last::Param;
        }
        if let Some(text) = text.strip_prefix("@return ") {
            self.returns = Some(text.trim().to_owned());
            return Last::Returns;
        }
        match (last, self.blocks.last_mut()) {
            (Last::Param, _) => {
                append(&mut self.params.last_mut().expect("the last line was one").1, text);
                return Last::Param;
            }
            (Last::Returns, _) => {
                append(self.returns.get_or_insert_default(), text);
                return Last::Returns;
            }
            (Last::Block, Some(Block::Code(lines))) => lines.push(line.trim_end().to_owned()),
            (Last::Block, Some(Block::Text(heading))) if text.bytes().all(|byte| byte == b'-') => {
                let heading = std::mem::take(heading);
                self.blocks.pop();
                self.blocks.push(Block::Heading(heading));
            }
            (Last::Block, Some(Block::Text(paragraph))) => append(paragraph, text),
            _ if line.starts_with(INDENT) => self.blocks.push(Block::Code(vec![line.trim_end().to_owned()])),
            _ => self.blocks.push(Block::Text(text.to_owned())),
        }
        Last::Block
    }

    /// The lines of the comment, no longer than `width` but for code.
    pub fn lines(&self, width: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for block in &self.blocks {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            match block {
                Block::Text(text) => lines.extend(fill(text, width, "", "")),
                Block::Code(code) => lines.extend(code.iter().cloned()),
                Block::Heading(text) => lines.extend([text.clone(), "-".repeat(text.len())]),
            }
        }
        if !lines.is_empty() && (!self.params.is_empty() || self.returns.is_some()) {
            lines.push(String::new());
        }
        let longest = self.params.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, text) in &self.params {
            let first = format!("@param {name:longest$}  ");
            lines.extend(fill(text, width, &first, &" ".repeat(first.len())));
        }
        if let Some(text) = &self.returns {
            let first = "@return ";
            lines.extend(fill(text, width, first, &" ".repeat(first.len())));
        }
        lines
    }
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}

/// Breaks a text between words. `first` stands in front of the first line, `rest` in front of the others.
pub fn fill(text: &str, width: usize, first: &str, rest: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAID_OUT: &str = "\
One sentence. Another one that
goes on.

    code = stays;   however long it is

The rules
---------

@param a    the first, whose
            text is long
@param abc  the third
@return 0, or a negative errno
        of the call";

    #[test]
    fn what_is_laid_out_stays_as_it_is() {
        assert_eq!(Doc::parse(LAID_OUT.lines()).lines(30).join("\n"), LAID_OUT);
    }

    #[test]
    fn line_breaks_in_a_paragraph_do_not_matter() {
        let doc = Doc::parse(["One sentence.", "Another one", "that goes on."]);
        assert_eq!(doc.lines(80), ["One sentence. Another one that goes on."]);
    }
}
