//! The levels of `arp_ignore` and `arp_announce`: what the kernel really does at each value, and its meaning in words.

use serde::Serialize;

use crate::key::{KernelVersion, Key};

/// What the kernel does at a value of `arp_ignore` (`net/ipv4/arp.c: arp_ignore()`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArpIgnore {
    /// 0, and every value without a case of its own (4 to 7, 9 and above, negative): answer for any local address.
    AnyAddress,
    /// 1: answer only for addresses of the interface that received the request.
    OnInterface,
    /// 2: the same, and the sender must be in the same subnet on that interface.
    OnSubnet,
    /// 3: do not answer for addresses of scope host.
    NotScopeHost,
    /// 8: do not answer for any local address.
    Never,
}

impl ArpIgnore {
    /// What the kernel does at this value.
    pub const fn of(value: i32) -> ArpIgnore {
        match value {
            1 => ArpIgnore::OnInterface,
            2 => ArpIgnore::OnSubnet,
            3 => ArpIgnore::NotScopeHost,
            8 => ArpIgnore::Never,
            _ => ArpIgnore::AnyAddress,
        }
    }
}

/// What the kernel does at a value of `arp_announce` (`net/ipv4/arp.c: arp_solicit()`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArpAnnounce {
    /// 0, and every value without a case of its own (3 and above, negative): the packet's source, if it is local.
    AnySource,
    /// 1: the packet's source if it shares a subnet of the interface with the target, otherwise as at 2.
    SourceInSubnet,
    /// 2: always an address of the interface, chosen for the target.
    BestAddress,
}

impl ArpAnnounce {
    /// What the kernel does at this value.
    pub const fn of(value: i32) -> ArpAnnounce {
        match value {
            1 => ArpAnnounce::SourceInSubnet,
            2 => ArpAnnounce::BestAddress,
            _ => ArpAnnounce::AnySource,
        }
    }
}

/// The three values that stand behind one key of an interface. A value that the kernel did not report is `None`, not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Level {
    /// The interface's own value.
    pub own: Option<i32>,
    /// The value of `conf/all`.
    pub all: Option<i32>,
    /// What is in force: the kernel's merge of the two.
    pub effective: Option<i32>,
}

impl Level {
    /// Merges two values by the key's rule. The result is unknown where a value that it needs is unknown.
    pub fn merged(key: Key, kernel: KernelVersion, all: Option<i32>, own: Option<i32>) -> Level {
        let merge = key.merge(kernel);
        let effective = match (all, own) {
            (Some(all), Some(own)) => Some(merge.apply(all, own)),
            (None, Some(own)) if merge == crate::key::Merge::Own => Some(own),
            _ => None,
        };
        Level { own, all, effective }
    }
}

/// Both levels of an interface, of `all` (where own and all are the same) or of `default` (in force for an interface made now).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Levels {
    /// Which requests are answered.
    pub arp_ignore: Level,
    /// Which sender our own requests carry.
    pub arp_announce: Level,
}

/// A language of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Lang {
    /// Reads `en` or `zh`, with or without a region (`zh_CN.UTF-8`).
    pub fn parse(tag: &str) -> Option<Lang> {
        match tag.get(..2)? {
            "en" => Some(Lang::En),
            "zh" => Some(Lang::Zh),
            _ => None,
        }
    }
}

/// One row of the tables of levels: a range of values, whether a VIP on `lo` is silent there, and what it means.
#[derive(Debug)]
pub struct Meaning {
    /// The first value of the row.
    pub first: i32,
    /// The last value of the row.
    pub last: i32,
    /// The values as people write them: `0`, `4-7`, `9 and above`.
    pub values: &'static str,
    /// Whether a VIP of scope global on `lo` is hidden at this level, for a sender in the interface's subnet.
    pub hides_vip: bool,
    /// What the kernel does, in English.
    pub en: &'static str,
    /// What the kernel does, in Chinese.
    pub zh: &'static str,
}

impl Meaning {
    /// The text in a language.
    pub fn text(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }
}

/// The levels of `arp_ignore`, from the most negative value to the largest.
pub const ARP_IGNORE: &[Meaning] = &[
    Meaning {
        first: i32::MIN,
        last: -1,
        values: "negative",
        hides_vip: false,
        en: "has no meaning: the kernel answers as at 0 (and any larger value of conf/all or the interface wins)",
        zh: "没有意义:内核按 0 处理,照常应答(conf/all 与接口两者取较大值)",
    },
    Meaning {
        first: 0,
        last: 0,
        values: "0",
        hides_vip: false,
        en: "answer for any local address, on whatever interface it is: a VIP on lo is answered",
        zh: "默认值:对本机任意接口上的任意本地地址都应答,绑在 lo 上的 VIP 也会被应答",
    },
    Meaning {
        first: 1,
        last: 1,
        values: "1",
        hides_vip: true,
        en: "answer only for addresses of the interface that receives the request: a VIP on lo is silent",
        zh: "只应答配置在收到请求的那个接口上的地址:绑在 lo 上的 VIP 保持静默",
    },
    Meaning {
        first: 2,
        last: 2,
        values: "2",
        hides_vip: true,
        en: "as 1, and only for senders in the same subnet on that interface: neighbours outside of it get no answer for any address",
        zh: "在 1 的基础上,发送方还必须与该地址同属该接口的一个子网:子网之外的邻居得不到任何应答",
    },
    Meaning {
        first: 3,
        last: 3,
        values: "3",
        hides_vip: false,
        en: "do not answer for addresses of scope host: a VIP of scope global on lo is still answered",
        zh: "只对 scope host 的地址不应答;global 和 link 的地址照常应答,所以以 scope global 绑在 lo 上的 VIP 仍会被应答",
    },
    Meaning {
        first: 4,
        last: 7,
        values: "4-7",
        hides_vip: false,
        en: "reserved: the kernel answers as at 0",
        zh: "保留未用:内核按 0 处理,照常应答",
    },
    Meaning {
        first: 8,
        last: 8,
        values: "8",
        hides_vip: true,
        en: "do not answer for any local address: the host's own addresses go silent as well",
        zh: "对所有本地地址都不应答:主机自己的地址(RIP)也一并静默",
    },
    Meaning {
        first: 9,
        last: i32::MAX,
        values: "9 and above",
        hides_vip: false,
        en: "has no meaning: the kernel answers as at 0",
        zh: "没有意义:内核按 0 处理,照常应答",
    },
];

/// The levels of `arp_announce`, from the most negative value to the largest.
pub const ARP_ANNOUNCE: &[Meaning] = &[
    Meaning {
        first: i32::MIN,
        last: -1,
        values: "negative",
        hides_vip: false,
        en: "has no meaning: the kernel announces as at 0 (and any larger value of conf/all or the interface wins)",
        zh: "没有意义:内核按 0 处理(conf/all 与接口两者取较大值)",
    },
    Meaning {
        first: 0,
        last: 0,
        values: "0",
        hides_vip: false,
        en: "a request carries the source of the packet that waits for it: a reply sent from the VIP announces the VIP",
        zh: "默认值:ARP 请求沿用待发 IP 包的源地址,用 VIP 回包就会通告 VIP,路由器会学到错误的 MAC",
    },
    Meaning {
        first: 1,
        last: 1,
        values: "1",
        hides_vip: false,
        en: "keeps the packet's source only if it shares a subnet of the interface with the target: a VIP in the real server's own subnet is still announced",
        zh: "只有当源地址与目标同属发送接口的一个子网时才沿用,否则按 2 处理:VIP 与 RIP 同网段时仍会被通告",
    },
    Meaning {
        first: 2,
        last: 2,
        values: "2",
        hides_vip: true,
        en: "always an address of the sending interface, the best one for the target: the VIP is not announced",
        zh: "忽略 IP 包的源地址,总是选用发送接口上最适合该目标的地址:不会通告 VIP",
    },
    Meaning {
        first: 3,
        last: i32::MAX,
        values: "3 and above",
        hides_vip: false,
        en: "has no meaning: the kernel announces as at 0",
        zh: "没有意义:内核按 0 处理",
    },
];

/// The table of a key's levels; `None` for a key that has no levels.
pub fn meanings(key: Key) -> Option<&'static [Meaning]> {
    match key {
        Key::ArpIgnore => Some(ARP_IGNORE),
        Key::ArpAnnounce => Some(ARP_ANNOUNCE),
        _ => None,
    }
}

/// What the kernel does at a value of `arp_ignore` or `arp_announce`, any integer; `None` for another key.
pub fn meaning(key: Key, value: i32) -> Option<&'static Meaning> {
    meanings(key)?.iter().find(|row| (row.first..=row.last).contains(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_integer_has_exactly_one_meaning() {
        for table in [ARP_IGNORE, ARP_ANNOUNCE] {
            assert_eq!(table[0].first, i32::MIN);
            assert_eq!(table[table.len() - 1].last, i32::MAX);
            for pair in table.windows(2) {
                assert_eq!(pair[0].last + 1, pair[1].first);
            }
        }
        assert!(meaning(Key::RpFilter, 1).is_none());
    }

    #[test]
    fn the_texts_say_what_the_decision_does() {
        for value in -3..12 {
            let hides = matches!(ArpIgnore::of(value), ArpIgnore::OnInterface | ArpIgnore::OnSubnet | ArpIgnore::Never);
            assert_eq!(meaning(Key::ArpIgnore, value).unwrap().hides_vip, hides, "arp_ignore {value}");
            let hides = ArpAnnounce::of(value) == ArpAnnounce::BestAddress;
            assert_eq!(meaning(Key::ArpAnnounce, value).unwrap().hides_vip, hides, "arp_announce {value}");
        }
    }

    #[test]
    fn an_unknown_part_makes_the_whole_unknown() {
        let kernel = KernelVersion::NEWEST;
        assert_eq!(Level::merged(Key::ArpIgnore, kernel, None, Some(1)).effective, None);
        assert_eq!(Level::merged(Key::ArpIgnore, kernel, Some(1), Some(0)).effective, Some(1));
        assert_eq!(Level::merged(Key::Forwarding, kernel, None, Some(1)).effective, Some(1));
    }
}
