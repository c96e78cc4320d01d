//! AWS's default credential chain. It reads the environment of its process, which a test must not
//! change for all others: each case runs in a process of its own.

use std::process::Command;

use arrow_redshift::{
    Error,
    options::CopyFormat,
    stage::{Part, StagedShape, Staging},
};

use crate::support::{LAUNCH, SECRET, Server, TOKEN, attempt, rows, writer};

const ENDPOINT: &str = "STAGE_TEST_ENDPOINT";

/// Opens a staging area without keys and region, and stages a row.
async fn stage_by_chain(endpoint: String) -> Result<Vec<Part>, Error> {
    let server = Server::start().await;
    let mut config = server.config("stage", "MAIN");
    config.s3.credentials = None;
    config.s3.region = None;
    config.s3.endpoint = Some(endpoint);
    let staging = Staging::open(&config, LAUNCH, &attempt(1)).await?;
    assert_eq!(staging.region(), Some("us-east-1"));
    let mut writer = writer(&staging, StagedShape::Append, CopyFormat::Parquet);
    writer.write(&rows(0, 1), None).await?;
    writer.close(1).await
}

#[tokio::test]
#[ignore = "runs only as the process that the tests beside it start"]
async fn in_a_process_of_its_own() {
    let Ok(endpoint) = std::env::var(ENDPOINT) else {
        return eprintln!("skipped: this is not such a process");
    };
    match stage_by_chain(endpoint).await {
        Ok(_) => println!("STAGED"),
        Err(error) => println!("FAILED {error:?}"),
    }
}

/// What the process says in an environment of nothing but these variables.
async fn run(server: &Server, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "chain::in_a_process_of_its_own", "--ignored", "--nocapture"])
        .env_clear()
        .env(ENDPOINT, server.s3.endpoint())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", "/nonexistent")
        .envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(!said.contains(SECRET) && !said.contains(TOKEN), "{said}");
    said
}

#[tokio::test]
async fn the_environment_gives_keys_and_region() {
    let server = Server::start().await;
    let keys = [("AWS_ACCESS_KEY_ID", "PASSING"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let token = [("AWS_SESSION_TOKEN", TOKEN), ("AWS_REGION", "us-east-1")];
    let said = run(&server, &[keys, token].concat()).await;
    assert!(said.contains("STAGED"), "{said}");
    assert_eq!(server.keys("stage").len(), 1);
}

#[tokio::test]
async fn a_profile_gives_keys_and_region() {
    let server = Server::start().await;
    let dir = tempfile::tempdir().unwrap();
    let (config, credentials) = (dir.path().join("config"), dir.path().join("credentials"));
    std::fs::write(&config, "[profile loader]\nregion = us-east-1\n").unwrap();
    let keys = format!("aws_access_key_id = MAIN\naws_secret_access_key = {SECRET}");
    std::fs::write(&credentials, format!("[loader]\n{keys}\n")).unwrap();
    let variables = [
        ("AWS_CONFIG_FILE", config.to_str().unwrap()),
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().unwrap()),
        ("AWS_PROFILE", "loader"),
    ];
    let said = run(&server, &variables).await;
    assert!(said.contains("STAGED"), "{said}");
    assert_eq!(server.keys("stage").len(), 1);
}

#[tokio::test]
async fn what_the_chain_does_not_find_is_named() {
    let server = Server::start().await;
    let said = run(&server, &[]).await;
    assert!(said.contains("[invalid-options]") && said.contains("aws.region"), "{said}");
    let said = run(&server, &[("AWS_REGION", "us-east-1")]).await;
    assert!(said.contains("[permission-denied]"), "{said}");
    assert!(said.contains("there are no AWS credentials"), "{said}");
    assert!(said.contains("'aws.credentials.basic.accesskeyid'"), "{said}");
}
