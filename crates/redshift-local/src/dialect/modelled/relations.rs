//! Catalog tables and views that exist in Redshift.

use super::{RelationRule, Row, What};

const fn row(
    schema: &'static str,
    name: &'static str,
    leader_only: bool,
    provisioned_only: bool,
    source: &'static str,
) -> Row {
    let rule = RelationRule { schema, leader_only, provisioned_only };
    Row { name, what: What::Relation(rule), source }
}

/// On the leader node.
const fn catalog(name: &'static str, source: &'static str) -> Row {
    row("pg_catalog", name, true, false, source)
}

/// SYS: on every kind of warehouse.
const fn sys(name: &'static str, source: &'static str) -> Row {
    row("pg_catalog", name, false, false, source)
}

/// STL and STV: denied by Serverless.
const fn provisioned(name: &'static str, source: &'static str) -> Row {
    row("pg_catalog", name, false, true, source)
}

const fn schema(name: &'static str) -> Row {
    row("information_schema", name, true, false, "Redshift: Querying the catalog tables")
}

/// Relations by name. Each is a view of `redshift_sys`; those of `information_schema` with that
/// name before theirs.
pub(super) const RELATIONS: &[Row] = &[
    catalog("pg_table_def", "Redshift: PG_TABLE_DEF"),
    catalog("pg_database_info", "Redshift: PG_DATABASE_INFO"),
    catalog("pg_user", "Redshift: PG_USER"),
    catalog("svv_all_columns", "Redshift: SVV_ALL_COLUMNS"),
    catalog("svv_all_schemas", "Redshift: SVV_ALL_SCHEMAS"),
    catalog("svv_all_tables", "Redshift: SVV_ALL_TABLES"),
    catalog("svv_columns", "Redshift: SVV_COLUMNS"),
    catalog("svv_external_schemas", "Redshift: SVV_EXTERNAL_SCHEMAS"),
    catalog("svv_redshift_columns", "Redshift: SVV_REDSHIFT_COLUMNS"),
    catalog("svv_redshift_databases", "Redshift: SVV_REDSHIFT_DATABASES"),
    catalog("svv_redshift_schemas", "Redshift: SVV_REDSHIFT_SCHEMAS"),
    catalog("svv_redshift_tables", "Redshift: SVV_REDSHIFT_TABLES"),
    catalog("svv_table_info", "Redshift: SVV_TABLE_INFO"),
    catalog("svv_tables", "Redshift: SVV_TABLES"),
    catalog("svv_transactions", "Redshift: SVV_TRANSACTIONS"),
    schema("columns"),
    schema("key_column_usage"),
    schema("table_constraints"),
    schema("tables"),
    sys("sys_connection_log", "Redshift: SYS_CONNECTION_LOG"),
    sys("sys_load_detail", "Redshift: SYS_LOAD_DETAIL"),
    sys("sys_load_error_detail", "Redshift: SYS_LOAD_ERROR_DETAIL"),
    sys("sys_load_history", "Redshift: SYS_LOAD_HISTORY"),
    sys("sys_query_history", "Redshift: SYS_QUERY_HISTORY"),
    sys("sys_session_history", "Redshift: SYS_SESSION_HISTORY"),
    provisioned("stl_load_commits", "Redshift: STL_LOAD_COMMITS"),
    provisioned("stl_load_errors", "Redshift: STL_LOAD_ERRORS"),
    provisioned("stv_db_isolation_level", "Redshift: STV_DB_ISOLATION_LEVEL"),
    provisioned("stv_locks", "Redshift: STV_LOCKS"),
    provisioned("stv_sessions", "Redshift: STV_SESSIONS"),
];
