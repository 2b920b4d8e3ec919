//! The tables of levels and keys, with their texts. They need no handle.

use std::ffi::{c_char, c_int, c_void};

use lvsarp::key::{KernelVersion, Merge, TABLE};
use lvsarp::level::{self, Lang, Meaning};

use crate::constants::{LVSARP_MERGE_AND, LVSARP_MERGE_MAX, LVSARP_MERGE_OR, LVSARP_MERGE_OWN};
use crate::door::contained;
use crate::edge::{self, SizedStruct};
use crate::handle::{Failure, Result};
use crate::values::{lvsarp_key, lvsarp_meaning};

/// Gets one row of a table of levels. The struct is valid until it returns; non-zero ends the walk.
pub type lvsarp_meaning_cb = Option<extern "C" fn(meaning: *const lvsarp_meaning, arg: *mut c_void) -> c_int>;

/// Gets one key. The struct is valid until it returns; non-zero ends the walk.
pub type lvsarp_key_cb = Option<extern "C" fn(key: *const lvsarp_key, arg: *mut c_void) -> c_int>;

/// Runs something that has no handle to leave a message in.
fn alone(body: &mut dyn FnMut() -> Result<c_int>) -> c_int {
    contained(body).unwrap_or_else(|failure| failure.code())
}

fn language(tag: *const c_char) -> Result<Lang> {
    let tag = edge::language(tag)?;
    Lang::parse(tag).ok_or_else(|| Failure::input(format_args!("language {tag:?}"), "it is neither en nor zh"))
}

fn row(meaning: &Meaning, lang: Lang) -> lvsarp_meaning {
    let mut row = lvsarp_meaning {
        first: meaning.first,
        last: meaning.last,
        hides_vip: meaning.hides_vip.into(),
        ..lvsarp_meaning::empty()
    };
    edge::copy(meaning.values, &mut row.values);
    edge::copy(meaning.text(lang), &mut row.text);
    row
}

/// What the kernel does at a value of a level, any integer (net/ipv4/arp.c: arp_ignore(), arp_solicit()).
///
/// @param key      LVSARP_ARP_IGNORE or LVSARP_ARP_ANNOUNCE
/// @param value    any integer
/// @param lang     "en" or "zh", with or without a region (zh_CN.UTF-8); NULL, "", "C" and "POSIX" are "en"
/// @param meaning  where the row goes that the value is in; its size must be set (LVSARP_MEANING_INIT)
/// @return 0; -EINVAL for another key or language
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_meaning_of(key: i32, value: i32, lang: *const c_char, meaning: *mut lvsarp_meaning) -> c_int {
    alone(&mut || {
        let lang = language(lang)?;
        let found = level::meaning(edge::key(key)?, value).ok_or_else(|| without_levels(key))?;
        edge::fill("meaning", meaning, &row(found, lang))?;
        Ok(0)
    })
}

fn without_levels(key: i32) -> Failure {
    Failure::input(format_args!("key {key}"), "only arp_ignore and arp_announce have levels")
}

/// The table of a key's levels, from the most negative value to the largest.
///
/// @param key   LVSARP_ARP_IGNORE or LVSARP_ARP_ANNOUNCE
/// @param lang  as for lvsarp_meaning_of()
/// @param cb    gets each row
/// @param arg   is passed on to it
/// @return 0, or what cb returned to end the walk; -EINVAL
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_meaning_each(key: i32, lang: *const c_char, cb: lvsarp_meaning_cb, arg: *mut c_void) -> c_int {
    alone(&mut || {
        let lang = language(lang)?;
        let rows = level::meanings(edge::key(key)?).ok_or_else(|| without_levels(key))?;
        edge::walk(rows.iter().map(|meaning| row(meaning, lang)), cb, arg)
    })
}

/// The keys of net.ipv4.conf that ARP decisions read.
///
/// @param cb   gets each key
/// @param arg  is passed on to it
/// @return 0, or what cb returned to end the walk; -EINVAL
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_key_each(cb: lvsarp_key_cb, arg: *mut c_void) -> c_int {
    alone(&mut || {
        edge::walk(
            TABLE.iter().map(|row| {
                let (KernelVersion(before_major, before_minor), before) =
                    row.merge_before.unwrap_or((KernelVersion(0, 0), row.merge));
                let mut key = lvsarp_key {
                    key: row.id.into(),
                    first: *row.range.start(),
                    last: *row.range.end(),
                    merge: number(row.merge),
                    since_major: row.since.0,
                    since_minor: row.since.1,
                    merge_before: number(before),
                    before_major,
                    before_minor,
                    ..lvsarp_key::empty()
                };
                edge::copy(row.name, &mut key.name);
                edge::copy(row.text, &mut key.text);
                key
            }),
            cb,
            arg,
        )
    })
}

fn number(merge: Merge) -> i32 {
    match merge {
        Merge::Max => LVSARP_MERGE_MAX,
        Merge::Or => LVSARP_MERGE_OR,
        Merge::And => LVSARP_MERGE_AND,
        Merge::Own => LVSARP_MERGE_OWN,
    }
}

/// The number of a key by its name.
///
/// @param name  such as "arp_ignore"
/// @return LVSARP_ARP_IGNORE and so on, always positive; -EINVAL if there is no such key in the table
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_key_find(name: *const c_char) -> c_int {
    alone(&mut || Ok(edge::key_name(name)?.parse::<lvsarp::Key>()?.row().id.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_the_tables_fits_its_field() {
        let blank = lvsarp_meaning::empty();
        for meaning in level::ARP_IGNORE.iter().chain(level::ARP_ANNOUNCE) {
            assert!(meaning.values.len() < blank.values.len(), "{}", meaning.values);
            assert!(meaning.en.len().max(meaning.zh.len()) < blank.text.len(), "{}", meaning.en);
        }
        let blank = lvsarp_key::empty();
        for row in TABLE {
            assert!(row.name.len() < blank.name.len() && row.text.len() < blank.text.len(), "{}", row.name);
        }
    }
}
