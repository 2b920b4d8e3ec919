//! Reading JSON back: snapshots and journals, through one small tree.
//!
//! They are written by serde's derived code, which is small. The derived code that reads is not: it is a quarter of the C library. What is read
//! here is all of JSON; a number with a fraction is passed over, since none of ours has one.

use std::fmt::Display;

/// How deep lists and objects may nest. Ours nest to six.
const DEEPEST: usize = 64;

/// A JSON value.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Whole(i128),
    /// A number with a fraction or an exponent.
    Fraction,
    Text(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

/// Why something is not what it should be: where, and what.
#[derive(Debug)]
pub(crate) struct Wrong {
    place: String,
    cause: String,
}

impl Wrong {
    pub fn new(cause: impl Into<String>) -> Wrong {
        Wrong { place: String::new(), cause: cause.into() }
    }

    #[cold]
    fn in_field(mut self, name: &str, there: bool) -> Wrong {
        if !there {
            return Wrong::new(format!("missing field `{name}`"));
        }
        self.place = format!(".{name}{}", self.place);
        self
    }

    #[cold]
    fn in_item(mut self, at: usize) -> Wrong {
        self.place = format!("[{at}]{}", self.place);
        self
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.place.trim_start_matches('.') {
            "" => f.write_str(&self.cause),
            place => write!(f, "{place}: {}", self.cause),
        }
    }
}

/// The result of reading.
pub(crate) type Result<T> = std::result::Result<T, Wrong>;

/// What can be read from a value.
pub(crate) trait Read: Sized {
    fn read(value: &Value) -> Result<Self>;
}

/// Reads a text of JSON.
pub(crate) fn parse(text: &str) -> Result<Value> {
    let mut parser = Parser { text: text.as_bytes(), at: 0 };
    let parsed = parser.value(0).and_then(|value| match parser.peek() {
        None => Ok(value),
        Some(_) => Err("there is something behind its end"),
    });
    parsed.map_err(|cause| Wrong::new(format!("it is not JSON: {cause}, at byte {}", parser.at)))
}

impl Value {
    /// A field of an object; of two with one name the last. One that is absent is read as null, which an `Option` takes.
    pub fn get<T: Read>(&self, name: &str) -> Result<T> {
        let field = self.field(name)?;
        T::read(field.unwrap_or(&Value::Null)).map_err(|wrong| wrong.in_field(name, field.is_some()))
    }

    fn field(&self, name: &str) -> Result<Option<&Value>> {
        Ok(self.fields()?.iter().rfind(|(field, _)| field == name).map(|(_, value)| value))
    }

    /// The only field of an object, which says by its name what the value is.
    pub fn tagged(&self) -> Result<(&str, &Value)> {
        match self {
            Value::Object(fields) if fields.len() == 1 => Ok((&fields[0].0, &fields[0].1)),
            _ => Err(Wrong::new("it is not an object with one field")),
        }
    }

    /// The fields of an object.
    pub fn fields(&self) -> Result<&[(String, Value)]> {
        match self {
            Value::Object(fields) => Ok(fields),
            _ => Err(Wrong::new("it is not an object")),
        }
    }

    fn list(&self) -> Result<&[Value]> {
        match self {
            Value::List(items) => Ok(items),
            _ => Err(Wrong::new("it is not a list")),
        }
    }

    /// A text.
    pub fn text(&self) -> Result<&str> {
        match self {
            Value::Text(text) => Ok(text),
            _ => Err(Wrong::new("it is not a text")),
        }
    }

    /// One of a few words.
    pub fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T> {
        let text = self.text()?;
        let known = words.iter().find(|(word, _)| *word == text).map(|(_, thing)| *thing);
        known.ok_or_else(|| Wrong::new(format!("{text:?} is not known")))
    }

    /// What a text parses to.
    pub fn parsed<T: std::str::FromStr<Err: Display>>(&self) -> Result<T> {
        self.text()?.parse().map_err(|e: T::Err| Wrong::new(e.to_string()))
    }

    fn whole(&self, first: i128, last: i128) -> Result<i128> {
        match self {
            Value::Whole(number) if (first..=last).contains(number) => Ok(*number),
            _ => Err(Wrong::new(format!("it is not a whole number from {first} to {last}"))),
        }
    }
}

macro_rules! whole_numbers {
    ($($type:ident)*) => { $(
        impl Read for $type {
            fn read(value: &Value) -> Result<$type> {
                Ok(value.whole($type::MIN as i128, $type::MAX as i128)? as $type)
            }
        }
    )* };
}
whole_numbers! { u8 u16 u32 u64 i32 i128 }

impl Read for String {
    fn read(value: &Value) -> Result<String> {
        Ok(value.text()?.to_owned())
    }
}

impl Read for Box<str> {
    fn read(value: &Value) -> Result<Box<str>> {
        Ok(value.text()?.into())
    }
}

impl Read for std::net::IpAddr {
    fn read(value: &Value) -> Result<std::net::IpAddr> {
        value.text()?.parse().map_err(|_| Wrong::new("it is not an IPv4 or IPv6 address"))
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: &Value) -> Result<Option<T>> {
        if *value == Value::Null { Ok(None) } else { T::read(value).map(Some) }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: &Value) -> Result<Vec<T>> {
        let items = value.list()?;
        let mut all = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            all.push(T::read(item).map_err(|wrong| wrong.in_item(at))?);
        }
        Ok(all)
    }
}

/// Reads a struct from an object whose fields have the struct's names, or the ones given.
macro_rules! read_object {
    ($type:ident { $($field:ident $(= $name:literal)?),* $(,)? }) => {
        impl $crate::json::Read for $type {
            fn read(value: &$crate::json::Value) -> $crate::json::Result<$type> {
                Ok($type { $($field: value.get(read_object!(@name $field $($name)?))?),* })
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $name:literal) => { $name };
}
pub(crate) use read_object;

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
        let digits = std::str::from_utf8(&self.text[start..end]).unwrap_or("");
        // One of more than 38 digits is none of ours.
        Ok(digits.parse().map_or(Value::Fraction, Value::Whole))
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

#[cfg(test)]
mod tests;
