//! The functions that mean the same here and in Flink: one table. What is not in it is refused.

mod aggregate;
mod cast;
mod number;
mod scalar;
mod text;
mod time;

use std::{ops::RangeInclusive, sync::Arc};

use datafusion::{
    arrow::{array::ArrayRef, datatypes::DataType},
    error::Result,
    execution::session_state::SessionStateBuilder,
    functions_aggregate::{count::count_udaf, min_max::max_udaf, min_max::min_udaf},
    functions_window::{rank::dense_rank_udwf, rank::rank_udwf, row_number::row_number_udwf},
    logical_expr::{self, AggregateUDF, ScalarUDF},
};
use sqlparser::ast::{BinaryOperator, CaseWhen, Expr};

use arrow_redshift::types::FlinkType;

use super::{
    convert::Failure,
    expression::{case, null},
};

/// The internal name of CAST.
pub const CAST: &str = "flink_cast";
/// The internal name of TRY_CAST.
pub const TRY_CAST: &str = "flink_try_cast";

/// A function of Flink's that is known here.
pub struct Function {
    /// Flink's name.
    pub name: &'static str,
    /// How many arguments it takes.
    pub args: RangeInclusive<usize>,
    /// What it becomes.
    pub kind: Kind,
}

/// What a function becomes.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A function of our own, value by value.
    Scalar(Scalar),
    /// Another expression.
    Case(fn(Vec<Expr>) -> Expr),
    /// An aggregate.
    Aggregate,
    /// A function over a window.
    Window,
}

impl PartialEq for Kind {
    /// Whether both are of one sort; what they compute is not compared.
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// A function that computes each value from the values beside it.
#[derive(Clone, Copy)]
pub struct Scalar {
    /// The type of its result for the types of its arguments, or what it takes instead.
    pub check: fn(&[DataType]) -> Result<DataType, String>,
    /// Computes it, for arguments of such types and equal lengths.
    pub eval: fn(&[ArrayRef]) -> Result<ArrayRef>,
}

macro_rules! functions {
    ($( $name:literal $args:expr => $kind:expr; )+) => {
        /// Every function, by Flink's name.
        pub static FUNCTIONS: &[Function] = &[$( Function { name: $name, args: $args, kind: $kind }, )+];
    };
}

functions! {
    // Text
    "CHAR_LENGTH" 1..=1 => Kind::Scalar(text::CHAR_LENGTH);
    "CHARACTER_LENGTH" 1..=1 => Kind::Scalar(text::CHAR_LENGTH);
    "UPPER" 1..=1 => Kind::Scalar(text::UPPER);
    "LOWER" 1..=1 => Kind::Scalar(text::LOWER);
    "TRIM" 1..=1 => Kind::Scalar(text::TRIM);
    "LTRIM" 1..=1 => Kind::Scalar(text::LTRIM);
    "RTRIM" 1..=1 => Kind::Scalar(text::RTRIM);
    "SUBSTRING" 2..=3 => Kind::Scalar(text::SUBSTRING);
    "SUBSTR" 2..=3 => Kind::Scalar(text::SUBSTRING);
    "LEFT" 2..=2 => Kind::Scalar(text::LEFT);
    "RIGHT" 2..=2 => Kind::Scalar(text::RIGHT);
    "POSITION" 2..=2 => Kind::Scalar(text::POSITION);
    "REPLACE" 3..=3 => Kind::Scalar(text::REPLACE);
    "REVERSE" 1..=1 => Kind::Scalar(text::REVERSE);
    "CONCAT" 1..=64 => Kind::Scalar(text::CONCAT);
    "CONCAT_WS" 2..=64 => Kind::Scalar(text::CONCAT_WS);
    // Numbers
    "ABS" 1..=1 => Kind::Scalar(number::ABS);
    "CEIL" 1..=1 => Kind::Scalar(number::CEIL);
    "CEILING" 1..=1 => Kind::Scalar(number::CEIL);
    "FLOOR" 1..=1 => Kind::Scalar(number::FLOOR);
    "ROUND" 1..=2 => Kind::Scalar(number::ROUND);
    "MOD" 2..=2 => Kind::Case(modulo);
    // Dates and times
    "YEAR" 1..=1 => Kind::Scalar(time::YEAR);
    "QUARTER" 1..=1 => Kind::Scalar(time::QUARTER);
    "MONTH" 1..=1 => Kind::Scalar(time::MONTH);
    "WEEK" 1..=1 => Kind::Scalar(time::WEEK);
    "DAYOFYEAR" 1..=1 => Kind::Scalar(time::DAY_OF_YEAR);
    "DAYOFMONTH" 1..=1 => Kind::Scalar(time::DAY_OF_MONTH);
    "DAYOFWEEK" 1..=1 => Kind::Scalar(time::DAY_OF_WEEK);
    "HOUR" 1..=1 => Kind::Scalar(time::HOUR);
    "MINUTE" 1..=1 => Kind::Scalar(time::MINUTE);
    "SECOND" 1..=1 => Kind::Scalar(time::SECOND);
    "TO_DATE" 1..=2 => Kind::Scalar(time::TO_DATE);
    "TO_TIMESTAMP" 1..=2 => Kind::Scalar(time::TO_TIMESTAMP);
    "TO_TIMESTAMP_LTZ" 2..=2 => Kind::Scalar(time::TO_TIMESTAMP_LTZ);
    "DATE_FORMAT" 2..=2 => Kind::Scalar(time::DATE_FORMAT);
    "CURRENT_TIMESTAMP" 0..=0 => Kind::Case(time::now);
    "NOW" 0..=0 => Kind::Case(time::now);
    // Conditions
    "COALESCE" 1..=64 => Kind::Case(coalesce);
    "IFNULL" 2..=2 => Kind::Case(coalesce);
    "NULLIF" 2..=2 => Kind::Case(null_if);
    "IF" 3..=3 => Kind::Case(if_then_else);
    // Aggregates and windows
    "COUNT" 1..=1 => Kind::Aggregate;
    "SUM" 1..=1 => Kind::Aggregate;
    "MIN" 1..=1 => Kind::Aggregate;
    "MAX" 1..=1 => Kind::Aggregate;
    "AVG" 1..=1 => Kind::Aggregate;
    "ROW_NUMBER" 0..=0 => Kind::Window;
    "RANK" 0..=0 => Kind::Window;
    "DENSE_RANK" 0..=0 => Kind::Window;
}

/// The function of this name, in any letter case.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|row| row.name.eq_ignore_ascii_case(name))
}

/// The function whose name is most like this one, if one is.
pub fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_uppercase();
    FUNCTIONS
        .iter()
        .map(|row| (strsim::jaro_winkler(row.name, &name), row.name))
        .filter(|(likeness, _)| *likeness > 0.9)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, name)| name)
}

/// The result type of an internal function's call, or what it takes instead; `None` for functions
/// that are not in the table.
pub fn check(name: &str, args: &[DataType]) -> Option<Result<DataType, String>> {
    match find(name)?.kind {
        Kind::Scalar(scalar) => Some((scalar.check)(args)),
        _ => None,
    }
}

/// Gives a session these functions and no others.
pub fn install(builder: SessionStateBuilder, utc: bool) -> SessionStateBuilder {
    let mut scalars: Vec<Arc<ScalarUDF>> = FUNCTIONS
        .iter()
        .filter_map(|row| match row.kind {
            Kind::Scalar(function) => Some(scalar::udf(row.name, function)),
            _ => None,
        })
        .collect();
    scalars.extend(casts(utc));
    let aggregates: Vec<Arc<AggregateUDF>> =
        vec![count_udaf(), min_udaf(), max_udaf(), aggregate::sum(), aggregate::avg()];
    let windows = vec![row_number_udwf(), rank_udwf(), dense_rank_udwf()];
    builder
        .with_scalar_functions(scalars)
        .with_aggregate_functions(aggregates)
        .with_window_functions(windows)
}

/// CAST and TRY_CAST, for a session whose time zone is UTC or is not known.
pub fn casts(utc: bool) -> [Arc<ScalarUDF>; 2] {
    [cast::udf(CAST, Failure::Raise, utc), cast::udf(TRY_CAST, Failure::Null, utc)]
}

/// CAST of an expression where it is known to be possible.
pub fn cast_to(value: logical_expr::Expr, to: &FlinkType) -> logical_expr::Expr {
    let [cast, _] = casts(true);
    cast.call(vec![value, logical_expr::lit(to.to_string())])
}

pub use aggregate::check as check_aggregate;
pub use cast::{allowed as cast_allowed, implicit};

fn modulo(args: Vec<Expr>) -> Expr {
    binary(BinaryOperator::Modulo, args)
}

fn binary(op: BinaryOperator, args: Vec<Expr>) -> Expr {
    let mut args = args.into_iter().map(|arg| Box::new(Expr::Nested(Box::new(arg))));
    let (left, right) = (args.next(), args.next());
    match (left, right) {
        (Some(left), Some(right)) => Expr::Nested(Box::new(Expr::BinaryOp { left, op, right })),
        _ => null(),
    }
}

/// `COALESCE(a, b, c)`: the first that is not NULL.
fn coalesce(mut args: Vec<Expr>) -> Expr {
    let Some(last) = args.pop() else { return null() };
    if args.is_empty() {
        return last;
    }
    let conditions = args
        .into_iter()
        .map(|arg| CaseWhen { condition: Expr::IsNotNull(Box::new(arg.clone())), result: arg })
        .collect();
    case(conditions, last)
}

/// `NULLIF(a, b)`: a, unless it equals b.
fn null_if(args: Vec<Expr>) -> Expr {
    let first = args.first().cloned().unwrap_or_else(null);
    let condition = binary(BinaryOperator::Eq, args);
    case(vec![CaseWhen { condition, result: null() }], first)
}

/// `IF(condition, a, b)`
fn if_then_else(args: Vec<Expr>) -> Expr {
    let mut args = args.into_iter();
    match (args.next(), args.next(), args.next()) {
        (Some(condition), Some(result), Some(otherwise)) => {
            case(vec![CaseWhen { condition, result }], otherwise)
        }
        _ => null(),
    }
}

#[cfg(test)]
mod tests {
    use super::FUNCTIONS;

    #[test]
    fn every_function_is_documented_and_tested() {
        let docs = include_str!("../../../../../docs/sql.md");
        let tests = [
            include_str!("../../../tests/sql/functions.sql"),
            include_str!("../../../tests/sql/operators.sql"),
            include_str!("../../../tests/sql/queries.sql"),
        ];
        for row in FUNCTIONS {
            assert!(docs.contains(&format!("`{}", row.name)), "docs/sql.md lacks {}", row.name);
            let called = |text: &str| {
                text.contains(&format!("{}(", row.name))
                    || text.contains(&format!("{} IS", row.name))
            };
            assert!(tests.iter().any(|text| called(text)), "no script calls {}", row.name);
        }
    }

    #[test]
    fn no_function_is_there_twice() {
        for (index, row) in FUNCTIONS.iter().enumerate() {
            assert!(FUNCTIONS[..index].iter().all(|other| other.name != row.name), "{}", row.name);
            assert_eq!(row.name, row.name.to_uppercase());
        }
    }
}
