//! The text of JSON becomes a tree.

use super::{Result, Value};

/// How deep lists and objects may nest. Ours nest to six.
pub(super) const DEEPEST: usize = 64;

/// Reads a text of JSON.
pub(crate) fn parse(text: &str) -> Result<Value> {
    let mut parser = Parser { text: text.as_bytes(), at: 0 };
    let parsed = parser.value(0).and_then(|value| match parser.peek() {
        None => Ok(value),
        Some(_) => Err("there is something behind its end"),
    });
    parsed.map_err(|cause| format!("it is not JSON: {cause}, at byte {}", parser.at))
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

type Parsed<T> = std::result::Result<T, &'static str>;

impl Parser<'_> {
    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn word(&mut self, word: &str, value: Value) -> Parsed<Value> {
        if !self.text[self.at..].starts_with(word.as_bytes()) {
            return Err("a value is expected");
        }
        self.at += word.len();
        Ok(value)
    }

    fn value(&mut self, depth: usize) -> Parsed<Value> {
        if depth > DEEPEST {
            return Err("it nests too deep");
        }
        match self.peek().ok_or("it ends too soon")? {
            b'{' => {
                let mut fields = Vec::new();
                self.items(b'}', &mut |parser| {
                    if parser.peek() != Some(b'"') {
                        return Err("a name is expected");
                    }
                    let name = parser.string()?;
                    if !parser.take(b':') {
                        return Err("a colon is expected");
                    }
                    fields.push((name, parser.value(depth + 1)?));
                    Ok(())
                })?;
                Ok(Value::Object(fields))
            }
            b'[' => {
                let mut items = Vec::new();
                self.items(b']', &mut |parser| {
                    items.push(parser.value(depth + 1)?);
                    Ok(())
                })?;
                Ok(Value::List(items))
            }
            b'"' => self.string().map(Value::Text),
            b'n' => self.word("null", Value::Null),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err("a value is expected"),
        }
    }

    /// What stands between a bracket and its end, with commas between.
    fn items(&mut self, end: u8, item: &mut dyn FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        self.at += 1;
        if self.take(end) {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.take(end) {
                return Ok(());
            }
            if !self.take(b',') {
                return Err("a comma or an end is expected");
            }
        }
    }

    fn digits(&mut self) -> Parsed<()> {
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { Err("a digit is expected") } else { Ok(()) }
    }

    fn number(&mut self) -> Parsed<Value> {
        let start = self.at;
        self.at += usize::from(self.text[start] == b'-');
        let first = self.at;
        self.digits()?;
        if self.text[first] == b'0' && self.at > first + 1 {
            return Err("a number begins with 0");
        }
        let end = self.at;
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            self.at += usize::from(matches!(self.text.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        if self.at > end {
            return Ok(Value::Fraction);
        }
        let digits = std::str::from_utf8(&self.text[first..end]).unwrap_or("");
        Ok(match digits.parse::<u64>() {
            Ok(size) if first > start => Value::Whole(-i128::from(size)),
            Ok(size) => Value::Whole(size.into()),
            // One beyond 64 bits is none of ours.
            Err(_) => Value::Fraction,
        })
    }

    /// A string, from its first quote on.
    fn string(&mut self) -> Parsed<String> {
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            let byte = *self.text.get(self.at).ok_or("a string does not end")?;
            self.at += 1;
            match byte {
                b'"' => return String::from_utf8(bytes).map_err(|_| "a string is not UTF-8"),
                b'\\' => {
                    let mut utf8 = [0; 4];
                    bytes.extend_from_slice(self.escaped()?.encode_utf8(&mut utf8).as_bytes());
                }
                0..0x20 => return Err("a string contains a control character"),
                byte => bytes.push(byte),
            }
        }
    }

    /// What stands behind a backslash.
    fn escaped(&mut self) -> Parsed<char> {
        let byte = *self.text.get(self.at).ok_or("a string does not end")?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => byte.into(),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut code = self.hex()?;
                if code & 0xfc00 == 0xd800 && self.text[self.at..].starts_with(b"\\u") {
                    self.at += 2;
                    let low = self.hex()?.wrapping_sub(0xdc00);
                    code = if low < 0x400 { 0x10000 + ((code - 0xd800) << 10) + low } else { 0xd800 };
                }
                char::from_u32(code).ok_or("half of a surrogate pair")?
            }
            _ => return Err("an unknown escape"),
        })
    }

    fn hex(&mut self) -> Parsed<u32> {
        let digits = self.text.get(self.at..self.at + 4).ok_or("a string does not end")?;
        let mut code = 0;
        for digit in digits {
            code = code * 16 + char::from(*digit).to_digit(16).ok_or("four hexadecimal digits are expected")?;
        }
        self.at += 4;
        Ok(code)
    }
}
