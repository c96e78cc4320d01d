//! At least once: when rows are flushed, and what a flush sends.

use std::time::Duration;

use arrow_redshift::{ErrorKind, sink::Writer};
use redshift_local::{RedshiftLocal, StatementRecord, config::Isolation};

use crate::{
    case::{AT_LEAST_ONCE, Case, FIRST, jdbc},
    support::{KINDS, Kind, batch, client, content, eventually, owned, prepared, rows, start},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_arrive_when_a_batch_is_full_when_they_have_waited_and_at_a_checkpoint() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    for kind in KINDS {
        let table = format!("t_{kind:?}").to_lowercase();
        let mut options = jdbc(&server, &table, AT_LEAST_ONCE);
        options.insert("sink.batch-size".into(), "2".into());
        let sink = prepared(&options, kind).await;
        let mut writer = sink.writer(0, 0).unwrap();

        writer.write(&batch(&[(1, "a"), (2, "b"), (3, "c")]), None).await.unwrap();
        let full = owned(&[(1, "a"), (2, "b")]);
        eventually("a full batch", async || content(&watcher, &table).await == full).await;

        assert!(writer.close(1).await.unwrap().is_empty());
        assert_eq!(content(&watcher, &table).await.len(), 3, "a checkpoint waits for the flush");
        let flushed = writer.flushed();
        assert_eq!((flushed.rows, flushed.transactions, flushed.retries), (3, 2, 0));

        options.insert("sink.flush-interval".into(), "100 ms".into());
        let sink = prepared(&options, kind).await;
        let mut writer = sink.writer(0, 0).unwrap();
        writer.write(&batch(&[(4, "d")]), None).await.unwrap();
        eventually("a row that waited", async || content(&watcher, &table).await.len() == 4).await;
        writer.abort().await.unwrap();
    }
    let ledgers = "SELECT table_name FROM svv_all_columns WHERE table_name LIKE '%flink_commits'";
    assert_eq!(rows(&watcher, ledgers).await.len(), 0, "nothing is recorded where nobody asks");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_changelog_is_applied_in_order_under_both_isolation_levels() {
    for isolation in [Isolation::Snapshot, Isolation::Serializable] {
        let server = start(isolation).await;
        let watcher = client(&server).await;
        for kind in KINDS {
            let case = Case::new(&server, kind, AT_LEAST_ONCE, "order").await;
            let mut writer = case.sink.writer(0, 0).unwrap();
            case.write_first(&mut writer).await;
            writer.close(1).await.unwrap();
            case.write_second(&mut writer).await;
            writer.close(2).await.unwrap();
            case.check_exactly(&watcher, "two flushes").await;
        }
        server.stop().await.unwrap();
    }
}

async fn write(writer: &mut Writer, first: i64, rows: usize) {
    let rows: Vec<(i64, &str)> = (first..first + rows as i64).map(|id| (id, "x")).collect();
    writer.write(&batch(&rows), None).await.unwrap();
    writer.close(first as u64).await.unwrap();
}

fn sent(server: &RedshiftLocal) -> Vec<StatementRecord> {
    server.statements().all().into_iter().filter(|entry| entry.user == "loader").collect()
}

/// So many statements, whatever the number of rows, as long as one INSERT takes them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_sends_the_same_statements_whatever_the_number_of_rows() {
    let server = start(Isolation::Snapshot).await;
    for (kind, statements, sizes) in
        [(Kind::Append, 3, [1, 1000, 8000]), (Kind::Keyed, 7, [1, 1000, 6500])]
    {
        let mut options = jdbc(&server, &format!("t_{kind:?}").to_lowercase(), AT_LEAST_ONCE);
        options.insert("sink.batch-size".into(), "50000".into());
        let sink = prepared(&options, kind).await;
        let mut writer = sink.writer(0, 0).unwrap();
        write(&mut writer, 1, 10).await;
        for rows in sizes {
            server.statements().clear();
            write(&mut writer, 100 + rows as i64 * 10, rows).await;
            let sent = sent(&server);
            let verbs: Vec<_> =
                sent.iter().map(|entry| &entry.shape[..entry.shape.len().min(30)]).collect();
            assert_eq!(sent.len(), statements, "{kind:?}, {rows} rows: {verbs:#?}");
            assert_eq!(sent.iter().filter(|entry| entry.prepared).count(), 1);
        }
        // Beyond what one statement takes there are more INSERTs, and nothing else.
        server.statements().clear();
        write(&mut writer, 1_000_000, 18_000).await;
        let inserts = sent(&server).iter().filter(|entry| entry.prepared).count();
        // A row has four columns, and by key its change's kind; a statement 32,767 parameters.
        assert_eq!(inserts, 3);
        assert_eq!(sent(&server).len(), statements + inserts - 1);
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_that_fails_for_good_names_table_rows_and_tries_and_ends_the_writer() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let case = Case::new(&server, Kind::Append, AT_LEAST_ONCE, "gone").await;
    let mut writer = case.sink.writer(0, 0).unwrap();
    case.write_first(&mut writer).await;
    watcher.batch_execute("DROP TABLE t_gone_append").await.unwrap();
    let error = writer.close(1).await.unwrap_err();
    let text = error.to_string();
    for part in ["t_gone_append", "rows: 4", "tries: 1", "SQLSTATE 42P01"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let again = writer.write(&batch(&[(9, "x")]), None).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Internal);
    server.stop().await.unwrap();
}

/// While one flush is under way the next rows are gathered, and one transaction takes them all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_during_a_flush_goes_in_one_transaction_after_it() {
    let server = start(Isolation::Snapshot).await;
    let table = "t_gathered";
    let mut options = jdbc(&server, table, AT_LEAST_ONCE);
    options.insert("sink.batch-size".into(), "10".into());
    let sink = prepared(&options, Kind::Append).await;
    let watcher = client(&server).await;
    let mut writer = sink.writer(0, 0).unwrap();
    watcher.batch_execute(&format!("BEGIN; LOCK {table}")).await.unwrap();
    for first in 0..50 {
        let rows: Vec<(i64, &str)> = (0..10).map(|row| (first * 10 + row, "x")).collect();
        writer.write(&batch(&rows), None).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    watcher.batch_execute("COMMIT").await.unwrap();
    writer.close(1).await.unwrap();
    assert_eq!(content(&watcher, table).await.len(), 500);
    let transactions = writer.flushed().transactions;
    assert!(transactions <= 3, "{transactions} transactions for what came during one");
    server.stop().await.unwrap();
}

/// A writer that is given up while rows wait leaves whole flushes only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_is_given_up_leaves_whole_flushes_only() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let case = Case::new(&server, Kind::Append, AT_LEAST_ONCE, "given_up").await;
    let mut writer = case.sink.writer(0, 0).unwrap();
    case.write_first(&mut writer).await;
    writer.close(1).await.unwrap();
    case.write_second(&mut writer).await;
    writer.abort().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(content(&watcher, &case.table).await, owned(FIRST));
    server.stop().await.unwrap();
}
