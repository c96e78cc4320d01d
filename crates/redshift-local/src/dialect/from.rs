//! FROM: tables, joins, derived tables and relations of the catalog.

use sqlparser::ast::{
    Join, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableFunctionArgs,
    TableWithJoins,
};

use super::{
    action::{Refusal, Relation},
    check::{Check, Written, user_schema},
    modelled, names,
};

impl Check<'_> {
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
