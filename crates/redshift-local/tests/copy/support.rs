//! A cluster with a directory for S3, and a table to load.

use std::{io::Write, path::PathBuf, sync::Arc};

use flate2::{Compression, write::GzEncoder};
use redshift_local::{
    config::{AccessKey, Edition, Role},
    copy::{
        CopyContext, CopyError, Directory, Load, Loaded, Session,
        target::{ColumnType, TargetColumn},
    },
    dialect::copy_grammar::parse_copy,
};
use tokio::sync::mpsc;

use crate::row::{Row, rows};

/// The attached role of every test; it reads bucket `data`.
pub const ROLE: &str = "arn:aws:iam::1:role/load";

/// A cluster.
pub struct World {
    root: tempfile::TempDir,
    /// What COPY is told.
    pub context: CopyContext,
    /// The table.
    pub target: Vec<TargetColumn>,
}

/// What a COPY did.
#[derive(Debug)]
pub struct Outcome {
    /// What it says.
    pub loaded: Loaded,
    /// The rows it sent.
    pub rows: Vec<Row>,
    /// The stream as it was sent.
    pub stream: Vec<u8>,
    /// The columns it named.
    pub columns: Vec<String>,
}

impl World {
    /// A cluster with an empty bucket `data` in its own region, and a table of nullable columns.
    pub fn new(columns: &[(&str, ColumnType)]) -> World {
        let root = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(root.path().join("data")).expect("a bucket");
        let context = CopyContext {
            source: Arc::new(Directory::new(root.path(), "us-east-1")),
            roles: vec![role(ROLE, &["s3://data"])],
            keys: vec![AccessKey {
                id: "AKID".into(),
                secret: "planted-secret".into(),
                session_token: None,
                prefixes: Vec::new(),
            }],
            expired_keys: Vec::new(),
            region: "us-east-1".into(),
            edition: Edition::Serverless,
            session: Session {
                user_id: 100,
                database: "dev".into(),
                pid: 4711,
                transaction_id: 77,
                query_id: 12,
                start_time: chrono::Utc::now(),
                table_id: 16_384,
                table: "t".into(),
            },
        };
        let target = columns.iter().map(|(name, data_type)| column(name, *data_type)).collect();
        World { root, context, target }
    }

    /// Puts an object into bucket `data`.
    pub fn put(&self, key: &str, bytes: impl AsRef<[u8]>) {
        let path: PathBuf = self.root.path().join("data").join(key);
        std::fs::create_dir_all(path.parent().expect("a bucket")).expect("directories");
        std::fs::write(path, bytes).expect("an object");
    }

    /// Makes an empty bucket.
    pub fn bucket(&self, name: &str) -> PathBuf {
        let path = self.root.path().join(name);
        std::fs::create_dir(&path).expect("a bucket");
        path
    }

    /// Runs `COPY t {rest}`.
    pub async fn copy(&self, rest: &str) -> Result<Outcome, CopyError> {
        let sql = format!("COPY t {rest}");
        let statement = parse_copy(&sql, false)
            .map_err(|refusal| CopyError::plain(refusal.sqlstate, refusal.message))?;
        let load = Load::prepare(&statement, &self.target, self.context.clone()).await?;
        let columns: Vec<String> = load.pg_columns().iter().map(|name| (*name).into()).collect();
        let (sender, mut receiver) = mpsc::channel::<bytes::Bytes>(2);
        let collect = async {
            let mut stream = Vec::new();
            while let Some(chunk) = receiver.recv().await {
                stream.extend_from_slice(&chunk);
            }
            stream
        };
        let (loaded, stream) = tokio::join!(load.run(sender), collect);
        let loaded = loaded?;
        let named: Vec<TargetColumn> = columns
            .iter()
            .map(|name| self.target.iter().find(|c| c.name == *name).expect("a column").clone())
            .collect();
        Ok(Outcome { loaded, rows: rows(&stream, &named), stream, columns })
    }

    /// Runs `COPY t {before} FROM 's3://data/{key}' IAM_ROLE … {rest}`.
    pub async fn load(&self, key: &str, rest: &str) -> Result<Outcome, CopyError> {
        self.copy(&format!("FROM 's3://data/{key}' IAM_ROLE '{ROLE}' {rest}")).await
    }

    /// Loads CSV text and answers its rows.
    pub async fn csv(&self, text: &str, rest: &str) -> Result<Vec<Row>, CopyError> {
        self.put("data.csv", text);
        Ok(self.load("data.csv", &format!("CSV {rest}")).await?.rows)
    }

    /// The code and text of the one load error of CSV text.
    pub async fn csv_error(&self, text: &str, rest: &str) -> (i32, String) {
        let error = self.csv(text, rest).await.expect_err("a refused load");
        assert_eq!(error.sqlstate, "XX000");
        assert_eq!(
            error.message,
            "Load into table 't' failed. Check 'sys_load_error_detail' system table for details."
        );
        assert_eq!(error.load_errors.len(), 1);
        (error.load_errors[0].error_code, error.load_errors[0].error_message.clone())
    }
}

/// A nullable column.
pub fn column(name: &str, data_type: ColumnType) -> TargetColumn {
    TargetColumn {
        name: name.into(),
        data_type,
        not_null: false,
        has_default: false,
        identity: false,
    }
}

/// An attached role that reads `prefixes`.
pub fn role(arn: &str, prefixes: &[&str]) -> Role {
    Role {
        arn: arn.into(),
        prefixes: prefixes.iter().map(|p| (*p).into()).collect(),
        attached: true,
        default: false,
        may_assume: Vec::new(),
    }
}

/// A row of values that are there.
pub fn some(values: &[&str]) -> Row {
    values.iter().map(|value| Some((*value).to_owned())).collect()
}

/// `bytes` compressed by gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("gzip");
    encoder.finish().expect("gzip")
}

/// What an error says: its message, and its DETAIL block.
pub fn told(error: &CopyError) -> String {
    format!("{} {} {}", error.sqlstate, error.message, error.detail.as_deref().unwrap_or(""))
}
