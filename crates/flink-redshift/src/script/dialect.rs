//! Flink SQL's lexical rules: backticks quote identifiers, double quotes quote nothing, backslashes
//! are ordinary characters.

use sqlparser::dialect::Dialect;

/// The dialect of Flink SQL, as far as tokens and expressions go.
#[derive(Debug)]
pub struct FlinkDialect;

impl Dialect for FlinkDialect {
    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '`'
    }

    fn identifier_quote_style(&self, _identifier: &str) -> Option<char> {
        Some('`')
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_' || ch == '$'
    }

    // Read, so that it can be refused by name.
    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_boolean_literals(&self) -> bool {
        true
    }
}
