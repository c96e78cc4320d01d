//! INSERT, UPDATE, DELETE and MERGE.

use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, Insert, JoinOperator, Merge,
    MergeAction, MergeClause, MergeClauseKind, MergeInsertKind, ObjectName, Query, SetExpr,
    TableFactor, TableObject, TableWithJoins, Update, UpdateTableFromKind, Value, Values,
};

use super::{
    action::{Action, ParameterRows, Refusal, Relation, Settings},
    check::{Check, Written},
    modelled, names,
};

/// An INSERT; `with` is what stood before it.
pub(crate) fn insert(insert: &Insert, settings: &Settings) -> Result<Action, Refusal> {
    let Insert {
        insert_token: _,
        optimizer_hints,
        or,
        ignore,
        into,
        table,
        table_alias,
        columns,
        overwrite,
        source,
        assignments,
        partitioned,
        after_columns,
        has_table_keyword,
        on,
        returning,
        output,
        replace_into,
        priority,
        insert_alias,
        settings: clause_settings,
        format_clause,
        ..
    } = insert;
    if on.is_some() {
        return Err(Refusal::unsupported("ON CONFLICT is not supported"));
    }
    if returning.is_some() {
        return Err(Refusal::unsupported("RETURNING is not supported"));
    }
    let unknown = !optimizer_hints.is_empty()
        || or.is_some()
        || *ignore
        || !*into
        || table_alias.is_some()
        || *overwrite
        || !assignments.is_empty()
        || partitioned.is_some()
        || !after_columns.is_empty()
        || *has_table_keyword
        || output.is_some()
        || *replace_into
        || priority.is_some()
        || insert_alias.is_some()
        || clause_settings.is_some()
        || format_clause.is_some();
    let TableObject::TableName(table) = table else {
        return Err(Refusal::not_modelled("INSERT into anything but a table"));
    };
    if unknown {
        return Err(Refusal::not_modelled("this form of INSERT"));
    }
    let mut check = Check::new(settings);
    let target = check.target(table)?;
    let columns = column_list(&check, columns)?;
    let width = source.as_deref().and_then(parameters_of_a_row);
    let source = match source {
        None => "DEFAULT VALUES".to_owned(),
        Some(query) => insert_source(&mut check, query)?,
    };
    check.settle(true)?;
    let sql = format!("INSERT INTO {}{columns} {source}", names::quote_relation(&target));
    let rows = width.map(|width| ParameterRows { at: sql.len() - source.len(), width });
    Ok(Action::Write { sql, target, reads: check.reads, rows, tag: None })
}

/// How many cells a row has, where there are several rows and each cell is the next parameter.
fn parameters_of_a_row(query: &Query) -> Option<usize> {
    let SetExpr::Values(values) = query.body.as_ref() else { return None };
    let plain = query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none();
    let mut number = 0;
    let mut in_order = values.rows.iter().flat_map(|row| &row.content).map(|cell| {
        number += 1;
        matches!(
            cell,
            Expr::Value(value)
                if matches!(&value.value, Value::Placeholder(name)
                    if name.strip_prefix('$').and_then(|name| name.parse().ok()) == Some(number))
        )
    });
    let parameters = plain && values.rows.len() > 1 && in_order.all(|next| next);
    parameters.then(|| values.rows.first().map_or(0, |row| row.content.len()))
}

fn column_list(check: &Check<'_>, columns: &[ObjectName]) -> Written {
    if columns.is_empty() {
        return Ok(String::new());
    }
    let columns = columns.iter().map(|c| unqualified(check, c)).collect::<Result<Vec<_>, _>>()?;
    Ok(format!(" ({})", columns.join(", ")))
}

fn unqualified(check: &Check<'_>, column: &ObjectName) -> Written {
    match check.parts(column)?.as_slice() {
        [name] => check.ident(name),
        _ => Err(Refusal::new("42601", "a column to be set must not be qualified")),
    }
}

fn insert_source(check: &mut Check<'_>, query: &Query) -> Written {
    match query {
        Query { with: None, body, order_by: None, limit_clause: None, .. } => match body.as_ref() {
            SetExpr::Values(values) => insert_values(check, values),
            _ => check.query(query),
        },
        _ => check.query(query),
    }
}

fn insert_values(check: &mut Check<'_>, values: &Values) -> Written {
    let rows = &values.rows;
    if values.explicit_row || values.value_keyword {
        return Err(Refusal::syntax("ROW"));
    }
    let width = rows.first().map_or(0, |row| row.content.len());
    let mut written = Vec::with_capacity(rows.len());
    for row in rows {
        if row.content.len() != width {
            return Err(Refusal::new("42601", "VALUES lists must all be the same length"));
        }
        let cells = row.content.iter().map(|cell| {
            if rows.len() > 1 && matches!(cell, Expr::Subquery(_)) {
                return Err(Refusal::unsupported(
                    "subqueries are not supported in a multi-row VALUES list",
                ));
            }
            value_or_default(check, cell)
        });
        written.push(format!("({})", cells.collect::<Result<Vec<_>, _>>()?.join(", ")));
    }
    Ok(format!("VALUES {}", written.join(", ")))
}

fn value_or_default(check: &mut Check<'_>, value: &Expr) -> Written {
    match value {
        Expr::Identifier(word)
            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("default") =>
        {
            Ok("DEFAULT".into())
        }
        other => check.expression(other),
    }
}

/// An UPDATE; `with` is the WITH clause before it, written.
pub(crate) fn update(
    mut check: Check<'_>,
    with: String,
    update: &Update,
) -> Result<Action, Refusal> {
    let Update {
        update_token: _,
        optimizer_hints,
        table,
        assignments,
        from,
        selection,
        returning,
        output,
        or,
        order_by,
        limit,
    } = update;
    if returning.is_some() {
        return Err(Refusal::unsupported("RETURNING is not supported"));
    }
    if !optimizer_hints.is_empty()
        || output.is_some()
        || or.is_some()
        || !order_by.is_empty()
        || limit.is_some()
    {
        return Err(Refusal::not_modelled("this form of UPDATE"));
    }
    let (target, alias) = single_table(&mut check, table)?;
    let mut sql = format!("{with}UPDATE {}{alias} SET ", names::quote_relation(&target));
    sql.push_str(&assigned(&mut check, assignments)?);
    match from {
        None => {}
        Some(UpdateTableFromKind::BeforeSet(_)) => return Err(Refusal::syntax("FROM")),
        Some(UpdateTableFromKind::AfterSet(tables)) => {
            no_outer_join(tables)?;
            sql.push_str(&check.from(tables)?);
        }
    }
    finish(check, sql, target, selection.as_ref())
}

/// A DELETE; `with` is the WITH clause before it, written.
pub(crate) fn delete(
    mut check: Check<'_>,
    with: String,
    delete: &Delete,
) -> Result<Action, Refusal> {
    let Delete {
        delete_token: _,
        optimizer_hints,
        tables,
        from,
        using,
        selection,
        returning,
        output,
        order_by,
        limit,
    } = delete;
    if returning.is_some() {
        return Err(Refusal::unsupported("RETURNING is not supported"));
    }
    if !optimizer_hints.is_empty()
        || !tables.is_empty()
        || output.is_some()
        || !order_by.is_empty()
        || limit.is_some()
    {
        return Err(Refusal::not_modelled("this form of DELETE"));
    }
    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = from;
    let [table] = from.as_slice() else { return Err(Refusal::syntax(",")) };
    let (target, alias) = single_table(&mut check, table)?;
    if !alias.is_empty() {
        return Err(Refusal::syntax(alias.trim_start_matches(" AS ")));
    }
    let mut sql = format!("{with}DELETE FROM {}", names::quote_relation(&target));
    if let Some(using) = using {
        sql.push_str(&format!(" USING {}", check.tables(using)?));
    }
    finish(check, sql, target, selection.as_ref())
}

/// The condition, and the action.
fn finish(
    mut check: Check<'_>,
    mut sql: String,
    target: Relation,
    condition: Option<&Expr>,
) -> Result<Action, Refusal> {
    if let Some(condition) = condition {
        sql.push_str(&format!(" WHERE {}", check.expression(condition)?));
    }
    check.settle(true)?;
    Ok(Action::Write {
        sql,
        reads: reads_with(check.reads, &target),
        target,
        rows: None,
        tag: None,
    })
}

/// What a statement reads when it reads its target too.
fn reads_with(mut reads: Vec<Relation>, target: &Relation) -> Vec<Relation> {
    if !reads.contains(target) {
        reads.push(target.clone());
    }
    reads
}

/// The one table of an UPDATE or DELETE, and its alias written with AS before it.
fn single_table(
    check: &mut Check<'_>,
    table: &TableWithJoins,
) -> Result<(Relation, String), Refusal> {
    let TableWithJoins { relation: TableFactor::Table { name, alias, args: None, .. }, joins } =
        table
    else {
        return Err(Refusal::not_modelled("a change of anything but a table"));
    };
    if !joins.is_empty() {
        return Err(Refusal::syntax("JOIN"));
    }
    let target = check.target(name)?;
    let alias = match alias {
        Some(alias) => format!(" AS {}", check.alias(alias)?),
        None => String::new(),
    };
    Ok((target, alias))
}

fn assigned(check: &mut Check<'_>, assignments: &[Assignment]) -> Written {
    let mut written = Vec::new();
    for Assignment { target, value } in assignments {
        let AssignmentTarget::ColumnName(column) = target else {
            return Err(Refusal::not_modelled("SET of several columns at once"));
        };
        let column = unqualified(check, column)?;
        written.push(format!("{column} = {}", value_or_default(check, value)?));
    }
    Ok(written.join(", "))
}

fn no_outer_join(tables: &[TableWithJoins]) -> Result<(), Refusal> {
    let outer = tables.iter().flat_map(|table| &table.joins).any(|join| {
        !matches!(
            join.join_operator,
            JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_)
        )
    });
    match outer {
        true => Err(Refusal::unsupported("Target table must be part of an equijoin predicate")),
        false => Ok(()),
    }
}

/// A MERGE with one WHEN MATCHED and one WHEN NOT MATCHED, in this order.
pub(crate) fn merge(merge: &Merge, settings: &Settings) -> Result<Action, Refusal> {
    modelled::statement("merge")?;
    let Merge { merge_token: _, optimizer_hints, into, table, source, on, clauses, output } = merge;
    if !optimizer_hints.is_empty() || !*into || output.is_some() {
        return Err(Refusal::not_modelled("this form of MERGE"));
    }
    let mut check = Check::new(settings);
    let TableFactor::Table { name, alias: None, args: None, .. } = table else {
        return Err(Refusal::not_modelled("MERGE into a table with an alias"));
    };
    let target = check.target(name)?;
    let source = TableWithJoins { relation: source.clone(), joins: Vec::new() };
    let source = check.tables(std::slice::from_ref(&source))?;
    if check.reads.contains(&target) {
        return Err(Refusal::unsupported(
            "Source view/subquery in Merge statement cannot reference target table.",
        ));
    }
    equalities(on)?;
    let condition = check.expression(on)?;
    let [matched, not_matched] = clauses.as_slice() else {
        return Err(Refusal::new(
            "42601",
            "MERGE requires one WHEN MATCHED and one WHEN NOT MATCHED clause",
        ));
    };
    let matched = matched_clause(&mut check, matched)?;
    let not_matched = not_matched_clause(&mut check, not_matched)?;
    check.settle(true)?;
    let sql = format!(
        "MERGE INTO {} USING {source} ON {condition} WHEN MATCHED THEN {matched} \
         WHEN NOT MATCHED THEN {not_matched}",
        names::quote_relation(&target)
    );
    let reads = reads_with(check.reads, &target);
    Ok(Action::Write { sql, target, reads, rows: None, tag: Some("MERGE") })
}

/// MERGE matches by equalities, joined by AND.
fn equalities(on: &Expr) -> Result<(), Refusal> {
    use sqlparser::ast::BinaryOperator::{And, Eq};
    match on {
        Expr::Nested(inner) => equalities(inner),
        Expr::BinaryOp { left, op: And, right } => {
            equalities(left)?;
            equalities(right)
        }
        Expr::BinaryOp { op: Eq, .. } => Ok(()),
        _ => Err(Refusal::unsupported("MERGE supports equality conditions only")),
    }
}

fn matched_clause(check: &mut Check<'_>, clause: &MergeClause) -> Written {
    match clause {
        MergeClause { clause_kind: MergeClauseKind::Matched, predicate: None, action, .. } => {
            match action {
                MergeAction::Delete { .. } => Ok("DELETE".into()),
                MergeAction::Update(update)
                    if update.update_predicate.is_none() && update.delete_predicate.is_none() =>
                {
                    Ok(format!("UPDATE SET {}", assigned(check, &update.assignments)?))
                }
                _ => Err(Refusal::syntax("INSERT")),
            }
        }
        _ => Err(Refusal::unsupported("MERGE supports WHEN MATCHED THEN without a condition")),
    }
}

fn not_matched_clause(check: &mut Check<'_>, clause: &MergeClause) -> Written {
    let MergeClause { clause_kind: MergeClauseKind::NotMatched, predicate: None, action, .. } =
        clause
    else {
        return Err(Refusal::unsupported(
            "MERGE supports WHEN NOT MATCHED THEN without a condition",
        ));
    };
    let MergeAction::Insert(insert) = action else { return Err(Refusal::syntax("UPDATE")) };
    let MergeInsertKind::Values(values) = &insert.kind else {
        return Err(Refusal::not_modelled("this form of INSERT in MERGE"));
    };
    if insert.insert_predicate.is_some() || values.rows.len() != 1 {
        return Err(Refusal::not_modelled("this form of INSERT in MERGE"));
    }
    let columns = column_list(check, &insert.columns)?;
    Ok(format!("INSERT{columns} {}", insert_values(check, values)?))
}
