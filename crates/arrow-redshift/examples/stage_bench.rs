//! How much of a bare `ArrowWriter`'s speed is left once values are checked and parts are cut and
//! handed to a store: 10 M rows of six columns on one thread, into nothing.
//!
//! The bare writer has the settings that the stage documents for itself (snappy, no statistics, a
//! dictionary for each of the three texts of few values). Both write the same batches, in turns, each
//! turn gives a ratio, and the median of the ratios counts: what slows the machine down for a while
//! slows both. `STAGE_BENCH_ROWS` changes the number of rows.

use std::{env, error::Error, fmt, io, sync::Arc, time::Instant};

use arrow::{
    array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, SchemaRef},
};
use arrow_redshift::{
    options::{CopyFormat, S3Uri},
    stage::{StageWriter, StagedShape, Staging},
    types::{ColumnPlan, LoadExpression, RedshiftType, Rule, TablePlan},
};
use async_trait::async_trait;
use futures::{FutureExt, stream::BoxStream};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, UploadPart, memory::InMemory,
    path::Path,
};
use parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::Compression,
    file::properties::{EnabledStatistics, WriterProperties},
    schema::types::ColumnPath,
};

const ROWS: usize = 10_000_000;
/// Rows of a batch: what one large buffer from Flink holds, and DataFusion's own size.
const BATCH_ROWS: usize = 8192;
/// Pairs of runs; odd, so that one is the median.
const TURNS: usize = 5;
/// The goal: this share of the bare writer's rows per second.
const GOAL: f64 = 0.9;
const TEXTS: [&str; 3] = ["language", "country", "gender"];

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let rows = match env::var("STAGE_BENCH_ROWS") {
        Ok(rows) => rows.parse()?,
        Err(_) => ROWS,
    };
    let batches = batches()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut turns = Vec::with_capacity(TURNS);
    for number in 0..TURNS {
        let bare = || timed(rows, || write_bare(&batches, rows));
        let staged = || timed(rows, || runtime.block_on(write_staged(&batches, rows)));
        // Neither always comes first: the second of a pair meets a warmer machine.
        turns.push(match number % 2 {
            0 => Turn { bare: bare()?, staged: staged()? },
            _ => {
                let staged = staged()?;
                Turn { bare: bare()?, staged }
            }
        });
    }
    turns.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
    report(&turns[TURNS / 2], rows)?;
    Ok(())
}

/// One pair of runs: rows per second and bytes of each.
struct Turn {
    bare: (f64, u64),
    staged: (f64, u64),
}

impl Turn {
    fn ratio(&self) -> f64 {
        self.staged.0 / self.bare.0
    }
}

fn report(turn: &Turn, rows: usize) -> io::Result<()> {
    use io::Write;
    let mut out = io::stdout().lock();
    for (name, (speed, bytes)) in [("bare ArrowWriter", turn.bare), ("StageWriter", turn.staged)] {
        let (million, each) = (speed / 1e6, bytes as f64 / rows as f64);
        writeln!(out, "{name:<16} {million:>6.2} M rows/s  {each:>6.2} bytes/row")?;
    }
    let ratio = turn.ratio();
    let verdict = if ratio >= GOAL { "met" } else { "missed" };
    writeln!(out, "ratio            {ratio:>6.2}  (median of {TURNS}; goal {GOAL}: {verdict})")
}

/// Rows per second, and what the work gave.
fn timed(rows: usize, work: impl FnOnce() -> Result<u64, Failure>) -> Result<(f64, u64), Failure> {
    let began = Instant::now();
    let bytes = work()?;
    Ok((rows as f64 / began.elapsed().as_secs_f64(), bytes))
}

/// The batches of about half a million rows; a run repeats them.
fn batches() -> Result<Vec<RecordBatch>, Failure> {
    (0..64).map(|number| batch(number * BATCH_ROWS)).collect()
}

fn batch(first: usize) -> Result<RecordBatch, Failure> {
    let rows = first..first + BATCH_ROWS;
    let mut state = first as u64 | 1;
    let mut random = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut texts = |values: &[&str]| -> ArrayRef {
        let texts = rows.clone().map(|_| values[random() % values.len()]);
        Arc::new(StringArray::from_iter_values(texts))
    };
    let languages = texts(&["en", "de", "fr", "es", "pt", "zh", "ja", "ko", "it", "nl"]);
    let countries =
        texts(&["US", "DE", "FR", "ES", "BR", "CN", "JP", "KR", "IT", "NL", "AT", "CH"]);
    let genders = texts(&["female", "male", "other"]);
    let types = Int32Array::from_iter_values(rows.clone().map(|_| (random() % 8) as i32));
    let scores = Float64Array::from_iter_values(rows.clone().map(|_| random() as f64 / 1e4));
    let ids = Int64Array::from_iter_values(rows.map(|row| row as i64));
    let columns: [(&str, ArrayRef); 6] = [
        ("user_id", Arc::new(ids)),
        ("user_type", Arc::new(types)),
        ("language", languages),
        ("country", countries),
        ("gender", genders),
        ("score", Arc::new(scores)),
    ];
    let columns = columns.map(|(name, array)| (name, array, true));
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}

fn cycle(batches: &[RecordBatch], rows: usize) -> impl Iterator<Item = &RecordBatch> {
    batches.iter().cycle().take(rows.div_ceil(BATCH_ROWS))
}

fn write_bare(batches: &[RecordBatch], rows: usize) -> Result<u64, Failure> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_dictionary_enabled(false);
    for text in TEXTS {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(text), true);
    }
    let options = ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_skip_arrow_metadata(true);
    let schema = batches[0].schema();
    let mut writer = ArrowWriter::try_new_with_options(io::sink(), schema, options)?;
    for batch in cycle(batches, rows) {
        writer.write(batch)?;
    }
    writer.finish()?;
    Ok(writer.bytes_written() as u64)
}

async fn write_staged(batches: &[RecordBatch], rows: usize) -> Result<u64, Failure> {
    let location = S3Uri { bucket: "nowhere".into(), prefix: "bench".into() };
    let (launch, attempt) = ("bench.0123456789abcdef", "019a0000-0000-7000-8000-000000000000");
    let staging = Staging::over(Arc::new(Nothing::default()), &location, launch, attempt)?;
    let part_size = 128 * 1024 * 1024;
    let mut writer = StageWriter::new(
        staging,
        Arc::new(plan(&batches[0].schema())),
        StagedShape::Append,
        0,
        0,
        CopyFormat::Parquet,
        part_size,
    )?;
    for batch in cycle(batches, rows) {
        writer.write(batch, None).await?;
    }
    let parts = writer.close(0).await?;
    Ok(parts.iter().map(|part| part.bytes).sum())
}

/// The plan of `t_user` against a table of the same columns: every check that it brings.
fn plan(schema: &SchemaRef) -> TablePlan {
    let columns = schema.fields().iter().enumerate().map(|(source, field)| {
        let target_type = match field.data_type() {
            DataType::Int64 => RedshiftType::BigInt,
            DataType::Int32 => RedshiftType::Integer,
            DataType::Float64 => RedshiftType::Double,
            _ => RedshiftType::VarChar(256),
        };
        let mut rules = match target_type {
            RedshiftType::VarChar(width) => vec![Rule::NoNul, Rule::MaxBytes(width)],
            _ => Vec::new(),
        };
        if source == 0 {
            rules.push(Rule::NotNull);
        }
        ColumnPlan {
            source,
            target: field.name().clone(),
            target_type: target_type.clone(),
            key: source == 0,
            staged: Arc::clone(field),
            staging_type: target_type,
            expression: LoadExpression::Plain,
            rules,
        }
    });
    TablePlan { columns: columns.collect(), direct: true, complete: true }
}

/// A store that takes everything and keeps nothing.
#[derive(Debug, Default)]
struct Nothing {
    rest: InMemory,
}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
}

const TAKEN: PutResult = PutResult { e_tag: None, version: None };

#[derive(Debug)]
struct Discarded;

#[async_trait]
impl MultipartUpload for Discarded {
    fn put_part(&mut self, _: PutPayload) -> UploadPart {
        futures::future::ready(Ok(())).boxed()
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        Ok(TAKEN)
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        Ok(())
    }
}

#[async_trait]
impl ObjectStore for Nothing {
    async fn put_opts(
        &self,
        _: &Path,
        _: PutPayload,
        _: PutOptions,
    ) -> object_store::Result<PutResult> {
        Ok(TAKEN)
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Discarded))
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        self.rest.get_opts(at, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        self.rest.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.rest.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.rest.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &Path,
        to: &Path,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.rest.copy_opts(from, to, options).await
    }
}
