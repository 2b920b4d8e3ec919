//! The manual page, lvsarp(8): the options come from the description that parses them, the rest stands here.

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::args::Cli;

const DESCRIPTION: &[&str] = &[
    "In LVS direct routing the director and every real server hold the same virtual IP (VIP). The real servers must not answer ARP requests \
     for it, and must not use it as the sender of their own, or routers and neighbours learn the wrong MAC address.",
    "lvsarp looks at the levels of arp_ignore and arp_announce that are in force on every interface and at the addresses, says whether the \
     VIPs are silent and if not why, and can make them so and take that back. Levels are set and read back before a VIP is bound, and restored \
     after it is gone, so that no reply leaks in between. An apply that fails or is killed midway is rolled back, by itself or by the next call.",
    "What is applied holds until the next boot. persist writes the levels and the VIPs to files, restore is what the boot unit runs, and boot says what will \
     be in force after a reboot and which line of which file decides.",
    "What is really on the wire shows probe: who answers for a VIP, and with --listen who uses it as a sender. announce tells the neighbours of the host that \
     has a VIP where it is.",
    "watch stays and prints one line for each VIP that is bound or removed, each level that is changed and each interface that comes up unprotected, with the verdict \
     of a check after it; with --repair it applies again, so many times a minute at most.",
    "Reading needs no privilege; probe and announce need CAP_NET_RAW; apply and undo need CAP_NET_ADMIN in the user namespace that owns the network namespace, and --netns needs \
     CAP_SYS_ADMIN.",
];

const EXIT_STATUS: &[(&str, &str)] = &[
    (
        "0",
        "Done. Of check and boot: every VIP is silent, perhaps with warnings. Of explain: there is an answer, whichever.",
    ),
    (
        "1",
        "Findings. Of check: a VIP is not silent on some interface, or is not there; of boot: will not be. Of watch: the same as of check, when the time of --for is over. Of probe: a VIP has no responder, several, or one that is no director; with --listen: somebody used a VIP as \
         a sender who is neither this host nor a director. Of announce: refused, because this host is a real server or does not have the VIP. Of apply and restore: refused, because a VIP would not be silent \
         afterwards; nothing was changed.",
    ),
    (
        "2",
        "An error: wrong arguments, no such interface or namespace, a missing capability, a failed system call. Of check and boot: it could not be told. \
         Of explain: a level that decides is unknown.",
    ),
];

const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "NO_COLOR",
        "Any value but the empty one turns colours off. There are none either where the output is not a terminal.",
    ),
    ("LC_ALL, LC_MESSAGES, LANG", "The first one that is set decides the language of levels: zh or English."),
];

const FILES: &[(&str, &str)] = &[
    (
        "/run/lvsarp/netns-*.json",
        "The journal of a network namespace: what apply changed, for undo. A reboot forgets it as the kernel forgets the changes.",
    ),
    ("/run/lvsarp/netns-*.lock", "Held by an apply or undo at work."),
    ("/etc/sysctl.d/90-lvsarp.conf", "The levels for the next boot, as persist writes them."),
    ("/etc/lvsarp/real-server.json", "The VIPs for the next boot, as persist writes and restore reads them."),
    ("/etc/systemd/system/lvsarp.service", "The unit that runs restore at boot."),
    ("/run/netns/NAME", "Network namespaces by name, as ip-netns(8) makes them."),
];

const EXAMPLES: &[(&str, &str)] = &[
    ("lvsarp apply --vip 192.0.2.10", "Make this host a real server for the VIP."),
    (
        "lvsarp apply --vip 192.0.2.10,192.0.2.11 --scope interface --dry-run",
        "Say what would be done where conf/all has to stay as it is.",
    ),
    ("lvsarp check --vip 192.0.2.10 || echo not silent", "Ask from a script."),
    ("lvsarp --netns rs1 status", "Look at another network namespace."),
    ("ssh rs1 lvsarp snapshot | lvsarp check --snapshot -", "Check another machine from here."),
    ("lvsarp explain who-has 192.0.2.10 --tell 192.0.2.1 --on eth0", "Why a request is answered, or why not."),
    (
        "lvsarp explain announce 192.0.2.1 --on eth0 --from 192.0.2.10 --set all.arp_announce=1",
        "What if the level were another one? Nothing is changed.",
    ),
    ("lvsarp status --svg host.svg", "Draw the host: what is silent, what leaks, and why."),
    (
        "lvsarp explain who-has 192.0.2.10 --tell 192.0.2.1 --on eth0 --svg - > request.svg",
        "Draw the way of one request through the kernel's checks.",
    ),
    (
        "lvsarp probe 192.0.2.10 --on eth0 --director 02:00:00:00:00:01",
        "Is the director the only one who answers for the VIP?",
    ),
    ("lvsarp probe 192.0.2.10 --on eth0 --listen", "Who uses the VIP as a sender?"),
    ("lvsarp watch", "Say what changes, as it changes."),
    ("lvsarp watch --vip 192.0.2.10 --repair", "Make this host a real server, and keep it one."),
    ("lvsarp announce 192.0.2.10 --on eth0", "On the director: mend the neighbours' caches after a leak."),
    ("lvsarp undo", "Take back what apply did."),
    ("lvsarp apply --vip 192.0.2.10 --persist", "The same so that it outlives a reboot."),
    (
        "lvsarp boot --interface eth0.100",
        "What will be in force after a reboot, also on an interface that is not there yet?",
    ),
    ("lvsarp boot --root /mnt/image --vip 192.0.2.10", "The same of an image, without any privilege."),
    ("lvsarp levels arp_ignore", "What the values mean."),
];

const SEE_ALSO: &[&str] =
    &["arp(7)", "arping(8)", "ip-address(8)", "ip-netns(8)", "ipvsadm(8)", "sysctl(8)", "sysctl.d(5)"];

/// The page in roff.
pub(crate) fn page() -> Vec<u8> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut page = Vec::new();
    let man = Man::new(command.clone()).section("8").manual("System administration");
    let sections = [Man::render_title, Man::render_name_section];
    sections.iter().try_for_each(|section| section(&man, &mut page)).expect(VEC);
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([
        bold("lvsarp"),
        roman(" [--netns "),
        italic("NETNS"),
        roman("] [--json] "),
        italic("command"),
        roman(" ..."),
    ]);
    roff.control("SH", ["DESCRIPTION"]);
    for (at, paragraph) in DESCRIPTION.iter().enumerate() {
        if at > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(*paragraph)]);
    }
    roff.to_writer(&mut page).expect(VEC);
    man.render_options_section(&mut page).expect(VEC);
    Roff::new().control("SH", ["COMMANDS"]).to_writer(&mut page).expect(VEC);
    for sub in command.get_subcommands() {
        subcommand(sub, sub.get_name(), &mut page);
    }
    rest().to_writer(&mut page).expect(VEC);
    page
}

const VEC: &str = "a Vec takes every byte";

/// One command with the options that are its own, or the commands below it.
fn subcommand(sub: &Command, name: &str, page: &mut Vec<u8>) {
    let below: Vec<&Command> = sub.get_subcommands().filter(|below| below.get_name() != "help").collect();
    if !below.is_empty() {
        for sub in below {
            subcommand(sub, &format!("{name} {}", sub.get_name()), page);
        }
        return;
    }
    let own = sub.clone().mut_args(|arg| {
        let shared = arg.is_global_set() || arg.get_id() == "help";
        arg.hide(shared)
    });
    let mut roff = Roff::new();
    roff.control("SS", [name]);
    let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
    roff.text([roman(if about.ends_with('?') { about } else { format!("{about}.") })]);
    roff.to_writer(page).expect(VEC);
    let mut options = Vec::new();
    Man::new(own).render_options_section(&mut options).expect(VEC);
    // The options of a command stand below its name, not in a section of their own.
    let options = String::from_utf8_lossy(&options).replace(".SH OPTIONS\n", "");
    page.extend_from_slice(options.as_bytes());
}

/// What follows the commands.
fn rest() -> Roff {
    let mut roff = Roff::new();
    let sections =
        [("EXIT STATUS", EXIT_STATUS), ("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES), ("EXAMPLES", EXAMPLES)];
    for (title, entries) in sections {
        roff.control("SH", [title]);
        for (entry, text) in entries {
            roff.control("TP", []);
            roff.text([bold(*entry)]);
            roff.text([roman(*text)]);
        }
    }
    roff.control("SH", ["SEE ALSO"]);
    let mut line: Vec<Inline> = Vec::new();
    for (at, page) in SEE_ALSO.iter().enumerate() {
        line.push(roman(if at == 0 { "" } else { ", " }));
        line.push(bold(*page));
    }
    roff.text(line);
    roff
}
