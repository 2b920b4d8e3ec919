//! What other files and tools do to our keys at boot, line by line.

use std::path::Path;

use crate::boot::predict::{LEVELS, Prediction};
use crate::boot::{Files, Mention, Remark, RemarkKind, Spelling, tuned};
use crate::check::{About, Findings, Severity};
use crate::persist::levels_file::PATH as OURS;

/// Tools that set our keys in files of their own, by a part of the file's name, and what to do about each.
const TOOLS: &[(&str, &str, &str)] = &[
    (
        "99-salt.conf",
        "Salt's sysctl.present",
        "take the key out of the Salt state and let lvsarp hold it: Salt looks neither at other files nor at all",
    ),
    ("55-arp-ignore.conf", "AWS ec2rescue, which takes every arp_ignore but 0 for a fault", "remove the file"),
    ("tuned", "tuned", "take the key out of the profile"),
    ("ansible", "Ansible", "take the key out of the playbook"),
    ("puppet", "Puppet", "take the key out of the manifest"),
    ("hardening", "a hardening script", "take the key out of it"),
    ("keepalived", "keepalived's package or its administrator", "take the key out of the file"),
];

/// Adds what is worth to be told about lines that are not ours.
pub(crate) fn look(root: &Path, files: &Files, prediction: &Prediction, findings: &mut Findings) {
    for remark in &prediction.remarks {
        told(remark, findings);
    }
    let mentions = files.mentions();
    for mention in mentions.iter().filter(|mention| mention.file != OURS.as_bytes()) {
        of_tool(mention, prediction, findings);
    }
    spelled_twice(&mentions, findings);
    tuned::look(root, findings);
}

/// A remark of the resolver, where it is one that a person should hear of.
fn told(remark: &Remark, findings: &mut Findings) {
    let ours = remark.file == OURS.as_bytes();
    let (code, severity, hint) = match remark.kind {
        RemarkKind::NamesNothing => (
            "level-names-nothing",
            Severity::Warning,
            "an interface that is not there yet, or a wrong spelling: write eth0.100 as net.ipv4.conf.eth0/100 or net/ipv4/conf/eth0.100",
        ),
        RemarkKind::Refused | RemarkKind::NotAnAssignment => {
            ("level-line-refused", Severity::Warning, "mend or remove the line: it sets nothing")
        }
        RemarkKind::NotReached => ("level-line-refused", Severity::Warning, "mend the line at which the program ends"),
        RemarkKind::Overridden if ours => {
            ("persisted-level-overridden", Severity::Warning, "remove the later line, or change it there")
        }
        RemarkKind::GlobCaught => ("glob-catches-lo", Severity::Info, "name the interfaces that are meant"),
        RemarkKind::Cancelled | RemarkKind::Excluded if ours => {
            ("persisted-level-overridden", Severity::Warning, "remove the exclusion")
        }
        RemarkKind::Hidden | RemarkKind::Masked if ours => {
            ("persisted-file-hidden", Severity::Warning, "remove the mask if the levels are to be set at boot")
        }
        RemarkKind::Hidden
        | RemarkKind::Masked
        | RemarkKind::Ignored
        | RemarkKind::SysctlConfNotRead
        | RemarkKind::Unread => (
            "level-file-ignored",
            if ours { Severity::Warning } else { Severity::Info },
            "what it says about our keys has no effect at boot, and may have one when somebody runs sysctl by hand",
        ),
        _ => return,
    };
    findings.add(code, severity, &About::HOST, format_args!("{remark}"), format_args!("{hint}"));
}

/// A line in the file of a tool that will write it again.
fn of_tool(mention: &Mention, prediction: &Prediction, findings: &mut Findings) {
    let file = String::from_utf8_lossy(&mention.file);
    let name = file.rsplit('/').next().unwrap_or_default();
    let scope = String::from_utf8_lossy(&mention.scope);
    let key = mention.key;
    // Whether the line is what decides in the end.
    let at = usize::from(key != LEVELS[0]);
    let decides = prediction.early.iter().chain(&prediction.late).any(|of| {
        of.origins[at].as_ref().is_some_and(|origin| origin.file == mention.file && origin.line == mention.line)
    });
    if let Some((_, tool, hint)) = TOOLS.iter().find(|(part, ..)| name.contains(part)) {
        findings.add(
            "level-of-another-tool",
            if decides { Severity::Warning } else { Severity::Info },
            &About::HOST,
            format_args!("{file}:{} names {scope}/{key}: it belongs to {tool}", mention.line),
            format_args!("{hint}"),
        );
    }
}

/// One key in both spellings, which are one key to every loader and two to a person or a tool that compares texts.
fn spelled_twice(mentions: &[Mention], findings: &mut Findings) {
    for (at, one) in mentions.iter().enumerate() {
        let same = |other: &&Mention| {
            !one.glob
                && !other.glob
                && other.key == one.key
                && other.scope == one.scope
                && other.spelling != one.spelling
        };
        let understood = |mention: &Mention| matches!(mention.spelling, Spelling::Dots | Spelling::Slashes);
        if let Some(other) = mentions[at + 1..].iter().find(same).filter(|other| understood(other) && understood(one)) {
            findings.add(
                "level-spelled-twice",
                Severity::Info,
                &About::HOST,
                format_args!(
                    "{}:{} and {}:{} name one key, {}/{}, in two spellings",
                    String::from_utf8_lossy(&one.file),
                    one.line,
                    String::from_utf8_lossy(&other.file),
                    other.line,
                    String::from_utf8_lossy(&one.scope),
                    one.key
                ),
                format_args!("keep one of them: tools that compare texts see two keys"),
            );
        }
    }
}
