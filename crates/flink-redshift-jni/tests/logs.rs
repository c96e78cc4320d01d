//! Log events on their way to Java. A program of its own, since who takes events is the process's.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::panic;

use flink_redshift_jni::{
    calls,
    logs::{self, EVENTS, LogEvent, MESSAGE_BYTES},
};

fn take() -> Vec<LogEvent> {
    logs::take(usize::MAX)
}

fn messages(events: &[LogEvent]) -> Vec<(&str, &str)> {
    events.iter().map(|event| (event.level, event.message.as_str())).collect()
}

/// One test, since there is one queue.
#[test]
fn events_wait_for_who_takes_them() {
    logs::install();
    logs::install();
    take();

    tracing::info!(target: "arrow_redshift::sink", rows = 3, table = %"t", "loaded");
    tracing::debug!(target: "arrow_redshift::sink", "not asked for");
    tracing::error!(target: "arrow_redshift::sink", "failed");
    let events = take();
    assert_eq!(messages(&events), [("info", "loaded rows=3 table=t"), ("error", "failed")]);
    assert_eq!(events[0].target, "arrow_redshift::sink");
    assert_eq!(take(), []);

    calls::set_log_level("debug").unwrap();
    tracing::debug!(target: "arrow_redshift::stage", "asked for now");
    tracing::debug!(target: "hyper::client", "authorization: secret");
    log::debug!(target: "tokio_postgres::query", "executing COPY with a secret");
    tracing::warn!(target: "hyper::client", "of others");
    log::warn!(target: "rustls", "of others, by log");
    let events = take();
    let expected =
        [("debug", "asked for now"), ("warn", "of others"), ("warn", "of others, by log")];
    assert_eq!(messages(&events), expected);

    calls::set_log_level("off").unwrap();
    tracing::error!(target: "arrow_redshift::sink", "nobody listens");
    log::error!(target: "rustls", "nobody listens");
    assert_eq!(take(), []);
    assert!(calls::set_log_level("loud").is_err());
    calls::set_log_level("warn").unwrap();

    for at in 0..EVENTS + 7 {
        tracing::warn!(target: "arrow_redshift::sink", at, "many");
    }
    assert_eq!(logs::take(100).len(), 100);
    let rest = take();
    assert_eq!(rest.len(), EVENTS - 100 + 1);
    let (told, kept) = rest.split_last().unwrap();
    assert_eq!(kept.last().unwrap().message, format!("many at={}", EVENTS - 1));
    assert!(told.message.starts_with("7 log events were dropped"), "{}", told.message);
    assert_eq!(take(), [], "and that is told once");

    tracing::warn!(target: "arrow_redshift::sink", "{}", "é".repeat(MESSAGE_BYTES));
    let long = take().remove(0).message;
    assert!(long.len() <= MESSAGE_BYTES + 4 && long.ends_with("é…"), "{}", long.len());

    let value = "a row's value";
    panic::catch_unwind(|| panic!("found {value}")).unwrap_err();
    let events = take();
    assert!(events[0].message.contains("tests/logs.rs"), "{}", events[0].message);
    assert!(!events[0].message.contains(value));
}
