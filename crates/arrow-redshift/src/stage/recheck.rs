//! A part that the server refuses: its rows are checked again, and those that fit are staged anew.

use std::{sync::Arc, time::Duration};

use arrow::{
    array::{Array, ArrayRef, AsArray, Int16Array, RecordBatch, StringArray},
    compute::nullif,
    datatypes::{
        DataType, Decimal128Type, Field, Int16Type, Schema, SchemaRef, TimeUnit,
        TimestampMicrosecondType,
    },
};
use bytes::Bytes;
use object_store::{ObjectStoreExt, PutPayload};

use super::{
    Carried, Part, PartKind, Policies, RowKind, StagedShape, Staging, Touched, changes, check, csv,
    dead_letter::Letters,
    encode::Encoder,
    failure::{Action, Request},
    misfit::{Cause, Misfit, Refused},
    path::{RestagedName, beside, parse_url},
    reread,
    review::{Aside, Input, Review},
    shape::{self, Place},
    store::within,
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::CopyFormat,
    types::{LoadExpression, TablePlan, UTC},
};

/// The largest part that is looked at, in bytes: it is held in memory, and so is what it becomes.
const LOOK_BYTES: u64 = 128 * 1024 * 1024;

/// The longest that reading or writing one part takes.
const PART_PATIENCE: Duration = Duration::from_secs(120);

/// A row that the server refused when it was loaded as CSV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Its place in the part, from 1.
    pub row: u64,
    /// The column, as the server names it; none for the row as a whole.
    pub column: Option<String>,
    /// The load error's code.
    pub code: i32,
}

/// Looks at parts of one commit.
#[derive(Debug)]
pub(crate) struct Recheck {
    plan: TablePlan,
    policies: Policies,
    format: CopyFormat,
    shape: StagedShape,
    schema: SchemaRef,
    /// How dead letters name the target.
    table: String,
    /// For each column whether its text is the JSON of a value that nests.
    nests: Vec<bool>,
}

/// What became of a part of which some rows do not fit.
#[derive(Debug)]
pub(crate) struct Restaged {
    /// The rows that are to be loaded; none where all are set aside.
    pub rows: Option<Part>,
    /// The rows that are set aside.
    pub letters: Option<Part>,
    /// What policies did.
    pub touched: Touched,
}

/// What a part's rows became, in memory.
#[derive(Default)]
struct Sorted {
    encoder: Option<Encoder>,
    rows: u64,
    lines: Vec<u8>,
    touched: Touched,
}

impl Recheck {
    /// `plan` is that of the part's columns against the target as it is now.
    pub fn new(
        plan: TablePlan,
        policies: Policies,
        format: CopyFormat,
        shape: StagedShape,
        table: String,
        nests: Vec<bool>,
    ) -> Result<Recheck> {
        let schema = shape::schema(&plan, shape)?;
        Ok(Recheck { plan, policies, format, shape, schema, table, nests })
    }

    /// Checks a part's rows, with what the server said of them, and stages those that fit beside
    /// it; `None` where all fit. A row whose policy is `fail` is an error that names it.
    pub async fn part(
        &self,
        staging: &Staging,
        part: &Part,
        refusals: &[Refusal],
    ) -> Result<Option<Restaged>> {
        let bytes = read(staging, part).await?;
        let mut sorted = Sorted::default();
        let mut before = 0;
        for batch in reread::batches(bytes, self.format, &self.schema)? {
            let batch = batch.map_err(|error| error.with("part", &part.url))?;
            self.sort(&batch, before, part, refusals, &mut sorted)
                .map_err(|error| error.with("part", &part.url))?;
            before += batch.num_rows() as u64;
            // Other tasks of this thread have waited for a batch's checks.
            tokio::task::yield_now().await;
        }
        if sorted.touched == Touched::default() {
            return Ok(None);
        }
        let Sorted { encoder, rows, lines, touched } = sorted;
        let name = RestagedName::new(part);
        let letters = match touched.dead_letters {
            0 => None,
            rows => {
                let url = beside(&part.url, &name.letters())?;
                let kind = PartKind::DeadLetters;
                tracing::warn!(%url, rows, "rows that the server refuses were set aside");
                Some(write(staging, part, url, vec![lines.into()], rows, kind).await?)
            }
        };
        let rows = match encoder {
            None => None,
            Some(mut encoder) => {
                let url = beside(&part.url, &name.part(self.format))?;
                let (full, rest) = encoder.finish()?;
                let bytes = full.into_iter().chain([rest]).collect();
                Some(write(staging, part, url, bytes, rows, PartKind::Rows).await?)
            }
        };
        Ok(Some(Restaged { rows, letters, touched }))
    }

    /// The part as CSV in which each row is one line, so that a line's number is the row's. What
    /// CSV does not carry is NULL in it, and line breaks are blanks.
    pub async fn trial(&self, staging: &Staging, part: &Part) -> Result<Part> {
        let bytes = read(staging, part).await?;
        let mut encoder: Option<Encoder> = None;
        for batch in reread::batches(bytes, self.format, &self.schema)? {
            let batch = batch.map_err(|error| error.with("part", &part.url))?;
            let columns: Vec<ArrayRef> =
                batch.columns().iter().map(one_line).collect::<Result<_>>()?;
            let batch = rebuilt(&batch.schema(), columns)?;
            if encoder.is_none() {
                encoder = Some(Encoder::open(CopyFormat::Csv, &self.schema, &batch)?);
            }
            if let Some(encoder) = &mut encoder {
                encoder.write(&batch)?;
            }
            tokio::task::yield_now().await;
        }
        let Some(mut encoder) = encoder else {
            return Err(Error::new(ErrorKind::Internal, "a staged part has no rows"));
        };
        let (full, rest) = encoder.finish()?;
        let url = beside(&part.url, &RestagedName::new(part).part(CopyFormat::Csv))?;
        let bytes = full.into_iter().chain([rest]).collect();
        write(staging, part, url, bytes, part.rows, PartKind::Rows).await
    }

    fn sort(
        &self,
        batch: &RecordBatch,
        before: u64,
        part: &Part,
        refusals: &[Refusal],
        sorted: &mut Sorted,
    ) -> Result<()> {
        let kinds = self.kinds(batch);
        let input = Input { before, kinds: kinds.as_deref() };
        let mut review = Review::new(&self.plan, &self.policies, batch, input);
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        for (index, plan) in self.plan.columns.iter().enumerate() {
            let mut array = Arc::clone(&columns[index]);
            let nulls = check::nulls(plan, array.as_ref(), |row| review.retracts(row));
            array = review.settle(index, array, nulls)?;
            if let Some(decimals) = array.as_primitive_opt::<Decimal128Type>() {
                let rules = plan.rules.iter();
                let unfit: Vec<Misfit> =
                    rules.filter_map(|rule| check::decimals(decimals, *rule)).collect();
                array = review.settle(index, array, unfit)?;
            }
            let unfit = check::check(plan, array.as_ref())?;
            array = review.settle(index, array, unfit)?;
            let of_column = |name: &str| name == plan.target;
            let unfit = refused(refusals, before, batch.num_rows(), of_column);
            columns[index] = review.settle(index, array, unfit)?;
        }
        let known = |name: &str| self.plan.columns.iter().any(|plan| plan.target == name);
        for misfit in refused(refusals, before, batch.num_rows(), |name| !known(name)) {
            review.settle_rows(Some(misfit));
        }
        let (aside, touched) = review.end()?;
        self.letters(batch, kinds.as_deref(), before, part, &aside, &mut sorted.lines)?;
        let staged = rebuilt(&self.schema, columns)?;
        let staged = match aside.is_empty() {
            true => staged,
            false => changes::kept(&staged, |row| !aside.contains_key(&row))?,
        };
        sorted.touched.add(touched);
        sorted.write(self.format, &self.schema, &staged)
    }

    /// What each row of a keyed part does. Whether a row was new or changed is not staged.
    fn kinds(&self, batch: &RecordBatch) -> Option<Vec<RowKind>> {
        if self.shape == StagedShape::Append {
            return None;
        }
        let column = batch.columns().get(self.plan.columns.len())?;
        let kinds: &Int16Array = column.as_primitive_opt::<Int16Type>()?;
        let kind = |staged: &i16| match staged {
            1 => RowKind::Delete,
            2 => RowKind::UpdateBefore,
            _ => RowKind::UpdateAfter,
        };
        Some(kinds.values().iter().map(kind).collect())
    }

    /// Writes the rows that are set aside as lines, with values as they were declared.
    fn letters(
        &self,
        batch: &RecordBatch,
        kinds: Option<&[RowKind]>,
        before: u64,
        part: &Part,
        aside: &Aside,
        lines: &mut Vec<u8>,
    ) -> Result<()> {
        if aside.is_empty() {
            return Ok(());
        }
        let columns = self.plan.columns.iter().zip(batch.columns());
        let columns: Vec<ArrayRef> =
            columns.map(|(plan, array)| declared(plan.expression, array)).collect();
        let field = |(at, array): (usize, &ArrayRef)| {
            Field::new(self.policies.name(at), array.data_type().clone(), true)
        };
        let fields: Vec<Field> = columns.iter().enumerate().map(field).collect();
        let batch = rebuilt(&Arc::new(Schema::new(fields)), columns)?;
        let place = Place { checkpoint: part.checkpoint, sequence: before, subtask: part.subtask };
        let (plan, policies) = (&self.plan, &self.policies);
        let letters =
            Letters { plan, policies, batch: &batch, kinds, place, aside, nests: &self.nests };
        for (row, reasons) in aside {
            letters.line(&self.table, *row, reasons, lines)?;
        }
        Ok(())
    }
}

impl Sorted {
    fn write(&mut self, format: CopyFormat, schema: &SchemaRef, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows() as u64;
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            None => self.encoder.insert(Encoder::open(format, schema, batch)?),
        };
        encoder.write(batch)
    }
}

/// What the server refused of a batch, in the columns that are asked for.
fn refused(
    refusals: &[Refusal],
    before: u64,
    rows: usize,
    column: impl Fn(&str) -> bool,
) -> Vec<Misfit> {
    let row = |refusal: &Refusal| {
        let row = refusal.row.checked_sub(before + 1)?;
        usize::try_from(row).ok().filter(|row| *row < rows)
    };
    let mut misfits: Vec<Misfit> = Vec::new();
    for refusal in refusals {
        let Some(row) = row(refusal) else { continue };
        if !column(refusal.column.as_deref().unwrap_or_default()) {
            continue;
        }
        let (cause, refused) = (Cause::Server(refusal.code), Refused { row, found: 0 });
        match misfits.iter_mut().find(|misfit| misfit.cause == cause) {
            Some(misfit) => misfit.rows.push(refused),
            None => misfits.push(Misfit { cause, rows: vec![refused] }),
        }
    }
    for misfit in &mut misfits {
        misfit.rows.sort_by_key(|refused| refused.row);
        misfit.rows.dedup();
    }
    misfits
}

/// A staged column as it was declared, as far as that can be told.
fn declared(expression: LoadExpression, array: &ArrayRef) -> ArrayRef {
    let micros = match array.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            array.as_primitive::<TimestampMicrosecondType>().clone()
        }
        _ => return Arc::clone(array),
    };
    match expression {
        LoadExpression::AtTimeZoneUtc => Arc::new(micros.with_timezone(UTC)),
        LoadExpression::CastToTime => {
            Arc::new(micros.reinterpret_cast::<arrow::datatypes::Time64MicrosecondType>())
        }
        LoadExpression::Plain | LoadExpression::JsonParse | LoadExpression::FromHex => {
            Arc::new(micros)
        }
    }
}

/// A column whose values are on one line each in CSV, and that CSV carries.
fn one_line(array: &ArrayRef) -> Result<ArrayRef> {
    let array: ArrayRef = match array.as_string_opt::<i32>() {
        Some(texts) => {
            let texts = texts.iter().map(|text| text.map(|text| text.replace(['\r', '\n'], " ")));
            Arc::new(texts.collect::<StringArray>())
        }
        None => Arc::clone(array),
    };
    let Some(unfit) = csv::check(array.as_ref()) else { return Ok(array) };
    let mut nulls = vec![false; array.len()];
    unfit.rows.iter().for_each(|refused| nulls[refused.row] = true);
    nullif(array.as_ref(), &nulls.into()).map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot make values of a column NULL").source(error)
    })
}

fn rebuilt(schema: &SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(|_| {
        Error::new(ErrorKind::Internal, "a part's columns are not what its schema says")
    })
}

/// A part's bytes.
async fn read(staging: &Staging, part: &Part) -> Result<Bytes> {
    if part.bytes > LOOK_BYTES {
        let why = format!(
            "its {} bytes are more than the {LOOK_BYTES} of a part that is looked at",
            part.bytes
        );
        return Err(Error::new(ErrorKind::Unsupported, why).with("part", &part.url));
    }
    let (bucket, path) = parse_url(&part.url)?;
    let request = Request { action: Action::ReadPart, bucket: &bucket, key: path.as_ref() };
    let store = staging.store_of(&bucket)?;
    within(PART_PATIENCE, request, async {
        let found = store.get(&path).await.map_err(|error| request.failed(error))?;
        found.bytes().await.map_err(|error| request.failed(error))
    })
    .await
}

/// Writes an object that stands for rows of `of`.
async fn write(
    staging: &Staging,
    of: &Part,
    url: String,
    bytes: Vec<Bytes>,
    rows: u64,
    kind: PartKind,
) -> Result<Part> {
    let (bucket, path) = parse_url(&url)?;
    let request = Request { action: Action::WritePart, bucket: &bucket, key: path.as_ref() };
    let store = staging.store_of(&bucket)?;
    let size = bytes.iter().map(|chunk| chunk.len() as u64).sum();
    within(PART_PATIENCE, request, async {
        let put = store.put(&path, PutPayload::from_iter(bytes)).await;
        put.map(|_| ()).map_err(|error| request.failed(error))
    })
    .await?;
    let (checkpoint, subtask) = (of.checkpoint, of.subtask);
    Ok(Part {
        url,
        bytes: size,
        rows,
        checkpoint,
        subtask,
        kind,
        upserts: false,
        folded: 0,
        carried: Carried::default(),
    })
}
