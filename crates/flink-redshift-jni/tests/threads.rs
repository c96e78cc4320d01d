//! The library's threads are there while a handle is open, and gone after the last one. A program
//! of its own, since threads are the whole process's.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{fs, thread, time::Duration};

use flink_redshift_jni::{
    calls::{self, Place},
    plan::Declaration,
};

/// Threads of this process, named or not yet.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

/// Waits until there are so many; the kernel forgets a thread a moment after its end.
#[track_caller]
fn become_as_many_as(count: usize) {
    for _ in 0..200 {
        if threads() == count {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{} threads instead of {count}", threads());
}

/// A plan whose server is not there.
fn plan() -> Vec<u8> {
    let options = [
        ("connector", "redshift"),
        ("hostname", "127.0.0.1"),
        ("port", "1"),
        ("username", "loader"),
        ("password", "p"),
        ("table-name", "t"),
        ("sink.write.mode", "copy"),
        ("sink.write.temp.s3-uri", "s3://bucket/temp"),
        ("aws.iam-role", "default"),
        ("aws.region", "eu-central-1"),
    ];
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    calls::plan(Declaration {
        options: options.map(owned).to_vec(),
        columns: vec![("id".to_owned(), "INT".to_owned())],
        primary_key: Vec::new(),
        written: None,
        overwrite: false,
        comment: None,
        column_comments: Vec::new(),
    })
    .unwrap()
}

#[test]
fn threads_live_from_the_first_handle_to_the_last() {
    assert_eq!(calls::open_handles(), 0);
    let plan = plan();
    let place = Place { plan: &plan, operator: "o", job: "j" };
    let before = threads();
    for _ in 0..5 {
        let writers: Vec<i64> =
            (0..4).map(|at| calls::open_writer(place, at, 4, -1, false, false).unwrap()).collect();
        let committer = calls::open_committer(place, 0).unwrap();
        assert_eq!(calls::open_handles(), 5);
        for writer in writers {
            calls::close_writer(writer).unwrap();
            assert!(threads() >= before + 2);
        }
        calls::close_committer(committer).unwrap();
        assert_eq!(calls::open_handles(), 0);
        become_as_many_as(before);
    }
}
