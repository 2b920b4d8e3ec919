//! Writing JSON: what serde's derived code hands over, as one line.
//!
//! It cannot fail, so that no field of a struct has a branch for an error; that makes it half as large as serde_json's.

use std::fmt::{self, Display, Write as _};

use serde::ser::{self, Impossible, Serialize, Serializer};

/// A thing as JSON.
pub(crate) fn write(thing: &impl Serialize) -> String {
    let mut text = String::new();
    let Ok(()) = thing.serialize(Writer(&mut text));
    text
}

/// The error of what cannot fail.
#[derive(Debug)]
pub(crate) enum Never {}

impl Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

impl ser::Error for Never {
    fn custom<T: Display>(message: T) -> Never {
        panic!("none of ours refuses to be written: {message}")
    }
}

type Written = Result<(), Never>;

struct Writer<'a>(&'a mut String);

impl<'a> Writer<'a> {
    /// A number, as it is shown.
    fn shown(self, value: &dyn Display) -> Written {
        write!(self.0, "{value}").expect("a string takes everything");
        Ok(())
    }

    fn text(self, text: &str) {
        self.0.push('"');
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
            self.0.push_str(&rest[..at]);
            match rest.as_bytes()[at] {
                b'"' => self.0.push_str("\\\""),
                b'\\' => self.0.push_str("\\\\"),
                b'\n' => self.0.push_str("\\n"),
                b'\r' => self.0.push_str("\\r"),
                b'\t' => self.0.push_str("\\t"),
                8 => self.0.push_str("\\b"),
                12 => self.0.push_str("\\f"),
                byte => write!(self.0, "\\u{byte:04x}").expect("a string takes everything"),
            }
            rest = &rest[at + 1..];
        }
        self.0.push_str(rest);
        self.0.push('"');
    }

    fn items(self, start: &str, end: &'static str) -> Items<'a> {
        self.0.push_str(start);
        Items { text: self.0, end, some: false }
    }

    /// An object with one field, up to that field's value.
    fn tagged(&mut self, name: &str) {
        self.0.push('{');
        Writer(self.0).text(name);
        self.0.push(':');
    }
}

/// A list or an object under way.
struct Items<'a> {
    text: &'a mut String,
    end: &'static str,
    some: bool,
}

impl Items<'_> {
    fn next(&mut self) -> Writer<'_> {
        if self.some {
            self.text.push(',');
        }
        self.some = true;
        Writer(self.text)
    }

    fn field(&mut self, name: &str) -> Writer<'_> {
        self.next().text(name);
        self.text.push(':');
        Writer(self.text)
    }

    fn done(self) -> Written {
        self.text.push_str(self.end);
        Ok(())
    }
}

macro_rules! numbers {
    ($($name:ident $type:ident),*) => { $(
        fn $name(self, value: $type) -> Written {
            self.shown(&value)
        }
    )* };
}

/// serde's kinds that nothing of ours is.
macro_rules! none_of_ours {
    ($($name:ident($($argument:ty),*) -> $written:ty;)*) => { $(
        fn $name(self, $(_: $argument),*) -> Result<$written, Never> {
            unreachable!("nothing of ours is written so")
        }
    )* };
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = Never;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Impossible<(), Never>;
    type SerializeTupleVariant = Impossible<(), Never>;
    type SerializeMap = Items<'a>;
    type SerializeStruct = Items<'a>;
    type SerializeStructVariant = Items<'a>;

    numbers! {
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32,
        serialize_u64 u64, serialize_bool bool
    }

    none_of_ours! {
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_tuple_struct(&'static str, usize) -> Impossible<(), Never>;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Impossible<(), Never>;
    }

    fn serialize_str(self, text: &str) -> Written {
        self.text(text);
        Ok(())
    }

    fn serialize_none(self) -> Written {
        self.serialize_unit()
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        self.0.push_str("null");
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        self.tagged(variant);
        value.serialize(Writer(self.0))?;
        self.0.push('}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, Never> {
        Ok(self.items("[", "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, Never> {
        Ok(self.items("[", "]"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Items<'a>, Never> {
        Ok(self.items("{", "}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, Never> {
        Ok(self.items("{", "}"))
    }

    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'a>, Never> {
        self.tagged(variant);
        Ok(self.items("{", "}}"))
    }
}

impl ser::SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = Never;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Written {
        value.serialize(self.next())
    }

    fn end(self) -> Written {
        self.done()
    }
}

impl ser::SerializeTuple for Items<'_> {
    type Ok = ();
    type Error = Never;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Written {
        value.serialize(self.next())
    }

    fn end(self) -> Written {
        self.done()
    }
}

impl ser::SerializeMap for Items<'_> {
    type Ok = ();
    type Error = Never;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Written {
        key.serialize(self.next())
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Written {
        self.text.push(':');
        value.serialize(Writer(self.text))
    }

    fn end(self) -> Written {
        self.done()
    }
}

impl ser::SerializeStruct for Items<'_> {
    type Ok = ();
    type Error = Never;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Written {
        value.serialize(self.field(name))
    }

    fn end(self) -> Written {
        self.done()
    }
}

impl ser::SerializeStructVariant for Items<'_> {
    type Ok = ();
    type Error = Never;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Written {
        value.serialize(self.field(name))
    }

    fn end(self) -> Written {
        self.done()
    }
}
