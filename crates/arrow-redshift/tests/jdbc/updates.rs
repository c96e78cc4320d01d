//! Updates that come as two rows, and what cuts them apart.

use std::collections::BTreeMap;

use arrow_redshift::{
    sink::{CommitPoint, Prepared, Writer},
    stage::RowKind::{self, Insert, UpdateAfter, UpdateBefore},
};
use redshift_local::{RedshiftLocal, config::Isolation};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use crate::{
    case::{AT_LEAST_ONCE, EXACTLY_ONCE, jdbc},
    support::{Kind, StandIn, batch, client, eventually, options, prepared, rows, start},
};

/// A table with a column that no sink writes, and a row of which somebody else wrote it.
struct Noted {
    server: StandIn,
    watcher: Client,
}

const WAYS: [&str; 3] = ["copy", EXACTLY_ONCE, AT_LEAST_ONCE];

impl Noted {
    async fn start() -> Noted {
        let server = start(Isolation::Snapshot).await;
        let watcher = client(&server).await;
        Noted { server, watcher }
    }

    async fn table(&self, table: &str) {
        let ddl = format!(
            "DROP TABLE IF EXISTS {table}, {table}__flink_commits; CREATE TABLE {table} (id BIGINT \
             NOT NULL, name VARCHAR(9), score DOUBLE PRECISION, seen TIMESTAMP, note VARCHAR(9) \
             DEFAULT 'new'); INSERT INTO {table} (id, name, note) VALUES (1, 'a', 'kept')"
        );
        self.watcher.batch_execute(&ddl).await.unwrap();
    }

    async fn found(&self, table: &str) -> String {
        let sql = format!("SELECT id, name, note FROM {table} ORDER BY id");
        let found = rows(&self.watcher, &sql).await;
        found.iter().map(|row| row.join(" ")).collect::<Vec<_>>().join(", ")
    }
}

fn given(server: &RedshiftLocal, way: &str, table: &str) -> BTreeMap<String, String> {
    let mut given = match way {
        "copy" => options(server, table),
        guarantee => jdbc(server, table, guarantee),
    };
    // Each row is a flush of its own.
    given.insert("sink.batch-size".into(), "1".into());
    given
}

async fn write(writer: &mut Writer, id: i64, name: &str, kind: RowKind) {
    writer.write(&batch(&[(id, name)]), Some(&[kind])).await.unwrap();
}

async fn commit(sink: &Prepared, writer: &mut Writer, checkpoint: u64) {
    let parts = writer.close(checkpoint).await.unwrap();
    if let Some(commit) = sink.gather(&CommitPoint::Checkpoint(checkpoint), parts).unwrap() {
        sink.committer().commit(&commit, &CancellationToken::new()).await.unwrap();
    }
}

/// Writes rows one by one, a checkpoint after some of them, and gives what the table ends as.
async fn ends(place: &Noted, way: &str, cut: &[&[(i64, &str, RowKind)]]) -> String {
    let table = "noted";
    place.table(table).await;
    let sink = prepared(&given(&place.server, way, table), Kind::Keyed).await;
    let mut writer = sink.writer(0, 1).unwrap();
    for (checkpoint, rows) in (1..).zip(cut) {
        for (id, name, kind) in *rows {
            write(&mut writer, *id, name, *kind).await;
        }
        commit(&sink, &mut writer, checkpoint).await;
    }
    assert_eq!(writer.flushed().rows, if way == AT_LEAST_ONCE { writer.rows() } else { 0 });
    place.found(table).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_keeps_what_is_not_written_whatever_batches_and_flushes_cut_it() {
    let place = Noted::start().await;
    for way in WAYS {
        let update = [(1, "a", UpdateBefore), (1, "b", UpdateAfter)];
        assert_eq!(ends(&place, way, &[&update]).await, "1 b kept", "{way}");
        let twice = [update, [(1, "b", UpdateBefore), (1, "c", UpdateAfter)]].concat();
        assert_eq!(ends(&place, way, &[&twice]).await, "1 c kept", "{way}");
    }
    place.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_goes_to_another_key_is_deleted_whatever_commits_cut_it() {
    let place = Noted::start().await;
    let moved = [(1, "a", UpdateBefore), (2, "a", UpdateAfter), (1, "new", Insert)];
    let (first, last) = moved.split_at(2);
    for way in WAYS {
        for cut in [&[&moved[..]][..], &[first, last], &[&moved[..1], &moved[1..]]] {
            assert_eq!(ends(&place, way, cut).await, "1 new new, 2 a new", "{way} {cut:?}");
        }
    }
    place.server.stop().await.unwrap();
}

/// What came before a checkpoint says that the row has gone, and nobody would say it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_checkpoint_makes_an_old_row_a_delete() {
    let place = Noted::start().await;
    for way in WAYS {
        let update = [(1, "a", UpdateBefore), (1, "b", UpdateAfter)];
        assert_eq!(ends(&place, way, &[&update[..1]]).await, "", "{way}");
        assert_eq!(ends(&place, way, &[&update[..1], &update[1..]]).await, "1 b new", "{way}");
    }
    place.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_row_that_nothing_follows_goes_after_a_while() {
    let place = Noted::start().await;
    place.table("noted").await;
    let mut options = given(&place.server, AT_LEAST_ONCE, "noted");
    options.insert("sink.flush-interval".into(), "100 ms".into());
    let sink = prepared(&options, Kind::Keyed).await;
    let mut writer = sink.writer(0, 1).unwrap();
    write(&mut writer, 2, "b", Insert).await;
    write(&mut writer, 1, "a", UpdateBefore).await;
    let both = "1 a kept, 2 b new";
    eventually("the row before it", async || place.found("noted").await == both).await;
    eventually("the delete", async || place.found("noted").await == "2 b new").await;
    eventually("told", async || writer.flushed().rows == writer.rows()).await;
    write(&mut writer, 1, "c", UpdateAfter).await;
    writer.close(1).await.unwrap();
    assert_eq!(place.found("noted").await, "1 c new, 2 b new");
    assert_eq!((writer.flushed().rows, writer.rows()), (3, 3));
    place.server.stop().await.unwrap();
}
