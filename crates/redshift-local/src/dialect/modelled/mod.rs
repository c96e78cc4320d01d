//! The one table of what the stand-in knows. What has no row is refused.

mod functions;
mod relations;
mod settings;
mod statements;

pub(crate) use functions::Form;
pub(crate) use settings::Keeper;

use super::action::Refusal;

/// One thing that the stand-in knows of Redshift, and the page of its documentation that says so.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Lower-case name.
    pub name: &'static str,
    /// What it is.
    pub what: What,
    /// Where Redshift documents it.
    pub source: &'static str,
}

/// What a row is about.
#[derive(Debug, Clone, Copy)]
pub enum What {
    /// A statement, named by its first words.
    Statement,
    /// A kind of expression.
    Expression,
    /// A function.
    Function(FunctionRule),
    /// A catalog table or view.
    Relation(RelationRule),
    /// A setting.
    Setting(Keeper),
}

/// How a function is called here.
#[derive(Debug, Clone, Copy)]
pub struct FunctionRule {
    /// The least and the most arguments.
    pub arguments: (usize, usize),
    /// How it is written for PostgreSQL.
    pub form: Form,
    /// Whether it runs on the leader node only, and so not together with user tables.
    pub leader_only: bool,
}

/// How a catalog relation may be read.
#[derive(Debug, Clone, Copy)]
pub struct RelationRule {
    /// Its schema: `pg_catalog` (which may be left out) or `information_schema`.
    pub schema: &'static str,
    /// Whether it lives on the leader node only, and so cannot be joined with user tables.
    pub leader_only: bool,
    /// Whether Serverless denies it.
    pub provisioned_only: bool,
}

/// Every row.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    statements::STATEMENTS
        .iter()
        .chain(statements::EXPRESSIONS)
        .chain(functions::FUNCTIONS)
        .chain(relations::RELATIONS)
        .chain(settings::SETTINGS)
}

/// Refuses a statement that has no row.
pub(crate) fn statement(name: &str) -> Result<(), Refusal> {
    match statements::STATEMENTS.iter().any(|row| row.name.eq_ignore_ascii_case(name)) {
        true => Ok(()),
        false => Err(Refusal::not_modelled(format!("statement {}", name.to_uppercase()))),
    }
}

/// Refuses a kind of expression that has no row.
pub(crate) fn expression(name: &str) -> Result<(), Refusal> {
    match statements::EXPRESSIONS.iter().any(|row| row.name == name) {
        true => Ok(()),
        false => Err(Refusal::not_modelled(format!("expression {}", name.to_uppercase()))),
    }
}

/// The rule of a function, if it is known.
pub(crate) fn function(name: &str) -> Option<FunctionRule> {
    functions::FUNCTIONS.iter().find(|row| row.name == name).and_then(|row| match row.what {
        What::Function(rule) => Some(rule),
        _ => None,
    })
}

/// The rule of a catalog relation, if it is known.
pub(crate) fn relation(schema: &str, name: &str) -> Option<RelationRule> {
    relations::RELATIONS.iter().find_map(|row| match row.what {
        What::Relation(rule) if row.name == name && rule.schema == schema => Some(rule),
        _ => None,
    })
}

/// Who keeps a setting, if it is known.
pub(crate) fn setting(name: &str) -> Option<Keeper> {
    settings::SETTINGS.iter().find(|row| row.name == name).and_then(|row| match row.what {
        What::Setting(keeper) => Some(keeper),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own_and_a_source() {
        let mut seen = std::collections::HashSet::new();
        for row in rows() {
            let schema = if let What::Relation(rule) = row.what { rule.schema } else { "" };
            let what = std::mem::discriminant(&row.what);
            assert!(seen.insert((what, schema, row.name)), "{} twice", row.name);
            assert!(row.source.starts_with("Redshift: "), "{}", row.name);
            assert_eq!(row.name, row.name.to_lowercase());
            if let What::Function(rule) = row.what {
                assert!(rule.arguments.0 <= rule.arguments.1, "{}", row.name);
            }
        }
        assert!(seen.len() > 150);
    }
}
