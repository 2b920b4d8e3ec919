//! Answers a question in JSON: what a program makes of the files of a root directory.
//!
//! The question: `root`, `loader` ("systemd-sysctl 252"), and where they matter `kernel`, `inherited` (writes before there is `lo`:
//! [scope, key, text]), `first` (writes before there is another interface), `interfaces`, `addresses` (interfaces that have one), `before` (writes before the run), `prefixes`, `files`, `late` (interfaces
//! that appear after the run; for systemd the program runs again for each).

use std::error::Error;
use std::path::Path;

use lvsarp::boot::{Arguments, Files, Loader, Machine, Program, Remark};
use lvsarp::{KernelVersion, Key};
use serde_json::{Map, Value, json};

/// The answer: `values` after the run and `late` after every late interface, as {"lo/arp_ignore": 1}; `origins` in the same form; `remarks`.
pub fn answer(question: &Value) -> Result<Value, Box<dyn Error>> {
    let files = Files::read(Path::new(text(&question["root"])?))?;
    let loader: Loader = text(&question["loader"])?.parse()?;
    let kernel = question["kernel"].as_str().map_or(KernelVersion(6, 18), KernelVersion::parse);
    let mut machine = Machine::new(kernel);
    write(&mut machine, &question["inherited"])?;
    machine.add(b"lo");
    write(&mut machine, &question["first"])?;
    for name in texts(&question["interfaces"])? {
        machine.add(&name);
    }
    for name in texts(&question["addresses"])? {
        machine.freeze(&name);
    }
    write(&mut machine, &question["before"])?;
    let arguments = Arguments { prefixes: texts(&question["prefixes"])?, files: texts(&question["files"])? };
    let mut remarks = loader.run(&files, &arguments, &mut machine);
    let (values, mut origins) = state(&machine);
    let mut late = Value::Null;
    if question["late"].is_array() {
        for name in texts(&question["late"])? {
            machine.add(&name);
            if loader.program == Program::SystemdSysctl {
                let arguments =
                    Arguments { prefixes: vec![[b"/net/ipv4/conf/", &name[..]].concat()], ..Arguments::default() };
                remarks.extend(loader.run(&files, &arguments, &mut machine));
            }
        }
        (late, origins) = state(&machine);
    }
    let remarks: Vec<Value> = remarks.iter().map(remark).collect();
    Ok(
        json!({"values": values, "late": late, "origins": origins, "remarks": remarks, "mentions": files.mentions().len()}),
    )
}

fn state(machine: &Machine) -> (Value, Value) {
    let (mut values, mut origins) = (Map::new(), Map::new());
    for scope in machine.scopes() {
        for key in [Key::ArpIgnore, Key::ArpAnnounce] {
            let Some(value) = machine.value(scope, key) else { continue };
            let name = format!("{}/{key}", String::from_utf8_lossy(scope));
            if let Some(origin) = &value.origin {
                origins.insert(name.clone(), origin.to_string().into());
            }
            values.insert(name, value.number.into());
        }
    }
    (values.into(), origins.into())
}

fn remark(remark: &Remark) -> Value {
    let file = String::from_utf8_lossy(&remark.file);
    json!({"file": file, "line": remark.line, "kind": remark.kind.name(), "text": remark.text})
}

fn write(machine: &mut Machine, writes: &Value) -> Result<(), Box<dyn Error>> {
    for write in writes.as_array().into_iter().flatten() {
        // A write that the kernel refuses leaves its mark all the same.
        let _ =
            machine.write(text(&write[0])?.as_bytes(), text(&write[1])?.parse()?, text(&write[2])?.as_bytes(), None);
    }
    Ok(())
}

fn texts(list: &Value) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    list.as_array().into_iter().flatten().map(|one| Ok(text(one)?.as_bytes().to_vec())).collect()
}

fn text(value: &Value) -> Result<&str, Box<dyn Error>> {
    value.as_str().ok_or_else(|| format!("{value} is not a text").into())
}
