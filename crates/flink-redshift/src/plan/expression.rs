//! The expressions that mean the same here and in Flink, and Flink's spellings of them.
//!
//! Casts and functions become calls of functions of our own, which have Flink's meaning; numbers
//! get Flink's types. The types of operands are checked later, on the plan.

use std::fmt::Display;

use arrow_redshift::types::FlinkType;
use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DataType, DateTimeField, DuplicateTreatment,
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName, Spanned, TrimWhereField, TypedString, UnaryOperator, Value, WindowSpec, WindowType,
    helpers::attached_token::AttachedToken,
};

use super::functions::{self, CAST, Kind, TRY_CAST};
use crate::{
    script::Problem,
    value::{
        pattern::Pattern,
        time::{self, Digits},
    },
};

/// A walk over one statement that rewrites it and gathers what it may not contain.
pub struct Rewrite {
    line: u64,
    problems: Vec<Problem>,
}

impl Rewrite {
    /// A walk over the statement that starts at this line.
    pub fn new(line: u64) -> Self {
        Rewrite { line, problems: Vec::new() }
    }

    /// What was found.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Notes a problem where something stands.
    pub fn problem(&mut self, at: &impl Spanned, message: impl Into<String>) {
        let line = match at.span().start.line {
            0 => self.line,
            line => line,
        };
        self.problems.push(Problem::new(line, message));
    }

    /// Refuses something by name where it stands.
    pub fn refuse(&mut self, at: &impl Spanned, what: impl Display) {
        self.problem(at, Problem::unsupported(0, what).message);
    }

    /// Refuses something whose place is not known better than by its statement.
    pub fn refuse_here(&mut self, what: impl Display) {
        self.problems.push(Problem::unsupported(self.line, what));
    }

    /// Checks and rewrites an expression.
    pub fn expression(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Identifier(_) => {}
            Expr::CompoundIdentifier(names) => {
                if names.len() > 2 {
                    self.refuse(&*expr, "a column name of more than two parts");
                }
            }
            Expr::Nested(inner)
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotUnknown(inner)
            | Expr::UnaryOp {
                op: UnaryOperator::Not | UnaryOperator::Minus | UnaryOperator::Plus,
                expr: inner,
            } => self.expression(inner),
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.expression(left);
                self.expression(right);
            }
            Expr::BinaryOp { left, op, right } => {
                if !operator(op) {
                    let what = format!("operator {op}");
                    self.refuse(&**right, what);
                }
                self.expression(left);
                self.expression(right);
            }
            Expr::Between { expr, low, high, .. } => {
                for part in [expr, low, high] {
                    self.expression(part);
                }
            }
            Expr::InList { expr, list, .. } => {
                self.expression(expr);
                list.iter_mut().for_each(|item| self.expression(item));
            }
            Expr::InSubquery { expr, subquery, negated } => {
                if *negated {
                    // With a NULL among its rows it is never true, which is rarely what is meant.
                    self.refuse(&**expr, "NOT IN (SELECT …)");
                }
                self.expression(expr);
                self.query(subquery);
            }
            Expr::Like { any: false, expr, pattern, escape_char: None, .. } => {
                self.expression(expr);
                self.pattern(pattern);
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                for part in operand.iter_mut().chain(else_result) {
                    self.expression(part);
                }
                for CaseWhen { condition, result } in conditions {
                    self.expression(condition);
                    self.expression(result);
                }
            }
            _ => self.replace(expr),
        }
    }

    /// Expressions that become others.
    fn replace(&mut self, expr: &mut Expr) {
        let new = match expr {
            Expr::Value(value) => match &value.value {
                Value::Number(text, false) => number(text),
                Value::SingleQuotedString(_) | Value::Boolean(_) | Value::Null => return,
                _ => return self.refuse(&*expr, format!("the literal {expr}")),
            },
            Expr::TypedString(text) => match self.typed(text) {
                Some(new) => new,
                None => return,
            },
            Expr::Cast {
                kind: kind @ (CastKind::Cast | CastKind::TryCast),
                expr: inner,
                data_type,
                array: false,
                format: None,
            } => {
                self.expression(inner);
                let name = if *kind == CastKind::Cast { CAST } else { TRY_CAST };
                match data_type.to_string().parse::<FlinkType>() {
                    Ok(to) => call(name, vec![take(inner), text(&to.to_string())]),
                    Err(error) => return self.problem(&**inner, error.message()),
                }
            }
            Expr::Extract { field, expr: inner, .. } => {
                self.expression(inner);
                match extract(field) {
                    Some(name) => call(name, vec![take(inner)]),
                    None => {
                        let what = format!("EXTRACT({field} FROM …)");
                        return self.refuse(&**inner, what);
                    }
                }
            }
            Expr::Ceil { expr: inner, field } | Expr::Floor { expr: inner, field }
                if *field != CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) =>
            {
                return self.refuse(&**inner, "CEIL or FLOOR to a unit");
            }
            Expr::Ceil { expr: inner, .. } => self.call("ceil", [Some(inner)]),
            Expr::Floor { expr: inner, .. } => self.call("floor", [Some(inner)]),
            Expr::Position { expr: what, r#in } => self.call("position", [Some(what), Some(r#in)]),
            Expr::Substring { expr: inner, substring_from: Some(from), substring_for, .. } => {
                self.call("substring", [Some(inner), Some(from), substring_for.as_mut()])
            }
            Expr::Trim { trim_where, trim_what, expr: inner, trim_characters: None } => {
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                    Some(TrimWhereField::Both) | None => "trim",
                };
                self.call(name, [Some(inner), trim_what.as_mut()])
            }
            Expr::Function(function) => match self.function(function) {
                Some(new) => new,
                None => return,
            },
            other => {
                let what = format!("the expression {other}");
                return self.refuse(&*other, what);
            }
        };
        *expr = new;
    }

    fn call<const N: usize>(&mut self, name: &str, args: [Option<&mut Box<Expr>>; N]) -> Expr {
        let args = args.into_iter().flatten().map(|arg| {
            self.expression(arg);
            take(arg)
        });
        call(name, args.collect())
    }

    /// A LIKE pattern: a literal, since a backslash escapes here and does not in Flink.
    fn pattern(&mut self, pattern: &mut Expr) {
        let literal = matches!(&*pattern, Expr::Value(value)
            if matches!(&value.value, Value::SingleQuotedString(text) if !text.contains('\\')));
        if !literal {
            self.refuse(&*pattern, "LIKE with a pattern that is no literal or has a backslash");
        }
    }

    /// The pattern of a date or time: a literal, so that it is known to mean the same.
    fn time_pattern(&mut self, pattern: &Expr) {
        let text = match pattern {
            Expr::Value(value) => match &value.value {
                Value::SingleQuotedString(text) => Some(text),
                _ => None,
            },
            _ => None,
        };
        match text.map(|text| Pattern::new(text)) {
            Some(Ok(_)) => {}
            Some(Err(message)) => self.problem(pattern, message),
            None => self.refuse(pattern, "a pattern of dates and times that is no literal"),
        }
    }

    fn typed(&mut self, literal: &TypedString) -> Option<Expr> {
        let Value::SingleQuotedString(value) = &literal.value.value else {
            self.refuse(&literal.value, format!("the literal {literal}"));
            return None;
        };
        let to = match &literal.data_type {
            DataType::Date => time::parse_date(value, Digits::Fixed).map(|_| FlinkType::Date),
            DataType::Timestamp(None, _) => {
                let digits = value.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                time::parse_timestamp(value, ' ', Digits::Fixed)
                    .map(|_| FlinkType::Timestamp(u8::try_from(digits).unwrap_or(9)))
            }
            other => {
                self.refuse(&literal.value, format!("a literal of type {other}"));
                return None;
            }
        };
        match to {
            Some(to) => Some(call(CAST, vec![text(value), text(&to.to_string())])),
            None => {
                let message = format!(
                    "{literal} is malformed: it must be DATE 'yyyy-MM-dd' or \
                     TIMESTAMP 'yyyy-MM-dd HH:mm:ss[.fraction]'"
                );
                self.problem(&literal.value, message);
                None
            }
        }
    }

    /// A call: of a function of the table, with as many arguments as it takes.
    fn function(&mut self, function: &mut Function) -> Option<Expr> {
        let name = function.name.to_string();
        let Some(row) = functions::find(&name) else {
            let hint = functions::nearest(&name)
                .map_or_else(String::new, |near| format!("; did you mean {near}?"));
            let message = Problem::unsupported(0, format!("function {}", name.to_uppercase()));
            self.problem(&*function, message.message + &hint);
            return None;
        };
        for (present, what) in [
            (function.uses_odbc_syntax, "the escape {fn …}"),
            (function.parameters != FunctionArguments::None, "a function with parameters"),
            (function.null_treatment.is_some(), "IGNORE or RESPECT NULLS"),
            (!function.within_group.is_empty(), "WITHIN GROUP"),
            (function.filter.is_some() && row.kind != Kind::Aggregate, "FILTER here"),
            (
                function.over.is_some() != (row.kind == Kind::Window),
                "OVER with this function, or this function without OVER",
            ),
        ] {
            if present {
                self.refuse(&*function, format!("{what} ({})", row.name));
                return None;
            }
        }
        let (mut args, star, distinct) = self.arguments(function, row.name)?;
        if !star && !row.args.contains(&args.len()) {
            let wanted = if row.args.start() == row.args.end() {
                row.args.start().to_string()
            } else {
                format!("{} to {}", row.args.start(), row.args.end())
            };
            let found = args.len();
            self.problem(&*function, format!("{} takes {wanted} arguments, not {found}", row.name));
            return None;
        }
        if (star || distinct) && row.name != "COUNT" {
            self.refuse(&*function, format!("{}(* or DISTINCT)", row.name));
            return None;
        }
        if ["DATE_FORMAT", "TO_DATE", "TO_TIMESTAMP"].contains(&row.name) {
            args.get(1).iter().for_each(|pattern| self.time_pattern(pattern));
        }
        args.iter_mut().for_each(|arg| self.expression(arg));
        match &mut function.over {
            Some(WindowType::WindowSpec(spec)) => self.window(spec),
            Some(WindowType::NamedWindow(_)) => self.refuse(&*function, "OVER with a named window"),
            None => {}
        }
        if let Some(condition) = &mut function.filter {
            self.expression(condition);
        }
        Some(match row.kind {
            Kind::Case(build) => build(args),
            Kind::Scalar(_) | Kind::Aggregate | Kind::Window => {
                let mut new = function.clone();
                new.name = lower(row.name);
                if !star {
                    new.args = arguments(args, distinct);
                }
                let counted = row.kind == Kind::Window;
                let new = Expr::Function(new);
                // The engine counts rows without a sign, Flink with BIGINT.
                if counted { cast(new, DataType::BigInt(None)) } else { new }
            }
        })
    }

    /// The arguments, whether they are `*`, and whether they are DISTINCT.
    fn arguments(&mut self, function: &Function, name: &str) -> Option<(Vec<Expr>, bool, bool)> {
        let list = match &function.args {
            FunctionArguments::None => return Some((Vec::new(), false, false)),
            FunctionArguments::List(list) if list.clauses.is_empty() => list,
            _ => {
                self.refuse(function, format!("these arguments of {name}"));
                return None;
            }
        };
        let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        let mut args = Vec::with_capacity(list.args.len());
        for arg in &list.args {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => args.push(expr.clone()),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if list.args.len() == 1 => {
                    return Some((args, true, distinct));
                }
                _ => {
                    self.refuse(function, format!("the argument {arg} of {name}"));
                    return None;
                }
            }
        }
        Some((args, false, distinct))
    }

    fn window(&mut self, spec: &mut WindowSpec) {
        if spec.window_name.is_some() || spec.window_frame.is_some() {
            self.refuse_here("OVER with a window's name or frame");
        }
        if spec.order_by.is_empty() {
            self.refuse_here("OVER without ORDER BY");
        }
        spec.partition_by.iter_mut().for_each(|expr| self.expression(expr));
        for item in &mut spec.order_by {
            self.order_item(item, false);
        }
    }
}

fn operator(op: &BinaryOperator) -> bool {
    use BinaryOperator as B;
    matches!(
        op,
        B::Plus
            | B::Minus
            | B::Multiply
            | B::Divide
            | B::Modulo
            | B::Eq
            | B::NotEq
            | B::Lt
            | B::LtEq
            | B::Gt
            | B::GtEq
            | B::And
            | B::Or
            | B::StringConcat
    )
}

/// The function that reads a field of a date or timestamp.
fn extract(field: &DateTimeField) -> Option<&'static str> {
    Some(match field {
        DateTimeField::Year => "year",
        DateTimeField::Quarter => "quarter",
        DateTimeField::Month => "month",
        DateTimeField::Week(None) => "week",
        DateTimeField::Day => "dayofmonth",
        DateTimeField::Dow => "dayofweek",
        DateTimeField::Doy => "dayofyear",
        DateTimeField::Hour => "hour",
        DateTimeField::Minute => "minute",
        DateTimeField::Second => "second",
        _ => return None,
    })
}

/// A number with Flink's type: INT where it fits, else BIGINT; DOUBLE with an exponent; else
/// DECIMAL, which the engine makes of it itself.
pub fn number(digits: &str) -> Expr {
    let literal = Value::Number(digits.into(), false).with_empty_span();
    if digits.contains(['e', 'E']) {
        return call(CAST, vec![text(digits), text("DOUBLE")]);
    }
    let data_type = if digits.contains('.') {
        return Expr::Value(literal);
    } else if digits.parse::<i32>().is_ok() {
        DataType::Int(None)
    } else if digits.parse::<i64>().is_ok() {
        DataType::BigInt(None)
    } else {
        return Expr::Value(literal);
    };
    cast(Expr::Value(literal), data_type)
}

/// A conversion by the engine itself.
fn cast(expr: Expr, data_type: DataType) -> Expr {
    let expr = Box::new(expr);
    Expr::Cast { kind: CastKind::Cast, expr, data_type, array: false, format: None }
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, null())
}

fn lower(name: &str) -> ObjectName {
    ObjectName::from(Ident::new(name.to_lowercase()))
}

fn text(value: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.into()).with_empty_span())
}

/// The literal NULL.
pub fn null() -> Expr {
    Expr::Value(Value::Null.with_empty_span())
}

/// `CASE WHEN condition THEN result … ELSE otherwise END`
pub fn case(conditions: Vec<CaseWhen>, otherwise: Expr) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions,
        else_result: Some(Box::new(otherwise)),
    }
}

fn arguments(args: Vec<Expr>, distinct: bool) -> FunctionArguments {
    FunctionArguments::List(FunctionArgumentList {
        duplicate_treatment: distinct.then_some(DuplicateTreatment::Distinct),
        args: args
            .into_iter()
            .map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)))
            .collect(),
        clauses: Vec::new(),
    })
}

/// A call of a function of our own, with numbers as Flink types them.
pub fn call(name: &str, args: Vec<Expr>) -> Expr {
    Expr::Function(Function {
        name: lower(name),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: arguments(args, false),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
