//! From buffers to committed rows.

use arrow_redshift::{ErrorKind, sink::Committable};
use flink_redshift_jni::{calls, calls::END_OF_INPUT, plan::Declaration};

use super::{
    encoder::{DELETE, INSERT, UPDATE_AFTER, Value, row},
    job::{Job, apply, content, declaration, inserts, owned, push, rows, stage},
    stand::Stand,
};

#[test]
fn what_all_writers_staged_is_committed_once() {
    let stand = Stand::start();
    let job = Job::new(&stand, "shared", &[]);
    let writers = [job.writer(0, 2, -1), job.writer(1, 2, -1)];
    let committer = job.committer(0);
    let mut commits = Vec::new();
    for checkpoint in 1..=3_i64 {
        let staged = [0, 1].map(|subtask| {
            let (writer, from) = (writers[subtask], checkpoint * 10_000 + subtask as i64 * 5000);
            push(writer, &inserts(from..from + 1200)).unwrap();
            stage(writer, checkpoint).unwrap()
        });
        let commit = job.gather(checkpoint, &staged).unwrap();
        let [rows, bytes, parts, oldest] = calls::committable_facts(&commit).unwrap();
        assert_eq!((rows, parts), (2400, 2));
        assert!(bytes > 0 && oldest > 1_600_000_000_000, "{bytes} {oldest}");
        let facts = apply(committer, &commit).unwrap();
        assert_eq!(facts[..4], [0, 2400, 2, 0]);
        assert!(facts[4] >= facts[5..9].iter().sum::<i64>(), "{facts:?}");
        assert_eq!(facts.len(), 11 + ErrorKind::ALL.len());
        commits.push(commit);
    }
    let metrics = calls::writer_metrics(writers[0]).unwrap();
    assert_eq!((metrics[0], metrics[2], metrics[5], metrics[6]), (3600, 3, 0, 0));
    assert!(metrics[1] > metrics[3] && metrics[3] > 0, "{metrics:?}");

    // Nobody commits anything twice, not even another process.
    for commit in &commits {
        assert_eq!(job.commit(commit)[..4], [1, 2400, 2, 0]);
    }
    for writer in writers {
        calls::close_writer(writer).unwrap();
    }
    calls::close_committer(committer).unwrap();
    let ids: Vec<i64> = content(&stand, "shared").into_iter().map(|(id, _)| id).collect();
    let mut expected: Vec<i64> = (1..=3)
        .flat_map(|checkpoint| [checkpoint * 10_000, checkpoint * 10_000 + 5000])
        .flat_map(|from| from..from + 1200)
        .collect();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    assert_eq!(stand.staged(), Vec::<String>::new());
}

/// Flink says which checkpoint a close was for when it is done, and the number may have gone up by
/// more than one: what is staged after it has a later one in its name, and goes when nobody holds it.
#[test]
fn a_restart_sweeps_what_was_staged_after_the_restored_checkpoint() {
    let stand = Stand::start();
    let job = Job::new(&stand, "skipped", &[]);
    let writer = job.writer(0, 1, 3);
    push(writer, &inserts(0..10)).unwrap();
    let held = job.gather(5, &[stage(writer, 4).unwrap()]).unwrap();
    calls::reached(writer, 5).unwrap();
    push(writer, &inserts(10..20)).unwrap();
    stage(writer, 6).unwrap();
    assert_eq!(stand.staged().len(), 2);
    calls::close_writer(writer).unwrap();
    assert_eq!(stand.staged().len(), 2, "a checkpoint may hold both");

    let writer = job.writer(0, 1, 5);
    push(writer, &inserts(10..20)).unwrap();
    let again = job.gather(6, &[stage(writer, 6).unwrap()]).unwrap();
    for commit in [held, again] {
        job.commit(&commit);
    }
    calls::close_writer(writer).unwrap();
    assert_eq!(content(&stand, "skipped").len(), 20);
    assert_eq!(stand.staged(), Vec::<String>::new());
}

#[test]
fn changes_by_key_leave_what_a_replay_would() {
    let stand = Stand::start();
    let job = Job::keyed(&stand, "keyed");
    let writer = job.writer(0, 1, -1);
    push(writer, &rows(&[(INSERT, 1, "a"), (INSERT, 2, "b"), (INSERT, 3, "c")])).unwrap();
    let first = job.gather(1, &[stage(writer, 1).unwrap()]).unwrap();
    let changes = [
        (UPDATE_AFTER, 1, "a longer name than seven"),
        (DELETE, 2, "b"),
        (INSERT, 4, "d"),
        (DELETE, 4, "d"),
        (INSERT, 4, "e"),
    ];
    push(writer, &rows(&changes)).unwrap();
    let second = job.gather(2, &[stage(writer, 2).unwrap()]).unwrap();
    // As where `sink.commit.interval` gathers several checkpoints.
    let both = calls::absorb(&first, &second).unwrap();
    assert_eq!(Committable::from_bytes(&both).unwrap().units.len(), 2);
    job.commit(&both);
    calls::close_writer(writer).unwrap();
    let expected = owned(&[(1, "a longer name than seven"), (3, "c"), (4, "e")]);
    assert_eq!(content(&stand, "keyed"), expected);
}

#[test]
fn a_delete_needs_its_key_only() {
    let stand = Stand::start();
    let mut declared = declaration(&stand, "slim", &[]);
    declared.columns.truncate(2);
    declared.columns[1].1 = "STRING NOT NULL".to_owned();
    let job = Job::planned(Declaration { primary_key: vec!["id".to_owned()], ..declared });
    let writer = job.writer(0, 1, -1);
    let types =
        [arrow_redshift::types::FlinkType::BigInt, arrow_redshift::types::FlinkType::String];
    let one = |kind, id, name: Value| row(kind, &types, &[Value::BigInt(id), name]);
    let text = |text: &str| Value::Text(text.as_bytes().to_vec());
    let rows = [one(INSERT, 1, text("a")), one(INSERT, 2, text("b")), one(DELETE, 1, Value::Null)];
    push(writer, &rows).unwrap();
    job.commit(&job.gather(1, &[stage(writer, 1).unwrap()]).unwrap());
    calls::close_writer(writer).unwrap();
    assert_eq!(stand.query("SELECT id, name FROM slim"), [["2", "b"]]);
}

#[test]
fn only_the_columns_that_an_insert_names_are_written() {
    let stand = Stand::start();
    stand.query(
        "CREATE TABLE part (id BIGINT, name VARCHAR(100), amount DECIMAL(20, 4), \
         seen TIMESTAMPTZ)",
    );
    let written = Some(vec![1, 0]);
    let job = Job::planned(Declaration { written, ..declaration(&stand, "part", &[]) });
    let writer = job.writer(0, 1, -1);
    push(writer, &rows(&[(INSERT, 7, "seven")])).unwrap();
    job.commit(&job.gather(1, &[stage(writer, 1).unwrap()]).unwrap());
    calls::close_writer(writer).unwrap();
    let found = stand.query("SELECT id, name, amount, seen FROM part");
    assert_eq!(found, [["7", "seven", "NULL", "NULL"]]);
}

#[test]
fn nothing_staged_is_nothing_to_commit() {
    let stand = Stand::start();
    let job = Job::new(&stand, "nothing", &[]);
    let writer = job.writer(0, 1, -1);
    for checkpoint in [1, END_OF_INPUT] {
        assert_eq!(stage(writer, checkpoint).unwrap(), Vec::<u8>::new());
        assert_eq!(job.gather(checkpoint, &[]), None);
    }
    calls::close_writer(writer).unwrap();
}

#[test]
fn an_overwrite_replaces_even_with_nothing() {
    let stand = Stand::start();
    let first = Job::new(&stand, "over", &[]);
    let writer = first.writer(0, 1, -1);
    push(writer, &rows(&[(INSERT, 1, "a"), (INSERT, 2, "b")])).unwrap();
    first.commit(&first.gather(END_OF_INPUT, &[stage(writer, END_OF_INPUT).unwrap()]).unwrap());
    calls::close_writer(writer).unwrap();
    for rows_written in [&[(INSERT, 9, "z")][..], &[]] {
        let declared = Declaration { overwrite: true, ..declaration(&stand, "over", &[]) };
        let job = Job::planned(declared);
        let writers = [job.writer(0, 2, -1), job.writer(1, 2, -1)];
        push(writers[0], &rows(rows_written)).unwrap();
        let staged = writers.map(|writer| stage(writer, END_OF_INPUT).unwrap());
        assert!(staged.iter().all(|bytes| !bytes.is_empty()), "each says that it came to its end");
        job.commit(&job.gather(END_OF_INPUT, &staged).unwrap());
        writers.iter().for_each(|writer| calls::close_writer(*writer).unwrap());
        let expected: Vec<_> =
            rows_written.iter().map(|(_, id, name)| (*id, (*name).to_owned())).collect();
        assert_eq!(content(&stand, "over"), expected);
    }
}

#[test]
fn a_named_run_that_is_planned_again_is_the_same_launch() {
    let stand = Stand::start();
    for time in 0..2 {
        let job = Job::new(&stand, "named", &[("sink.run-id", "nightly-1")]);
        let writer = job.writer(0, 1, -1);
        push(writer, &rows(&[(INSERT, 1, "a")])).unwrap();
        let commit = job.gather(END_OF_INPUT, &[stage(writer, END_OF_INPUT).unwrap()]).unwrap();
        assert_eq!(job.commit(&commit)[0], time, "applied before");
        calls::close_writer(writer).unwrap();
    }
    assert_eq!(content(&stand, "named"), owned(&[(1, "a")]));
}
