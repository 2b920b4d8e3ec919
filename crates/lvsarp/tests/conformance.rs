//! Runs the behaviour suite in `tests/conformance/` through the Rust interface. The same cases run through the other faces.

mod common;

use std::net::IpAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use lvsarp::{
    Binding, Boot, BootOptions, Decision, Desired, Error, Host, IfName, Key, LevelScope, Method, Model, PersistOptions,
    Prefix, Scope, Snapshot, Via, Vip,
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

/// Each case runs in a sandbox of its own, by way of this same test. The one outside makes the directory for its files, and removes it.
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
            let root = common::sh("mktemp -d").trim().to_owned();
            let status = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "every_case_holds", "--nocapture"])
                .env("LVSARP_CASE", format!("{}#{at}", file.display()))
                .env("ROOT", &root)
                .status()
                .unwrap();
            std::fs::remove_dir_all(root).unwrap();
            assert!(status.success(), "case {:?} of {}", case["name"], file.display());
            ran += 1;
        }
    }
    println!("{ran} cases");
}

/// The files of a case below a root of its own.
fn make_files(root: &Path, files: &Value) {
    std::fs::create_dir(root.join("etc")).unwrap();
    for (path, content) in files.as_object().expect("a map of files") {
        let path = below(root, path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match (content.as_str(), content["link"].as_str()) {
            (Some(text), _) => std::fs::write(path, text).unwrap(),
            (_, Some(target)) => symlink(target, path).unwrap(),
            _ => panic!("no file: {content}"),
        }
    }
}

fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.strip_prefix('/').expect("an absolute path"))
}

fn run(place: &str) {
    let (file, at) = place.rsplit_once('#').unwrap();
    let all: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let case = &all[at.parse::<usize>().unwrap()];
    let root = case.get("files").map(|files| {
        let root = PathBuf::from(std::env::var("ROOT").unwrap());
        make_files(&root, files);
        root
    });
    // Answers and messages name files by their paths below the root.
    let without_root = |text: String| root.iter().fold(text, |text, root| text.replace(root.to_str().unwrap(), ""));
    for line in case["setup"].as_array().into_iter().flatten() {
        common::sh(line.as_str().unwrap());
    }
    let host = Host::open().unwrap();
    for call in case["calls"].as_array().expect("calls") {
        let shown = format!("{}: {call}", case["name"]);
        match (call_one(&host, root.as_deref(), call), call.get("error")) {
            (Ok(result), None) => {
                let result: Value = serde_json::from_str(&without_root(result.to_string())).unwrap();
                if let Some(expect) = call.get("expect") {
                    assert!(includes(&result, expect), "{shown}\n  gave {result}");
                }
            }
            (Err(error), Some(kind)) => {
                assert_eq!(error.kind().name(), kind.as_str().unwrap(), "{shown}\n  said {error}");
                if let Some(says) = call.get("says") {
                    let text = without_root(format!("{error} {}", error.hint_text().unwrap_or("")));
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

fn call_one(host: &Host, root: Option<&Path>, call: &Value) -> Result<Value, Error> {
    let with = &call["with"];
    let root = || root.expect("a case with files");
    let text = |key: &str| with[key].as_str();
    let dev = || IfName::new(text("dev").unwrap_or("lo"));
    let codes = |findings: &[lvsarp::Finding]| findings.iter().map(|f| f.code).collect::<Vec<_>>();
    Ok(match call["call"].as_str().expect("call") {
        // What only looks or disturbs, past the library.
        "sh" => json!(common::sh(text("line").unwrap()).trim()),
        "sysctl" => json!(common::sysctl(text("key").unwrap())),
        "shown" => json!(common::addresses(text("dev").unwrap())),
        "file" => {
            let path = below(root(), text("path").unwrap());
            match std::fs::read_link(&path) {
                Ok(target) => json!({ "link": target }),
                Err(_) if path.exists() => json!(std::fs::read_to_string(path).unwrap()),
                Err(_) => Value::Null,
            }
        }
        "tree" => json!(tree(root())),
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
            let vips = watched(with)?;
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
            let changes = match with["dry_run"] == true {
                true => host.plan_undo()?,
                false => host.undo(PATIENCE)?,
            };
            with_codes(plain(&changes), codes(&changes.findings))
        }
        "persist" => {
            let (desired, files) = (desired(with)?, files(root(), with));
            let changes = match with["dry_run"] == true {
                true => host.plan_persist(&desired, &files)?,
                false => host.persist(&desired, &files, PATIENCE)?,
            };
            with_codes(plain(&changes), codes(&changes.findings))
        }
        "unpersist" => {
            let files = files(root(), with);
            let changes = match with["dry_run"] == true {
                true => host.plan_unpersist(&files)?,
                false => host.unpersist(&files, PATIENCE)?,
            };
            with_codes(plain(&changes), codes(&changes.findings))
        }
        "restore" => {
            let changes = host.restore(root(), PATIENCE)?;
            with_codes(plain(&changes), codes(&changes.findings))
        }
        "boot" => boot(host, root(), with)?,
        other => panic!("no such call: {other}"),
    })
}

/// The addresses that a check or a boot is about.
fn watched(with: &Value) -> Result<Option<Vec<IpAddr>>, Error> {
    let vips = with.get("vips").and_then(Value::as_array);
    vips.map(|vips| vips.iter().map(|v| Ok(Vip::parse(v.as_str().unwrap())?.address())).collect()).transpose()
}

fn boot(host: &Host, root: &Path, with: &Value) -> Result<Value, Error> {
    let names = with["interfaces"].as_array().into_iter().flatten();
    let options = BootOptions {
        root: root.to_owned(),
        interfaces: names.map(|name| IfName::new(name.as_str().unwrap())).collect::<Result<_, _>>()?,
        loader: with["loader"].as_str().map(str::parse).transpose()?,
        ..BootOptions::default()
    };
    let vips = watched(with)?;
    let boot = host.boot(vips.as_deref(), &options)?;
    let codes = |boot: &Boot| boot.findings.iter().map(|finding| finding.code).collect::<Vec<_>>();
    // The same snapshot as JSON gives the same prediction for the same VIPs.
    if vips.is_some() {
        let again = Snapshot::from_json(&host.snapshot()?.to_json())?.boot(vips.as_deref(), &options)?;
        assert_eq!((&boot.levels, codes(&boot)), (&again.levels, codes(&again)));
    }
    let mut result = with_codes(plain(&boot), codes(&boot));
    // Cases name levels by scope and key.
    let by_name = |level: &lvsarp::BootLevel| (format!("{}/{}", level.scope, level.key), plain(level));
    result["levels"] = boot.levels.iter().map(by_name).collect();
    Ok(result)
}

fn files(root: &Path, with: &Value) -> PersistOptions {
    let path = |key: &str| with[key].as_str().map(PathBuf::from);
    PersistOptions {
        root: root.to_owned(),
        sysctl_conf: path("sysctl_conf"),
        comment_out: with["comment_out"] == true,
        program: path("program"),
        overwrite: with["overwrite"] == true,
        native: with["native"] == true,
    }
}

/// Every path below the root that is no directory, in the order of its bytes.
fn tree(root: &Path) -> Vec<String> {
    let listed = common::sh("cd \"$ROOT\" && find . ! -type d | cut -c2- | LC_ALL=C sort");
    assert_eq!(std::env::var("ROOT").unwrap(), root.to_str().unwrap());
    listed.lines().map(str::to_owned).collect()
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
    desired.exact = with["exact"] == true;
    Ok(desired)
}
