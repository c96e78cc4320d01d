//! One column of CREATE TABLE or ALTER TABLE ADD COLUMN.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    action::Refusal,
    check::{self, Check},
    create_table::bound,
    names, parse, types,
    words::Words,
};
use crate::{
    catalog::{DECIMAL_CHECK, MULTIBYTE_CHECK, VARBYTE_CHECK},
    copy::target::ColumnType,
};

/// Encodings by their names; `AUTO` and the absence of one leave the choice to the type.
const ENCODINGS: &[&str] = &[
    "az64",
    "bytedict",
    "delta",
    "delta32k",
    "lzo",
    "mostly8",
    "mostly16",
    "mostly32",
    "raw",
    "runlength",
    "text255",
    "text32k",
    "zstd",
];

/// Where a DEFAULT ends.
const ATTRIBUTES: &[&str] = &[
    "encode",
    "distkey",
    "sortkey",
    "not",
    "null",
    "unique",
    "primary",
    "references",
    "collate",
    "identity",
    "generated",
    "check",
];

/// A column as declared.
pub(crate) struct Column {
    pub name: String,
    pub column_type: ColumnType,
    pub not_null: bool,
    pub distkey: bool,
    /// Its place in the sort key, from 1; 0 is none; negative in an interleaved key's second places.
    pub sortkey: i32,
    pub encoding: Option<String>,
    pub default: Option<DefaultValue>,
    pub identity: Option<Identity>,
    /// PRIMARY KEY, UNIQUE or REFERENCES of this column, as it is recorded.
    pub key: Option<Value>,
    /// Whether it compares letters whatever their case.
    pub case_insensitive: bool,
}

/// A DEFAULT: as PostgreSQL reads it, and as it was written.
pub(crate) struct DefaultValue {
    pub sql: String,
    pub text: String,
}

/// `IDENTITY(seed, step)`.
#[derive(Clone, Copy)]
pub(crate) struct Identity {
    pub seed: i64,
    pub step: i64,
    pub by_default: bool,
}

/// Reads a column.
pub(crate) fn parse(words: &mut Words<'_>) -> Result<Column, Refusal> {
    let name = words.name()?;
    let column_type = types::parse(words)?;
    let mut column = Column {
        name,
        column_type,
        not_null: false,
        distkey: false,
        sortkey: 0,
        encoding: None,
        default: None,
        identity: None,
        key: None,
        case_insensitive: is_text(column_type) && words.settings.case_insensitive,
    };
    while !words.is_at_end() && !words.peek().is_some_and(|t| t.is_symbol(",") || t.is_symbol(")"))
    {
        attribute(words, &mut column)?;
    }
    Ok(column)
}

fn attribute(words: &mut Words<'_>, column: &mut Column) -> Result<(), Refusal> {
    if words.take(&["default"]) {
        column.default = Some(default(words)?);
    } else if words.take(&["identity"]) {
        column.identity = Some(identity(words, column.column_type, false)?);
        column.not_null = true;
    } else if words.take(&["generated", "by", "default", "as", "identity"]) {
        column.identity = Some(identity(words, column.column_type, true)?);
        column.not_null = true;
    } else if words.take(&["encode"]) {
        column.encoding = encoding(words, column.column_type)?;
    } else if words.take(&["distkey"]) {
        column.distkey = true;
    } else if words.take(&["sortkey"]) {
        column.sortkey = 1;
    } else if words.take(&["not", "null"]) {
        column.not_null = true;
    } else if words.take(&["null"]) {
        return Ok(());
    } else if words.take(&["unique"]) {
        let suffix = format!("_{}_key", column.name);
        column.key = Some(json!({"kind": "u", "suffix": suffix, "columns": [&column.name]}));
    } else if words.take(&["primary", "key"]) {
        column.not_null = true;
        column.key = Some(json!({"kind": "p", "suffix": "_pkey", "columns": [&column.name]}));
    } else if words.take(&["references"]) {
        column.key = Some(reference(words, None, vec![column.name.clone()])?);
    } else if words.take(&["collate"]) {
        column.case_insensitive = is_case_insensitive(words, column.column_type)?;
    } else if words.sees(&["check"]) || words.sees(&["generated"]) {
        return Err(Refusal::unsupported(
            "CHECK constraints and generated columns are not supported",
        ));
    } else {
        return Err(words.unexpected());
    }
    Ok(())
}

/// REFERENCES, after the word: recorded, never enforced.
pub(crate) fn reference(
    words: &mut Words<'_>,
    name: Option<String>,
    columns: Vec<String>,
) -> Result<Value, Refusal> {
    let table = words.relation()?;
    check::user_table(&table)?;
    let referenced = match words.peek().is_some_and(|token| token.is_symbol("(")) {
        true => words.names()?,
        false => Vec::new(),
    };
    Ok(json!({
        "kind": "f",
        "name": name,
        "suffix": format!("_{}_fkey", columns.join("_")),
        "columns": columns,
        "referenced": names::quote_relation(&table),
        "referenced_columns": referenced,
    }))
}

fn default(words: &mut Words<'_>) -> Result<DefaultValue, Refusal> {
    let tokens = words.until(ATTRIBUTES);
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return Err(words.unexpected());
    };
    let mut check = Check::new(words.settings);
    check.rows_allowed = false;
    let sql = check.expression(&parse::expression(tokens)?)?;
    if check.has_parameters || check.leader_only.is_some() {
        return Err(Refusal::unsupported(
            "a DEFAULT cannot hold parameters or leader-node functions",
        ));
    }
    Ok(DefaultValue { sql, text: words.source[first.start..last.end].to_owned() })
}

fn identity(
    words: &mut Words<'_>,
    column_type: ColumnType,
    by_default: bool,
) -> Result<Identity, Refusal> {
    if !matches!(column_type, ColumnType::Integer | ColumnType::BigInt) {
        return Err(Refusal::new("42601", "IDENTITY columns must be INT or BIGINT"));
    }
    words.expect_symbol("(")?;
    let seed = words.integer()?;
    words.expect_symbol(",")?;
    let step = words.integer()?;
    words.expect_symbol(")")?;
    if step == 0 {
        return Err(Refusal::new("22023", "the step of IDENTITY must not be 0"));
    }
    Ok(Identity { seed, step, by_default })
}

fn encoding(words: &mut Words<'_>, column_type: ColumnType) -> Result<Option<String>, Refusal> {
    if words.take(&["auto"]) {
        return Ok(None);
    }
    let Some(encoding) = ENCODINGS.iter().find(|encoding| words.take(&[**encoding])) else {
        return Err(words.unexpected());
    };
    let text = matches!(column_type, ColumnType::Char(_) | ColumnType::VarChar(_));
    let number = matches!(
        column_type,
        ColumnType::SmallInt | ColumnType::Integer | ColumnType::BigInt | ColumnType::Decimal(..)
    );
    let time = matches!(
        column_type,
        ColumnType::Date | ColumnType::Time | ColumnType::Timestamp | ColumnType::TimestampTz
    );
    let fits = match *encoding {
        "az64" => number || time,
        "delta" | "delta32k" => number || time,
        "mostly8" | "mostly16" | "mostly32" => number,
        "lzo" | "zstd" | "raw" | "runlength" => true,
        "bytedict" => column_type != ColumnType::Boolean,
        _ => text,
    };
    if !fits {
        return Err(Refusal::unsupported(format!(
            "encoding {encoding} is not supported for type {}",
            types::label(column_type)
        )));
    }
    Ok(Some(if *encoding == "raw" { "none".into() } else { (*encoding).to_owned() }))
}

fn is_text(column_type: ColumnType) -> bool {
    matches!(column_type, ColumnType::Char(_) | ColumnType::VarChar(_))
}

/// COLLATE, after the word.
fn is_case_insensitive(words: &mut Words<'_>, column_type: ColumnType) -> Result<bool, Refusal> {
    if !is_text(column_type) {
        return Err(Refusal::unsupported(format!(
            "COLLATE is not supported for type {}",
            types::label(column_type)
        )));
    }
    if words.take(&["case_sensitive"]) || words.take(&["cs"]) {
        return Ok(false);
    }
    if words.take(&["case_insensitive"]) || words.take(&["ci"]) {
        return Ok(true);
    }
    Err(words.unexpected())
}

impl Column {
    /// The column for PostgreSQL's CREATE TABLE or ADD COLUMN.
    pub fn definition(&self) -> String {
        let mut sql = format!("{} {}", names::quote(&self.name), types::storage(self.column_type));
        if self.case_insensitive {
            sql.push_str(" COLLATE redshift_sys.case_insensitive");
        }
        if let Some(Identity { seed, step, by_default }) = self.identity {
            let when = if by_default { "BY DEFAULT" } else { "ALWAYS" };
            let bounds = match step < 0 {
                true => format!(" MINVALUE {} MAXVALUE {seed}", i64::from(i32::MIN)),
                false => format!(" MINVALUE {}", seed.min(1)),
            };
            sql.push_str(&format!(
                " GENERATED {when} AS IDENTITY (START WITH {seed} INCREMENT BY {step}{bounds})"
            ));
        }
        if let Some(default) = &self.default {
            sql.push_str(&format!(" DEFAULT {}", default.sql));
        }
        if self.not_null {
            sql.push_str(" NOT NULL");
        }
        sql
    }

    /// The CHECK that goes with it, named so that a breach can be told in Redshift's words.
    pub fn constraint(&self) -> Option<String> {
        let prefix = match self.column_type {
            ColumnType::Char(_) => MULTIBYTE_CHECK,
            ColumnType::VarByte(_) => VARBYTE_CHECK,
            _ => DECIMAL_CHECK,
        };
        let check = bound(&self.name, self.column_type)?;
        // A digest, because a column's own name may leave no room for the prefix.
        let digest = hex::encode(&Sha256::digest(&self.name)[..8]);
        Some(format!("CONSTRAINT \"{prefix}{digest}\" {check}"))
    }

    /// The items of a column list.
    pub fn items(&self) -> impl Iterator<Item = String> {
        std::iter::once(self.definition()).chain(self.constraint())
    }

    /// What is recorded of it.
    pub fn spec(&self) -> Value {
        json!({
            "name": self.name,
            "encoding": self.encoding,
            "distkey": self.distkey,
            "sortkey": self.sortkey,
            "default": self.default.as_ref().map(|default| &default.text),
            "identity": self.identity.map(|identity| [identity.seed, identity.step]),
            "identity_by_default": self.identity.is_some_and(|identity| identity.by_default),
        })
    }
}
