//! Writers that commit on their own, by the clock.

use std::time::Duration;

use flink_redshift_jni::{calls, calls::END_OF_INPUT};

use super::{
    encoder::INSERT,
    job::{Job, content, inserts, push, rows, stage},
    stand::{Stand, eventually, within},
};

const OPTIONS: [(&str, &str); 2] =
    [("sink.delivery-guarantee", "at-least-once"), ("sink.flush-interval", "300 ms")];

#[test]
fn rows_are_committed_while_they_flow_and_at_the_end() {
    let stand = Stand::start();
    let job = Job::new(&stand, "clock", &OPTIONS);
    let writer = job.timed_writer();
    push(writer, &rows(&[(INSERT, 1, "a")])).unwrap();
    // Without anybody who asks for it, and without a second row.
    let loaded = || calls::writer_metrics(writer).unwrap()[8];
    eventually("the first row is loaded", || loaded() == 1);
    assert_eq!(content(&stand, "clock").len(), 1);
    push(writer, &inserts(10..700)).unwrap();
    eventually("the rest is loaded", || loaded() == 691);
    let metrics = calls::writer_metrics(writer).unwrap();
    assert_eq!((metrics[5], metrics[6]), (0, 0), "nothing waits");
    push(writer, &rows(&[(INSERT, 2, "z")])).unwrap();
    // The aggregator is told nothing, and the end waits for no clock.
    assert_eq!(stage(writer, END_OF_INPUT).unwrap(), Vec::<u8>::new());
    assert_eq!(loaded(), 692);
    calls::close_writer(writer).unwrap();
    assert_eq!(content(&stand, "clock").len(), 692);
    assert_eq!(stand.staged(), Vec::<String>::new());
}

#[test]
fn closing_does_not_wait_for_a_timed_commit_that_hangs() {
    use redshift_local::faults::{Effect, FaultRule, StatementKind, When};
    let stand = Stand::start();
    let job = Job::new(&stand, "hung_clock", &OPTIONS);
    let when = When { statement: Some(StatementKind::Copy), ..When::default() };
    let effect = Effect::Stall(Duration::from_secs(600));
    stand.server().faults().inject(FaultRule { when, skip: 0, count: 1, effect });
    let writer = job.timed_writer();
    push(writer, &rows(&[(INSERT, 1, "a")])).unwrap();
    eventually("COPY hangs", || stand.server().faults().taken() == 1);
    within(Duration::from_secs(8), || calls::close_writer(writer).unwrap());
    assert_eq!(content(&stand, "hung_clock"), []);
}
