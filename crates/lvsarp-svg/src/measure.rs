//! How wide a text is at most, and texts that are cut to fit.

/// The widths of ASCII characters from the space on, in hundredths of the size: those of DejaVu Sans, rounded up. No usual sans-serif font is
/// wider.
const SANS: [u8; 95] = [
    32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 54, 100, 69, 69, 70, 78, 64, 58, 78, 76, 30, 30, 66, 56, 87, 75, 79, 61, 79, 70, 64, 62, 74, 69, 99, 69,
    62, 69, 40, 34, 40, 84, 50, 50, 62, 64, 55, 64, 62, 36, 64, 64, 28, 28, 58, 28, 98, 64, 62, 64, 64, 42, 53, 40, 64,
    60, 82, 60, 60, 53, 64, 34, 64, 84,
];
/// The same of DejaVu Sans Bold.
const BOLD: [u8; 95] = [
    35, 46, 53, 84, 70, 101, 88, 31, 46, 46, 53, 84, 38, 42, 38, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70, 40, 40,
    84, 84, 84, 59, 100, 78, 77, 74, 84, 69, 69, 83, 84, 38, 38, 78, 64, 100, 84, 86, 74, 86, 78, 73, 69, 82, 78, 111,
    78, 73, 73, 46, 37, 46, 84, 50, 50, 68, 72, 60, 72, 68, 44, 72, 72, 35, 35, 67, 35, 105, 72, 69, 72, 72, 50, 60,
    48, 72, 66, 93, 65, 66, 59, 72, 37, 72, 84,
];
/// Every character of a monospaced font.
const MONO: u32 = 62;
/// The widest of the characters outside of ASCII that are shown as they are.
const OTHER: u32 = 135;

/// The kind of a font.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    Sans,
    Bold,
    Mono,
}

/// A face in a size, in pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Font {
    pub face: Face,
    pub size: u32,
}

impl Font {
    /// The width of a character in hundredths of a pixel.
    fn advance(self, c: char) -> u32 {
        let of = |table: &[u8; 95]| u32::from(table[c as usize - 0x20]);
        let width = match self.face {
            _ if !matches!(c, ' '..='~') => OTHER,
            Face::Sans => of(&SANS),
            Face::Bold => of(&BOLD),
            Face::Mono => MONO,
        };
        width * self.size
    }

    /// The width of a text in pixels, at most.
    pub fn width(self, text: &str) -> i32 {
        pixels(text.chars().map(|c| self.advance(c)).sum())
    }

    /// The text, cut in the middle where it is wider than the room.
    pub fn fitted(self, text: &str, room: i32) -> String {
        if self.width(text) <= room {
            return text.to_owned();
        }
        let mut left = (room.max(0) as u32 * 100).saturating_sub(self.advance(CUT));
        let (mut head, mut tail) = (String::new(), Vec::new());
        let mut rest = text.chars();
        for at in 0.. {
            let Some(c) = (if at % 2 == 0 { rest.next() } else { rest.next_back() }) else { break };
            let width = self.advance(c);
            if width > left {
                break;
            }
            left -= width;
            if at % 2 == 0 { head.push(c) } else { tail.push(c) }
        }
        head.push(CUT);
        head.extend(tail.iter().rev());
        head
    }

    /// The text in lines, at most so many; the last one is cut where there is more.
    pub fn lines(self, text: &str, room: i32, most: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut words = text.split(' ').filter(|word| !word.is_empty()).peekable();
        while let Some(word) = words.next() {
            let mut line = word.to_owned();
            if lines.len() + 1 == most {
                for word in words.by_ref() {
                    line.push(' ');
                    line.push_str(word);
                }
            }
            while let Some(word) = words.peek() {
                if self.width(&line) + self.width(word) + self.width(" ") > room {
                    break;
                }
                line.push(' ');
                line.push_str(word);
                words.next();
            }
            lines.push(if lines.len() + 1 == most { self.clipped(&line, room) } else { self.fitted(&line, room) });
        }
        lines
    }

    /// The text, cut at its end where it is wider than the room.
    fn clipped(self, text: &str, room: i32) -> String {
        if self.width(text) <= room {
            return text.to_owned();
        }
        let mut left = (room.max(0) as u32 * 100).saturating_sub(self.advance(CUT));
        let mut kept = String::new();
        for c in text.chars() {
            let width = self.advance(c);
            if width > left {
                break;
            }
            left -= width;
            kept.push(c);
        }
        kept.truncate(kept.trim_end().len());
        kept.push(CUT);
        kept
    }
}

/// What stands for what was cut out.
const CUT: char = '…';

fn pixels(hundredths: u32) -> i32 {
    hundredths.div_ceil(100) as i32
}

/// The text with what has no sure width or meaning in its place: control characters, marks that change the direction, and whatever is not a
/// letter of the scripts that [`OTHER`] is true of.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' | '…' | '–' => shown.push(c),
            '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{17f}' => shown.push(c),
            // Greek, Cyrillic.
            '\u{391}'..='\u{3a1}' | '\u{3a3}'..='\u{3a9}' | '\u{3b1}'..='\u{3c9}' => shown.push(c),
            '\u{401}' | '\u{410}'..='\u{44f}' | '\u{451}' => shown.push(c),
            // Kana, Chinese characters, Hangul.
            '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' => shown.push(c),
            '\u{ac00}'..='\u{d7a3}' => shown.push(c),
            _ => shown.extend(c.escape_unicode()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const FONTS: [Font; 3] =
        [Font { face: Face::Sans, size: 12 }, Font { face: Face::Bold, size: 12 }, Font { face: Face::Mono, size: 11 }];

    #[test]
    fn what_is_cut_fits_and_keeps_both_ends() {
        let long = "2001:db8:1111:2222:3333:4444:5555:6666/128";
        for font in FONTS {
            for room in 20..font.width(long) {
                let cut = font.fitted(long, room);
                assert!(font.width(&cut) <= room && cut.contains('…'), "{cut:?} in {room}");
            }
            assert_eq!(font.fitted(long, font.width(long)), long);
        }
        let cut = FONTS[2].fitted(long, 150);
        assert!(cut.starts_with("2001:db8") && cut.ends_with("66/128"), "{cut}");
    }

    #[test]
    fn lines_fit_lose_no_word_and_end_with_a_cut_where_there_is_more() {
        let text = "arp_ignore is 0 (all=0, eth0=0), and 192.0.2.10 is on lo (scope global): every local address is answered for";
        for font in FONTS {
            let lines = font.lines(text, 200, 99);
            assert!(lines.len() > 2 && lines.iter().all(|line| font.width(line) <= 200), "{lines:?}");
            assert_eq!(lines.join(" "), text);
            let two = font.lines(text, 200, 2);
            assert_eq!(two[0], lines[0]);
            assert!(two.len() == 2 && two[1].ends_with('…') && font.width(&two[1]) <= 200, "{two:?}");
        }
        assert!(FONTS[0].lines("", 200, 2).is_empty());
        let word = "x".repeat(99);
        assert!(FONTS[0].lines(&word, 200, 2)[0].contains('…'));
    }

    #[test]
    fn what_could_turn_or_stretch_a_line_is_spelled() {
        assert_eq!(plain("eth0\u{202e}\u{7}\u{fdfd}é网"), "eth0\\u{202e}\\u{7}\\u{fdfd}é网");
    }
}
