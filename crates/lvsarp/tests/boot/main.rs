//! Holds the resolver of sysctl files against what the real programs did: recorded cases, each for every program and version.

mod ask;
mod detect;
mod predict;
mod remarks;
mod root;

use root::Root;
use serde_json::{Value, json};

/// Cases that the resolver does not claim, with the reason.
const OUT_OF_SCOPE: &[(&str, &str)] = &[];

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("sysctl_cases.json")).expect("a list of cases")
}

#[test]
fn every_recorded_case_holds_for_every_program_and_version() {
    let (mut compared, mut wrong) = (0, Vec::new());
    for case in cases() {
        let id = case["id"].as_str().unwrap();
        if OUT_OF_SCOPE.iter().any(|(own, _)| *own == id) {
            continue;
        }
        let root = Root::of_case(&case);
        for result in case["results"].as_array().unwrap() {
            for loader in result["loaders"].as_array().unwrap() {
                let answer = ask::answer(&question(&case, &root, loader.as_str().unwrap())).unwrap();
                for (moment, recorded) in [("values", &result["values"]), ("late", &result["late"])] {
                    for (key, recorded) in
                        case["keys"].as_array().unwrap().iter().zip(recorded.as_array().into_iter().flatten())
                    {
                        let said = answer[moment].get(key.as_str().unwrap()).cloned().unwrap_or_default();
                        compared += 1;
                        if said != *recorded {
                            wrong.push(format!(
                                "{id} {} {loader}: {key} is {recorded}, said {said} ({moment})",
                                case["title"]
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 3000, "{compared}");
}

fn question(case: &Value, root: &Root, loader: &str) -> Value {
    let mut question = json!({"root": root.path(), "loader": loader});
    for field in ["interfaces", "before", "late"] {
        if !case[field].is_null() {
            question[field] = case[field].clone();
        }
    }
    // lo was up when the cases were recorded.
    let addresses = case["addresses"].as_array().into_iter().flatten().cloned().chain([json!("lo")]);
    question["addresses"] = addresses.collect();
    if loader.starts_with("procps -p") || loader.starts_with("busybox") {
        question["files"] = case["p_files"].clone();
    } else if loader.starts_with("systemd") {
        let arguments = case["systemd_arguments"].as_array().into_iter().flatten().map(|one| one.as_str().unwrap());
        let (prefixes, files): (Vec<&str>, Vec<&str>) = arguments.partition(|one| one.starts_with("--prefix="));
        let prefixes: Vec<&str> = prefixes.iter().map(|one| one.trim_start_matches("--prefix=")).collect();
        question["prefixes"] = json!(prefixes);
        question["files"] = json!(files);
    }
    question
}
