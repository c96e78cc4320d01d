//! Policies of columns: what may be said, what an error shows, and where rows may be put.

use std::collections::BTreeMap;

use arrow_redshift::{ErrorKind, sink::CommitPoint};
use redshift_local::{
    RedshiftLocal,
    config::{Bucket, Isolation},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    letters::{PLACE, files, left, placed, placing},
    support::{
        BUCKET, Kind, batch, client, content, options, owned, prepared, schema, sink, stand_in,
    },
};

/// A table whose names have five bytes at most.
pub async fn narrow(server: &RedshiftLocal, table: &str) -> BTreeMap<String, String> {
    let ddl = format!(
        "CREATE TABLE {table} (id BIGINT NOT NULL, name VARCHAR(5), score DOUBLE PRECISION, seen \
         TIMESTAMP)"
    );
    client(server).await.batch_execute(&ddl).await.unwrap();
    options(server, table)
}

fn with(options: &BTreeMap<String, String>, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut options = options.clone();
    options.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    options
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_refused_before_the_first_row() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let options = narrow(&server, "refused").await;
    let columns = "id:truncate; score:truncate; nowhere:null; name:null";
    let wrong = with(&options, &[("sink.value-policy.columns", columns)]);
    let error = sink(&wrong, schema(Kind::Keyed)).prepare(&[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOptions);
    let text = error.to_string();
    for part in ["column id belongs to the primary key", "column score is no text", "nowhere is no"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("column name"), "{text}");
    let wrong = with(&options, &[("sink.value-policy.columns", "id:null")]);
    let error = sink(&wrong, schema(Kind::Append)).prepare(&[]).await.unwrap_err();
    assert!(error.to_string().contains("column id is NOT NULL"), "{error}");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_shows_the_key_only_where_that_is_allowed() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let options = narrow(&server, "told").await;
    let rows = [(1, "a"), (4711, "much too long"), (3, "also too long")];
    for (shown, kind, says) in [
        ("false", Kind::Keyed, "key: hidden"),
        ("true", Kind::Keyed, "key: {\"id\":4711}"),
        ("true", Kind::Append, "row: 2"),
    ] {
        for (mode, guarantee) in
            [("copy", "exactly-once"), ("jdbc", "exactly-once"), ("jdbc", "at-least-once")]
        {
            let more = [
                ("sink.value-policy.show-key", shown),
                ("sink.write.mode", mode),
                ("sink.delivery-guarantee", guarantee),
            ];
            let sink = prepared(&with(&options, &more), kind).await;
            let mut writer = sink.writer(0, 1).unwrap();
            let error = writer.write(&batch(&rows), None).await.unwrap_err();
            let text = error.to_string();
            let found = "more refused rows in its batch: 1";
            for part in [says, "column 'name'", "at most 5", "row: 2", found] {
                assert!(text.contains(part), "{mode}, {part}: {text}");
            }
            assert_eq!(text.contains("4711"), says.contains("4711"), "{text}");
            assert!(!text.contains("too long"), "{text}");
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_counts_all_that_fails_in_its_batch_by_rule() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let options = narrow(&server, "counted").await;
    let sink = prepared(&options, Kind::Append).await;
    let mut writer = sink.writer(0, 1).unwrap();
    writer.write(&batch(&[(1, "a")]), None).await.unwrap();
    // Two are too long, one of them with a NUL in it, and one more has nothing but that.
    let rows = [(2, "b"), (3, "a\0"), (4, "too\0long"), (5, "too long"), (6, "c")];
    let error = writer.write(&batch(&rows), None).await.unwrap_err();
    let text = error.to_string();
    for part in [
        "a NUL character in column 'name'",
        "rule: no-nul",
        "row: 3",
        "more refused rows in its batch: 2",
        "by rule: no-nul in name 2, max-bytes in name 2",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The writer is as it was before.
    writer.write(&batch(&[(7, "d")]), None).await.unwrap();
    let parts = writer.close(1).await.unwrap();
    let commit = sink.gather(&CommitPoint::Checkpoint(1), parts).unwrap().unwrap();
    sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
    let watcher = client(&server).await;
    assert_eq!(content(&watcher, "counted").await, owned(&[(1, "a"), (7, "d")]));
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_has_its_own_policy_and_a_key_always_fails() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let mut options = narrow(&server, "own").await;
    options.insert("sink.value-policy".into(), "dead-letter".into());
    options.insert("sink.value-policy.columns".into(), "NAME : Truncate".into());
    placing(&mut options);
    let sink = prepared(&options, Kind::Keyed).await;
    let mut writer = sink.writer(0, 1).unwrap();
    writer.write(&batch(&[(1, "longer"), (2, "b")]), None).await.unwrap();
    assert_eq!((writer.touched().truncated, writer.touched().dead_letters), (1, 0));
    let parts = writer.close(1).await.unwrap();
    let commit = sink.gather(&CommitPoint::Checkpoint(1), parts).unwrap().unwrap();
    sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
    assert_eq!(content(&watcher, "own").await, owned(&[(1, "longe"), (2, "b")]));
    assert!(placed(&server).is_empty());

    // The same column as the key.
    watcher.batch_execute("CREATE TABLE by_name (LIKE own)").await.unwrap();
    let mut options = with(&options, &[("table-name", "by_name")]);
    options.remove("sink.value-policy.columns");
    let columns = schema(Kind::Append).columns;
    let by_name = arrow_redshift::types::TableSchema::new(columns, vec!["name".into()]).unwrap();
    let sink = crate::support::sink(&options, by_name).prepare(&[]).await.unwrap();
    let mut writer = sink.writer(0, 1).unwrap();
    let error = writer.write(&batch(&[(1, "longer")]), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValueRefused);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_rows_are_set_aside_in_another_bucket_too() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let region = "us-east-1".to_owned();
    let bucket = Bucket { name: "elsewhere".into(), region, requires_encryption: false };
    server.s3().create_bucket(bucket).unwrap();
    let mut options = narrow(&server, "aside").await;
    options.insert("sink.value-policy".into(), "dead-letter".into());
    for (table_rows, place) in [(1, BUCKET), (2, "elsewhere")] {
        options.insert("sink.dead-letter.s3-uri".into(), format!("s3://{place}/{PLACE}/"));
        let sink = prepared(&options, Kind::Append).await;
        let mut writer = sink.writer(3, 5).unwrap();
        let rows = [(1, "longer"), (2, "b"), (3, "longest \"quoted\"")];
        writer.write(&batch(&rows), None).await.unwrap();
        writer.write(&batch(&[(4, "too long")]), None).await.unwrap();
        assert_eq!(writer.rows(), 4);
        let parts = writer.close(5).await.unwrap();
        let commit = sink.gather(&CommitPoint::Checkpoint(5), parts).unwrap().unwrap();
        assert_eq!((commit.rows(), commit.dead_letters()), (1, 3));
        let applied = sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
        assert_eq!((applied.rows, applied.dead_letters), (1, 3));
        assert_eq!(content(&watcher, "aside").await, owned(&vec![(2, "b"); table_rows]));

        let found = files(&server, place, PLACE);
        assert_eq!(found.len(), 1, "{found:?}");
        let letters = found.into_values().next().unwrap();
        assert_eq!(letters.len(), 3);
        let expected = json!({
            "table": "\"public\".\"aside\"",
            "checkpoint": 5,
            "subtask": 3,
            "number": 3,
            "kind": "+I",
            "refused": [{
                "column": "name",
                "rule": "max-bytes",
                "reason": "16 bytes of UTF-8 in column 'name', which takes at most 5",
            }],
            "row": {
                "id": 3,
                "name": "longest \"quoted\"",
                "score": 1.5,
                "seen": "2013-01-01 10:00:03",
            },
        });
        assert_eq!(letters[1].0, expected);
        assert_eq!(letters[2].number("number"), 4);
    }
    assert_eq!(left(&server), Vec::<String>::new());
    server.stop().await.unwrap();
}
