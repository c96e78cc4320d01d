//! Which name a table or a column is stored by, and which column a declared name means.

use std::collections::HashSet;

use super::{TableSchema, TargetColumn, TargetTable};

/// What becomes of the letters' case of names in quotes, by a session's
/// `enable_case_sensitive_identifier`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NameCase {
    /// ASCII letters fold to lower case, as usual.
    #[default]
    Folded,
    /// Names are stored and found as they are quoted.
    Kept,
}

impl NameCase {
    /// The name that a session stores and finds this one by.
    pub fn stored(self, name: &str) -> String {
        match self {
            NameCase::Folded => fold(name),
            NameCase::Kept => name.to_owned(),
        }
    }
}

/// A name as Redshift usually stores it: ASCII letters fold to lower case, even in quotes.
pub fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}

impl TargetTable {
    /// The column that a declared name means. Where names keep their case, it is the one of that very
    /// name; failing that, as always elsewhere, the one of the name in lower case: that is how
    /// sessions of the usual setting and names without quotes are stored.
    pub fn column(&self, declared: &str) -> Option<&TargetColumn> {
        let stored = |name: &str| self.columns.iter().find(|column| column.name == name);
        let same = match self.case {
            NameCase::Kept => stored(declared),
            NameCase::Folded => None,
        };
        same.or_else(|| stored(&fold(declared)))
    }

    /// A column whose name differs from a declared one by letters' case at most, whether or not a
    /// session can name it.
    pub fn likeness(&self, declared: &str) -> Option<&TargetColumn> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(declared))
    }

    /// The columns that nothing declared means.
    pub(super) fn undeclared(&self, schema: &TableSchema) -> Vec<&TargetColumn> {
        let meant = schema.columns.iter().filter_map(|declared| self.column(&declared.name));
        let meant: HashSet<&str> = meant.map(|column| column.name.as_str()).collect();
        self.columns.iter().filter(|column| !meant.contains(column.name.as_str())).collect()
    }
}
