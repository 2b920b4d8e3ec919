/*
 * lvsarp.h: keep LVS-DR real servers silent in ARP, and prove it.
 *
 * Made from bindings/c by `cargo xtask header`; do not edit. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * In LVS direct routing the director and every real server own the same virtual IP (VIP). On the VIP the real servers
 * must be deaf and mute in ARP: a who-has for it is answered by the director alone (arp_ignore decides), and a request
 * that a real server sends must not carry it as its sender (arp_announce decides). What is in force is the larger value
 * of conf/all and of the layer-3 interface; conf/lo has no effect.
 *
 *     struct lvsarp_host *h;
 *     const char *vips[] = { "192.0.2.10" };
 *     int rc = lvsarp_open(NULL, &h);
 *     if (rc == 0) {
 *         rc = lvsarp_apply(h, vips, 1, NULL);        levels first, read back, then the VIP, then a check of the whole
 *         if (rc < 0)
 *             fprintf(stderr, "%s\n%s\n", lvsarp_message(h), lvsarp_hint(h));
 *         lvsarp_close(h);
 *     }
 *
 * The contract
 * ------------
 *
 * Results. A function that returns int returns 0 (or what it says: a count, 1 for "no", a callback's value) or a
 * negative errno. Where it is negative nothing was changed, or it was put back: lvsarp_rolled_back() tells. Why it
 * failed stays in the handle: lvsarp_message(), lvsarp_hint(), lvsarp_kind(). Any function may fail with -EINVAL for a
 * wrong argument, with -EBADF for a handle that is not open, where that can be seen, with -EBUSY for one that is in a
 * call already, with -ENOTRECOVERABLE for an internal error (a panic, which never leaves the library), and with the
 * errno of a system call. What errno itself holds afterwards means nothing.
 *
 * Pointers. Every pointer is checked for NULL: -EINVAL, unless the function says what NULL means. const means that it
 * is not changed. Outputs are untouched where a function fails, but for lvsarp_open() and its kin, which put NULL
 * there. Text is UTF-8 and ends with a zero; anything else is -EINVAL. An interface's name or a label is read no
 * further than 16 bytes, an address, a key or a language than 64, a namespace or a root than 4096: a text without an
 * end within these is -EINVAL. An array of 0 items may be NULL.
 *
 * Ownership. A handle is closed by lvsarp_close(). There is nothing else to free: everything is in the caller's structs
 * and buffers, or is valid in a callback until it returns.
 *
 * Event loops. lvsarp_prober, lvsarp_listener, lvsarp_auditor and lvsarp_watcher (only in liblvsarp-full) are handles
 * of their own, each with functions that open, close, and dispatch it and hand out its descriptor and its message. What
 * is said here of a handle holds for each of them, with its own functions in place of lvsarp_close() and
 * lvsarp_message(); the message ends with what to do about it. The one descriptor is readable when there is anything to
 * do, deadlines included: poll(), epoll or a library for events need no timeout of theirs for it. Nothing that
 * dispatches waits, and it may be called without need. Once they are open, a prober, a listener and an auditor allocate
 * nothing unless a call fails.
 *
 * Structs. The first member is the size of the struct in bytes. Start with its _INIT, which sets that and zeroes the
 * rest. A shorter struct, of an older header, is taken: what it lacks is 0 on the way in, and nothing is written behind
 * its end on the way out. A longer one, of a newer header, is taken, too: on the way in what this library does not know
 * must be 0, otherwise it is -E2BIG, and on the way out it becomes 0. One of more than 4096 bytes is -E2BIG, one that
 * is too short for its size alone -EINVAL. In a callback the size is the library's: with a newer header than the
 * library look at it before a member that the library may not have, and copy no more than it says. Text that does not
 * fit its field is cut between characters.
 *
 * Callbacks. One that returns non-zero ends the walk, unless the callback's type says otherwise, and its value is what
 * the function returns; choose values that it does not return itself. It may call the library on other handles. On the
 * handle of the call that it is in, functions return -EBUSY, and lvsarp_close() closes it when that call ends. It must
 * not leave by longjmp() or by a C++ exception. arg is passed on to it, and may be NULL.
 *
 * Threads. There is no global state. A handle is used by one thread at a time; different handles are independent.
 * Functions without a handle may be called at any time. A thread is started only to enter another network namespace
 * than the calling thread's: by lvsarp_open(), by calls on a handle of such a namespace that look something up there,
 * and by a lvsarp_boot() that rehearses. It has all signals blocked and ends before the call returns. Cancellation of
 * the calling thread is held off until a function returns; a callback is no place for it either.
 *
 * fork(). All descriptors are close-on-exec. After fork() both processes may use their copy of a handle, and each
 * closes its own: the child opens a socket of its own. A handle that another thread was in at the time of the fork is
 * -EBUSY in the child for ever, and cannot be closed there. A prober, listener, auditor or watcher works in the process
 * that opened it alone: in the child it can only be closed, and what would start or dispatch it is -EINVAL. Do not wait
 * on its descriptor there: it is the parent's, too.
 *
 * Signals. The library handles none, leaves the caller's mask as it was and repeats what a signal interrupted. No
 * function may be called in a signal handler. Only a lvsarp_boot() that rehearses starts a process, and waits for it:
 * SIGCHLD is sent. Where the program ignores that signal, or reaps children that are not its own, the rehearsal fails,
 * which is a finding; LVSARP_NO_REHEARSAL starts none.
 *
 * Time. lvsarp_apply(), lvsarp_undo(), lvsarp_persist(), lvsarp_unpersist(), lvsarp_restore(), lvsarp_promote() and
 * lvsarp_demote() wait for the namespace's lock: lvsarp_lock_timeout(). lvsarp_probe(), lvsarp_audit() and
 * lvsarp_announce() take as long as their options say. Taking levels back (lvsarp_undo(), a roll-back, a check that
 * finishes an interrupted call) waits some milliseconds for packets in flight. Files are written through to the disk. A
 * rehearsal runs programs, for 20 seconds each at most. In an event loop, the rest costs microseconds to milliseconds.
 *
 * Memory. If it runs out the process ends, as Rust has it. A snapshot of n bytes may need twenty times as much while it
 * is read.
 *
 * Versions. Until 1.0 the soname is liblvsarp.so.0; functions, and members at the end of structs with a size, are
 * added, and never change or vanish under one soname. Numbers are never used again for something else.
 */
#ifndef LVSARP_H
#define LVSARP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header. */

#define LVSARP_VERSION_MAJOR 0
#define LVSARP_VERSION_MINOR 1
#define LVSARP_VERSION_PATCH 0
#define LVSARP_VERSION "0.1.0"
/** For comparison: (LVSARP_VERSION_MAJOR << 16) + (LVSARP_VERSION_MINOR << 8) + LVSARP_VERSION_PATCH. */
#define LVSARP_VERSION_NUMBER 256

/* What each struct of the caller's starts with. */

#define LVSARP_LEVELS_INIT { sizeof(struct lvsarp_levels), { 0, 0, 0, 0 }, { 0, 0, 0, 0 } }
#define LVSARP_APPLY_OPTIONS_INIT { sizeof(struct lvsarp_apply_options), 0, 0, 0, 0, "", "", "" }
#define LVSARP_BIND_OPTIONS_INIT { sizeof(struct lvsarp_bind_options), 0, 0, "", "", "" }
#define LVSARP_PERSIST_OPTIONS_INIT { sizeof(struct lvsarp_persist_options), 0, 0, "", "", "" }
#define LVSARP_BOOT_OPTIONS_INIT { sizeof(struct lvsarp_boot_options), 0, 0, "", "" }
#define LVSARP_PROBE_OPTIONS_INIT { sizeof(struct lvsarp_probe_options), 0, 0, 0, 0, "" }
#define LVSARP_LISTEN_OPTIONS_INIT { sizeof(struct lvsarp_listen_options), 0, 0, "" }
#define LVSARP_AUDIT_OPTIONS_INIT { sizeof(struct lvsarp_audit_options), 0, 0, 0, 0 }
#define LVSARP_AUDIT_RESULT_INIT { sizeof(struct lvsarp_audit_result), 0, 0, 0, 0, 0, 0, 0, 0, 0, "", "", "", "" }
#define LVSARP_WATCH_OPTIONS_INIT { sizeof(struct lvsarp_watch_options), 0, 0, 0, 0 }
#define LVSARP_ANNOUNCE_OPTIONS_INIT { sizeof(struct lvsarp_announce_options), 0, 0, 0, 0 }
#define LVSARP_ROLE_OPTIONS_INIT { sizeof(struct lvsarp_role_options), 0, 0, "" }
#define LVSARP_DECISION_INIT { sizeof(struct lvsarp_decision), 0, 0, 0, 0, "", "", "" }
#define LVSARP_MEANING_INIT { sizeof(struct lvsarp_meaning), 0, 0, 0, 0, "", "" }

/* The keys of net.ipv4.conf, numbered as the kernel numbers them (include/uapi/linux/ip.h: IPV4_DEVCONF_*). */

/** Key arp_ignore: which who-has requests for local addresses are not answered. Written by lvsarp_set(). */
#define LVSARP_ARP_IGNORE 19
/** Key arp_announce: which local address a request of our own carries as its sender. Written by lvsarp_set(). */
#define LVSARP_ARP_ANNOUNCE 18
/** Key arp_filter: answer only where the route back to the sender leaves by the interface that received the request. */
#define LVSARP_ARP_FILTER 13
/** Key arp_accept: whether gratuitous ARP makes a new neighbour entry. */
#define LVSARP_ARP_ACCEPT 21
/** Key arp_notify: announce the interface's own addresses when it comes up or changes its MAC. */
#define LVSARP_ARP_NOTIFY 22
/** Key arp_evict_nocarrier: forget the neighbours of an interface that loses its carrier. */
#define LVSARP_ARP_EVICT_NOCARRIER 33
/** Key drop_gratuitous_arp: drop ARP whose sender and target are the same address. */
#define LVSARP_DROP_GRATUITOUS_ARP 31
/** Key proxy_arp: answer for addresses that are routed out of another interface. */
#define LVSARP_PROXY_ARP 3
/** Key proxy_arp_pvlan: answer for addresses that are routed back out of the same interface. */
#define LVSARP_PROXY_ARP_PVLAN 25
/** Key medium_id: which interfaces share a medium, for proxy ARP; -1 turns it off, 0 is no medium. */
#define LVSARP_MEDIUM_ID 14
/** Key rp_filter: source validation by reverse path: 0 off, 1 strict, 2 loose. */
#define LVSARP_RP_FILTER 8
/** Key src_valid_mark: use the packet's mark in source validation. */
#define LVSARP_SRC_VALID_MARK 24
/** Key accept_local: accept packets whose source is one of our own addresses. */
#define LVSARP_ACCEPT_LOCAL 23
/** Key route_localnet: treat 127.0.0.0/8 as routable; since 5.6 it also narrows host scope in ARP decisions. */
#define LVSARP_ROUTE_LOCALNET 26
/** Key forwarding: forward packets that this interface receives; proxy ARP needs it. */
#define LVSARP_FORWARDING 1
/** Key send_redirects: send ICMP redirects; it also decides how sources are validated. */
#define LVSARP_SEND_REDIRECTS 6
/** Key shared_media: several IP networks share the medium. */
#define LVSARP_SHARED_MEDIA 7
/** Key ignore_routes_with_linkdown: skip routes whose interface has no carrier. */
#define LVSARP_IGNORE_ROUTES_WITH_LINKDOWN 29
/** Key log_martians: log packets with impossible addresses. */
#define LVSARP_LOG_MARTIANS 11
/** Key promote_secondaries: promote a secondary address when its primary is deleted, instead of deleting it. */
#define LVSARP_PROMOTE_SECONDARIES 20

/* What is known of a level (lvsarp_level.known). */

/** The interface's own value was read. */
#define LVSARP_KNOWN_OWN 1
/** The value of conf/all was read. */
#define LVSARP_KNOWN_ALL 2
/** Everything that the effective value needs was read. */
#define LVSARP_KNOWN_EFFECTIVE 4

/* How all and own are merged (lvsarp_key.merge; include/linux/inetdevice.h). */

/** The larger of the two, signed. */
#define LVSARP_MERGE_MAX 0
/** 1 where either is not 0. */
#define LVSARP_MERGE_OR 1
/** 1 where both are not 0. */
#define LVSARP_MERGE_AND 2
/** The interface's own value alone. */
#define LVSARP_MERGE_OWN 3

/* How a level is written (lvsarp_set_many()). */

/** An interface over netlink and, where that is refused, through /proc/sys; all and default through /proc/sys. */
#define LVSARP_VIA_AUTO 0
/** /proc/sys/net/ipv4/conf only. */
#define LVSARP_VIA_PROCFS 1
/** RTM_SETLINK with IFLA_INET_CONF only, which cannot reach all and default. */
#define LVSARP_VIA_NETLINK 2

/* How an address is bound. */

/** RTM_NEWADDR: prefix, scope and label in one request. */
#define LVSARP_METHOD_NETLINK 0
/**
 * SIOCSIFADDR and SIOCSIFNETMASK on a label such as lo:0, as ifconfig does: for an instant the class's whole network is
 * local. IPv4 only.
 */
#define LVSARP_METHOD_IOCTL 1

/* Where an apply sets the levels. */

/** On all (and lo), and on single interfaces where all is not enough. Interfaces that are added later are covered. */
#define LVSARP_SCOPE_ALL 0
/**
 * Only on the interfaces that are up and speak ARP: all stays as it is. Interfaces that are added later are not
 * covered.
 */
#define LVSARP_SCOPE_INTERFACE 1

/* Flags of lvsarp_apply_options, lvsarp_bind_options and lvsarp_announce_options. */

/**
 * Bind on a loopback device even with a prefix that makes a whole subnet local; announce even what another host is to
 * answer for.
 */
#define LVSARP_FORCE 1
/**
 * Entries shorter than /32 or /128 are prefixes: the host accepts all of their addresses by one local route (AnyIP).
 * Apply and plan only.
 */
#define LVSARP_ROUTE_PREFIXES 2
/**
 * Remove the VIPs and prefixes that earlier applies bound and that are not listed. Apply and plan only, and only in
 * liblvsarp-full.
 */
#define LVSARP_EXACT 4

/* Flags of lvsarp_persist_options and lvsarp_role_options. */

/**
 * Comment out other assignments of our keys in lvsarp_persist_options.sysctl_conf; when our block is removed they come
 * back.
 */
#define LVSARP_COMMENT_OUT 1
/** Overwrite and remove a file of lvsarp also where somebody has edited it. */
#define LVSARP_OVERWRITE 2
/** Write the VIPs into the configuration of the program that manages lo, where one does and would remove them. */
#define LVSARP_NATIVE 4
/** Change nothing: the steps say what would be done. Not with LVSARP_APPLY. */
#define LVSARP_DRY_RUN 8
/**
 * Apply to the running host as well, as lvsarp_apply() does, after the files; if that fails they are put back.
 * lvsarp_persist() only.
 */
#define LVSARP_APPLY 16

/* Flags of lvsarp_boot_options. */

/** Do not run the program that sets sysctls at boot: work out its rules alone. */
#define LVSARP_NO_REHEARSAL 1

/* What is known of a level after a boot (lvsarp_boot_level.has). */

/** It is another one (late) where the interface is added after that program has run. */
#define LVSARP_HAS_LATE 1
/**
 * A file decides it (file and line). Otherwise it is the kernel's 0, or what was seen in a rehearsal and no known rule
 * explains.
 */
#define LVSARP_HAS_FILE 2
/** It comes by way of default, which the kernel copies to interfaces that have no value of their own. */
#define LVSARP_BY_DEFAULT 4

/* What part an interface plays in ARP (lvsarp_interface.role). */

/** It is up, has an IPv4 part and answers and sends ARP: its levels count. */
#define LVSARP_ROLE_SPEAKS 0
/** The same once it is up. */
#define LVSARP_ROLE_DOWN 1
/** A loopback device: never asked, so its levels are inert. */
#define LVSARP_ROLE_LOOPBACK 2
/** The port of a bridge, bond or team: the master's levels count. */
#define LVSARP_ROLE_PORT 3
/** It has the flag NOARP. */
#define LVSARP_ROLE_NOARP 4
/** It has no IPv4 part (an MTU below 68). */
#define LVSARP_ROLE_NO_IPV4 5

/* What a step changes (lvsarp_step.kind). */

/** A level. */
#define LVSARP_STEP_LEVEL 0
/** An address. */
#define LVSARP_STEP_ADDRESS 1
/** A local route. */
#define LVSARP_STEP_ROUTE 2
/** A file that outlives a reboot. */
#define LVSARP_STEP_FILE 3

/* Which values of a step are there (lvsarp_step.has). */

/** There was something before. */
#define LVSARP_HAS_OLD 1
/** There is something after. */
#define LVSARP_HAS_NEW 2

/* How much a finding matters (lvsarp_finding.severity). */

/** A VIP is not silent, or not there. */
#define LVSARP_SEVERITY_ERROR 0
/** It could not be told whether a VIP is silent. */
#define LVSARP_SEVERITY_UNKNOWN 1
/** Silent now, but for a reason that may not last, or at a price. */
#define LVSARP_SEVERITY_WARNING 2
/** Good to know. */
#define LVSARP_SEVERITY_INFO 3

/* Flags of lvsarp_would_reply() and lvsarp_would_announce(). */

/** Ask the running kernel as well (lvsarp_decision.witness). */
#define LVSARP_VERIFY 1

/* What a host remembers of the sender of a who-has (lvsarp_decision.learns; net/ipv4/arp.c: arp_process()). */

/** Nothing: not even an entry that it has is touched. */
#define LVSARP_LEARNS_NOTHING 0
/** An entry that it has gets the sender's MAC; no entry is made. */
#define LVSARP_LEARNS_UPDATES 1
/** The sender enters the neighbour cache, or its entry gets the sender's MAC. */
#define LVSARP_LEARNS_ENTERS 2

/* What a note on a decision is (lvsarp_note.kind). */

/** One of the kernel's checks. They come in the kernel's order, up to the one that decides. */
#define LVSARP_NOTE_CHECK 0
/** Something outside of the model that may change the answer, such as a packet filter. */
#define LVSARP_NOTE_CAVEAT 1
/** What the running kernel was asked and said. */
#define LVSARP_NOTE_WITNESS 2

/* With which sender the VIPs are asked for (lvsarp_probe_options.sender). */

/** An address of the interface, as a neighbour asks; the unspecified address (0.0.0.0, ::) where it has none. */
#define LVSARP_SENDER_OWN 0
/** The unspecified address, as one asks who looks for duplicates (RFC 5227, RFC 4862): nobody learns from it. */
#define LVSARP_SENDER_UNSPECIFIED 1
/** Both in turn. */
#define LVSARP_SENDER_BOTH 2

/* What is known of one who answers or was heard (lvsarp_responder.flags, lvsarp_heard.flags). */

/** It is an interface of this host, as they were when the probe or listener was opened. */
#define LVSARP_OURS 1
/** It is one of the directors that were named. */
#define LVSARP_DIRECTOR 2
/** Another MAC address answers for the same VIP as well. lvsarp_responder only. */
#define LVSARP_DUPLICATE 4

/* What kind of frame carried a VIP as its sender (lvsarp_heard.kind). */

/** An ARP request for somebody else, which teaches everybody who hears it: the hijack. */
#define LVSARP_HEARD_REQUEST 0
/** An ARP reply to somebody. */
#define LVSARP_HEARD_REPLY 1
/** An ARP request for the VIP itself, which nobody asked for. */
#define LVSARP_HEARD_GRATUITOUS_REQUEST 2
/** An ARP reply about the VIP to itself, which nobody asked for. */
#define LVSARP_HEARD_GRATUITOUS_REPLY 3
/** An IPv6 neighbour solicitation that comes from the VIP. */
#define LVSARP_HEARD_SOLICITATION 4
/** An IPv6 neighbour advertisement for the VIP. */
#define LVSARP_HEARD_ADVERTISEMENT 5

/* What a real server is, as seen from the wire (lvsarp_audit_result.state, and what lvsarp_audit() returns). */

/** Silent for the VIP, and it accepts what is sent to it. */
#define LVSARP_AUDIT_HEALTHY 0
/** It answers for the VIP, or announces it. */
#define LVSARP_AUDIT_LEAKS 1
/** It is alive, and what the director sends it for the VIP is lost: the VIP is not there. */
#define LVSARP_AUDIT_BLACK_HOLE 2
/** It does not answer for its own address, or nothing accepts connections to the VIP's port. */
#define LVSARP_AUDIT_DOWN 3

/* What came back for something that was sent (lvsarp_audit_result.from_vip and .from_real_server). */

/** Nothing. */
#define LVSARP_ANSWER_NONE 0
/** The connection was accepted, or the echo request answered. */
#define LVSARP_ANSWER_ACCEPTED 1
/** The connection was refused (RST): the address is there and nobody listens on the port. */
#define LVSARP_ANSWER_REFUSED 2
/** An ICMP error. */
#define LVSARP_ANSWER_UNREACHABLE 3

/* Which values of an audit's result are there (lvsarp_audit_result.has). */

/** Something came back from the VIP, and the time that it took is known (delay). */
#define LVSARP_HAS_DELAY 1

/* What happened on a host that is watched (lvsarp_event.kind). */

/** A VIP was bound on a device that does no ARP itself, such as lo. */
#define LVSARP_EVENT_VIP_ADDED 0
/** A VIP was removed from a device, by somebody or because the device went away. */
#define LVSARP_EVENT_VIP_REMOVED 1
/** A VIP was bound on a device that speaks ARP. */
#define LVSARP_EVENT_VIP_MISPLACED 2
/** A level was changed, of all, default or an interface. */
#define LVSARP_EVENT_LEVEL_CHANGED 3
/** An interface appeared, came up or left its bridge or bond, and a VIP is not silent on it. */
#define LVSARP_EVENT_INTERFACE_UNPROTECTED 4
/** A device went down on which a VIP is bound. */
#define LVSARP_EVENT_DEVICE_DOWN 5
/** A device came up on which a VIP is bound. */
#define LVSARP_EVENT_DEVICE_UP 6
/**
 * What the kernel had to tell was more than the socket holds. Everything was read again; what changed meanwhile
 * follows.
 */
#define LVSARP_EVENT_RESYNCED 7
/** The real server that is wanted was applied again; the message lists the steps. */
#define LVSARP_EVENT_REPAIRED 8
/** A repair failed or was refused; the message says why. */
#define LVSARP_EVENT_REPAIR_FAILED 9
/** There were as many repairs in the last minute as are allowed; the next one waits. */
#define LVSARP_EVENT_REPAIR_LIMITED 10

/* Flags of lvsarp_watch_options. */

/** Apply again, as lvsarp_apply() does, whenever a VIP is not silent or not there. */
#define LVSARP_REPAIR 1

/* Which forms of gratuitous ARP are sent (lvsarp_announce_options.form). */

/** The request and the reply form. */
#define LVSARP_FORM_BOTH 0
/** The request form alone. */
#define LVSARP_FORM_REQUEST 1
/** The reply form alone. */
#define LVSARP_FORM_REPLY 2

/* The rest. */

/** A lifetime without an end (lvsarp_address.valid and .preferred). */
#define LVSARP_FOREVER UINT32_MAX
/** The mark on addresses and local routes that lvsarp made (IFA_PROTO since kernel 5.18, rtm_protocol). */
#define LVSARP_PROTOCOL 204
/**
 * How long lvsarp_apply() and its kin (lvsarp_lock_timeout()) wait for another process that works on the same
 * namespace, in milliseconds, unless told otherwise.
 */
#define LVSARP_LOCK_TIMEOUT 10000

/* The structs that cross: fixed widths, explicit padding, and the size first. */

/** An audit in an event loop. Made by lvsarp_audit_open(), closed by lvsarp_audit_close(). One thread at a time. */
struct lvsarp_auditor;

/**
 * One network namespace, live or recorded. Made by lvsarp_open() or lvsarp_open_snapshot(), closed by lvsarp_close().
 */
struct lvsarp_host;

/**
 * One who only listens, in an event loop. Made by lvsarp_listen_open(), closed by lvsarp_listen_close(). One thread at
 * a time.
 */
struct lvsarp_listener;

/** A probe in an event loop. Made by lvsarp_probe_open(), closed by lvsarp_probe_close(). One thread at a time. */
struct lvsarp_prober;

/**
 * A watch over one host, in an event loop. Made by lvsarp_watch_open(), closed by lvsarp_watch_close(). One thread at a
 * time.
 */
struct lvsarp_watcher;

/**
 * Gets the snapshot as one line of JSON, length bytes of UTF-8 with a zero behind them, valid until it returns. What it
 * returns is what lvsarp_snapshot() returns.
 */
typedef int (*lvsarp_text_cb)(const char *json, size_t length, void *arg);

/**
 * The three values behind one key of an interface. One that the kernel did not report is not 0: its bit in known is
 * missing. It has no size and never grows.
 */
struct lvsarp_level {
    /** The interface's own value. */
    int32_t own;
    /** The value of conf/all. */
    int32_t all;
    /** What is in force: the kernel's merge of the two, for both levels the larger one. */
    int32_t effective;
    /** Which of them are known: LVSARP_KNOWN_OWN, LVSARP_KNOWN_ALL, LVSARP_KNOWN_EFFECTIVE. */
    uint32_t known;
};

/**
 * Both levels of an interface, of all (where own and all are the same) or of default (in force for an interface made
 * now). Filled by lvsarp_get(). Start with LVSARP_LEVELS_INIT.
 */
struct lvsarp_levels {
    /** The size of this struct in bytes. */
    size_t size;
    /** Which requests are answered. */
    struct lvsarp_level arp_ignore;
    /** Which sender our own requests carry. */
    struct lvsarp_level arp_announce;
};

/** One network interface. */
struct lvsarp_interface {
    /** The size of this struct in bytes, as the library knows it. */
    size_t size;
    /** Its index. */
    uint32_t index;
    /** Its flags (IFF_* of <linux/if.h>). */
    uint32_t flags;
    /** Its hardware type (ARPHRD_* of <linux/if_arp.h>). */
    uint32_t hardware;
    /** Its MTU in bytes. */
    uint32_t mtu;
    /** The index of the bridge, bond or VRF that it belongs to, or 0. */
    uint32_t master;
    /** The index of the device below it (VLAN, macvlan) or of its peer (veth), possibly in another namespace, or 0. */
    uint32_t link;
    /** What part it plays in ARP: LVSARP_ROLE_*. */
    int32_t role;
    /** 0. */
    uint32_t reserved;
    /** Its name, as the kernel has it: any bytes but '/', ':' and white space. */
    char name[16];
    /** Its kind, such as veth, bridge or vlan; "" for a physical device. */
    char kind[32];
    /** Its MAC address, 02:00:00:00:00:01; "" where it has none. */
    char mac[96];
};

/** Gets one interface. The struct is valid until it returns; non-zero ends the walk. */
typedef int (*lvsarp_interface_cb)(const struct lvsarp_interface *interface, void *arg);

/** One address of an interface. */
struct lvsarp_address {
    /** The size of this struct in bytes, as the library knows it. */
    size_t size;
    /** The interface's index. */
    uint32_t index;
    /** AF_INET or AF_INET6. */
    int32_t family;
    /** The prefix length in bits. */
    uint32_t prefixlen;
    /** Its flags (IFA_F_* of <linux/if_addr.h>). */
    uint32_t flags;
    /** The metric of the routes that the kernel makes for it; 0 where the kernel chooses. */
    uint32_t metric;
    /** Who made it (IFA_PROTO, kernel 5.18 and later): LVSARP_PROTOCOL for lvsarp, -1 where it is not known. */
    int32_t protocol;
    /** Seconds until it is removed, or LVSARP_FOREVER. */
    uint32_t valid;
    /** Seconds until it is no longer chosen as a source, or LVSARP_FOREVER. */
    uint32_t preferred;
    /** The interface's name. */
    char dev[16];
    /** The label (IPv4), such as lo:0; "" where there is none. */
    char label[16];
    /** The scope as ip prints it: global, site, link, host or a number. */
    char scope[16];
    /** The address. */
    char local[48];
    /** The other end of a point-to-point address, or "". */
    char peer[48];
    /** The broadcast address, or "". */
    char broadcast[48];
};

/** Gets one address. The struct is valid until it returns; non-zero ends the walk. */
typedef int (*lvsarp_address_cb)(const struct lvsarp_address *address, void *arg);

/**
 * How lvsarp_vip_bind_many() is to bind. Start with LVSARP_BIND_OPTIONS_INIT; no options at all (NULL) mean the same.
 */
struct lvsarp_bind_options {
    /** The size of this struct in bytes. */
    size_t size;
    /** LVSARP_METHOD_NETLINK or LVSARP_METHOD_IOCTL. */
    int32_t method;
    /** LVSARP_FORCE. */
    uint32_t flags;
    /** The device; "" is lo. */
    char dev[16];
    /** The label (IPv4), such as lo:0; "": the device's name, or with ioctl the first free one. */
    char label[16];
    /** The scope (IPv4): global, site, link, host or a number; "" is global. */
    char address_scope[16];
};

/** A route of type local that was made by hand: a whole prefix that the host accepts without an address. */
struct lvsarp_prefix {
    /** The size of this struct in bytes, as the library knows it. */
    size_t size;
    /** The index of the interface that the route names, or 0. */
    uint32_t index;
    /** The prefix length in bits. */
    uint32_t prefixlen;
    /** The routing table: 255 is local. */
    uint32_t table;
    /** Who made it (rtm_protocol): LVSARP_PROTOCOL for lvsarp. */
    int32_t protocol;
    /** The interface's name, or "". */
    char dev[16];
    /** The address in front of the slash. */
    char network[48];
};

/** Gets one prefix. The struct is valid until it returns; non-zero ends the walk. */
typedef int (*lvsarp_prefix_cb)(const struct lvsarp_prefix *prefix, void *arg);

/**
 * What lvsarp_apply() and lvsarp_plan() are to do. Start with LVSARP_APPLY_OPTIONS_INIT; no options at all (NULL) mean
 * the same.
 */
struct lvsarp_apply_options {
    /** The size of this struct in bytes. */
    size_t size;
    /** Where the levels are set: LVSARP_SCOPE_ALL or LVSARP_SCOPE_INTERFACE. */
    int32_t scope;
    /** How VIPs are bound: LVSARP_METHOD_NETLINK or LVSARP_METHOD_IOCTL. */
    int32_t method;
    /** LVSARP_FORCE, LVSARP_ROUTE_PREFIXES, LVSARP_EXACT. */
    uint32_t flags;
    /** Must be 0. */
    uint32_t reserved;
    /** The device of the VIPs; "" is lo. */
    char dev[16];
    /** The label of IPv4 VIPs; "": that of an address that is there already, or the device's name. */
    char label[16];
    /** The scope of IPv4 VIPs: global, site, link, host or a number; "": as the plan finds best. */
    char address_scope[16];
};

/** One step of a plan, or one that was done. */
struct lvsarp_step {
    /** The size of this struct in bytes, as the library knows it. */
    size_t size;
    /** What it changes: LVSARP_STEP_LEVEL, LVSARP_STEP_ADDRESS, LVSARP_STEP_ROUTE or LVSARP_STEP_FILE. */
    int32_t kind;
    /**
     * Which values are there: LVSARP_HAS_OLD, LVSARP_HAS_NEW. An address without an old value is bound, without a new
     * one removed; a file without an old one is made.
     */
    uint32_t has;
    /** What is done: set, bind, unbind, rebind, add-route, delete-route, write or remove. */
    char act[16];
    /** What it is done to, such as eth0/arp_ignore, 192.0.2.10/32 dev lo or the path of a file. */
    char thing[160];
    /** The value before: a level as a number, an address as its scope and label, "present" for a route or a file. */
    char old_value[64];
    /** The value after. */
    char new_value[64];
    /** Why. */
    char reason[512];
};

/** Gets one step. The struct is valid until it returns; non-zero ends the walk. */
typedef int (*lvsarp_step_cb)(const struct lvsarp_step *step, void *arg);

/** One thing that was found. */
struct lvsarp_finding {
    /** The size of this struct in bytes, as the library knows it. */
    size_t size;
    /** How much it matters: LVSARP_SEVERITY_ERROR, _UNKNOWN, _WARNING or _INFO. */
    int32_t severity;
    /** 0. */
    uint32_t reserved;
    /** A stable word for programs, such as vip-answered. */
    char code[32];
    /** The interface that it is about, or "". */
    char interface[16];
    /** The VIP that it is about, or "". */
    char vip[48];
    /** What was found, in one sentence. */
    char message[512];
    /** What to do about it; "" where there is nothing to do. */
    char hint[512];
};

/** Gets one finding. The struct is valid until it returns; non-zero ends the walk. */
typedef int (*lvsarp_finding_cb)(const struct lvsarp_finding *finding, void *arg);

/**
 * What lvsarp_persist() and lvsarp_unpersist() work on, and how. Start with LVSARP_PERSIST_OPTIONS_INIT; no options at
 * all (NULL) mean the same.
 */
struct lvsarp_persist_options {
    /** The size of this struct in bytes. */
    size_t size;
    /** LVSARP_COMMENT_OUT, LVSARP_OVERWRITE, LVSARP_NATIVE, LVSARP_DRY_RUN, LVSARP_APPLY. */
    uint32_t flags;
    /** Must be 0. */
    uint32_t reserved;
    /** The root directory below which the files are, that of an image or a container; "" is /. */
    char root[256];
    /**
     * Keep the levels as a marked block in this file, which others keep, such as /etc/sysctl.conf; "": in a file of our
     * own. An absolute path below the root.
     */
    char sysctl_conf[256];
    /** The program lvsarp that the boot unit runs, an absolute path below the root; "": the one that is installed. */
    char program[256];
};

/** What lvsarp_boot() is to predict. Start with LVSARP_BOOT_OPTIONS_INIT; no options at all (NULL) mean the same. */
struct lvsarp_boot_options {
    /** The size of this struct in bytes. */
    size_t size;
    /** LVSARP_NO_REHEARSAL. */
    uint32_t flags;
    /** Must be 0. */
    uint32_t reserved;
    /** The root directory whose files are read, that of an image or a container; "" is /. */
    char root[256];
    /**
     * The program that sets sysctls at boot and its version, such as systemd-sysctl 252, procps 4.0.2, procps -p 3.3.17
     * or busybox 1.35.0; without a version the newest that is known; "": the one that is found below the root.
     */
    char loader[64];
};

/** One level after the next boot, of all, default, lo or an interface. */
struct lvsarp_boot_level {
    /** The size of this struct in bytes, as the library knows it. */
    size_t size;
    /** LVSARP_ARP_IGNORE or LVSARP_ARP_ANNOUNCE. */
    int32_t key;
    /** Its value when the boot is over. */
    int32_t value;
    /**
     * Its value where the interface is only added after the program that sets it has run, if has says so; otherwise
     * that of value.
     */
    int32_t late;
    /** What is known: LVSARP_HAS_LATE, LVSARP_HAS_FILE, LVSARP_BY_DEFAULT. */
    uint32_t has;
    /** The line in file, from 1; 0 where no file decides it. */
    uint32_t line;
    /** 0. */
    uint32_t reserved;
    /** Where it stands: all, default or an interface. */
    char scope[16];
    /** The file that decides it, as its path below the root, or "". */
    char file[256];
};

/** Gets one level after the next boot. The struct is valid until it returns; non-zero ends the walk. */
typedef int (*lvsarp_boot_level_cb)(const struct lvsarp_boot_level *level, void *arg);

/** What the kernel does about one VIP on one interface that is up and speaks ARP. */
struct lvsarp_verdict {
    /** The size of this struct in bytes, as the library knows it. */
    size_t size;
    /**
     * Whether a who-has for the VIP that arrives here is answered, from some sender: 1, 0, or -1 where a level that
     * decides is unknown.
     */
    int32_t replies;
    /** Whether a request that leaves here can carry the VIP as its sender, for some target: 1, 0, or -1. */
    int32_t announces;
    /** The VIP. */
    char vip[48];
    /** The interface. */
    char interface[16];
};

/** Gets one verdict. The struct is valid until it returns; non-zero ends the walk. */
typedef int (*lvsarp_verdict_cb)(const struct lvsarp_verdict *verdict, void *arg);

/**
 * What the kernel does about one who-has that arrives, or one request of our own, and why. Filled by
 * lvsarp_would_reply() and lvsarp_would_announce(). Start with LVSARP_DECISION_INIT.
 */
struct lvsarp_decision {
    /** The size of this struct in bytes. */
    size_t size;
    /**
     * Whether the who-has is answered: 1, 0, or -1 where a level that decides is unknown, and for a request of our own.
     */
    int32_t replies;
    /**
     * What the host remembers of the sender of the who-has: LVSARP_LEARNS_*, or -1 where that is unknown, and for a
     * request of our own.
     */
    int32_t learns;
    /** Whether the running kernel agrees: 1, 0, or -1 where it was not asked or could not be asked. */
    int32_t witness;
    /** Whether there is an answer: 1, or 0 where a level that decides is unknown. */
    int32_t known;
    /**
     * The sender that the request of our own carries, 0.0.0.0 where there is no address to choose; "" where no request
     * is sent, where a level that decides is unknown, and for a who-has.
     */
    char source[16];
    /** What was asked, such as who-has 192.0.2.10 tell 192.0.2.1 on eth0. */
    char question[128];
    /** The answer in one sentence. */
    char rule[512];
};

/** One of the reasons of a decision. */
struct lvsarp_note {
    /** The size of this struct in bytes, as the library knows it. */
    size_t size;
    /** What it is: LVSARP_NOTE_CHECK, LVSARP_NOTE_CAVEAT or LVSARP_NOTE_WITNESS. */
    int32_t kind;
    /**
     * Of a check: 1 where the way goes on, 0 where it ends. Of a witness: 1 where it agrees, 0 where not, -1 where it
     * could not be asked. Of a caveat: -1.
     */
    int32_t pass;
    /** Of a check: the kernel's function that it mirrors, such as net/ipv4/arp.c: arp_ignore(); otherwise "". */
    char function[64];
    /** What was found, with the values that were read. */
    char text[512];
};

/** Gets one reason of a decision. The struct is valid until it returns; non-zero ends the walk. */
typedef int (*lvsarp_note_cb)(const struct lvsarp_note *note, void *arg);

/**
 * How lvsarp_probe() and lvsarp_probe_start() ask. Start with LVSARP_PROBE_OPTIONS_INIT; no options at all (NULL) mean
 * the same.
 */
struct lvsarp_probe_options {
    /** The size of this struct in bytes. */
    size_t size;
    /** How long answers are collected, from the first request on, in milliseconds: 1 to 86400000; 0 is 1000. */
    uint32_t timeout;
    /**
     * How many requests are sent for each VIP with each sender, evenly over the first half of the time: 1 to 1000; 0 is
     * 3.
     */
    uint32_t requests;
    /** With which sender: LVSARP_SENDER_OWN, LVSARP_SENDER_UNSPECIFIED or LVSARP_SENDER_BOTH. */
    int32_t sender;
    /**
     * How many responders are told apart, over all VIPs: 1 to 65536; 0 is 256. Two of each VIP always have room,
     * whoever else answers for the others. The room is taken when the probe is opened.
     */
    uint32_t most;
    /**
     * The MAC addresses that may answer, such as "02:00:00:00:00:01 02:00:00:00:00:02", with blanks or commas between
     * them; "": whoever is alone.
     */
    char directors[512];
};

/** One who answers for a VIP. */
struct lvsarp_responder {
    /** The size of this struct in bytes, as the library knows it. */
    size_t size;
    /** How many answers came. */
    uint32_t count;
    /** What it is: LVSARP_OURS, LVSARP_DIRECTOR, LVSARP_DUPLICATE. */
    uint32_t flags;
    /** How long the first answer took after the last request before it, in microseconds. */
    uint64_t delay;
    /** The VIP. */
    char vip[48];
    /** The MAC address that it says the VIP is at, which is what everybody learns. */
    char mac[24];
    /**
     * The MAC address that its first frame came from; another one than mac where somebody answers for somebody else.
     */
    char source[24];
    /** Its own address, where this host's neighbour table has one for mac when the round ends; otherwise "". */
    char address[48];
};

/**
 * Gets one responder. The struct is valid until it returns; non-zero ends the walk. One that closes the probe is not
 * called again.
 */
typedef int (*lvsarp_responder_cb)(const struct lvsarp_responder *responder, void *arg);

/**
 * What lvsarp_listen_open() is told besides. Start with LVSARP_LISTEN_OPTIONS_INIT; no options at all (NULL) mean the
 * same.
 */
struct lvsarp_listen_options {
    /** The size of this struct in bytes. */
    size_t size;
    /** Must be 0. */
    uint32_t flags;
    /** Must be 0. */
    uint32_t reserved;
    /** The MAC addresses of the directors, as in lvsarp_probe_options. */
    char directors[512];
};

/** One frame that carried a VIP as its sender. */
struct lvsarp_heard {
    /** The size of this struct in bytes, as the library knows it. */
    size_t size;
    /** When it was read, by the system's clock: nanoseconds since 1970. */
    int64_t time;
    /** What kind of frame: LVSARP_HEARD_*. */
    int32_t kind;
    /** Whose it is: LVSARP_OURS, LVSARP_DIRECTOR. */
    uint32_t flags;
    /** The interface. */
    char interface[16];
    /** The VIP. */
    char vip[48];
    /** Whom it asked for or told it to. */
    char target[48];
    /** The MAC address that it says the VIP is at. */
    char mac[24];
    /** The MAC address that the frame came from. */
    char source[24];
};

/**
 * Gets one frame. The struct is valid until it returns. A value other than 0 does not end the walk: what was read is
 * handed out whole. One that closes the listener is not called again.
 */
typedef int (*lvsarp_heard_cb)(const struct lvsarp_heard *heard, void *arg);

/**
 * How lvsarp_audit() and lvsarp_audit_start() ask. Start with LVSARP_AUDIT_OPTIONS_INIT; no options at all (NULL) mean
 * the same.
 */
struct lvsarp_audit_options {
    /** The size of this struct in bytes. */
    size_t size;
    /**
     * The deadline from the start on, in milliseconds: 1 to 86400000; 0 is 1000. A healthy real server takes about half
     * of it, since silence takes time to be heard.
     */
    uint32_t timeout;
    /** How often each question is asked until it is answered: 1 to 1000; 0 is 8. */
    uint32_t tries;
    /**
     * The TCP port of the service, 1 to 65535: a connection is made, and reset as soon as it is accepted. 0 asks with
     * an ICMP echo request, which says nothing about the service.
     */
    uint32_t port;
    /** Must be 0. */
    uint32_t reserved;
};

/**
 * What a real server is, as seen from the wire. Filled by lvsarp_audit() and lvsarp_audit_dispatch(). Start with
 * LVSARP_AUDIT_RESULT_INIT.
 */
struct lvsarp_audit_result {
    /** The size of this struct in bytes. */
    size_t size;
    /** What it is: LVSARP_AUDIT_HEALTHY, LVSARP_AUDIT_LEAKS, LVSARP_AUDIT_BLACK_HOLE or LVSARP_AUDIT_DOWN. */
    int32_t state;
    /** What came back from the VIP: LVSARP_ANSWER_*. */
    int32_t from_vip;
    /** What came back from the real server's own address, which is asked the same: LVSARP_ANSWER_*. */
    int32_t from_real_server;
    /** Which values are there: LVSARP_HAS_DELAY. */
    uint32_t has;
    /** How many who-has for the VIP it answered. */
    uint32_t answered;
    /** How many frames that nobody asked for carried the VIP as their sender: its own who-has, and gratuitous ones. */
    uint32_t announced;
    /** How many other MAC addresses answered for the VIP: directors, or other leaks. */
    uint32_t others;
    /** 0. */
    uint32_t reserved;
    /** How long the first answer from the VIP took, in microseconds, if has says so. */
    uint64_t delay;
    /** The VIP. */
    char vip[48];
    /** The real server's own address. */
    char real_server[48];
    /** Its MAC address; "" where it did not answer for its own address. */
    char mac[24];
    /** Why, one sentence a line, the most important first. */
    char reasons[1024];
};

/**
 * What lvsarp_watch_open() watches for. Start with LVSARP_WATCH_OPTIONS_INIT; no options at all (NULL) mean the same.
 */
struct lvsarp_watch_options {
    /** The size of this struct in bytes. */
    size_t size;
    /**
     * How often levels are read again, which the kernel does not announce when they are written through /proc/sys, in
     * milliseconds: 10 to 86400000; 0 is 1000.
     */
    uint32_t interval;
    /** LVSARP_REPAIR. */
    uint32_t flags;
    /** How many repairs a minute there are at most: 1 to 6000; 0 is 6. */
    uint32_t per_minute;
    /** Must be 0. */
    uint32_t reserved;
};

/** One thing that happened on a host that is watched. */
struct lvsarp_event {
    /** The size of this struct in bytes, as the library knows it. */
    size_t size;
    /** When it was noticed, by the system's clock: nanoseconds since 1970. */
    int64_t time;
    /** What happened: LVSARP_EVENT_*. */
    int32_t kind;
    /** The level: LVSARP_ARP_IGNORE and so on; 0 where it is about none. */
    int32_t key;
    /** Whether every VIP is silent and there, by a check after the event: 1, 0, or -1 where it could not be told. */
    int32_t silent;
    /** Which values are there: LVSARP_HAS_OLD, LVSARP_HAS_NEW. */
    uint32_t has;
    /** The interface, or all or default for a level; "" where it is about none. */
    char scope[16];
    /** The VIP, or "". */
    char vip[48];
    /** Before: a value, how an address was bound, up or down. */
    char old_value[64];
    /** After. */
    char new_value[64];
    /** The name and number of the process that did it, where that is known; otherwise "". */
    char by[64];
    /** What happened, in one sentence. */
    char message[512];
    /** The most important thing that the check found, if there is an error, as lvsarp_finding.code; otherwise "". */
    char finding[32];
    /** The same, as lvsarp_finding.message. */
    char finding_message[512];
    /** The same, as lvsarp_finding.hint. */
    char finding_hint[512];
};

/**
 * Gets one event. The struct is valid until it returns. A value other than 0 does not end the walk: what has happened
 * is handed out whole. One that closes the watch is not called again.
 */
typedef int (*lvsarp_event_cb)(const struct lvsarp_event *event, void *arg);

/** How lvsarp_announce() announces. Start with LVSARP_ANNOUNCE_OPTIONS_INIT; no options at all (NULL) mean the same. */
struct lvsarp_announce_options {
    /** The size of this struct in bytes. */
    size_t size;
    /** How many rounds: 1 to 1000; 0 is 3. */
    uint32_t count;
    /** How long between two rounds, in milliseconds: 1 to 86400000; 0 is 1000. */
    uint32_t interval;
    /** Which forms of gratuitous ARP (IPv4): LVSARP_FORM_BOTH, LVSARP_FORM_REQUEST or LVSARP_FORM_REPLY. */
    int32_t form;
    /**
     * LVSARP_FORCE: also where this host holds the VIP as a real server does, or does not hold it at all.
     * LVSARP_DRY_RUN: send nothing.
     */
    uint32_t flags;
};

/**
 * How lvsarp_promote() and lvsarp_demote() move the VIPs. Start with LVSARP_ROLE_OPTIONS_INIT; no options at all (NULL)
 * mean the same.
 */
struct lvsarp_role_options {
    /** The size of this struct in bytes. */
    size_t size;
    /**
     * Where lvsarp_demote() sets the levels: LVSARP_SCOPE_ALL or LVSARP_SCOPE_INTERFACE. For lvsarp_promote() it must
     * be 0.
     */
    int32_t scope;
    /** LVSARP_DRY_RUN: change nothing; lvsarp_step_each() says what would be done. */
    uint32_t flags;
    /** The device of a silent real server's VIPs; "" is lo. */
    char dev[16];
};

/** One row of a table of levels: a range of values and what the kernel does there. */
struct lvsarp_meaning {
    /** The size of this struct in bytes, as the library knows it. */
    size_t size;
    /** The first value of the row. */
    int32_t first;
    /** The last value of the row. */
    int32_t last;
    /** 1 where a VIP of scope global on lo is hidden for a sender in the interface's subnet, otherwise 0. */
    int32_t hides_vip;
    /** 0. */
    uint32_t reserved;
    /** The values as people write them: 0, 4-7, 9 and above. */
    char values[16];
    /** What the kernel does, in the language that was asked for (UTF-8). */
    char text[512];
};

/** Gets one row of a table of levels. The struct is valid until it returns; non-zero ends the walk. */
typedef int (*lvsarp_meaning_cb)(const struct lvsarp_meaning *meaning, void *arg);

/** One key of net.ipv4.conf that ARP decisions read. */
struct lvsarp_key {
    /** The size of this struct in bytes, as the library knows it. */
    size_t size;
    /** The key: LVSARP_ARP_IGNORE and so on. */
    int32_t key;
    /** The first value that has a meaning. */
    int32_t first;
    /** The last value that has a meaning. */
    int32_t last;
    /** How all and own are merged: LVSARP_MERGE_*. */
    int32_t merge;
    /** The first kernel that has the key: major number. */
    uint32_t since_major;
    /** And minor number. */
    uint32_t since_minor;
    /** The rule of kernels older than before_major.before_minor; that of merge where it was never another one. */
    int32_t merge_before;
    /** 0 where the rule was never another one. */
    uint32_t before_major;
    /** See before_major. */
    uint32_t before_minor;
    /** 0. */
    uint32_t reserved;
    /** Its file name below /proc/sys/net/ipv4/conf/IFACE. */
    char name[32];
    /** What it does, in one sentence. */
    char text[128];
};

/** Gets one key. The struct is valid until it returns; non-zero ends the walk. */
typedef int (*lvsarp_key_cb)(const struct lvsarp_key *key, void *arg);

/* Opening, closing, messages, the version, and a snapshot's way out and in. */

/**
 * Opens a network namespace. Needs no privilege for the calling thread's own, and CAP_SYS_ADMIN for another one.
 *
 * The handle stays in that namespace, whatever thread uses it and wherever that thread is by then. To open another
 * namespace a thread is started with all signals blocked, enters it, and ends before this returns; the calling thread
 * stays where it is.
 *
 * @param netns  a name below /run/netns, a path (it has a slash), or a process (digits); NULL for the calling thread's
 *               namespace
 * @param out    where the handle goes; NULL goes there if this fails
 * @return 0; -ENOENT if there is no such namespace; -EPERM; -EINVAL for a malformed name; another -errno
 */
int lvsarp_open(const char *netns, struct lvsarp_host **out);

/**
 * lvsarp_open() that says in words why it failed and what to do about it: there is no handle then to ask.
 *
 * @param netns    as for lvsarp_open()
 * @param out      as for lvsarp_open()
 * @param message  where the message goes, cut to fit and ended with a zero; "" if nothing failed; may be NULL
 * @param size     its size in bytes
 * @return as lvsarp_open()
 */
int lvsarp_open_message(const char *netns, struct lvsarp_host **out, char *message, size_t size);

/**
 * Opens a recorded namespace: a snapshot that lvsarp_snapshot(), `lvsarp snapshot` or Python wrote, here or on another
 * machine. Everything that looks and decides works on it as it was then, or as lvsarp_assume() has it; everything that
 * changes something fails with -EROFS.
 *
 * @param json     the snapshot
 * @param length   its length in bytes
 * @param out      where the handle goes; NULL goes there if this fails
 * @param message  as for lvsarp_open_message(); may be NULL
 * @param size     its size in bytes
 * @return 0; -EINVAL for what is no snapshot, or one of a format that this version does not read
 */
int lvsarp_open_snapshot(const char *json, size_t length, struct lvsarp_host **out, char *message, size_t size);

/**
 * Closes a handle and everything that it holds. NULL is allowed. From a callback of a call on the same handle it closes
 * it when that call ends.
 *
 * What an apply did stays done: the journal is in /run/lvsarp, and any handle on the namespace can undo it.
 */
void lvsarp_close(struct lvsarp_host *h);

/**
 * Why the last call on the handle failed: "cannot write eth0/arp_ignore: Read-only file system". "" if it did not fail.
 *
 * @return never NULL; valid until the next call on the handle that is not one of lvsarp_message(), lvsarp_hint(),
 *         lvsarp_kind(), lvsarp_rolled_back(), lvsarp_changed(), lvsarp_boot_loader(), lvsarp_boot_rehearsed() and the
 *         walks over what a call left
 */
const char *lvsarp_message(const struct lvsarp_host *h);

/**
 * What to do about the failure of the last call on the handle, such as which capability is missing. "" where there is
 * nothing to say.
 *
 * @return never NULL; valid until the next call on the handle that is not one of lvsarp_message(), lvsarp_hint(),
 *         lvsarp_kind(), lvsarp_rolled_back(), lvsarp_changed(), lvsarp_boot_loader(), lvsarp_boot_rehearsed() and the
 *         walks over what a call left
 */
const char *lvsarp_hint(const struct lvsarp_host *h);

/**
 * What kind of failure the last call on the handle was, as a stable word. An errno may have come from the kernel or
 * from lvsarp itself; the kind tells: "invalid-input", "no-interface", "no-namespace", "permission", "read-only",
 * "unsupported", "lock-timeout", "interrupted", "journal", "not-verified", "refused", or "system" for any other system
 * call that failed. "" if it did not fail.
 *
 * @return never NULL; valid until the next call on the handle that is not one of lvsarp_message(), lvsarp_hint(),
 *         lvsarp_kind(), lvsarp_rolled_back(), lvsarp_changed(), lvsarp_boot_loader(), lvsarp_boot_rehearsed() and the
 *         walks over what a call left
 */
const char *lvsarp_kind(const struct lvsarp_host *h);

/**
 * What a return value means in general, as a constant text. lvsarp_message() knows more.
 *
 * @param rc  what a function of this library returned
 * @return never NULL; valid for ever
 */
const char *lvsarp_strerror(int rc);

/** The version of the library that is running, such as "0.1.0"; that of the header is LVSARP_VERSION. */
const char *lvsarp_version(void);

/**
 * The namespace as one line of JSON: interfaces, addresses, levels and local routes. Needs no privilege.
 *
 * @param cb   gets the text once
 * @param arg  is passed on to it
 * @return what cb returned; -EINTR where the kernel's tables kept changing; another -errno
 */
int lvsarp_snapshot(struct lvsarp_host *h, lvsarp_text_cb cb, void *arg);

/**
 * How long lvsarp_apply(), lvsarp_undo(), lvsarp_persist(), lvsarp_unpersist(), lvsarp_restore(), lvsarp_promote() and
 * lvsarp_demote() on this handle wait for another process that works on the same namespace.
 *
 * @param milliseconds  0 does not wait; LVSARP_LOCK_TIMEOUT (10 s) is what a new handle has; one day at most
 * @return 0, or -EINVAL
 */
int lvsarp_lock_timeout(struct lvsarp_host *h, uint32_t milliseconds);

/* Levels: reading, and setting. */

/**
 * Both levels of an interface, of all or of default: own, all, and what is in force. Needs no privilege.
 *
 * On a handle that is kept open this costs four reads of kept-open files, for up to eight interfaces in turn. Where
 * /proc/sys is absent the interface's own values come over netlink, and those of all stay unknown.
 *
 * @param iface   an interface's name, "all" or "default"
 * @param levels  where the levels go; its size must be set (LVSARP_LEVELS_INIT)
 * @return 0; -ENODEV if there is no such interface; -EINVAL
 */
int lvsarp_get(struct lvsarp_host *h, const char *iface, struct lvsarp_levels *levels);

/**
 * The value of any key of the table, as it is, also one that has no meaning. Needs no privilege.
 *
 * @param iface  an interface's name, "all" or "default"
 * @param key    LVSARP_ARP_IGNORE and so on
 * @param value  where the value goes
 * @return 0; -EOPNOTSUPP if this kernel does not have the key; -ENODEV; -EINVAL
 */
int lvsarp_read(struct lvsarp_host *h, const char *iface, int32_t key, int32_t *value);

/**
 * Sets one level: nothing is written where it is right already, and what was written is read back. lvsarp_changed()
 * tells the two apart.
 *
 * Values that have no meaning are refused although the kernel takes them: several of them leak. Whether a level is in
 * force depends on all as well: see lvsarp_get(). CAP_NET_ADMIN is needed.
 *
 * @param iface  an interface's name, "all" or "default"
 * @param key    LVSARP_ARP_IGNORE (0 to 8) or LVSARP_ARP_ANNOUNCE (0 to 2)
 * @param value  the level
 * @return 0; -EINVAL; -ENODEV; -EPERM; -EROFS for all and default where /proc/sys is read-only
 */
int lvsarp_set(struct lvsarp_host *h, const char *iface, int32_t key, int32_t value);

/**
 * Sets several levels of one interface. If one of them fails, those before it are put back.
 *
 * @param iface   an interface's name, "all" or "default"
 * @param keys    n keys
 * @param values  n values
 * @param n       how many, at least 1
 * @param via     which way: LVSARP_VIA_AUTO, LVSARP_VIA_PROCFS or LVSARP_VIA_NETLINK
 * @return as lvsarp_set(); -EOPNOTSUPP for all and default over netlink, which has no request for them
 */
int lvsarp_set_many(struct lvsarp_host *h, const char *iface, const int32_t *keys, const int32_t *values, size_t n,
                    int32_t via);

/* Interfaces, addresses and prefixes: listing, binding and removing, one or many. */

/**
 * The interfaces, in the kernel's order. Needs no privilege.
 *
 * @param cb   gets each interface
 * @param arg  is passed on to it
 * @return 0, or what cb returned to end the walk; another -errno
 */
int lvsarp_interface_each(struct lvsarp_host *h, lvsarp_interface_cb cb, void *arg);

/**
 * What is bound on a device: its addresses of both families without 127.0.0.0/8 and ::1, in the kernel's order. Needs
 * no privilege.
 *
 * @param dev  the device, such as "lo"
 * @param cb   gets each address
 * @param arg  is passed on to it
 * @return 0, or what cb returned to end the walk; -ENODEV if there is no such device; -EINVAL
 */
int lvsarp_vip_each(struct lvsarp_host *h, const char *dev, lvsarp_address_cb cb, void *arg);

/**
 * The addresses of a device, or of all of them: both families, in the kernel's order, as ip address lists them. Needs
 * no privilege.
 *
 * @param dev  the device, or NULL for all
 * @param cb   gets each address
 * @param arg  is passed on to it
 * @return 0, or what cb returned to end the walk; -ENODEV if there is no such device; -EINVAL
 */
int lvsarp_address_each(struct lvsarp_host *h, const char *dev, lvsarp_address_cb cb, void *arg);

/**
 * Binds a VIP on a device, as /32 or /128 with scope global, in one netlink request. Set the levels first, or the VIP
 * is answered for in between: lvsarp_apply() does it in the right order. CAP_NET_ADMIN is needed.
 *
 * Where it is bound with another scope or label it is removed and added again. lvsarp_changed() is 0 where it was bound
 * just so already.
 *
 * @param vip    "192.0.2.10" or "2001:db8::10"; a prefix length other than /32 or /128 is refused on a loopback device
 * @param dev    the device, such as "lo"
 * @param label  of an IPv4 address: the device's name, or that, a colon and more ("lo:0"); NULL for the device's name
 * @return 0; -EINVAL; -ENODEV; -EPERM; another -errno
 */
int lvsarp_vip_bind(struct lvsarp_host *h, const char *vip, const char *dev, const char *label);

/**
 * Binds many VIPs on one device, with many requests in one send. If one of them fails, those that this call had bound
 * are removed again.
 *
 * @param vips     n VIPs
 * @param n        how many
 * @param options  or NULL: on lo, scope global, over netlink
 * @param changed  n places, each of which becomes 1 where that VIP was bound and 0 where it was bound just so already;
 *                 may be NULL
 * @return as lvsarp_vip_bind()
 */
int lvsarp_vip_bind_many(struct lvsarp_host *h, const char *const *vips, size_t n,
                         const struct lvsarp_bind_options *options, int32_t *changed);

/**
 * Removes a VIP from a device. lvsarp_changed() is 0 where it was not there. CAP_NET_ADMIN is needed.
 *
 * @param vip  "192.0.2.10" or "2001:db8::10", with its prefix length if that is not /32 or /128
 * @param dev  the device, such as "lo"
 * @return 0; -EINVAL; -ENODEV; -EPERM; another -errno
 */
int lvsarp_vip_unbind(struct lvsarp_host *h, const char *vip, const char *dev);

/**
 * Removes many VIPs from one device, with many requests in one send. If one of them fails, those that this call had
 * removed are bound again, with scope global and the device's label.
 *
 * @param vips     n VIPs
 * @param n        how many
 * @param dev      the device, such as "lo"
 * @param changed  n places, each of which becomes 1 where that VIP was removed and 0 where it was not there; may be
 *                 NULL
 * @return as lvsarp_vip_unbind()
 */
int lvsarp_vip_unbind_many(struct lvsarp_host *h, const char *const *vips, size_t n, const char *dev, int32_t *changed);

/**
 * Makes the host accept packets to every address of a prefix, by one local route (AnyIP). CAP_NET_ADMIN is needed.
 *
 * @param prefix  such as "198.51.100.0/24"
 * @param dev     the device, such as "lo"
 * @return 0; -EINVAL; -ENODEV; -EPERM; another -errno
 */
int lvsarp_prefix_bind(struct lvsarp_host *h, const char *prefix, const char *dev);

/**
 * Removes the local route of a prefix. lvsarp_changed() is 0 where it was not there. CAP_NET_ADMIN is needed.
 *
 * @param prefix  such as "198.51.100.0/24"
 * @param dev     the device, such as "lo"
 * @return 0; -EINVAL; -ENODEV; -EPERM; another -errno
 */
int lvsarp_prefix_unbind(struct lvsarp_host *h, const char *prefix, const char *dev);

/**
 * The prefixes that somebody made local by hand: routes of type local without an address of their own. Needs no
 * privilege.
 *
 * @param cb   gets each prefix
 * @param arg  is passed on to it
 * @return 0, or what cb returned to end the walk; another -errno
 */
int lvsarp_prefix_each(struct lvsarp_host *h, lvsarp_prefix_cb cb, void *arg);

/* The real server as a whole: plan, apply, undo, check. */

/**
 * Works out what lvsarp_apply() would do, in order and with reasons, and what would be found afterwards. Changes
 * nothing, needs no privilege.
 *
 * @param vips     n VIPs, "192.0.2.10" or "2001:db8::10"; IPv4 and IPv6 may be mixed
 * @param n        how many, at least 1
 * @param options  or NULL
 * @param cb       gets each step; may be NULL (lvsarp_step_each() walks them later)
 * @param arg      is passed on to it
 * @return 0: lvsarp_apply() would do this, nothing at all if there is no step; 1: it would refuse, and
 *         lvsarp_finding_each() says why; what cb returned to end the walk; -EINVAL, also for LVSARP_EXACT on a
 *         snapshot, which does not know what was applied; -ENODEV; another -errno
 */
int lvsarp_plan(struct lvsarp_host *h, const char *const *vips, size_t n, const struct lvsarp_apply_options *options,
                lvsarp_step_cb cb, void *arg);

/**
 * Makes the host a silent real server: sets the levels and reads them back, then binds the VIPs, then checks the whole.
 *
 * A second call changes nothing: lvsarp_changed() is 0 then. If anything fails, what was done is rolled back and the
 * message says so. If the process is killed at any point, the next apply, undo or check rolls back first. CAP_NET_ADMIN
 * is needed, and /run/lvsarp for the journal.
 *
 * @param vips     n VIPs, as for lvsarp_plan()
 * @param n        how many, at least 1
 * @param options  or NULL
 * @return 0; -ECANCELED where the VIPs would not be silent afterwards, with nothing changed (lvsarp_finding_each() says
 *         why); -EINVAL; -ENODEV; -EPERM; -EROFS; -ETIMEDOUT for the lock; -EIO where the kernel does not show what was
 *         done; another -errno
 */
int lvsarp_apply(struct lvsarp_host *h, const char *const *vips, size_t n, const struct lvsarp_apply_options *options);

/**
 * Takes back what lvsarp_apply() did on this namespace, in whatever process: the VIPs first, then the levels, each only
 * where it still is what apply made it. The rest is left alone and reported (lvsarp_finding_each()). CAP_NET_ADMIN is
 * needed.
 *
 * @return 0, also where there is nothing to undo (lvsarp_changed()); -EPERM; -ETIMEDOUT for the lock; -EBADMSG for a
 *         journal that cannot be used; another -errno
 */
int lvsarp_undo(struct lvsarp_host *h);

/**
 * What lvsarp_undo() would do now. Changes nothing, needs no privilege. Only in liblvsarp-full.
 *
 * @param cb   gets each step; may be NULL (lvsarp_step_each() walks them later)
 * @param arg  is passed on to it
 * @return 0, also where there is nothing to undo; what cb returned to end the walk; -EBADMSG for a journal that cannot
 *         be used; another -errno
 */
int lvsarp_plan_undo(struct lvsarp_host *h, lvsarp_step_cb cb, void *arg);

/**
 * Says for every VIP whether the host is silent: no who-has for it is answered and no request carries it, on no
 * interface.
 *
 * Needs no privilege. A handle that is kept open makes this a few netlink dumps: it may run every second. Where the
 * journal shows an apply or undo that was killed midway, that is taken back or finished first if the caller may do so;
 * otherwise it is a finding.
 *
 * @param vips  n VIPs; NULL with n 0 checks those that are bound and those that an apply had bound
 * @param n     how many; 0 only with NULL
 * @param cb    gets each finding, the most important first; may be NULL
 * @param arg   is passed on to it
 * @return 0: silent (there may be warnings); 1: not, or it could not be told, and the findings say why; what cb
 *         returned to end the walk; -EINVAL; another -errno
 */
int lvsarp_check(struct lvsarp_host *h, const char *const *vips, size_t n, lvsarp_finding_cb cb, void *arg);

/* What outlives a reboot: write it, remove it, restore it at boot (liblvsarp-full). */

/**
 * Writes what outlives a reboot: the levels to /etc/sysctl.d/90-lvsarp.conf, the VIPs to /etc/lvsarp/real-server.json,
 * and the systemd unit that runs `lvsarp restore` at boot. The running host is not changed, but with LVSARP_APPLY.
 *
 * A second call writes nothing: lvsarp_changed() is 0 then. lvsarp_step_each() says what was written,
 * lvsarp_finding_each() what else matters. A file that somebody has edited, that is masked (a link to /dev/null) or
 * that is none of ours is refused. If anything fails, what was written is put back. The files are those of the calling
 * process's mount namespace. Whoever may write there may call this; with LVSARP_APPLY CAP_NET_ADMIN is needed.
 *
 * @param vips     n VIPs, as for lvsarp_plan()
 * @param n        how many, at least 1
 * @param wish     what they are to be like, as for lvsarp_apply(); or NULL
 * @param options  or NULL: the machine's own files
 * @return 0; -ECANCELED where a file is not ours to change, or where lvsarp_apply() would be refused
 *         (lvsarp_finding_each() says why); -EINVAL; -ENODEV; -EACCES; -EPERM; -EROFS; -ETIMEDOUT for the lock; another
 *         -errno
 */
int lvsarp_persist(struct lvsarp_host *h, const char *const *vips, size_t n, const struct lvsarp_apply_options *wish,
                   const struct lvsarp_persist_options *options);

/**
 * Removes the files that lvsarp_persist() wrote, those only, and only as it wrote them: what somebody has edited stays
 * and is reported (lvsarp_finding_each()), but with LVSARP_OVERWRITE. The running host is not changed: lvsarp_undo()
 * does that. With LVSARP_DRY_RUN nothing is changed: lvsarp_step_each() says what would be removed.
 *
 * @param options  or NULL; sysctl_conf adds one more file that may have a block of ours, to those that were noted when
 *                 it was written
 * @return 0, also where there is nothing to remove (lvsarp_changed()); -EINVAL, also for LVSARP_APPLY; -EACCES; -EROFS;
 *         -ETIMEDOUT for the lock; another -errno
 */
int lvsarp_unpersist(struct lvsarp_host *h, const struct lvsarp_persist_options *options);

/**
 * Brings back what lvsarp_persist() wrote, as the boot unit does: the levels first, read back, and only then the VIPs.
 * Where the levels do not hold no VIP is bound. CAP_NET_ADMIN is needed.
 *
 * @param root  the root directory below which the files are; NULL or "" is /
 * @return 0, also where nothing was persisted (lvsarp_finding_each() says so); -ECANCELED where the VIPs would not be
 *         silent, or the file cannot be trusted; otherwise as lvsarp_apply()
 */
int lvsarp_restore(struct lvsarp_host *h, const char *root);

/* The next boot: what will be in force then, and which line of which file decides it (liblvsarp-full). */

/**
 * Says what will be in force after the next boot, and for every VIP whether the host will be silent then: no who-has
 * for it is answered and no request carries it, on no interface.
 *
 * The sysctl files below the root are read by the rules of the program that sets sysctls at boot. On a live handle,
 * with CAP_SYS_ADMIN and CAP_NET_ADMIN, and where the root is /, that program is also run in namespaces of its own,
 * with links of the same names, and both are compared: a rehearsal, some tens of milliseconds. It is a child process,
 * which this call waits for. A recorded handle is a host of which only the files are needed. The files are those of the
 * calling process's mount namespace. Needs no privilege.
 *
 * What it leaves: lvsarp_finding_each(), lvsarp_verdict_each(), lvsarp_boot_level_each(), lvsarp_boot_loader(),
 * lvsarp_boot_rehearsed().
 *
 * @param vips        n VIPs; NULL with n 0 checks those that lvsarp_persist() wrote and those that are bound
 * @param n           how many; 0 only with NULL
 * @param interfaces  m interfaces that need not be there now, such as one that will be plugged in; NULL with m 0 for
 *                    none
 * @param m           how many
 * @param options     or NULL: this host, as it is, with a rehearsal where that is possible
 * @param cb          gets each finding, the most important first; may be NULL
 * @param arg         is passed on to it
 * @return 0: silent (there may be warnings); 1: not, or it could not be told, and the findings say why; what cb
 *         returned to end the walk; -EINVAL; -ENOENT for a root that is not there; another -errno
 */
int lvsarp_boot(struct lvsarp_host *h, const char *const *vips, size_t n, const char *const *interfaces, size_t m,
                const struct lvsarp_boot_options *options, lvsarp_finding_cb cb, void *arg);

/**
 * The levels after the next boot, if the last call on the handle was lvsarp_boot(): both of all, default, lo and every
 * interface. Stays as long as lvsarp_changed() does.
 *
 * @param cb   gets each level
 * @param arg  is passed on to it
 * @return 0, or what cb returned to end the walk; -EINVAL
 */
int lvsarp_boot_level_each(struct lvsarp_host *h, lvsarp_boot_level_cb cb, void *arg);

/**
 * The program whose rules the last lvsarp_boot() took, and its version, such as "systemd-sysctl 252". Stays as long as
 * lvsarp_changed() does.
 *
 * @return never NULL; "" where the last call on the handle was no lvsarp_boot()
 */
const char *lvsarp_boot_loader(const struct lvsarp_host *h);

/**
 * Whether the last call on the handle was an lvsarp_boot() that ran that program itself to see what it does. Otherwise
 * its rules were worked out. Stays as long as lvsarp_changed() does.
 *
 * @return 1 or 0; a negative errno for a handle that cannot be used
 */
int lvsarp_boot_rehearsed(struct lvsarp_host *h);

/* The outcome: what the last call did or found, kept in the handle and walked with a callback. */

/**
 * Whether the last call on the handle, which failed, had changed something: 0 it had not, 1 it had and put it back, -1
 * it had and could not put all of it back; then the message says what is left, and where it was an apply the next one
 * tries again.
 *
 * @return 0, 1 or -1; another negative errno for a handle that cannot be used
 */
int lvsarp_rolled_back(struct lvsarp_host *h);

/**
 * How much the last call on the handle changed: levels, addresses, routes and files. 0 where everything was right
 * already, and where the last call was none that changes something.
 *
 * What a call leaves behind stays until the next lvsarp_set(), lvsarp_vip_bind(), lvsarp_vip_unbind(),
 * lvsarp_prefix_bind(), lvsarp_prefix_unbind(), their kin of many, lvsarp_plan(), lvsarp_apply(), lvsarp_undo(),
 * lvsarp_check(), lvsarp_persist(), lvsarp_unpersist(), lvsarp_restore(), lvsarp_boot(), lvsarp_promote() or
 * lvsarp_demote() on the handle.
 *
 * @return a count, or a negative errno
 */
int lvsarp_changed(struct lvsarp_host *h);

/**
 * The steps that the last call on the handle planned or did, in order, if it was lvsarp_plan(), lvsarp_apply(),
 * lvsarp_undo(), lvsarp_set(), lvsarp_persist(), lvsarp_unpersist(), lvsarp_restore(), lvsarp_promote() or
 * lvsarp_demote(). Stays as long as lvsarp_changed() does.
 *
 * @param cb   gets each step
 * @param arg  is passed on to it
 * @return 0, or what cb returned to end the walk; -EINVAL
 */
int lvsarp_step_each(struct lvsarp_host *h, lvsarp_step_cb cb, void *arg);

/**
 * The findings of the last call on the handle, the most important first, if it was lvsarp_check(), lvsarp_plan(),
 * lvsarp_apply(), lvsarp_undo(), lvsarp_persist(), lvsarp_unpersist(), lvsarp_restore(), lvsarp_boot(),
 * lvsarp_promote() or lvsarp_demote(); where an apply was refused or not verified (-ECANCELED, -EIO), those that say
 * why. Stays as long as lvsarp_changed() does.
 *
 * @param cb   gets each finding
 * @param arg  is passed on to it
 * @return 0, or what cb returned to end the walk; -EINVAL
 */
int lvsarp_finding_each(struct lvsarp_host *h, lvsarp_finding_cb cb, void *arg);

/**
 * The verdicts of the last call on the handle, if it was lvsarp_check() or lvsarp_boot(): every VIP on every interface
 * that is up and speaks ARP. Stays as long as lvsarp_changed() does.
 *
 * @param cb   gets each verdict
 * @param arg  is passed on to it
 * @return 0, or what cb returned to end the walk; -EINVAL
 */
int lvsarp_verdict_each(struct lvsarp_host *h, lvsarp_verdict_cb cb, void *arg);

/* What the kernel would do, and why: about a who-has, about a request of our own, and "what if". */

/**
 * Whether the kernel would answer a who-has for target from sender that arrives on an interface, and why. Needs no
 * privilege.
 *
 * A recorded handle is indexed once: there a question costs microseconds, however many addresses and routes there are.
 * A live one is observed anew for each question.
 *
 * @param target  the IPv4 address that is asked for
 * @param sender  the IPv4 address of who asks
 * @param on      the interface that receives the frame in the end: a bridge, not its port; a VLAN, not the interface
 *                below it
 * @param flags   LVSARP_VERIFY, which a recorded handle does not take, or 0
 * @param out     where the decision goes, before any callback; its size must be set (LVSARP_DECISION_INIT)
 * @param cb      gets each check, in the kernel's order, then each caveat, then the running kernel's word, where it was
 *                asked; may be NULL
 * @param arg     is passed on to it
 * @return 0, or what cb returned to end the walk; -ENODEV if there is no such interface; -EINVAL, also for IPv6
 *         addresses; another -errno
 */
int lvsarp_would_reply(struct lvsarp_host *h, const char *target, const char *sender, const char *on, uint32_t flags,
                       struct lvsarp_decision *out, lvsarp_note_cb cb, void *arg);

/**
 * Which sender a request for target that leaves by an interface would carry, and why. Needs no privilege.
 *
 * @param target  the IPv4 address that is asked for: the next hop, so the gateway where there is one
 * @param on      the interface that the request leaves by
 * @param source  the source address of the packet that waits for the answer; NULL for a request without a packet, such
 *                as the unicast request by which the kernel makes sure of a neighbour that it knows
 * @param flags   as for lvsarp_would_reply()
 * @param out     as for lvsarp_would_reply()
 * @param cb      as for lvsarp_would_reply(); may be NULL
 * @param arg     is passed on to it
 * @return as lvsarp_would_reply()
 */
int lvsarp_would_announce(struct lvsarp_host *h, const char *target, const char *on, const char *source, uint32_t flags,
                          struct lvsarp_decision *out, lvsarp_note_cb cb, void *arg);

/**
 * What if: from now on a recorded handle answers all questions, and lvsarp_snapshot(), as if a key had another value.
 * Nothing is written anywhere.
 *
 * lvsarp_snapshot() and lvsarp_open_snapshot() make a recorded handle of a live one. Any value is taken that the kernel
 * can hold.
 *
 * @param scope  an interface's name, "all" or "default"
 * @param key    LVSARP_ARP_IGNORE and so on
 * @param value  the value
 * @return 0; -EINVAL, also for a live handle; -ENODEV if there is no such interface, or it has no IPv4 part
 */
int lvsarp_assume(struct lvsarp_host *h, const char *scope, int32_t key, int32_t value);

/* A probe: who answers for a VIP on the wire (liblvsarp-full). */

/**
 * Asks who has the VIPs, and waits as long as the options say for everybody who answers. IPv6 VIPs are asked for with
 * neighbour solicitations. CAP_NET_RAW is needed. Only in liblvsarp-full.
 *
 * @param vips     n VIPs, "192.0.2.10" or "2001:db8::10", each once
 * @param n        how many, at least 1
 * @param iface    the interface to ask on, such as "eth0"
 * @param options  or NULL: 1 s, 3 requests, whoever is alone
 * @param cb       gets each responder, by VIP in the order in which they are named; may be NULL
 * @param arg      is passed on to it
 * @return 0: each VIP has exactly one responder, and a director if any are named; otherwise how many VIPs have not
 *         (none, more than one, or not a director), at most n; what cb returned to end the walk: let it be greater than
 *         n, so that it is no such count; -EPERM; -ENODEV; -EOPNOTSUPP on an interface without ARP; -ENETDOWN where it
 *         is down; -EINVAL; -EROFS for a recorded handle; another -errno
 */
int lvsarp_probe(struct lvsarp_host *h, const char *const *vips, size_t n, const char *iface,
                 const struct lvsarp_probe_options *options, lvsarp_responder_cb cb, void *arg);

/**
 * Opens a probe for an event loop: nothing waits, and after this nothing is allocated unless a call fails. CAP_NET_RAW
 * is needed for this call alone. The handle h may be closed before it. Only in liblvsarp-full.
 *
 * @param vips     as for lvsarp_probe()
 * @param n        as for lvsarp_probe()
 * @param iface    as for lvsarp_probe()
 * @param options  as for lvsarp_probe()
 * @param out      where the probe goes; NULL goes there if this fails
 * @return 0; otherwise as lvsarp_probe(), and lvsarp_message(h) says why
 */
int lvsarp_probe_open(struct lvsarp_host *h, const char *const *vips, size_t n, const char *iface,
                      const struct lvsarp_probe_options *options, struct lvsarp_prober **out);

/**
 * Begins a round: sends the first requests, and forgets what the last round found. May be called again at any time.
 * Only in liblvsarp-full.
 *
 * @return 0; -ENETDOWN; -EINVAL in a process that was forked since the probe was opened; another -errno
 */
int lvsarp_probe_start(struct lvsarp_prober *p);

/**
 * The descriptor of a probe: readable (POLLIN) when lvsarp_probe_dispatch() has something to do, also when the next
 * requests are due or the time is over, so that the loop needs no timer of its own. It is the library's: wait on it,
 * and nothing else. Only in liblvsarp-full.
 *
 * @return a descriptor, the same until the probe is closed; a negative errno for a handle that cannot be used
 */
int lvsarp_probe_fd(struct lvsarp_prober *p);

/**
 * Does what there is to do, without waiting; may be called at any time. Only in liblvsarp-full.
 *
 * @param cb   gets each responder once the round has ended, as for lvsarp_probe(); may be NULL
 * @param arg  is passed on to it
 * @return -EAGAIN, which is no failure and leaves no message, while the round goes on and where none was started; when
 *         it has ended, once, what lvsarp_probe() returns; -EINVAL in a process that was forked since the probe was
 *         opened; another -errno, which ends the round
 */
int lvsarp_probe_dispatch(struct lvsarp_prober *p, lvsarp_responder_cb cb, void *arg);

/**
 * How many answers of the last round were not counted, because the kernel or the probe had no room for them. Only in
 * liblvsarp-full.
 *
 * @return a count; a negative errno for a handle that cannot be used
 */
int lvsarp_probe_lost(struct lvsarp_prober *p);

/**
 * Closes a probe. NULL is allowed. From a callback of a call on the same probe it closes it when that call ends. Only
 * in liblvsarp-full.
 */
void lvsarp_probe_close(struct lvsarp_prober *p);

/**
 * Why the last lvsarp_probe_start() or lvsarp_probe_dispatch() failed, with what to do about it. "" if it did not fail.
 * Only in liblvsarp-full.
 *
 * @return never NULL; valid until the next of these calls on the probe
 */
const char *lvsarp_probe_message(const struct lvsarp_prober *p);

/* Listening: every frame that carries a VIP as its sender (liblvsarp-full). */

/**
 * Hears from now on every frame on the interface that carries one of the VIPs as its sender, for an event loop. Sends
 * nothing. After this nothing is allocated unless a call fails. CAP_NET_RAW is needed for this call alone. The handle h
 * may be closed before it. Only in liblvsarp-full.
 *
 * @param vips     n VIPs, "192.0.2.10" or "2001:db8::10", each once
 * @param n        how many, at least 1
 * @param iface    the interface to listen on, such as "eth0"
 * @param options  or NULL: no known director
 * @param out      where the listener goes; NULL goes there if this fails
 * @return 0; -EPERM; -ENODEV; -EOPNOTSUPP on an interface without ARP; -ENETDOWN where it is down; -EINVAL; -EROFS for
 *         a recorded handle; another -errno, and lvsarp_message(h) says why
 */
int lvsarp_listen_open(struct lvsarp_host *h, const char *const *vips, size_t n, const char *iface,
                       const struct lvsarp_listen_options *options, struct lvsarp_listener **out);

/**
 * The descriptor of a listener: readable (POLLIN) when something was heard. It is the library's: wait on it, and
 * nothing else. Only in liblvsarp-full.
 *
 * @return a descriptor, the same until the listener is closed; a negative errno for a handle that cannot be used
 */
int lvsarp_listen_fd(struct lvsarp_listener *l);

/**
 * Hands out what was heard, without waiting; may be called at any time. Only in liblvsarp-full.
 *
 * @param cb   gets each frame, in the order in which they came
 * @param arg  is passed on to it
 * @return how many frames that were, 0 for none; the first value other than 0 that cb returned; -EINVAL, also in a
 *         process that was forked since the listener was opened; -ENETDOWN once where the interface went down; -ENODEV
 *         where it is gone, in every call after all that was heard was handed out, and the descriptor stays readable:
 *         close the listener; another -errno
 */
int lvsarp_listen_dispatch(struct lvsarp_listener *l, lvsarp_heard_cb cb, void *arg);

/**
 * How many frames were lost because they were not fetched in time. Only in liblvsarp-full.
 *
 * @return a count; a negative errno for a handle that cannot be used
 */
int lvsarp_listen_lost(struct lvsarp_listener *l);

/**
 * Closes a listener. NULL is allowed. From a callback of a call on the same listener it closes it when that call ends.
 * Only in liblvsarp-full.
 */
void lvsarp_listen_close(struct lvsarp_listener *l);

/**
 * Why the last lvsarp_listen_dispatch() failed, with what to do about it. "" if it did not fail. Only in
 * liblvsarp-full.
 *
 * @return never NULL; valid until the next lvsarp_listen_dispatch() on the listener
 */
const char *lvsarp_listen_message(const struct lvsarp_listener *l);

/* An audit: is a remote real server silent for a VIP, and does it accept it (liblvsarp-full)? */

/**
 * Looks from outside, as a director does, whether a real server on the same link is silent for a VIP and accepts it,
 * and waits for the result: who-has for the VIP and for its own address, and a packet to the VIP that is addressed to
 * its MAC address. CAP_NET_RAW is needed. Only in liblvsarp-full.
 *
 * @param vip          the VIP
 * @param real_server  the real server's own address (RIP), of the same family
 * @param iface        the interface of this host behind which the real server is; it needs an address of that family
 * @param options      or NULL: an ICMP echo request, 1 s, 8 tries
 * @param result       where the facts and the reasons go; may be NULL
 * @return LVSARP_AUDIT_HEALTHY (0), LVSARP_AUDIT_LEAKS, LVSARP_AUDIT_BLACK_HOLE or LVSARP_AUDIT_DOWN; -EPERM; -ENODEV;
 *         -EOPNOTSUPP on an interface without ARP; -ENETDOWN where it is down; -EINVAL, also where the interface has no
 *         address to ask with; -EROFS for a recorded handle; another -errno
 */
int lvsarp_audit(struct lvsarp_host *h, const char *vip, const char *real_server, const char *iface,
                 const struct lvsarp_audit_options *options, struct lvsarp_audit_result *result);

/**
 * Opens an audit for an event loop: nothing waits, and after this nothing is allocated unless a call fails. CAP_NET_RAW
 * is needed for this call alone. The handle h may be closed before it. Only in liblvsarp-full.
 *
 * @param vip          as for lvsarp_audit()
 * @param real_server  as for lvsarp_audit()
 * @param iface        as for lvsarp_audit()
 * @param options      as for lvsarp_audit()
 * @param out          where the audit goes; NULL goes there if this fails
 * @return 0; otherwise as lvsarp_audit(), and lvsarp_message(h) says why
 */
int lvsarp_audit_open(struct lvsarp_host *h, const char *vip, const char *real_server, const char *iface,
                      const struct lvsarp_audit_options *options, struct lvsarp_auditor **out);

/**
 * Begins an audit. May be called again at any time. Only in liblvsarp-full.
 *
 * @return 0; -ENETDOWN; -EINVAL in a process that was forked since the audit was opened; another -errno
 */
int lvsarp_audit_start(struct lvsarp_auditor *a);

/**
 * The descriptor of an audit: readable (POLLIN) when lvsarp_audit_dispatch() has something to do, also when the next
 * request is due or the time is over, so that the loop needs no timer of its own. It is the library's: wait on it, and
 * nothing else. Only in liblvsarp-full.
 *
 * @return a descriptor, the same until the audit is closed; a negative errno for a handle that cannot be used
 */
int lvsarp_audit_fd(struct lvsarp_auditor *a);

/**
 * Does what there is to do, without waiting; may be called at any time. Only in liblvsarp-full.
 *
 * @param result  where the facts and the reasons go once there is a result; may be NULL
 * @return -EAGAIN, which is no failure and leaves no message, while the audit goes on and where none was started; when
 *         it has ended, once, the state as lvsarp_audit() returns it; -EINVAL or -E2BIG for a result whose size cannot
 *         be, and the audit goes on; -EINVAL in a process that was forked since the audit was opened; another -errno,
 *         which ends the audit
 */
int lvsarp_audit_dispatch(struct lvsarp_auditor *a, struct lvsarp_audit_result *result);

/** Closes an audit. NULL is allowed. Only in liblvsarp-full. */
void lvsarp_audit_close(struct lvsarp_auditor *a);

/**
 * Why the last lvsarp_audit_start() or lvsarp_audit_dispatch() failed, with what to do about it. "" if it did not fail.
 * Only in liblvsarp-full.
 *
 * @return never NULL; valid until the next of these calls on the audit
 */
const char *lvsarp_audit_message(const struct lvsarp_auditor *a);

/* A watch: what changes on a host that is to stay silent, as it changes (liblvsarp-full). */

/**
 * Watches a host from now on, for an event loop: VIPs that come and go, levels that change, interfaces on which a VIP
 * is not silent. With LVSARP_REPAIR it applies again, as lvsarp_apply() does, whenever a VIP is not silent or not
 * there; that needs CAP_NET_ADMIN, the rest no privilege. The handle h may be closed before it. Only in liblvsarp-full.
 *
 * @param vips     n VIPs; NULL with n 0 watches, and repairs, those that are bound now and those that an apply had
 *                 bound
 * @param n        how many; 0 only with NULL
 * @param wish     what the VIPs are to be like, as for lvsarp_apply(), for LVSARP_REPAIR; otherwise NULL
 * @param options  or NULL: levels are read every second, nothing is repaired
 * @param out      where the watch goes; NULL goes there if this fails
 * @return 0; -EINVAL, also where nothing is bound and no VIP is named; -EROFS for a recorded handle; another -errno,
 *         and lvsarp_message(h) says why
 */
int lvsarp_watch_open(struct lvsarp_host *h, const char *const *vips, size_t n, const struct lvsarp_apply_options *wish,
                      const struct lvsarp_watch_options *options, struct lvsarp_watcher **out);

/**
 * The descriptor of a watch: readable (POLLIN) when something happened or levels are to be read again, so that the loop
 * needs no timer of its own. It is the library's: wait on it, and nothing else. Only in liblvsarp-full.
 *
 * @return a descriptor, the same until the watch is closed; a negative errno for a handle that cannot be used
 */
int lvsarp_watch_fd(struct lvsarp_watcher *w);

/**
 * Hands out what happened, without waiting; may be called at any time. Where it repairs, it takes as long as an
 * lvsarp_apply(). Where it fails, what had happened before is handed out first. Only in liblvsarp-full.
 *
 * @param cb   gets each event, in the order in which they were noticed
 * @param arg  is passed on to it
 * @return how many events that were, 0 for none; the first value other than 0 that cb returned; -EINVAL, also in a
 *         process that was forked since the watch was opened; another -errno
 */
int lvsarp_watch_dispatch(struct lvsarp_watcher *w, lvsarp_event_cb cb, void *arg);

/**
 * Closes a watch. NULL is allowed. From a callback of a call on the same watch it closes it when that call ends. What
 * it repaired stays. Only in liblvsarp-full.
 */
void lvsarp_watch_close(struct lvsarp_watcher *w);

/**
 * Why the last lvsarp_watch_dispatch() failed, with what to do about it. "" if it did not fail. Only in liblvsarp-full.
 *
 * @return never NULL; valid until the next lvsarp_watch_dispatch() on the watch
 */
const char *lvsarp_watch_message(const struct lvsarp_watcher *w);

/* Who owns the VIPs: announce them, promote a real server to their owner, demote it again (liblvsarp-full). */

/**
 * Tells everybody on the interface that the VIPs are at its MAC address, by gratuitous ARP and unsolicited neighbour
 * advertisements. It waits count - 1 intervals. CAP_NET_RAW is needed. Only in liblvsarp-full.
 *
 * @param vips     n VIPs, "192.0.2.10" or "2001:db8::10", each once
 * @param n        how many, at least 1
 * @param iface    the interface, such as "eth0"
 * @param options  or NULL: 3 rounds, a second between them, both forms
 * @return how many frames were sent, or with LVSARP_DRY_RUN would be; -ECANCELED where a VIP is on a loopback device
 *         (this is a real server) or not on the interface, but with LVSARP_FORCE; -EPERM; -ENODEV; -EOPNOTSUPP on an
 *         interface without ARP; -ENETDOWN where it is down; -EINVAL; -EROFS for a recorded handle; another -errno
 */
int lvsarp_announce(struct lvsarp_host *h, const char *const *vips, size_t n, const char *iface,
                    const struct lvsarp_announce_options *options);

/**
 * Makes this host the owner of the VIPs: each is bound on the interface and then removed from the real server's device,
 * with its scope, label and lifetimes. What is so already is left: lvsarp_changed() is 0 where all of it is.
 * lvsarp_undo() takes it back. It announces nothing: lvsarp_announce() does. With LVSARP_DRY_RUN nothing is changed.
 * lvsarp_step_each() says what was or would be done. CAP_NET_ADMIN is needed. Only in liblvsarp-full.
 *
 * @param vips     n VIPs, "192.0.2.10" or "2001:db8::10", each once
 * @param n        how many, at least 1
 * @param iface    the interface on which the owner of the VIPs answers for them, such as "eth0"
 * @param options  or NULL: from lo
 * @return 0; -ECANCELED where it is refused, with nothing changed (lvsarp_finding_each() says why); -EINVAL; -ENODEV;
 *         -EPERM; -EROFS; -ETIMEDOUT for the lock; another -errno
 */
int lvsarp_promote(struct lvsarp_host *h, const char *const *vips, size_t n, const char *iface,
                   const struct lvsarp_role_options *options);

/**
 * Makes this host a silent real server: levels first, read back, then each VIP is bound on the real server's device and
 * removed from the interface. What is so already is left: lvsarp_changed() is 0 where all of it is. lvsarp_undo() takes
 * it back. With LVSARP_DRY_RUN nothing is changed. lvsarp_step_each() says what was or would be done. CAP_NET_ADMIN is
 * needed. Only in liblvsarp-full.
 *
 * @param vips     as for lvsarp_promote()
 * @param n        how many, at least 1
 * @param iface    as for lvsarp_promote()
 * @param options  or NULL: to lo, levels on all
 * @return as lvsarp_promote()
 */
int lvsarp_demote(struct lvsarp_host *h, const char *const *vips, size_t n, const char *iface,
                  const struct lvsarp_role_options *options);

/* The tables of levels and keys, with their texts. They need no handle. */

/**
 * What the kernel does at a value of a level, any integer (net/ipv4/arp.c: arp_ignore(), arp_solicit()).
 *
 * @param key      LVSARP_ARP_IGNORE or LVSARP_ARP_ANNOUNCE
 * @param value    any integer
 * @param lang     "en" or "zh", with or without a region (zh_CN.UTF-8); NULL, "", "C" and "POSIX" are "en"
 * @param meaning  where the row goes that the value is in; its size must be set (LVSARP_MEANING_INIT)
 * @return 0; -EINVAL for another key or language
 */
int lvsarp_meaning_of(int32_t key, int32_t value, const char *lang, struct lvsarp_meaning *meaning);

/**
 * The table of a key's levels, from the most negative value to the largest.
 *
 * @param key   LVSARP_ARP_IGNORE or LVSARP_ARP_ANNOUNCE
 * @param lang  as for lvsarp_meaning_of()
 * @param cb    gets each row
 * @param arg   is passed on to it
 * @return 0, or what cb returned to end the walk; -EINVAL
 */
int lvsarp_meaning_each(int32_t key, const char *lang, lvsarp_meaning_cb cb, void *arg);

/**
 * The keys of net.ipv4.conf that ARP decisions read.
 *
 * @param cb   gets each key
 * @param arg  is passed on to it
 * @return 0, or what cb returned to end the walk; -EINVAL
 */
int lvsarp_key_each(lvsarp_key_cb cb, void *arg);

/**
 * The number of a key by its name.
 *
 * @param name  such as "arp_ignore"
 * @return LVSARP_ARP_IGNORE and so on, always positive; -EINVAL if there is no such key in the table
 */
int lvsarp_key_find(const char *name);

#ifdef __cplusplus
}
#endif

#endif /* LVSARP_H */
