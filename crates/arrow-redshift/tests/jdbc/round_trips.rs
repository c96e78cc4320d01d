//! How many round trips a flush takes, counted on the wire: by a relay that holds answers back until
//! the client has nothing more to say without them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use arrow_redshift::sink::Writer;
use redshift_local::config::Isolation;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    case::{AT_LEAST_ONCE, jdbc},
    support::{Kind, batch, client, prepared, rows, start},
};

/// Who says nothing for so long waits for an answer.
const QUIET: Duration = Duration::from_millis(300);

/// A relay to a port of this machine, and how often a client went on after an answer.
async fn relay(to: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let trips = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&trips);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            tokio::spawn(carry(client, server, Arc::clone(&counted)));
        }
    });
    (port, trips)
}

async fn carry(client: TcpStream, server: TcpStream, trips: Arc<AtomicUsize>) {
    let (mut asked, mut to_client) = client.into_split();
    let (mut answered, mut to_server) = server.into_split();
    let (mut up, mut down) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut held: Vec<u8> = Vec::new();
    let mut told = true;
    loop {
        tokio::select! {
            read = asked.read(&mut up) => match read {
                Ok(bytes) if bytes > 0 => {
                    trips.fetch_add(usize::from(std::mem::take(&mut told)), Relaxed);
                    if to_server.write_all(&up[..bytes]).await.is_err() {
                        break;
                    }
                }
                _ => break,
            },
            read = answered.read(&mut down) => match read {
                Ok(bytes) if bytes > 0 => held.extend_from_slice(&down[..bytes]),
                _ => break,
            },
            () = tokio::time::sleep(QUIET), if !held.is_empty() => {
                if to_client.write_all(&held).await.is_err() {
                    break;
                }
                held.clear();
                told = true;
            }
        }
    }
}

async fn flush(writer: &mut Writer, trips: &AtomicUsize, first: usize, rows: usize) -> usize {
    let rows: Vec<(i64, &str)> = (first as i64..).take(rows).map(|id| (id, "x")).collect();
    trips.store(0, Relaxed);
    writer.write(&batch(&rows), None).await.unwrap();
    writer.close(first as u64).await.unwrap();
    trips.load(Relaxed)
}

/// One round trip, and another where an INSERT's text comes a second time and is prepared, whatever
/// the number of rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_takes_one_round_trip_whatever_the_number_of_rows() {
    let server = start(Isolation::Snapshot).await;
    let watcher = client(&server).await;
    let (port, trips) = relay(server.port()).await;
    for (kind, table) in [(Kind::Append, "t_append"), (Kind::Keyed, "t_keyed")] {
        let mut options = jdbc(&server, table, AT_LEAST_ONCE);
        options.insert("port".into(), port.to_string());
        options.insert("sink.batch-size".into(), "50000".into());
        let sink = prepared(&options, kind).await;
        let mut writer = sink.writer(0, 0).unwrap();
        let mut written = 10;
        let first = flush(&mut writer, &trips, 0, written).await;
        assert!(first > 2, "the relay counts nothing: {first} to open a session");
        for rows in [1, 1000, 4000] {
            for (time, expected) in [("first", 1), ("second", 2), ("third", 1)] {
                let taken = flush(&mut writer, &trips, written, rows).await;
                assert_eq!(taken, expected, "{kind:?}, {rows} rows for the {time} time");
                written += rows;
            }
        }
        // Several INSERTs, of two texts that are prepared at once.
        for _ in 0..3 {
            let taken = flush(&mut writer, &trips, written, 18_000).await;
            assert!(taken <= 2, "{kind:?}: {taken} round trips for many INSERTs");
            written += 18_000;
        }
        let count = format!("SELECT COUNT(*) FROM {table}");
        assert_eq!(rows(&watcher, &count).await, [[written.to_string()]]);
        assert_eq!(writer.flushed().retries, 0);
    }
    server.stop().await.unwrap();
}
