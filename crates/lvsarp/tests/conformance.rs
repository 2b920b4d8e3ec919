//! Runs the behaviour suite in `tests/conformance/` through the Rust interface. The same cases run through the other faces.

mod common;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use lvsarp::{
    Binding, Decision, Desired, Error, Host, IfName, Key, LevelScope, Method, Model, Prefix, Scope, Snapshot, Via, Vip,
};
use serde::Serialize;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(10);

fn suite() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance")
}

fn cases() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(suite())
        .expect("tests/conformance")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    files
}

/// Each case runs in a sandbox of its own, by way of this same test.
#[test]
fn every_case_holds() {
    if let Ok(file) = std::env::var("LVSARP_CASE") {
        if common::inside("every_case_holds") {
            run(&file);
        }
        return;
    }
    let files = cases();
    assert!(!files.is_empty(), "no cases were found");
    let mut ran = 0;
    for file in files {
        let all: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).expect("a list of cases");
        for (at, case) in all.iter().enumerate() {
            let status = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "every_case_holds", "--nocapture"])
                .env("LVSARP_CASE", format!("{}#{at}", file.display()))
                .status()
                .unwrap();
            assert!(status.success(), "case {:?} of {}", case["name"], file.display());
            ran += 1;
        }
    }
    println!("{ran} cases");
}

fn run(place: &str) {
    let (file, at) = place.rsplit_once('#').unwrap();
    let all: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let case = &all[at.parse::<usize>().unwrap()];
    for line in case["setup"].as_array().into_iter().flatten() {
        common::sh(line.as_str().unwrap());
    }
    let host = Host::open().unwrap();
    for call in case["calls"].as_array().expect("calls") {
        let shown = format!("{}: {call}", case["name"]);
        match (call_one(&host, call), call.get("error")) {
            (Ok(result), None) => {
                if let Some(expect) = call.get("expect") {
                    assert!(includes(&result, expect), "{shown}\n  gave {result}");
                }
            }
            (Err(error), Some(kind)) => {
                assert_eq!(error.kind().name(), kind.as_str().unwrap(), "{shown}\n  said {error}");
                if let Some(says) = call.get("says") {
                    let text = format!("{error} {}", error.hint_text().unwrap_or(""));
                    assert!(text.contains(says.as_str().unwrap()), "{shown}\n  said {text}");
                }
            }
            (Ok(result), Some(_)) => panic!("{shown}\n  gave {result} instead of an error"),
            (Err(error), None) => panic!("{shown}\n  said {error}"),
        }
    }
}

/// Whether a result has everything that is expected: objects may have more, lists may not.
fn includes(result: &Value, expect: &Value) -> bool {
    match (result, expect) {
        (Value::Object(result), Value::Object(expect)) => {
            expect.iter().all(|(key, value)| result.get(key).is_some_and(|r| includes(r, value)))
        }
        (Value::Array(result), Value::Array(expect)) => {
            result.len() == expect.len() && result.iter().zip(expect).all(|(r, e)| includes(r, e))
        }
        _ => result == expect,
    }
}

fn plain(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn call_one(host: &Host, call: &Value) -> Result<Value, Error> {
    let with = &call["with"];
    let text = |key: &str| with[key].as_str();
    let dev = || IfName::new(text("dev").unwrap_or("lo"));
    let codes = |findings: &[lvsarp::Finding]| findings.iter().map(|f| f.code).collect::<Vec<_>>();
    Ok(match call["call"].as_str().expect("call") {
        // What only looks or disturbs, past the library.
        "sh" => json!(common::sh(text("line").unwrap()).trim()),
        "sysctl" => json!(common::sysctl(text("key").unwrap())),
        "shown" => json!(common::addresses(text("dev").unwrap())),
        // The library.
        "get" => plain(host.get(&Scope::new(text("name").unwrap())?)?),
        "set" => {
            let mut values = Vec::new();
            for key in [lvsarp::Key::ArpIgnore, lvsarp::Key::ArpAnnounce] {
                if let Some(value) = with.get(key.name()) {
                    values.push((key, key.check(value.as_i64().unwrap())?));
                }
            }
            let via = match text("via") {
                Some("procfs") => Via::Procfs,
                Some("netlink") => Via::Netlink,
                _ => Via::Auto,
            };
            plain(host.set(&Scope::new(text("name").unwrap())?, &values, via)?)
        }
        "addresses" => plain(host.addresses(Some(&dev()?))?),
        "bind" => {
            let binding = Binding {
                label: text("label").map(str::to_owned),
                scope: text("scope").unwrap_or("global").parse()?,
                method: method(with),
                force: with["force"] == true,
                ..Binding::new(Vip::parse(text("vip").unwrap())?, dev()?)
            };
            json!(host.bind(&binding)?)
        }
        "unbind" => json!(host.unbind(Vip::parse(text("vip").unwrap())?, &dev()?)?),
        "bind_prefix" => json!(host.bind_prefix(Prefix::parse(text("prefix").unwrap())?, &dev()?)?),
        "unbind_prefix" => json!(host.unbind_prefix(Prefix::parse(text("prefix").unwrap())?, &dev()?)?),
        "check" => {
            let vips = with.get("vips").map(|vips| {
                vips.as_array().unwrap().iter().map(|v| Ok(Vip::parse(v.as_str().unwrap())?.address())).collect()
            });
            let vips: Option<Vec<_>> = vips.transpose()?;
            let report = host.check(vips.as_deref())?;
            // The same snapshot as JSON gives the same verdict on the same VIPs.
            if vips.is_some() {
                let again = Snapshot::from_json(&host.snapshot()?.to_json())?.check(vips.as_deref())?;
                assert_eq!(codes(&report.findings), codes(&again.findings));
            }
            with_codes(plain(&report), codes(&report.findings))
        }
        "would_reply" => plain(would_reply(host, with)?),
        "would_announce" => plain(would_announce(host, with)?),
        "plan" => {
            let plan = host.plan(&desired(with)?)?;
            with_codes(plain(&plan), codes(&plan.findings))
        }
        "apply" => {
            let changes = host.apply(&desired(with)?, PATIENCE)?;
            with_codes(plain(&changes), codes(&changes.findings))
        }
        "undo" => {
            let changes = host.undo(PATIENCE)?;
            with_codes(plain(&changes), codes(&changes.findings))
        }
        other => panic!("no such call: {other}"),
    })
}

/// `set`: settings such as `all.arp_ignore=3`, parted by spaces. `snapshot`: a file in place of the host.
fn described(host: &Host, with: &Value) -> Result<Snapshot, Error> {
    let mut snapshot = match with["snapshot"].as_str() {
        Some(file) => {
            let file = suite().join("snapshots").join(format!("{file}.json"));
            Snapshot::from_json(&std::fs::read_to_string(file).unwrap())?
        }
        None => host.snapshot()?,
    };
    for setting in with["set"].as_str().unwrap_or("").split_whitespace() {
        let (name, value) = setting.rsplit_once('=').unwrap();
        let (scope, key) = name.rsplit_once('.').unwrap();
        snapshot = snapshot.with(&Scope::new(scope)?, key.parse::<Key>()?, value.parse().unwrap())?;
    }
    Ok(snapshot)
}

/// Whether the host itself is asked, and whether it asks the kernel as well.
fn asks_host(with: &Value) -> Option<bool> {
    (with["snapshot"].is_null() && with["set"].is_null()).then(|| with["verify"] == true)
}

fn would_reply(host: &Host, with: &Value) -> Result<Decision, Error> {
    let address = |name: &str| lvsarp::ipv4(name, with[name].as_str().unwrap());
    let (target, sender) = (address("target")?, address("sender")?);
    let on = IfName::new(with["on"].as_str().unwrap())?;
    let snapshot = described(host, with)?;
    let decision = match asks_host(with) {
        Some(verify) => host.would_reply(target, sender, &on, verify)?,
        None => snapshot.would_reply(target, sender, &on)?,
    };
    // The same snapshot as JSON gives the same decision, and a model the same answer without the reasons.
    let again = Snapshot::from_json(&snapshot.to_json())?.would_reply(target, sender, &on)?;
    assert_eq!(Decision { witness: None, ..decision.clone() }, again);
    assert_eq!(Model::of(&snapshot).replies(target, sender, &on)?, decision.replies());
    Ok(decision)
}

fn would_announce(host: &Host, with: &Value) -> Result<Decision, Error> {
    let address = |name: &str| lvsarp::ipv4(name, with[name].as_str().unwrap());
    let target = address("target")?;
    let source = with.get("source").map(|_| address("source")).transpose()?;
    let on = IfName::new(with["on"].as_str().unwrap())?;
    let snapshot = described(host, with)?;
    let decision = match asks_host(with) {
        Some(verify) => host.would_announce(target, &on, source, verify)?,
        None => snapshot.would_announce(target, &on, source)?,
    };
    let again = Snapshot::from_json(&snapshot.to_json())?.would_announce(target, &on, source)?;
    assert_eq!(Decision { witness: None, ..decision.clone() }, again);
    assert_eq!(Model::of(&snapshot).announces(target, &on, source)?, decision.source());
    Ok(decision)
}

/// Cases name findings by their codes.
fn with_codes(mut result: Value, codes: Vec<&str>) -> Value {
    result["codes"] = json!(codes);
    result
}

fn method(with: &Value) -> Method {
    if with["method"] == "ioctl" { Method::Ioctl } else { Method::Netlink }
}

fn desired(with: &Value) -> Result<Desired, Error> {
    let mut vips = Vec::new();
    for vip in with["vips"].as_array().into_iter().flatten() {
        vips.push(Vip::parse(vip.as_str().unwrap())?);
    }
    let mut desired = Desired::new(vips);
    for prefix in with["prefixes"].as_array().into_iter().flatten() {
        desired.prefixes.push(Prefix::parse(prefix.as_str().unwrap())?);
    }
    if with["scope"] == "interface" {
        desired.scope = LevelScope::Interface;
    }
    if let Some(dev) = with["dev"].as_str() {
        desired.dev = IfName::new(dev)?;
    }
    desired.label = with["label"].as_str().map(str::to_owned);
    desired.address_scope = match with["address_scope"].as_str() {
        None | Some("auto") => None,
        Some(scope) => Some(scope.parse()?),
    };
    desired.method = method(with);
    desired.force = with["force"] == true;
    Ok(desired)
}
