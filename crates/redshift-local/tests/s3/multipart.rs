//! Multipart uploads, whole, out of order, refused and abandoned.

use object_store::{
    MultipartUpload, ObjectStoreExt, PutPayload, multipart::MultipartStore, path::Path,
};

use crate::{
    Local, bytes, config,
    raw::{Reply, Request, send},
    start, story,
};

const PART: usize = 5 * 1024 * 1024;

async fn upload(local: &Local, key: &str, parts: &[(usize, &[u8])]) -> object_store::Result<()> {
    let client = local.client();
    let path = Path::from(key);
    let id = client.create_multipart(&path).await?;
    let mut ids = vec![None; parts.iter().map(|part| part.0 + 1).max().unwrap_or(0)];
    for (number, body) in parts {
        let payload = PutPayload::from(body.to_vec());
        ids[*number] = Some(client.put_part(&path, &id, *number, payload).await?);
    }
    client.complete_multipart(&path, &id, ids.into_iter().flatten().collect()).await?;
    Ok(())
}

async fn content(local: &Local, key: &str) -> Vec<u8> {
    local.client().get(&key.into()).await.unwrap().bytes().await.unwrap().to_vec()
}

fn parts_left(local: &Local) -> usize {
    std::fs::read_dir(local.dir.path().join("buckets/stage/uploads")).unwrap().count()
}

#[tokio::test]
async fn parts_become_one_object() {
    let local = start().await;
    let whole = bytes(2 * PART + 77);
    let mut upload = local.client().put_multipart(&"whole".into()).await.unwrap();
    for part in whole.chunks(PART) {
        upload.put_part(part.to_vec().into()).await.unwrap();
    }
    let put = upload.complete().await.unwrap();
    assert_eq!(content(&local, "whole").await, whole);
    let expected = {
        use md5::{Digest, Md5};
        let of_parts: Vec<u8> = whole.chunks(PART).flat_map(|p| Md5::digest(p).to_vec()).collect();
        format!("\"{}-3\"", hex::encode(Md5::digest(of_parts)))
    };
    assert_eq!(put.e_tag, Some(expected));
    assert_eq!(local.s3.head("stage", "whole").unwrap(), whole.len() as u64);
    assert_eq!(parts_left(&local), 0);
}

#[tokio::test]
async fn order_of_arrival_and_sizes_do_not_matter() {
    let local = start().await;
    let (a, b, c) = (bytes(PART + 1), bytes(PART + 9), bytes(5));
    let expected = [a.as_slice(), &b, &c].concat();
    upload(&local, "backwards", &[(2, &c), (1, &b), (0, &a)]).await.unwrap();
    assert_eq!(content(&local, "backwards").await, expected);
    upload(&local, "forwards", &[(0, &a), (1, &b), (2, &c)]).await.unwrap();
    assert_eq!(content(&local, "forwards").await, expected);
    upload(&local, "shrunk", &[(0, &a), (1, &a), (1, &c)]).await.unwrap();
    assert_eq!(content(&local, "shrunk").await, [a.as_slice(), &c].concat());
    upload(&local, "single", &[(0, &c)]).await.unwrap();
    assert_eq!(content(&local, "single").await, c);
    assert_eq!(parts_left(&local), 0);
}

#[tokio::test]
async fn a_part_sent_again_replaces_the_first() {
    let local = start().await;
    let (first, other, tail) = (bytes(PART), vec![7; PART], bytes(100));
    upload(&local, "again", &[(0, &first), (1, &tail), (0, &other)]).await.unwrap();
    assert_eq!(content(&local, "again").await, [other.as_slice(), &tail].concat());
}

#[tokio::test]
async fn bad_completions_are_refused_and_the_upload_stays() {
    let local = start().await;
    let small = upload(&local, "small", &[(0, b"too small"), (1, b"last")]).await.unwrap_err();
    assert!(story(&small).contains("EntityTooSmall"), "{}", story(&small));
    assert!(local.s3.list("stage", "").unwrap().is_empty());
    let uploads = list_uploads(&local, &[]).await;
    let id = uploads.element("UploadId").unwrap().to_owned();
    let complete = |body: &'static str| complete(&local, "small", &id, body, &[]);
    assert_eq!(complete("").await.element("Code"), Some("MalformedXML"));
    let wrong = "<Part><PartNumber>1</PartNumber><ETag>\"0\"</ETag></Part>";
    assert_eq!(complete(wrong).await.element("Code"), Some("InvalidPart"));
    let order = "<Part><PartNumber>2</PartNumber><ETag>\"0\"</ETag></Part>\
                 <Part><PartNumber>1</PartNumber><ETag>\"0\"</ETag></Part>";
    assert_eq!(complete(order).await.element("Code"), Some("InvalidPartOrder"));
    // md5 of "last": one part alone may be small.
    let right = "<Part><PartNumber>2</PartNumber>\
                 <ETag>\"98bd1c45684cf587ac2347a92dd7bb51\"</ETag></Part>";
    assert_eq!(complete(right).await.status, 200);
    assert_eq!(content(&local, "small").await, b"last");
    assert_eq!(complete(right).await.element("Code"), Some("NoSuchUpload"));
}

#[tokio::test]
async fn completion_obeys_conditions() {
    let local = start().await;
    let client = local.client();
    let id = client.create_multipart(&"once".into()).await.unwrap();
    client.put_part(&"once".into(), &id, 0, "new".into()).await.unwrap();
    local.s3.put("stage", "once", b"old").unwrap();
    let list = "<Part><PartNumber>1</PartNumber>\
                <ETag>\"22af645d1859cb5ca6da0c484f1f37ea\"</ETag></Part>";
    let refused = complete(&local, "once", &id, list, &[("if-none-match", "*")]).await;
    assert_eq!((refused.status, refused.element("Code")), (412, Some("PreconditionFailed")));
    assert_eq!(content(&local, "once").await, b"old");
    local.s3.delete("stage", "once").unwrap();
    let done = complete(&local, "once", &id, list, &[("if-none-match", "*")]).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(content(&local, "once").await, b"new");
}

async fn complete(
    local: &Local,
    key: &str,
    id: &str,
    parts: &str,
    headers: &[(&str, &str)],
) -> Reply {
    let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    let path = format!("/stage/{key}");
    let request = Request {
        query: &[("uploadId", id)],
        headers,
        body: body.as_bytes(),
        ..Request::new("POST", &path)
    };
    send(&local.s3, request).await.unwrap()
}

async fn list_uploads(local: &Local, more: &[(&str, &str)]) -> Reply {
    let mut query = vec![("uploads", "")];
    query.extend_from_slice(more);
    send(&local.s3, Request { query: &query, ..Request::new("GET", "/stage") }).await.unwrap()
}

#[tokio::test]
async fn what_a_crash_left_is_listed_and_aborted() {
    let mut local = start().await;
    let client = local.client();
    let mut ids = Vec::new();
    for key in ["job/a", "job/b", "job/b", "other/c"] {
        let path = Path::from(key);
        let id = client.create_multipart(&path).await.unwrap();
        client.put_part(&path, &id, 0, bytes(PART).into()).await.unwrap();
        client.put_part(&path, &id, 1, "tail".into()).await.unwrap();
        ids.push(id);
    }
    // The uploads outlive the server, too.
    local.s3.stop().await;
    drop(local.s3);
    local.s3 = redshift_local::s3::S3::start(config(&local.dir)).await.unwrap();
    let listed = list_uploads(&local, &[("prefix", "job/")]).await;
    assert_eq!(listed.elements("Key"), ["job/a", "job/b", "job/b"]);
    let page = list_uploads(&local, &[("max-uploads", "2")]).await;
    assert_eq!(page.elements("UploadId"), ids[..2]);
    assert_eq!(page.element("IsTruncated"), Some("true"));
    let markers = [
        ("key-marker", page.element("NextKeyMarker").unwrap()),
        ("upload-id-marker", page.element("NextUploadIdMarker").unwrap()),
    ];
    let rest = list_uploads(&local, &markers).await;
    assert_eq!(rest.elements("UploadId"), ids[2..]);

    let query = [("uploadId", ids[0].as_str())];
    let parts = send(&local.s3, Request { query: &query, ..Request::new("GET", "/stage/job/a") });
    let parts = parts.await.unwrap();
    assert_eq!(parts.elements("PartNumber"), ["1", "2"]);
    assert_eq!(parts.elements("Size"), ["5242880", "4"]);
    let query = [("uploadId", ids[0].as_str()), ("max-parts", "1"), ("part-number-marker", "1")];
    let second = send(&local.s3, Request { query: &query, ..Request::new("GET", "/stage/job/a") });
    assert_eq!(second.await.unwrap().elements("PartNumber"), ["2"]);

    let client = local.client();
    for (key, id) in ["job/a", "job/b", "job/b"].iter().zip(&ids) {
        client.abort_multipart(&Path::from(*key), id).await.unwrap();
    }
    assert_eq!(list_uploads(&local, &[]).await.elements("Key"), ["other/c"]);
    assert_eq!(parts_left(&local), 1);
    // The one that was left can still be completed, with what an earlier process took in.
    let path = Path::from("other/c");
    let last = client.put_part(&path, &ids[3], 1, "other tail".into()).await.unwrap();
    let first = {
        use md5::{Digest, Md5};
        format!("\"{}\"", hex::encode(Md5::digest(bytes(PART))))
    };
    let parts = vec![object_store::multipart::PartId { content_id: first }, last];
    client.complete_multipart(&path, &ids[3], parts).await.unwrap();
    assert_eq!(content(&local, "other/c").await, [bytes(PART).as_slice(), b"other tail"].concat());
    let gone = client.put_part(&"job/a".into(), &ids[0], 2, "late".into()).await.unwrap_err();
    assert!(story(&gone).contains("NoSuchUpload"), "{}", story(&gone));
}
