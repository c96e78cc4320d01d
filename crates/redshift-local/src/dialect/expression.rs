//! Expressions.

use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType, DateTimeField, Expr, Ident, Interval, Query,
    TrimWhereField, UnaryOperator, Value, ValueWithSpan,
};

use super::{
    action::Refusal,
    check::{Check, Written},
    function, modelled, names, types,
};
use crate::copy::target::ColumnType;

impl Check<'_> {
    /// An expression.
    pub fn expression(&mut self, expr: &Expr) -> Written {
        self.nested(|check| check.expression_here(expr))
    }

    fn expression_here(&mut self, expr: &Expr) -> Written {
        match expr {
            Expr::Identifier(ident) => self.word(ident),
            Expr::CompoundIdentifier(idents) => self.column(idents),
            Expr::Value(value) => {
                self.has_parameters |= matches!(value.value, Value::Placeholder(_));
                literal(value)
            }
            Expr::Nested(inner) => self.grouped("parentheses", inner),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::BinaryOp { left, op, right } => self.chain(left, op, right),
            Expr::Between { expr, negated, low, high } => self.between(expr, *negated, low, high),
            Expr::Like { .. } | Expr::ILike { .. } | Expr::SimilarTo { .. } => self.pattern(expr),
            Expr::IsNull(inner) => self.test("null test", inner, "IS NULL"),
            Expr::IsNotNull(inner) => self.test("null test", inner, "IS NOT NULL"),
            Expr::IsTrue(inner) => self.test("truth test", inner, "IS TRUE"),
            Expr::IsNotTrue(inner) => self.test("truth test", inner, "IS NOT TRUE"),
            Expr::IsFalse(inner) => self.test("truth test", inner, "IS FALSE"),
            Expr::IsNotFalse(inner) => self.test("truth test", inner, "IS NOT FALSE"),
            Expr::IsUnknown(inner) => self.test("truth test", inner, "IS UNKNOWN"),
            Expr::IsNotUnknown(inner) => self.test("truth test", inner, "IS NOT UNKNOWN"),
            Expr::InList { expr, list, negated } => {
                modelled::expression("in")?;
                let list = self.expressions(list)?;
                self.membership(expr, *negated, list)
            }
            Expr::InSubquery { expr, subquery, negated } => {
                modelled::expression("in")?;
                let query = self.subquery(subquery)?;
                self.membership(expr, *negated, query)
            }
            Expr::Exists { subquery, negated } => {
                modelled::expression("exists")?;
                let query = self.subquery(subquery)?;
                Ok(format!("{}EXISTS ({query})", if *negated { "NOT " } else { "" }))
            }
            Expr::Subquery(query) => {
                modelled::expression("subquery")?;
                Ok(format!("({})", self.subquery(query)?))
            }
            Expr::Tuple(list) => {
                modelled::expression("row of values")?;
                Ok(format!("({})", self.expressions(list)?))
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                expr,
                data_type,
                array,
                format,
            } => {
                if *array || format.is_some() {
                    return Err(Refusal::not_modelled("CAST with ARRAY or FORMAT"));
                }
                self.cast(expr, data_type)
            }
            Expr::Cast { .. } => Err(Refusal::not_modelled("TRY_CAST")),
            Expr::Convert {
                is_try: false,
                expr,
                data_type: Some(data_type),
                charset: None,
                styles,
                ..
            } if styles.is_empty() => self.cast(expr, data_type),
            Expr::TypedString(typed) if !typed.uses_odbc_syntax => {
                modelled::expression("typed literal")?;
                let column_type = self.data_type(&typed.data_type)?;
                if matches!(column_type, ColumnType::Super | ColumnType::VarByte(_)) {
                    let name = types::label(column_type);
                    return Err(Refusal::not_modelled(format!("a literal of type {name}")));
                }
                let storage = types::storage(column_type);
                Ok(format!("{}::{storage}", literal(&typed.value)?))
            }
            Expr::Interval(interval) => self.interval(interval),
            Expr::AtTimeZone { timestamp, time_zone } => {
                modelled::expression("at time zone")?;
                let (timestamp, zone) = (self.expression(timestamp)?, self.expression(time_zone)?);
                Ok(format!("({timestamp} AT TIME ZONE {zone})"))
            }
            Expr::Extract { field, expr, .. } => {
                modelled::expression("extract")?;
                let field = extract_field(field)?;
                Ok(format!("redshift_sys.date_part('{field}', {})", self.expression(expr)?))
            }
            Expr::Ceil { expr, field } => self.rounding("ceil", expr, field),
            Expr::Floor { expr, field } => self.rounding("floor", expr, field),
            Expr::Position { expr, r#in } => {
                let (sought, text) = (self.expression(expr)?, self.expression(r#in)?);
                Ok(format!("redshift_sys.strpos({text}, {sought})"))
            }
            Expr::Substring { expr, substring_from: Some(from), substring_for, .. } => {
                let mut arguments = vec![self.expression(expr)?, self.expression(from)?];
                if let Some(length) = substring_for {
                    arguments.push(self.expression(length)?);
                }
                Ok(format!("redshift_sys.substring({})", arguments.join(", ")))
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters: None } => {
                self.trim(trim_where.as_ref(), trim_what.as_deref(), expr)
            }
            Expr::Function(call) => self.call(call),
            Expr::Array(_) | Expr::CompoundFieldAccess { .. } => {
                Err(Refusal::unsupported("arrays are not supported"))
            }
            _ => Err(Refusal::not_modelled("this kind of expression")),
        }
    }

    /// A word: a column, or a function that is called without parentheses.
    fn word(&mut self, ident: &Ident) -> Written {
        if ident.quote_style.is_none()
            && let Some(written) = function::without_parentheses(self, &ident.value)?
        {
            return Ok(written);
        }
        self.column(std::slice::from_ref(ident))
    }

    fn grouped(&mut self, kind: &str, inner: &Expr) -> Written {
        modelled::expression(kind)?;
        Ok(format!("({})", self.expression(inner)?))
    }

    fn unary(&mut self, op: UnaryOperator, expr: &Expr) -> Written {
        let (kind, symbol) = match op {
            UnaryOperator::Not => ("logic", "NOT "),
            UnaryOperator::Minus => ("arithmetic", "- "),
            UnaryOperator::Plus => ("arithmetic", "+ "),
            other => return Err(Refusal::not_modelled(format!("operator {other}"))),
        };
        modelled::expression(kind)?;
        Ok(format!("({symbol}{})", self.expression(expr)?))
    }

    /// A binary operation. Long chains of one operator lean to the left and are walked without
    /// going deeper.
    fn chain(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Written {
        let mut operands = vec![right];
        let mut first = left;
        while let Expr::BinaryOp { left, op: inner, right } = first {
            if inner != op {
                break;
            }
            operands.push(right);
            first = left;
        }
        let mut written = self.expression(first)?;
        for operand in operands.into_iter().rev() {
            let operand = self.expression(operand)?;
            written = binary(written, op, operand)?;
        }
        Ok(match op {
            BinaryOperator::StringConcat => written,
            _ => format!("({written})"),
        })
    }

    fn between(&mut self, expr: &Expr, negated: bool, low: &Expr, high: &Expr) -> Written {
        modelled::expression("between")?;
        let (expr, low, high) =
            (self.expression(expr)?, self.expression(low)?, self.expression(high)?);
        let not = if negated { "NOT " } else { "" };
        Ok(format!("({expr} {not}BETWEEN {low} AND {high})"))
    }

    fn pattern(&mut self, expr: &Expr) -> Written {
        modelled::expression("pattern")?;
        let (negated, expr, pattern, escape, operator) = match expr {
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                (negated, expr, pattern, escape_char, "LIKE")
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char } => {
                (negated, expr, pattern, escape_char, "ILIKE")
            }
            Expr::SimilarTo { negated, expr, pattern, escape_char } => {
                (negated, expr, pattern, escape_char, "SIMILAR TO")
            }
            _ => return Err(Refusal::not_modelled("LIKE ANY")),
        };
        let not = if *negated { "NOT " } else { "" };
        let (expr, pattern) = (self.expression(expr)?, self.expression(pattern)?);
        let escape = match escape {
            Some(escape) => format!(" ESCAPE {}", literal(escape)?),
            None => String::new(),
        };
        Ok(format!("({expr} {not}{operator} {pattern}{escape})"))
    }

    fn test(&mut self, kind: &str, inner: &Expr, test: &str) -> Written {
        modelled::expression(kind)?;
        Ok(format!("({} {test})", self.expression(inner)?))
    }

    fn membership(&mut self, expr: &Expr, negated: bool, within: String) -> Written {
        let not = if negated { "NOT " } else { "" };
        Ok(format!("({} {not}IN ({within}))", self.expression(expr)?))
    }

    /// A query inside an expression.
    fn subquery(&mut self, query: &Query) -> Written {
        if !self.rows_allowed {
            return Err(Refusal::new("0A000", "cannot use subquery here"));
        }
        self.query(query)
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Written {
        modelled::expression("case")?;
        let mut written = String::from("CASE");
        if let Some(operand) = operand {
            written.push_str(&format!(" {}", self.expression(operand)?));
        }
        for CaseWhen { condition, result } in conditions {
            let (condition, result) = (self.expression(condition)?, self.expression(result)?);
            written.push_str(&format!(" WHEN {condition} THEN {result}"));
        }
        if let Some(otherwise) = otherwise {
            written.push_str(&format!(" ELSE {}", self.expression(otherwise)?));
        }
        Ok(written + " END")
    }

    fn cast(&mut self, expr: &Expr, data_type: &DataType) -> Written {
        modelled::expression("cast")?;
        let column_type = self.data_type(data_type)?;
        if matches!(column_type, ColumnType::Super | ColumnType::VarByte(_)) {
            let name = types::label(column_type);
            return Err(Refusal::not_modelled(format!("CAST to {name}")));
        }
        let storage = types::storage(column_type);
        Ok(format!("CAST({} AS {storage})", self.expression(expr)?))
    }

    /// The Redshift type that a syntax tree's type stands for.
    pub fn data_type(&self, data_type: &DataType) -> Result<ColumnType, Refusal> {
        types::parse_whole(&data_type.to_string(), self.settings)
    }

    fn interval(&mut self, interval: &Interval) -> Written {
        modelled::expression("interval")?;
        let Interval {
            value,
            leading_field,
            leading_precision,
            last_field,
            fractional_seconds_precision,
        } = interval;
        if leading_precision.is_some()
            || last_field.is_some()
            || fractional_seconds_precision.is_some()
        {
            return Err(Refusal::not_modelled("INTERVAL with a precision or a range of fields"));
        }
        let Expr::Value(value) = value.as_ref() else {
            return Err(Refusal::not_modelled("INTERVAL of an expression"));
        };
        let unit = match leading_field {
            Some(field) => format!(" {}", extract_field(field)?),
            None => String::new(),
        };
        Ok(format!("(INTERVAL {}{unit})", literal(value)?))
    }

    fn rounding(
        &mut self,
        name: &str,
        expr: &Expr,
        field: &sqlparser::ast::CeilFloorKind,
    ) -> Written {
        use sqlparser::ast::CeilFloorKind::DateTimeField as Field;
        match field {
            Field(DateTimeField::NoDateTime) => {
                Ok(format!("pg_catalog.{name}({})", self.expression(expr)?))
            }
            _ => Err(Refusal::not_modelled(format!("{} with a field", name.to_uppercase()))),
        }
    }

    fn trim(&mut self, side: Option<&TrimWhereField>, what: Option<&Expr>, expr: &Expr) -> Written {
        let name = match side {
            None | Some(TrimWhereField::Both) => "btrim",
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
        };
        let mut arguments = vec![self.expression(expr)?];
        if let Some(what) = what {
            arguments.push(self.expression(what)?);
        }
        Ok(format!("redshift_sys.{name}({})", arguments.join(", ")))
    }
}

/// A literal, or a parameter.
pub(crate) fn literal(value: &ValueWithSpan) -> Written {
    match &value.value {
        Value::Placeholder(parameter) => {
            modelled::expression("parameter")?;
            Ok(parameter.clone())
        }
        other => {
            modelled::expression("literal")?;
            match other {
                Value::Number(digits, false) => Ok(digits.clone()),
                Value::SingleQuotedString(text) => Ok(names::literal(text)),
                Value::Boolean(true) => Ok("TRUE".into()),
                Value::Boolean(false) => Ok("FALSE".into()),
                Value::Null => Ok("NULL".into()),
                _ => Err(Refusal::not_modelled("this kind of literal")),
            }
        }
    }
}

fn binary(left: String, op: &BinaryOperator, right: String) -> Written {
    let (kind, symbol) = match op {
        BinaryOperator::StringConcat => {
            modelled::expression("concatenation")?;
            return Ok(format!("redshift_sys.concat({left}, {right})"));
        }
        BinaryOperator::Plus => ("arithmetic", "+"),
        BinaryOperator::Minus => ("arithmetic", "-"),
        BinaryOperator::Multiply => ("arithmetic", "*"),
        BinaryOperator::Divide => ("arithmetic", "/"),
        BinaryOperator::Modulo => ("arithmetic", "%"),
        BinaryOperator::BitwiseAnd => ("bitwise", "&"),
        BinaryOperator::BitwiseOr => ("bitwise", "|"),
        BinaryOperator::PGBitwiseShiftLeft => ("bitwise", "<<"),
        BinaryOperator::PGBitwiseShiftRight => ("bitwise", ">>"),
        BinaryOperator::Eq => ("comparison", "="),
        BinaryOperator::NotEq => ("comparison", "<>"),
        BinaryOperator::Lt => ("comparison", "<"),
        BinaryOperator::LtEq => ("comparison", "<="),
        BinaryOperator::Gt => ("comparison", ">"),
        BinaryOperator::GtEq => ("comparison", ">="),
        BinaryOperator::And => ("logic", "AND"),
        BinaryOperator::Or => ("logic", "OR"),
        BinaryOperator::PGRegexMatch => ("pattern", "~"),
        BinaryOperator::PGRegexNotMatch => ("pattern", "!~"),
        other => return Err(Refusal::not_modelled(format!("operator {other}"))),
    };
    modelled::expression(kind)?;
    Ok(format!("{left} {symbol} {right}"))
}

fn extract_field(field: &DateTimeField) -> Result<&'static str, Refusal> {
    function::date_part(&field.to_string())
        .ok_or_else(|| Refusal::not_modelled(format!("date part {field}")))
}
