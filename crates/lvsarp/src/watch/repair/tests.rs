use super::*;
use crate::key::Key;
use crate::vip::Vip;

fn repair(per_minute: u32) -> Repair {
    Repair::new(Desired::new([Vip::parse("192.0.2.10").unwrap()]), per_minute)
}

fn changed_by(by: Option<&str>) -> Event {
    Event { by: by.map(str::to_owned), ..Event::level(Scope::All, Key::ArpIgnore, 1, 0) }
}

fn mended() -> Result<Mended> {
    Ok(Mended { steps: vec!["step".to_owned()], ..Mended::default() })
}

fn failed() -> Result<Mended> {
    Err(crate::error::Error::input("a thing", "it is wrong"))
}

#[test]
fn a_repair_waits_until_the_minute_allows_it_and_that_is_said_once_a_minute() {
    let (mut repair, mut news, start) = (repair(2), News::default(), Instant::now());
    let at = |seconds| start + Duration::from_secs(seconds);
    let done = |repair: &mut Repair, news: &mut News, seconds| {
        assert_eq!(repair.begin(at(seconds), news), None);
        assert_eq!(repair.end(at(seconds), mended(), Some(true), false).event.unwrap().message, "step");
    };
    done(&mut repair, &mut news, 0);
    done(&mut repair, &mut news, 10);
    for seconds in [11, 12, 59] {
        assert_eq!(repair.begin(at(seconds), &mut news), Some(at(60)));
    }
    assert_eq!(news.events.len(), 1);
    assert!(
        news.events[0]
            .message
            .starts_with("2 repairs in a minute are as many as allowed, and the next one waits for 49 s")
    );
    done(&mut repair, &mut news, 60);
    assert_eq!(repair.begin(at(61), &mut news), Some(at(70)));
    assert_eq!(news.events.len(), 1);
    done(&mut repair, &mut news, 70);
    assert_eq!(repair.begin(at(75), &mut news), Some(at(120)));
    assert_eq!(news.events.len(), 2);
}

#[test]
fn attempts_that_change_nothing_use_up_no_budget_and_come_further_and_further_apart() {
    let (mut repair, mut news, start) = (repair(6), News::default(), Instant::now());
    let at = |ms| start + Duration::from_millis(ms);
    let mut now = 0;
    for pause in [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000] {
        assert_eq!(repair.begin(at(now), &mut news), None);
        repair.end(at(now), failed(), Some(false), false);
        assert_eq!(repair.next(at(now), false), at(now + pause));
        assert_eq!(repair.begin(at(now + pause - 1), &mut news), Some(at(now + pause)));
        now += pause;
    }
    assert!(repair.done.is_empty() && news.events.is_empty());
    // What happens is answered sooner.
    repair.end(at(now), failed(), Some(false), false);
    news.events.push(changed_by(None));
    assert_eq!(repair.begin(at(now + 1), &mut news), Some(at(now + 400)));
    assert_eq!(repair.begin(at(now + 400), &mut news), None);
}

#[test]
fn who_made_most_changes_of_the_last_minute_is_named_whatever_its_processes_numbers() {
    let (mut repair, start) = (repair(1), Instant::now());
    let old: Vec<Event> = (0..10).map(|_| changed_by(Some("old (1)"))).collect();
    repair.count(start, &old);
    let now = start + MINUTE;
    repair.count(
        now,
        &[changed_by(Some("ip (7)")), changed_by(None), changed_by(Some("sysctl (8)")), changed_by(Some("ip (9)"))],
    );
    let event = repair.too_many(now, Duration::from_secs(3));
    assert_eq!(event.by.as_deref(), Some("ip (9)"));
    assert!(
        event.message.ends_with("; 2 of the last 4 changes came from ip, the last one from ip (9)"),
        "{}",
        event.message
    );
    let later = now + MINUTE;
    repair.count(later, &[changed_by(None)]);
    let event = repair.too_many(later, Duration::from_secs(3));
    assert_eq!(event.by, None);
    assert!(event.message.ends_with("; who keeps changing the host is not known"));
    for process in 0..3 * KEPT {
        repair.count(later, &[changed_by(Some(&format!("p{process} ({process})")))]);
    }
    assert_eq!(repair.changes.len(), KEPT);
}

#[test]
fn the_same_failure_is_said_once_until_something_happens() {
    let (mut repair, now) = (repair(1), Instant::now());
    let said = |repair: &mut Repair, outcome, silent| repair.end(now, outcome, Some(silent), false).event;
    assert_eq!(said(&mut repair, failed(), false).unwrap().kind, EventKind::RepairFailed);
    assert_eq!(said(&mut repair, failed(), false), None);
    let mut news = News { events: vec![changed_by(None)], ..News::default() };
    assert!(repair.begin(now, &mut news).is_some());
    assert!(said(&mut repair, failed(), false).is_some());
    assert_eq!(said(&mut repair, mended(), true).unwrap().message, "step");
    assert!(said(&mut repair, failed(), false).is_some());
    assert_eq!(said(&mut repair, Ok(Mended::default()), true), None);
}
