use super::*;
use crate::netlink::wire::Writer;
use crate::watch::EventKind;

const IFF_UP: u32 = 1;
const VIP: [u8; 4] = [192, 0, 2, 10];

/// A message about an interface, as the kernel sends it.
fn link(kind: u16, family: u8, index: u32, name: &[u8], flags: u32, ignore: i32) -> Vec<u8> {
    let mut body = [0; IFINFOMSG];
    body[0] = family;
    body[2] = 1;
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    body[8..12].copy_from_slice(&flags.to_ne_bytes());
    let mut values = [0; 33];
    values[usize::from(Key::ArpIgnore.row().id) - 1] = ignore;
    let values: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
    let mut w = Writer::default();
    w.begin(kind, 0, &body);
    w.attribute(3, name);
    w.nest(26, |w| w.nest(2, |w| w.attribute(1, &values)));
    w.end(0);
    w.bytes().to_vec()
}

/// A message about the VIP.
fn address(kind: u16, index: u32, scope: u8) -> Vec<u8> {
    let mut body = [2, 32, 0, scope, 0, 0, 0, 0];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    let mut w = Writer::default();
    w.begin(kind, 0, &body);
    w.attribute(2, &VIP);
    w.attribute(1, &VIP);
    w.attribute(3, b"label\0");
    w.end(0);
    w.bytes().to_vec()
}

fn state() -> State {
    let mut state = State::default();
    state.bound.insert(VIP.into(), Vec::new());
    state
}

/// Takes messages; `file` is what the levels' files show.
fn take(state: &mut State, news: &mut News, bytes: &[u8], file: Option<Pair>) {
    for message in wire::messages(bytes).map_while(Result::ok) {
        state.take(message, &mut |_| file, &mut |_| None, news);
    }
}

fn told(news: &mut News) -> Vec<(EventKind, Option<String>, Option<String>)> {
    news.events.drain(..).map(|event| (event.kind, event.old, event.new)).collect()
}

fn values(old: &str, new: &str) -> Vec<(EventKind, Option<String>, Option<String>)> {
    vec![(EventKind::LevelChanged, Some(old.to_owned()), Some(new.to_owned()))]
}

#[test]
fn a_level_in_a_message_is_an_event_once() {
    let (mut state, mut news) = (state(), News::default());
    take(&mut state, &mut news, &link(RTM_NEWLINK, 0, 2, b"eth0\0", IFF_UP, 1), None);
    assert_eq!(told(&mut news), []);
    assert_eq!(news.awake, [2]);
    take(&mut state, &mut news, &link(RTM_NEWLINK, 0, 2, b"eth0\0", IFF_UP, 0), None);
    take(&mut state, &mut news, &link(RTM_NEWLINK, 0, 2, b"eth0\0", IFF_UP, 0), None);
    assert_eq!(told(&mut news), values("1", "0"));
    assert_eq!(state.set(&Scope::Interface(IfName::from_kernel(b"eth0")), Some(2), Key::ArpIgnore, 0), None);
}

#[test]
fn a_message_that_is_older_than_what_was_read_is_not_believed() {
    let (mut state, mut news) = (state(), News::default());
    take(&mut state, &mut news, &link(RTM_NEWLINK, 0, 2, b"eth0\0", IFF_UP, 0), None);
    let eth0 = Scope::Interface(IfName::from_kernel(b"eth0"));
    assert_eq!(state.set(&eth0, Some(2), Key::ArpIgnore, 1), Some(0));
    // It was sent before; the file still shows 1.
    take(&mut state, &mut news, &link(RTM_NEWLINK, 0, 2, b"eth0\0", IFF_UP, 0), Some([Some(1), Some(0)]));
    assert_eq!(told(&mut news), []);
    assert_eq!(own(&state.interfaces[0]), [Some(1), Some(0)]);
    // The file agrees with this one.
    take(&mut state, &mut news, &link(RTM_NEWLINK, 0, 2, b"eth0\0", IFF_UP, 2), Some([Some(2), Some(0)]));
    assert_eq!(told(&mut news), values("1", "2"));
}

#[test]
fn a_bridges_own_messages_about_its_ports_are_passed_over() {
    let (mut state, mut news) = (state(), News::default());
    take(&mut state, &mut news, &link(RTM_NEWLINK, 0, 2, b"eth0\0", IFF_UP, 1), None);
    take(&mut state, &mut news, &address(RTM_NEWADDR, 2, 0), None);
    assert_eq!(told(&mut news).len(), 1);
    take(&mut state, &mut news, &link(RTM_DELLINK, libc::AF_BRIDGE as u8, 2, b"eth0\0", IFF_UP, 1), None);
    assert_eq!(told(&mut news), []);
    assert_eq!(state.interfaces.len(), 1);
    take(&mut state, &mut news, &link(RTM_DELLINK, 0, 2, b"eth0\0", 0, 1), None);
    assert_eq!(told(&mut news)[0].0, EventKind::VipRemoved);
}

#[test]
fn what_the_watch_did_itself_is_no_news_but_what_follows_is() {
    let (mut state, mut news) = (state(), News::default());
    take(&mut state, &mut news, &link(RTM_NEWLINK, 0, 1, b"lo\0", IFF_UP | 8, 0), None);
    let (added, removed) = (address(RTM_NEWADDR, 1, 0), address(RTM_DELADDR, 1, 0));
    take(&mut state, &mut news, &added, None);
    let bound = state.bound[&IpAddr::from(VIP)][0].clone();
    told(&mut news);
    news.expected.push(Expected { added: true, address: bound });
    take(&mut state, &mut news, &[removed.clone(), added, removed].concat(), None);
    assert_eq!(told(&mut news).iter().map(|event| event.0).collect::<Vec<_>>(), [EventKind::VipRemoved; 2]);
    assert!(news.expected.is_empty());
}

#[test]
fn an_address_on_an_unknown_interface_means_that_something_was_missed() {
    let (mut state, mut news) = (state(), News::default());
    take(&mut state, &mut news, &address(RTM_DELADDR, 7, 0), None);
    assert!(!news.missed);
    take(&mut state, &mut news, &address(RTM_NEWADDR, 7, 0), None);
    assert!(news.missed && news.events.is_empty());
}

#[test]
fn the_difference_of_two_states_is_what_happened_between_them() {
    let (mut before, mut news) = (state(), News::default());
    take(&mut before, &mut news, &link(RTM_NEWLINK, 0, 1, b"lo\0", IFF_UP | 8, 0), None);
    take(&mut before, &mut news, &link(RTM_NEWLINK, 0, 2, b"eth0\0", 0, 0), None);
    let mut after = before.clone();
    take(&mut after, &mut news, &address(RTM_NEWADDR, 1, 0), None);
    take(&mut after, &mut news, &link(RTM_NEWLINK, 0, 2, b"eth0\0", IFF_UP, 3), None);
    after.all = [Some(1), None];
    told(&mut news);
    news.awake.clear();
    before.difference(&after, &mut news);
    // What was not known before is no change.
    let kinds: Vec<EventKind> = told(&mut news).iter().map(|event| event.0).collect();
    assert_eq!(kinds, [EventKind::LevelChanged, EventKind::VipAdded]);
    assert_eq!(news.awake, [2]);
    after.difference(&before, &mut news);
    assert_eq!(told(&mut news).last().unwrap().0, EventKind::VipRemoved);
}

#[test]
fn no_truncated_or_flipped_message_makes_it_panic() {
    let whole = [
        link(RTM_NEWLINK, 0, 2, b"eth0\0", IFF_UP, 1),
        address(RTM_NEWADDR, 2, 0),
        link(RTM_NEWLINK, 0, 2, b"eth1\0", 0, 2),
        address(RTM_DELADDR, 2, 0),
        link(RTM_DELLINK, 0, 2, b"eth0\0", 0, 1),
    ]
    .concat();
    for end in 0..whole.len() {
        take(&mut state(), &mut News::default(), &whole[..end], None);
        for value in [0, 1, 4, 0x7f, 0x80, 0xff] {
            let mut flipped = whole.clone();
            flipped[end] = value;
            take(&mut state(), &mut News::default(), &flipped, None);
        }
    }
}
