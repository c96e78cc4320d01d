//! The tables that a query names.

use std::{collections::HashSet, ops::ControlFlow};

use sqlparser::ast::{ObjectName, Query, Visit, Visitor};

/// The tables with their lines, and the names that the query gives to queries of its own (WITH).
pub fn tables(query: &Query, line: u64) -> (Vec<(String, u64)>, HashSet<String>) {
    let mut names = Names { line, tables: Vec::new(), local: HashSet::new() };
    // The walk has no reason to stop early.
    let _ = query.visit(&mut names);
    (names.tables, names.local)
}

struct Names {
    line: u64,
    tables: Vec<(String, u64)>,
    local: HashSet<String>,
}

impl Visitor for Names {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let with = query.with.iter().flat_map(|with| &with.cte_tables);
        self.local.extend(with.map(|cte| cte.alias.name.value.clone()));
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        if let [part] = name.0.as_slice()
            && let Some(ident) = part.as_ident()
        {
            let line = match ident.span.start.line {
                0 => self.line,
                line => line,
            };
            self.tables.push((ident.value.clone(), line));
        }
        ControlFlow::Continue(())
    }
}
