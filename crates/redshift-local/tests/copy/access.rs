//! Who COPY may be, and what it may then read.

use redshift_local::copy::target::ColumnType;

use crate::support::{ROLE, World, role, told};

fn world() -> World {
    let world = World::new(&[("a", ColumnType::Integer)]);
    world.put("in/a.csv", "1\n");
    world
}

async fn error(world: &World, rest: &str) -> String {
    told(&world.copy(rest).await.expect_err(rest))
}

const DENIED: &str = "XX000 S3ServiceException:Access Denied,Status 403,Error AccessDenied,";

#[tokio::test]
async fn a_role_reads_its_prefixes_and_nothing_else() {
    let mut world = world();
    let copy = format!("FROM 's3://data/in/' IAM_ROLE '{ROLE}' CSV");
    assert_eq!(world.copy(&copy).await.expect("loads").loaded.rows, 1);
    for prefixes in [&["s3://data/other"][..], &["s3://data2"], &["s3://data/in/a.csv/"], &[]] {
        world.context.roles = vec![role(ROLE, prefixes)];
        let text = error(&world, &copy).await;
        assert!(text.starts_with(DENIED), "{prefixes:?}: {text}");
        assert!(text.contains("\n  code:      8001\n"), "{text}");
    }
    world.context.roles = vec![role(ROLE, &["s3://data/in/"])];
    // Listing a shorter prefix would show what the role may not see.
    let text = error(&world, &format!("FROM 's3://data/i' IAM_ROLE '{ROLE}' CSV")).await;
    assert!(text.starts_with(DENIED), "{text}");
}

#[tokio::test]
async fn a_manifest_does_not_reach_beyond_the_role() {
    let mut world = world();
    world.put("m/manifest", r#"{"entries":[{"url":"s3://data/in/a.csv","mandatory":true}]}"#);
    world.context.roles = vec![role(ROLE, &["s3://data/m/"])];
    let copy = format!("FROM 's3://data/m/manifest' IAM_ROLE '{ROLE}' CSV MANIFEST");
    let text = error(&world, &copy).await;
    assert!(text.starts_with(DENIED), "{text}");
}

#[tokio::test]
async fn a_role_must_be_there_and_attached() {
    let mut world = world();
    let text = error(&world, "FROM 's3://data/in/' IAM_ROLE 'arn:aws:iam::1:role/who' CSV").await;
    assert!(
        text.starts_with("XX000 Not authorized to get credentials of role arn:aws:iam::1:role/who"),
        "{text}"
    );
    world.context.roles[0].attached = false;
    let text = error(&world, &format!("FROM 's3://data/in/' IAM_ROLE '{ROLE}' CSV")).await;
    assert!(text.contains("Not authorized to get credentials of role"), "{text}");
}

#[tokio::test]
async fn a_chain_reads_as_its_last_role() {
    let mut world = world();
    let second = "arn:aws:iam::2:role/data";
    let copy = format!("FROM 's3://data/in/' IAM_ROLE '{ROLE},{second}' CSV");
    let mut last = role(second, &["s3://data/in/"]);
    last.attached = false;
    world.context.roles = vec![role(ROLE, &[]), last];
    let text = error(&world, &copy).await;
    assert!(text.contains(&format!("is not authorized to assume IAM Role {second}")), "{text}");
    world.context.roles[0].may_assume = vec![second.into()];
    assert_eq!(world.copy(&copy).await.expect("loads").loaded.rows, 1);
    world.context.roles[1].prefixes.clear();
    assert!(error(&world, &copy).await.starts_with(DENIED));
}

#[tokio::test]
async fn the_default_role_must_exist() {
    let mut world = world();
    let copy = "FROM 's3://data/in/' IAM_ROLE default CSV";
    assert!(error(&world, copy).await.contains("no default IAM role"));
    world.context.roles[0].default = true;
    assert_eq!(world.copy(copy).await.expect("loads").loaded.rows, 1);
}

#[tokio::test]
async fn keys_are_checked_as_s3_checks_them() {
    let mut world = world();
    let copy = |keys: &str| format!("FROM 's3://data/in/' {keys} CSV");
    let good = copy("ACCESS_KEY_ID 'AKID' SECRET_ACCESS_KEY 'planted-secret'");
    assert_eq!(world.copy(&good).await.expect("loads").loaded.rows, 1);
    for (keys, code) in [
        ("ACCESS_KEY_ID 'X' SECRET_ACCESS_KEY 'planted-x'", "Status 403,Error InvalidAccessKeyId"),
        ("ACCESS_KEY_ID 'AKID' SECRET_ACCESS_KEY 'planted-x'", "Error SignatureDoesNotMatch"),
        (
            "ACCESS_KEY_ID 'AKID' SECRET_ACCESS_KEY 'planted-secret' SESSION_TOKEN 'planted-t'",
            "Status 400,Error InvalidToken",
        ),
    ] {
        let text = error(&world, &copy(keys)).await;
        assert!(text.starts_with("XX000 S3ServiceException:") && text.contains(code), "{text}");
        assert!(!text.contains("planted"), "{text}");
    }
    world.context.keys[0].prefixes = vec!["s3://data/elsewhere".into()];
    assert!(error(&world, &good).await.starts_with(DENIED));
    world.context.expired_keys = vec!["AKID".into()];
    assert!(error(&world, &good).await.contains("Status 400,Error ExpiredToken"));
}

#[tokio::test]
async fn another_region_needs_region_and_parquet_cannot_have_it() {
    let mut world = world();
    world.context.region = "eu-west-1".into();
    let copy = format!("FROM 's3://data/in/' IAM_ROLE '{ROLE}'");
    let wrong = "XX000 S3ServiceException:The bucket you are attempting to access must be \
                 addressed using the specified endpoint.";
    for rest in ["CSV", "CSV REGION 'ap-south-1'", "PARQUET"] {
        let text = error(&world, &format!("{copy} {rest}")).await;
        assert!(text.starts_with(wrong) && text.contains("Status 301"), "{text}");
    }
    let there = world.copy(&format!("{copy} CSV REGION 'us-east-1'")).await;
    assert_eq!(there.expect("loads").loaded.rows, 1);
    let text = error(&world, &format!("FROM 's3://none/in/' IAM_ROLE '{ROLE}' CSV")).await;
    assert!(text.contains("Status 404,Error NoSuchBucket"), "{text}");
}
