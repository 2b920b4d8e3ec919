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
        "busybox-static",
        "delete-route",
        "dhcp-on-stop",
        "dynamic-on-stop",
        "glob-caught",
        "ifcfg-lo",
        "interface-name",
        "invalid-input",
        "journal",
        "link-local",
        "kebab-case",
        "lock-timeout",
        "lvsarp-digest",
        "match-device",
        "names-nothing",
        "nm-generated",
        "no-auto-down",
        "no-interface",
        "no-namespace",
        "no-scripts",
        "not-reached",
        "not-pinned",
        "not-an-assignment",
        "not-verified",
        "post-up",
        "pre-up",
        "read-only",
        "read-write",
        "source-dir",
        "stable-privacy",
        "systemd-networkd",
        "systemd-sysctl",
        "unmanaged-devices",
    ];
    codes.retain(|code| !kinds_acts_and_words.contains(&code.as_str()));
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
