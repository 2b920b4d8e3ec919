//! Tables: columns as wide as their widest cell on the screen, no space at the end of a line.

use unicode_width::UnicodeWidthStr;

use crate::output::{Paint, Tone};

/// One cell. A row may end early.
pub(crate) struct Cell {
    text: String,
    tone: Option<Tone>,
}

impl Cell {
    pub fn new(text: impl AsRef<str>) -> Cell {
        Cell { text: printable(text.as_ref()), tone: None }
    }

    pub fn toned(text: impl AsRef<str>, tone: Tone) -> Cell {
        Cell { tone: Some(tone), ..Cell::new(text) }
    }
}

/// Rows of cells.
#[derive(Default)]
pub(crate) struct Table(Vec<Vec<Cell>>);

impl Table {
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.0.push(cells.into_iter().collect());
    }

    /// A row of column titles.
    pub fn titles<'a>(&mut self, titles: impl IntoIterator<Item = &'a str>) {
        self.row(titles.into_iter().map(|title| Cell::toned(title, Tone::Dim)));
    }

    /// The table's lines, two spaces between columns.
    pub fn render(&self, paint: Paint) -> String {
        let columns = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| self.0.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.width()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &self.0 {
            let mut gap = 0;
            for (cell, width) in row.iter().zip(&widths) {
                if !cell.text.is_empty() {
                    text.extend(std::iter::repeat_n(' ', gap));
                    gap = 0;
                    match cell.tone {
                        Some(tone) => text.push_str(&paint.tone(tone, &cell.text)),
                        None => text.push_str(&cell.text),
                    }
                }
                gap += width - cell.text.width() + 2;
            }
            text.push('\n');
        }
        text
    }
}

/// The text with `\xNN` in place of control characters, so that no name or label of an interface can steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            let mut utf8 = [0; 4];
            for byte in c.encode_utf8(&mut utf8).bytes() {
                shown.push_str(&format!("\\x{byte:02x}"));
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_whatever_the_script() {
        let mut table = Table::default();
        table.row(["取值", "a"].map(Cell::new));
        table.row(["0", "b"].map(Cell::new));
        assert_eq!(table.render(Paint::Plain), "取值  a\n0     b\n");
    }

    #[test]
    fn no_line_ends_with_a_space() {
        let mut table = Table::default();
        table.row(["a", "long", ""].map(Cell::new));
        table.row(["", "", "x"].map(Cell::new));
        table.row(["wide", "", ""].map(Cell::new));
        assert_eq!(table.render(Paint::Plain), "a     long\n            x\nwide\n");
    }

    #[test]
    fn a_colour_does_not_count_as_width() {
        let mut table = Table::default();
        table.row([Cell::toned("a", Tone::Bad), Cell::new("b")]);
        assert_eq!(table.render(Paint::Colour), "\x1b[1;31ma\x1b[0m  b\n");
    }

    #[test]
    fn control_characters_are_shown_not_sent() {
        assert_eq!(printable("lo:\x1b[31m\n\u{9b}"), "lo:\\x1b[31m\\x0a\\xc2\\x9b");
    }
}
