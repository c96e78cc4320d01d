//! Which columns a COPY fills, in the order of the file's fields.

use std::collections::HashSet;

use super::{CopyError, target::TargetColumn};
use crate::dialect::copy::CopyStatement;

/// The columns that the fields of a file go to, in the order of the fields. What is left out takes
/// its DEFAULT, else NULL.
pub fn columns_of(
    statement: &CopyStatement,
    target: &[TargetColumn],
) -> Result<Vec<TargetColumn>, CopyError> {
    let loaded = match &statement.columns {
        None => target.iter().filter(|c| !c.identity || statement.explicit_ids).cloned().collect(),
        Some(names) => listed(names, statement, target)?,
    };
    let names: HashSet<&str> = loaded.iter().map(|c| c.name.as_str()).collect();
    for column in target.iter().filter(|c| !names.contains(c.name.as_str())) {
        if statement.explicit_ids && column.identity {
            let text =
                format!("EXPLICIT_IDS needs identity column \"{}\" in the list", column.name);
            return Err(CopyError::plain("42601", text));
        }
        if column.not_null && !column.has_default && !column.identity {
            let text = format!("Cannot insert a NULL value into column {}", column.name);
            return Err(CopyError::plain("23502", text));
        }
    }
    Ok(loaded)
}

fn listed(
    names: &[String],
    statement: &CopyStatement,
    target: &[TargetColumn],
) -> Result<Vec<TargetColumn>, CopyError> {
    let mut loaded: Vec<TargetColumn> = Vec::with_capacity(names.len());
    for name in names {
        let column = target.iter().find(|c| c.name == *name).ok_or_else(|| {
            let table = &statement.target.name;
            let text = format!("column \"{name}\" of relation \"{table}\" does not exist");
            CopyError::plain("42703", text)
        })?;
        if loaded.iter().any(|c| c.name == *name) {
            let text = format!("column \"{name}\" specified more than once");
            return Err(CopyError::plain("42701", text));
        }
        if column.identity && !statement.explicit_ids {
            let text = format!("cannot load identity column \"{name}\" without EXPLICIT_IDS");
            return Err(CopyError::plain("0A000", text));
        }
        loaded.push(column.clone());
    }
    Ok(loaded)
}
