//! Which transaction read and wrote which table, and whether a serial order explains it.
//!
//! Between transactions `a` and `b` there is an edge "a comes before b" for a table when
//! - `a` wrote it, and `b` read it in a snapshot that sees that write,
//! - `a` read it in a snapshot that does not see `b`'s write, or
//! - both wrote it and `a` committed first.
//!
//! A cycle means that no serial order gives the same result. Only cycles through the transaction
//! that asks and committed others count: an open one may still roll back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Transactions that form a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// OID of a table that the asking transaction read and another has changed since.
    pub(crate) table: u32,
    /// Transaction ids along the cycle, the asking one first.
    pub(crate) xids: Vec<u64>,
}

/// The transactions of a database that may still matter, by transaction id.
#[derive(Debug, Default)]
pub(crate) struct TransactionLog {
    /// Counts commits of transactions that wrote.
    clock: u64,
    transactions: BTreeMap<u64, Transaction>,
    /// When the transaction that created a table committed.
    born: BTreeMap<u32, u64>,
}

#[derive(Debug, Default)]
struct Transaction {
    snapshot: u64,
    /// `None` while it is open.
    end: Option<u64>,
    reads: BTreeSet<u32>,
    writes: BTreeSet<u32>,
    creates: BTreeSet<u32>,
}

impl TransactionLog {
    /// Records that a transaction took its snapshot now.
    pub(crate) fn open(&mut self, xid: u64) {
        let snapshot = self.clock;
        self.transactions.insert(xid, Transaction { snapshot, ..Transaction::default() });
    }

    /// Records that an open transaction reads a table.
    pub(crate) fn read(&mut self, xid: u64, table: u32) {
        if let Some(transaction) = self.transactions.get_mut(&xid) {
            transaction.reads.insert(table);
        }
    }

    /// Records that an open transaction writes a table.
    pub(crate) fn write(&mut self, xid: u64, table: u32) {
        if let Some(transaction) = self.transactions.get_mut(&xid) {
            transaction.writes.insert(table);
        }
    }

    /// Records that an open transaction creates a table.
    pub(crate) fn create(&mut self, xid: u64, table: u32) {
        if let Some(transaction) = self.transactions.get_mut(&xid) {
            transaction.creates.insert(table);
        }
    }

    /// Whether a table was created by a transaction that this one's snapshot does not see.
    pub(crate) fn is_younger(&self, xid: u64, table: u32) -> bool {
        match (self.transactions.get(&xid), self.born.get(&table)) {
            (Some(transaction), Some(born)) => *born > transaction.snapshot,
            _ => false,
        }
    }

    /// The cycle that keeps an open transaction from committing, where there is one.
    pub(crate) fn conflict(&self, xid: u64) -> Option<Conflict> {
        let me = self.transactions.get(&xid)?;
        let mut came_from: BTreeMap<u64, u64> = BTreeMap::new();
        let mut queue = VecDeque::from([xid]);
        while let Some(from) = queue.pop_front() {
            let earlier = self.transactions.get(&from)?;
            for (to, later) in &self.transactions {
                if *to == from || !(before(earlier, later)) {
                    continue;
                }
                if *to == xid {
                    return Some(self.cycle(me, xid, from, &came_from));
                }
                if later.end.is_some() && !came_from.contains_key(to) {
                    came_from.insert(*to, from);
                    queue.push_back(*to);
                }
            }
        }
        None
    }

    /// A committed transaction that wrote a table behind this one's snapshot.
    pub(crate) fn newer_writer(&self, xid: u64, table: u32) -> Option<u64> {
        let me = self.transactions.get(&xid)?;
        let newer = |one: &Transaction| one.end > Some(me.snapshot) && one.writes.contains(&table);
        self.transactions.iter().rev().find(|(_, one)| newer(one)).map(|(other, _)| *other)
    }

    fn cycle(
        &self,
        me: &Transaction,
        xid: u64,
        last: u64,
        came_from: &BTreeMap<u64, u64>,
    ) -> Conflict {
        let mut xids = vec![last];
        while let Some(previous) = xids.last().and_then(|id| came_from.get(id)) {
            if *previous == xid {
                break;
            }
            xids.push(*previous);
        }
        xids.push(xid);
        xids.reverse();
        let changed = xids.get(1).and_then(|next| self.transactions.get(next));
        let table = changed.and_then(|next| me.reads.intersection(&next.writes).next());
        Conflict { table: table.copied().unwrap_or(0), xids }
    }

    /// Records that an open transaction has committed.
    pub(crate) fn commit(&mut self, xid: u64) {
        if let Some(transaction) = self.transactions.get_mut(&xid) {
            if !transaction.writes.is_empty() || !transaction.creates.is_empty() {
                self.clock += 1;
            }
            transaction.end = Some(self.clock);
            for table in &transaction.creates {
                self.born.insert(*table, self.clock);
            }
        }
        self.prune();
    }

    /// Records that an open transaction has rolled back.
    pub(crate) fn abort(&mut self, xid: u64) {
        self.transactions.remove(&xid);
        self.prune();
    }

    /// Whether an open transaction has written or created anything.
    pub(crate) fn has_written(&self, xid: u64) -> bool {
        self.transactions
            .get(&xid)
            .is_some_and(|one| !one.writes.is_empty() || !one.creates.is_empty())
    }

    /// Forgets what no open transaction can meet any more. A committed transaction stays while an
    /// open one does not see it, or while another that stays does not.
    fn prune(&mut self) {
        let open = self.transactions.values().filter(|one| one.end.is_none());
        let Some(oldest) = open.map(|one| one.snapshot).min() else {
            self.transactions.clear();
            self.born.clear();
            return;
        };
        self.born.retain(|_, born| *born > oldest);
        let mut horizon = oldest;
        loop {
            let unseen = self.transactions.values().filter(|one| one.end > Some(horizon));
            match unseen.map(|one| one.snapshot).min() {
                Some(snapshot) if snapshot < horizon => horizon = snapshot,
                _ => break,
            }
        }
        self.transactions.retain(|_, one| one.end.is_none_or(|end| end > horizon));
    }
}

/// Whether some table puts `a` before `b`.
fn before(a: &Transaction, b: &Transaction) -> bool {
    let sees = |reader: &Transaction, writer: &Transaction| {
        writer.end.is_some_and(|end| end <= reader.snapshot)
    };
    (sees(b, a) && a.writes.intersection(&b.reads).next().is_some())
        || (!sees(a, b) && a.reads.intersection(&b.writes).next().is_some())
        || (commits_first(a, b) && a.writes.intersection(&b.writes).next().is_some())
}

fn commits_first(a: &Transaction, b: &Transaction) -> bool {
    match (a.end, b.end) {
        (Some(a), Some(b)) => a < b,
        (Some(_), None) => true,
        (None, _) => false,
    }
}
