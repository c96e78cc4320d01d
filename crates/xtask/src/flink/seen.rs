//! What was seen of jobs whose processes were killed.

use std::{fmt, ops::AddAssign};

use super::killed::Victim;

/// Counts of one job or of many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Processes that were killed.
    pub task_managers: u64,
    /// Processes that were killed.
    pub job_managers: u64,
    /// Kills that found every subtask running, a moment before, and part of the job on the victim.
    pub in_flight: u64,
    /// Kills that found a commit's transaction open, a moment before.
    pub in_transaction: u64,
    /// How often jobs began anew.
    pub restarts: u64,
    /// Checkpoints that were completed, as far as the last JobManager knows.
    pub checkpoints: u64,
    /// Rows of the ledgers: one for each table and checkpoint that had rows.
    pub commits: u64,
}

impl Seen {
    /// All kills.
    pub fn kills(&self) -> u64 {
        self.task_managers + self.job_managers
    }

    /// Counts a kill.
    pub fn killed(&mut self, victim: Victim, in_flight: bool, in_transaction: bool) {
        match victim {
            Victim::TaskManager => self.task_managers += 1,
            Victim::JobManager => self.job_managers += 1,
        }
        self.in_flight += u64::from(in_flight);
        self.in_transaction += u64::from(in_transaction);
    }
}

impl AddAssign for Seen {
    fn add_assign(&mut self, other: Seen) {
        self.task_managers += other.task_managers;
        self.job_managers += other.job_managers;
        self.in_flight += other.in_flight;
        self.in_transaction += other.in_transaction;
        self.restarts += other.restarts;
        self.checkpoints += other.checkpoints;
        self.commits += other.commits;
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} TaskManagers and {} JobManagers killed, {} of these {} kills with rows in flight, \
             {} within a transaction; {} restarts, {} checkpoints, {} commits in the ledgers",
            self.task_managers,
            self.job_managers,
            self.in_flight,
            self.kills(),
            self.in_transaction,
            self.restarts,
            self.checkpoints,
            self.commits
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up() {
        let mut one = Seen { restarts: 1, checkpoints: 20, commits: 30, ..Seen::default() };
        one.killed(Victim::TaskManager, true, false);
        one.killed(Victim::JobManager, true, true);
        let mut all = Seen::default();
        all += one;
        all += one;
        assert_eq!(all.kills(), 4);
        assert_eq!(
            all.to_string(),
            "2 TaskManagers and 2 JobManagers killed, 4 of these 4 kills with rows in flight, \
             2 within a transaction; 2 restarts, 40 checkpoints, 60 commits in the ledgers"
        );
    }
}
