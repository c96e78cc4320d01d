//! Operand types: what the engine would convert on its own is let through only where Flink converts
//! it in the same way.

use datafusion::{
    arrow::datatypes::DataType,
    common::{
        Column, DFSchema, Spans,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    error::Result,
    logical_expr::{
        Between, BinaryExpr, Distinct, Expr, ExprSchemable, Like, LogicalPlan, Operator,
        WindowFunctionDefinition,
        expr::{AggregateFunction, Case, InList, ScalarFunction},
    },
    scalar::ScalarValue,
};

use super::{
    functions,
    types::{Class, carries, declared, sql_name},
};
use crate::{
    script::Problem,
    value::time::{self, Digits},
};

/// Checks a query's plan before the engine's own conversions are added to it, save for the parts
/// that are `checked` and converted already; `line` is where its statement starts, for expressions
/// that name no column.
pub fn check(plan: &LogicalPlan, checked: &[LogicalPlan], line: u64, utc: bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    let walked = plan.apply_with_subqueries(|node| {
        if checked.contains(node) {
            return Ok(TreeNodeRecursion::Jump);
        }
        let schema = input_schema(node)?;
        let checker = Checker { schema: &schema, utc };
        if let Err(message) = checker.node(node) {
            problems.push(Problem::new(line, message));
        }
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                if let Err(message) = checker.expression(part) {
                    problems.push(Problem::new(line_of(expr).unwrap_or(line), message));
                    return Ok(TreeNodeRecursion::Jump);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    if let Err(error) = walked {
        problems.push(Problem::new(line, error.strip_backtrace()));
    }
    problems
}

/// The columns that a node's expressions can name.
fn input_schema(node: &LogicalPlan) -> Result<DFSchema> {
    let mut schema = DFSchema::empty();
    for input in node.inputs() {
        schema.merge(input.schema());
    }
    Ok(schema)
}

/// The line of the first column that an expression names.
fn line_of(expr: &Expr) -> Option<u64> {
    let mut line = None;
    // The closure never fails.
    let _ = expr.apply(|part| {
        if let Expr::Column(Column { spans: Spans(spans), .. }) = part
            && let Some(span) = spans.first()
        {
            line = Some(span.start.line);
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    line
}

struct Checker<'a> {
    schema: &'a DFSchema,
    utc: bool,
}

impl Checker<'_> {
    fn node(&self, node: &LogicalPlan) -> Result<(), String> {
        match node {
            LogicalPlan::Union(union) => {
                let mut inputs = union.inputs.iter();
                let Some(first) = inputs.next() else { return Ok(()) };
                for other in inputs {
                    for (left, right) in first.schema().fields().iter().zip(other.schema().fields())
                    {
                        let carried = Class::of(left.data_type()) == Class::Carried;
                        if !(carried && declared(left).is_some_and(|to| carries(right, &to))) {
                            let classes = [left.data_type().into(), right.data_type().into()];
                            one_type("UNION", &classes)?;
                        }
                    }
                }
                Ok(())
            }
            LogicalPlan::Aggregate(aggregate) => self.compared("GROUP BY", &aggregate.group_expr),
            LogicalPlan::Sort(sort) => {
                self.compared("ORDER BY", sort.expr.iter().map(|key| &key.expr))
            }
            LogicalPlan::Join(join) => {
                self.compared("JOIN … ON", join.on.iter().flat_map(|(left, right)| [left, right]))
            }
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let columns = input.schema().columns().into_iter().map(Expr::Column);
                self.compared("DISTINCT", &columns.collect::<Vec<_>>())
            }
            LogicalPlan::Values(values) => {
                for column in 0..values.values.first().map_or(0, Vec::len) {
                    let types = values.values.iter().map(|row| self.written(&row[column]));
                    let types = types.collect::<Result<Vec<_>, _>>()?;
                    if types.contains(&Class::Null) {
                        return Err("NULL alone has no type: write CAST(NULL AS type)".into());
                    }
                    one_type("VALUES", &types)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn expression(&self, expr: &Expr) -> Result<(), String> {
        match expr {
            Expr::Column(_)
            | Expr::OuterReferenceColumn(..)
            | Expr::Alias(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_) => Ok(()),
            #[expect(deprecated, reason = "the planner still makes it for COUNT(*)")]
            Expr::Wildcard { .. } => Ok(()),
            Expr::Literal(value, _) => match Class::of(&value.data_type()) {
                Class::Other => Err(format!("the number {value} is too large")),
                _ => Ok(()),
            },
            Expr::Not(inner)
            | Expr::IsTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsNotUnknown(inner) => self.boolean(inner),
            Expr::Negative(inner) => match self.class(inner)? {
                class if class.is_number() => Ok(()),
                _ => Err(self.says("-", &[inner])),
            },
            Expr::BinaryExpr(binary) => self.binary(binary),
            Expr::Between(Between { expr, low, high, .. }) => {
                self.comparison("BETWEEN", expr, low)?;
                self.comparison("BETWEEN", expr, high)
            }
            Expr::InList(InList { expr, list, .. }) => {
                list.iter().try_for_each(|item| self.comparison("IN", expr, item))
            }
            Expr::InSubquery(query) => {
                let found = query.subquery.subquery.schema().field(0).data_type().into();
                one_type("IN (SELECT …)", &[self.class(&query.expr)?, found])
            }
            Expr::Like(Like { expr, pattern, .. }) => {
                match (self.class(expr)?, self.class(pattern)?) {
                    (Class::Text, Class::Text) => Ok(()),
                    _ => Err(self.says("LIKE", &[expr, pattern])),
                }
            }
            Expr::Case(case) => self.case(case),
            // Only numbers are cast by the engine, literals and the rows of VALUES among them, and
            // those rows' timestamps to one precision: every CAST of the script is a function.
            Expr::Cast(cast)
                if matches!(*cast.expr, Expr::Literal(..))
                    || self.data_type(&cast.expr)? == DataType::UInt64
                    || self.class(&cast.expr)?.is_number()
                    || self.class(&cast.expr)? == Class::of(cast.field.data_type()) =>
            {
                Ok(())
            }
            Expr::ScalarFunction(call) => self.function(call),
            Expr::AggregateFunction(call) => self.aggregate(call),
            Expr::WindowFunction(window) => match &window.fun {
                WindowFunctionDefinition::WindowUDF(_) => {
                    let keys = window.params.order_by.iter().map(|key| &key.expr);
                    self.compared("OVER", keys.chain(&window.params.partition_by))
                }
                WindowFunctionDefinition::AggregateUDF(function) => Err(format!(
                    "{} OVER (…) is not supported here",
                    function.name().to_uppercase()
                )),
            },
            other => Err(format!("the expression {other} is not supported here")),
        }
    }

    fn binary(&self, BinaryExpr { left, op, right }: &BinaryExpr) -> Result<(), String> {
        use Operator as O;
        match op {
            O::And | O::Or => {
                self.boolean(left)?;
                self.boolean(right)
            }
            O::Eq
            | O::NotEq
            | O::Lt
            | O::LtEq
            | O::Gt
            | O::GtEq
            | O::IsDistinctFrom
            | O::IsNotDistinctFrom => self.comparison(&op.to_string(), left, right),
            O::StringConcat => match (self.class(left)?, self.class(right)?) {
                (Class::Text, Class::Text) => Ok(()),
                _ => Err(self.says("||", &[left, right]) + ": CAST them AS STRING"),
            },
            O::Plus | O::Minus | O::Multiply | O::Divide | O::Modulo => {
                self.arithmetic(*op, left, right)
            }
            other => Err(format!("operator {other} is not supported here")),
        }
    }

    fn arithmetic(&self, op: Operator, left: &Expr, right: &Expr) -> Result<(), String> {
        use Class::{Decimal, Double, Float, Integer};
        match (self.class(left)?, self.class(right)?) {
            (Integer(_), Integer(_)) => Ok(()),
            _ if op == Operator::Modulo => {
                Err(self.says("%", &[left, right]) + ": only whole numbers are divided so")
            }
            (Double, Double | Integer(_) | Decimal(..)) | (Integer(_) | Decimal(..), Double) => {
                Ok(())
            }
            (Float, Float) => Ok(()),
            (Decimal(..), Decimal(..) | Integer(_)) | (Integer(_), Decimal(..))
                if op == Operator::Divide =>
            {
                Err(self.says("/", &[left, right]) + ": CAST one of them AS DOUBLE")
            }
            (left_class @ (Decimal(..) | Integer(_)), right_class @ (Decimal(..) | Integer(_))) => {
                if decimal_digits(op, left_class, right_class) <= 38 {
                    return Ok(());
                }
                Err(self.says(&op.to_string(), &[left, right])
                    + ": the result can have more than 38 digits; CAST to narrower DECIMALs")
            }
            _ => Err(self.says(&op.to_string(), &[left, right]) + ": CAST to one type first"),
        }
    }

    fn comparison(&self, name: &str, left: &Expr, right: &Expr) -> Result<(), String> {
        use Class::{Decimal, Double, Float, Integer};
        let (left_class, right_class) = (self.class(left)?, self.class(right)?);
        let ok = match (left_class, right_class) {
            (Integer(_) | Decimal(..), Integer(_) | Decimal(..) | Double) => true,
            (Double, Integer(_) | Decimal(..) | Double | Float) | (Float, Double) => true,
            (class, Class::Text) if class.is_temporal() => moment(class, right),
            (Class::Text, class) if class.is_temporal() => moment(class, left),
            (Class::Null, _) | (_, Class::Null) => {
                return Err("a comparison with NULL is never true: write IS NULL".into());
            }
            (left, right) => left == right && !matches!(left, Class::Carried | Class::Other),
        };
        if ok { Ok(()) } else { Err(self.says(name, &[left, right]) + ": CAST one of them") }
    }

    fn case(&self, case: &Case) -> Result<(), String> {
        for (when, _) in &case.when_then_expr {
            match &case.expr {
                Some(operand) => self.comparison("CASE … WHEN", operand, when)?,
                None => self.boolean(when)?,
            }
        }
        let results = case.when_then_expr.iter().map(|(_, then)| &**then);
        let classes = results
            .chain(case.else_expr.as_deref())
            .map(|result| self.class(result))
            .collect::<Result<Vec<_>, _>>()?;
        one_type("CASE", &classes)
    }

    fn function(&self, call: &ScalarFunction) -> Result<(), String> {
        let name = call.name();
        if name == functions::CAST || name == functions::TRY_CAST {
            let from = self.data_type(&call.args[0])?;
            let Some(Expr::Literal(ScalarValue::Utf8(Some(to)), _)) = call.args.get(1) else {
                return Err("CAST without a type".into());
            };
            let to = to.parse().map_err(|error: arrow_redshift::Error| error.to_string())?;
            return functions::cast_allowed(&from, &to, self.utc);
        }
        let types =
            call.args.iter().map(|arg| self.data_type(arg)).collect::<Result<Vec<_>, _>>()?;
        match functions::check(name, &types) {
            Some(Ok(_)) => Ok(()),
            Some(Err(message)) => Err(format!("{} {message}", name.to_uppercase())),
            None => Err(format!("function {name} is not supported here")),
        }
    }

    fn aggregate(&self, call: &AggregateFunction) -> Result<(), String> {
        let name = call.func.name();
        let Some(arg) = call.params.args.first() else { return Ok(()) };
        if call.params.distinct {
            self.compared(&format!("{}(DISTINCT …)", name.to_uppercase()), [arg])?;
        }
        match name {
            "sum" | "avg" => functions::check_aggregate(name, &self.data_type(arg)?).map(|_| ()),
            "min" | "max" => match self.class(arg)? {
                Class::Boolean | Class::Null | Class::Carried | Class::Other => {
                    Err(self.says(name, &[arg]))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// What has to compare values, which those that are only carried are not asked for.
    fn compared<'a>(
        &self,
        name: &str,
        keys: impl IntoIterator<Item = &'a Expr>,
    ) -> Result<(), String> {
        for key in keys {
            if self.class(key)? == Class::Carried {
                return Err(self.says(name, &[key]));
            }
        }
        Ok(())
    }

    fn boolean(&self, expr: &Expr) -> Result<(), String> {
        match self.class(expr)? {
            Class::Boolean => Ok(()),
            _ => Err(self.says("a condition", &[expr])),
        }
    }

    /// The class of a value in VALUES as it was written: the planner casts the rows to one type
    /// before anybody can look, a NULL too.
    fn written(&self, expr: &Expr) -> Result<Class, String> {
        match expr {
            Expr::Literal(value, _) if value.is_null() => Ok(Class::Null),
            Expr::Cast(cast) if !is_int(expr) => self.class(&cast.expr),
            _ => self.class(expr),
        }
    }

    fn class(&self, expr: &Expr) -> Result<Class, String> {
        self.data_type(expr).map(|data_type| Class::of(&data_type))
    }

    fn data_type(&self, expr: &Expr) -> Result<DataType, String> {
        expr.get_type(self.schema).map_err(|error| error.strip_backtrace())
    }

    /// "`name` of TYPE and TYPE is not supported here"
    fn says(&self, name: &str, operands: &[&Expr]) -> String {
        let types: Vec<String> = operands
            .iter()
            .map(|operand| self.data_type(operand).map_or_else(|_| "?".into(), |t| sql_name(&t)))
            .collect();
        format!("{name} with {} is not supported here", types.join(" and "))
    }
}

/// Whether an expression is a literal of the script that is an INT: the parser has BIGINTs only.
fn is_int(expr: &Expr) -> bool {
    let Expr::Cast(cast) = expr else { return false };
    *cast.field.data_type() == DataType::Int32
        && matches!(*cast.expr, Expr::Literal(ScalarValue::Int64(_), _))
}

/// Digits that a sum, difference or product can have.
fn decimal_digits(op: Operator, left: Class, right: Class) -> u32 {
    let parts = |class| match class {
        Class::Decimal(precision, scale) => (u32::from(precision), u32::from(scale)),
        Class::Integer(digits) => (u32::from(digits), 0),
        _ => (u32::MAX / 4, 0),
    };
    let ((p1, s1), (p2, s2)) = (parts(left), parts(right));
    match op {
        Operator::Multiply => p1 + p2 + 1,
        _ => (p1 - s1).max(p2 - s2) + s1.max(s2) + 1,
    }
}

/// Whether values of these classes come together as one type in the same way in both engines.
fn one_type(name: &str, classes: &[Class]) -> Result<(), String> {
    let known = || classes.iter().filter(|class| **class != Class::Null);
    let exact = |class: &Class| matches!(class, Class::Integer(_) | Class::Decimal(..));
    let Some(first) = known().next() else {
        return Err(format!("{name} of NULLs alone has no type: write CAST(NULL AS type)"));
    };
    let carried = |class: &Class| matches!(class, Class::Carried | Class::Other);
    let same = known().all(|class| class == first && !carried(class));
    let numbers =
        known().all(exact) || known().all(|class| exact(class) || *class == Class::Double);
    if same || numbers {
        return Ok(());
    }
    Err(different_types(name))
}

/// What is said of values that come together and have no type in common.
pub fn different_types(name: &str) -> String {
    format!("{name} of different types is not supported here: CAST them to one type")
}

/// Whether an expression is the text of a date or timestamp in full.
fn moment(class: Class, expr: &Expr) -> bool {
    let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = expr else { return false };
    match class {
        Class::Date => time::parse_date(text, Digits::Fixed).is_some(),
        Class::Timestamp => time::parse_timestamp(text, ' ', Digits::Fixed).is_some(),
        _ => false,
    }
}

impl From<&DataType> for Class {
    fn from(data_type: &DataType) -> Self {
        Class::of(data_type)
    }
}
