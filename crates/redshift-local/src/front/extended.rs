//! The extended protocol: Parse, Bind, Describe, Execute, Close.
//!
//! Statements go through the gate at Parse. Bind is kept until Execute, which takes snapshot and
//! locks first. Names on the backend are the front's own: a simple query there would drop the
//! unnamed statement.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    backend::Description,
    describe::{check_parameter_count, check_parameters},
    failure::{Failure, Step},
    frame::put,
    reply::{self, Column, text_column},
    request::{Bind, Request},
    run::{PortalRun, Run, formats},
    session::Session,
    transaction::Block,
};
use crate::dialect::action::{Action, Checked, ParameterRows};

/// OIDs under which a parameter has no type: none, and PostgreSQL's `unknown`.
const UNDECLARED: [u32; 2] = [0, 705];

/// A client's prepared statement.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// What it is; `None` for an empty text.
    checked: Option<Checked>,
    text: String,
    /// Its name on the backend, where it is there.
    name: Option<String>,
    /// Types of its parameters, as Redshift names them.
    parameters: Vec<u32>,
    /// Its result's columns, as Redshift describes them.
    columns: Option<Vec<Column>>,
    /// How its use fails, where a fault has struck it.
    outdated: Option<Failure>,
}

/// A client's portal.
#[derive(Debug)]
pub(crate) struct Portal {
    statement: Arc<Prepared>,
    name: String,
    bind: Option<Bytes>,
    formats: Vec<i16>,
    /// Its command tag, once it has run to its end.
    finished: Option<String>,
}

impl Session {
    /// Answers a message of the extended protocol.
    pub(super) async fn extended(&mut self, request: Request) -> Step<()> {
        match request {
            Request::Parse { name, sql, types } => {
                self.parse(name, sql, &types).await?;
                put(self.client.out(), b'1', &[]);
            }
            Request::Bind(bind) => {
                self.bind(&bind)?;
                put(self.client.out(), b'2', &[]);
            }
            Request::DescribeStatement(name) => {
                let statement = Arc::clone(self.statement(&name)?);
                reply::parameter_description(self.client.out(), &statement.parameters);
                self.describe(statement.columns.as_deref(), &[]);
            }
            Request::DescribePortal(name) => {
                let portal = self.portals.get(&name).ok_or_else(|| no_portal(&name))?;
                let (statement, formats) = (Arc::clone(&portal.statement), portal.formats.clone());
                self.describe(statement.columns.as_deref(), &formats);
            }
            Request::Execute { portal, max_rows } => self.execute(&portal, max_rows).await?,
            Request::CloseStatement(name) => {
                self.forget_statement(&name);
                put(self.client.out(), b'3', &[]);
            }
            Request::ClosePortal(name) => {
                self.close_portal(&name);
                put(self.client.out(), b'3', &[]);
            }
            Request::Flush => self.client.flush().await?,
            // Ignored outside COPY, as PostgreSQL does; the rest is answered elsewhere.
            Request::CopyMessage | Request::Query(_) | Request::Sync | Request::Terminate => {}
        }
        Ok(())
    }

    async fn parse(&mut self, name: String, sql: String, types: &[u32]) -> Step<()> {
        if !name.is_empty() && self.statements.contains_key(&name) {
            let text = format!("prepared statement \"{name}\" already exists");
            return Err(Failure::new("42P05", text).into());
        }
        check_parameter_count(types.len())?;
        self.forget_statement(&name);
        let mut checked = self.checked(&sql)?;
        if checked.len() > 1 {
            let text = "cannot insert multiple commands into a prepared statement";
            return Err(Failure::new("42601", text).into());
        }
        let checked = checked.pop();
        let ends = matches!(&checked, Some(one) if matches!(one.action, Action::Commit | Action::Rollback));
        if self.transaction.block == Block::Failed && !ends {
            return Err(Failure::aborted().into());
        }
        let prepared = self.prepare(checked, sql, types).await?;
        self.statements.insert(name, Arc::new(prepared));
        Ok(())
    }

    async fn prepare(
        &mut self,
        checked: Option<Checked>,
        text: String,
        types: &[u32],
    ) -> Step<Prepared> {
        let mut prepared = Prepared {
            checked,
            text,
            name: None,
            parameters: Vec::new(),
            columns: None,
            outdated: None,
        };
        let Some(checked) = &prepared.checked else { return Ok(prepared) };
        match &checked.action {
            // PostgreSQL analyses the statement now, in a snapshot and with locks. Where the
            // transaction has not begun that happens apart from it, and leaves nothing behind.
            Action::Query { sql, .. } => {
                if self.transaction.begun {
                    self.snapshot(&[]).await?;
                }
                (prepared.name, prepared.parameters, prepared.columns) =
                    self.prepare_on_backend(sql, types).await?;
            }
            Action::Write { sql, target, reads, rows, .. } => {
                if self.transaction.begun {
                    self.enter_write(target, reads).await?;
                }
                let sql = match rows {
                    Some(rows) if declared_alike(types, rows.width) => &converted_once(sql, *rows),
                    _ => sql,
                };
                (prepared.name, prepared.parameters, prepared.columns) =
                    self.prepare_on_backend(sql, types).await?;
            }
            Action::ShowSetting { name } => prepared.columns = Some(vec![text_column(name)]),
            _ => {}
        }
        Ok(prepared)
    }

    async fn prepare_on_backend(
        &mut self,
        sql: &str,
        types: &[u32],
    ) -> Step<(Option<String>, Vec<u32>, Option<Vec<Column>>)> {
        let known = self.server.types;
        let types: Vec<u32> = types.iter().map(|oid| known.declared(*oid)).collect();
        let name = self.fresh_name();
        let unused =
            if self.portals.is_empty() { std::mem::take(&mut self.closing) } else { Vec::new() };
        let Description { parameters, columns } =
            self.backend.prepare(&name, sql, &types, &unused).await?;
        let parameters = parameters.into_iter().map(|oid| known.shown(oid)).collect();
        Ok((Some(name), parameters, columns.map(|columns| known.shown_columns(columns))))
    }

    fn bind(&mut self, bind: &Bind) -> Step<()> {
        let statement = Arc::clone(self.statement(&bind.statement)?);
        if let Some(failure) = &statement.outdated {
            return Err(failure.clone().into());
        }
        check_parameters(bind, &statement.parameters)?;
        if usize::from(bind.count) != statement.parameters.len() {
            let text = format!(
                "bind message supplies {} parameters, but prepared statement \"{}\" requires {}",
                bind.count,
                bind.statement,
                statement.parameters.len()
            );
            return Err(Failure::new("08P01", text).into());
        }
        if !bind.portal.is_empty() && self.portals.contains_key(&bind.portal) {
            let text = format!("cursor \"{}\" already exists", bind.portal);
            return Err(Failure::new("42P03", text).into());
        }
        let formats = formats(statement.columns.as_deref().unwrap_or_default(), &bind.results);
        let name = self.fresh_name();
        let body = statement.name.as_ref().map(|on_backend| {
            bind_body(&name, on_backend, &bind.formats, bind.count, &bind.values, &formats)
        });
        let portal = Portal { statement, name, bind: body, formats, finished: None };
        self.close_portal(&bind.portal);
        self.portals.insert(bind.portal.clone(), portal);
        Ok(())
    }

    fn describe(&mut self, columns: Option<&[Column]>, formats: &[i16]) {
        match columns {
            Some(columns) => reply::row_description(self.client.out(), columns, |index| {
                formats.get(index).copied().unwrap_or(0)
            }),
            None => put(self.client.out(), b'n', &[]),
        }
    }

    async fn execute(&mut self, name: &str, max_rows: i32) -> Step<()> {
        let portal = self.portals.get_mut(name).ok_or_else(|| no_portal(name))?;
        let statement = Arc::clone(&portal.statement);
        let Some(checked) = &statement.checked else {
            put(self.client.out(), b'I', &[]);
            return Ok(());
        };
        if let Some(tag) = portal.finished.clone() {
            // A query's portal has no more rows; anything else runs only once.
            if statement.columns.is_none() {
                let text = format!("portal \"{name}\" cannot be run");
                return Err(Failure::new("55000", text).into());
            }
            reply::command_complete(self.client.out(), &tag);
            return Ok(());
        }
        let run = PortalRun { portal: portal.name.clone(), bind: portal.bind.take(), max_rows };
        let done = self.carry_out(checked, &statement.text, Run::Portal(run)).await?;
        self.tell();
        if done.tag.is_empty() {
            put(self.client.out(), b's', &[]);
            return Ok(());
        }
        if let Some(portal) = self.portals.get_mut(name) {
            portal.finished = Some(done.tag.clone());
        }
        reply::command_complete(self.client.out(), &done.tag);
        Ok(())
    }

    fn statement(&self, name: &str) -> Step<&Arc<Prepared>> {
        self.statements.get(name).ok_or_else(|| {
            Failure::new("26000", format!("prepared statement \"{name}\" does not exist")).into()
        })
    }

    /// Closes a portal; the backend's goes with the next message to it.
    fn close_portal(&mut self, name: &str) {
        if let Some(portal) = self.portals.remove(name)
            && portal.bind.is_none()
            && portal.finished.is_none()
        {
            self.closed_portals.push(portal.name);
        }
    }

    /// Closes a prepared statement; the backend's goes when no portal can need it any more.
    fn forget_statement(&mut self, name: &str) {
        if let Some(old) = self.statements.remove(name) {
            self.closing.extend(old.name.clone());
        }
    }

    /// From now on each use of what is prepared fails like this.
    pub(super) fn outdate(&mut self, failure: &Failure) {
        for statement in self.statements.values_mut() {
            let Prepared { checked, text, name, parameters, columns, .. } = statement.as_ref();
            *statement = Arc::new(Prepared {
                checked: checked.clone(),
                text: text.clone(),
                name: name.clone(),
                parameters: parameters.clone(),
                columns: columns.clone(),
                outdated: Some(failure.clone()),
            });
        }
    }

    /// A simple query ends the unnamed statement and portal.
    pub(super) fn forget_unnamed(&mut self) {
        self.forget_statement("");
        self.close_portal("");
    }
}

/// Whether all rows declare the same types for their cells: then each value becomes its column's
/// as it would from VALUES, whose cells without a type take the column's.
fn declared_alike(types: &[u32], width: usize) -> bool {
    let Some(first) = types.get(..width) else { return false };
    !first.iter().any(|oid| UNDECLARED.contains(oid)) && types.chunks(width).all(|row| row == first)
}

/// Rows of parameters as a query of the same values. PostgreSQL builds the expressions of each row
/// of VALUES anew, and again whenever it runs them; that would be half of what an INSERT of many rows
/// takes, mostly for the width rule of VARCHAR. A query's rows share their expressions.
fn converted_once(sql: &str, rows: ParameterRows) -> String {
    let (insert, values) = sql.split_at(rows.at);
    format!("{insert}SELECT * FROM ({values}) AS front_rows")
}

fn no_portal(name: &str) -> Failure {
    Failure::new("34000", format!("portal \"{name}\" does not exist"))
}

/// The body of a Bind message for the backend.
pub(super) fn bind_body(
    portal: &str,
    statement: &str,
    formats: &[i16],
    count: u16,
    values: &[u8],
    results: &[i16],
) -> Bytes {
    let mut body = BytesMut::with_capacity(64 + values.len());
    for name in [portal, statement] {
        body.put_slice(name.as_bytes());
        body.put_u8(0);
    }
    let put_formats = |body: &mut BytesMut, formats: &[i16]| {
        body.put_u16(u16::try_from(formats.len()).unwrap_or(u16::MAX));
        formats.iter().for_each(|format| body.put_i16(*format));
    };
    put_formats(&mut body, formats);
    body.put_u16(count);
    body.put_slice(values);
    put_formats(&mut body, results);
    body.freeze()
}
