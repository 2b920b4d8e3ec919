//! Every entry point of the core has its function in C, or a reason why C does not want it. A new one without either fails here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What the core offers, and what C calls for it.
const COVERED: &[(&str, &[&str])] = &[
    ("Host::open", &["lvsarp_open", "lvsarp_open_message"]),
    ("Host::open_netns", &["lvsarp_open", "lvsarp_open_message"]),
    ("Host::snapshot", &["lvsarp_snapshot"]),
    ("Host::local_routes", &["lvsarp_prefix_each"]),
    ("Host::interfaces", &["lvsarp_interface_each"]),
    ("Host::addresses", &["lvsarp_address_each", "lvsarp_vip_each"]),
    ("Host::get", &["lvsarp_get"]),
    ("Host::read", &["lvsarp_read"]),
    ("Host::set", &["lvsarp_set", "lvsarp_set_many"]),
    ("Host::bind", &["lvsarp_vip_bind"]),
    ("Host::bind_many", &["lvsarp_vip_bind_many"]),
    ("Host::unbind", &["lvsarp_vip_unbind"]),
    ("Host::unbind_many", &["lvsarp_vip_unbind_many"]),
    ("Host::bind_prefix", &["lvsarp_prefix_bind"]),
    ("Host::unbind_prefix", &["lvsarp_prefix_unbind"]),
    ("Host::plan", &["lvsarp_plan", "lvsarp_step_each"]),
    ("Host::apply", &["lvsarp_apply", "lvsarp_changed", "lvsarp_lock_timeout"]),
    ("Host::undo", &["lvsarp_undo"]),
    ("Host::plan_undo", &["lvsarp_plan_undo"]),
    ("Host::check", &["lvsarp_check", "lvsarp_finding_each", "lvsarp_verdict_each"]),
    ("Host::persist", &["lvsarp_persist"]),
    ("Host::plan_persist", &["lvsarp_persist"]),
    ("Host::apply_persistent", &["lvsarp_persist"]),
    ("Host::unpersist", &["lvsarp_unpersist"]),
    ("Host::plan_unpersist", &["lvsarp_unpersist"]),
    ("Host::undo_persistent", &["lvsarp_undo", "lvsarp_unpersist"]),
    ("Host::restore", &["lvsarp_restore"]),
    ("Host::probe", &["lvsarp_probe"]),
    ("Host::prober", &["lvsarp_probe_open", "lvsarp_probe_fd", "lvsarp_probe_message"]),
    ("Prober::start", &["lvsarp_probe_start"]),
    ("Prober::dispatch", &["lvsarp_probe_dispatch"]),
    ("Prober::responders", &["lvsarp_probe_dispatch"]),
    ("Prober::lost", &["lvsarp_probe_lost"]),
    ("Host::listen", &["lvsarp_listen_open", "lvsarp_listen_fd", "lvsarp_listen_message"]),
    ("Listener::dispatch", &["lvsarp_listen_dispatch"]),
    ("Listener::lost", &["lvsarp_listen_lost"]),
    ("Host::audit", &["lvsarp_audit"]),
    ("Host::auditor", &["lvsarp_audit_open", "lvsarp_audit_fd", "lvsarp_audit_message"]),
    ("Auditor::start", &["lvsarp_audit_start"]),
    ("Auditor::dispatch", &["lvsarp_audit_dispatch"]),
    ("Audit::reasons", &["lvsarp_audit", "lvsarp_audit_dispatch"]),
    ("Audit::write_reasons", &["lvsarp_audit", "lvsarp_audit_dispatch"]),
    ("Host::watch", &["lvsarp_watch_open", "lvsarp_watch_fd", "lvsarp_watch_message"]),
    ("Watch::dispatch", &["lvsarp_watch_dispatch"]),
    ("Host::announce", &["lvsarp_announce"]),
    ("Host::plan_announce", &["lvsarp_announce"]),
    ("Host::promote", &["lvsarp_promote"]),
    ("Host::plan_promote", &["lvsarp_promote"]),
    ("Host::demote", &["lvsarp_demote"]),
    ("Host::plan_demote", &["lvsarp_demote"]),
    ("Host::boot", &["lvsarp_boot", "lvsarp_boot_level_each", "lvsarp_boot_loader", "lvsarp_boot_rehearsed"]),
    ("Snapshot::boot", &["lvsarp_boot"]),
    ("Snapshot::from_json", &["lvsarp_open_snapshot"]),
    ("Snapshot::to_json", &["lvsarp_snapshot"]),
    ("Snapshot::conf", &["lvsarp_read"]),
    ("Snapshot::levels", &["lvsarp_get"]),
    ("Snapshot::level", &["lvsarp_read", "lvsarp_key_each"]),
    ("Snapshot::addresses_of", &["lvsarp_address_each"]),
    ("Snapshot::interface", &["lvsarp_interface_each"]),
    ("Snapshot::by_index", &["lvsarp_interface_each"]),
    ("Snapshot::role", &["lvsarp_interface_each"]),
    ("Snapshot::vips", &["lvsarp_check", "lvsarp_verdict_each"]),
    ("Snapshot::plan", &["lvsarp_plan"]),
    ("Snapshot::check", &["lvsarp_check"]),
    ("Snapshot::with", &["lvsarp_assume"]),
    ("Host::would_reply", &["lvsarp_would_reply"]),
    ("Host::would_announce", &["lvsarp_would_announce"]),
    ("Snapshot::would_reply", &["lvsarp_would_reply"]),
    ("Snapshot::would_announce", &["lvsarp_would_announce"]),
    ("Snapshot::caveats", &["lvsarp_would_reply", "lvsarp_would_announce"]),
    ("Model::new", &["lvsarp_open_snapshot", "lvsarp_assume"]),
    ("Model::snapshot", &["lvsarp_snapshot"]),
    ("Model::would_reply", &["lvsarp_would_reply"]),
    ("Model::would_announce", &["lvsarp_would_announce"]),
    ("Model::replies", &["lvsarp_would_reply"]),
    ("Model::announces", &["lvsarp_would_announce"]),
    ("Model::check", &["lvsarp_check"]),
    ("Decision::replies", &["lvsarp_would_reply"]),
    ("Decision::learns", &["lvsarp_would_reply"]),
    ("Decision::source", &["lvsarp_would_announce"]),
    ("Decision::is_known", &["lvsarp_would_reply", "lvsarp_would_announce"]),
    ("vip::ipv4", &["lvsarp_would_reply", "lvsarp_would_announce"]),
    ("Error::errno", &["lvsarp_strerror"]),
    ("Error::kind", &["lvsarp_kind"]),
    ("Error::hint_text", &["lvsarp_hint"]),
    ("Error::rolled_back", &["lvsarp_rolled_back"]),
    ("Error::aftermath", &["lvsarp_message"]),
    ("Error::findings", &["lvsarp_finding_each"]),
    ("Report::has_errors", &["lvsarp_finding_each"]),
    ("Boot::has_errors", &["lvsarp_finding_each"]),
    ("Plan::is_empty", &["lvsarp_step_each"]),
    ("level::meaning", &["lvsarp_meaning_of"]),
    ("level::meanings", &["lvsarp_meaning_each"]),
];

/// What C has no use for, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("Host::kernel_version", "uname() knows it"),
    ("Host::revert", "a health checker or agent applies for good; lvsarp_undo() takes all of it back"),
    ("Snapshot::kernel_version", "it chooses between rules inside the library"),
    ("Model::of", "a handle keeps its snapshot"),
    ("PersistOptions::new", "LVSARP_PERSIST_OPTIONS_INIT is that"),
    ("Files::read", "lvsarp_boot() reads them"),
    ("Files::entries", "C asks lvsarp_boot() for levels and findings, not for the files"),
    ("Files::entry", "as Files::entries"),
    ("Files::with_file", "C has no model of the files to change; it writes one below a root and asks lvsarp_boot()"),
    ("Files::mentions", "lvsarp_boot() makes findings of those that matter"),
    ("Loader::run", "lvsarp_boot() runs it over the files and hands out the levels"),
    ("Loader::detect", "lvsarp_boot() does it where no loader is named, and lvsarp_boot_loader() says which it is"),
    ("Machine::new", "lvsarp_boot() makes the machine of the handle's interfaces"),
    ("Machine::add", "as Machine::new"),
    ("Machine::freeze", "as Machine::new"),
    ("Machine::write", "as Machine::new"),
    ("Machine::value", "lvsarp_boot_level_each() hands the values out"),
    ("Machine::scopes", "lvsarp_boot_level_each() names them"),
    ("Machine::has", "lvsarp_boot_level_each() names them"),
    ("detect::has_udev_rule", "lvsarp_boot() looks at it"),
    ("Prober::wait", "poll() on lvsarp_probe_fd() waits"),
    ("Auditor::wait", "poll() on lvsarp_audit_fd() waits"),
    ("Listener::wait", "poll() on lvsarp_listen_fd() waits"),
    ("Watch::wait", "poll() on lvsarp_watch_fd() waits"),
    ("Watch::check", "lvsarp_check() on the host's handle"),
    ("Watch::vips", "C names them, or lvsarp_check() does before"),
    ("rules::check", "the rules of frames a second time, for tests and the fuzzer"),
    ("RoleSwitch::new", "LVSARP_ROLE_OPTIONS_INIT is that"),
];

/// The types through which the core is called.
const TYPES: &[&str] = &[
    "Host",
    "Snapshot",
    "Report",
    "Plan",
    "Changes",
    "Error",
    "Model",
    "Decision",
    "PersistOptions",
    "Boot",
    "Files",
    "Loader",
    "Machine",
    "Prober",
    "Listener",
    "Auditor",
    "Audit",
    "Watch",
    "RoleSwitch",
];

/// What C has besides: closing, versions, and names of numbers.
const ONLY_IN_C: &[&str] = &[
    "lvsarp_close",
    "lvsarp_version",
    "lvsarp_key_find",
    "lvsarp_probe_close",
    "lvsarp_listen_close",
    "lvsarp_audit_close",
    "lvsarp_watch_close",
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The public methods of the types through which the core is called, and the public functions of its modules.
fn core() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&repository().join("crates/lvsarp/src"), &mut files);
    let mut found = BTreeSet::new();
    for path in files {
        let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        // Some types of a module's own have the name of a public one elsewhere.
        let is_private = |of: &str| {
            file.items.iter().any(|item| match item {
                syn::Item::Struct(it) => it.ident == of && !matches!(it.vis, syn::Visibility::Public(_)),
                _ => false,
            })
        };
        for item in &file.items {
            match item {
                syn::Item::Fn(function) if matches!(function.vis, syn::Visibility::Public(_)) => {
                    found.insert(format!("{module}::{}", function.sig.ident));
                }
                syn::Item::Impl(block) if block.trait_.is_none() => {
                    let syn::Type::Path(of) = &*block.self_ty else { continue };
                    let of = of.path.segments.last().unwrap().ident.to_string();
                    if !TYPES.contains(&of.as_str()) || is_private(&of) {
                        continue;
                    }
                    for item in &block.items {
                        if let syn::ImplItem::Fn(method) = item
                            && matches!(method.vis, syn::Visibility::Public(_))
                        {
                            found.insert(format!("{of}::{}", method.sig.ident));
                        }
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// The functions of the header.
fn header() -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("include/lvsarp.h")).unwrap();
    let code = text.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, code)| code));
    let words = code.flat_map(|code| code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '(')));
    let calls = words.filter_map(|word| word.strip_suffix('(').or(word.split_once('(').map(|(name, _)| name)));
    calls.filter(|name| name.starts_with("lvsarp_")).map(str::to_owned).collect()
}

#[test]
fn every_entry_point_of_the_core_has_its_function_in_c() {
    let core = core();
    assert!(core.len() > 30, "{core:?}");
    let named = COVERED.iter().map(|(name, _)| *name).chain(LEFT_OUT.iter().map(|(name, _)| *name));
    let named: BTreeSet<String> = named.map(str::to_owned).collect();
    let missing: Vec<_> = core.difference(&named).collect();
    assert!(missing.is_empty(), "no C function is named for {missing:?}");
    let gone: Vec<_> = named.difference(&core).collect();
    assert!(gone.is_empty(), "the core has no {gone:?}");
}

#[test]
fn every_function_of_the_header_stands_for_something() {
    let header = header();
    let named = COVERED.iter().flat_map(|(_, functions)| *functions).chain(ONLY_IN_C);
    let named: BTreeSet<String> = named.map(|name| (*name).to_owned()).collect();
    assert_eq!(header, named);
}
