//! The simple protocol: one message, any number of statements.

use super::{failure::Step, frame::put, reply, run::Run, session::Session, transaction::Block};
use crate::dialect::{action::Checked, check};

impl Session {
    /// Answers a Query message. Outside a block all of it is one transaction, which ends before the
    /// last statement's tag is sent.
    pub(super) async fn simple_query(&mut self, text: &str) -> Step<()> {
        self.forget_unnamed();
        let statements = self.checked(text)?;
        if statements.is_empty() {
            put(self.client.out(), b'I', &[]);
            return self.end_statement().await;
        }
        let alone = statements.len() == 1;
        let last = statements.len() - 1;
        for (index, statement) in statements.iter().enumerate() {
            let done = self.carry_out(statement, text, Run::Simple { alone }).await?;
            if index == last {
                self.end_statement().await?;
            }
            self.tell();
            reply::command_complete(self.client.out(), &done.tag);
        }
        Ok(())
    }

    /// The statements of a client's text that the gate lets through; a refusal is logged.
    pub(super) fn checked(&self, text: &str) -> Step<Vec<Checked>> {
        check(text, &self.gate()).map_err(|refusal| {
            self.log(text, "", false);
            refusal.into()
        })
    }

    /// Ends the transaction of statements outside a block.
    pub(super) async fn end_statement(&mut self) -> Step<()> {
        if self.transaction.block == Block::Implicit {
            self.commit(false).await?;
        }
        if !self.transaction.in_block() {
            self.portals.clear();
        }
        Ok(())
    }
}
