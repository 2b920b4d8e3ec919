use super::*;
use crate::error::Error;

fn watch() -> Watch {
    let vips = Some(vec!["192.0.2.10".parse().unwrap()]);
    Host::open().unwrap().watch(&WatchOptions { vips, ..WatchOptions::default() }).unwrap()
}

#[test]
fn after_an_error_a_loop_that_goes_on_does_not_spin() {
    let mut watch = watch();
    watch.listener = Listener::broken();
    let due = Instant::now();
    (watch.next, watch.look) = (due, Some(due));
    watch.set_alarm().unwrap();
    assert!(watch.wait(Some(Duration::from_secs(20))).unwrap());
    assert!(watch.dispatch(&mut |_| {}).is_err());
    assert!(watch.next >= due + watch.interval && watch.look.is_some_and(|look| look > due));
    assert!(!watch.wait(Some(Duration::ZERO)).unwrap());
}

#[test]
fn an_interrupted_reading_of_levels_is_no_error() {
    let failed = |kind| Err(Error::new(kind, "list", "links", "it failed"));
    assert!(unless_interrupted(failed(ErrorKind::Interrupted)).is_ok());
    assert!(unless_interrupted(failed(ErrorKind::System(5))).is_err());
}
