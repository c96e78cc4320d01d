//! Queries.

use sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, LimitClause, OrderBy, OrderByExpr, OrderByKind, Query,
    Select, SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator,
    SetQuantifier, Top, TopQuantity, WildcardAdditionalOptions, With,
};

use super::{
    action::Refusal,
    check::{Check, Written},
    label, modelled, names,
};

impl Check<'_> {
    /// A query with all its clauses.
    pub fn query(&mut self, query: &Query) -> Written {
        self.nested(|check| {
            let visible = check.ctes.len();
            let written = check.query_here(query);
            check.ctes.truncate(visible);
            written
        })
    }

    fn query_here(&mut self, query: &Query) -> Written {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        if !locks.is_empty() {
            return Err(Refusal::unsupported("SELECT FOR UPDATE is not supported"));
        }
        if fetch.is_some()
            || for_clause.is_some()
            || settings.is_some()
            || format_clause.is_some()
            || !pipe_operators.is_empty()
        {
            return Err(Refusal::not_modelled("this clause of SELECT"));
        }
        let mut written = match with {
            Some(with) => self.with(with)?,
            None => String::new(),
        };
        let (body, top) = self.body(body)?;
        written.push_str(&body);
        if let Some(order_by) = order_by {
            written.push_str(&format!(" ORDER BY {}", self.order_by(order_by)?));
        }
        if let Some(limit) = limit_clause {
            if top.is_some() {
                return Err(Refusal::new("42601", "TOP and LIMIT cannot be used together"));
            }
            written.push_str(&self.limit(limit)?);
        }
        if let Some(top) = top {
            written.push_str(&format!(" LIMIT {top}"));
        }
        Ok(written)
    }

    /// WITH and its queries, with a blank after them.
    pub fn with(&mut self, with: &With) -> Written {
        let mut queries = Vec::new();
        for cte in &with.cte_tables {
            let Cte { alias, query, from, materialized, closing_paren_token: _ } = cte;
            if from.is_some() || materialized.is_some() {
                return Err(Refusal::not_modelled("this form of WITH"));
            }
            let name = self.fold(&alias.name)?;
            // A recursive query sees itself, any other only those before it.
            if with.recursive {
                modelled::expression("recursive cte")?;
                self.ctes.push(name.clone());
            }
            let query = self.query(query)?;
            queries.push(format!("{} AS ({query})", self.alias(alias)?));
            if !with.recursive {
                modelled::expression("cte")?;
                self.ctes.push(name);
            }
        }
        let recursive = if with.recursive { "RECURSIVE " } else { "" };
        Ok(format!("WITH {recursive}{} ", queries.join(", ")))
    }

    /// The body of a query, and TOP's number if it has one.
    fn body(&mut self, body: &SetExpr) -> Result<(String, Option<String>), Refusal> {
        match body {
            SetExpr::Select(select) => self.nested(|check| check.select(select)),
            SetExpr::Query(query) => Ok((format!("({})", self.query(query)?), None)),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                Ok((self.set_operation(left, *op, *set_quantifier, right)?, None))
            }
            SetExpr::Values(_) => Err(Refusal::unsupported("VALUES is supported in INSERT only")),
            _ => Err(Refusal::not_modelled("this kind of query")),
        }
    }

    fn set_operation(
        &mut self,
        left: &SetExpr,
        op: SetOperator,
        quantifier: SetQuantifier,
        right: &SetExpr,
    ) -> Written {
        modelled::expression("set operation")?;
        let operator = match (op, quantifier) {
            (SetOperator::Union, SetQuantifier::All) => "UNION ALL",
            (SetOperator::Union, SetQuantifier::None | SetQuantifier::Distinct) => "UNION",
            (SetOperator::Except | SetOperator::Minus, SetQuantifier::None) => "EXCEPT",
            (SetOperator::Intersect, SetQuantifier::None) => "INTERSECT",
            _ => return Err(Refusal::unsupported(format!("{op} {quantifier} is not supported"))),
        };
        if operator != "UNION ALL" {
            self.blanks_are_nothing(operator)?;
        }
        let left = self.operand(left)?;
        let right = self.operand(right)?;
        Ok(format!("{left} {operator} {right}"))
    }

    fn operand(&mut self, side: &SetExpr) -> Written {
        match self.nested(|check| check.body(side))? {
            (written, Some(top)) => Ok(format!("({written} LIMIT {top})")),
            (written, None) => Ok(format!("({written})")),
        }
    }

    fn select(&mut self, select: &Select) -> Result<(String, Option<String>), Refusal> {
        let Select {
            select_token: _,
            optimizer_hints,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        let unknown = !optimizer_hints.is_empty()
            || select_modifiers.is_some()
            || exclude.is_some()
            || into.is_some()
            || !lateral_views.is_empty()
            || prewhere.is_some()
            || !connect_by.is_empty()
            || !cluster_by.is_empty()
            || !distribute_by.is_empty()
            || !sort_by.is_empty()
            || !named_window.is_empty()
            || qualify.is_some()
            || value_table_mode.is_some()
            || *flavor != SelectFlavor::Standard;
        if unknown {
            return Err(Refusal::not_modelled("this clause of SELECT"));
        }
        let distinct = match distinct {
            None | Some(Distinct::All) => "",
            Some(Distinct::Distinct) => {
                self.blanks_are_nothing("DISTINCT")?;
                "DISTINCT "
            }
            Some(Distinct::On(_)) => {
                return Err(Refusal::unsupported("SELECT DISTINCT ON is not supported"));
            }
        };
        // FROM comes first: a refusal should name the relation before its columns.
        let from = self.from(from)?;
        let items = projection.iter().map(|i| self.item(i)).collect::<Result<Vec<_>, _>>()?;
        let mut written = format!("SELECT {distinct}{}{from}", items.join(", "));
        if let Some(condition) = selection {
            written.push_str(&format!(" WHERE {}", self.expression(condition)?));
        }
        written.push_str(&self.group_by(group_by, projection)?);
        if let Some(condition) = having {
            written.push_str(&format!(" HAVING {}", self.expression(condition)?));
        }
        Ok((written, top.as_ref().map(|top| self.top(top)).transpose()?))
    }

    fn top(&mut self, top: &Top) -> Written {
        match top {
            Top { with_ties: false, percent: false, quantity: Some(TopQuantity::Constant(n)) } => {
                Ok(n.to_string())
            }
            Top { with_ties: false, percent: false, quantity: Some(TopQuantity::Expr(n)) } => {
                self.expression(n)
            }
            _ => Err(Refusal::not_modelled("this form of TOP")),
        }
    }

    fn group_by(&mut self, group_by: &GroupByExpr, projection: &[SelectItem]) -> Written {
        match group_by {
            GroupByExpr::Expressions(list, modifiers) if modifiers.is_empty() => match list.len() {
                0 => Ok(String::new()),
                _ => Ok(format!(" GROUP BY {}", self.groups(list, projection)?)),
            },
            _ => Err(Refusal::not_modelled("this form of GROUP BY")),
        }
    }

    /// One item of a select list. A result column is named as Redshift names it, whatever its
    /// expression became.
    pub fn item(&mut self, item: &SelectItem) -> Written {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let written = self.expression(expr)?;
                Ok(match label::of(expr, self) {
                    Some(name) => format!("{written} AS {}", names::quote(&name)),
                    None => written,
                })
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                Ok(format!("{} AS {}", self.expression(expr)?, self.ident(alias)?))
            }
            SelectItem::Wildcard(options) => {
                plain(options)?;
                Ok("*".into())
            }
            SelectItem::QualifiedWildcard(
                SelectItemQualifiedWildcardKind::ObjectName(name),
                options,
            ) => {
                plain(options)?;
                let parts = self.parts(name)?;
                let parts =
                    parts.into_iter().map(|p| self.ident(p)).collect::<Result<Vec<_>, _>>()?;
                Ok(format!("{}.*", parts.join(".")))
            }
            _ => Err(Refusal::not_modelled("this kind of select item")),
        }
    }

    fn order_by(&mut self, order_by: &OrderBy) -> Written {
        match order_by {
            OrderBy { kind: OrderByKind::Expressions(list), interpolate: None } => self.order(list),
            _ => Err(Refusal::not_modelled("this form of ORDER BY")),
        }
    }

    /// What stands after ORDER BY.
    pub fn order(&mut self, list: &[OrderByExpr]) -> Written {
        let mut written = Vec::new();
        for OrderByExpr { expr, options, with_fill } in list {
            if with_fill.is_some() {
                return Err(Refusal::not_modelled("this form of ORDER BY"));
            }
            let direction = if options.asc == Some(false) { " DESC" } else { "" };
            let nulls = match options.nulls_first {
                Some(true) => " NULLS FIRST",
                Some(false) => " NULLS LAST",
                None => "",
            };
            written.push(format!("{}{direction}{nulls}", self.expression(expr)?));
        }
        Ok(written.join(", "))
    }

    fn limit(&mut self, clause: &LimitClause) -> Written {
        let LimitClause::LimitOffset { limit, offset, limit_by } = clause else {
            return Err(Refusal::syntax(","));
        };
        if !limit_by.is_empty() {
            return Err(Refusal::syntax("BY"));
        }
        let mut written = String::new();
        match limit {
            Some(Expr::Identifier(all)) if all.value.eq_ignore_ascii_case("all") => {}
            Some(limit) => written.push_str(&format!(" LIMIT {}", self.expression(limit)?)),
            None => {}
        }
        if let Some(offset) = offset {
            written.push_str(&format!(" OFFSET {}", self.expression(&offset.value)?));
        }
        Ok(written)
    }
}

fn plain(options: &WildcardAdditionalOptions) -> Result<(), Refusal> {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    let plain = opt_ilike.is_none()
        && opt_exclude.is_none()
        && opt_except.is_none()
        && opt_replace.is_none()
        && opt_rename.is_none()
        && opt_alias.is_none();
    if plain { Ok(()) } else { Err(Refusal::not_modelled("* with a clause")) }
}
