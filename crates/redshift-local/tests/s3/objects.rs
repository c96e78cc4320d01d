//! Writing, reading, conditions, copies and removals.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{
    Attribute, Attributes, Error, GetOptions, GetRange, MultipartUpload, ObjectStore,
    ObjectStoreExt, PutMode, PutOptions, UpdateVersion, aws::Checksum, path::Path,
};

use crate::{
    bytes,
    raw::{Request, send},
    start, story,
};

#[tokio::test]
async fn what_was_put_is_what_is_got() {
    let local = start().await;
    let client = local.client();
    for length in [0, 1, 8191, 700_001] {
        let path = Path::from(format!("sizes/{length}"));
        let written = bytes(length);
        let put = client.put(&path, written.clone().into()).await.unwrap();
        let got = client.get(&path).await.unwrap();
        assert_eq!(got.meta.size, length as u64);
        assert_eq!(got.meta.e_tag, put.e_tag);
        assert_eq!(got.bytes().await.unwrap(), written);
        assert_eq!(client.head(&path).await.unwrap().size, length as u64);
    }
    let hello = client.put(&"hello".into(), "hello".into()).await.unwrap();
    assert_eq!(hello.e_tag.as_deref(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
}

#[tokio::test]
async fn keys_may_hold_anything() {
    let local = start().await;
    for key in ["a//b", "../up", "a b+c%20d", "ключ/日本", ".", "x?y&z=1#", "trailing/"] {
        let path = format!("/stage/{key}");
        let request = Request { body: key.as_bytes(), ..Request::new("PUT", &path) };
        assert_eq!(send(&local.s3, request).await.unwrap().status, 200, "{key}");
        let got = send(&local.s3, Request::new("GET", &path)).await.unwrap();
        assert_eq!((got.status, got.body.as_str()), (200, key));
    }
    assert_eq!(local.s3.list("stage", "").unwrap().len(), 7);
    let long = format!("/stage/{}", "k".repeat(1025));
    let refused = send(&local.s3, Request { body: b"x", ..Request::new("PUT", &long) }).await;
    assert_eq!(refused.unwrap().element("Code"), Some("KeyTooLongError"));
}

#[tokio::test]
async fn attributes_come_back() {
    let local = start().await;
    let client = local.client();
    let attributes = Attributes::from_iter([
        (Attribute::ContentType, "text/csv"),
        (Attribute::ContentEncoding, "gzip"),
        (Attribute::CacheControl, "no-store"),
        (Attribute::Metadata("launch".into()), "one"),
    ]);
    let options = PutOptions { attributes: attributes.clone(), ..Default::default() };
    client.put_opts(&"part.csv.gz".into(), "x".into(), options).await.unwrap();
    let got = client.get(&"part.csv.gz".into()).await.unwrap();
    assert_eq!(got.attributes, attributes);
}

#[tokio::test]
async fn ranges_are_exact() {
    let local = start().await;
    let client = local.client();
    let path = Path::from("ranged");
    let written = bytes(1_200_000);
    client.put(&path, written.clone().into()).await.unwrap();
    let get = |range: GetRange| {
        let options = GetOptions { range: Some(range), ..Default::default() };
        let (client, path) = (&client, &path);
        async move { client.get_opts(path, options).await?.bytes().await }
    };
    assert_eq!(get(GetRange::Bounded(5..9)).await.unwrap(), written[5..9]);
    assert_eq!(
        get(GetRange::Bounded(600_000..1_150_000)).await.unwrap(),
        written[600_000..1_150_000]
    );
    assert_eq!(get(GetRange::Offset(1_199_000)).await.unwrap(), written[1_199_000..]);
    assert_eq!(get(GetRange::Suffix(8)).await.unwrap(), written[1_199_992..]);
    let beyond = send(
        &local.s3,
        Request { headers: &[("range", "bytes=1200000-")], ..Request::new("GET", "/stage/ranged") },
    );
    let beyond = beyond.await.unwrap();
    assert_eq!((beyond.status, beyond.element("Code")), (416, Some("InvalidRange")));
    let part =
        Request { headers: &[("range", "bytes=2-3")], ..Request::new("GET", "/stage/ranged") };
    let part = send(&local.s3, part).await.unwrap();
    assert_eq!(part.status, 206);
    assert_eq!(part.headers["content-range"], "bytes 2-3/1200000");
    assert_eq!(part.headers["content-length"], "2");
}

#[tokio::test]
async fn missing_things_are_named() {
    let local = start().await;
    let missing = local.client().get(&"nothing".into()).await.unwrap_err();
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
    let elsewhere = local.builder("no-such-bucket").build().unwrap();
    let error = elsewhere.get(&"nothing".into()).await.unwrap_err();
    assert!(story(&error).contains("NoSuchBucket"), "{}", story(&error));
    let reply = send(&local.s3, Request::new("GET", "/stage/nothing")).await.unwrap();
    assert_eq!((reply.status, reply.element("Code")), (404, Some("NoSuchKey")));
    assert!(reply.headers.contains_key("x-amz-request-id"));
}

#[tokio::test]
async fn reads_obey_conditions() {
    let local = start().await;
    let client = local.client();
    let put = client.put(&"c".into(), "one".into()).await.unwrap();
    let tag = put.e_tag.unwrap();
    let path = Path::from("c");
    let get = |options: GetOptions| client.get_opts(&path, options);
    let with = |if_match: Option<&str>, if_none_match: Option<&str>| GetOptions {
        if_match: if_match.map(Into::into),
        if_none_match: if_none_match.map(Into::into),
        ..Default::default()
    };
    get(with(Some(&tag), None)).await.unwrap();
    let error = get(with(Some("\"other\""), None)).await.unwrap_err();
    assert!(matches!(error, Error::Precondition { .. }), "{error}");
    let error = get(with(None, Some(&tag))).await.unwrap_err();
    assert!(matches!(error, Error::NotModified { .. }), "{error}");
    let modified = client.head(&"c".into()).await.unwrap().last_modified;
    let since = GetOptions { if_modified_since: Some(modified), ..Default::default() };
    assert!(matches!(get(since).await.unwrap_err(), Error::NotModified { .. }));
    let hour = chrono::TimeDelta::hours(1);
    let before = GetOptions { if_unmodified_since: Some(modified - hour), ..Default::default() };
    assert!(matches!(get(before).await.unwrap_err(), Error::Precondition { .. }));
}

#[tokio::test]
async fn writes_obey_conditions() {
    let local = start().await;
    let client = local.client();
    let path = Path::from("ledger");
    let put = |text: &'static str, mode: PutMode| client.put_opts(&path, text.into(), mode.into());
    let first = put("one", PutMode::Create).await.unwrap();
    let again = put("two", PutMode::Create).await.unwrap_err();
    assert!(matches!(again, Error::AlreadyExists { .. }), "{again}");
    let version = |e_tag: Option<String>| PutMode::Update(UpdateVersion { e_tag, version: None });
    put("three", version(first.e_tag.clone())).await.unwrap();
    let stale = put("four", version(first.e_tag.clone())).await.unwrap_err();
    assert!(matches!(stale, Error::Precondition { .. }), "{stale}");
    assert_eq!(client.get(&path).await.unwrap().bytes().await.unwrap(), "three");
    client.delete(&path).await.unwrap();
    let gone = put("five", version(first.e_tag)).await.unwrap_err();
    assert!(story(&gone).contains("404"), "{}", story(&gone));
}

#[tokio::test]
async fn of_many_creators_one_wins() {
    let local = start().await;
    let client = local.client();
    let attempts = (0..32).map(|n| {
        let client = client.clone();
        async move {
            let options = PutOptions::from(PutMode::Create);
            client.put_opts(&"winner".into(), format!("writer {n}").into(), options).await
        }
    });
    let results: Vec<_> = stream::iter(attempts).buffer_unordered(32).collect().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let lost = results.iter().filter_map(|result| result.as_ref().err());
    assert!(lost.into_iter().all(|error| matches!(error, Error::AlreadyExists { .. })));
}

#[tokio::test]
async fn concurrent_overwrites_leave_one_whole_object() {
    let local = start().await;
    let client = local.client();
    let path = Path::from("contended");
    let candidates: Vec<Bytes> = (0..24u8).map(|n| vec![n; 200_000].into()).collect();
    client.put(&path, candidates[0].clone().into()).await.unwrap();
    let writes = candidates.iter().map(|body| client.put(&path, body.clone().into()));
    let reads = (0..24).map(|_| async { client.get(&path).await?.bytes().await });
    let writes = stream::iter(writes).buffer_unordered(8).try_collect::<Vec<_>>();
    let reads = stream::iter(reads).buffer_unordered(8).try_collect::<Vec<_>>();
    let (written, read) = tokio::join!(writes, reads);
    written.unwrap();
    // Each read saw one writer's object, whole.
    for body in read.unwrap() {
        assert!(candidates.contains(&body));
    }
    let files = std::fs::read_dir(local.dir.path().join("buckets/stage/objects")).unwrap();
    assert_eq!(files.count(), 1, "overwritten bytes stayed on disk");
}

#[tokio::test]
async fn altered_bodies_are_refused() {
    let local = start().await;
    let wrong = "0".repeat(64);
    let request =
        Request { body: b"x", payload: Some(&wrong), ..Request::new("PUT", "/stage/altered") };
    let reply = send(&local.s3, request).await.unwrap();
    assert_eq!((reply.status, reply.element("Code")), (400, Some("XAmzContentSHA256Mismatch")));
    let md5 = [("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")];
    let request = Request { body: b"x", headers: &md5, ..Request::new("PUT", "/stage/altered") };
    assert_eq!(send(&local.s3, request).await.unwrap().element("Code"), Some("BadDigest"));
    assert!(local.s3.list("stage", "").unwrap().is_empty());
    let left = std::fs::read_dir(local.dir.path().join("buckets/stage/partial")).unwrap();
    assert_eq!(left.count(), 0, "a refused body stayed on disk");
}

#[tokio::test]
async fn unsigned_and_chunked_bodies_are_taken() {
    let local = start().await;
    let unsigned = local.builder("stage").with_unsigned_payload(true).build().unwrap();
    unsigned.put(&"unsigned".into(), "body".into()).await.unwrap();
    let headers = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "11"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    let request = Request {
        headers: &headers,
        body: b"5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n",
        payload: Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ..Request::new("PUT", "/stage/chunked")
    };
    let reply = send(&local.s3, request).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.body);
    let got = local.client().get(&"chunked".into()).await.unwrap();
    assert_eq!(got.bytes().await.unwrap(), "hello world");
}

#[tokio::test]
async fn copies_and_renames() {
    let local = start().await;
    let client = local.client();
    let attributes = Attributes::from_iter([(Attribute::ContentType, "text/plain")]);
    let options = PutOptions { attributes: attributes.clone(), ..Default::default() };
    client.put_opts(&"from".into(), "text".into(), options).await.unwrap();
    client.copy(&"from".into(), &"to".into()).await.unwrap();
    client.put(&"from".into(), "changed".into()).await.unwrap();
    let copy = client.get(&"to".into()).await.unwrap();
    assert_eq!(copy.attributes, attributes);
    assert_eq!(copy.bytes().await.unwrap(), "text");
    client.rename(&"to".into(), &"moved".into()).await.unwrap();
    assert!(matches!(client.head(&"to".into()).await, Err(Error::NotFound { .. })));
    assert_eq!(client.get(&"moved".into()).await.unwrap().bytes().await.unwrap(), "text");
    let itself = [("x-amz-copy-source", "/stage/moved")];
    let request = Request { headers: &itself, ..Request::new("PUT", "/stage/moved") };
    assert_eq!(send(&local.s3, request).await.unwrap().element("Code"), Some("InvalidRequest"));
}

#[tokio::test]
async fn removals_one_by_one_and_in_bulk() {
    let local = start().await;
    let client = local.client();
    for n in 0..5 {
        local.s3.put("stage", &format!("gone/{n}"), b"x").unwrap();
    }
    client.delete(&"gone/0".into()).await.unwrap();
    client.delete(&"gone/0".into()).await.unwrap();
    let paths = stream::iter((0..5).map(|n| Ok(Path::from(format!("gone/{n}"))))).boxed();
    let removed: Vec<_> = client.delete_stream(paths).try_collect().await.unwrap();
    assert_eq!(removed.len(), 5);
    assert!(local.s3.list("stage", "").unwrap().is_empty());
    let request = Request {
        query: &[("delete", "")],
        body: b"<Delete><Object><Key>a</Key></Object></Delete>",
        ..Request::new("POST", "/stage")
    };
    let unchecked = send(&local.s3, request).await.unwrap();
    assert_eq!((unchecked.status, unchecked.element("Code")), (400, Some("InvalidRequest")));
}

#[tokio::test]
async fn checksums_are_verified_and_echoed() {
    let local = start().await;
    let checked = local.builder("stage").with_checksum_algorithm(Checksum::SHA256).build().unwrap();
    checked.put(&"put".into(), "body".into()).await.unwrap();
    let mut upload = checked.put_multipart(&"parts".into()).await.unwrap();
    upload.put_part("body".into()).await.unwrap();
    upload.complete().await.unwrap();
    assert_eq!(local.s3.head("stage", "parts").unwrap(), 4);
    let right = [("x-amz-checksum-crc32", "DUoRhQ==")];
    let request =
        Request { headers: &right, body: b"hello world", ..Request::new("PUT", "/stage/crc") };
    let reply = send(&local.s3, request).await.unwrap();
    assert_eq!((reply.status, reply.headers["x-amz-checksum-crc32"].as_str()), (200, "DUoRhQ=="));
    let request =
        Request { headers: &right, body: b"jello world", ..Request::new("PUT", "/stage/crc") };
    let reply = send(&local.s3, request).await.unwrap();
    assert_eq!((reply.status, reply.element("Code")), (400, Some("BadDigest")));
    let chunked = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    let request = Request {
        headers: &chunked,
        body: b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n",
        payload: Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ..Request::new("PUT", "/stage/crc")
    };
    assert_eq!(send(&local.s3, request).await.unwrap().element("Code"), Some("BadDigest"));
    assert_eq!(local.s3.head("stage", "crc").unwrap(), 11);
}
