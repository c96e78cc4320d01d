//! What only the server refuses.

use arrow_redshift::{ErrorKind, sink::CommitPoint};
use redshift_local::config::Isolation;
use tokio_util::sync::CancellationToken;

use crate::{
    options::narrow,
    support::{KINDS, batch, client, content, prepared, stand_in},
};

/// One of five parts holds what the table has no place for any more when it is loaded.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_load_of_parquet_names_the_part() {
    let Some(server) = stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    for kind in KINDS {
        let table = format!("halved_{kind:?}").to_lowercase();
        let sink = prepared(&narrow(&server, &table).await, kind).await;
        let mut parts = Vec::new();
        for (subtask, name) in (0..).zip(["a", "b", "c", "zzzz", "d"]) {
            let mut writer = sink.writer(subtask, 1).unwrap();
            writer.write(&batch(&[(i64::from(subtask), name)]), None).await.unwrap();
            parts.extend(writer.close(1).await.unwrap());
        }
        let refused = parts[3].url.clone();
        let commit = sink.gather(&CommitPoint::Checkpoint(1), parts).unwrap().unwrap();
        let narrower = format!(
            "DROP TABLE {table}; CREATE TABLE {table} (id BIGINT NOT NULL, name VARCHAR(3), score \
             DOUBLE PRECISION, seen TIMESTAMP)"
        );
        watcher.batch_execute(&narrower).await.unwrap();
        let error = sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoadRefused, "{error}");
        let text = error.to_string();
        // Applied from a staging table of the planned widths, no COPY fails but the INSERT does.
        let refuses = match commit.shape.layout.staged() {
            false => "COPY refuses",
            true => "the table refuses rows of",
        };
        assert!(text.contains(&format!("of 5 parts {refuses} {refused}")), "{text}");
        assert!(text.contains("1 rows of subtask 3"), "{text}");
        assert!(!text.contains("zzzz"), "{text}");
        assert_eq!(content(&watcher, &table).await, []);
    }
    server.stop().await.unwrap();
}
