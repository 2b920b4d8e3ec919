//! What an audit's facts amount to, and why.

use std::fmt::{self, Write};

use super::{Answer, Audit, AuditState};

/// The state that the other fields amount to.
///
/// Without a MAC address nothing that was heard can be told to be the real server's. A leak comes before everything else that is wrong: it takes
/// the VIP's traffic away from the other real servers as well.
pub(super) fn state(audit: &Audit) -> AuditState {
    match (audit.from_vip, audit.from_real_server) {
        _ if audit.mac.is_none() => AuditState::Down,
        _ if leaks(audit) => AuditState::Leaks,
        (Answer::Accepted, _) => AuditState::Healthy,
        (Answer::Refused, _) | (Answer::None, Answer::None) => AuditState::Down,
        (Answer::Unreachable, _) | (Answer::None, _) => AuditState::BlackHole,
    }
}

fn leaks(audit: &Audit) -> bool {
    audit.answered > 0 || audit.announced > 0
}

/// The reasons for the state, one a line, the most important first.
pub(super) fn write_reasons(audit: &Audit, to: &mut dyn Write) -> fmt::Result {
    let (vip, real_server) = (audit.vip, audit.real_server);
    let Some(mac) = audit.mac else {
        writeln!(to, "nobody answered for {real_server}: the host is gone, or it is not on this link")?;
        return others(audit, to);
    };
    if audit.answered > 0 {
        writeln!(
            to,
            "{mac} answered {} for {vip}: clients and routers send to it past the director; on it `lvsarp check --vip {vip}` says why, and \
             `lvsarp apply --vip {vip}` mends it",
            Times(audit.answered)
        )?;
    }
    if audit.announced > 0 {
        writeln!(
            to,
            "{mac} announced {vip} as its own {}, and everybody who hears that sends to it past the director; on it `lvsarp check --vip {vip}` says \
             why, and `lvsarp apply --vip {vip}` mends it",
            Times(audit.announced)
        )?;
    }
    match (audit.from_vip, audit.from_real_server) {
        (Answer::Accepted, _) if leaks(audit) => writeln!(to, "what the director sends it for {vip} is accepted")?,
        (Answer::Accepted, _) => {
            writeln!(to, "it is silent for {vip}, and what the director sends it for {vip} is accepted")?
        }
        (Answer::Refused, Answer::Accepted) => writeln!(
            to,
            "the connection to {vip} was refused, that to {real_server} was not: the service listens on {real_server} alone; let it listen on {vip} too"
        )?,
        (Answer::Refused, _) => {
            writeln!(to, "the connection to {vip} was refused: nothing listens on that port there")?
        }
        (Answer::None, Answer::None) => writeln!(
            to,
            "it answers for {real_server} on the link, and nothing else came back, neither from {real_server} nor from {vip}: a packet filter drops \
             it, or it has no way back to this host"
        )?,
        (Answer::None, _) => writeln!(
            to,
            "nothing came back from {vip}, and {real_server} is alive: {vip} is missing there, or a packet filter drops what is for it; on it \
             `lvsarp status` shows the VIPs, and `lvsarp apply --vip {vip}` binds it"
        )?,
        (Answer::Unreachable, _) => writeln!(
            to,
            "an ICMP error came back for {vip}: it is missing on {real_server}, or a packet filter rejects what is for it; on it `lvsarp status` \
             shows the VIPs, and `lvsarp apply --vip {vip}` binds it"
        )?,
    }
    match (audit.from_vip, audit.from_real_server) {
        (Answer::Accepted, Answer::None) => writeln!(to, "nothing came back from {real_server} itself")?,
        (Answer::Accepted, Answer::Refused) => {
            writeln!(to, "{real_server} itself refused the connection: the service listens on the VIP alone")?;
        }
        (Answer::Accepted, Answer::Unreachable) => writeln!(to, "an ICMP error came back for {real_server} itself")?,
        _ => {}
    }
    others(audit, to)
}

/// Who else answered; two are one too many, whoever is the director.
fn others(audit: &Audit, to: &mut dyn Write) -> fmt::Result {
    match audit.others {
        0 | 1 => Ok(()),
        many => writeln!(
            to,
            "{many} other hosts answered for {}: only the director should; `lvsarp probe {} --on` the interface lists them",
            audit.vip, audit.vip
        ),
    }
}

/// `once`, `3 times`.
struct Times(u32);

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("once"),
            many => write!(f, "{many} times"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Mac;

    const ANSWERS: [Answer; 4] = [Answer::None, Answer::Accepted, Answer::Refused, Answer::Unreachable];

    fn audit(heard: [u32; 2], from_vip: Answer, from_real_server: Answer) -> Audit {
        let audit = Audit {
            state: AuditState::Down,
            vip: "192.0.2.10".parse().unwrap(),
            real_server: "192.0.2.11".parse().unwrap(),
            mac: Some(Mac([2, 0, 0, 0, 0, 2])),
            answered: heard[0],
            announced: heard[1],
            from_vip,
            from_real_server,
            delay: None,
            others: 1,
        };
        Audit { state: state(&audit), ..audit }
    }

    #[test]
    fn a_leak_comes_before_everything_but_a_server_that_nobody_found() {
        for heard in [[1, 0], [0, 1], [3, 4]] {
            for (from_vip, from_real_server) in ANSWERS.iter().flat_map(|a| ANSWERS.map(|b| (*a, b))) {
                let audit = audit(heard, from_vip, from_real_server);
                assert_eq!(audit.state, AuditState::Leaks);
                assert_eq!(state(&Audit { mac: None, ..audit }), AuditState::Down);
            }
        }
    }

    #[test]
    fn a_silent_real_server_is_what_comes_back_from_the_vip() {
        use Answer::*;
        for (from_vip, from_real_server, expected) in [
            (Accepted, Accepted, AuditState::Healthy),
            (Accepted, None, AuditState::Healthy),
            (Accepted, Refused, AuditState::Healthy),
            (Refused, Accepted, AuditState::Down),
            (Refused, Refused, AuditState::Down),
            (None, None, AuditState::Down),
            (None, Accepted, AuditState::BlackHole),
            (None, Refused, AuditState::BlackHole),
            (None, Unreachable, AuditState::BlackHole),
            (Unreachable, None, AuditState::BlackHole),
            (Unreachable, Accepted, AuditState::BlackHole),
        ] {
            let found = audit([0, 0], from_vip, from_real_server).state;
            assert_eq!(found, expected, "{from_vip} {from_real_server}");
        }
    }

    #[test]
    fn every_audit_has_reasons_of_one_sentence_each_and_a_leak_that_is_a_black_hole_has_both() {
        for heard in [[0, 0], [1, 0], [0, 2], [3, 4]] {
            for (from_vip, from_real_server) in ANSWERS.iter().flat_map(|a| ANSWERS.map(|b| (*a, b))) {
                let found = audit(heard, from_vip, from_real_server);
                for found in [found, Audit { mac: None, ..found }, Audit { others: 3, ..found }] {
                    let reasons = found.reasons();
                    assert!(!reasons.is_empty());
                    assert!(reasons.iter().all(|reason| !reason.is_empty() && !reason.ends_with('.')), "{reasons:?}");
                }
            }
        }
        let [leak, hole] = &audit([8, 0], Answer::None, Answer::Accepted).reasons()[..] else { panic!() };
        assert!(leak.contains("answered 8 times for 192.0.2.10") && hole.contains("nothing came back from 192.0.2.10"));
    }
}
