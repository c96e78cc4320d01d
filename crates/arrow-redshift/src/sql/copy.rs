//! The COPY statement.

use std::fmt::Write;

use super::{
    ident::{Qualified, identifier, list, literal},
    layout::Layout,
    statement::Statement,
};
use crate::options::{AwsKeys, CopyAuthorization};

/// What the files are.
#[derive(Debug, Clone, Copy)]
pub enum FileFormat<'a> {
    /// Parquet.
    Parquet,
    /// CSV with gzip, read with these parameters.
    Csv(&'a str),
}

/// Where COPY puts the rows.
#[derive(Debug, Clone, Copy)]
pub enum CopyInto<'a> {
    /// The target itself.
    Target(&'a Qualified),
    /// A staging table of the session.
    Stage(&'a str),
}

/// `COPY table (columns) FROM 'manifest' …`: always with a column list, since Parquet columns are
/// matched by position.
pub fn copy(
    into: CopyInto<'_>,
    layout: &Layout,
    manifest: &str,
    authorization: &CopyAuthorization,
    format: FileFormat<'_>,
    region: Option<&str>,
) -> Statement {
    let (table, columns) = match into {
        CopyInto::Target(target) => (target.to_string(), list("", layout.names())),
        CopyInto::Stage(stage) => (identifier(stage), super::ddl::stage_names(layout)),
    };
    let head = format!("COPY {table} ({columns}) FROM {} ", literal(manifest));
    let mut tail = String::new();
    match format {
        FileFormat::Parquet => tail.push_str(" FORMAT AS PARQUET MANIFEST"),
        FileFormat::Csv(parameters) => {
            let _ = write!(tail, " FORMAT AS CSV {parameters} GZIP MANIFEST");
            // Refused for Parquet, whose bucket must be in the cluster's own region.
            if let Some(region) = region {
                let _ = write!(tail, " REGION {}", literal(region));
            }
            tail.push_str(" COMPUPDATE OFF");
        }
    }
    // On the target statistics are its owner's affair.
    if matches!(into, CopyInto::Stage(_)) {
        tail.push_str(" STATUPDATE OFF");
    }
    match authorization {
        CopyAuthorization::DefaultRole => Statement::new(format!("{head}IAM_ROLE default{tail}")),
        CopyAuthorization::Role(arns) => {
            Statement::new(format!("{head}IAM_ROLE {}{tail}", literal(&arns.join(","))))
        }
        CopyAuthorization::Keys(keys) => Statement::with_secret(
            format!("{head}{}{tail}", keys_clause(keys)),
            format!("{head}ACCESS_KEY_ID '…' SECRET_ACCESS_KEY '…'{tail}"),
        ),
    }
}

fn keys_clause(keys: &AwsKeys) -> String {
    let mut clause = format!(
        "ACCESS_KEY_ID {} SECRET_ACCESS_KEY {}",
        literal(&keys.access_key_id),
        literal(keys.secret_access_key.expose())
    );
    if let Some(token) = &keys.session_token {
        let _ = write!(clause, " SESSION_TOKEN {}", literal(token.expose()));
    }
    clause
}
