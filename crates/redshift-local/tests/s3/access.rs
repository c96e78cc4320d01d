//! Keys, tokens, prefixes, regions and encryption.

use std::time::Duration;

use object_store::{ObjectStoreExt, aws::AmazonS3ConfigKey, signer::Signer};
use redshift_local::config::{AccessKey, Bucket};

use crate::{
    Local, key,
    raw::{Reply, Request, send},
    start, story,
};

fn temporary(prefixes: &[&str]) -> AccessKey {
    AccessKey {
        id: "ASIATEMP".into(),
        secret: "temporary-secret".into(),
        session_token: Some("token+with/odd=characters".into()),
        prefixes: prefixes.iter().map(|prefix| prefix.to_string()).collect(),
    }
}

async fn get_with(local: &Local, key: AccessKey) -> Reply {
    send(&local.s3, Request { key, ..Request::new("GET", "/stage/job/a") }).await.unwrap()
}

fn verdict(reply: &Reply) -> (u16, Option<&str>) {
    (reply.status, reply.element("Code"))
}

#[tokio::test]
async fn unknown_and_wrong_keys_are_told_apart() {
    let local = start().await;
    local.s3.put("stage", "job/a", b"x").unwrap();
    let stranger = AccessKey { id: "AKIASTRANGER".into(), ..key() };
    let reply = get_with(&local, stranger).await;
    assert_eq!(verdict(&reply), (403, Some("InvalidAccessKeyId")));
    let wrong = AccessKey { secret: "guessed".into(), ..key() };
    let reply = get_with(&local, wrong).await;
    assert_eq!(verdict(&reply), (403, Some("SignatureDoesNotMatch")));
    let anonymous = local.builder("stage").with_skip_signature(true).build().unwrap();
    let refused = anonymous.get(&"job/a".into()).await.unwrap_err();
    assert!(story(&refused).contains("AccessDenied"), "{}", story(&refused));
}

#[tokio::test]
async fn session_tokens_are_asked_for_and_expire() {
    let local = start().await;
    local.s3.put("stage", "job/a", b"x").unwrap();
    local.s3.put_key(temporary(&[]));
    assert_eq!(get_with(&local, temporary(&[])).await.status, 200);
    let client = local
        .builder("stage")
        .with_access_key_id("ASIATEMP")
        .with_secret_access_key("temporary-secret")
        .with_token("token+with/odd=characters")
        .build()
        .unwrap();
    client.get(&"job/a".into()).await.unwrap();
    let (method, minute) = ("GET".parse().unwrap(), Duration::from_secs(60));
    let presigned = client.signed_url(method, &"job/a".into(), minute).await.unwrap();
    assert_eq!(plain_get(presigned.as_str()).await, 200);

    let without = AccessKey { session_token: None, ..temporary(&[]) };
    assert_eq!(verdict(&get_with(&local, without).await), (403, Some("InvalidAccessKeyId")));
    let other = AccessKey { session_token: Some("other".into()), ..temporary(&[]) };
    assert_eq!(verdict(&get_with(&local, other).await), (400, Some("InvalidToken")));
    let surplus = AccessKey { session_token: Some("any".into()), ..key() };
    assert_eq!(verdict(&get_with(&local, surplus).await), (400, Some("InvalidToken")));
    assert!(local.s3.expire_key("ASIATEMP"));
    assert!(!local.s3.expire_key("AKIANOBODY"));
    assert_eq!(verdict(&get_with(&local, temporary(&[])).await), (400, Some("ExpiredToken")));
    assert_eq!(plain_get(presigned.as_str()).await, 400);
}

/// Fetches an address as it is, without signing anything, and returns the status.
async fn plain_get(url: &str) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (host, target) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let head = format!("GET /{target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn keys_reach_only_their_prefixes() {
    let local = start().await;
    local.s3.create_bucket(crate::bucket("private")).unwrap();
    for key in ["job/a", "other/b"] {
        local.s3.put("stage", key, b"x").unwrap();
    }
    let key = temporary(&["s3://stage/job/"]);
    local.s3.put_key(key.clone());
    let ask = |method, path, query, headers, body| {
        let key = key.clone();
        let request = Request { query, headers, body, key, ..Request::new(method, path) };
        send(&local.s3, request)
    };
    let denied = (403, Some("AccessDenied"));
    assert_eq!(ask("GET", "/stage/job/a", &[], &[], b"").await.unwrap().status, 200);
    assert_eq!(ask("PUT", "/stage/job/c", &[], &[], b"x").await.unwrap().status, 200);
    for (method, path) in [
        ("GET", "/stage/other/b"),
        ("PUT", "/stage/jobs"),
        ("DELETE", "/stage/other/b"),
        ("GET", "/private/job/a"),
    ] {
        let reply = ask(method, path, &[], &[], b"").await.unwrap();
        assert_eq!(verdict(&reply), denied, "{method} {path}");
    }
    let list = |prefix| ask("GET", "/stage", prefix, &[], b"");
    assert_eq!(list(&[("list-type", "2"), ("prefix", "job/")]).await.unwrap().status, 200);
    let outside = list(&[("list-type", "2"), ("prefix", "o")]).await.unwrap();
    assert_eq!(verdict(&outside), denied);
    let uploads = list(&[("uploads", "")]).await.unwrap();
    assert_eq!(verdict(&uploads), denied);
    let from = [("x-amz-copy-source", "/stage/other/b")];
    let copy = ask("PUT", "/stage/job/copy", &[], &from, b"").await.unwrap();
    assert_eq!(verdict(&copy), denied);
    assert_eq!(verdict(&ask("PUT", "/a-new-bucket", &[], &[], b"").await.unwrap()), denied);
    let body =
        b"<Delete><Object><Key>job/a</Key></Object><Object><Key>other/b</Key></Object></Delete>";
    let checksum = [("x-amz-checksum-crc32", "AAAAAA==")];
    let reply = ask("POST", "/stage", &[("delete", "")], &checksum, body).await.unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.elements("Code"), ["AccessDenied"]);
    let left = local.s3.list("stage", "").unwrap();
    let left: Vec<_> = left.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(left, ["job/c", "other/b"]);
}

#[tokio::test]
async fn another_region_redirects() {
    let local = start().await;
    let region = "eu-west-1".to_owned();
    let bucket = Bucket { name: "ireland".into(), region, requires_encryption: false };
    local.s3.create_bucket(bucket).unwrap();
    let reply = send(&local.s3, Request::new("GET", "/ireland/x")).await.unwrap();
    assert_eq!(verdict(&reply), (301, Some("PermanentRedirect")));
    assert_eq!(reply.headers["x-amz-bucket-region"], "eu-west-1");
    let head = send(&local.s3, Request::new("HEAD", "/ireland")).await.unwrap();
    assert_eq!((head.status, head.headers["x-amz-bucket-region"].as_str()), (301, "eu-west-1"));
    // By the bucket's own host the request arrives in its region.
    let hosted = Request { host: Some("ireland.localhost"), ..Request::new("GET", "/x") };
    let reply = send(&local.s3, hosted).await.unwrap();
    assert_eq!(verdict(&reply), (400, Some("AuthorizationHeaderMalformed")));
    assert!(reply.element("Message").unwrap().contains("expecting &apos;eu-west-1&apos;"));
    let right = Request { region: "eu-west-1", body: b"x", ..Request::new("PUT", "/ireland/x") };
    assert_eq!(send(&local.s3, right).await.unwrap().status, 200);
    let client = local.builder("ireland").with_region("eu-west-1").build().unwrap();
    client.get(&"x".into()).await.unwrap();
}

#[tokio::test]
async fn encryption_is_kept_and_can_be_demanded() {
    let local = start().await;
    let strict = Bucket { requires_encryption: true, ..crate::bucket("strict") };
    local.s3.create_bucket(strict).unwrap();
    let plain = local.builder("strict").build().unwrap();
    for refused in [
        plain.put(&"a".into(), "x".into()).await.err(),
        plain.put_multipart(&"a".into()).await.err(),
    ] {
        let refused = refused.unwrap();
        assert!(matches!(refused, object_store::Error::PermissionDenied { .. }), "{refused}");
    }
    let kms = local.builder("strict").with_sse_kms_encryption("alias/stage").build().unwrap();
    kms.put(&"kms".into(), "x".into()).await.unwrap();
    let mut upload = kms.put_multipart(&"kms-parts".into()).await.unwrap();
    object_store::MultipartUpload::put_part(&mut *upload, "x".into()).await.unwrap();
    upload.complete().await.unwrap();
    for key in ["kms", "kms-parts"] {
        let path = format!("/strict/{key}");
        let head = send(&local.s3, Request::new("HEAD", &path)).await.unwrap();
        assert_eq!(head.headers["x-amz-server-side-encryption"], "aws:kms");
        let id = "x-amz-server-side-encryption-aws-kms-key-id";
        assert_eq!(head.headers[id], "alias/stage");
    }
    let sse = "aws_server_side_encryption".parse::<AmazonS3ConfigKey>().unwrap();
    let sse = local.builder("strict").with_config(sse, "AES256").build().unwrap();
    sse.put(&"sse".into(), "x".into()).await.unwrap();
    let kept = local.s3.encryption("strict", "sse").unwrap();
    assert!(kept.requested && kept.algorithm == "AES256");
    local.s3.put("stage", "default", b"x").unwrap();
    assert!(!local.s3.encryption("stage", "default").unwrap().requested);
    let key_alone = [("x-amz-server-side-encryption-aws-kms-key-id", "alias/stage")];
    let request = Request { headers: &key_alone, body: b"x", ..Request::new("PUT", "/strict/y") };
    assert_eq!(verdict(&send(&local.s3, request).await.unwrap()), (400, Some("InvalidArgument")));
}
