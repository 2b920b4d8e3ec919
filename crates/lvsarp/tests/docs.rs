//! The documents say what the code says.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use lvsarp::level::{ARP_ANNOUNCE, ARP_IGNORE};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn every_code_of_a_finding_has_its_section_and_no_section_is_left_over() {
    let mut codes = BTreeSet::new();
    let mut folders = vec![root().join("crates/lvsarp/src")];
    while let Some(folder) = folders.pop() {
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                // A code is a string of at least two words of small letters joined by hyphens, in front of a severity or in a choice of codes.
                let text = fs::read_to_string(&path).unwrap();
                for quoted in text.split('"').skip(1).step_by(2) {
                    let words: Vec<&str> = quoted.split('-').collect();
                    if words.len() > 1
                        && words.iter().all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()))
                    {
                        codes.insert(quoted.to_owned());
                    }
                }
            }
        }
    }
    let kinds_acts_and_words = [
        "add-route",
        "allow-auto",
        "allow-hotplug",
        "black-hole",
        "busybox-static",
        "delete-route",
        "device-down",
        "device-up",
        "dhcp-on-stop",
        "dynamic-on-stop",
        "glob-caught",
        "ifcfg-lo",
        "interface-name",
        "interface-unprotected",
        "invalid-input",
        "journal",
        "kebab-case",
        "level-changed",
        "link-local",
        "lock-timeout",
        "lvsarp-digest",
        "match-device",
        "names-nothing",
        "nm-generated",
        "no-auto-down",
        "no-interface",
        "no-namespace",
        "no-scripts",
        "not-an-assignment",
        "not-pinned",
        "not-reached",
        "not-verified",
        "post-up",
        "pre-up",
        "read-only",
        "read-write",
        "repair-failed",
        "repair-limited",
        "source-dir",
        "stable-privacy",
        "systemd-networkd",
        "systemd-sysctl",
        "unmanaged-devices",
        "vip-added",
        "vip-misplaced",
        "vip-removed",
    ];
    codes.retain(|code| !kinds_acts_and_words.contains(&code.as_str()));
    // The one that the program itself finds.
    let role = fs::read_to_string(root().join("crates/lvsarp-cli/src/role.rs")).unwrap();
    codes.extend(role.split("code: \"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    let text = fs::read_to_string(root().join("docs/troubleshooting.md")).unwrap();
    let sections: BTreeSet<String> = text.lines().filter_map(|l| l.strip_prefix("### ")).map(str::to_owned).collect();
    assert!(codes.len() > 15, "{codes:?}");
    assert_eq!(codes, sections);
}

#[test]
fn the_tables_of_levels_are_those_of_the_library() {
    let text = fs::read_to_string(root().join("docs/levels.md")).unwrap();
    for row in ARP_IGNORE.iter().chain(ARP_ANNOUNCE) {
        assert!(text.contains(&format!("| {} | {} |", row.values, row.en)), "{}", row.en);
    }
}

#[test]
fn the_chinese_document_has_the_words_of_the_library() {
    // The document has Chinese punctuation, the program that of a terminal.
    let plain = |text: String| {
        let narrow =
            ['\u{ff0c}', '\u{ff1a}', '\u{ff1b}', '\u{ff08}', '\u{ff09}'].into_iter().zip([",", ":", ";", "(", ")"]);
        narrow.fold(text, |text, (wide, narrow)| text.replace(wide, narrow))
    };
    let text = plain(fs::read_to_string(root().join("docs/arp-problem.zh.md")).unwrap());
    for row in ARP_IGNORE.iter().chain(ARP_ANNOUNCE) {
        assert!(text.contains(&format!(" | {} | ", row.zh)), "{}", row.zh);
    }
}

/// The fenced blocks of a document in one language, each without its fences.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let mut blocks: Vec<String> = Vec::new();
    let mut inside = None;
    for line in text.lines().map(str::trim_start) {
        match (line.strip_prefix("```"), inside) {
            (Some(begun), None) => {
                inside = Some(begun == language);
                blocks.extend((begun == language).then(String::new));
            }
            (Some(_), Some(_)) => inside = None,
            (None, Some(true)) => blocks.last_mut().unwrap().push_str(&format!("{line}\n")),
            _ => {}
        }
    }
    blocks
}

#[test]
fn both_languages_show_the_same_commands_and_answers() {
    let [english, chinese] =
        ["docs/arp-problem.md", "docs/arp-problem.zh.md"].map(|document| blocks(document, "console"));
    assert!(english.len() > 5);
    assert_eq!(english, chinese);
    // What stands behind a command is translated.
    let commands = |document| -> Vec<String> {
        let lines = blocks(document, "sh").concat();
        lines.lines().map(|line| line.split('#').next().unwrap().trim().to_owned()).collect()
    };
    assert_eq!(commands("docs/arp-problem.md"), commands("docs/arp-problem.zh.md"));
}

#[test]
fn the_sandbox_of_the_boot_unit_is_the_one_that_is_told() {
    let unit = fs::read_to_string(root().join("crates/lvsarp/src/persist/unit.rs")).unwrap();
    let told = &blocks("docs/security.md", "ini")[0];
    let limits = |text: &str| -> Vec<String> {
        let words = text.lines().map(|line| line.trim().trim_end_matches("\\n\\").to_owned());
        let kinds = ["UMask=", "Lock", "Restrict", "Protect", "Private", "Capability", "NoNew", "SystemCall", "Memory"];
        words.filter(|line| kinds.iter().any(|kind| line.starts_with(kind))).collect()
    };
    assert_eq!(limits(told), limits(&unit));
}
