//! How it is printed: colours, pipes that close, disks that are full, help, completions, the manual page and the levels.

mod sandbox;

use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Command, Stdio};

use sandbox::{LVSARP, Ran, Sandbox};

/// These look at no host and need no sandbox.
fn plain(args: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(LVSARP);
    for name in ["NO_COLOR", "LC_ALL", "LC_MESSAGES", "LANG"] {
        command.env_remove(name);
    }
    Ran::of(command.args(args).envs(environment.iter().copied()).stdin(Stdio::null()))
}

/// The output on a terminal.
fn on_terminal(host: &Sandbox, line: &str, environment: &[(&str, &str)]) -> String {
    let mut command = host.command("script");
    command.args(["-qec", &format!("{LVSARP} {line}"), "/dev/null"]).env("TERM", "xterm");
    Ran::of(command.envs(environment.iter().copied())).out
}

#[test]
fn there_are_colours_on_a_terminal_only_and_no_color_turns_them_off() {
    let host = Sandbox::real_server();
    host.sh("ip addr add 192.0.2.10/32 dev lo");
    let explain = "explain who-has 192.0.2.10 --tell 192.0.2.3 --on eth0";
    for line in ["status", "check", "apply --vip 192.0.2.10 --dry-run", "levels", explain] {
        assert!(on_terminal(&host, line, &[]).contains("\u{1b}["), "{line} has no colour on a terminal");
        assert!(on_terminal(&host, line, &[("NO_COLOR", "")]).contains("\u{1b}["), "{line}: empty means not set");
        for off in [("NO_COLOR", "1"), ("TERM", "dumb")] {
            let text = on_terminal(&host, line, &[off]);
            assert!(!text.contains('\u{1b}') && !text.is_empty(), "{line} with {off:?}: {text:?}");
        }
        let piped = host.run(line).out;
        assert!(!piped.contains('\u{1b}') && !piped.is_empty(), "{line}: {piped:?}");
    }
    assert!(!on_terminal(&host, "check --json", &[]).contains('\u{1b}'));
}

#[test]
fn no_line_ends_with_a_space() {
    let host = Sandbox::real_server();
    host.sh("ip addr add 192.0.2.10/32 dev lo && ip link add br0 type bridge");
    for line in [
        "status",
        "check",
        "apply --vip 192.0.2.10 --dry-run",
        "explain who-has 192.0.2.10 --tell 192.0.2.3 --on eth0",
        "explain announce 192.0.2.3 --on eth0",
        "explain --help",
        "explain who-has --help",
        "snapshot",
        "levels",
        "levels --lang zh",
        "--help",
        "apply --help",
        "apply -h",
    ] {
        for text in host.run(line).out.lines() {
            assert_eq!(text.trim_end(), text, "{line}");
        }
    }
}

/// Runs the program with a standard output that nobody reads any more.
fn into_closed_pipe(args: &str) -> Ran {
    let mut child = Command::new("sh")
        .args(["-c", &format!("read go; exec {LVSARP} {args}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    for args in ["man", "levels", "levels --json", "completions zsh", "--help"] {
        let ran = into_closed_pipe(args);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{args}");
    }
    let ran = into_closed_pipe("levels nonsense --json");
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.err.starts_with("lvsarp: cannot use key"), "{ran:?}");
}

#[test]
fn a_full_disk_is_an_error() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(LVSARP).arg("man").stdout(full).output().unwrap();
    Ran::from(output).refused("cannot write the standard output: No space left on device");
}

#[test]
fn help_names_every_command_and_the_exit_status() {
    let help = plain(&["--help"], &[]).ended(0).out;
    for word in [
        "status",
        "check",
        "apply",
        "undo",
        "promote",
        "demote",
        "persist",
        "unpersist",
        "restore",
        "boot",
        "explain",
        "probe",
        "announce",
        "audit",
        "watch",
        "snapshot",
        "levels",
        "completions",
        "man",
        "Exit status:",
        "--netns",
    ] {
        assert!(help.contains(word), "{word} is not in {help}");
    }
    assert_eq!(plain(&["help", "apply"], &[]).ended(0).out, plain(&["apply", "--help"], &[]).out);
    let question = plain(&["explain", "who-has", "--help"], &[]).ended(0).out;
    for word in [
        "<TARGET>",
        "--tell <SENDER>",
        "--on <IFACE>",
        "--set <SCOPE.KEY=VALUE>",
        "--verify",
        "Examples:",
        "Exit status:",
    ] {
        assert!(question.contains(word), "{word} is not in {question}");
    }
    assert_eq!(plain(&["help", "explain", "who-has"], &[]).ended(0).out, question);
    assert_eq!(plain(&["--version"], &[]).ended(0).out, format!("lvsarp {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = plain(&["completions", shell], &[]).ended(0).out;
        for word in ["lvsarp", "lock-timeout", "who-has", "announce", "verify"] {
            assert!(script.contains(word), "{word} is not in the script for {shell}");
        }
        let json = plain(&["completions", shell, "--json"], &[]).ended(0).json();
        assert_eq!(json["script"], script);
    }
    plain(&["completions", "tcsh"], &[]).refused("invalid value 'tcsh'");
}

#[test]
fn bash_completes_with_the_script() {
    // Bash fills COMPREPLY from the words of the line so far.
    let ask = |line: &str| {
        let script = format!(
            "source <({LVSARP} completions bash); words=({line} ''); COMP_WORDS=(\"${{words[@]}}\"); \
             COMP_CWORD=$((${{#words[@]}} - 1)); _lvsarp lvsarp '' \"${{words[-2]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        Ran::of(Command::new("bash").args(["-c", &script])).ended(0).out
    };
    let commands = ask("lvsarp");
    for word in ["status", "check", "apply", "undo", "explain", "snapshot", "levels", "man"] {
        assert!(commands.split_whitespace().any(|c| c == word), "{word} is not in {commands}");
    }
    assert_eq!(ask("lvsarp apply --scope").trim(), "all interface");
    let questions = ask("lvsarp explain");
    for word in ["who-has", "announce"] {
        assert!(questions.split_whitespace().any(|c| c == word), "{word} is not in {questions}");
    }
    assert!(ask("lvsarp explain who-has").contains("--tell"));
}

#[test]
fn the_manual_page_has_its_sections_commands_and_options() {
    let page = plain(&["man"], &[]).ended(0).out;
    for line in [
        ".TH lvsarp 8",
        ".SH NAME",
        ".SH SYNOPSIS",
        ".SH DESCRIPTION",
        ".SH OPTIONS",
        ".SH COMMANDS",
        ".SS apply",
        ".SS undo",
        ".SS \"explain who-has\"",
        ".SS \"explain announce\"",
        ".SS status",
        ".SS check",
        ".SS snapshot",
        ".SS levels",
        ".SS completions",
        ".SS man",
        ".SH \"EXIT STATUS\"",
        ".SH ENVIRONMENT",
        ".SH FILES",
        ".SH EXAMPLES",
        ".SH \"SEE ALSO\"",
    ] {
        assert!(page.lines().any(|l| l.starts_with(line)), "{line} is not in the page");
    }
    for word in [
        "/run/lvsarp/",
        "\\-\\-lock\\-timeout",
        "\\-\\-netns",
        "\\-\\-tell",
        "\\-\\-verify",
        "CAP_NET_ADMIN",
        "NO_COLOR",
    ] {
        assert!(page.contains(word), "{word} is not in the page");
    }
    assert_eq!(page.matches("\\-\\-netns\\fR").count(), 1, "shared options stand in one place");
    assert_eq!(plain(&["man", "--json"], &[]).ended(0).json()["page"], page);
}

#[test]
fn levels_explains_every_key_in_both_languages() {
    let all = plain(&["levels"], &[]).ended(0).out;
    for word in ["arp_ignore\n", "arp_announce\n", "4-7", "9 and above", "negative", "rp_filter", "promote_secondaries"]
    {
        assert!(all.contains(word), "{word:?} is not in {all}");
    }
    let zh = plain(&["levels", "--lang", "zh"], &[]).ended(0).out;
    assert!(zh.contains("保持静默") && zh.contains("9 及以上"), "{zh}");
    let one = plain(&["levels", "rp_filter"], &[]).ended(0).out;
    assert!(one.contains("rp_filter") && one.contains("0 to 2") && !one.contains("arp_ignore"), "{one}");
}

#[test]
fn the_language_is_that_of_the_first_variable_that_is_set() {
    let is_chinese = |environment: &[(&str, &str)]| plain(&["levels"], environment).ended(0).out.contains("含义");
    assert!(is_chinese(&[("LANG", "zh_CN.UTF-8")]));
    assert!(is_chinese(&[("LC_ALL", ""), ("LC_MESSAGES", "zh_TW"), ("LANG", "en_US.UTF-8")]));
    assert!(!is_chinese(&[("LC_ALL", "C.UTF-8"), ("LANG", "zh_CN.UTF-8")]));
    assert!(!is_chinese(&[]));
    plain(&["levels", "--lang", "fr"], &[]).refused("language \"fr\": it is neither en nor zh");
}

#[test]
fn levels_in_json_cover_every_integer() {
    let json = plain(&["levels", "--json"], &[]).ended(0).json();
    for (key, silent) in [("arp_ignore", vec![1, 2, 8]), ("arp_announce", vec![2])] {
        let rows = json[key].as_array().unwrap();
        assert_eq!(rows[0]["first"], i32::MIN);
        assert_eq!(rows[rows.len() - 1]["last"], i32::MAX);
        let hides: Vec<i64> =
            rows.iter().filter(|row| row["hides_vip"] == true).map(|row| row["first"].as_i64().unwrap()).collect();
        assert_eq!(hides, silent, "{key}");
        assert!(rows.iter().all(|row| row["meaning"].is_string() && row["values"].is_string()));
    }
    let first = &json["keys"][0];
    assert_eq!((&first["name"], &first["id"], &first["merge"]), (&"arp_ignore".into(), &19.into(), &"max".into()));
    assert_eq!((&first["range"], &first["since"]), (&serde_json::json!([0, 8]), &"2.6".into()));
    let one = plain(&["levels", "medium_id", "--json"], &[]).ended(0).json();
    assert_eq!(one["keys"].as_array().unwrap().len(), 1);
    assert!(one.get("arp_ignore").is_none());
}
