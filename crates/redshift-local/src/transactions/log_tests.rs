//! Tests of the conflict log, one story each, and random histories against a log that forgets
//! nothing.

use proptest::prelude::*;

use super::log::TransactionLog;

const A: u32 = 100;
const B: u32 = 200;

#[test]
fn two_inserts_into_one_table_pass() {
    let mut log = TransactionLog::default();
    log.open(1);
    log.open(2);
    log.write(1, A);
    log.commit(1);
    log.write(2, A);
    assert_eq!(log.conflict(2), None);
}

#[test]
fn delete_and_insert_behind_another_writer_is_a_cycle() {
    let mut log = TransactionLog::default();
    log.open(1);
    log.open(2);
    log.write(1, A);
    log.commit(1);
    log.read(2, A);
    log.write(2, A);
    let conflict = log.conflict(2).expect("2 deleted in a snapshot without 1's rows");
    assert_eq!((conflict.table, conflict.xids), (A, vec![2, 1]));
}

#[test]
fn a_snapshot_behind_the_lock_sees_the_other_writer() {
    let mut log = TransactionLog::default();
    log.open(1);
    log.write(1, A);
    log.commit(1);
    log.open(2);
    log.read(2, A);
    log.write(2, A);
    assert_eq!(log.conflict(2), None);
}

#[test]
fn write_skew_fails_for_the_second_to_commit() {
    let mut log = TransactionLog::default();
    for (xid, read, write) in [(1, A, B), (2, B, A)] {
        log.open(xid);
        log.read(xid, read);
        log.write(xid, write);
    }
    assert_eq!(log.conflict(1), None);
    log.commit(1);
    assert_eq!(log.conflict(2).expect("a cycle").xids, vec![2, 1]);
}

#[test]
fn a_rolled_back_transaction_harms_nobody() {
    let mut log = TransactionLog::default();
    log.open(1);
    log.open(2);
    log.write(1, A);
    log.read(2, A);
    log.write(2, A);
    log.abort(1);
    assert_eq!(log.conflict(2), None);
}

#[test]
fn a_reader_can_close_a_cycle_of_three() {
    // The report (3) sees the receipt's absence and the closed batch: no order explains that.
    let mut log = TransactionLog::default();
    log.open(1);
    log.read(1, B);
    log.open(2);
    log.write(2, B);
    log.commit(2);
    log.open(3);
    log.read(3, B);
    log.write(1, A);
    assert_eq!(log.conflict(1), None);
    log.commit(1);
    log.read(3, A);
    assert_eq!(log.conflict(3).expect("a cycle").xids, vec![3, 1, 2]);
}

#[test]
fn a_table_is_younger_than_snapshots_before_its_commit() {
    let mut log = TransactionLog::default();
    log.open(1);
    log.open(2);
    log.create(1, A);
    assert!(!log.is_younger(1, A));
    log.commit(1);
    assert!(log.is_younger(2, A));
    log.open(3);
    assert!(!log.is_younger(3, A));
}

#[derive(Debug, Clone)]
enum Event {
    Open,
    Read(usize, u32),
    Write(usize, u32),
    End(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Open),
        (0..6usize, 0..3u32).prop_map(|(who, table)| Event::Read(who, table)),
        (0..6usize, 0..3u32).prop_map(|(who, table)| Event::Write(who, table)),
        (0..6usize).prop_map(Event::End),
    ]
}

proptest! {
    /// An open transaction 0 keeps everything in the second log, so it never forgets; both must
    /// let exactly the same transactions commit.
    #[test]
    fn forgetting_changes_no_answer(events in proptest::collection::vec(event(), 1..80)) {
        let mut log = TransactionLog::default();
        let mut whole = TransactionLog::default();
        whole.open(0);
        let (mut open, mut next) = (Vec::new(), 1_u64);
        for event in events {
            let pick = |who: usize, open: &Vec<u64>| {
                (!open.is_empty()).then(|| open[who % open.len()])
            };
            match event {
                Event::Open => {
                    log.open(next);
                    whole.open(next);
                    open.push(next);
                    next += 1;
                }
                Event::Read(who, table) => if let Some(xid) = pick(who, &open) {
                    log.read(xid, table);
                    whole.read(xid, table);
                },
                Event::Write(who, table) => if let Some(xid) = pick(who, &open) {
                    log.write(xid, table);
                    whole.write(xid, table);
                },
                Event::End(who) => if let Some(xid) = pick(who, &open) {
                    open.retain(|other| *other != xid);
                    let refused = log.conflict(xid).is_some();
                    prop_assert_eq!(refused, whole.conflict(xid).is_some());
                    for log in [&mut log, &mut whole] {
                        if refused { log.abort(xid) } else { log.commit(xid) }
                    }
                },
            }
        }
    }
}
