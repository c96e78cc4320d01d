//! Futures that are dropped before their end: whoever does that has lost rows, must be told so, and
//! can still take back everything that S3 has.

use std::{collections::HashSet, time::Duration};

use arrow_redshift::{
    ErrorKind,
    options::CopyFormat,
    stage::{StageWriter, StagedShape},
};
use redshift_local::s3::{Effect, Rule};
use tokio::time::sleep;

use crate::support::{Server, noise, plan, rows, writer};

const FORMATS: [CopyFormat; 2] = [CopyFormat::Parquet, CopyFormat::Csv];

/// How long a stalled request takes: not too long for an abort that has to wait for it.
const STALL: Duration = Duration::from_secs(3);

fn stall(server: &Server, operation: &str, skip: u64) {
    let effect = Effect::Stall { millis: STALL.as_millis() as u64 };
    server.s3.faults().add(Rule::new(effect).operation(operation).skip(skip).count(None));
}

/// Waits until so many requests have met trouble.
async fn trouble(server: &Server, requests: u64) {
    while server.s3.faults().fired() < requests {
        sleep(Duration::from_millis(10)).await;
    }
}

/// Closes until so many requests have met trouble, and drops that close.
async fn close_until(server: &Server, requests: u64, writer: &mut StageWriter) {
    tokio::select! {
        biased;
        _ = writer.close(5) => panic!("it was to wait for a stalled request"),
        () = trouble(server, requests) => {}
    }
}

/// Writes until a request is stalled, and drops the write that waits.
async fn write_until_stalled(server: &Server, writer: &mut StageWriter) {
    for start in 0.. {
        let batch = noise(start * 1000, start * 1000 + 1000);
        tokio::select! {
            biased;
            written = writer.write(&batch, None) => written.unwrap(),
            () = trouble(server, 1) => return,
        }
    }
}

/// Stages 10 MB: a multipart upload of a chunk and a rest.
async fn write_some(writer: &mut StageWriter) {
    for start in 0..10 {
        writer.write(&noise(start * 1000, start * 1000 + 1000), None).await.unwrap();
    }
}

/// After the drop: nothing but giving up works, and it leaves nothing.
async fn only_abort_works(server: &Server, mut writer: StageWriter) {
    let error = writer.write(&rows(0, 1), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert_eq!(writer.close(5).await.unwrap_err().kind(), ErrorKind::Internal);
    writer.abort().await.unwrap();
    nothing_is_left(server).await;
    // Not even when what stalled has come through.
    sleep(STALL).await;
    nothing_is_left(server).await;
}

async fn nothing_is_left(server: &Server) {
    assert!(server.keys("stage").is_empty(), "{:?}", server.keys("stage"));
    // Finding open uploads is seen to work elsewhere (`requests.rs`).
    let swept = server.open(2).await.sweep_older_attempts(&HashSet::new()).await.unwrap();
    assert_eq!((swept.objects, swept.uploads), (0, 0));
}

#[tokio::test]
async fn a_write_that_is_dropped_while_a_chunk_is_on_its_way() {
    for format in FORMATS {
        let server = Server::start().await;
        let mut writer = writer(&server.open(1).await, StagedShape::Append, format);
        stall(&server, "UploadPart", 1);
        write_until_stalled(&server, &mut writer).await;
        assert!(writer.staged_rows() > 0);
        only_abort_works(&server, writer).await;
    }
}

#[tokio::test]
async fn a_write_that_is_dropped_while_its_upload_begins() {
    let server = Server::start().await;
    let mut writer = writer(&server.open(1).await, StagedShape::Append, CopyFormat::Parquet);
    stall(&server, "CreateMultipartUpload", 0);
    write_until_stalled(&server, &mut writer).await;
    only_abort_works(&server, writer).await;
}

#[tokio::test]
async fn a_write_that_is_dropped_while_it_ends_a_part() {
    let server = Server::start().await;
    let (shape, format) = (StagedShape::Append, CopyFormat::Parquet);
    let mut writer =
        StageWriter::new(server.open(1).await, plan(2000), shape, 3, 5, format, 12_000_000)
            .unwrap();
    stall(&server, "CompleteMultipartUpload", 1);
    write_until_stalled(&server, &mut writer).await;
    assert_eq!(server.keys("stage").len(), 1, "one part was closed before");
    only_abort_works(&server, writer).await;
}

#[tokio::test]
async fn a_close_that_is_dropped_before_its_upload_is_complete() {
    for format in FORMATS {
        let server = Server::start().await;
        let mut writer = writer(&server.open(1).await, StagedShape::Append, format);
        write_some(&mut writer).await;
        stall(&server, "CompleteMultipartUpload", 0);
        close_until(&server, 1, &mut writer).await;
        only_abort_works(&server, writer).await;
    }
}

/// The upload was completed, but nobody heard of it.
#[tokio::test]
async fn a_close_that_is_dropped_after_its_upload_was_complete() {
    let server = Server::start().await;
    let mut writer = writer(&server.open(1).await, StagedShape::Append, CopyFormat::Parquet);
    write_some(&mut writer).await;
    server.s3.faults().add(Rule::new(Effect::LoseAnswer).operation("CompleteMultipartUpload"));
    stall(&server, "CompleteMultipartUpload", 1);
    close_until(&server, 2, &mut writer).await;
    assert_eq!(server.keys("stage").len(), 1);
    only_abort_works(&server, writer).await;
}

#[tokio::test]
async fn a_close_that_is_dropped_while_a_small_part_is_put() {
    let server = Server::start().await;
    let mut writer = writer(&server.open(1).await, StagedShape::Append, CopyFormat::Parquet);
    writer.write(&rows(0, 10), None).await.unwrap();
    stall(&server, "PutObject", 0);
    close_until(&server, 1, &mut writer).await;
    only_abort_works(&server, writer).await;
}
