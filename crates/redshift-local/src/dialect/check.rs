//! Walking a syntax tree: every part is checked and written anew for PostgreSQL, so that what is
//! not understood cannot pass.

use sqlparser::ast::{Expr, Ident, ObjectName, ObjectNamePart};

use super::{
    action::{Refusal, Relation, Settings},
    modelled, names, parse,
};

/// How deeply expressions may nest here; each level takes stack.
const DEPTH: usize = 150;

/// Columns that every PostgreSQL table has and no Redshift table has.
const HIDDEN_COLUMNS: &[&str] = &["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

/// Text for PostgreSQL, or why there is none.
pub(crate) type Written = Result<String, Refusal>;

/// A walk over one statement, and what it found.
pub(crate) struct Check<'a> {
    pub settings: &'a Settings,
    /// User tables that the statement reads.
    pub reads: Vec<Relation>,
    /// The first thing that only the leader node has.
    pub leader_only: Option<String>,
    /// Names of WITH that are in force.
    pub ctes: Vec<String>,
    /// Whether columns and subqueries may occur: not in a DEFAULT.
    pub rows_allowed: bool,
    /// Whether `$n` occurs.
    pub has_parameters: bool,
    pub depth: usize,
    derived: usize,
}

impl<'a> Check<'a> {
    pub fn new(settings: &'a Settings) -> Self {
        Check {
            settings,
            reads: Vec::new(),
            leader_only: None,
            ctes: Vec::new(),
            rows_allowed: true,
            has_parameters: false,
            depth: 0,
            derived: 0,
        }
    }

    /// A name for a derived table that has none: Redshift does without.
    pub fn derived_alias(&mut self) -> String {
        self.derived += 1;
        names::quote(&format!("derived_{}", self.derived))
    }

    /// One level deeper.
    pub fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if self.depth >= DEPTH {
            return Err(Refusal::new("54001", "stack depth limit exceeded"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// What only the leader node has cannot be used together with user tables.
    pub fn settle(&self, writes_a_table: bool) -> Result<(), Refusal> {
        if self.leader_only.is_some() && (writes_a_table || !self.reads.is_empty()) {
            return Err(Refusal::unsupported(
                "Specified types or functions (one per INFO message) not supported on Redshift \
                 tables.",
            ));
        }
        Ok(())
    }

    pub fn fold(&self, ident: &Ident) -> Result<String, Refusal> {
        parse::fold(ident, self.settings.case_sensitive)
    }

    /// A name, quoted for PostgreSQL.
    pub fn ident(&self, ident: &Ident) -> Written {
        Ok(names::quote(&self.fold(ident)?))
    }

    /// The parts of a qualified name.
    pub fn parts<'n>(&self, name: &'n ObjectName) -> Result<Vec<&'n Ident>, Refusal> {
        name.0
            .iter()
            .map(|part| match part {
                ObjectNamePart::Identifier(ident) => Ok(ident),
                ObjectNamePart::Function(_) => Err(Refusal::not_modelled("computed names")),
            })
            .collect()
    }

    /// A table or view as the statement names it.
    pub fn named(&self, name: &ObjectName) -> Result<Relation, Refusal> {
        match self.parts(name)?.as_slice() {
            [name] => Ok(Relation { schema: None, name: self.fold(name)? }),
            [schema, name] => {
                Ok(Relation { schema: Some(self.fold(schema)?), name: self.fold(name)? })
            }
            _ => Err(Refusal::not_modelled("names with a database")),
        }
    }

    /// A table that a statement changes: not one of the catalog.
    pub fn target(&self, name: &ObjectName) -> Result<Relation, Refusal> {
        let relation = self.named(name)?;
        user_table(&relation)?;
        Ok(relation)
    }

    /// A column.
    pub fn column(&mut self, idents: &[Ident]) -> Written {
        modelled::expression("column")?;
        if !self.rows_allowed {
            return Err(Refusal::new(
                "0A000",
                "cannot use column references in default expression",
            ));
        }
        if idents.len() > 3 {
            return Err(Refusal::not_modelled("columns with a database"));
        }
        let parts = idents.iter().map(|ident| self.fold(ident)).collect::<Result<Vec<_>, _>>()?;
        if let Some(hidden) = parts.last().filter(|name| HIDDEN_COLUMNS.contains(&name.as_str())) {
            return Err(Refusal::new("42703", format!("column \"{hidden}\" does not exist")));
        }
        Ok(parts.iter().map(|part| names::quote(part)).collect::<Vec<_>>().join("."))
    }

    /// Expressions separated by commas.
    pub fn expressions(&mut self, list: &[Expr]) -> Written {
        let written = list.iter().map(|e| self.expression(e)).collect::<Result<Vec<_>, _>>()?;
        Ok(written.join(", "))
    }
}

/// Refuses what is not a user's own table.
pub(crate) fn user_table(relation: &Relation) -> Result<(), Refusal> {
    let catalog = match relation.schema.as_deref() {
        None => modelled::relation("pg_catalog", &relation.name).is_some(),
        Some("pg_catalog" | "information_schema") => true,
        Some(schema) => return user_schema(schema),
    };
    match catalog {
        true => Err(Refusal::new(
            "42501",
            format!("permission denied: \"{}\" is a system catalog", relation.name),
        )),
        false => Ok(()),
    }
}

/// Refuses schemas that are PostgreSQL's or the stand-in's own.
pub(crate) fn user_schema(schema: &str) -> Result<(), Refusal> {
    if matches!(schema, "redshift_sys" | "redshift_front") || schema.starts_with("pg_") {
        return Err(Refusal::new("3F000", format!("schema \"{schema}\" does not exist")));
    }
    Ok(())
}
