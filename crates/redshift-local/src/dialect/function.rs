//! Function calls.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Value, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec,
    WindowType,
};

use super::{
    action::Refusal,
    check::{Check, Written},
    modelled::{self, Form, FunctionRule},
    names,
};

/// The parts that DATEADD, EXTRACT and their like know, with their other names.
const DATE_PARTS: &[(&str, &[&str])] = &[
    ("year", &["years", "y", "yr", "yrs"]),
    ("quarter", &["quarters", "qtr", "qtrs"]),
    ("month", &["months", "mon", "mons"]),
    ("week", &["weeks", "w"]),
    ("day", &["days", "d"]),
    ("hour", &["hours", "h", "hr", "hrs"]),
    ("minute", &["minutes", "min", "mins"]),
    ("second", &["seconds", "s", "sec", "secs"]),
    ("millisecond", &["milliseconds", "ms", "msec", "msecs"]),
    ("microsecond", &["microseconds", "us", "usec", "usecs"]),
    ("dow", &["dayofweek", "weekday"]),
    ("doy", &["dayofyear", "yearday"]),
    ("epoch", &[]),
];

/// The plain name of a date part.
pub(crate) fn date_part(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    DATE_PARTS
        .iter()
        .find(|(part, others)| *part == name || others.contains(&name.as_str()))
        .map(|(part, _)| *part)
}

/// Writes a function that is called by its bare name, as SYSDATE is; `None` for any other word.
pub(crate) fn without_parentheses(
    check: &mut Check<'_>,
    word: &str,
) -> Result<Option<String>, Refusal> {
    let name = word.to_ascii_lowercase();
    let bare = [
        "sysdate",
        "current_date",
        "current_timestamp",
        "current_user",
        "current_user_id",
        "session_user",
        "user",
    ];
    if !bare.contains(&name.as_str()) {
        return Ok(None);
    }
    let Some(rule) = modelled::function(&name) else { return Ok(None) };
    check.note_leader(&name, rule);
    Ok(Some(match name.as_str() {
        "sysdate" => "redshift_sys.sysdate()".into(),
        "current_user_id" => "redshift_sys.user_id(session_user::text)".into(),
        // As text: PostgreSQL's own answer is a NAME.
        "current_user" | "session_user" | "user" => format!("CAST({name} AS text)"),
        _ => name,
    }))
}

impl Check<'_> {
    /// A function call.
    pub fn call(&mut self, call: &Function) -> Written {
        modelled::expression("function")?;
        let Function {
            name,
            uses_odbc_syntax,
            parameters,
            args,
            filter,
            null_treatment,
            over,
            within_group,
        } = call;
        let name = self.function_name(name)?;
        if filter.is_some() {
            return Err(Refusal::syntax("FILTER"));
        }
        if *uses_odbc_syntax || *parameters != FunctionArguments::None || null_treatment.is_some() {
            return Err(Refusal::not_modelled(format!("{name} called in this way")));
        }
        let Some(rule) = modelled::function(&name) else {
            return Err(Refusal::not_modelled(format!("function {name}")));
        };
        self.note_leader(&name, rule);
        let arguments = match args {
            FunctionArguments::None => {
                return without_parentheses(self, &name)?
                    .ok_or_else(|| Refusal::not_modelled(format!("{name} without parentheses")));
            }
            FunctionArguments::Subquery(_) => {
                return Err(Refusal::not_modelled(format!("{name} of a subquery")));
            }
            FunctionArguments::List(list) => list,
        };
        check_count(&name, rule, arguments.args.len())?;
        if name == "listagg" {
            return self.listagg(arguments, within_group, over.is_some());
        }
        if !arguments.clauses.is_empty() || !within_group.is_empty() {
            return Err(Refusal::not_modelled(format!("clauses inside {name}")));
        }
        self.written_call(&name, rule.form, arguments, over.as_ref())
    }

    fn function_name(&self, name: &sqlparser::ast::ObjectName) -> Result<String, Refusal> {
        match self.parts(name)?.as_slice() {
            [name] => Ok(name.value.to_ascii_lowercase()),
            [schema, name] if schema.value.eq_ignore_ascii_case("pg_catalog") => {
                Ok(name.value.to_ascii_lowercase())
            }
            _ => Err(Refusal::not_modelled("functions of a user's schema")),
        }
    }

    /// Remembers that the leader node alone has a function.
    fn note_leader(&mut self, name: &str, rule: FunctionRule) {
        if rule.leader_only && self.leader_only.is_none() {
            self.leader_only = Some(name.to_owned());
        }
    }

    fn written_call(
        &mut self,
        name: &str,
        form: Form,
        list: &FunctionArgumentList,
        over: Option<&WindowType>,
    ) -> Written {
        let aggregate =
            matches!(form, Form::Aggregate | Form::OurAggregate | Form::DoubleAggregate);
        let window = matches!(form, Form::Window | Form::FramedWindow);
        if over.is_some() && !(aggregate || window) {
            return Err(Refusal::new(
                "42809",
                format!("OVER specified, but {name} is not a window function"),
            ));
        }
        if window && over.is_none() {
            return Err(Refusal::new(
                "42809",
                format!("window function {name} requires an OVER clause"),
            ));
        }
        let distinct = match list.duplicate_treatment {
            Some(DuplicateTreatment::Distinct) if aggregate && over.is_none() => {
                self.blanks_are_nothing("DISTINCT")?;
                "DISTINCT "
            }
            Some(DuplicateTreatment::Distinct) => {
                return Err(Refusal::unsupported(format!(
                    "DISTINCT is not supported for {name} here"
                )));
            }
            Some(DuplicateTreatment::All) | None => "",
        };
        if form == Form::Special {
            return self.special(name, list);
        }
        let arguments = self.arguments(name, list)?;
        let joined = arguments.join(", ");
        let written = match form {
            Form::Keyword if name == "nvl" => format!("COALESCE({joined})"),
            Form::Keyword if arguments.is_empty() => name.to_owned(),
            Form::Keyword => format!("{name}({joined})"),
            Form::Native | Form::Aggregate | Form::Window | Form::FramedWindow => {
                format!("pg_catalog.{name}({distinct}{joined})")
            }
            Form::Ours(other) => format!("redshift_sys.\"{other}\"({joined})"),
            Form::OurAggregate => format!("redshift_sys.{name}({distinct}{joined})"),
            Form::DoubleAggregate => {
                format!("pg_catalog.{name}({distinct}({joined})::double precision)")
            }
            Form::Special => unreachable!("written above"),
        };
        match over {
            Some(over) => {
                let framed = aggregate || form == Form::FramedWindow;
                Ok(format!("{written} OVER ({})", self.window(over, framed)?))
            }
            None => Ok(written),
        }
    }

    fn arguments(
        &mut self,
        name: &str,
        list: &FunctionArgumentList,
    ) -> Result<Vec<String>, Refusal> {
        list.args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expression(expr),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if name == "count" => {
                    Ok("*".into())
                }
                _ => Err(Refusal::not_modelled(format!("this kind of argument of {name}"))),
            })
            .collect()
    }

    /// Calls that PostgreSQL writes in another way.
    fn special(&mut self, name: &str, list: &FunctionArgumentList) -> Written {
        if matches!(name, "dateadd" | "date_add" | "datediff" | "date_diff" | "date_part") {
            return self.of_date_part(name, list);
        }
        let arguments = self.arguments(name, list)?;
        match (name, arguments.as_slice()) {
            ("nvl2", [tested, some, none]) => {
                Ok(format!("CASE WHEN {tested} IS NOT NULL THEN {some} ELSE {none} END"))
            }
            // Every match is replaced there, the first one alone here.
            ("regexp_replace", [text, pattern]) => {
                Ok(format!("pg_catalog.regexp_replace({text}, {pattern}, '', 'g')"))
            }
            ("regexp_replace", [text, pattern, by]) => {
                Ok(format!("pg_catalog.regexp_replace({text}, {pattern}, {by}, 'g')"))
            }
            ("sysdate", []) => Err(Refusal::syntax("(")),
            _ => Err(Refusal::not_modelled(format!("{name} called in this way"))),
        }
    }

    /// DATEADD and its like: the first argument names a part of a date.
    fn of_date_part(&mut self, name: &str, list: &FunctionArgumentList) -> Written {
        let part = match list.args.first() {
            Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(ident)))) => {
                &ident.value
            }
            Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value)))) => {
                match &value.value {
                    Value::SingleQuotedString(text) => text,
                    _ => {
                        return Err(Refusal::not_modelled(format!(
                            "a computed date part of {name}"
                        )));
                    }
                }
            }
            _ => return Err(Refusal::not_modelled(format!("a computed date part of {name}"))),
        };
        let Some(known) = date_part(part) else {
            return Err(Refusal::not_modelled(format!("date part {}", part.to_lowercase())));
        };
        let steps = !matches!(known, "dow" | "doy" | "epoch");
        let function = match name {
            "dateadd" | "date_add" if steps => "dateadd",
            "datediff" | "date_diff" if steps => "datediff",
            "date_part" => "date_part",
            _ => return Err(Refusal::not_modelled(format!("date part {known} in {name}"))),
        };
        let rest = FunctionArgumentList { args: list.args[1..].to_vec(), ..list.clone() };
        let arguments = self.arguments(name, &rest)?;
        Ok(format!("redshift_sys.{function}('{known}', {})", arguments.join(", ")))
    }

    fn listagg(
        &mut self,
        list: &FunctionArgumentList,
        order: &[sqlparser::ast::OrderByExpr],
        windowed: bool,
    ) -> Written {
        if windowed || !list.clauses.is_empty() {
            return Err(Refusal::not_modelled("LISTAGG as a window function"));
        }
        let distinct = match list.duplicate_treatment {
            Some(DuplicateTreatment::Distinct) => "DISTINCT ",
            _ => "",
        };
        let arguments = self.arguments("listagg", list)?;
        let separator = arguments.get(1).map_or("''", String::as_str);
        let order = match order {
            [] => String::new(),
            order => format!(" ORDER BY {}", self.order(order)?),
        };
        const WIDEST: &str = "redshift_sys.\"varchar\"(65535)";
        Ok(format!(
            "CAST(pg_catalog.string_agg({distinct}CAST({} AS {WIDEST})::text, {separator}{order}) \
             AS {WIDEST})",
            arguments[0]
        ))
    }

    /// What stands in the parentheses after OVER. `framed` functions need a frame where they have
    /// an order.
    fn window(&mut self, over: &WindowType, framed: bool) -> Written {
        modelled::expression("window")?;
        let WindowType::WindowSpec(spec) = over else {
            return Err(Refusal::not_modelled("named windows"));
        };
        let WindowSpec { window_name, partition_by, order_by, window_frame } = spec;
        if window_name.is_some() {
            return Err(Refusal::not_modelled("named windows"));
        }
        if framed && !order_by.is_empty() && window_frame.is_none() {
            return Err(Refusal::unsupported(
                "Aggregate window functions with an ORDER BY clause require a frame clause",
            ));
        }
        let mut parts = Vec::new();
        if !partition_by.is_empty() {
            parts.push(format!("PARTITION BY {}", self.partition(partition_by)?));
        }
        if !order_by.is_empty() {
            parts.push(format!("ORDER BY {}", self.order(order_by)?));
        }
        if let Some(frame) = window_frame {
            parts.push(self.frame(frame)?);
        }
        Ok(parts.join(" "))
    }

    fn frame(&mut self, frame: &WindowFrame) -> Written {
        let WindowFrame { units, start_bound, end_bound } = frame;
        if *units != WindowFrameUnits::Rows {
            return Err(Refusal::unsupported("only ROWS frames are supported"));
        }
        let start = self.bound(start_bound)?;
        Ok(match end_bound {
            Some(end) => format!("ROWS BETWEEN {start} AND {}", self.bound(end)?),
            None => format!("ROWS {start}"),
        })
    }

    fn bound(&mut self, bound: &WindowFrameBound) -> Written {
        Ok(match bound {
            WindowFrameBound::CurrentRow => "CURRENT ROW".into(),
            WindowFrameBound::Preceding(None) => "UNBOUNDED PRECEDING".into(),
            WindowFrameBound::Following(None) => "UNBOUNDED FOLLOWING".into(),
            WindowFrameBound::Preceding(Some(rows)) => {
                format!("{} PRECEDING", self.expression(rows)?)
            }
            WindowFrameBound::Following(Some(rows)) => {
                format!("{} FOLLOWING", self.expression(rows)?)
            }
        })
    }
}

fn check_count(name: &str, rule: FunctionRule, given: usize) -> Result<(), Refusal> {
    let (least, most) = rule.arguments;
    if (least..=most).contains(&given) {
        return Ok(());
    }
    Err(Refusal::new(
        "42883",
        format!("function {} with {given} arguments does not exist", names::quote(name)),
    ))
}
