//! The clauses of a query that mean the same here and in Flink; everything else is refused by name
//! and line before DataFusion sees it.

use sqlparser::ast::{
    Distinct, GroupByExpr, Ident, Join, JoinConstraint, JoinOperator, LimitClause, ObjectName,
    Offset, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectFlavor, SelectItem, SetExpr,
    SetOperator, SetQuantifier, Spanned, TableAlias, TableFactor, TableWithJoins,
    WildcardAdditionalOptions,
};
use sqlparser::ast::{Expr, Value};

use super::expression::Rewrite;
use crate::script::Problem;

/// Checks a query and rewrites Flink's spellings into those that the engine knows.
pub fn rewrite(query: &mut Query, line: u64) -> Vec<Problem> {
    let mut rewrite = Rewrite::new(line);
    rewrite.query(query);
    rewrite.into_problems()
}

impl Rewrite {
    /// Checks and rewrites a whole query.
    pub fn query(&mut self, query: &mut Query) {
        self.refuse_query_clauses(query);
        if let Some(with) = &mut query.with {
            self.refuse_if(with.recursive, with, "WITH RECURSIVE");
            for cte in &mut with.cte_tables {
                self.alias(&cte.alias);
                self.refuse_if(cte.materialized.is_some(), &cte.alias, "MATERIALIZED");
                self.refuse_if(cte.from.is_some(), &cte.alias, "WITH … FROM");
                self.query(&mut cte.query);
            }
        }
        self.set_expr(&mut query.body);
        if let Some(order) = &mut query.order_by {
            self.order_by(order);
        }
        self.limit(query);
    }

    fn refuse_query_clauses(&mut self, query: &Query) {
        for (present, what) in [
            (!query.locks.is_empty(), "FOR UPDATE"),
            (query.for_clause.is_some(), "FOR"),
            (query.settings.is_some(), "SETTINGS"),
            (query.format_clause.is_some(), "FORMAT"),
            (!query.pipe_operators.is_empty(), "|>"),
        ] {
            self.refuse_if(present, query, what);
        }
    }

    fn set_expr(&mut self, body: &mut SetExpr) {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { op, set_quantifier, left, right } => {
                let plain = matches!(
                    set_quantifier,
                    SetQuantifier::All | SetQuantifier::None | SetQuantifier::Distinct
                );
                if *op != SetOperator::Union || !plain {
                    self.refuse(&**right, op);
                }
                self.set_expr(left);
                self.set_expr(right);
            }
            SetExpr::Values(values) => {
                let explicit = values.explicit_row || values.value_keyword;
                for row in &mut values.rows {
                    for value in &mut row.content {
                        self.expression(value);
                    }
                }
                if explicit {
                    self.refuse_here("VALUES ROW(…)");
                }
            }
            SetExpr::Table(_) => self.refuse_here("TABLE as a query"),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                self.refuse_here("a statement inside a query");
            }
        }
    }

    fn select(&mut self, select: &mut Select) {
        self.refuse_select_clauses(select);
        let aliases = computed_aliases(&select.projection);
        for item in &mut select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    self.expression(expr);
                }
                SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => {
                    self.wildcard(options);
                }
                SelectItem::ExprWithAliases { expr, .. } => self.refuse(expr, "AS (…, …)"),
            }
        }
        name_items(&mut select.projection);
        for table in &mut select.from {
            self.table_with_joins(table);
        }
        if let Some(condition) = &mut select.selection {
            self.expression(condition);
        }
        self.group_by(&mut select.group_by, &aliases);
        if let Some(condition) = &mut select.having {
            self.refuse_alias(condition, &aliases, "HAVING");
            self.expression(condition);
        }
    }

    fn refuse_select_clauses(&mut self, select: &Select) {
        for (present, what) in [
            (matches!(select.distinct, Some(Distinct::On(_))), "DISTINCT ON"),
            (select.select_modifiers.is_some(), "a modifier after SELECT"),
            (select.top.is_some(), "TOP"),
            (select.exclude.is_some(), "EXCLUDE"),
            (select.into.is_some(), "SELECT INTO"),
            (!select.lateral_views.is_empty(), "LATERAL VIEW"),
            (select.prewhere.is_some(), "PREWHERE"),
            (!select.connect_by.is_empty(), "CONNECT BY"),
            (!select.cluster_by.is_empty(), "CLUSTER BY"),
            (!select.distribute_by.is_empty(), "DISTRIBUTE BY"),
            (!select.sort_by.is_empty(), "SORT BY"),
            (!select.named_window.is_empty(), "WINDOW"),
            (select.qualify.is_some(), "QUALIFY"),
            (select.value_table_mode.is_some(), "SELECT AS"),
            (select.flavor != SelectFlavor::Standard, "FROM before SELECT"),
        ] {
            self.refuse_if(present, select, what);
        }
    }

    fn wildcard(&mut self, options: &WildcardAdditionalOptions) {
        let plain = WildcardAdditionalOptions {
            wildcard_token: options.wildcard_token.clone(),
            ..WildcardAdditionalOptions::default()
        };
        self.refuse_if(*options != plain, options, "* with EXCLUDE, EXCEPT, REPLACE or RENAME");
    }

    fn table_with_joins(&mut self, table: &mut TableWithJoins) {
        self.table(&mut table.relation);
        for join in &mut table.joins {
            self.join(join);
        }
    }

    fn join(&mut self, join: &mut Join) {
        self.table(&mut join.relation);
        self.refuse_if(join.global, &join.relation, "GLOBAL JOIN");
        match &mut join.join_operator {
            JoinOperator::Join(on)
            | JoinOperator::Inner(on)
            | JoinOperator::Left(on)
            | JoinOperator::LeftOuter(on)
            | JoinOperator::Right(on)
            | JoinOperator::RightOuter(on)
            | JoinOperator::FullOuter(on) => match on {
                JoinConstraint::On(condition) => self.expression(condition),
                JoinConstraint::Using(_) => self.refuse(&join.relation, "JOIN … USING"),
                JoinConstraint::Natural => self.refuse(&join.relation, "NATURAL JOIN"),
                JoinConstraint::None => self.refuse(&join.relation, "JOIN without ON"),
            },
            JoinOperator::CrossJoin(JoinConstraint::None) => {}
            _ => self.refuse(&join.relation, "this kind of JOIN"),
        }
    }

    fn table(&mut self, table: &mut TableFactor) {
        match table {
            TableFactor::Table {
                name,
                alias,
                args: None,
                with_hints,
                version: None,
                with_ordinality: false,
                partitions,
                json_path: None,
                sample: None,
                index_hints,
            } if with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty() => {
                self.table_name(name);
                alias.iter().for_each(|alias| self.alias(alias));
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
                self.query(subquery);
                alias.iter().for_each(|alias| self.alias(alias));
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.table_with_joins(table_with_joins);
            }
            other => {
                let what = format!("{other} in FROM");
                self.refuse(other, what);
            }
        }
    }

    fn table_name(&mut self, name: &ObjectName) {
        let plain = matches!(name.0.as_slice(), [part] if part.as_ident().is_some());
        self.refuse_if(!plain, name, "a table name with a catalog or database before it");
    }

    fn alias(&mut self, alias: &TableAlias) {
        let typed = alias.columns.iter().any(|column| column.data_type.is_some());
        self.refuse_if(typed || alias.at.is_some(), alias, "this alias");
    }

    fn group_by(&mut self, group_by: &mut GroupByExpr, aliases: &[Ident]) {
        match group_by {
            GroupByExpr::Expressions(expressions, modifiers) if modifiers.is_empty() => {
                for expr in expressions {
                    // Flink takes a number here for a constant, not for a column's position.
                    let number = matches!(expr, Expr::Value(value)
                        if matches!(value.value, Value::Number(..)));
                    self.refuse_if(number, &*expr, "a number in GROUP BY");
                    self.refuse_alias(expr, aliases, "GROUP BY");
                    self.expression(expr);
                }
            }
            _ => self.refuse_here("GROUP BY with ALL, ROLLUP, CUBE or GROUPING SETS"),
        }
    }

    /// Flink knows the names of the select list only in ORDER BY.
    fn refuse_alias(&mut self, expr: &Expr, aliases: &[Ident], clause: &str) {
        let Expr::Identifier(name) = expr else { return };
        if aliases.iter().any(|alias| alias.value == name.value) {
            self.problem(
                expr,
                format!(
                    "'{}' is an alias, which {clause} does not know: repeat its expression",
                    name.value
                ),
            );
        }
    }

    fn order_by(&mut self, order: &mut OrderBy) {
        match &mut order.kind {
            OrderByKind::Expressions(expressions) if order.interpolate.is_none() => {
                for item in expressions {
                    self.order_item(item, true);
                }
            }
            _ => self.refuse_here("ORDER BY ALL"),
        }
    }

    /// One item of ORDER BY; where `ordinal` holds, a number is a column's position.
    pub fn order_item(&mut self, item: &mut OrderByExpr, ordinal: bool) {
        self.refuse_if(item.with_fill.is_some(), &item.expr, "WITH FILL");
        let number = matches!(&item.expr, Expr::Value(value)
            if matches!(value.value, Value::Number(..)));
        if !(ordinal && number) {
            self.expression(&mut item.expr);
        }
    }

    fn limit(&mut self, query: &mut Query) {
        if let Some(fetch) = query.fetch.take() {
            if fetch.with_ties || fetch.percent || query.limit_clause.is_some() {
                self.refuse_here("FETCH with ties, a percentage or LIMIT");
            }
            let quantity = fetch
                .quantity
                .unwrap_or_else(|| Expr::Value(Value::Number("1".into(), false).with_empty_span()));
            query.limit_clause = Some(LimitClause::LimitOffset {
                limit: Some(quantity),
                offset: None,
                limit_by: Vec::new(),
            });
        }
        match &query.limit_clause {
            None => {}
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                self.refuse_if(!limit_by.is_empty(), query, "LIMIT … BY");
                // Flink refuses it in batch mode.
                self.refuse_if(limit.is_none() && offset.is_some(), query, "OFFSET without LIMIT");
                let offset = offset.as_ref().map(|Offset { value, .. }| value);
                for count in limit.iter().chain(offset) {
                    let number = matches!(count, Expr::Value(value)
                        if matches!(value.value, Value::Number(..)));
                    self.refuse_if(!number, count, "a LIMIT that is no number");
                }
            }
            Some(LimitClause::OffsetCommaLimit { .. }) => {
                self.refuse_here("LIMIT with a comma");
            }
        }
    }

    fn refuse_if(&mut self, present: bool, at: &impl Spanned, what: impl std::fmt::Display) {
        if present {
            self.refuse(at, what);
        }
    }
}

/// Gives every item of a select list a name of its own, as Flink does: `EXPR$0` for an expression,
/// and a number behind a name that is there already.
fn name_items(projection: &mut [SelectItem]) {
    let mut names: Vec<String> = Vec::with_capacity(projection.len());
    for (index, item) in projection.iter_mut().enumerate() {
        let SelectItem::UnnamedExpr(expr) = item else {
            if let SelectItem::ExprWithAlias { alias, .. } = item {
                names.push(alias.value.clone());
            }
            continue;
        };
        let own = match expr {
            Expr::Identifier(name) => Some(name.value.clone()),
            Expr::CompoundIdentifier(parts) => parts.last().map(|name| name.value.clone()),
            _ => None,
        };
        let plain = own.is_some();
        let own = own.unwrap_or_else(|| format!("EXPR${index}"));
        let free = (0..).map(|number| format!("{own}{number}")).find(|name| !names.contains(name));
        let name = if names.contains(&own) { free.unwrap_or_default() } else { own.clone() };
        names.push(name.clone());
        if !plain || name != own {
            let alias = Ident::with_quote('`', name);
            let expr = std::mem::replace(expr, super::expression::null());
            *item = SelectItem::ExprWithAlias { expr, alias };
        }
    }
}

/// Aliases of the select list that name anything but the column of the same name.
fn computed_aliases(projection: &[SelectItem]) -> Vec<Ident> {
    projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } => {
                let same = matches!(expr, Expr::Identifier(name) if name.value == alias.value)
                    || matches!(expr, Expr::CompoundIdentifier(names)
                        if names.last().is_some_and(|name| name.value == alias.value));
                (!same).then(|| alias.clone())
            }
            _ => None,
        })
        .collect()
}
