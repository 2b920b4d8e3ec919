//! What `restore` brings back at boot: the wish, as JSON that people may read and edit, and where our levels are kept.

use super::attributes::Attributes;
use super::file::Found;
use super::seal::{self, Whose};
use crate::address::Method;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{self, Place, Read};
use crate::plan::{Desired, LevelScope};
use crate::sys;

/// The file.
pub(crate) const PATH: &str = "/etc/lvsarp/real-server.json";

const FORMAT: u32 = 1;

const BEGINNING: &str = "{\n  \"format\": ";

const ABOUT_LEFT: &str = "written by lvsarp: nothing is restored at boot; `lvsarp unpersist --overwrite` removes what is left in these files";

const ABOUT: &str = "written by lvsarp; `lvsarp restore` brings this back at boot, `lvsarp unpersist` removes it";

/// What the file holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    /// None: nothing is wanted any more, but the files below were edited, so that they were left when all others were removed.
    pub desired: Option<Desired>,
    /// Files kept by others that may have a block of ours, the one in use first. None: the levels are in our own file.
    pub sysctl_conf: Vec<String>,
    /// Files in a network manager's own words that may be ours.
    pub native: Vec<String>,
}

impl Read for LevelScope {
    fn read(place: &Place<'_>) -> LevelScope {
        place.word(&[("all", LevelScope::All), ("interface", LevelScope::Interface)])
    }
}

/// The fields, in the file's order.
const FIELDS: [&str; 14] = [
    "format",
    "about",
    "lvsarp-digest",
    "left",
    "scope",
    "dev",
    "label",
    "address_scope",
    "method",
    "force",
    "sysctl_conf",
    "native",
    "vips",
    "prefixes",
];

/// The file's text, with one item a line.
pub(crate) fn render(state: &State) -> Vec<u8> {
    let State { desired, sysctl_conf, native } = state;
    let quoted = |text: &str| json::write(&text);
    let each = |items: &mut dyn Iterator<Item = String>| list(&items.map(|item| quoted(&item)).collect::<Vec<_>>());
    let mut text = format!("{BEGINNING}{FORMAT}");
    let mut add = |name: &str, value: &str| {
        [",\n  ", &quoted(name), ": ", value].iter().for_each(|part| text.push_str(part));
    };
    add("about", &quoted(if desired.is_some() { ABOUT } else { ABOUT_LEFT }));
    add("lvsarp-digest", &quoted("0000000000000000"));
    match desired {
        None => add("left", "true"),
        Some(desired) => {
            let scope = match desired.scope {
                LevelScope::All => "all",
                LevelScope::Interface => "interface",
            };
            let method = match desired.method {
                Method::Netlink => "netlink",
                Method::Ioctl => "ioctl",
            };
            let null = || "null".to_owned();
            add("scope", &quoted(scope));
            add("dev", &quoted(&desired.dev.to_string()));
            add("label", &desired.label.as_deref().map_or_else(null, quoted));
            add("address_scope", &desired.address_scope.map_or_else(null, |scope| quoted(&scope.to_string())));
            add("method", &quoted(method));
            add("force", if desired.force { "true" } else { "false" });
        }
    }
    add("sysctl_conf", &each(&mut sysctl_conf.iter().cloned()));
    add("native", &each(&mut native.iter().cloned()));
    if let Some(desired) = desired {
        add("vips", &each(&mut desired.vips.iter().map(ToString::to_string)));
        add("prefixes", &each(&mut desired.prefixes.iter().map(ToString::to_string)));
    }
    text.push_str("\n}\n");
    seal::seal(text.into_bytes())
}

fn list(items: &[String]) -> String {
    match items {
        [] => "[]".to_owned(),
        items => format!("[\n    {}\n  ]", items.join(",\n    ")),
    }
}

/// Whose a file is.
pub(crate) fn whose(text: &[u8]) -> Whose {
    seal::whose(text, BEGINNING)
}

/// Reads the file's text, also after a person has edited it; or says what is wrong.
pub(crate) fn read(text: &[u8]) -> std::result::Result<State, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    let value = json::parse(text)?;
    let format = json::format(&value)?;
    if format != FORMAT {
        return Err(format!("its format is {format}, this lvsarp reads {FORMAT}"));
    }
    let state: State = json::read(&value)?;
    if let Some(desired) = &state.desired {
        desired.check().map_err(|e| e.to_string())?;
    }
    Ok(state)
}

impl Read for State {
    fn read(place: &Place<'_>) -> State {
        // A misspelt field would be one that is missing, which some may be.
        if let Some((name, _)) = place.fields().iter().find(|(name, _)| !FIELDS.contains(&name.as_str())) {
            place.refuse(&format_args!("unknown field `{name}`"));
        }
        let desired = match place.get::<Option<bool>>("left") {
            Some(true) => None,
            _ => Some(wish(place)),
        };
        let files = |name| place.get::<Option<Vec<String>>>(name).unwrap_or_default();
        State { desired, sysctl_conf: files("sysctl_conf"), native: files("native") }
    }
}

fn wish(place: &Place<'_>) -> Desired {
    let desired = Desired {
        vips: place.get("vips"),
        prefixes: place.get("prefixes"),
        scope: place.get("scope"),
        dev: place.get("dev"),
        label: place.get("label"),
        address_scope: place.get("address_scope"),
        method: place.get("method"),
        force: place.get("force"),
        // What earlier applies bound is forgotten by then.
        exact: false,
    };
    let dev = desired.dev.as_bytes();
    if matches!(dev, b"." | b"..") || dev.iter().any(|b| matches!(b, b'/' | 0)) {
        place.refuse(&format_args!("dev: not an interface name: {:?}", desired.dev));
    }
    desired
}

/// Reads a file that was found.
///
/// # Errors
/// [`ErrorKind::Refused`] where it cannot be read as a state of ours, and those of [`only_roots`].
pub(crate) fn trusted(found: &Found, shown: &str) -> Result<State> {
    only_roots(found, shown)?;
    read(&found.content).map_err(|why| {
        Error::new(ErrorKind::Refused, "use", shown, why).hint(match whose(&found.content) {
            Whose::Foreign => "repair it, or move it away and persist again",
            _ => "repair it, or persist again and overwrite it (--overwrite)",
        })
    })
}

/// Refuses a file by which others than root would tell root what to do.
///
/// # Errors
/// [`ErrorKind::Refused`].
pub(crate) fn only_roots(found: &Found, shown: &str) -> Result<()> {
    let Attributes { mode, owner, .. } = found.attributes;
    let cause = match owner {
        _ if sys::effective_user() != 0 => return Ok(()),
        Some((user, _)) if user != 0 => format!("it belongs to user {user}, not to root"),
        _ if mode & 0o022 != 0 => format!("its mode is {mode:04o}, so others than root may write it"),
        _ => return Ok(()),
    };
    let hint = format!("look at what it says; then `chown root {shown}` and `chmod 644 {shown}`");
    Err(Error::new(ErrorKind::Refused, "use", shown, cause).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::AddressScope;
    use crate::interface::IfName;
    use crate::vip::{Prefix, Vip};

    fn desired() -> Desired {
        Desired {
            prefixes: vec![Prefix::parse("198.51.100.0/24").unwrap()],
            scope: LevelScope::Interface,
            dev: IfName::from_kernel(b"dum\xff\\y"),
            label: Some("lo:\"x\"".to_owned()),
            address_scope: Some(AddressScope(77)),
            method: Method::Ioctl,
            force: true,
            ..Desired::new(["192.0.2.10", "192.0.2.11/24", "2001:db8::1"].map(|vip| Vip::parse(vip).unwrap()))
        }
    }

    #[test]
    fn every_field_survives() {
        for desired in [desired(), Desired::new([Vip::parse("192.0.2.10").unwrap()])] {
            for sysctl_conf in [vec![], vec!["/etc/sysctl.conf".to_owned(), "/opt/a b".to_owned()]] {
                let state = State { desired: Some(desired.clone()), native: sysctl_conf.clone(), sysctl_conf };
                let text = render(&state);
                assert_eq!(whose(&text), Whose::Ours);
                assert_eq!(read(&text).unwrap(), state);
                serde_json::from_slice::<serde_json::Value>(&text).unwrap();
            }
        }
    }

    #[test]
    fn a_state_that_wants_nothing_keeps_its_files_and_has_no_vip() {
        let state = State { desired: None, sysctl_conf: vec!["/etc/sysctl.conf".to_owned()], native: vec![] };
        let text = render(&state);
        assert_eq!((whose(&text), read(&text).unwrap()), (Whose::Ours, state));
        assert!(!String::from_utf8(text).unwrap().contains("vips"));
        let json = "{\"format\": 1, \"left\": false}";
        assert!(read(json.as_bytes()).unwrap_err().contains("vips"));
    }

    #[test]
    fn each_vip_has_a_line_of_its_own() {
        let text = String::from_utf8(render(&State { desired: Some(desired()), sysctl_conf: vec![], native: vec![] }))
            .unwrap();
        assert!(text.lines().any(|line| line == "    \"192.0.2.10\","), "{text}");
    }

    #[test]
    fn an_edited_file_counts_and_is_known_to_be_edited() {
        let text = String::from_utf8(render(&State { desired: Some(desired()), sysctl_conf: vec![], native: vec![] }))
            .unwrap();
        let edited = text.replace("\"192.0.2.10\",", "\"192.0.2.10\", \"192.0.2.12\",");
        assert_eq!(whose(edited.as_bytes()), Whose::Edited);
        assert_eq!(read(edited.as_bytes()).unwrap().desired.unwrap().vips.len(), 4);
        for (from, to, why) in [
            ("\"vips\"", "\"vip\"", "unknown field `vip`"),
            ("\"format\": 1", "\"format\": 2", "its format is 2"),
            ("192.0.2.10", "192.0.2.011", "vips[0]"),
            ("192.0.2.10", "127.0.0.1", "loopback"),
            ("192.0.2.10", "192.0.2.11", "named twice"),
            ("\"ioctl\"", "\"ioct\"", "method: \"ioct\" is not known"),
            ("\"dum\\\\xff\\\\x5cy\"", "\"../eth\"", "not an interface name"),
            ("{", "[", "not JSON"),
        ] {
            let edited = text.replacen(from, to, 1);
            assert_ne!(edited, text, "{from}");
            let error = read(edited.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{to}: {error}");
        }
    }

    #[test]
    fn root_does_not_obey_what_others_may_write() {
        let content = render(&State { desired: Some(desired()), sysctl_conf: vec![], native: vec![] });
        let trust = |mode, owner| {
            let attributes = Attributes { owner: Some(owner), ..Attributes::new(mode) };
            trusted(&Found { content: content.clone(), attributes, shared: false }, PATH)
                .map(drop)
                .map_err(|e| e.to_string())
        };
        assert_eq!(trust(0o644, (0, 0)), Ok(()));
        if sys::effective_user() == 0 {
            assert!(trust(0o664, (0, 0)).unwrap_err().contains("0664"));
            assert!(trust(0o646, (0, 0)).unwrap_err().contains("0646"));
            assert!(trust(0o644, (1000, 0)).unwrap_err().contains("user 1000"));
        }
    }
}
