//! Tables, batches, stores and readers that the tests share.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray},
    compute::concat_batches,
    datatypes::{DataType, Field},
};
use arrow_redshift::{
    options::{
        AwsKeys, CopyAuthorization, CopyConfig, CopyFormat, Encryption, S3Config, S3Uri, Secret,
    },
    stage::{Part, StageWriter, StagedShape, Staging},
    types::{ColumnPlan, LoadExpression, RedshiftType, Rule, TablePlan},
};
use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use redshift_local::{
    config::{AccessKey, Bucket},
    s3::{S3, S3Config as ServerConfig},
};
use tempfile::TempDir;

pub const LARGE: u64 = 1 << 40;

/// The launch of these tests.
pub const LAUNCH: &str = "launch.0123456789abcdef";

/// A launch's `number`th attempt: a UUID of version 7, as they sort by time.
pub fn attempt(number: u32) -> String {
    format!("019a0000-{number:04}-7000-8000-000000000000")
}

pub fn column(index: usize, name: &str, staged: DataType, target: RedshiftType) -> ColumnPlan {
    ColumnPlan {
        source: index,
        target: name.into(),
        target_type: target.clone(),
        key: index == 0,
        staged: Arc::new(Field::new(name, staged, true)),
        staging_type: target,
        expression: LoadExpression::Plain,
        rules: Vec::new(),
    }
}

/// A table of an id and a text of at most `width` bytes.
pub fn plan(width: u32) -> Arc<TablePlan> {
    let mut id = column(0, "id", DataType::Int64, RedshiftType::BigInt);
    id.rules = vec![Rule::NotNull];
    let mut text = column(1, "text", DataType::Utf8, RedshiftType::VarChar(width));
    text.rules = vec![Rule::NoNul, Rule::MaxBytes(width)];
    Arc::new(TablePlan { columns: vec![id, text], direct: true, complete: true })
}

/// Rows `from..to`, each with its number as text.
pub fn rows(from: i64, to: i64) -> RecordBatch {
    batch((from..to).map(|id| (id, Some(id.to_string()))))
}

pub fn batch(rows: impl IntoIterator<Item = (i64, Option<String>)>) -> RecordBatch {
    let (ids, texts): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let ids: ArrayRef = Arc::new(Int64Array::from(ids));
    let texts: ArrayRef = Arc::new(StringArray::from(texts));
    RecordBatch::try_from_iter_with_nullable([("id", ids, true), ("text", texts, true)]).unwrap()
}

/// Rows whose text is 1000 characters that no compression makes much smaller.
pub fn noise(from: i64, to: i64) -> RecordBatch {
    let mut state = from as u64 | 1;
    batch((from..to).map(|id| {
        let text = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b' ' + (state >> 58) as u8)
        });
        (id, Some(text.take(1000).collect()))
    }))
}

pub fn location(prefix: &str) -> S3Uri {
    S3Uri { bucket: "stage".into(), prefix: prefix.into() }
}

/// A staging area in memory, and the store behind it.
pub fn in_memory() -> (Staging, Arc<InMemory>) {
    let store = Arc::new(InMemory::new());
    let staging = Staging::over(store.clone(), &location("tmp"), LAUNCH, &attempt(1)).unwrap();
    (staging, store)
}

pub fn writer(staging: &Staging, shape: StagedShape, format: CopyFormat) -> StageWriter {
    StageWriter::new(staging.clone(), plan(2000), shape, 3, 5, format, LARGE).unwrap()
}

pub fn path_of(part: &Part) -> Path {
    Path::parse(part.url.strip_prefix("s3://stage/").unwrap()).unwrap()
}

pub async fn fetch(store: &dyn ObjectStore, part: &Part) -> Bytes {
    let bytes = store.get(&path_of(part)).await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes.len() as u64, part.bytes, "{}", part.url);
    bytes
}

/// The rows of a Parquet file.
pub fn parse(file: Bytes) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

/// The rows of Parquet parts, in order.
pub async fn read(store: &dyn ObjectStore, parts: &[Part]) -> RecordBatch {
    let mut batches = Vec::new();
    for part in parts {
        let batch = parse(fetch(store, part).await);
        assert_eq!(batch.num_rows() as u64, part.rows, "{}", part.url);
        batches.push(batch);
    }
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

/// Names of all objects in a store.
pub async fn names(store: &dyn ObjectStore) -> Vec<String> {
    use futures::TryStreamExt;
    let mut names: Vec<String> =
        store.list(None).map_ok(|object| object.location.to_string()).try_collect().await.unwrap();
    names.sort();
    names
}

/// A stand-in S3 with the buckets `stage`, `sealed` (which wants encryption) and `far` (which is in
/// another region).
pub struct Server {
    pub s3: S3,
    _dir: TempDir,
}

pub const SECRET: &str = "planted-secret-key";
pub const TOKEN: &str = "planted-session-token";

impl Server {
    pub async fn start() -> Server {
        let dir = tempfile::tempdir().unwrap();
        let bucket = |name: &str, region: &str, requires_encryption| Bucket {
            name: name.into(),
            region: region.into(),
            requires_encryption,
        };
        let key = |id: &str, token: Option<&str>, prefixes: &[&str]| AccessKey {
            id: id.into(),
            secret: SECRET.into(),
            session_token: token.map(str::to_owned),
            prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect(),
        };
        let config = ServerConfig {
            port: 0,
            data_dir: dir.path().to_owned(),
            buckets: vec![
                bucket("stage", "us-east-1", false),
                bucket("sealed", "us-east-1", true),
                bucket("far", "eu-west-3", false),
            ],
            keys: vec![
                key("MAIN", None, &[]),
                key("PASSING", Some(TOKEN), &[]),
                key("ELSEWHERE", None, &["s3://stage/other"]),
            ],
        };
        Server { s3: S3::start(config).await.unwrap(), _dir: dir }
    }

    pub fn config(&self, bucket: &str, key: &str) -> CopyConfig {
        CopyConfig {
            temp_uri: S3Uri { bucket: bucket.into(), prefix: "tmp/x".into() },
            s3: S3Config {
                region: Some("us-east-1".into()),
                endpoint: Some(self.s3.endpoint()),
                path_style: true,
                credentials: Some(AwsKeys {
                    access_key_id: key.into(),
                    secret_access_key: Secret::new(SECRET),
                    session_token: None,
                }),
            },
            authorization: CopyAuthorization::DefaultRole,
            format: CopyFormat::Parquet,
            part_size: LARGE,
            encryption: Encryption::BucketDefault,
            staging_retention: std::time::Duration::from_secs(7 * 86_400),
        }
    }

    pub async fn open(&self, number: u32) -> Staging {
        Staging::open(&self.config("stage", "MAIN"), LAUNCH, &attempt(number)).await.unwrap()
    }

    /// Keys of all objects in a bucket.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        self.s3.list(bucket, "").unwrap().into_iter().map(|object| object.key).collect()
    }
}
