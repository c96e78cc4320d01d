//! How Redshift names a result column that the query does not name.

use sqlparser::ast::{Expr, ObjectNamePart};

use super::{check::Check, types};

/// The name of an expression's column; `None` for columns, which name themselves.
pub(crate) fn of(expr: &Expr, check: &Check<'_>) -> Option<String> {
    match expr {
        Expr::Identifier(ident)
            if ident.quote_style.is_none() && is_bare_function(&ident.value) =>
        {
            Some(ident.value.to_ascii_lowercase())
        }
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => None,
        _ => Some(name(expr, check).unwrap_or_else(|| "?column?".into())),
    }
}

fn is_bare_function(word: &str) -> bool {
    super::names::is_reserved(word)
}

fn name(expr: &Expr, check: &Check<'_>) -> Option<String> {
    match expr {
        Expr::Identifier(ident) => check.fold(ident).ok(),
        Expr::CompoundIdentifier(idents) => check.fold(idents.last()?).ok(),
        Expr::Nested(inner) => name(inner, check),
        Expr::Function(function) => match function.name.0.last()? {
            ObjectNamePart::Identifier(ident) => Some(ident.value.to_ascii_lowercase()),
            ObjectNamePart::Function(_) => None,
        },
        Expr::Cast { expr, data_type, .. } => name(expr, check).or_else(|| {
            check.data_type(data_type).ok().map(|data_type| types::label(data_type).to_owned())
        }),
        Expr::TypedString(typed) => check
            .data_type(&typed.data_type)
            .ok()
            .map(|data_type| types::label(data_type).to_owned()),
        Expr::Case { else_result, .. } => {
            let otherwise = else_result.as_ref().and_then(|expr| name(expr, check));
            Some(otherwise.unwrap_or_else(|| "case".into()))
        }
        Expr::Extract { .. } => Some("date_part".into()),
        Expr::Ceil { .. } => Some("ceil".into()),
        Expr::Floor { .. } => Some("floor".into()),
        Expr::Position { .. } => Some("position".into()),
        Expr::Substring { .. } => Some("substring".into()),
        Expr::Trim { .. } => Some("btrim".into()),
        Expr::AtTimeZone { .. } => Some("timezone".into()),
        Expr::Exists { .. } => Some("exists".into()),
        Expr::Interval(_) => Some("interval".into()),
        _ => None,
    }
}
