//! Tests of the block in a file that others keep.

use super::super::testing::Numbers;
use super::*;
use crate::interface::{IfName, Scope};
use crate::key::Key;

fn on(name: &str) -> Scope {
    Scope::Interface(IfName::new(name).unwrap())
}

fn levels() -> Vec<Level> {
    vec![(Scope::All, Key::ArpIgnore, 1), (Scope::All, Key::ArpAnnounce, 2), (on("eth0.100"), Key::ArpIgnore, 8)]
}

const OUT: How = How { comment_out: true, force: false };

fn text(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[test]
fn every_spelling_of_our_keys_is_found_and_no_other_key() {
    for line in [
        "net.ipv4.conf.all.arp_ignore=0",
        "  net.ipv4.conf.all.arp_ignore =  0  ",
        "-net.ipv4.conf.all.arp_ignore = 0",
        "- net.ipv4.conf.all.arp_ignore = 0",
        "net/ipv4/conf/all/arp_ignore = 0",
        "/net/ipv4/conf/all/arp_ignore = 0",
        "net.ipv4/conf.all/arp_ignore = 0",
        "net.ipv4.conf.all.arp_announce\t=\t0\r",
        "net.ipv4.conf.eth0/100.arp_ignore = 0",
        "net/ipv4/conf/eth0.100/arp_ignore = 0",
        "net.ipv4.conf.eth0.100.arp_ignore = 0",
        "net.ipv4.conf.all.arp_ignore 0",
        "-net.ipv4.conf.all.arp_ignore",
    ] {
        let old = text(&[b"# first\n", line.as_bytes(), b"\n"]);
        let (new, found) = put(Some(&old), &levels(), How::default()).unwrap();
        assert_eq!(found.len(), 1, "{line}");
        assert_eq!((found[0].line, found[0].behind), (2, false), "{line}");
        assert!(new.starts_with(&old), "{line}");
        let (new, _) = put(Some(&old), &levels(), OUT).unwrap();
        assert!(new.starts_with(&text(&[b"# first\n#lvsarp# ", line.as_bytes(), b"\n"])), "{line}");
        assert_eq!(take_out(&new, false).unwrap(), Taken::File(old), "{line}");
    }
    for line in [
        "#net.ipv4.conf.all.arp_ignore = 0",
        " ; net.ipv4.conf.all.arp_ignore = 0",
        "net.ipv4.conf.all.arp_filter = 0",
        "net.ipv4.conf.eth0.arp_ignore = 0",
        "net.ipv4.conf.all.arp_ignore.x = 0",
        "x.net.ipv4.conf.all.arp_ignore = 0",
        "",
        "=",
        "-",
    ] {
        assert_eq!(put(Some(line.as_bytes()), &levels(), OUT).unwrap().1, [], "{line}");
    }
}

#[test]
fn a_line_behind_the_block_is_known_to_be_what_counts() {
    let (mut text, _) = put(Some(b"a = 1\n"), &levels(), How::default()).unwrap();
    let line = lines(&text).count() + 1;
    text.extend_from_slice(b"net.ipv4.conf.all.arp_ignore = 3");
    let (new, found) = put(Some(&text), &levels(), How::default()).unwrap();
    assert_eq!(new, text);
    let key = "net.ipv4.conf.all.arp_ignore".to_owned();
    assert_eq!(found, [Duplicate { line, key, value: "3".to_owned(), behind: true }]);
}

#[test]
fn the_block_is_replaced_where_it_is() {
    let (text, _) = put(Some(b"first"), &levels(), How::default()).unwrap();
    let text = [&text[..], b"last"].concat();
    let (new, _) = put(Some(&text), &levels()[..1], How::default()).unwrap();
    assert!(new.starts_with(b"first\n# BEGIN lvsarp: ") && new.ends_with(b"= 1\n# END lvsarp\nlast"));
    // What was written behind it needs the newline that was added in front.
    assert_eq!(take_out(&new, false).unwrap(), Taken::File(b"first\nlast".to_vec()));
}

#[test]
fn a_file_that_was_made_for_the_block_goes_with_it() {
    let (made, _) = put(None, &levels(), How::default()).unwrap();
    assert_eq!(take_out(&made, false).unwrap(), Taken::NoFile);
    let more = [&made[..], b"a = 1\n"].concat();
    assert_eq!(take_out(&more, false).unwrap(), Taken::File(b"a = 1\n".to_vec()));
    let (filled, _) = put(Some(b""), &levels(), How::default()).unwrap();
    assert_eq!(take_out(&filled, false).unwrap(), Taken::File(Vec::new()));
}

#[test]
fn a_damaged_block_is_named_by_its_line_and_left() {
    let (whole, _) = put(Some(b"a = 1\n"), &levels(), How::default()).unwrap();
    let whole = String::from_utf8(whole).unwrap();
    let end = lines(whole.as_bytes()).count();
    for (damaged, line, cause) in [
        (whole.replace("# END lvsarp\n", ""), 2, "does not end"),
        (whole.replace("# BEGIN", "# BEGINN"), end, "does not begin"),
        (whole.repeat(2), end + 2, "second block"),
        (whole.replace("# END lvsarp", "# BEGIN lvsarp: x"), end, "inside another"),
        (whole.replace("arp_ignore = 1", "arp_ignore = 0"), 2, "was edited"),
        (whole.replace('\n', "\r\n"), 2, "was edited"),
        (whole.replace("# lvsarp-digest", "# digest"), 2, "was edited"),
        ("a = 1\n#lvsarp# b = 1\n".to_owned(), 2, "no block"),
    ] {
        let damage = put(Some(damaged.as_bytes()), &levels(), OUT).unwrap_err();
        assert!(damage.line == line && damage.cause.contains(cause), "{damage:?}\n{damaged}");
        if cause != "no block" {
            assert_eq!(take_out(damaged.as_bytes(), false).unwrap_err(), damage);
        }
        let forced = put(Some(damaged.as_bytes()), &levels(), How { force: true, ..OUT });
        assert_eq!(forced.is_ok(), cause == "was edited", "{damaged}");
    }
}

/// Files of every kind of line, ending and byte.
fn random_file(numbers: &mut Numbers) -> Vec<u8> {
    const LINES: [&[u8]; 16] = [
        b"",
        b"   ",
        b"# a comment",
        b"kernel.panic = 10",
        b"net.ipv4.conf.all.arp_ignore = 0",
        b"-net/ipv4/conf/all/arp_announce=1",
        b" /net/ipv4/conf/eth0.100/arp_ignore\t= 1 ",
        b"net.ipv4.conf.eth0.100.arp_ignore=5",
        b"-net.ipv4.conf.all.arp_ignore",
        b"net.ipv4.conf.*.arp_ignore = 0",
        b"\xff\xfe = \x00",
        b"#",
        b"no assignment",
        b"\xef\xbb\xbfnet.ipv4.conf.all.arp_ignore = 1",
        b"# END",
        b"# BEGIN other",
    ];
    const ENDS: [&[u8]; 6] = [b"\n", b"\n", b"\n", b"\r\n", b"\r\r\n", b"\n\n"];
    let mut file = Vec::new();
    for _ in 0..numbers.below(12) {
        file.extend_from_slice(numbers.one_of(&LINES));
        file.extend_from_slice(numbers.one_of(&ENDS));
    }
    if numbers.below(2) == 0 {
        file.extend_from_slice(numbers.one_of(&LINES));
    }
    file
}

#[test]
fn what_is_put_and_taken_out_leaves_every_byte_as_it_was() {
    let mut numbers = Numbers(0x1234_5678_9abc_def1);
    let sets: [&[Level]; 4] = [&levels(), &levels()[..1], &levels()[2..], &[(on("eth0"), Key::ArpIgnore, 3)]];
    for _ in 0..20_000 {
        let old = random_file(&mut numbers);
        let mut text = old.clone();
        for _ in 0..=numbers.below(3) {
            let how = How { comment_out: numbers.below(2) == 0, force: false };
            let levels = numbers.one_of(&sets);
            let (new, found) = put(Some(&text), levels, how).unwrap();
            for duplicate in &found {
                let line = lines(&new).nth(duplicate.line - 1).unwrap();
                assert_eq!(line.starts_with(MARK), how.comment_out);
                assert!(String::from_utf8_lossy(line).contains(&duplicate.key));
            }
            // Nothing is done twice.
            let (again, rest) = put(Some(&new), levels, how).unwrap();
            assert_eq!(again, new);
            assert_eq!(rest.len(), if how.comment_out { 0 } else { found.len() });
            text = new;
        }
        assert_eq!(take_out(&text, false).unwrap(), Taken::File(old.clone()), "{}", String::from_utf8_lossy(&old));
        assert_eq!(take_out(&old, false).unwrap(), Taken::Nothing);
    }
}
