//! Whatever hangs, nobody waits long for it: neither who is interrupted nor who closes.

use std::{thread, time::Duration};

use arrow_redshift::ErrorKind;
use flink_redshift_jni::calls;
use redshift_local::{
    faults::{Effect, FaultRule, StatementKind, When},
    s3::{Effect as S3Effect, Rule},
};

use super::{
    encoder::INSERT,
    job::{Job, apply, content, inserts, owned, push, rows, stage},
    stand::{Stand, eventually, within},
};

const LONG: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_secs(3);
/// Giving up has a bound of its own; a machine that is busy is slow.
const BOUNDED: Duration = Duration::from_secs(8);

fn stall(stand: &Stand, statement: StatementKind) {
    let when = When { statement: Some(statement), ..When::default() };
    let effect = Effect::Stall(LONG);
    stand.server().faults().inject(FaultRule { when, skip: 0, count: 1, effect });
}

/// Interrupts a handle from another thread as soon as `hangs`.
fn interrupted_when<T: Send>(
    handle: i64,
    hangs: impl Fn() -> bool,
    wait: impl FnOnce() -> calls::Call<T> + Send,
) {
    thread::scope(|scope| {
        let waiting = scope.spawn(wait);
        eventually("it hangs", hangs);
        within(SOON, || {
            calls::interrupt(handle).unwrap();
            let error = waiting.join().unwrap().err().expect("an interrupt");
            assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        });
    });
}

#[test]
fn a_writer_whose_server_hangs_takes_one_buffer_and_ends_soon() {
    let stand = Stand::start();
    stall(&stand, StatementKind::Connect);
    let job = Job::new(&stand, "hung", &[]);
    let writer = job.writer(0, 1, -1);
    let bytes = super::encoder::buffer(&inserts(0..10));
    assert!(calls::push(writer, &bytes, 10, 0).unwrap());
    assert!(!calls::push(writer, &bytes, 10, 0).unwrap(), "one buffer waits, not two");
    within(SOON, || assert!(!calls::await_room(writer, 100).unwrap()));
    interrupted_when(writer, || stand.server().faults().taken() == 1, || stage(writer, 1));
    within(SOON, || calls::close_writer(writer).unwrap());
}

#[test]
fn a_writer_whose_s3_hangs_ends_soon_and_leaves_nothing() {
    let stand = Stand::start();
    let job = Job::new(&stand, "slow_s3", &[]);
    let effect = S3Effect::Stall { millis: LONG.as_millis() as u64 };
    stand.server().s3().faults().add(Rule::new(effect).operation("PutObject"));
    let writer = job.writer(0, 1, -1);
    push(writer, &inserts(0..1000)).unwrap();
    interrupted_when(writer, || stand.server().s3().faults().fired() > 0, || stage(writer, 1));
    within(BOUNDED, || calls::close_writer(writer).unwrap());
    assert_eq!(stand.staged(), Vec::<String>::new());
}

#[test]
fn a_commit_whose_copy_hangs_ends_soon_and_is_applied_later() {
    let stand = Stand::start();
    let job = Job::new(&stand, "hung_copy", &[]);
    let writer = job.writer(0, 1, -1);
    push(writer, &rows(&[(INSERT, 1, "a")])).unwrap();
    let commit = job.gather(1, &[stage(writer, 1).unwrap()]).unwrap();
    calls::close_writer(writer).unwrap();

    stall(&stand, StatementKind::Copy);
    let committer = job.committer(0);
    let hangs = || stand.server().faults().taken() == 1;
    interrupted_when(committer, hangs, || apply(committer, &commit));
    within(BOUNDED, || calls::close_committer(committer).unwrap());
    assert_eq!(job.commit(&commit)[..3], [0, 1, 1]);
    assert_eq!(content(&stand, "hung_copy"), owned(&[(1, "a")]));
}

#[test]
fn a_commit_whose_answer_hangs_is_left_to_the_ledger() {
    let stand = Stand::start();
    let job = Job::new(&stand, "hung_commit", &[("sink.lock-timeout", "3 s")]);
    let writer = job.writer(0, 1, -1);
    push(writer, &rows(&[(INSERT, 1, "a")])).unwrap();
    let commit = job.gather(1, &[stage(writer, 1).unwrap()]).unwrap();
    calls::close_writer(writer).unwrap();

    let when = When {
        statement: Some(StatementKind::Commit),
        label: Some("flink-redshift/".into()),
        ..When::default()
    };
    let effect = Effect::Stall(LONG);
    stand.server().faults().inject(FaultRule { when, skip: 0, count: 1, effect });
    let committer = job.committer(0);
    let hangs = || stand.server().faults().taken() == 1;
    interrupted_when(committer, hangs, || apply(committer, &commit));
    within(BOUNDED, || calls::close_committer(committer).unwrap());
    job.commit(&commit);
    assert_eq!(content(&stand, "hung_commit"), owned(&[(1, "a")]));
}

#[test]
fn a_commit_that_takes_too_long_says_what_to_set() {
    let stand = Stand::start();
    let job = Job::new(&stand, "late", &[]);
    let writer = job.writer(0, 1, -1);
    push(writer, &rows(&[(INSERT, 1, "a")])).unwrap();
    let commit = job.gather(1, &[stage(writer, 1).unwrap()]).unwrap();
    calls::close_writer(writer).unwrap();

    stall(&stand, StatementKind::Copy);
    let committer = job.committer(700);
    let error = within(Duration::from_secs(10), || apply(committer, &commit).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::CommitTimeout, "{error}");
    assert!(error.to_string().contains("sink.commit.timeout"), "{error}");
    // The bound is each commit's own.
    assert_eq!(apply(committer, &commit).unwrap()[..3], [0, 1, 1]);
    calls::close_committer(committer).unwrap();
    assert_eq!(content(&stand, "late"), owned(&[(1, "a")]));
}

#[test]
fn the_options_bound_of_a_commit_comes_first() {
    let stand = Stand::start();
    let job = Job::new(&stand, "bound", &[("sink.commit.timeout", "1 s")]);
    let writer = job.writer(0, 1, -1);
    push(writer, &rows(&[(INSERT, 1, "a")])).unwrap();
    let commit = job.gather(1, &[stage(writer, 1).unwrap()]).unwrap();
    calls::close_writer(writer).unwrap();
    stall(&stand, StatementKind::Copy);
    let committer = job.committer(LONG.as_millis() as i64);
    let error = within(Duration::from_secs(12), || apply(committer, &commit).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::CommitTimeout, "{error}");
    calls::close_committer(committer).unwrap();
}

#[test]
fn stale_handles_are_errors() {
    let stand = Stand::start();
    let job = Job::new(&stand, "stale", &[]);
    let (writer, committer) = (job.writer(0, 1, -1), job.committer(0));
    let internal = |call: calls::Call<()>| {
        assert_eq!(call.unwrap_err().kind(), ErrorKind::Internal);
    };
    // One of the other sort.
    internal(calls::push(committer, &[], 0, 0).map(drop));
    internal(calls::begin_commit(writer, &[]));
    // In the wrong order.
    internal(calls::take_staged(writer, 0).map(drop));
    internal(calls::await_commit(committer, 0).map(drop));
    calls::begin_close(writer, 1, false).unwrap();
    internal(calls::begin_close(writer, 2, false));
    // Closed, and closed again.
    for _ in 0..2 {
        calls::close_writer(writer).unwrap();
        calls::close_committer(committer).unwrap();
        calls::interrupt(writer).unwrap();
    }
    internal(calls::push(writer, &[], 0, 0).map(drop));
    internal(calls::await_room(writer, 0).map(drop));
    internal(calls::begin_close(writer, 1, false));
    internal(calls::writer_metrics(writer).map(drop));
    internal(calls::await_commit(committer, 0).map(drop));
    // Never given, and pointers in disguise.
    for handle in [0, -1, i64::MIN, i64::MAX, 0x7f00_dead_beef] {
        internal(calls::push(handle, &[], 0, 0).map(drop));
        internal(calls::interrupt(handle));
        internal(calls::close_writer(handle));
        internal(calls::close_committer(handle));
    }
}
