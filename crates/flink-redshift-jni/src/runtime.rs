//! The one Tokio runtime of the library: there while a handle is open.

use std::{
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use arrow_redshift::{Error, ErrorKind, Result};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::JoinHandle,
};

/// The fewest threads, so that one that encodes does not stop the other's network.
const LEAST_THREADS: usize = 2;
/// How long the end of the last handle waits for threads that resolve a name or read a file.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Running {
    runtime: Runtime,
    leases: usize,
}

static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

fn running() -> MutexGuard<'static, Option<Running>> {
    // Each change is a count or the whole value, so a panic leaves it sound.
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A share in the runtime. It must be dropped outside of the runtime's own threads: the last one
/// waits for these.
#[derive(Debug)]
pub(crate) struct Lease {
    handle: Handle,
}

impl Lease {
    /// Takes a share, and starts the runtime with the first one.
    pub fn take() -> Result<Lease> {
        let mut running = running();
        if running.is_none() {
            *running = Some(Running { runtime: start()?, leases: 0 });
        }
        // It was put there, if it was not there before.
        let Some(running) = running.as_mut() else { return Err(not_started()) };
        running.leases += 1;
        Ok(Lease { handle: running.runtime.handle().clone() })
    }

    /// Runs a task on the runtime.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.handle.spawn(task)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut running = running();
        let last = running.as_mut().is_some_and(|running| {
            running.leases -= 1;
            running.leases == 0
        });
        if last && let Some(ended) = running.take() {
            // Under the lock, so that who asks for threads afterwards finds none.
            ended.runtime.shutdown_timeout(SHUTDOWN_PATIENCE);
        }
    }
}

fn start() -> Result<Runtime> {
    let cores = thread::available_parallelism().map_or(LEAST_THREADS, usize::from);
    Builder::new_multi_thread()
        .worker_threads(cores.max(LEAST_THREADS))
        .thread_name("flink-redshift")
        .enable_all()
        .build()
        .map_err(|error| {
            let why = "the threads of the native library could not be started";
            Error::new(ErrorKind::Internal, why).source(error)
        })
}

fn not_started() -> Error {
    Error::new(ErrorKind::Internal, "the runtime of the native library is gone")
}
