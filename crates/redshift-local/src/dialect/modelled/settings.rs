//! Settings of a session.

use super::{Row, What};

/// Who keeps a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    /// PostgreSQL has it and it means the same there.
    PostgreSql,
    /// The front alone.
    Front,
}

const fn row(name: &'static str, keeper: Keeper, source: &'static str) -> Row {
    Row { name, what: What::Setting(keeper), source }
}

use Keeper::*;

/// Settings by name.
pub(super) const SETTINGS: &[Row] = &[
    row("analyze_threshold_percent", Front, "Redshift: analyze_threshold_percent"),
    row("application_name", Front, "Redshift: application_name"),
    row("client_encoding", PostgreSql, "Redshift: SET"),
    row("datestyle", PostgreSql, "Redshift: datestyle"),
    row("enable_case_sensitive_identifier", Front, "Redshift: enable_case_sensitive_identifier"),
    row("enable_result_cache_for_session", Front, "Redshift: enable_result_cache_for_session"),
    row("error_on_nondeterministic_update", Front, "Redshift: error_on_nondeterministic_update"),
    row("extra_float_digits", PostgreSql, "Redshift: extra_float_digits"),
    row("query_group", Front, "Redshift: query_group"),
    row("search_path", PostgreSql, "Redshift: search_path"),
    row("statement_timeout", PostgreSql, "Redshift: statement_timeout"),
    row("timezone", PostgreSql, "Redshift: timezone"),
    row("wlm_query_slot_count", Front, "Redshift: wlm_query_slot_count"),
];
