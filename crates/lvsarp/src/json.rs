//! JSON: snapshots and journals are written as one line, and read back through one small tree.
//!
//! serde's derived code says what is written. Its derived code that reads is not used: it was a quarter of the C library. What is read here is all
//! of JSON; a number with a fraction is passed over, since none of ours has one.

mod write;

use std::cell::OnceCell;
use std::fmt::{self, Display};
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

pub(crate) use write::write;

/// How deep lists and objects may nest. Ours nest to six.
const DEEPEST: usize = 64;

/// A JSON value.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Whole(i128),
    /// A number with a fraction or an exponent, or beyond 64 bits.
    Fraction,
    Text(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

/// The result of reading, or in words what is wrong and where.
pub(crate) type Result<T> = std::result::Result<T, String>;

/// What can be read from a value.
pub(crate) trait Read {
    /// What stands in this place. Where it is refused anything is given back: [`read`] throws it away.
    fn read(place: &Place<'_>) -> Self;
}

/// Reads a text of JSON.
pub(crate) fn parse(text: &str) -> Result<Value> {
    let mut parser = Parser { text: text.as_bytes(), at: 0 };
    let parsed = parser.value(0).and_then(|value| match parser.peek() {
        None => Ok(value),
        Some(_) => Err("there is something behind its end"),
    });
    parsed.map_err(|cause| format!("it is not JSON: {cause}, at byte {}", parser.at))
}

/// Reads a thing from a value.
pub(crate) fn read<T: Read>(value: &Value) -> Result<T> {
    let wrong = OnceCell::new();
    let thing = T::read(&Place { value, step: Step::Whole, wrong: &wrong });
    match wrong.into_inner() {
        None => Ok(thing),
        Some(wrong) => Err(wrong),
    }
}

/// A value, and where it stands.
///
/// The first thing that is wrong is kept and reading goes on: so no field's reader returns an error, and none has to be dropped because of the next
/// one's. That halves the code.
pub(crate) struct Place<'a> {
    value: &'a Value,
    step: Step<'a>,
    wrong: &'a OnceCell<String>,
}

/// How a place is reached from the one around it.
#[derive(Clone, Copy)]
enum Step<'a> {
    Whole,
    Field(&'a Place<'a>, &'a str),
    /// The field is not there, which an `Option` takes.
    Missing(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Step::Whole => Ok(()),
            Step::Field(around, name) => write!(f, "{around}.{name}"),
            Step::Missing(around, _) => around.fmt(f),
            Step::Item(around, at) => write!(f, "{around}[{at}]"),
        }
    }
}

impl<'a> Place<'a> {
    /// Says what is wrong here, if nothing was before.
    #[cold]
    pub fn refuse(&self, cause: &dyn Display) {
        self.wrong.get_or_init(|| {
            let cause = match self.step {
                Step::Missing(_, name) => format!("missing field `{name}`"),
                _ => cause.to_string(),
            };
            match self.to_string().trim_start_matches('.') {
                "" => cause,
                place => format!("{place}: {cause}"),
            }
        });
    }

    /// A field of an object; of two with one name the last. One that is absent is read as null, which an `Option` takes.
    pub fn get<T: Read>(&self, name: &str) -> T {
        T::read(&self.field(name))
    }

    #[inline(never)]
    fn field<'b>(&'b self, name: &'b str) -> Place<'b> {
        let found = self.fields().iter().rfind(|(field, _)| field == name);
        let (value, step) = match found {
            Some((_, value)) => (value, Step::Field(self, name)),
            None => (&Value::Null, Step::Missing(self, name)),
        };
        Place { value, step, wrong: self.wrong }
    }

    /// The fields of an object.
    pub fn fields(&self) -> &'a [(String, Value)] {
        match self.value {
            Value::Object(fields) => fields,
            _ => {
                self.refuse(&"it is not an object");
                &[]
            }
        }
    }

    /// The only field of an object, which says by its name what the value is.
    pub fn tagged(&self) -> (&'a str, Place<'a>) {
        let (name, value) = match self.value {
            Value::Object(fields) if fields.len() == 1 => (&fields[0].0[..], &fields[0].1),
            _ => {
                self.refuse(&"it is not an object with one field");
                ("", &Value::Null)
            }
        };
        (name, Place { value, ..*self })
    }

    fn list(&self) -> &'a [Value] {
        match self.value {
            Value::List(items) => items,
            _ => {
                self.refuse(&"it is not a list");
                &[]
            }
        }
    }

    /// A text.
    #[inline(never)]
    pub fn text(&self) -> &'a str {
        match self.value {
            Value::Text(text) => text,
            _ => {
                self.refuse(&"it is not a text");
                ""
            }
        }
    }

    /// One of a few words.
    pub fn word<T: Copy>(&self, words: &[(&str, T)]) -> T {
        let text = self.text();
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, thing)) => *thing,
            None => {
                self.refuse(&format_args!("{text:?} is not known"));
                words[0].1
            }
        }
    }

    /// What a text parses to, or the other thing.
    pub fn parsed<T: FromStr<Err: Display>>(&self, other: T) -> T {
        self.text().parse().unwrap_or_else(|wrong| {
            self.refuse(&wrong);
            other
        })
    }

    #[inline(never)]
    fn whole(&self, first: i64, last: u64) -> i128 {
        match self.value {
            Value::Whole(number) if (i128::from(first)..=i128::from(last)).contains(number) => *number,
            _ => {
                self.refuse(&format_args!("it is not a whole number from {first} to {last}"));
                0
            }
        }
    }
}

macro_rules! whole_numbers {
    ($($type:ident)*) => { $(
        impl Read for $type {
            fn read(place: &Place<'_>) -> $type {
                place.whole($type::MIN as i64, $type::MAX as u64) as $type
            }
        }
    )* };
}
whole_numbers! { u8 u16 u32 u64 i32 i64 }

impl Read for bool {
    fn read(place: &Place<'_>) -> bool {
        match place.value {
            Value::Bool(value) => *value,
            _ => {
                place.refuse(&"it is neither true nor false");
                false
            }
        }
    }
}

impl Read for Ipv4Addr {
    fn read(place: &Place<'_>) -> Ipv4Addr {
        place.text().parse().unwrap_or_else(|_| {
            place.refuse(&"it is not an IPv4 address");
            Ipv4Addr::UNSPECIFIED
        })
    }
}

impl Read for IpAddr {
    #[inline(never)]
    fn read(place: &Place<'_>) -> IpAddr {
        place.text().parse().unwrap_or_else(|_| {
            place.refuse(&"it is not an IPv4 or IPv6 address");
            IpAddr::V4(Ipv4Addr::UNSPECIFIED)
        })
    }
}

impl Read for String {
    fn read(place: &Place<'_>) -> String {
        place.text().to_owned()
    }
}

impl Read for Box<str> {
    fn read(place: &Place<'_>) -> Box<str> {
        place.text().into()
    }
}

impl<T: Read> Read for Option<T> {
    fn read(place: &Place<'_>) -> Option<T> {
        match place.value {
            Value::Null => None,
            _ => Some(T::read(place)),
        }
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(place: &Place<'_>) -> Vec<T> {
        let items = place.list().iter().enumerate();
        items.map(|(at, value)| T::read(&Place { value, step: Step::Item(place, at), wrong: place.wrong })).collect()
    }
}

/// Reads a struct from an object whose fields have the struct's names, or the ones given.
macro_rules! read_object {
    ($type:ident { $($field:ident $(= $name:literal)?),* $(,)? }) => {
        impl $crate::json::Read for $type {
            fn read(place: &$crate::json::Place<'_>) -> $type {
                $type { $($field: place.get(read_object!(@name $field $($name)?))),* }
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $name:literal) => { $name };
}
pub(crate) use read_object;

/// The version of its format, with which every text of ours begins.
pub(crate) fn format(value: &Value) -> Result<u32> {
    read::<Head>(value).map(|head| head.format)
}

struct Head {
    format: u32,
}

read_object! { Head { format } }

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

#[cfg(test)]
mod tests;
