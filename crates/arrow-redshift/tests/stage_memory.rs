//! A writer's memory, measured on the whole process (hence a test program of its own).
#![allow(clippy::unwrap_used)]

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arrow::{
    array::{ArrayRef, RecordBatch, StringArray},
    datatypes::{DataType, Field},
};
use arrow_redshift::{
    options::{CopyFormat, S3Uri},
    stage::{StageWriter, StagedShape, Staging},
    types::{ColumnPlan, LoadExpression, RedshiftType, TablePlan},
};
use async_trait::async_trait;
use futures::{FutureExt, stream::BoxStream};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart, memory::InMemory,
    path::Path,
};

/// A store that takes its time for every chunk and keeps none.
#[derive(Debug)]
struct SlowAndForgetful {
    rest: InMemory,
    taken: Arc<AtomicU64>,
}

impl fmt::Display for SlowAndForgetful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a slow and forgetful store")
    }
}

#[derive(Debug)]
struct Forgotten(Arc<AtomicU64>);

#[async_trait]
impl MultipartUpload for Forgotten {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let taken = Arc::clone(&self.0);
        async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            taken.fetch_add(data.content_length() as u64, Ordering::SeqCst);
            drop(data);
            Ok(())
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn abort(&mut self) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl ObjectStore for SlowAndForgetful {
    async fn put_opts(&self, at: &Path, data: PutPayload, opts: PutOptions) -> Result<PutResult> {
        self.rest.put_opts(at, data, opts).await
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Forgotten(Arc::clone(&self.taken))))
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.rest.get_opts(at, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.rest.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.rest.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.rest.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.rest.copy_opts(from, to, options).await
    }
}

/// A value of `/proc/self/status` in bytes; `None` where there is no such file.
fn process(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

const COLUMNS: usize = 20;

fn plan() -> Arc<TablePlan> {
    let column = |index: usize| ColumnPlan {
        source: index,
        target: format!("c{index}"),
        target_type: RedshiftType::VarChar(1000),
        key: false,
        staged: Arc::new(Field::new(format!("c{index}"), DataType::Utf8, true)),
        staging_type: RedshiftType::VarChar(1000),
        expression: LoadExpression::Plain,
        rules: Vec::new(),
    };
    Arc::new(TablePlan {
        columns: (0..COLUMNS).map(column).collect(),
        direct: true,
        complete: true,
    })
}

/// 1000 rows of 20 texts of 100 bytes: 2 MB that do not compress.
fn batch() -> RecordBatch {
    let mut state = 1_u64;
    let mut text = || -> String {
        (0..100)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                char::from(b' ' + (state >> 58) as u8)
            })
            .collect()
    };
    let columns: Vec<(String, ArrayRef, bool)> = (0..COLUMNS)
        .map(|index| {
            let array = StringArray::from_iter_values((0..1000).map(|_| text()));
            (format!("c{index}"), Arc::new(array) as ArrayRef, true)
        })
        .collect();
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// What a writer's documentation promises.
const BOUND: u64 = 96 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_bounded_however_slow_s3_is() {
    let Some(before) = process("VmRSS") else {
        eprintln!("skipped: this system does not tell a process's memory");
        return;
    };
    let taken = Arc::new(AtomicU64::new(0));
    let store = SlowAndForgetful { rest: InMemory::new(), taken: Arc::clone(&taken) };
    let location = S3Uri { bucket: "b".into(), prefix: "p".into() };
    let (launch, attempt) = ("launch.0123456789abcdef", "019a0000-0000-7000-8000-000000000000");
    let staging = Staging::over(Arc::new(store), &location, launch, attempt).unwrap();
    let format = CopyFormat::Parquet;
    let shape = StagedShape::Append;
    let part = 1 << 40;
    let mut writer = StageWriter::new(staging, plan(), shape, 0, 1, format, part).unwrap();
    let batch = batch();
    for _ in 0..150 {
        writer.write(&batch, None).await.unwrap();
    }
    let parts = writer.close(1).await.unwrap();
    let peak = process("VmHWM").unwrap();
    assert_eq!(parts[0].rows, 150_000);
    assert_eq!(parts[0].bytes, taken.load(Ordering::SeqCst), "every byte went out once");
    assert!(parts[0].bytes > 200_000_000, "{}", parts[0].bytes);
    let used = peak - before;
    eprintln!("a writer used {} MiB", used >> 20);
    assert!(used < BOUND, "{} MiB", used / (1024 * 1024));
}
