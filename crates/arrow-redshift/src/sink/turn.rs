//! Turns: Redshift lets one transaction at a time write to a table, so writers of one table in one
//! process wait for each other here, before they begin, and not on the server's lock. That holds
//! for writers of one sink and for those of several: two INSERTs of one job may have one target.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError, Weak},
};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// The turns of every table that this process writes to.
static TURNS: LazyLock<Mutex<HashMap<String, Weak<Turn<()>>>>> = LazyLock::new(Mutex::default);

/// A writer's place among those of one table; first come, first served.
#[derive(Debug, Clone)]
pub(super) struct Turns(Arc<Turn<()>>);

impl Turns {
    /// The turns of the table of this name: the same ones for all of its writers.
    pub fn of(table: &str) -> Turns {
        let mut all = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = all.get(table).and_then(Weak::upgrade) {
            return Turns(turns);
        }
        all.retain(|_, turns| turns.strong_count() > 0);
        let turns = Arc::new(Turn::new(()));
        all.insert(table.to_owned(), Arc::downgrade(&turns));
        Turns(turns)
    }

    /// Waits for its turn, which lasts until the guard is dropped.
    pub async fn take(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.0).lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn writers_of_one_table_wait_for_each_other_and_for_nobody_else() {
        let (one, same, other) = (Turns::of("turn a"), Turns::of("turn a"), Turns::of("turn b"));
        let held = one.take().await;
        assert!(futures::poll!(Box::pin(same.take())).is_pending());
        assert!(futures::poll!(Box::pin(other.take())).is_ready());
        drop(held);
        assert!(futures::poll!(Box::pin(same.take())).is_ready());
    }

    #[test]
    fn turns_go_with_their_last_writer() {
        let one = Turns::of("turn c");
        let held = Arc::downgrade(&one.0);
        drop(one);
        assert_eq!(held.strong_count(), 0);
        let _again = Turns::of("turn c");
    }
}
