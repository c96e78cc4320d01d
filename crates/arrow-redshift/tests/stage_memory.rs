//! A writer's memory, measured on a process of its own for each kind of writer: this binary again.
#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "figures are told")]

use std::{
    fmt,
    process::Command,
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
    stage::{RowKind, StageWriter, StagedShape, Staging},
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

/// Texts of a row, besides those of its key.
const COLUMNS: usize = 19;
const TEXT_BYTES: usize = 100;
const ROWS: usize = 1000;
const BATCHES: usize = 150;
/// Batches with texts of their own, which come again and again.
const TEXTS: usize = 8;
/// Of so many rows one changes a key that every batch changes: enough for each window to be worth
/// folding, and few enough for nearly all rows to be staged.
const ROWS_PER_COMMON_KEY: usize = 6;

/// The kinds of writers, and what the documentation promises of each: that of `StageWriter`, and
/// docs/flink.md.
const CASES: [Case; 2] = [
    Case { name: "append", shape: StagedShape::Append, bound: 96 },
    Case { name: "keyed", shape: StagedShape::Keyed, bound: 144 },
];

/// Where the measured process is told its case.
const CASE: &str = "STAGE_MEMORY_CASE";

struct Case {
    name: &'static str,
    shape: StagedShape,
    /// MiB.
    bound: u64,
}

fn plan() -> Arc<TablePlan> {
    let column = |index: usize| ColumnPlan {
        source: index,
        target: format!("c{index}"),
        target_type: RedshiftType::VarChar(1000),
        key: index == 0,
        staged: Arc::new(Field::new(format!("c{index}"), DataType::Utf8, true)),
        staging_type: RedshiftType::VarChar(1000),
        expression: LoadExpression::Plain,
        rules: Vec::new(),
    };
    Arc::new(TablePlan {
        columns: (0..=COLUMNS).map(column).collect(),
        direct: true,
        complete: true,
    })
}

/// Texts that do not compress, from a seed.
struct Random(u64);

impl Random {
    fn text(&mut self) -> String {
        let mut letter = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b' ' + (self.0 >> 58) as u8)
        };
        (0..TEXT_BYTES).map(|_| letter()).collect()
    }

    fn texts(&mut self) -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..ROWS).map(|_| self.text())))
    }
}

/// The key of a row, as long as every other text.
fn key(batch: usize, row: usize) -> String {
    let number = if row.is_multiple_of(ROWS_PER_COMMON_KEY) { row } else { batch * ROWS + row };
    format!("{number:0TEXT_BYTES$}")
}

/// 2 MB of rows.
fn batch(number: usize, texts: &[ArrayRef]) -> RecordBatch {
    let keys = StringArray::from_iter_values((0..ROWS).map(|row| key(number, row)));
    let columns = std::iter::once(Arc::new(keys) as ArrayRef).chain(texts.iter().cloned());
    let columns = columns.enumerate().map(|(index, array)| (format!("c{index}"), array, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// Not a test of its own: the process that is measured.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other half of a test, which starts it"]
async fn a_writer_in_a_process_of_its_own() {
    let Ok(name) = std::env::var(CASE) else { return };
    let Case { shape, .. } = CASES.into_iter().find(|case| case.name == name).unwrap();
    let taken = Arc::new(AtomicU64::new(0));
    let store = SlowAndForgetful { rest: InMemory::new(), taken: Arc::clone(&taken) };
    let location = S3Uri { bucket: "b".into(), prefix: "p".into() };
    let (launch, attempt) = ("launch.0123456789abcdef", "019a0000-0000-7000-8000-000000000000");
    let staging = Staging::over(Arc::new(store), &location, launch, attempt).unwrap();
    let mut random = Random(1);
    let mut some = || (0..COLUMNS).map(|_| random.texts()).collect::<Vec<_>>();
    let texts: Vec<Vec<ArrayRef>> = (0..TEXTS).map(|_| some()).collect();
    let kinds = vec![RowKind::UpdateAfter; ROWS];
    let kinds = (shape == StagedShape::Keyed).then_some(kinds.as_slice());

    let before = process("VmRSS").unwrap();
    let (format, part) = (CopyFormat::Parquet, 1 << 40);
    let mut writer = StageWriter::new(staging, plan(), shape, 0, 1, format, part).unwrap();
    for number in 0..BATCHES {
        writer.write(&batch(number, &texts[number % TEXTS]), kinds).await.unwrap();
    }
    let parts = writer.close(1).await.unwrap();
    assert_eq!(parts[0].bytes, taken.load(Ordering::SeqCst), "every byte went out once");
    assert!(parts[0].bytes > 150_000_000, "{}", parts[0].bytes);
    let folded = (BATCHES * ROWS) as u64 - parts[0].rows;
    println!("folded {folded} rows, used {} bytes", process("VmHWM").unwrap() - before);
}

/// What a writer of a case used, in bytes, and how many rows were folded away.
fn measured(case: &Case) -> (u64, u64) {
    let mut writer = Command::new(std::env::current_exe().unwrap());
    writer.args(["--ignored", "--exact", "--nocapture", "a_writer_in_a_process_of_its_own"]);
    let ended = writer.env(CASE, case.name).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
    let (_, figures) = said.split_once("folded ").expect("the process tells its figures");
    let mut words = figures.split_whitespace();
    let folded = words.next().unwrap().parse().unwrap();
    (words.nth(2).unwrap().parse().unwrap(), folded)
}

#[test]
fn memory_stays_bounded_however_slow_s3_is() {
    if process("VmRSS").is_none() {
        println!("skipped: this system does not tell a process's memory");
        return;
    }
    for case in &CASES {
        let (used, folded) = measured(case);
        println!("{}: {} MiB used, {} MiB are stated", case.name, used >> 20, case.bound);
        let windows = (BATCHES * ROWS / ROWS_PER_COMMON_KEY / 2) as u64;
        let enough = if case.shape == StagedShape::Keyed { folded > windows } else { folded == 0 };
        assert!(enough, "{}: {folded} rows were folded away", case.name);
        assert!(used >> 20 < case.bound, "{}: {} MiB", case.name, used >> 20);
    }
}
