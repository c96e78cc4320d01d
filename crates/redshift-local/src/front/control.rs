//! Statements that steer the session: blocks, settings, cancelling others.

use super::{
    failure::{Failure, Step},
    reply::{self, text_column},
    run::{Done, Run},
    session::Session,
    settings::{SessionSettings, check_encoding, milliseconds},
    transaction::{Block, identifier, literal},
};

impl Session {
    /// `BEGIN`.
    pub(super) fn begin_block(&mut self, read_only: bool) -> Done {
        if self.transaction.in_block() {
            let text = "there is already a transaction in progress";
            self.notice(&Failure::new("25001", text).with_severity("WARNING"));
        } else {
            self.transaction.block = Block::Open;
            self.transaction.read_only = read_only;
            self.show_block();
        }
        Done::tagged("BEGIN")
    }

    /// `COMMIT`; a block that has failed rolls back.
    pub(super) async fn commit_block(&mut self) -> Step<Done> {
        match self.transaction.block {
            Block::Failed => self.rollback_block().await,
            Block::Open => {
                self.commit(true).await?;
                Ok(Done::tagged("COMMIT"))
            }
            Block::None | Block::Implicit => {
                self.warn_no_transaction();
                self.commit(false).await?;
                Ok(Done::tagged("COMMIT"))
            }
        }
    }

    /// `ROLLBACK`.
    pub(super) async fn rollback_block(&mut self) -> Step<Done> {
        if !self.transaction.in_block() {
            self.warn_no_transaction();
        }
        self.rollback().await?;
        Ok(Done::tagged("ROLLBACK"))
    }

    fn warn_no_transaction(&mut self) {
        let text = "there is no transaction in progress";
        self.notice(&Failure::new("25P01", text).with_severity("WARNING"));
    }

    /// `SET` and `RESET`.
    pub(super) async fn set(
        &mut self,
        name: &str,
        value: Option<&str>,
        sql: Option<&str>,
    ) -> Step<Done> {
        if SessionSettings::keeps(name) {
            if let (Some(value), "statement_timeout") = (value, name)
                && milliseconds(value).is_none()
            {
                let text = format!("invalid value for parameter \"{name}\": \"{value}\"");
                return Err(Failure::new("22023", text).into());
            }
            if self.transaction.block != Block::None {
                self.remember_settings();
            }
            self.settings.set(name, value);
            self.show_settings();
        } else {
            if let (Some(value), "client_encoding") = (value, name) {
                check_encoding(value)?;
            }
            let own = match value {
                Some(value) => format!("SET {} TO {}", identifier(name), literal(value)),
                None => format!("RESET {}", identifier(name)),
            };
            // Outside a block it holds at once; inside, it goes with a rollback.
            if self.transaction.block == Block::Open {
                self.begin().await?;
            }
            self.backend.run(sql.unwrap_or(&own)).await?;
        }
        Ok(Done::tagged(if value.is_some() { "SET" } else { "RESET" }))
    }

    /// `SHOW` of a setting.
    pub(super) async fn show(&mut self, name: &str, run: &Run) -> Step<Done> {
        let value = match self.settings.get(name) {
            Some(value) => value.to_owned(),
            None => {
                let sql = format!("SHOW {}", identifier(name));
                let rows = self.backend.run(&sql).await?;
                rows.into_iter().flatten().next().flatten().unwrap_or_default()
            }
        };
        if matches!(run, Run::Simple { .. }) {
            reply::row_description(self.client.out(), &[text_column(name)], |_| 0);
        }
        reply::data_row(self.client.out(), &[Some(&value)]);
        Ok(Done { tag: "SHOW".into(), rows: Some(1) })
    }

    /// `CANCEL`.
    pub(super) async fn cancel(&mut self, pid: i32) -> Step<Done> {
        let Some(entry) = self.server.sessions.find(pid) else {
            return Err(Failure::new("XX000", format!("no session with process id {pid}")).into());
        };
        if entry.info().user != self.who.user.name && !self.who.user.superuser {
            let text = "must be superuser to cancel another user's query";
            return Err(Failure::new("42501", text).into());
        }
        entry.cancel(self.server.socket()).await;
        Ok(Done::tagged("CANCEL"))
    }
}
