//! A server that is away for longer than the tries of a statement take: patched, resized, failing over.

use std::time::{Duration, Instant};

use arrow_redshift::{ErrorKind, sink::CommitPoint};
use redshift_local::{RedshiftLocal, config::Config};
use tokio_util::sync::CancellationToken;

use crate::{
    case::{AT_LEAST_ONCE, Case, EXACTLY_ONCE, jdbc},
    support::{Kind, batch, client, config, prepared},
};

/// The tries that the default, 3, counts are over after 3.5 s at the latest.
const AWAY: Duration = Duration::from_secs(8);

async fn case(server: &RedshiftLocal, guarantee: &str, retries: &str) -> Case {
    let table = format!("away_{}_{retries}", guarantee.replace('-', "_"));
    let mut options = jdbc(server, &table, guarantee);
    options.insert("sink.max-retries".into(), retries.into());
    let sink = prepared(&options, Kind::Keyed).await;
    Case { table, kind: Kind::Keyed, sink }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_and_flushes_go_on_once_the_server_is_back() {
    let home = tempfile::tempdir().unwrap();
    let config = Config { data_dir: Some(home.path().to_owned()), ..config() };
    let server = RedshiftLocal::start(config.clone()).await.unwrap();
    let config = Config { port: server.port(), ..config };
    let flushes = case(&server, AT_LEAST_ONCE, "3").await;
    let commits = case(&server, EXACTLY_ONCE, "3").await;
    let hasty = case(&server, EXACTLY_ONCE, "0").await;
    let stop = CancellationToken::new();

    let mut flushing = flushes.sink.writer(0, 0).unwrap();
    flushes.write_first(&mut flushing).await;
    flushing.close(1).await.unwrap();
    let mut staging = commits.sink.writer(0, 0).unwrap();
    commits.write_first(&mut staging).await;
    let mut committer = commits.sink.committer();
    let gather = |checkpoint, parts| {
        commits.sink.gather(&CommitPoint::Checkpoint(checkpoint), parts).unwrap().unwrap()
    };
    let first = gather(1, staging.close(1).await.unwrap());
    committer.commit(&first, &stop).await.unwrap();
    commits.write_second(&mut staging).await;
    let second = gather(2, staging.close(2).await.unwrap());
    flushes.write_second(&mut flushing).await;
    let mut other = hasty.sink.writer(0, 0).unwrap();
    other.write(&batch(&[(1, "a")]), None).await.unwrap();
    let parts = other.close(1).await.unwrap();
    let refused = hasty.sink.gather(&CommitPoint::Checkpoint(1), parts).unwrap().unwrap();

    server.stop().await.unwrap();
    let began = Instant::now();
    let error = hasty.sink.committer().commit(&refused, &stop).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{error}");
    assert!(began.elapsed() < AWAY / 2, "who wants no retries waited {:?}", began.elapsed());
    let back = async {
        tokio::time::sleep_until((began + AWAY).into()).await;
        RedshiftLocal::start(config).await.unwrap()
    };
    let (applied, flushed, server) =
        tokio::join!(committer.commit(&second, &stop), flushing.close(2), back);
    let applied = applied.unwrap();
    flushed.unwrap();
    assert!(applied.took >= AWAY / 2 && applied.retries > 3 && !applied.before, "{applied:?}");
    assert!(flushing.flushed().retries > 3, "{:?}", flushing.flushed());

    let watcher = client(&server).await;
    commits.check_exactly(&watcher, "committed").await;
    flushes.check_exactly(&watcher, "flushed").await;
    drop((watcher, committer, flushing));
    server.stop().await.unwrap();
}

/// The commit's own timeout is the bound, and says why nothing came of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stays_away_ends_a_commit_at_its_timeout() {
    let server = RedshiftLocal::start(config()).await.unwrap();
    let case = case(&server, EXACTLY_ONCE, "3").await;
    let mut writer = case.sink.writer(0, 0).unwrap();
    case.write_first(&mut writer).await;
    let parts = writer.close(1).await.unwrap();
    let commit = case.sink.gather(&CommitPoint::Checkpoint(1), parts).unwrap().unwrap();
    server.stop().await.unwrap();
    let limit = Duration::from_secs(6);
    let mut committer = case.sink.committer().with_timeout(Some(limit));
    let began = Instant::now();
    let error = committer.commit(&commit, &CancellationToken::new()).await.unwrap_err();
    let took = began.elapsed();
    assert!(took >= limit && took < limit * 2, "{took:?}");
    assert_eq!(error.kind(), ErrorKind::CommitTimeout, "{error}");
    let why = std::error::Error::source(&error).expect("why it took so long").to_string();
    assert!(why.contains("could not connect"), "{why}");
}
