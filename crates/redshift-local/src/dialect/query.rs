//! Queries.

use sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, Join, JoinConstraint, JoinOperator, LimitClause, ObjectName,
    OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectFlavor, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, TableAlias, TableFactor,
    TableFunctionArgs, TableWithJoins, Top, TopQuantity, WildcardAdditionalOptions, With,
};

use super::{
    action::{Refusal, Relation},
    check::{Check, Written, user_schema},
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
            Some(Distinct::Distinct) => "DISTINCT ",
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
        written.push_str(&self.group_by(group_by)?);
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

    fn group_by(&mut self, group_by: &GroupByExpr) -> Written {
        match group_by {
            GroupByExpr::Expressions(list, modifiers) if modifiers.is_empty() => match list.len() {
                0 => Ok(String::new()),
                _ => Ok(format!(" GROUP BY {}", self.expressions(list)?)),
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

    /// FROM with a blank before it, or nothing.
    pub fn from(&mut self, from: &[TableWithJoins]) -> Written {
        if from.is_empty() {
            return Ok(String::new());
        }
        Ok(format!(" FROM {}", self.tables(from)?))
    }

    /// Tables and joins, separated by commas.
    pub fn tables(&mut self, tables: &[TableWithJoins]) -> Written {
        let written =
            tables.iter().map(|t| self.table_with_joins(t)).collect::<Result<Vec<_>, _>>()?;
        Ok(written.join(", "))
    }

    fn table_with_joins(&mut self, table: &TableWithJoins) -> Written {
        let mut written = self.factor(&table.relation)?;
        for join in &table.joins {
            modelled::expression("join")?;
            let Join { relation, global, join_operator } = join;
            if *global {
                return Err(Refusal::not_modelled("GLOBAL JOIN"));
            }
            let relation = self.factor(relation)?;
            let (kind, constraint) = join_kind(join_operator)?;
            let (natural, constraint) = self.constraint(constraint)?;
            written.push_str(&format!(" {natural}{kind} {relation}{constraint}"));
        }
        Ok(written)
    }

    fn constraint(
        &mut self,
        constraint: &JoinConstraint,
    ) -> Result<(&'static str, String), Refusal> {
        Ok(match constraint {
            JoinConstraint::None => ("", String::new()),
            JoinConstraint::Natural => ("NATURAL ", String::new()),
            JoinConstraint::On(condition) => ("", format!(" ON {}", self.expression(condition)?)),
            JoinConstraint::Using(columns) => {
                let mut names = Vec::new();
                for column in columns {
                    for part in self.parts(column)? {
                        names.push(self.ident(part)?);
                    }
                }
                ("", format!(" USING ({})", names.join(", ")))
            }
        })
    }

    fn factor(&mut self, factor: &TableFactor) -> Written {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                let unknown = !with_hints.is_empty()
                    || version.is_some()
                    || *with_ordinality
                    || !partitions.is_empty()
                    || json_path.is_some()
                    || sample.is_some()
                    || !index_hints.is_empty();
                if unknown {
                    return Err(Refusal::not_modelled("this clause of FROM"));
                }
                match args {
                    Some(args) => self.table_function(name, args, alias.as_ref()),
                    None => self.relation(name, alias.as_ref()),
                }
            }
            TableFactor::Derived { lateral: true, .. }
            | TableFactor::Function { lateral: true, .. } => {
                Err(Refusal::unsupported("LATERAL is not supported"))
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
                modelled::expression("derived table")?;
                let query = self.query(subquery)?;
                let alias = match alias {
                    Some(alias) => self.alias(alias)?,
                    None => self.derived_alias(),
                };
                Ok(format!("({query}) AS {alias}"))
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                Ok(format!("({})", self.table_with_joins(table_with_joins)?))
            }
            _ => Err(Refusal::not_modelled("this kind of table in FROM")),
        }
    }

    /// A function as a table: CURRENT_DATABASE() alone, which Amazon's drivers read that way.
    fn table_function(
        &mut self,
        name: &ObjectName,
        args: &TableFunctionArgs,
        alias: Option<&TableAlias>,
    ) -> Written {
        let name = self.named(name)?;
        if name.name != "current_database" || !args.args.is_empty() || args.settings.is_some() {
            return Err(Refusal::not_modelled(format!("function {} in FROM", name.name)));
        }
        let alias = match alias {
            Some(alias) => self.alias(alias)?,
            None => names::quote("current_database"),
        };
        Ok(format!("pg_catalog.current_database() AS {alias}"))
    }

    /// A table, a view, a query of WITH or a relation of the catalog.
    pub fn relation(&mut self, name: &ObjectName, alias: Option<&TableAlias>) -> Written {
        let relation = self.named(name)?;
        let alias = alias.map(|alias| self.alias(alias)).transpose()?;
        if relation.schema.is_none() && self.ctes.contains(&relation.name) {
            return Ok(aliased(names::quote(&relation.name), alias));
        }
        if let Some(written) = self.catalog(&relation, alias.clone())? {
            return Ok(written);
        }
        let written = names::quote_relation(&relation);
        if !self.reads.contains(&relation) {
            self.reads.push(relation);
        }
        Ok(aliased(written, alias))
    }

    /// A relation of the catalog, or `None` where the name is a user's.
    fn catalog(
        &mut self,
        relation: &Relation,
        alias: Option<String>,
    ) -> Result<Option<String>, Refusal> {
        let schema = relation.schema.as_deref().unwrap_or("pg_catalog");
        let name = relation.name.as_str();
        let Some(rule) = modelled::relation(schema, name) else {
            return match relation.schema.as_deref() {
                Some("pg_catalog" | "information_schema") => {
                    Err(Refusal::not_modelled(format!("relation {schema}.{name}")))
                }
                Some(schema) => user_schema(schema).map(|()| None),
                None if is_system_name(name) => {
                    Err(Refusal::not_modelled(format!("relation {name}")))
                }
                None => Ok(None),
            };
        };
        if rule.provisioned_only && self.settings.serverless {
            return Err(Refusal::new("42501", format!("permission denied for relation {name}")));
        }
        if rule.leader_only && self.leader_only.is_none() {
            self.leader_only = Some(name.to_owned());
        }
        let (view, usual) = match schema {
            "information_schema" => {
                (format!("information_schema_{name}"), Some(names::quote(name)))
            }
            _ => (name.to_owned(), None),
        };
        let written = format!("redshift_sys.{}", names::quote(&view));
        Ok(Some(aliased(written, alias.or(usual))))
    }

    /// An alias, with its columns.
    pub fn alias(&mut self, alias: &TableAlias) -> Written {
        let TableAlias { explicit: _, name, columns, at } = alias;
        if at.is_some() || columns.iter().any(|column| column.data_type.is_some()) {
            return Err(Refusal::not_modelled("this form of alias"));
        }
        let name = self.ident(name)?;
        if columns.is_empty() {
            return Ok(name);
        }
        let columns = columns.iter().map(|c| self.ident(&c.name)).collect::<Result<Vec<_>, _>>()?;
        Ok(format!("{name} ({})", columns.join(", ")))
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

/// Names that only the system gives.
fn is_system_name(name: &str) -> bool {
    ["pg_", "stl_", "stv_", "svl_", "svv_", "svcs_"].iter().any(|prefix| name.starts_with(prefix))
}

fn aliased(written: String, alias: Option<String>) -> String {
    match alias {
        Some(alias) => format!("{written} AS {alias}"),
        None => written,
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

fn join_kind(operator: &JoinOperator) -> Result<(&'static str, &JoinConstraint), Refusal> {
    Ok(match operator {
        JoinOperator::Join(c) | JoinOperator::Inner(c) => ("JOIN", c),
        JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => ("LEFT JOIN", c),
        JoinOperator::Right(c) | JoinOperator::RightOuter(c) => ("RIGHT JOIN", c),
        JoinOperator::FullOuter(c) => ("FULL JOIN", c),
        JoinOperator::CrossJoin(c) => ("CROSS JOIN", c),
        _ => return Err(Refusal::not_modelled("this kind of JOIN")),
    })
}
