//! Parts and manifests as COPY takes them: the stand-in, which shares no code with the stage,
//! loads what was staged, and the same rows come out of Parquet and of CSV.

use std::sync::Arc;

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{DataType, Field, Schema, TimeUnit, TimestampMicrosecondType},
};
use arrow_redshift::{
    options::CopyFormat,
    stage::{CSV_PARAMETERS, Manifest, StageWriter, StagedShape, Staging},
    types::{RedshiftType, TablePlan},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use redshift_local::{
    config::{Edition, Role},
    copy::{
        CopyContext, CopyError, Load, Session,
        target::{ColumnType, TargetColumn},
    },
    dialect::copy_grammar::parse_copy,
};
use tokio::sync::mpsc;

use crate::{
    format::{self, Row, any_row},
    support::{Server, batch, column, plan},
};

const ROLE: &str = "arn:aws:iam::123456789012:role/load";

/// Loads staged rows with COPY, as PostgreSQL's binary rows.
async fn load(
    server: &Server,
    columns: &[(&str, ColumnType)],
    manifest: &str,
    format: CopyFormat,
) -> Result<(u64, Vec<u8>), CopyError> {
    let format = match format {
        CopyFormat::Parquet => "FORMAT AS PARQUET".to_owned(),
        CopyFormat::Csv => format!("FORMAT AS CSV {CSV_PARAMETERS} GZIP"),
    };
    let sql = format!("COPY t FROM '{manifest}' IAM_ROLE '{ROLE}' {format} MANIFEST");
    let statement = parse_copy(&sql, false).map_err(|refusal| refusal.message).unwrap();
    let target: Vec<_> = columns
        .iter()
        .map(|(name, data_type)| TargetColumn {
            name: (*name).into(),
            data_type: *data_type,
            not_null: false,
            has_default: false,
            identity: false,
        })
        .collect();
    let load = Load::prepare(&statement, &target, context(server)).await?;
    let (sender, mut receiver) = mpsc::channel(2);
    let collect = async {
        let mut stream = Vec::new();
        while let Some(chunk) = receiver.recv().await {
            let chunk: bytes::Bytes = chunk;
            stream.extend_from_slice(&chunk);
        }
        stream
    };
    let (loaded, stream) = tokio::join!(load.run(sender), collect);
    Ok((loaded?.rows, stream))
}

fn context(server: &Server) -> CopyContext {
    let role = Role {
        arn: ROLE.into(),
        prefixes: vec!["s3://stage/".into()],
        attached: true,
        default: false,
        may_assume: Vec::new(),
    };
    let session = Session {
        user_id: 100,
        database: "dev".into(),
        pid: 1,
        transaction_id: 1,
        query_id: 1,
        start_time: chrono::Utc::now(),
        table_id: 1,
        table: "t".into(),
    };
    CopyContext {
        source: Arc::new(server.s3.clone()),
        roles: vec![role],
        keys: Vec::new(),
        expired_keys: Vec::new(),
        region: "us-east-1".into(),
        edition: Edition::Serverless,
        session,
    }
}

/// Stages batches in small parts, and gives the manifest's URL.
async fn stage(
    staging: &Staging,
    plan: Arc<TablePlan>,
    shape: StagedShape,
    format: CopyFormat,
    batches: &[RecordBatch],
) -> String {
    let mut writer = StageWriter::new(staging.clone(), plan, shape, 2, 7, format, 20_000).unwrap();
    let mut parts = Vec::new();
    for batch in batches {
        writer.write(batch, None).await.unwrap();
        parts.extend(writer.close(7).await.unwrap());
    }
    staging.missing(&parts).await.unwrap();
    staging.write_manifest("id", &Manifest::new(&parts).unwrap()).await.unwrap()
}

const COLUMNS: [(&str, ColumnType); 8] = [
    ("flag", ColumnType::Boolean),
    ("number", ColumnType::Integer),
    ("real", ColumnType::Double),
    ("amount", ColumnType::Decimal(21, 3)),
    ("text", ColumnType::VarChar(100)),
    ("day", ColumnType::Date),
    ("at", ColumnType::Timestamp),
    ("instant", ColumnType::TimestampTz),
];

/// The random rows, and their timestamps once more as instants.
fn with_instants(rows: &[Row]) -> RecordBatch {
    let batch = format::batch(rows);
    let instants = batch.column(6).as_primitive::<TimestampMicrosecondType>().clone();
    let instants = instants.with_timezone("UTC");
    let mut fields = batch.schema().fields().to_vec();
    fields.push(Arc::new(Field::new("instant", instants.data_type().clone(), true)));
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(instants));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

/// The plan of those rows: instants as the mapping has them, UTC without a zone in Parquet.
fn plan_with_instants(format: CopyFormat) -> Arc<TablePlan> {
    let zone = (format == CopyFormat::Csv).then(|| "UTC".into());
    let staged = DataType::Timestamp(TimeUnit::Microsecond, zone);
    let mut plan = (*format::plan()).clone();
    plan.columns.push(column(7, "instant", staged, RedshiftType::TimestampTz));
    Arc::new(plan)
}

#[test]
fn copy_loads_the_same_rows_from_both_formats() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start());
    let staging = runtime.block_on(server.open(1));
    let mut runner = TestRunner::new(Config::with_cases(32));
    let rows = prop::collection::vec(any_row(), 1..200);
    let same = |rows: Vec<Row>| {
        let (first, second) = rows.split_at(rows.len() / 2);
        let batches = [with_instants(first), with_instants(second)];
        let mut streams = Vec::new();
        for format in [CopyFormat::Parquet, CopyFormat::Csv] {
            let mut columns = COLUMNS;
            if format == CopyFormat::Parquet {
                columns[7].1 = ColumnType::Timestamp;
            }
            let loaded = runtime.block_on(async {
                let plan = plan_with_instants(format);
                let shape = StagedShape::Append;
                let manifest = stage(&staging, plan, shape, format, &batches).await;
                load(&server, &columns, &manifest, format).await
            });
            let (count, stream) =
                loaded.map_err(|error| TestCaseError::fail(format!("{format:?}: {error:?}")))?;
            prop_assert_eq!(count, rows.len() as u64);
            streams.push(stream);
        }
        prop_assert!(streams[0] == streams[1], "the formats load different rows");
        Ok(())
    };
    runner.run(&rows, same).unwrap();
}

#[tokio::test]
async fn copy_loads_changes_with_their_marks() {
    let server = Server::start().await;
    let staging = server.open(1).await;
    let columns = [
        ("id", ColumnType::BigInt),
        ("text", ColumnType::VarChar(2000)),
        ("frc_kind", ColumnType::SmallInt),
        ("frc_checkpoint", ColumnType::BigInt),
        ("frc_sequence", ColumnType::BigInt),
        ("frc_subtask", ColumnType::Integer),
    ];
    let rows = [batch([(1, Some("a".into())), (2, None), (3, Some(String::new()))])];
    let mut streams = Vec::new();
    for format in [CopyFormat::Parquet, CopyFormat::Csv] {
        let manifest = stage(&staging, plan(2000), StagedShape::Keyed, format, &rows).await;
        let (count, stream) = load(&server, &columns, &manifest, format).await.unwrap();
        assert_eq!(count, 3);
        streams.push(stream);
    }
    assert!(streams[0] == streams[1]);
}

/// What the checks let through, COPY takes: the edges of widths and of the calendar.
#[tokio::test]
async fn copy_takes_what_the_checks_let_through() {
    let server = Server::start().await;
    let staging = server.open(1).await;
    let columns = [("id", ColumnType::BigInt), ("text", ColumnType::VarChar(6))];
    let rows = [batch([
        (i64::MIN, Some("äöü".into())),
        (i64::MAX, Some("      ".into())),
        (0, Some("\"\r\n,\\".into())),
    ])];
    for format in [CopyFormat::Parquet, CopyFormat::Csv] {
        let manifest = stage(&staging, plan(6), StagedShape::Append, format, &rows).await;
        let (count, _) = load(&server, &columns, &manifest, format).await.unwrap();
        assert_eq!(count, 3, "{format:?}");
        // One byte less, and COPY refuses what the check was there for.
        let narrow = [columns[0], ("text", ColumnType::VarChar(5))];
        assert!(load(&server, &narrow, &manifest, format).await.is_err(), "{format:?}");
    }
}
