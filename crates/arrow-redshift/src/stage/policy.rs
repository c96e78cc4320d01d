//! What becomes of values that do not fit, column by column.

use super::misfit::Cause;
use crate::{
    error::{Error, ErrorKind, Result},
    options::{ValueConfig, ValuePolicy},
    types::{ColumnPlan, RedshiftType, Rule, TablePlan, TableSchema},
};

/// The policies of a planned table, settled once before its first row.
#[derive(Debug, Clone)]
pub struct Policies {
    /// One for each planned column, in order.
    columns: Vec<ValuePolicy>,
    /// For rows that are refused as a whole.
    rows: ValuePolicy,
    /// The columns' names as they were declared.
    names: Vec<String>,
    show_key: bool,
}

impl Policies {
    /// Whatever does not fit is an error.
    pub fn fail(plan: &TablePlan) -> Policies {
        Policies {
            columns: vec![ValuePolicy::Fail; plan.columns.len()],
            rows: ValuePolicy::Fail,
            names: plan.columns.iter().map(|column| column.target.clone()).collect(),
            show_key: false,
        }
    }

    /// Gives every column its policy. Each that is named and cannot be kept comes in one
    /// [`ErrorKind::InvalidOptions`]; the general one is left aside where it cannot.
    pub fn resolve(
        config: &ValueConfig,
        plan: &TablePlan,
        schema: &TableSchema,
    ) -> Result<Policies> {
        let mut problems = Vec::new();
        let mut columns: Vec<ValuePolicy> = plan
            .columns
            .iter()
            .map(|column| match obstacle(column, config.policy) {
                None => config.policy,
                Some(_) => ValuePolicy::Fail,
            })
            .collect();
        for (name, policy) in &config.columns {
            let named = |column: &ColumnPlan| column.target.eq_ignore_ascii_case(name);
            let left_out = || schema.declared.iter().any(|it| it.name.eq_ignore_ascii_case(name));
            match plan.columns.iter().position(named) {
                None if left_out() => {}
                None => problems.push(format!("{name} is no column of the table")),
                Some(at) => match obstacle(&plan.columns[at], *policy) {
                    None => columns[at] = *policy,
                    Some(why) => problems.push(format!("column {name} {why}")),
                },
            }
        }
        if !problems.is_empty() {
            let lines: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
            let why = format!("'sink.value-policy.columns' cannot be kept:{lines}");
            return Err(Error::new(ErrorKind::InvalidOptions, why));
        }
        let rows = match config.policy {
            ValuePolicy::DeadLetter => ValuePolicy::DeadLetter,
            _ => ValuePolicy::Fail,
        };
        let declared = |column: &ColumnPlan| match schema.columns.get(column.source) {
            Some(declared) => declared.name.clone(),
            None => column.target.clone(),
        };
        let names = plan.columns.iter().map(declared).collect();
        Ok(Policies { columns, rows, names, show_key: config.show_key })
    }

    /// The same for rows that are staged already, by a plan of their part's columns: whatever
    /// cannot be kept is left aside, since the table was another one when it was said.
    pub(crate) fn again(config: &ValueConfig, plan: &TablePlan, schema: &TableSchema) -> Policies {
        let declared = |column: &ColumnPlan| {
            let names = schema.columns.iter().map(|declared| &declared.name);
            names.into_iter().find(|name| column.target.eq_ignore_ascii_case(name)).cloned()
        };
        let policy = |column: &ColumnPlan| {
            let mut all = config.columns.iter();
            let named = all.find(|(name, _)| column.target.eq_ignore_ascii_case(name));
            let wanted = named.map_or(config.policy, |(_, policy)| *policy);
            if obstacle(column, wanted).is_none() { wanted } else { ValuePolicy::Fail }
        };
        let rows = match config.policy {
            ValuePolicy::DeadLetter => ValuePolicy::DeadLetter,
            _ => ValuePolicy::Fail,
        };
        Policies {
            columns: plan.columns.iter().map(policy).collect(),
            rows,
            names: plan
                .columns
                .iter()
                .map(|column| declared(column).unwrap_or_else(|| column.target.clone()))
                .collect(),
            show_key: config.show_key,
        }
    }

    /// What becomes of a value of a planned column that a cause refuses.
    pub(super) fn of(&self, column: usize, cause: Cause) -> ValuePolicy {
        match (self.columns.get(column).copied().unwrap_or(ValuePolicy::Fail), cause) {
            (ValuePolicy::Truncate, Cause::Rule(Rule::MaxBytes(_))) => ValuePolicy::Truncate,
            (ValuePolicy::Truncate, _) => ValuePolicy::Fail,
            (policy, _) => policy,
        }
    }

    /// What becomes of a row that is refused as a whole.
    pub(super) fn of_rows(&self) -> ValuePolicy {
        self.rows
    }

    /// Whether rows may be set aside.
    pub fn set_aside(&self) -> bool {
        self.columns.iter().chain([&self.rows]).any(|policy| *policy == ValuePolicy::DeadLetter)
    }

    /// Whether an error may show the key of its row.
    pub(super) fn show_key(&self) -> bool {
        self.show_key
    }

    /// A planned column's name as it was declared.
    pub(super) fn name(&self, column: usize) -> &str {
        self.names.get(column).map_or("", String::as_str)
    }
}

/// Why a column cannot have a policy.
fn obstacle(column: &ColumnPlan, policy: ValuePolicy) -> Option<&'static str> {
    if column.key && policy != ValuePolicy::Fail {
        return Some("belongs to the primary key, and what does not fit there always fails");
    }
    match policy {
        ValuePolicy::Truncate if !is_text(&column.target_type) => {
            Some("is no text, and nothing else can be truncated")
        }
        ValuePolicy::Null if column.rules.contains(&Rule::NotNull) => {
            Some("is NOT NULL, so its values cannot become NULL")
        }
        _ => None,
    }
}

fn is_text(target: &RedshiftType) -> bool {
    matches!(target, RedshiftType::Char(_) | RedshiftType::VarChar(_))
}
