//! The numbers of the header. Once released, none of them ever changes its meaning.

// The keys of net.ipv4.conf, numbered as the kernel numbers them (`include/uapi/linux/ip.h: IPV4_DEVCONF_*`).

/// Key arp_ignore: which who-has requests for local addresses are not answered. Written by lvsarp_set().
pub const LVSARP_ARP_IGNORE: i32 = 19;
/// Key arp_announce: which local address a request of our own carries as its sender. Written by lvsarp_set().
pub const LVSARP_ARP_ANNOUNCE: i32 = 18;
/// Key arp_filter: answer only where the route back to the sender leaves by the interface that received the request.
pub const LVSARP_ARP_FILTER: i32 = 13;
/// Key arp_accept: whether gratuitous ARP makes a new neighbour entry.
pub const LVSARP_ARP_ACCEPT: i32 = 21;
/// Key arp_notify: announce the interface's own addresses when it comes up or changes its MAC.
pub const LVSARP_ARP_NOTIFY: i32 = 22;
/// Key arp_evict_nocarrier: forget the neighbours of an interface that loses its carrier.
pub const LVSARP_ARP_EVICT_NOCARRIER: i32 = 33;
/// Key drop_gratuitous_arp: drop ARP whose sender and target are the same address.
pub const LVSARP_DROP_GRATUITOUS_ARP: i32 = 31;
/// Key proxy_arp: answer for addresses that are routed out of another interface.
pub const LVSARP_PROXY_ARP: i32 = 3;
/// Key proxy_arp_pvlan: answer for addresses that are routed back out of the same interface.
pub const LVSARP_PROXY_ARP_PVLAN: i32 = 25;
/// Key medium_id: which interfaces share a medium, for proxy ARP; -1 turns it off, 0 is no medium.
pub const LVSARP_MEDIUM_ID: i32 = 14;
/// Key rp_filter: source validation by reverse path: 0 off, 1 strict, 2 loose.
pub const LVSARP_RP_FILTER: i32 = 8;
/// Key src_valid_mark: use the packet's mark in source validation.
pub const LVSARP_SRC_VALID_MARK: i32 = 24;
/// Key accept_local: accept packets whose source is one of our own addresses.
pub const LVSARP_ACCEPT_LOCAL: i32 = 23;
/// Key route_localnet: treat 127.0.0.0/8 as routable; since 5.6 it also narrows host scope in ARP decisions.
pub const LVSARP_ROUTE_LOCALNET: i32 = 26;
/// Key forwarding: forward packets that this interface receives; proxy ARP needs it.
pub const LVSARP_FORWARDING: i32 = 1;
/// Key send_redirects: send ICMP redirects; it also decides how sources are validated.
pub const LVSARP_SEND_REDIRECTS: i32 = 6;
/// Key shared_media: several IP networks share the medium.
pub const LVSARP_SHARED_MEDIA: i32 = 7;
/// Key ignore_routes_with_linkdown: skip routes whose interface has no carrier.
pub const LVSARP_IGNORE_ROUTES_WITH_LINKDOWN: i32 = 29;
/// Key log_martians: log packets with impossible addresses.
pub const LVSARP_LOG_MARTIANS: i32 = 11;
/// Key promote_secondaries: promote a secondary address when its primary is deleted, instead of deleting it.
pub const LVSARP_PROMOTE_SECONDARIES: i32 = 20;

// What is known of a level (lvsarp_level.known).

/// The interface's own value was read.
pub const LVSARP_KNOWN_OWN: u32 = 1;
/// The value of conf/all was read.
pub const LVSARP_KNOWN_ALL: u32 = 2;
/// Everything that the effective value needs was read.
pub const LVSARP_KNOWN_EFFECTIVE: u32 = 4;

// How all and own are merged (lvsarp_key.merge; `include/linux/inetdevice.h`).

/// The larger of the two, signed.
pub const LVSARP_MERGE_MAX: i32 = 0;
/// 1 where either is not 0.
pub const LVSARP_MERGE_OR: i32 = 1;
/// 1 where both are not 0.
pub const LVSARP_MERGE_AND: i32 = 2;
/// The interface's own value alone.
pub const LVSARP_MERGE_OWN: i32 = 3;

// How a level is written (lvsarp_set_many()).

/// An interface over netlink and, where that is refused, through /proc/sys; all and default through /proc/sys.
pub const LVSARP_VIA_AUTO: i32 = 0;
/// /proc/sys/net/ipv4/conf only.
pub const LVSARP_VIA_PROCFS: i32 = 1;
/// RTM_SETLINK with IFLA_INET_CONF only, which cannot reach all and default.
pub const LVSARP_VIA_NETLINK: i32 = 2;

// How an address is bound.

/// RTM_NEWADDR: prefix, scope and label in one request.
pub const LVSARP_METHOD_NETLINK: i32 = 0;
/// SIOCSIFADDR and SIOCSIFNETMASK on a label such as lo:0, as ifconfig does: for an instant the class's whole network is local. IPv4 only.
pub const LVSARP_METHOD_IOCTL: i32 = 1;

// Where an apply sets the levels.

/// On all (and lo), and on single interfaces where all is not enough. Interfaces that are added later are covered.
pub const LVSARP_SCOPE_ALL: i32 = 0;
/// Only on the interfaces that are up and speak ARP: all stays as it is. Interfaces that are added later are not covered.
pub const LVSARP_SCOPE_INTERFACE: i32 = 1;

// Flags of lvsarp_apply_options, lvsarp_bind_options and lvsarp_announce_options.

/// Bind on a loopback device even with a prefix that makes a whole subnet local; announce even what another host is to answer for.
pub const LVSARP_FORCE: u32 = 1;
/// Entries shorter than /32 or /128 are prefixes: the host accepts all of their addresses by one local route (AnyIP). Apply and plan only.
pub const LVSARP_ROUTE_PREFIXES: u32 = 2;
/// Remove the VIPs and prefixes that earlier applies bound and that are not listed. Apply and plan only, and only in liblvsarp-full.
pub const LVSARP_EXACT: u32 = 4;

// Flags of lvsarp_persist_options and lvsarp_role_options.

/// Comment out other assignments of our keys in lvsarp_persist_options.sysctl_conf; when our block is removed they come back.
pub const LVSARP_COMMENT_OUT: u32 = 1;
/// Overwrite and remove a file of lvsarp also where somebody has edited it.
pub const LVSARP_OVERWRITE: u32 = 2;
/// Write the VIPs into the configuration of the program that manages lo, where one does and would remove them.
pub const LVSARP_NATIVE: u32 = 4;
/// Change nothing: the steps say what would be done. Not with LVSARP_APPLY.
pub const LVSARP_DRY_RUN: u32 = 8;
/// Apply to the running host as well, as lvsarp_apply() does, after the files; if that fails they are put back. lvsarp_persist() only.
pub const LVSARP_APPLY: u32 = 16;

// Flags of lvsarp_boot_options.

/// Do not run the program that sets sysctls at boot: work out its rules alone.
pub const LVSARP_NO_REHEARSAL: u32 = 1;

// What is known of a level after a boot (lvsarp_boot_level.has).

/// It is another one (late) where the interface is added after that program has run.
pub const LVSARP_HAS_LATE: u32 = 1;
/// A file decides it (file and line). Otherwise it is the kernel's 0, or what was seen in a rehearsal and no known rule explains.
pub const LVSARP_HAS_FILE: u32 = 2;
/// It comes by way of default, which the kernel copies to interfaces that have no value of their own.
pub const LVSARP_BY_DEFAULT: u32 = 4;

// What part an interface plays in ARP (lvsarp_interface.role).

/// It is up, has an IPv4 part and answers and sends ARP: its levels count.
pub const LVSARP_ROLE_SPEAKS: i32 = 0;
/// The same once it is up.
pub const LVSARP_ROLE_DOWN: i32 = 1;
/// A loopback device: never asked, so its levels are inert.
pub const LVSARP_ROLE_LOOPBACK: i32 = 2;
/// The port of a bridge, bond or team: the master's levels count.
pub const LVSARP_ROLE_PORT: i32 = 3;
/// It has the flag NOARP.
pub const LVSARP_ROLE_NOARP: i32 = 4;
/// It has no IPv4 part (an MTU below 68).
pub const LVSARP_ROLE_NO_IPV4: i32 = 5;

// What a step changes (lvsarp_step.kind).

/// A level.
pub const LVSARP_STEP_LEVEL: i32 = 0;
/// An address.
pub const LVSARP_STEP_ADDRESS: i32 = 1;
/// A local route.
pub const LVSARP_STEP_ROUTE: i32 = 2;
/// A file that outlives a reboot.
pub const LVSARP_STEP_FILE: i32 = 3;

// Which values of a step are there (lvsarp_step.has).

/// There was something before.
pub const LVSARP_HAS_OLD: u32 = 1;
/// There is something after.
pub const LVSARP_HAS_NEW: u32 = 2;

// How much a finding matters (lvsarp_finding.severity).

/// A VIP is not silent, or not there.
pub const LVSARP_SEVERITY_ERROR: i32 = 0;
/// It could not be told whether a VIP is silent.
pub const LVSARP_SEVERITY_UNKNOWN: i32 = 1;
/// Silent now, but for a reason that may not last, or at a price.
pub const LVSARP_SEVERITY_WARNING: i32 = 2;
/// Good to know.
pub const LVSARP_SEVERITY_INFO: i32 = 3;

// Flags of lvsarp_would_reply() and lvsarp_would_announce().

/// Ask the running kernel as well (lvsarp_decision.witness).
pub const LVSARP_VERIFY: u32 = 1;

// What a host remembers of the sender of a who-has (lvsarp_decision.learns; `net/ipv4/arp.c: arp_process()`).

/// Nothing: not even an entry that it has is touched.
pub const LVSARP_LEARNS_NOTHING: i32 = 0;
/// An entry that it has gets the sender's MAC; no entry is made.
pub const LVSARP_LEARNS_UPDATES: i32 = 1;
/// The sender enters the neighbour cache, or its entry gets the sender's MAC.
pub const LVSARP_LEARNS_ENTERS: i32 = 2;

// What a note on a decision is (lvsarp_note.kind).

/// One of the kernel's checks. They come in the kernel's order, up to the one that decides.
pub const LVSARP_NOTE_CHECK: i32 = 0;
/// Something outside of the model that may change the answer, such as a packet filter.
pub const LVSARP_NOTE_CAVEAT: i32 = 1;
/// What the running kernel was asked and said.
pub const LVSARP_NOTE_WITNESS: i32 = 2;

// With which sender the VIPs are asked for (lvsarp_probe_options.sender).

/// An address of the interface, as a neighbour asks; the unspecified address (0.0.0.0, ::) where it has none.
pub const LVSARP_SENDER_OWN: i32 = 0;
/// The unspecified address, as one asks who looks for duplicates (RFC 5227, RFC 4862): nobody learns from it.
pub const LVSARP_SENDER_UNSPECIFIED: i32 = 1;
/// Both in turn.
pub const LVSARP_SENDER_BOTH: i32 = 2;

// What is known of one who answers or was heard (lvsarp_responder.flags, lvsarp_heard.flags).

/// It is an interface of this host, as they were when the probe or listener was opened.
pub const LVSARP_OURS: u32 = 1;
/// It is one of the directors that were named.
pub const LVSARP_DIRECTOR: u32 = 2;
/// Another MAC address answers for the same VIP as well. lvsarp_responder only.
pub const LVSARP_DUPLICATE: u32 = 4;

// What kind of frame carried a VIP as its sender (lvsarp_heard.kind).

/// An ARP request for somebody else, which teaches everybody who hears it: the hijack.
pub const LVSARP_HEARD_REQUEST: i32 = 0;
/// An ARP reply to somebody.
pub const LVSARP_HEARD_REPLY: i32 = 1;
/// An ARP request for the VIP itself, which nobody asked for.
pub const LVSARP_HEARD_GRATUITOUS_REQUEST: i32 = 2;
/// An ARP reply about the VIP to itself, which nobody asked for.
pub const LVSARP_HEARD_GRATUITOUS_REPLY: i32 = 3;
/// An IPv6 neighbour solicitation that comes from the VIP.
pub const LVSARP_HEARD_SOLICITATION: i32 = 4;
/// An IPv6 neighbour advertisement for the VIP.
pub const LVSARP_HEARD_ADVERTISEMENT: i32 = 5;

// What a real server is, as seen from the wire (lvsarp_audit_result.state, and what lvsarp_audit() returns).

/// Silent for the VIP, and it accepts what is sent to it.
pub const LVSARP_AUDIT_HEALTHY: i32 = 0;
/// It answers for the VIP, or announces it.
pub const LVSARP_AUDIT_LEAKS: i32 = 1;
/// It is alive, and what the director sends it for the VIP is lost: the VIP is not there.
pub const LVSARP_AUDIT_BLACK_HOLE: i32 = 2;
/// It does not answer for its own address, or nothing accepts connections to the VIP's port.
pub const LVSARP_AUDIT_DOWN: i32 = 3;

// What came back for something that was sent (lvsarp_audit_result.from_vip and .from_real_server).

/// Nothing.
pub const LVSARP_ANSWER_NONE: i32 = 0;
/// The connection was accepted, or the echo request answered.
pub const LVSARP_ANSWER_ACCEPTED: i32 = 1;
/// The connection was refused (RST): the address is there and nobody listens on the port.
pub const LVSARP_ANSWER_REFUSED: i32 = 2;
/// An ICMP error.
pub const LVSARP_ANSWER_UNREACHABLE: i32 = 3;

// Which values of an audit's result are there (lvsarp_audit_result.has).

/// Something came back from the VIP, and the time that it took is known (delay).
pub const LVSARP_HAS_DELAY: u32 = 1;

// What happened on a host that is watched (lvsarp_event.kind).

/// A VIP was bound on a device that does no ARP itself, such as lo.
pub const LVSARP_EVENT_VIP_ADDED: i32 = 0;
/// A VIP was removed from a device, by somebody or because the device went away.
pub const LVSARP_EVENT_VIP_REMOVED: i32 = 1;
/// A VIP was bound on a device that speaks ARP.
pub const LVSARP_EVENT_VIP_MISPLACED: i32 = 2;
/// A level was changed, of all, default or an interface.
pub const LVSARP_EVENT_LEVEL_CHANGED: i32 = 3;
/// An interface appeared, came up or left its bridge or bond, and a VIP is not silent on it.
pub const LVSARP_EVENT_INTERFACE_UNPROTECTED: i32 = 4;
/// A device went down on which a VIP is bound.
pub const LVSARP_EVENT_DEVICE_DOWN: i32 = 5;
/// A device came up on which a VIP is bound.
pub const LVSARP_EVENT_DEVICE_UP: i32 = 6;
/// What the kernel had to tell was more than the socket holds. Everything was read again; what changed meanwhile follows.
pub const LVSARP_EVENT_RESYNCED: i32 = 7;
/// The real server that is wanted was applied again; the message lists the steps.
pub const LVSARP_EVENT_REPAIRED: i32 = 8;
/// A repair failed or was refused; the message says why.
pub const LVSARP_EVENT_REPAIR_FAILED: i32 = 9;
/// There were as many repairs in the last minute as are allowed; the next one waits.
pub const LVSARP_EVENT_REPAIR_LIMITED: i32 = 10;

// Flags of lvsarp_watch_options.

/// Apply again, as lvsarp_apply() does, whenever a VIP is not silent or not there.
pub const LVSARP_REPAIR: u32 = 1;

// Which forms of gratuitous ARP are sent (lvsarp_announce_options.form).

/// The request and the reply form.
pub const LVSARP_FORM_BOTH: i32 = 0;
/// The request form alone.
pub const LVSARP_FORM_REQUEST: i32 = 1;
/// The reply form alone.
pub const LVSARP_FORM_REPLY: i32 = 2;

// The rest.

/// A lifetime without an end (lvsarp_address.valid and .preferred).
pub const LVSARP_FOREVER: u32 = u32::MAX;
/// The mark on addresses and local routes that lvsarp made (IFA_PROTO since kernel 5.18, rtm_protocol).
pub const LVSARP_PROTOCOL: i32 = 204;
/// How long lvsarp_apply() and its kin (lvsarp_lock_timeout()) wait for another process that works on the same namespace, in milliseconds, unless told
/// otherwise.
pub const LVSARP_LOCK_TIMEOUT: u32 = 10000;

#[cfg(test)]
mod tests {
    use super::*;
    use lvsarp::Key;

    #[test]
    fn the_keys_have_the_numbers_of_the_table() {
        let ours = [
            ("arp_ignore", LVSARP_ARP_IGNORE),
            ("arp_announce", LVSARP_ARP_ANNOUNCE),
            ("arp_filter", LVSARP_ARP_FILTER),
            ("arp_accept", LVSARP_ARP_ACCEPT),
            ("arp_notify", LVSARP_ARP_NOTIFY),
            ("arp_evict_nocarrier", LVSARP_ARP_EVICT_NOCARRIER),
            ("drop_gratuitous_arp", LVSARP_DROP_GRATUITOUS_ARP),
            ("proxy_arp", LVSARP_PROXY_ARP),
            ("proxy_arp_pvlan", LVSARP_PROXY_ARP_PVLAN),
            ("medium_id", LVSARP_MEDIUM_ID),
            ("rp_filter", LVSARP_RP_FILTER),
            ("src_valid_mark", LVSARP_SRC_VALID_MARK),
            ("accept_local", LVSARP_ACCEPT_LOCAL),
            ("route_localnet", LVSARP_ROUTE_LOCALNET),
            ("forwarding", LVSARP_FORWARDING),
            ("send_redirects", LVSARP_SEND_REDIRECTS),
            ("shared_media", LVSARP_SHARED_MEDIA),
            ("ignore_routes_with_linkdown", LVSARP_IGNORE_ROUTES_WITH_LINKDOWN),
            ("log_martians", LVSARP_LOG_MARTIANS),
            ("promote_secondaries", LVSARP_PROMOTE_SECONDARIES),
        ];
        let table: Vec<(&str, i32)> = Key::all().map(|key| (key.name(), i32::from(key.row().id))).collect();
        assert_eq!(ours.to_vec(), table);
    }

    #[test]
    fn the_mark_and_the_patience_are_the_cores() {
        assert_eq!(LVSARP_PROTOCOL, i32::from(lvsarp::OUR_PROTOCOL));
        assert_eq!(u128::from(LVSARP_LOCK_TIMEOUT), lvsarp::LOCK_PATIENCE.as_millis());
    }
}
