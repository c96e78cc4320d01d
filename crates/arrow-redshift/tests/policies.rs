//! The policies of `docs/aws.md` are those that a sink's options ask for.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use arrow_redshift::{
    options::{self, SinkConfig},
    stage::policies,
};
use serde_json::Value;

fn config(more: &[(&str, &str)]) -> SinkConfig {
    let given = [
        ("hostname", "h"),
        ("username", "u"),
        ("password", "p"),
        ("table-name", "t"),
        ("sink.write.mode", "copy"),
        ("sink.write.temp.s3-uri", "s3://my-bucket/staging"),
        ("aws.iam-role", "arn:aws:iam::123456789012:role/RedshiftCopy"),
    ];
    let options: Vec<_> =
        given.iter().chain(more).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    options::sink(&options).unwrap().config
}

/// The blocks of JSON below a heading of the page.
fn shown(heading: &str) -> Vec<Value> {
    let page = include_str!("../../../docs/aws.md");
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let blocks = section.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(|block| serde_json::from_str(block).unwrap()).collect()
}

#[test]
fn the_page_shows_the_policies_that_are_needed() {
    let plain = policies([&config(&[])]);
    let policy =
        [("sink.value-policy", "dead-letter"), ("sink.dead-letter.s3-uri", "s3://my-bucket/late")];
    let aside = policies([&config(&policy)]);

    let writer = shown("IAM: the writer");
    assert_eq!(writer[0], plain[0].policy);
    let statements = aside[0].policy["Statement"].as_array().unwrap();
    let (also, rest): (Vec<&Value>, Vec<&Value>) =
        statements.iter().partition(|statement| statement["Sid"] == "DeadLetters");
    assert_eq!(also, [&writer[1]]);
    assert_eq!(rest, plain[0].policy["Statement"].as_array().unwrap().iter().collect::<Vec<_>>());

    assert_eq!(shown("IAM: the role of COPY")[0], plain[1].policy);
    assert_eq!(aside[1], plain[1], "COPY reads no dead letters");
}

#[test]
fn every_policy_of_the_page_is_json() {
    let of_bucket = shown("The bucket");
    assert_eq!(of_bucket.len(), 2, "a bucket policy and a lifecycle rule");
    assert_eq!(of_bucket[1]["Rules"][0]["Filter"]["Prefix"], "staging/");
}
