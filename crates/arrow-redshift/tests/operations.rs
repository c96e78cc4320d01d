//! The statements of `docs/operations.md` run, and tell of a load what the page says they tell.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use redshift_local::config::Isolation;
use support::{Kind, client, content, options, owned, prepared, rows};
use tokio_util::sync::CancellationToken;

/// The page's statements, by the heading that they stand below.
fn statements(heading: &str) -> Vec<String> {
    let page = include_str!("../../../docs/operations.md");
    let section = page.split("\n### ").find(|section| section.starts_with(heading)).unwrap();
    let block = section.split("```sql\n").nth(1).unwrap().split("```").next().unwrap();
    let lines: Vec<&str> = block.lines().filter(|line| !line.starts_with("--")).collect();
    let statements = lines.join("\n");
    statements.split(';').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_page_asks_the_warehouse_is_answered() {
    let Some(server) = support::stand_in(Isolation::Snapshot).await else { return };
    let watcher = client(&server).await;
    let sink = prepared(&options(&server, "orders"), Kind::Append).await;
    let staged = support::staged(&sink, 1, &[(1, "a"), (2, "b")], None).await;
    sink.committer().commit(&staged, &CancellationToken::new()).await.unwrap();
    assert_eq!(content(&watcher, "orders").await, owned(&[(1, "a"), (2, "b")]));

    let [commits, since, copies] = &statements("What was loaded")[..] else { panic!("three") };
    let commits = rows(&watcher, commits).await;
    assert_eq!(commits.len(), 1);
    assert_eq!(commits[0][1..], [staged.id().as_str(), "2", "1"]);
    assert!(rows(&watcher, since).await[0][0].parse::<u64>().unwrap() < 600);
    server.history_written().await;
    assert_eq!(rows(&watcher, copies).await.len(), 1, "one COPY");

    let [table, locks] = &statements("Who holds the lock")[..] else { panic!("two") };
    let table = rows(&watcher, table).await[0][0].clone();
    let holder = client(&server).await;
    holder.batch_execute("BEGIN; LOCK orders").await.unwrap();
    let held = rows(&watcher, locks).await;
    assert!(held.iter().any(|lock| lock[0] == table && lock[5] == "t"), "{table}: {held:?}");
    holder.batch_execute("ROLLBACK").await.unwrap();

    let [errors] = &statements("Why a COPY failed")[..] else { panic!("one") };
    assert!(rows(&watcher, errors).await.is_empty());
    server.stop().await.unwrap();
}
