//! A relay on loopback that makes every round trip longer, as a network does.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;
/// Chunks that are on their way at most; beyond that the sender waits, as it does for a network.
const ON_THE_WAY: usize = 64;

/// Where a relay leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// To a port of this machine.
    Port(u16),
    /// To a socket in the file system.
    Socket(PathBuf),
}

/// A relay; it takes no more connections when it is dropped, and those that are open end with the
/// programs at their ends.
#[derive(Debug)]
pub struct Relay {
    /// Where clients connect.
    pub port: u16,
    stopped: Arc<AtomicBool>,
}

impl Relay {
    /// Starts one that adds `delay` to every round trip, half of it each way.
    pub fn start(upstream: Upstream, delay: Duration) -> Result<Relay> {
        let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on loopback")?;
        let port = listener.local_addr().context("the relay has no address")?.port();
        let stopped = Arc::new(AtomicBool::new(false));
        let seen = stopped.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                if seen.load(Ordering::Relaxed) {
                    return;
                }
                let joined = client.and_then(|client| join(client, &upstream, delay / 2));
                if let Err(error) = joined {
                    eprintln!("warning: the relay lost a connection: {error}");
                }
            }
        });
        Ok(Relay { port, stopped })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // It waits for a connection, so it gets one; there may be none to get any more.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

/// One end of a connection, as far as a relay knows it.
trait End: Read + Write + Send + Sized + 'static {
    fn again(&self) -> io::Result<Self>;
    fn finish(&self) -> io::Result<()>;
}

impl End for TcpStream {
    fn again(&self) -> io::Result<Self> {
        self.try_clone()
    }

    fn finish(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl End for UnixStream {
    fn again(&self) -> io::Result<Self> {
        self.try_clone()
    }

    fn finish(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

fn join(client: TcpStream, upstream: &Upstream, delay: Duration) -> io::Result<()> {
    client.set_nodelay(true)?;
    match upstream {
        Upstream::Port(port) => {
            let server = TcpStream::connect(("127.0.0.1", *port))?;
            server.set_nodelay(true)?;
            both_ways(client, server, delay)
        }
        Upstream::Socket(path) => both_ways(client, UnixStream::connect(path)?, delay),
    }
}

fn both_ways(client: TcpStream, server: impl End, delay: Duration) -> io::Result<()> {
    one_way(client.again()?, server.again()?, delay);
    one_way(server, client, delay);
    Ok(())
}

fn one_way(from: impl End, to: impl End, delay: Duration) {
    let (sender, receiver) = sync_channel(ON_THE_WAY);
    thread::spawn(move || read(from, &sender, delay));
    thread::spawn(move || write(to, &receiver));
}

/// An end that breaks off ends its direction; the other end is told by the end of what it reads.
fn read(mut from: impl End, sender: &SyncSender<(Instant, Vec<u8>)>, delay: Duration) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        if sender.send((Instant::now() + delay, chunk[..length].to_vec())).is_err() {
            return;
        }
    }
}

fn write(mut to: impl End, receiver: &Receiver<(Instant, Vec<u8>)>) {
    while let Ok((due, chunk)) = receiver.recv() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&chunk).is_err() {
            return;
        }
    }
    // The other end may have gone before.
    let _ = to.finish();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_takes_longer_and_nothing_changes_on_the_way() {
        let echo = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = echo.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut client, _) = echo.accept().unwrap();
            let mut bytes = [0; 5];
            while client.read_exact(&mut bytes).is_ok() {
                client.write_all(&bytes).unwrap();
            }
        });
        let delay = Duration::from_millis(40);
        let relay = Relay::start(Upstream::Port(port), delay).unwrap();
        let mut client = TcpStream::connect(("127.0.0.1", relay.port)).unwrap();
        let begun = Instant::now();
        client.write_all(b"hello").unwrap();
        let mut back = [0; 5];
        client.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"hello");
        assert!(begun.elapsed() >= delay);
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.read(&mut back).unwrap(), 0);
    }
}
