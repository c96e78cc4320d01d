//! Functions that exist in Redshift, with how they are called here.

use super::{FunctionRule, Row, What};

/// How a function is written for PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// PostgreSQL's own function means the same.
    Native,
    /// `redshift_sys` has it under this name.
    Ours(&'static str),
    /// An aggregate of PostgreSQL's.
    Aggregate,
    /// An aggregate of `redshift_sys`.
    OurAggregate,
    /// An aggregate whose argument is taken as DOUBLE PRECISION.
    DoubleAggregate,
    /// A window function: needs OVER.
    Window,
    /// A window function that needs a frame where it has an order.
    FramedWindow,
    /// Without parentheses for PostgreSQL.
    Keyword,
    /// Written by hand.
    Special,
}

const STRING: &str = "Redshift: String functions";
const MATH: &str = "Redshift: Math functions";
const DATE: &str = "Redshift: Date and time functions";
const AGGREGATE: &str = "Redshift: Aggregate functions";
const WINDOW: &str = "Redshift: Window functions";
const SYSTEM: &str = "Redshift: System information functions";
const ADMINISTRATION: &str = "Redshift: System administration functions";
const CONDITIONAL: &str = "Redshift: Conditional expressions";
const FORMATTING: &str = "Redshift: Data type formatting functions";
const HASH: &str = "Redshift: Hash functions";
const LEADER: &str = "Redshift: Leader node-only functions";

const fn row(
    name: &'static str,
    least: usize,
    most: usize,
    form: Form,
    source: &'static str,
) -> Row {
    let rule = FunctionRule { arguments: (least, most), form, leader_only: false };
    Row { name, what: What::Function(rule), source }
}

const fn leader(name: &'static str, least: usize, most: usize, form: Form) -> Row {
    let rule = FunctionRule { arguments: (least, most), form, leader_only: true };
    Row { name, what: What::Function(rule), source: LEADER }
}

use Form::*;

/// Any number of arguments.
const MANY: usize = 1000;

/// Functions by name.
pub(super) const FUNCTIONS: &[Row] = &[
    row("coalesce", 1, MANY, Keyword, CONDITIONAL),
    row("nvl", 1, MANY, Keyword, CONDITIONAL),
    row("nvl2", 3, 3, Special, CONDITIONAL),
    row("nullif", 2, 2, Keyword, CONDITIONAL),
    row("greatest", 1, MANY, Keyword, CONDITIONAL),
    row("least", 1, MANY, Keyword, CONDITIONAL),
    row("abs", 1, 1, Native, MATH),
    row("ceil", 1, 1, Native, MATH),
    row("ceiling", 1, 1, Native, MATH),
    row("exp", 1, 1, Native, MATH),
    row("floor", 1, 1, Native, MATH),
    row("mod", 2, 2, Native, MATH),
    row("pow", 2, 2, Native, MATH),
    row("power", 2, 2, Native, MATH),
    row("random", 0, 0, Native, MATH),
    row("round", 1, 2, Native, MATH),
    row("sign", 1, 1, Native, MATH),
    row("sqrt", 1, 1, Native, MATH),
    row("ascii", 1, 1, Ours("ascii"), STRING),
    row("btrim", 1, 2, Ours("btrim"), STRING),
    row("char_length", 1, 1, Ours("len"), STRING),
    row("character_length", 1, 1, Ours("len"), STRING),
    row("charindex", 2, 2, Ours("charindex"), STRING),
    row("chr", 1, 1, Native, STRING),
    row("concat", 2, 2, Ours("concat"), STRING),
    row("initcap", 1, 1, Ours("initcap"), STRING),
    row("left", 2, 2, Ours("left"), STRING),
    row("len", 1, 1, Ours("len"), STRING),
    row("length", 1, 1, Ours("len"), STRING),
    row("lower", 1, 1, Ours("lower"), STRING),
    row("lpad", 3, 3, Ours("lpad"), STRING),
    row("ltrim", 1, 2, Ours("ltrim"), STRING),
    row("octet_length", 1, 1, Ours("octet_length"), STRING),
    row("regexp_replace", 2, 3, Special, STRING),
    row("repeat", 2, 2, Ours("repeat"), STRING),
    row("replace", 3, 3, Ours("replace"), STRING),
    row("replicate", 2, 2, Ours("repeat"), STRING),
    row("reverse", 1, 1, Ours("reverse"), STRING),
    row("right", 2, 2, Ours("right"), STRING),
    row("rpad", 3, 3, Ours("rpad"), STRING),
    row("rtrim", 1, 2, Ours("rtrim"), STRING),
    row("split_part", 3, 3, Ours("split_part"), STRING),
    row("strpos", 2, 2, Ours("strpos"), STRING),
    row("substr", 2, 3, Ours("substring"), STRING),
    row("substring", 2, 3, Ours("substring"), STRING),
    row("translate", 3, 3, Ours("translate"), STRING),
    row("trim", 1, 1, Ours("btrim"), STRING),
    row("upper", 1, 1, Ours("upper"), STRING),
    row("json_parse", 1, 1, Ours("json_parse"), "Redshift: JSON functions"),
    row("from_hex", 1, 1, Ours("from_hex"), STRING),
    row("md5", 1, 1, Ours("md5"), HASH),
    row("sha2", 2, 2, Ours("sha2"), HASH),
    row("to_char", 2, 2, Ours("to_char"), FORMATTING),
    row("to_date", 2, 2, Native, FORMATTING),
    row("to_number", 2, 2, Native, FORMATTING),
    row("to_timestamp", 2, 2, Native, DATE),
    row("convert_timezone", 2, 3, Ours("convert_timezone"), DATE),
    row("current_date", 0, 0, Keyword, DATE),
    row("date_add", 3, 3, Special, DATE),
    row("date_diff", 3, 3, Special, DATE),
    row("date_part", 2, 2, Special, DATE),
    row("date_trunc", 2, 2, Ours("date_trunc"), DATE),
    row("dateadd", 3, 3, Special, DATE),
    row("datediff", 3, 3, Special, DATE),
    row("getdate", 0, 0, Ours("getdate"), DATE),
    row("last_day", 1, 1, Ours("last_day"), DATE),
    row("sysdate", 0, 0, Special, DATE),
    row("avg", 1, 1, OurAggregate, AGGREGATE),
    row("bool_and", 1, 1, Aggregate, AGGREGATE),
    row("bool_or", 1, 1, Aggregate, AGGREGATE),
    row("count", 1, 1, Aggregate, AGGREGATE),
    row("listagg", 1, 2, Special, AGGREGATE),
    row("max", 1, 1, Aggregate, AGGREGATE),
    row("min", 1, 1, Aggregate, AGGREGATE),
    row("stddev", 1, 1, DoubleAggregate, AGGREGATE),
    row("stddev_pop", 1, 1, DoubleAggregate, AGGREGATE),
    row("stddev_samp", 1, 1, DoubleAggregate, AGGREGATE),
    row("sum", 1, 1, OurAggregate, AGGREGATE),
    row("var_pop", 1, 1, DoubleAggregate, AGGREGATE),
    row("var_samp", 1, 1, DoubleAggregate, AGGREGATE),
    row("variance", 1, 1, DoubleAggregate, AGGREGATE),
    row("cume_dist", 0, 0, Window, WINDOW),
    row("dense_rank", 0, 0, Window, WINDOW),
    row("first_value", 1, 1, FramedWindow, WINDOW),
    row("lag", 1, 2, Window, WINDOW),
    row("last_value", 1, 1, FramedWindow, WINDOW),
    row("lead", 1, 2, Window, WINDOW),
    row("nth_value", 2, 2, FramedWindow, WINDOW),
    row("ntile", 1, 1, Window, WINDOW),
    row("percent_rank", 0, 0, Window, WINDOW),
    row("rank", 0, 0, Window, WINDOW),
    row("row_number", 0, 0, Window, WINDOW),
    row("current_database", 0, 0, Ours("current_database"), SYSTEM),
    row("current_user", 0, 0, Keyword, SYSTEM),
    row("current_user_id", 0, 0, Special, SYSTEM),
    row("db_collation", 0, 0, Ours("db_collation"), SYSTEM),
    row("pg_backend_pid", 0, 0, Native, SYSTEM),
    row("pg_last_copy_count", 0, 0, Ours("pg_last_copy_count"), SYSTEM),
    row("pg_last_copy_id", 0, 0, Ours("pg_last_copy_id"), SYSTEM),
    row("pg_last_query_id", 0, 0, Ours("pg_last_query_id"), SYSTEM),
    row("session_user", 0, 0, Keyword, SYSTEM),
    row("user", 0, 0, Keyword, SYSTEM),
    row("version", 0, 0, Ours("version"), SYSTEM),
    row("pg_cancel_backend", 1, 1, Ours("pg_cancel_backend"), ADMINISTRATION),
    row("pg_terminate_backend", 1, 1, Ours("pg_terminate_backend"), ADMINISTRATION),
    leader("current_schema", 0, 0, Ours("current_schema")),
    leader("current_schemas", 1, 1, Native),
    leader("current_timestamp", 0, 0, Keyword),
    leader("has_database_privilege", 2, 3, Native),
    leader("has_schema_privilege", 2, 3, Native),
    leader("has_table_privilege", 2, 3, Native),
    leader("now", 0, 0, Native),
];
