//! The tables of levels and keys, with their texts.

use lvsarp::key::{KernelVersion, Key, TABLE};
use lvsarp::level::{self, Lang, Meaning};
use pyo3::prelude::*;

use crate::accept::{Integer, Text};
use crate::error::{raised, unusable};

/// A row of the table of keys: name, id, (first, last), merge, (kernel, merge before it), since, text.
type KeyRow = (&'static str, u16, (i32, i32), &'static str, Option<(String, &'static str)>, String, &'static str);

/// A row of a table of levels: values, first, last, hides_vip, meaning.
type LevelRow = (&'static str, i32, i32, bool, &'static str);

fn language(tag: &Text) -> PyResult<Lang> {
    Lang::parse(&tag.0).ok_or_else(|| unusable(format!("language {:?}", tag.0), "it is neither en nor zh"))
}

/// A key that has levels, and their table.
fn table(name: &Text) -> PyResult<(Key, &'static [Meaning])> {
    let key: Key = name.0.parse().map_err(raised)?;
    let without = || unusable(format!("key {key}"), "only arp_ignore and arp_announce have levels");
    Ok((key, level::meanings(key).ok_or_else(without)?))
}

/// What the kernel does at a value, in words.
#[pyfunction]
pub fn meaning(key: Text, value: Integer<'_>, lang: Text) -> PyResult<&'static str> {
    let (key, _) = table(&key)?;
    let (value, lang) = (value.any_value_of(key)?, language(&lang)?);
    Ok(level::meaning(key, value).map_or("", |row| row.text(lang)))
}

/// The table of a key's levels.
#[pyfunction]
pub fn levels(key: Text, lang: Text) -> PyResult<Vec<LevelRow>> {
    let ((_, rows), lang) = (table(&key)?, language(&lang)?);
    Ok(rows.iter().map(|row| (row.values, row.first, row.last, row.hides_vip, row.text(lang))).collect())
}

/// The table of keys.
#[pyfunction]
pub fn keys() -> Vec<KeyRow> {
    let version = |KernelVersion(major, minor): KernelVersion| format!("{major}.{minor}");
    let row = |row: &lvsarp::key::Row| {
        let range = (*row.range.start(), *row.range.end());
        let before = row.merge_before.map(|(kernel, merge)| (version(kernel), merge.name()));
        (row.name, row.id, range, row.merge.name(), before, version(row.since), row.text)
    };
    TABLE.iter().map(row).collect()
}
