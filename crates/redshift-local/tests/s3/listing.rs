//! Pages of keys, and what buckets say of themselves.

use futures::TryStreamExt;
use object_store::{ObjectStore, path::Path};
use redshift_local::config::Bucket;

use crate::{
    raw::{Reply, Request, send},
    start,
};

#[tokio::test]
async fn long_listings_come_in_pages_of_a_thousand() {
    let local = start().await;
    for n in 0..1500 {
        local.s3.put("stage", &format!("many/{n:05}"), b"x").unwrap();
    }
    local.s3.put("stage", "other", b"x").unwrap();
    let prefix = Path::from("many");
    let listed: Vec<_> = local.client().list(Some(&prefix)).try_collect().await.unwrap();
    assert_eq!(listed.len(), 1500);
    assert!(listed.is_sorted_by_key(|object| object.location.clone()));
    let offset = Path::from("many/01200");
    let rest = local.client().list_with_offset(Some(&prefix), &offset);
    assert_eq!(rest.try_collect::<Vec<_>>().await.unwrap().len(), 299);
    let greedy = Request {
        query: &[("list-type", "2"), ("max-keys", "5000")],
        ..Request::new("GET", "/stage")
    };
    let page = send(&local.s3, greedy).await.unwrap();
    assert_eq!(page.elements("Key").len(), 1000);
    assert_eq!(page.element("KeyCount"), Some("1000"));
    assert_eq!(page.element("MaxKeys"), Some("1000"));
    assert_eq!(page.element("IsTruncated"), Some("true"));
    assert_eq!(local.s3.list("stage", "many/").unwrap().len(), 1500);
}

/// All keys and common prefixes of a listing, read in pages of `max_keys`.
async fn in_pages(local: &crate::Local, max_keys: &str, delimiter: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let mut query = vec![
            ("list-type", "2"),
            ("max-keys", max_keys),
            ("delimiter", delimiter),
            ("prefix", "p/"),
        ];
        query.extend(token.as_deref().map(|token| ("continuation-token", token)));
        let page = send(&local.s3, Request { query: &query, ..Request::new("GET", "/stage") });
        let page = page.await.unwrap();
        let entries = |page: &Reply| {
            let prefixes = page.elements("CommonPrefixes");
            let prefixes =
                prefixes.into_iter().map(|p| p.replace("<Prefix>", "").replace("</Prefix>", ""));
            let keys = page.elements("Key").into_iter().map(str::to_owned);
            keys.chain(prefixes).collect::<Vec<_>>()
        };
        let entries = entries(&page);
        assert!(entries.len() <= max_keys.parse().unwrap());
        found.extend(entries);
        token = page.element("NextContinuationToken").map(str::to_owned);
        assert_eq!(
            page.element("IsTruncated"),
            Some(if token.is_some() { "true" } else { "false" })
        );
        if token.is_none() {
            found.sort();
            return found;
        }
    }
}

#[tokio::test]
async fn a_delimiter_rolls_up_whatever_the_page_size() {
    let local = start().await;
    for key in ["p/a", "p/b/1", "p/b/2", "p/b/3", "p/b-", "p/c/1", "p/d", "q/z", "p/b/", "p/b0"] {
        local.s3.put("stage", key, b"x").unwrap();
    }
    let expected = ["p/a", "p/b-", "p/b/", "p/b0", "p/c/", "p/d"];
    for max_keys in ["1", "2", "3", "1000"] {
        assert_eq!(in_pages(&local, max_keys, "/").await, expected, "{max_keys} a page");
    }
    assert_eq!(in_pages(&local, "2", "").await.len(), 9);
    let rolled = local.client().list_with_delimiter(Some(&"p".into())).await.unwrap();
    assert_eq!(rolled.common_prefixes, [Path::from("p/b"), Path::from("p/c")]);
}

#[tokio::test]
async fn odd_keys_are_escaped_when_asked_for() {
    let local = start().await;
    local.s3.put("stage", "a b\u{1}<&>/ü", b"x").unwrap();
    let query = [("list-type", "2"), ("encoding-type", "url")];
    let page = send(&local.s3, Request { query: &query, ..Request::new("GET", "/stage") });
    assert_eq!(page.await.unwrap().element("Key"), Some("a%20b%01%3C%26%3E/%C3%BC"));
    let bad = [("list-type", "2"), ("continuation-token", "!")];
    let page = send(&local.s3, Request { query: &bad, ..Request::new("GET", "/stage") });
    assert_eq!(page.await.unwrap().element("Code"), Some("InvalidArgument"));
}

#[tokio::test]
async fn buckets_tell_their_region() {
    let local = start().await;
    let ireland =
        Bucket { name: "ireland".into(), region: "eu-west-1".into(), requires_encryption: false };
    local.s3.create_bucket(ireland.clone()).unwrap();
    assert_eq!(local.s3.create_bucket(ireland).unwrap_err().code, "BucketAlreadyOwnedByYou");
    assert_eq!(local.s3.bucket_region("ireland").as_deref(), Some("eu-west-1"));
    assert_eq!(local.s3.bucket_region("nowhere"), None);
    let location = |path| Request { query: &[("location", "")], ..Request::new("GET", path) };
    let reply = send(&local.s3, location("/ireland")).await.unwrap();
    assert!(reply.body.contains(">eu-west-1</LocationConstraint>"), "{}", reply.body);
    let reply = send(&local.s3, location("/stage")).await.unwrap();
    assert_eq!(reply.status, 200);
    assert!(!reply.body.contains("us-east-1"), "{}", reply.body);
    let head = send(&local.s3, Request::new("HEAD", "/stage")).await.unwrap();
    assert_eq!((head.status, head.headers["x-amz-bucket-region"].as_str()), (200, "us-east-1"));
    let created = send(&local.s3, Request::new("PUT", "/fresh-bucket")).await.unwrap();
    assert_eq!(created.status, 200, "{}", created.body);
    let list = send(&local.s3, Request::new("GET", "/")).await.unwrap();
    assert_eq!(list.elements("Name"), ["fresh-bucket", "ireland", "stage"]);
}
