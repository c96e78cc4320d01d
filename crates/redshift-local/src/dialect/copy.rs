//! `COPY … FROM 's3://…'`, parsed and checked against the parameter matrix.

use super::action::Relation;

/// A COPY statement whose parameters go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyStatement {
    /// Database of a three-part name; the caller checks that it is the session's own.
    pub database: Option<String>,
    /// Target table.
    pub target: Relation,
    /// Column list, folded; `None` is every column in order.
    pub columns: Option<Vec<String>>,
    /// The address after FROM.
    pub from: String,
    /// Whether the address is a manifest.
    pub manifest: bool,
    /// What it presents to S3.
    pub authorization: Authorization,
    /// File format.
    pub format: Format,
    /// `REGION`.
    pub region: Option<String>,
    /// `MAXERROR`, at most 100,000; 0 and 1 stop at the first.
    pub max_error: u32,
    /// `FILLRECORD`.
    pub fill_record: bool,
    /// `EXPLICIT_IDS`.
    pub explicit_ids: bool,
    /// `ACCEPTINVCHARS` and its replacement, `?` unless given.
    pub accept_inv_chars: Option<char>,
    /// `NOLOAD`.
    pub no_load: bool,
}

/// What COPY presents to S3.
#[derive(Clone, PartialEq, Eq)]
pub enum Authorization {
    /// `IAM_ROLE default`.
    DefaultRole,
    /// `IAM_ROLE 'arn[,arn…]'`.
    Roles(Vec<String>),
    /// Keys in the statement.
    Keys {
        /// Access key id.
        id: String,
        /// Secret access key.
        secret: String,
        /// Session token.
        session_token: Option<String>,
    },
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Authorization::DefaultRole => f.write_str("DefaultRole"),
            Authorization::Roles(arns) => f.debug_tuple("Roles").field(arns).finish(),
            Authorization::Keys { id, .. } => f.debug_struct("Keys").field("id", id).finish(),
        }
    }
}

/// File format with its own parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// `PARQUET`.
    Parquet {
        /// `SERIALIZETOJSON`.
        serialize_to_json: bool,
    },
    /// `CSV`.
    Csv(CsvFormat),
}

/// Parameters of `CSV`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvFormat {
    /// `DELIMITER`.
    pub delimiter: u8,
    /// `QUOTE`.
    pub quote: u8,
    /// `NULL AS`.
    pub null_as: String,
    /// `GZIP`.
    pub gzip: bool,
    /// `IGNOREHEADER`.
    pub ignore_header: u64,
    /// `EMPTYASNULL`.
    pub empty_as_null: bool,
    /// `BLANKSASNULL`.
    pub blanks_as_null: bool,
    /// `TRIMBLANKS`.
    pub trim_blanks: bool,
    /// `TRUNCATECOLUMNS`.
    pub truncate_columns: bool,
    /// `ACCEPTANYDATE`.
    pub accept_any_date: bool,
    /// `ROUNDEC`.
    pub round_decimals: bool,
    /// `IGNOREBLANKLINES`.
    pub ignore_blank_lines: bool,
    /// `DATEFORMAT`; `None` is `YYYY-MM-DD`.
    pub date_format: Option<String>,
    /// `TIMEFORMAT`; `None` is `YYYY-MM-DD HH:MI:SS`.
    pub time_format: Option<String>,
}
