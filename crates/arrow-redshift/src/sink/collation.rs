//! Keys that are text are told apart by their characters. A target that compares them without
//! regard to letter case would take two of them for one, so it is refused.

use tracing::warn;

use crate::{
    error::{Error, ErrorKind, Result, RetryClass},
    session::Session,
    sql::{self, Qualified},
    types::{FlinkType, RedshiftType, TablePlan, TableSchema},
};

const INSENSITIVE: &str = "case_insensitive";

/// Refuses a table that is still to be created where its database would make its keys such.
pub(super) async fn check_new(session: &Session, schema: &TableSchema) -> Result<()> {
    let is_text = |name: &String| {
        let column = schema.columns.iter().find(|column| column.name == *name);
        column.is_some_and(|column| {
            matches!(
                column.data_type,
                FlinkType::Char(_) | FlinkType::VarChar(_) | FlinkType::String
            )
        })
    };
    match schema.primary_key.iter().any(is_text) {
        true => told(check_database(session).await),
        false => Ok(()),
    }
}

/// Refuses a target that compares a key's column so.
pub(super) async fn check(session: &Session, target: &Qualified, plan: &TablePlan) -> Result<()> {
    let texts = plan.columns.iter().filter(|column| {
        let is_text =
            matches!(column.target_type, RedshiftType::Char(_) | RedshiftType::VarChar(_));
        column.key && is_text
    });
    let keys: Vec<&str> = texts.map(|column| column.target.as_str()).collect();
    if keys.is_empty() {
        return Ok(());
    }
    told(check_database(session).await)?;
    told(check_columns(session, target, &keys).await)
}

/// The staging table, from which changes are applied, compares like its database, whatever the
/// target's column says.
async fn check_database(session: &Session) -> Result<()> {
    let collation = session.text(&sql::database_collation()).await?;
    match collation.as_deref().map(str::trim) {
        Some(INSENSITIVE) => Err(refused("the database compares text", "use another database")),
        _ => Ok(()),
    }
}

async fn check_columns(session: &Session, target: &Qualified, keys: &[&str]) -> Result<()> {
    let statement = sql::show_columns(target);
    let rows = session.query_columns(&statement, &sql::COLLATION_COLUMNS).await?;
    let insensitive = rows.iter().find_map(|row| match row.as_slice() {
        [Some(name), Some(collation)] if collation.trim() == INSENSITIVE => {
            Some(name.as_str()).filter(|name| keys.contains(name))
        }
        _ => None,
    });
    match insensitive {
        None => Ok(()),
        Some(name) => {
            let advice = "make the target's column COLLATE CASE_SENSITIVE";
            Err(refused("the target compares a column of the key", advice)
                .with("table", target)
                .with("column", name))
        }
    }
}

fn refused(what: &str, advice: &str) -> Error {
    let why = format!(
        "{what} without regard to letter case, and rows of a keyed table are told apart by it: \
         'A' and 'a' would be two rows here and one there"
    );
    Error::new(ErrorKind::SchemaMismatch, why).hint(format!("{advice}, or leave the key out"))
}

/// What cannot be found out, because the server is too old to tell or the user may not ask, is
/// said and not taken for a mismatch: nearly all columns compare by letter case.
fn told(answer: Result<()>) -> Result<()> {
    match answer {
        Err(error) if error.kind() == ErrorKind::SchemaMismatch => Err(error),
        Err(error) if error.kind().retry() != RetryClass::Never => Err(error),
        Err(error) => {
            warn!(
                %error,
                "whether the key's columns compare by letter case could not be found out; if they \
                 do not, rows whose keys differ by it alone overwrite each other or stay side by side"
            );
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
