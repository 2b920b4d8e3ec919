//! Tests of JSON, with serde_json as the oracle.

use super::parse::DEEPEST;
use super::*;

#[test]
fn what_serde_writes_is_read_back() {
    for json in [
        r#"null"#,
        r#"[]"#,
        r#"{}"#,
        r#"{"a":[1,-2,{"b":"c"}],"d":true,"e":false,"f":null}"#,
        r#""\u0000\u001f\"\\\n\u7f51 é 😀""#,
        "-9223372036854775808",
        "18446744073709551615",
    ] {
        let theirs: serde_json::Value = serde_json::from_str(json).unwrap();
        let ours = parse(&theirs.to_string()).unwrap();
        assert_eq!(ours, parse(json).unwrap(), "{json}");
        assert!(same(&ours, &theirs), "{json}: {ours:?}");
    }
    assert_eq!(parse(r#""\ud83d\ude00""#).unwrap(), Value::Text("\u{1f600}".to_owned()));
    assert_eq!(
        parse(" [ 1.5 , 1e3, 0 ] ").unwrap(),
        Value::List(vec![Value::Fraction, Value::Fraction, Value::Whole(0)])
    );
}

fn same(ours: &Value, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Value::Whole(a), serde_json::Value::Number(b)) => a.to_string() == b.to_string(),
        (Value::Fraction, serde_json::Value::Number(b)) => b.is_f64(),
        (Value::Text(a), serde_json::Value::String(b)) => a == b,
        (Value::List(a), serde_json::Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), serde_json::Value::Object(b)) => {
            let last = |name| a.iter().rfind(|(n, _)| n == name).map(|(_, value)| value);
            a.iter().all(|(name, _)| b.contains_key(name))
                && b.iter().all(|(name, b)| last(name).is_some_and(|a| same(a, b)))
        }
        _ => false,
    }
}

/// serde_json is the oracle: on everything that a few damaged bytes make of a text, both say the same.
#[test]
fn damaged_text_is_refused_where_serde_json_refuses_it() {
    let whole = r#" {"a": [1, -20, 3.5e-2, true, null, {"b\n\u00e9\ud83d\ude00": "c/\\ 网"}], "": [[]], "d": {}} "#;
    let mut compared = 0;
    let mut compare = |bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let theirs: std::result::Result<serde_json::Value, _> = serde_json::from_str(text);
        match (parse(text), &theirs) {
            (Ok(ours), Ok(theirs)) => assert!(same(&ours, theirs), "{text}"),
            (Err(_), Err(_)) => {}
            // A number beyond what a float holds is refused there, and passed over here.
            (Ok(_), Err(e)) if e.to_string().contains("out of range") => {}
            (ours, theirs) => panic!("{text}: {ours:?} {theirs:?}"),
        }
        compared += 1;
    };
    for at in 0..whole.len() {
        compare(&whole.as_bytes()[..at]);
        for byte in 0..=255 {
            let mut damaged = whole.as_bytes().to_vec();
            damaged[at] = byte;
            compare(&damaged);
            damaged.insert(at, b'"');
            compare(&damaged);
        }
    }
    assert!(compared > 20_000, "{compared}");
}

#[test]
fn deep_nesting_is_refused() {
    let deep = "[".repeat(100_000);
    assert!(parse(&deep).unwrap_err().contains("too deep"));
    let allowed = format!("{}{}", "[".repeat(DEEPEST + 1), "]".repeat(DEEPEST + 1));
    assert!(parse(&allowed).is_ok());
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    #[derive(Debug)]
    struct Inner {
        _number: u8,
    }
    impl Read for Inner {
        fn read(place: &Place<'_>) -> Inner {
            Inner { _number: place.get("number") }
        }
    }
    #[derive(Debug)]
    struct Outer {
        _list: Vec<Inner>,
    }
    impl Read for Outer {
        fn read(place: &Place<'_>) -> Outer {
            Outer { _list: place.get("list") }
        }
    }
    let wrong = |json: &str| read::<Outer>(&parse(json).unwrap()).unwrap_err();
    assert_eq!(
        wrong(r#"{"list":[{"number":1},{"number":256}]}"#),
        "list[1].number: it is not a whole number from 0 to 255"
    );
    assert_eq!(wrong(r#"{"list":[{}]}"#), "list[0]: missing field `number`");
    assert_eq!(wrong("{}"), "missing field `list`");
    assert_eq!(wrong("[]"), "it is not an object");
}

#[test]
fn what_is_written_is_what_serde_json_writes() {
    #[derive(serde::Serialize)]
    enum Kind {
        Plain,
        Tagged(u64),
        Struct { number: i64, nothing: Option<u8> },
    }
    #[derive(serde::Serialize)]
    struct Thing {
        text: String,
        kinds: Vec<Kind>,
        pair: (u32, bool),
        empty: [u8; 0],
        map: std::collections::BTreeMap<String, i32>,
    }
    let thing = Thing {
        text: (0..=0x7f_u8).map(char::from).chain("\u{7f51} \u{1f600}".chars()).collect(),
        kinds: vec![Kind::Plain, Kind::Tagged(u64::MAX), Kind::Struct { number: i64::MIN, nothing: None }],
        pair: (7, true),
        empty: [],
        map: [("a\"b".to_owned(), -1), ("c".to_owned(), 2)].into(),
    };
    assert_eq!(write(&thing), serde_json::to_string(&thing).unwrap());
}
