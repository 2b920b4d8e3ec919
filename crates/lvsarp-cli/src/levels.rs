//! `lvsarp levels`: what every level means, and the table of keys.

use lvsarp::Key;
use lvsarp::key::{Row, TABLE};
use lvsarp::level::{Lang, Meaning, meanings};
use serde_json::{Map, Value, json};

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
        return Ok(Answer::json(&as_json(&rows, lang)));
    }
    let mut parts = Vec::new();
    for row in &rows {
        if let Some(levels) = meanings(row.key) {
            let title = format!("{}\n", look.paint.tone(Tone::Bold, row.name));
            parts.push(title + &levels_table(levels, lang).render(look.paint));
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

fn meaning_in(meaning: &Meaning, lang: Lang) -> &'static str {
    match lang {
        Lang::En => meaning.en,
        Lang::Zh => meaning.zh,
    }
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
        table.row([Cell::new(row.values), hides, Cell::new(meaning_in(row, lang))]);
    }
    table
}

fn keys_table(rows: &[&Row], lang: Lang) -> Table {
    let mut table = Table::default();
    table.titles(match lang {
        Lang::En => ["key", "range", "merge", "since", "text"],
        Lang::Zh => ["键", "范围", "合并规则", "起始版本", "说明"],
    });
    for row in rows {
        let (first, last) = (row.range.start(), row.range.end());
        let range = if *last == i32::MAX { format!("{first}-") } else { format!("{first}-{last}") };
        let merge = match row.merge_before {
            Some((version, old)) => format!("{} ({} before {})", row.merge.name(), old.name(), version_text(version)),
            None => row.merge.name().to_owned(),
        };
        table.row([row.name, &range, &merge, &version_text(row.since), row.text].map(Cell::new));
    }
    table
}

fn version_text(version: lvsarp::KernelVersion) -> String {
    format!("{}.{}", version.0, version.1)
}

fn as_json(rows: &[&Row], lang: Lang) -> Value {
    let mut object = Map::new();
    for row in rows {
        if let Some(levels) = meanings(row.key) {
            let levels = levels.iter().map(|level| {
                json!({
                    "values": level.values,
                    "first": level.first,
                    "last": level.last,
                    "hides_vip": level.hides_vip,
                    "meaning": meaning_in(level, lang),
                })
            });
            object.insert(row.name.to_owned(), levels.collect());
        }
    }
    let keys = rows.iter().map(|row| {
        json!({
            "name": row.name,
            "id": row.id,
            "range": [row.range.start(), row.range.end()],
            "merge": row.merge.name(),
            "merge_before": row.merge_before.map(|(version, merge)| json!({ "kernel": version_text(version), "merge": merge.name() })),
            "since": version_text(row.since),
            "text": row.text,
        })
    });
    object.insert("keys".to_owned(), keys.collect());
    Value::Object(object)
}
