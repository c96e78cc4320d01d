//! What goes wrong is told, as often as it is asked for, and leaves nothing open.

use arrow_redshift::ErrorKind;
use flink_redshift_jni::{calls, plan::Declaration};
use redshift_local::faults::{Effect, FaultRule, StatementKind, When};

use super::{
    encoder::{DELETE, INSERT, buffer},
    job::{Job, apply, content, declaration, inserts, owned, push, rows, stage},
    stand::Stand,
};

#[test]
fn a_writer_that_failed_says_why_whatever_is_called() {
    let stand = Stand::start();
    let job = Job::new(&stand, "s.missing", &[("sink.create-table", "none")]);
    let writer = job.writer(0, 1, -1);
    let error = loop {
        match calls::await_room(writer, 50) {
            Ok(_) => push(writer, &inserts(0..1)).unwrap_or_default(),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch, "{error}");
    let same = |again: Result<(), std::sync::Arc<arrow_redshift::Error>>| {
        assert_eq!(again.unwrap_err().to_string(), error.to_string());
    };
    same(calls::push(writer, &[], 0, 0).map(drop));
    same(calls::await_room(writer, 0).map(drop));
    same(calls::begin_close(writer, 1, false));
    calls::close_writer(writer).unwrap();
}

#[test]
fn a_value_that_does_not_fit_names_its_column_and_row() {
    let stand = Stand::start();
    stand.query(
        "CREATE TABLE narrow (id BIGINT, name VARCHAR(5), amount DECIMAL(20, 4), seen TIMESTAMPTZ)",
    );
    let job = Job::new(&stand, "narrow", &[]);
    let writer = job.writer(0, 1, -1);
    push(writer, &rows(&[(INSERT, 1, "short")])).unwrap();
    push(writer, &rows(&[(INSERT, 2, "short"), (INSERT, 3, "too long for it")])).unwrap();
    let error = stage(writer, 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValueRefused);
    let text = error.to_string();
    assert!(text.contains("name") && text.contains("row: 3"), "{text}");
    assert!(!text.contains("too long for it"), "the value is not told: {text}");
    calls::close_writer(writer).unwrap();
    assert_eq!(stand.staged(), Vec::<String>::new(), "what was staged is removed");
}

#[test]
fn a_delete_without_a_key_is_refused() {
    let stand = Stand::start();
    let job = Job::new(&stand, "keyless", &[]);
    let writer = job.writer(0, 1, -1);
    push(writer, &rows(&[(DELETE, 1, "a")])).unwrap();
    let error = stage(writer, 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    calls::close_writer(writer).unwrap();
}

#[test]
fn a_damaged_buffer_is_refused_and_the_writer_goes_on() {
    let stand = Stand::start();
    let job = Job::new(&stand, "tough", &[]);
    let writer = job.writer(0, 1, -1);
    let good = rows(&[(INSERT, 1, "a")]);
    let bytes = buffer(&good);
    assert_eq!(calls::push(writer, &bytes, 2, 0).unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(calls::push(writer, &bytes[1..], 1, 0).unwrap_err().kind(), ErrorKind::Internal);
    push(writer, &good).unwrap();
    job.commit(&job.gather(1, &[stage(writer, 1).unwrap()]).unwrap());
    calls::close_writer(writer).unwrap();
    assert_eq!(content(&stand, "tough"), owned(&[(1, "a")]));
}

#[test]
fn a_commit_that_failed_can_be_begun_again() {
    let stand = Stand::start();
    let job = Job::new(&stand, "again", &[("sink.max-retries", "0")]);
    let writer = job.writer(0, 1, -1);
    push(writer, &rows(&[(INSERT, 1, "a")])).unwrap();
    let commit = job.gather(1, &[stage(writer, 1).unwrap()]).unwrap();
    calls::close_writer(writer).unwrap();
    let fail = |sqlstate: &str| Effect::Fail {
        sqlstate: sqlstate.into(),
        message: "not now".into(),
        detail: None,
    };
    let when = When { statement: Some(StatementKind::Copy), ..When::default() };
    stand.server().faults().inject(FaultRule { when, skip: 0, count: 1, effect: fail("42501") });
    let committer = job.committer(0);
    let error = apply(committer, &commit).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::PermissionDenied, Some("42501")));
    assert_eq!(apply(committer, &commit).unwrap()[..4], [0, 1, 1, 0]);
    calls::close_committer(committer).unwrap();
    assert_eq!(content(&stand, "again"), owned(&[(1, "a")]));
}

#[test]
fn retries_are_counted_by_their_cause() {
    let stand = Stand::start();
    let job = Job::new(&stand, "conflict", &[]);
    let writer = job.writer(0, 1, -1);
    push(writer, &rows(&[(INSERT, 1, "a")])).unwrap();
    let commit = job.gather(1, &[stage(writer, 1).unwrap()]).unwrap();
    calls::close_writer(writer).unwrap();
    let when = When { statement: Some(StatementKind::Lock), ..When::default() };
    let effect = Effect::LoseBefore;
    stand.server().faults().inject(FaultRule { when, skip: 0, count: 2, effect });
    let facts = job.commit(&commit);
    assert_eq!(facts[3], 2);
    let lost = ErrorKind::ALL.iter().position(|kind| *kind == ErrorKind::ConnectionLost).unwrap();
    assert_eq!(facts[11 + lost], 2, "{facts:?}");
    assert_eq!(facts[11..].iter().sum::<i64>(), 2);
}

#[test]
fn writers_that_saw_different_tables_are_not_gathered() {
    let stand = Stand::start();
    let one = Job::new(&stand, "first", &[]);
    let other = Job::new(&stand, "second", &[]);
    let staged = [&one, &other].map(|job| {
        let writer = job.writer(0, 1, -1);
        push(writer, &rows(&[(INSERT, 1, "a")])).unwrap();
        let staged = stage(writer, 1).unwrap();
        calls::close_writer(writer).unwrap();
        staged
    });
    let place = calls::Place { plan: &one.plan, operator: "aggregator", job: "job" };
    let error = calls::gather(place, 1, &staged).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
}

#[test]
fn bytes_that_are_not_ours_are_refused() {
    let stand = Stand::start();
    let job = Job::planned(Declaration { ..declaration(&stand, "bytes", &[]) });
    for bytes in [&b""[..], b"FRP", b"FRC\x01{", b"FRS\x01[]", b"FRP\x01{}"] {
        let place = calls::Place { plan: bytes, operator: "o", job: "j" };
        assert!(calls::facts(bytes).is_err());
        assert!(calls::open_writer(place, 0, 1, -1, false, false).is_err());
        assert!(calls::open_committer(place, 0).is_err());
        assert!(calls::committable_facts(bytes).is_err());
        assert!(calls::absorb(bytes, bytes).is_err());
        let place = calls::Place { plan: &job.plan, ..place };
        assert!(calls::gather(place, 1, &[bytes.to_vec()]).is_err());
    }
    let later = [b"FRP\x02".as_slice(), &job.plan[4..]].concat();
    let error = calls::facts(&later).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("same version of the connector"), "{error}");
}
