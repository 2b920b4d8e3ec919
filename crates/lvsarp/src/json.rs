//! JSON: snapshots and journals are written as one line, and read back through one small tree.
//!
//! serde's derived code says what is written. Its derived code that reads is not used: it was a quarter of the C library. What is read here is all
//! of JSON; a number with a fraction is passed over, since none of ours has one.

mod parse;
mod write;

use std::cell::OnceCell;
use std::fmt::{self, Display};
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

pub(crate) use parse::parse;
pub(crate) use write::write;

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

#[cfg(test)]
mod tests;
