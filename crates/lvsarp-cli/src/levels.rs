//! `lvsarp levels`: what every level means, and the table of keys.

use lvsarp::key::{Merge, Row, TABLE};
use lvsarp::level::{Lang, Meaning, meanings};
use lvsarp::{KernelVersion, Key};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::answer::{Answer, Look};
use crate::args::LevelsArgs;
use crate::failure::Failure;
use crate::input::text;
use crate::output::Tone;
use crate::table::{Cell, Table};

pub(crate) fn run(args: &LevelsArgs, look: Look) -> Result<Answer, Failure> {
    let key = match &args.key {
        Some(name) => Some(text("KEY", name)?.parse::<Key>().map_err(|e| Failure::from(e).hint("see: lvsarp levels"))?),
        None => None,
    };
    let lang = match &args.lang {
        Some(tag) => {
            let tag = text("--lang", tag)?;
            Lang::parse(tag).ok_or_else(|| Failure::input(format!("language {tag:?}"), "it is neither en nor zh"))?
        }
        None => of_environment(),
    };
    let rows: Vec<&Row> = TABLE.iter().filter(|row| key.is_none_or(|key| key == row.key)).collect();
    if look.json {
        return Ok(Answer::json(&Explained { rows: &rows, lang }));
    }
    let mut parts = Vec::new();
    for row in &rows {
        if let Some(levels) = meanings(row.key) {
            let title = look.paint.tone(Tone::Bold, row.name);
            parts.push(format!("{title}\n{}", levels_table(levels, lang).render(look.paint)));
        }
    }
    parts.push(keys_table(&rows, lang).render(look.paint));
    Ok(Answer::text(parts.join("\n")))
}

/// The language that the environment asks for: the first of these variables that is set decides.
fn of_environment() -> Lang {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(std::env::var_os).find(|value| !value.is_empty());
    set.and_then(|tag| Lang::parse(tag.to_str()?)).unwrap_or_default()
}

fn levels_table(levels: &[Meaning], lang: Lang) -> Table {
    let mut table = Table::default();
    let (titles, yes, no) = match lang {
        Lang::En => (["value", "hides the VIP", "meaning"], "yes", "no"),
        Lang::Zh => (["取值", "隐藏 VIP", "含义"], "是", "否"),
    };
    table.titles(titles);
    for row in levels {
        let hides = if row.hides_vip { Cell::toned(yes, Tone::Good) } else { Cell::toned(no, Tone::Bad) };
        table.row([Cell::new(values(row, lang)), hides, Cell::new(meaning(row, lang))]);
    }
    table
}

fn meaning(row: &Meaning, lang: Lang) -> &'static str {
    match lang {
        Lang::En => row.en,
        Lang::Zh => row.zh,
    }
}

/// The values of a row as people of that language write them.
fn values(row: &Meaning, lang: Lang) -> String {
    match (lang, row.first, row.last) {
        (Lang::Zh, i32::MIN, -1) => "负数".to_owned(),
        (Lang::Zh, first, i32::MAX) => format!("{first} 及以上"),
        _ => row.values.to_owned(),
    }
}

fn keys_table(rows: &[&Row], lang: Lang) -> Table {
    let mut table = Table::default();
    table.titles(match lang {
        Lang::En => ["key", "range", "merge", "since", "text"],
        Lang::Zh => ["键", "范围", "合并规则", "起始版本", "说明"],
    });
    for row in rows {
        let (first, last) = (row.range.start(), row.range.end());
        let range = match *last {
            i32::MAX => format!("{first} and above"),
            last => format!("{first} to {last}"),
        };
        let merge = match row.merge_before {
            Some((version, old)) => format!("{} ({} before {})", row.merge.name(), old.name(), release(version)),
            None => row.merge.name().to_owned(),
        };
        table.row([row.name, &range, &merge, &release(row.since), row.text].map(Cell::new));
    }
    table
}

fn release(version: KernelVersion) -> String {
    format!("{}.{}", version.0, version.1)
}

/// `{"arp_ignore": [...], "arp_announce": [...], "keys": [...]}`, or the part of it that belongs to one key.
struct Explained<'a> {
    rows: &'a [&'static Row],
    lang: Lang,
}

#[derive(Serialize)]
struct LevelRow {
    values: &'static str,
    first: i32,
    last: i32,
    hides_vip: bool,
    meaning: &'static str,
}

#[derive(Serialize)]
struct KeyRow {
    name: &'static str,
    id: u16,
    range: [i32; 2],
    merge: &'static str,
    merge_before: Option<OldRule>,
    since: String,
    text: &'static str,
}

/// The rule of kernels before this one.
#[derive(Serialize)]
struct OldRule {
    kernel: String,
    merge: &'static str,
}

impl Serialize for Explained<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut object = s.serialize_map(None)?;
        for row in self.rows {
            if let Some(levels) = meanings(row.key) {
                let levels: Vec<LevelRow> = levels.iter().map(|level| LevelRow::of(level, self.lang)).collect();
                object.serialize_entry(row.name, &levels)?;
            }
        }
        let keys: Vec<KeyRow> = self.rows.iter().map(|row| KeyRow::of(row)).collect();
        object.serialize_entry("keys", &keys)?;
        object.end()
    }
}

impl LevelRow {
    fn of(row: &'static Meaning, lang: Lang) -> LevelRow {
        let meaning = meaning(row, lang);
        LevelRow { values: row.values, first: row.first, last: row.last, hides_vip: row.hides_vip, meaning }
    }
}

impl KeyRow {
    fn of(row: &'static Row) -> KeyRow {
        let old = |(version, merge): (KernelVersion, Merge)| OldRule { kernel: release(version), merge: merge.name() };
        KeyRow {
            name: row.name,
            id: row.id,
            range: [*row.range.start(), *row.range.end()],
            merge: row.merge.name(),
            merge_before: row.merge_before.map(old),
            since: release(row.since),
            text: row.text,
        }
    }
}
