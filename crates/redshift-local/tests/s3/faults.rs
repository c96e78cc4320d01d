//! Trouble by script.

use std::{
    io::Read,
    time::{Duration, Instant},
};

use object_store::{ObjectStoreExt, RetryConfig, aws::AmazonS3};
use redshift_local::s3::{Effect, Reach, Rule};

use crate::{
    Local, bytes,
    raw::{Request, send},
    start, story,
};

fn retrying(local: &Local) -> AmazonS3 {
    let backoff = object_store::BackoffConfig {
        init_backoff: Duration::from_millis(5),
        max_backoff: Duration::from_millis(20),
        base: 2.0,
    };
    let retry = RetryConfig { backoff, max_retries: 5, retry_timeout: Duration::from_secs(30) };
    local.builder("stage").with_retry(retry).build().unwrap()
}

#[tokio::test]
async fn answers_by_script_come_when_and_as_often_as_told() {
    let local = start().await;
    let faults = local.s3.faults();
    faults.add(Rule::new(Effect::SlowDown).operation("PutObject").skip(1).count(Some(2)));
    let put = || send(&local.s3, Request { body: b"x", ..Request::new("PUT", "/stage/k") });
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(put().await.unwrap().status);
    }
    assert_eq!(seen, [200, 503, 503, 200, 200]);
    assert_eq!(faults.fired(), 2);
    for (effect, status, code) in [
        (Effect::SlowDown, 503, "SlowDown"),
        (Effect::InternalError, 500, "InternalError"),
        (Effect::AccessDenied, 403, "AccessDenied"),
    ] {
        faults.add(Rule::new(effect));
        let reply = put().await.unwrap();
        assert_eq!((reply.status, reply.element("Code")), (status, Some(code)));
    }
    faults.add(Rule::new(Effect::SlowDown).count(None));
    faults.clear();
    assert_eq!(put().await.unwrap().status, 200);
}

#[tokio::test]
async fn rules_look_at_bucket_and_key() {
    let local = start().await;
    local.s3.create_bucket(crate::bucket("calm")).unwrap();
    local.s3.faults().add(Rule::new(Effect::SlowDown).keys("stage", "job/").count(None));
    let mut seen = Vec::new();
    for path in ["/stage/job/a", "/stage/other", "/calm/job/a"] {
        let request = Request { body: b"x", ..Request::new("PUT", path) };
        seen.push(send(&local.s3, request).await.unwrap().status);
    }
    assert_eq!(seen, [503, 200, 200]);
}

#[tokio::test]
async fn clients_that_retry_get_through() {
    let local = start().await;
    let client = retrying(&local);
    for effect in [Effect::SlowDown, Effect::InternalError, Effect::Cut] {
        local.s3.faults().add(Rule::new(effect).operation("PutObject").count(Some(2)));
        client.put(&"k".into(), bytes(300_000).into()).await.unwrap();
        local.s3.faults().add(Rule::new(effect).operation("GetObject").count(Some(2)));
        assert_eq!(client.get(&"k".into()).await.unwrap().bytes().await.unwrap(), bytes(300_000));
        local.s3.faults().clear();
    }
    assert_eq!(local.s3.faults().fired(), 12);
}

#[tokio::test]
async fn a_cut_upload_leaves_nothing() {
    let local = start().await;
    local.s3.put("stage", "k", b"before").unwrap();
    local.s3.faults().add(Rule::new(Effect::Cut).operation("PutObject"));
    let body = bytes(3_000_000);
    let cut = send(&local.s3, Request { body: &body, ..Request::new("PUT", "/stage/k") }).await;
    assert!(cut.is_none(), "{cut:?}");
    assert_eq!(local.s3.head("stage", "k").unwrap(), 6);
    // The bytes that arrived go once the last of them is written.
    let partial = local.dir.path().join("buckets/stage/partial");
    local.s3.stop().await;
    assert_eq!(std::fs::read_dir(partial).unwrap().count(), 0);
}

#[tokio::test]
async fn a_cut_download_is_short() {
    let local = start().await;
    let body = bytes(3_000_000);
    local.s3.put("stage", "k", &body).unwrap();
    local.s3.faults().add(Rule::new(Effect::Cut).operation("GetObject"));
    let error = local.client().get(&"k".into()).await.unwrap().bytes().await.unwrap_err();
    assert!(story(&error).contains("body"), "{}", story(&error));
    local.s3.faults().add(Rule::new(Effect::Cut).operation("GetObject"));
    let reply = send(&local.s3, Request::new("GET", "/stage/k")).await.unwrap();
    assert_eq!(reply.headers["content-length"], "3000000");
    assert!(reply.body.len() < 3_000_000);
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_work_was_done() {
    let local = start().await;
    local.s3.faults().add(Rule::new(Effect::LoseAnswer).operation("PutObject"));
    let put = Request { body: b"done", ..Request::new("PUT", "/stage/k") };
    assert!(send(&local.s3, put).await.is_none());
    assert_eq!(local.s3.head("stage", "k").unwrap(), 4);
    local.s3.faults().add(Rule::new(Effect::Cut).operation("DeleteObject"));
    assert!(send(&local.s3, Request::new("DELETE", "/stage/k")).await.is_none());
    assert_eq!(local.s3.head("stage", "k").unwrap(), 4);
}

#[tokio::test]
async fn stalls_wait_and_go_on() {
    let local = start().await;
    local.s3.faults().add(Rule::new(Effect::Stall { millis: 300 }));
    let began = Instant::now();
    let reply = send(&local.s3, Request { body: b"x", ..Request::new("PUT", "/stage/k") }).await;
    assert_eq!(reply.unwrap().status, 200);
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn the_reads_of_copy_fail_only_when_told_so() {
    let local = start().await;
    local.s3.put("stage", "k", b"body").unwrap();
    local.s3.faults().add(Rule::new(Effect::SlowDown).count(None));
    let (mut file, size) = local.s3.open("stage", "k").unwrap();
    let mut read = String::new();
    file.read_to_string(&mut read).unwrap();
    assert_eq!((read.as_str(), size), ("body", 4));
    local.s3.faults().clear();
    local.s3.faults().add(Rule::new(Effect::SlowDown).reach(Reach::Copy).count(Some(3)));
    for failure in [
        local.s3.open("stage", "k").map(|_| ()).unwrap_err(),
        local.s3.head("stage", "k").map(|_| ()).unwrap_err(),
        local.s3.list("stage", "").map(|_| ()).unwrap_err(),
    ] {
        assert_eq!((failure.status, failure.code), (503, "SlowDown"));
    }
    assert_eq!(local.s3.head("stage", "k").unwrap(), 4);
    assert_eq!(local.s3.head("stage", "none").unwrap_err().code, "NoSuchKey");
    assert_eq!(local.s3.list("none", "").unwrap_err().code, "NoSuchBucket");
}

#[test]
fn rules_are_written_as_json() {
    let text =
        r#"{"operation":"GetObject","count":1,"reach":"all","effect":{"stall":{"millis":5}}}"#;
    let rule: Rule = serde_json::from_str(text).unwrap();
    let expected = Rule::new(Effect::Stall { millis: 5 }).operation("GetObject").reach(Reach::All);
    assert_eq!(rule, expected);
    let again = serde_json::from_str(&serde_json::to_string(&rule).unwrap()).unwrap();
    assert_eq!(rule, again);
}
