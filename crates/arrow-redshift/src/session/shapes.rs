//! Statements with parameters that come again: the server reads and plans such a text once.
//!
//! To plan an INSERT of thousands of rows takes the server longer than to run it. But to prepare one
//! costs a round trip, so the first time it goes without; what comes a second time is prepared.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use tokio_postgres::Statement as Prepared;

/// How many texts are remembered, the oldest of which is forgotten, and closed by the driver.
const REMEMBERED: usize = 16;

/// The texts that a session has sent lately.
#[derive(Default)]
pub(super) struct Shapes(Mutex<VecDeque<(Box<str>, Option<Prepared>)>>);

/// What is known of a text.
pub(super) enum Known {
    /// It was not sent lately.
    No,
    /// It was sent once, as it is.
    Once,
    /// It is prepared.
    Prepared(Prepared),
}

impl Shapes {
    /// Says what is known of a text, which is then known to be sent.
    pub fn meet(&self, text: &str) -> Known {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().position(|(other, _)| **other == *text);
        let (entry, answer) = match found.and_then(|at| known.remove(at)) {
            None => ((text.into(), None), Known::No),
            Some((text, None)) => ((text, None), Known::Once),
            Some((text, Some(prepared))) => {
                ((text, Some(prepared.clone())), Known::Prepared(prepared))
            }
        };
        known.push_back(entry);
        if known.len() > REMEMBERED {
            known.pop_front();
        }
        answer
    }

    /// Keeps a statement that was prepared for a text, while that is among the latest.
    pub fn keep(&self, text: &str, prepared: &Prepared) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, place)) = known.iter_mut().find(|(other, _)| **other == *text) {
            *place = Some(prepared.clone());
        }
    }

    /// Forgets all texts. What is prepared may be of no use any more (somebody changed the table, a
    /// pooler handed out another session), and would fail again and again.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_while_it_is_among_the_latest() {
        let shapes = Shapes::default();
        assert!(matches!(shapes.meet("a"), Known::No));
        assert!(matches!(shapes.meet("a"), Known::Once));
        for other in 0..REMEMBERED - 1 {
            assert!(matches!(shapes.meet(&other.to_string()), Known::No));
        }
        assert!(matches!(shapes.meet("a"), Known::Once));
        for other in 0..REMEMBERED {
            shapes.meet(&(100 + other).to_string());
        }
        assert!(matches!(shapes.meet("a"), Known::No));
        assert!(matches!(shapes.meet("a"), Known::Once));
        shapes.forget();
        assert!(matches!(shapes.meet("a"), Known::No));
    }
}
