/*
 * The layout of every struct and the versions, as released: a program that was built then still runs.
 * Recorded by `cargo xtask abi`. A difference in a line that is here is a break of the ABI; what is added
 * since then gets lines of its own at the next release.
 */
#include <lvsarp.h>

#define IS(what, value) _Static_assert(sizeof(void *) != 8 || (what) == (value), #what " is " #value)

_Static_assert(LVSARP_VERSION_NUMBER ==
               (LVSARP_VERSION_MAJOR << 16) + (LVSARP_VERSION_MINOR << 8) + LVSARP_VERSION_PATCH,
               "the version macros agree");

IS(sizeof(struct lvsarp_level), 16);
IS(offsetof(struct lvsarp_level, own), 0);
IS(offsetof(struct lvsarp_level, all), 4);
IS(offsetof(struct lvsarp_level, effective), 8);
IS(offsetof(struct lvsarp_level, known), 12);

IS(sizeof(struct lvsarp_levels), 40);
IS(offsetof(struct lvsarp_levels, size), 0);
IS(offsetof(struct lvsarp_levels, arp_ignore), 8);
IS(offsetof(struct lvsarp_levels, arp_announce), 24);

IS(sizeof(struct lvsarp_interface), 184);
IS(offsetof(struct lvsarp_interface, size), 0);
IS(offsetof(struct lvsarp_interface, index), 8);
IS(offsetof(struct lvsarp_interface, flags), 12);
IS(offsetof(struct lvsarp_interface, hardware), 16);
IS(offsetof(struct lvsarp_interface, mtu), 20);
IS(offsetof(struct lvsarp_interface, master), 24);
IS(offsetof(struct lvsarp_interface, link), 28);
IS(offsetof(struct lvsarp_interface, role), 32);
IS(offsetof(struct lvsarp_interface, reserved), 36);
IS(offsetof(struct lvsarp_interface, name), 40);
IS(offsetof(struct lvsarp_interface, kind), 56);
IS(offsetof(struct lvsarp_interface, mac), 88);

IS(sizeof(struct lvsarp_address), 232);
IS(offsetof(struct lvsarp_address, size), 0);
IS(offsetof(struct lvsarp_address, index), 8);
IS(offsetof(struct lvsarp_address, family), 12);
IS(offsetof(struct lvsarp_address, prefixlen), 16);
IS(offsetof(struct lvsarp_address, flags), 20);
IS(offsetof(struct lvsarp_address, metric), 24);
IS(offsetof(struct lvsarp_address, protocol), 28);
IS(offsetof(struct lvsarp_address, valid), 32);
IS(offsetof(struct lvsarp_address, preferred), 36);
IS(offsetof(struct lvsarp_address, dev), 40);
IS(offsetof(struct lvsarp_address, label), 56);
IS(offsetof(struct lvsarp_address, scope), 72);
IS(offsetof(struct lvsarp_address, local), 88);
IS(offsetof(struct lvsarp_address, peer), 136);
IS(offsetof(struct lvsarp_address, broadcast), 184);

IS(sizeof(struct lvsarp_bind_options), 64);
IS(offsetof(struct lvsarp_bind_options, size), 0);
IS(offsetof(struct lvsarp_bind_options, method), 8);
IS(offsetof(struct lvsarp_bind_options, flags), 12);
IS(offsetof(struct lvsarp_bind_options, dev), 16);
IS(offsetof(struct lvsarp_bind_options, label), 32);
IS(offsetof(struct lvsarp_bind_options, address_scope), 48);

IS(sizeof(struct lvsarp_prefix), 88);
IS(offsetof(struct lvsarp_prefix, size), 0);
IS(offsetof(struct lvsarp_prefix, index), 8);
IS(offsetof(struct lvsarp_prefix, prefixlen), 12);
IS(offsetof(struct lvsarp_prefix, table), 16);
IS(offsetof(struct lvsarp_prefix, protocol), 20);
IS(offsetof(struct lvsarp_prefix, dev), 24);
IS(offsetof(struct lvsarp_prefix, network), 40);

IS(sizeof(struct lvsarp_apply_options), 72);
IS(offsetof(struct lvsarp_apply_options, size), 0);
IS(offsetof(struct lvsarp_apply_options, scope), 8);
IS(offsetof(struct lvsarp_apply_options, method), 12);
IS(offsetof(struct lvsarp_apply_options, flags), 16);
IS(offsetof(struct lvsarp_apply_options, reserved), 20);
IS(offsetof(struct lvsarp_apply_options, dev), 24);
IS(offsetof(struct lvsarp_apply_options, label), 40);
IS(offsetof(struct lvsarp_apply_options, address_scope), 56);

IS(sizeof(struct lvsarp_step), 832);
IS(offsetof(struct lvsarp_step, size), 0);
IS(offsetof(struct lvsarp_step, kind), 8);
IS(offsetof(struct lvsarp_step, has), 12);
IS(offsetof(struct lvsarp_step, act), 16);
IS(offsetof(struct lvsarp_step, thing), 32);
IS(offsetof(struct lvsarp_step, old_value), 192);
IS(offsetof(struct lvsarp_step, new_value), 256);
IS(offsetof(struct lvsarp_step, reason), 320);

IS(sizeof(struct lvsarp_finding), 1136);
IS(offsetof(struct lvsarp_finding, size), 0);
IS(offsetof(struct lvsarp_finding, severity), 8);
IS(offsetof(struct lvsarp_finding, reserved), 12);
IS(offsetof(struct lvsarp_finding, code), 16);
IS(offsetof(struct lvsarp_finding, interface), 48);
IS(offsetof(struct lvsarp_finding, vip), 64);
IS(offsetof(struct lvsarp_finding, message), 112);
IS(offsetof(struct lvsarp_finding, hint), 624);

IS(sizeof(struct lvsarp_persist_options), 784);
IS(offsetof(struct lvsarp_persist_options, size), 0);
IS(offsetof(struct lvsarp_persist_options, flags), 8);
IS(offsetof(struct lvsarp_persist_options, reserved), 12);
IS(offsetof(struct lvsarp_persist_options, root), 16);
IS(offsetof(struct lvsarp_persist_options, sysctl_conf), 272);
IS(offsetof(struct lvsarp_persist_options, program), 528);

IS(sizeof(struct lvsarp_boot_options), 336);
IS(offsetof(struct lvsarp_boot_options, size), 0);
IS(offsetof(struct lvsarp_boot_options, flags), 8);
IS(offsetof(struct lvsarp_boot_options, reserved), 12);
IS(offsetof(struct lvsarp_boot_options, root), 16);
IS(offsetof(struct lvsarp_boot_options, loader), 272);

IS(sizeof(struct lvsarp_boot_level), 304);
IS(offsetof(struct lvsarp_boot_level, size), 0);
IS(offsetof(struct lvsarp_boot_level, key), 8);
IS(offsetof(struct lvsarp_boot_level, value), 12);
IS(offsetof(struct lvsarp_boot_level, late), 16);
IS(offsetof(struct lvsarp_boot_level, has), 20);
IS(offsetof(struct lvsarp_boot_level, line), 24);
IS(offsetof(struct lvsarp_boot_level, reserved), 28);
IS(offsetof(struct lvsarp_boot_level, scope), 32);
IS(offsetof(struct lvsarp_boot_level, file), 48);

IS(sizeof(struct lvsarp_verdict), 80);
IS(offsetof(struct lvsarp_verdict, size), 0);
IS(offsetof(struct lvsarp_verdict, replies), 8);
IS(offsetof(struct lvsarp_verdict, announces), 12);
IS(offsetof(struct lvsarp_verdict, vip), 16);
IS(offsetof(struct lvsarp_verdict, interface), 64);

IS(sizeof(struct lvsarp_decision), 680);
IS(offsetof(struct lvsarp_decision, size), 0);
IS(offsetof(struct lvsarp_decision, replies), 8);
IS(offsetof(struct lvsarp_decision, learns), 12);
IS(offsetof(struct lvsarp_decision, witness), 16);
IS(offsetof(struct lvsarp_decision, known), 20);
IS(offsetof(struct lvsarp_decision, source), 24);
IS(offsetof(struct lvsarp_decision, question), 40);
IS(offsetof(struct lvsarp_decision, rule), 168);

IS(sizeof(struct lvsarp_note), 592);
IS(offsetof(struct lvsarp_note, size), 0);
IS(offsetof(struct lvsarp_note, kind), 8);
IS(offsetof(struct lvsarp_note, pass), 12);
IS(offsetof(struct lvsarp_note, function), 16);
IS(offsetof(struct lvsarp_note, text), 80);

IS(sizeof(struct lvsarp_probe_options), 536);
IS(offsetof(struct lvsarp_probe_options, size), 0);
IS(offsetof(struct lvsarp_probe_options, timeout), 8);
IS(offsetof(struct lvsarp_probe_options, requests), 12);
IS(offsetof(struct lvsarp_probe_options, sender), 16);
IS(offsetof(struct lvsarp_probe_options, most), 20);
IS(offsetof(struct lvsarp_probe_options, directors), 24);

IS(sizeof(struct lvsarp_responder), 168);
IS(offsetof(struct lvsarp_responder, size), 0);
IS(offsetof(struct lvsarp_responder, count), 8);
IS(offsetof(struct lvsarp_responder, flags), 12);
IS(offsetof(struct lvsarp_responder, delay), 16);
IS(offsetof(struct lvsarp_responder, vip), 24);
IS(offsetof(struct lvsarp_responder, mac), 72);
IS(offsetof(struct lvsarp_responder, source), 96);
IS(offsetof(struct lvsarp_responder, address), 120);

IS(sizeof(struct lvsarp_listen_options), 528);
IS(offsetof(struct lvsarp_listen_options, size), 0);
IS(offsetof(struct lvsarp_listen_options, flags), 8);
IS(offsetof(struct lvsarp_listen_options, reserved), 12);
IS(offsetof(struct lvsarp_listen_options, directors), 16);

IS(sizeof(struct lvsarp_heard), 184);
IS(offsetof(struct lvsarp_heard, size), 0);
IS(offsetof(struct lvsarp_heard, time), 8);
IS(offsetof(struct lvsarp_heard, kind), 16);
IS(offsetof(struct lvsarp_heard, flags), 20);
IS(offsetof(struct lvsarp_heard, interface), 24);
IS(offsetof(struct lvsarp_heard, vip), 40);
IS(offsetof(struct lvsarp_heard, target), 88);
IS(offsetof(struct lvsarp_heard, mac), 136);
IS(offsetof(struct lvsarp_heard, source), 160);

IS(sizeof(struct lvsarp_audit_options), 24);
IS(offsetof(struct lvsarp_audit_options, size), 0);
IS(offsetof(struct lvsarp_audit_options, timeout), 8);
IS(offsetof(struct lvsarp_audit_options, tries), 12);
IS(offsetof(struct lvsarp_audit_options, port), 16);
IS(offsetof(struct lvsarp_audit_options, reserved), 20);

IS(sizeof(struct lvsarp_audit_result), 1192);
IS(offsetof(struct lvsarp_audit_result, size), 0);
IS(offsetof(struct lvsarp_audit_result, state), 8);
IS(offsetof(struct lvsarp_audit_result, from_vip), 12);
IS(offsetof(struct lvsarp_audit_result, from_real_server), 16);
IS(offsetof(struct lvsarp_audit_result, has), 20);
IS(offsetof(struct lvsarp_audit_result, answered), 24);
IS(offsetof(struct lvsarp_audit_result, announced), 28);
IS(offsetof(struct lvsarp_audit_result, others), 32);
IS(offsetof(struct lvsarp_audit_result, reserved), 36);
IS(offsetof(struct lvsarp_audit_result, delay), 40);
IS(offsetof(struct lvsarp_audit_result, vip), 48);
IS(offsetof(struct lvsarp_audit_result, real_server), 96);
IS(offsetof(struct lvsarp_audit_result, mac), 144);
IS(offsetof(struct lvsarp_audit_result, reasons), 168);

IS(sizeof(struct lvsarp_watch_options), 24);
IS(offsetof(struct lvsarp_watch_options, size), 0);
IS(offsetof(struct lvsarp_watch_options, interval), 8);
IS(offsetof(struct lvsarp_watch_options, flags), 12);
IS(offsetof(struct lvsarp_watch_options, per_minute), 16);
IS(offsetof(struct lvsarp_watch_options, reserved), 20);

IS(sizeof(struct lvsarp_event), 1856);
IS(offsetof(struct lvsarp_event, size), 0);
IS(offsetof(struct lvsarp_event, time), 8);
IS(offsetof(struct lvsarp_event, kind), 16);
IS(offsetof(struct lvsarp_event, key), 20);
IS(offsetof(struct lvsarp_event, silent), 24);
IS(offsetof(struct lvsarp_event, has), 28);
IS(offsetof(struct lvsarp_event, scope), 32);
IS(offsetof(struct lvsarp_event, vip), 48);
IS(offsetof(struct lvsarp_event, old_value), 96);
IS(offsetof(struct lvsarp_event, new_value), 160);
IS(offsetof(struct lvsarp_event, by), 224);
IS(offsetof(struct lvsarp_event, message), 288);
IS(offsetof(struct lvsarp_event, finding), 800);
IS(offsetof(struct lvsarp_event, finding_message), 832);
IS(offsetof(struct lvsarp_event, finding_hint), 1344);

IS(sizeof(struct lvsarp_announce_options), 24);
IS(offsetof(struct lvsarp_announce_options, size), 0);
IS(offsetof(struct lvsarp_announce_options, count), 8);
IS(offsetof(struct lvsarp_announce_options, interval), 12);
IS(offsetof(struct lvsarp_announce_options, form), 16);
IS(offsetof(struct lvsarp_announce_options, flags), 20);

IS(sizeof(struct lvsarp_role_options), 32);
IS(offsetof(struct lvsarp_role_options, size), 0);
IS(offsetof(struct lvsarp_role_options, scope), 8);
IS(offsetof(struct lvsarp_role_options, flags), 12);
IS(offsetof(struct lvsarp_role_options, dev), 16);

IS(sizeof(struct lvsarp_meaning), 552);
IS(offsetof(struct lvsarp_meaning, size), 0);
IS(offsetof(struct lvsarp_meaning, first), 8);
IS(offsetof(struct lvsarp_meaning, last), 12);
IS(offsetof(struct lvsarp_meaning, hides_vip), 16);
IS(offsetof(struct lvsarp_meaning, reserved), 20);
IS(offsetof(struct lvsarp_meaning, values), 24);
IS(offsetof(struct lvsarp_meaning, text), 40);

IS(sizeof(struct lvsarp_key), 208);
IS(offsetof(struct lvsarp_key, size), 0);
IS(offsetof(struct lvsarp_key, key), 8);
IS(offsetof(struct lvsarp_key, first), 12);
IS(offsetof(struct lvsarp_key, last), 16);
IS(offsetof(struct lvsarp_key, merge), 20);
IS(offsetof(struct lvsarp_key, since_major), 24);
IS(offsetof(struct lvsarp_key, since_minor), 28);
IS(offsetof(struct lvsarp_key, merge_before), 32);
IS(offsetof(struct lvsarp_key, before_major), 36);
IS(offsetof(struct lvsarp_key, before_minor), 40);
IS(offsetof(struct lvsarp_key, reserved), 44);
IS(offsetof(struct lvsarp_key, name), 48);
IS(offsetof(struct lvsarp_key, text), 80);
