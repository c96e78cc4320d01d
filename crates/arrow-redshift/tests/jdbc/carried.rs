//! Exactly once: rows that ride in the checkpoint.

use arrow_redshift::{
    ErrorKind,
    sink::{CommitPoint, Committable, Staged, Subtask, Writer},
};
use redshift_local::config::Isolation;
use tokio_util::sync::CancellationToken;

use crate::{
    case::{Case, EXACTLY_ONCE, jdbc},
    support::{KINDS, Kind, batch, client, content, owned, prepared, rows, schema, sink, start},
};

/// What a checkpoint holds of a writer, through the bytes in which it travels.
async fn closed(case: &Case, writer: &mut Writer, checkpoint: u64) -> Committable {
    let parts = writer.close(checkpoint).await.unwrap();
    assert!(parts.iter().all(|part| part.url.is_empty() && part.bytes > 0));
    let staged = case.sink.staged(parts, None).to_bytes().unwrap();
    let parts = Staged::from_bytes(&staged).unwrap().parts;
    let point = CommitPoint::Checkpoint(checkpoint);
    let commit = case.sink.gather(&point, parts).unwrap().expect("rows came");
    Committable::from_bytes(&commit.to_bytes().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_is_applied_once_however_often_it_is_given() {
    let stop = CancellationToken::new();
    for isolation in [Isolation::Snapshot, Isolation::Serializable] {
        let server = start(isolation).await;
        let watcher = client(&server).await;
        for kind in KINDS {
            let case = Case::new(&server, kind, EXACTLY_ONCE, "once").await;
            let mut writer = case.sink.writer(0, 0).unwrap();
            case.write_first(&mut writer).await;
            let first = closed(&case, &mut writer, 1).await;
            assert!(content(&watcher, &case.table).await.is_empty(), "nothing before the commit");
            case.write_second(&mut writer).await;
            let second = closed(&case, &mut writer, 2).await;
            for commit in [&first, &second] {
                for before in [false, true] {
                    let applied = case.sink.committer().commit(commit, &stop).await.unwrap();
                    assert_eq!((applied.before, applied.retries), (before, 0));
                }
            }
            case.check_exactly(&watcher, "two checkpoints").await;
            let ledger = format!("SELECT rows_staged, parts FROM {}__flink_commits", case.table);
            assert_eq!(rows(&watcher, &ledger).await.len(), 2);
            assert!(writer.close(3).await.unwrap().is_empty(), "no rows, nothing to commit");
        }
        server.stop().await.unwrap();
    }
}

/// Gathered checkpoints, and a key that two writers hold in one: the order is that of copy mode.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checkpoints_of_several_writers_are_gathered_into_one_commit() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let case = Case::new(&server, Kind::Keyed, EXACTLY_ONCE, "gathered").await;
    let (mut one, mut two) = (case.sink.writer(0, 0).unwrap(), case.sink.writer(1, 0).unwrap());
    one.write(&batch(&[(1, "a"), (2, "old")]), None).await.unwrap();
    two.write(&batch(&[(3, "c"), (2, "new")]), None).await.unwrap();
    let mut parts = one.close(1).await.unwrap();
    parts.extend(two.close(1).await.unwrap());
    let first = case.sink.gather(&CommitPoint::Checkpoint(1), parts).unwrap().unwrap();
    one.write(&batch(&[(3, "later")]), None).await.unwrap();
    let mut gathered = first;
    gathered.absorb(closed(&case, &mut one, 2).await).unwrap();
    let bytes = gathered.to_bytes().unwrap();
    let gathered = Committable::from_bytes(&bytes).unwrap();
    case.sink.committer().commit(&gathered, &CancellationToken::new()).await.unwrap();
    let expected = owned(&[(1, "a"), (2, "new"), (3, "later")]);
    assert_eq!(content(&watcher, &case.table).await, expected);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_writers_share_names_copy_mode() {
    let server = start(Isolation::Snapshot).await;
    let mut options = jdbc(&server, "t_limit", EXACTLY_ONCE);
    options.insert("sink.checkpoint-size-limit".into(), "2 mb".into());
    let sink = sink(&options, schema(Kind::Append));
    let subtask = Subtask { index: 1, parallelism: 4, restored: None, savepoints: false };
    let mut writer = sink.prepare_subtask(subtask).await.unwrap().writer(1, 0).unwrap();
    // Text that does not compress, so that bytes are what they seem.
    let mut seed = 1_u64;
    let mut text = || {
        let word = |seed: &mut u64| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            format!("{:016x}", *seed)
        };
        (0..12).map(|_| word(&mut seed)).collect::<String>()
    };
    let texts: Vec<String> = (0..20_000).map(|_| text()).collect();
    let rows: Vec<(i64, &str)> = (0..).zip(texts.iter().map(String::as_str)).collect();
    let written = async {
        for rows in rows.chunks(1000) {
            writer.write(&batch(rows), None).await?;
        }
        writer.close(1).await.map(drop)
    };
    let error = written.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOptions);
    let text = error.to_string();
    for part in
        ["'sink.checkpoint-size-limit' is 524288", "writers: 4", "'sink.write.mode' = 'copy'"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    server.stop().await.unwrap();
}

/// Keys that come again long after, but not more than 16 MiB later, ride along once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_keys_that_come_again_and_again_ride_once() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let case = Case::new(&server, Kind::Keyed, EXACTLY_ONCE, "again").await;
    let mut writer = case.sink.writer(0, 0).unwrap();
    const KEYS: i64 = 30_000;
    for round in 0..8 {
        for first in (0..KEYS).step_by(1000) {
            let text = format!("round {round}");
            let rows: Vec<(i64, &str)> = (first..first + 1000).map(|id| (id, &*text)).collect();
            writer.write(&batch(&rows), None).await.unwrap();
        }
    }
    let parts = writer.close(1).await.unwrap();
    let [part] = parts.as_slice() else { panic!("{} parts", parts.len()) };
    assert_eq!(part.rows + part.folded, 8 * KEYS as u64);
    assert!(part.rows < 2 * KEYS as u64, "{} rows ride along", part.rows);
    let commit = case.sink.gather(&CommitPoint::Checkpoint(1), parts).unwrap().unwrap();
    case.sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
    let counted = format!("SELECT COUNT(*), MIN(name), MAX(name) FROM {}", case.table);
    assert_eq!(rows(&watcher, &counted).await, [["30000", "round 7", "round 7"]]);
    server.stop().await.unwrap();
}

/// A batch: everything at its end, once under its name, and over what was there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_one_commit_that_a_name_makes_the_same_one() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let options = jdbc(&server, "t_batch", EXACTLY_ONCE);
    let load = async |rows: &[(i64, &str)], overwrite: bool, run: &str| {
        let mut own = options.clone();
        own.insert("sink.run-id".into(), run.into());
        let sink = sink(&own, schema(Kind::Append));
        let sink = if overwrite { sink.overwriting().unwrap() } else { sink };
        let input = futures::stream::iter([Ok(batch(rows))]);
        let prepared = sink.prepare(&[]).await.unwrap();
        prepared.load(input, &Default::default(), &CancellationToken::new()).await.unwrap()
    };
    let first = load(&[(1, "a"), (2, "b")], false, "monday").await;
    assert_eq!((first.loaded_rows, first.commits, first.already_applied), (2, 1, false));
    let again = load(&[(1, "a"), (2, "b")], false, "monday").await;
    assert_eq!((again.loaded_rows, again.already_applied), (0, true));
    assert_eq!(content(&watcher, "t_batch").await, owned(&[(1, "a"), (2, "b")]));
    load(&[(7, "g")], true, "tuesday").await;
    assert_eq!(content(&watcher, "t_batch").await, owned(&[(7, "g")]));
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_that_the_sink_does_not_write_keep_their_values() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let create = "CREATE TABLE t_partial (id BIGINT NOT NULL, name VARCHAR(20), score DOUBLE \
                  PRECISION, seen TIMESTAMP, note VARCHAR(20))";
    watcher.batch_execute(create).await.unwrap();
    for guarantee in ["at-least-once", EXACTLY_ONCE] {
        let seed = "DELETE FROM t_partial; INSERT INTO t_partial (id, note) VALUES (3, 'kept'), \
                    (4, 'goes'), (9, 'other')";
        watcher.batch_execute(seed).await.unwrap();
        let sink = prepared(&jdbc(&server, "t_partial", guarantee), Kind::Keyed).await;
        let case = Case { table: "t_partial".into(), kind: Kind::Keyed, sink };
        let mut writer = case.sink.writer(0, 0).unwrap();
        case.write_second(&mut writer).await;
        let parts = writer.close(1).await.unwrap();
        if let Some(commit) = case.sink.gather(&CommitPoint::Checkpoint(1), parts).unwrap() {
            case.sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
        }
        let found = rows(&watcher, "SELECT id, name, note FROM t_partial ORDER BY id").await;
        let found: Vec<Vec<&str>> =
            found.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
        let expected: [&[&str]; 4] = [
            &["3", "c2", "kept"],
            &["5", "e", "NULL"],
            &["6", "f", "NULL"],
            &["9", "NULL", "other"],
        ];
        assert_eq!(found, expected, "{guarantee}");
    }
    server.stop().await.unwrap();
}
