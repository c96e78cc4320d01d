//! Statements and kinds of expressions.

use super::{Row, What};

const fn statement(name: &'static str, source: &'static str) -> Row {
    Row { name, what: What::Statement, source }
}

const fn expression(name: &'static str, source: &'static str) -> Row {
    Row { name, what: What::Expression, source }
}

/// Statements by their first words.
pub(super) const STATEMENTS: &[Row] = &[
    statement("select", "Redshift: SELECT"),
    statement("insert", "Redshift: INSERT"),
    statement("update", "Redshift: UPDATE"),
    statement("delete", "Redshift: DELETE"),
    statement("merge", "Redshift: MERGE"),
    statement("copy", "Redshift: COPY"),
    statement("truncate", "Redshift: TRUNCATE"),
    statement("lock", "Redshift: LOCK"),
    statement("begin", "Redshift: BEGIN"),
    statement("start", "Redshift: START TRANSACTION"),
    statement("commit", "Redshift: COMMIT"),
    statement("end", "Redshift: END"),
    statement("rollback", "Redshift: ROLLBACK"),
    statement("abort", "Redshift: ABORT"),
    statement("declare", "Redshift: DECLARE"),
    statement("fetch", "Redshift: FETCH"),
    statement("close", "Redshift: CLOSE"),
    statement("set", "Redshift: SET"),
    statement("reset", "Redshift: RESET"),
    statement("show", "Redshift: SHOW"),
    statement("show databases", "Redshift: SHOW DATABASES"),
    statement("show schemas", "Redshift: SHOW SCHEMAS"),
    statement("show tables", "Redshift: SHOW TABLES"),
    statement("show columns", "Redshift: SHOW COLUMNS"),
    statement("show constraints primary", "Redshift: SHOW CONSTRAINTS"),
    statement("cancel", "Redshift: CANCEL"),
    statement("create table", "Redshift: CREATE TABLE"),
    statement("create table as", "Redshift: CREATE TABLE AS"),
    statement("create schema", "Redshift: CREATE SCHEMA"),
    statement("drop table", "Redshift: DROP TABLE"),
    statement("drop schema", "Redshift: DROP SCHEMA"),
    statement("alter table", "Redshift: ALTER TABLE"),
    statement("comment", "Redshift: COMMENT"),
    statement("grant", "Redshift: GRANT"),
    statement("revoke", "Redshift: REVOKE"),
    statement("analyze", "Redshift: ANALYZE"),
    statement("vacuum", "Redshift: VACUUM"),
];

/// Kinds of expressions and of parts of queries.
pub(super) const EXPRESSIONS: &[Row] = &[
    expression("column", "Redshift: Expressions"),
    expression("literal", "Redshift: Literals"),
    expression("parameter", "Redshift: PREPARE"),
    expression("parentheses", "Redshift: Compound expressions"),
    expression("arithmetic", "Redshift: Compound expressions"),
    expression("bitwise", "Redshift: Mathematical operator symbols"),
    expression("comparison", "Redshift: Comparison condition"),
    expression("logic", "Redshift: Logical condition"),
    expression("concatenation", "Redshift: || (Concatenation) operator"),
    expression("pattern", "Redshift: Pattern-matching conditions"),
    expression("between", "Redshift: BETWEEN range condition"),
    expression("null test", "Redshift: Null condition"),
    expression("truth test", "Redshift: Boolean type"),
    expression("in", "Redshift: IN condition"),
    expression("exists", "Redshift: EXISTS condition"),
    expression("subquery", "Redshift: Expressions"),
    expression("case", "Redshift: CASE"),
    expression("cast", "Redshift: CAST function"),
    expression("typed literal", "Redshift: Date, time, and timestamp literals"),
    expression("interval", "Redshift: Interval data types and literals"),
    expression("function", "Redshift: SQL functions reference"),
    expression("extract", "Redshift: EXTRACT function"),
    expression("at time zone", "Redshift: AT TIME ZONE"),
    expression("cte", "Redshift: WITH clause"),
    expression("recursive cte", "Redshift: WITH clause"),
    expression("set operation", "Redshift: UNION, INTERSECT, and EXCEPT"),
    expression("join", "Redshift: FROM clause"),
    expression("derived table", "Redshift: FROM clause"),
    expression("window", "Redshift: Window function syntax summary"),
    expression("row of values", "Redshift: IN condition"),
];
