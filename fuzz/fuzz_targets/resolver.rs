//! Any bytes as sysctl files: every loader of every version reads them, and nothing panics, hangs, or contradicts itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lvsarp::boot::{Arguments, Files, Loader, Machine};
use lvsarp::{KernelVersion, Key};

const PATHS: [&str; 6] = [
    "/etc/sysctl.d/50-a.conf",
    "/usr/lib/sysctl.d/50-a.conf",
    "/etc/sysctl.d/90-lvsarp.conf",
    "/run/sysctl.d/.99-hidden.conf",
    "/usr/lib/sysctl.d/99-z.conf",
    "/etc/sysctl.conf",
];
const LOADERS: [&str; 16] = [
    "systemd-sysctl 247",
    "systemd-sysctl 252",
    "systemd-sysctl 257",
    "systemd-sysctl 262",
    "procps 3.3.17",
    "procps 4.0.2",
    "procps 4.0.4",
    "procps 4.0.7",
    "procps -p 3.3.17",
    "procps -p 4.0.2",
    "procps -p 4.0.4",
    "procps -p 4.0.7",
    "busybox 1.30.1",
    "busybox 1.35.0",
    "busybox 1.37.0",
    "busybox 1.38.0",
];

fuzz_target!(|data: &[u8]| {
    // Files are apart where a byte 0xff is.
    let mut files = Files::default();
    for (path, text) in PATHS.iter().zip(data.split(|byte| *byte == 0xff)) {
        files = files.with_file(path.as_bytes(), Some(text));
    }
    for mention in files.mentions() {
        assert!(mention.line > 0);
    }
    for name in LOADERS {
        let loader: Loader = name.parse().expect("a loader that is known");
        let mut machine = Machine::new(KernelVersion(6, 1));
        for interface in [&b"lo"[..], b"eth0", b"eth0.100", b"v[0]"] {
            machine.add(interface);
        }
        machine.freeze(b"lo");
        loader.run(&files, &Arguments::default(), &mut machine);
        // A value that no line set is the kernel's own.
        for scope in [&b"all"[..], b"default", b"lo", b"eth0", b"eth0.100"] {
            let value = machine.value(scope, Key::ArpIgnore).expect("a scope that is there");
            assert!(value.number == 0 || value.origin.is_some(), "{name} {scope:?}");
        }
        machine.add(b"eth7");
        let prefixes = vec![b"/net/ipv4/conf/eth7".to_vec(), data.iter().take(24).copied().collect()];
        loader.run(&files, &Arguments { prefixes, files: Vec::new() }, &mut machine);
    }
});
