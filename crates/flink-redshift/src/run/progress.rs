//! One line on the terminal that says how far an INSERT is; nothing where there is no terminal.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arrow_redshift::sink::{Phase, Progress};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

/// Time between two looks at the counters.
const REFRESH: Duration = Duration::from_millis(200);

/// The line of a run.
pub struct Display {
    bar: ProgressBar,
}

impl Display {
    /// A line that shows, unless it must not or there is no terminal.
    pub fn new(shown: bool) -> Self {
        let target = match shown {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        Display { bar }
    }

    /// Says what happens now.
    pub fn note(&self, text: &str) {
        self.bar.set_message(text.to_owned());
        self.bar.tick();
    }

    /// Shows an INSERT until it ends.
    pub fn insert(&self, number: usize, count: usize, table: &str) -> Shown {
        let counters = Arc::new(Counters::default());
        let (bar, watched) = (self.bar.clone(), Arc::clone(&counters));
        let title = format!("[{number}/{count}] {table}");
        let started = Instant::now();
        let ticker = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(REFRESH);
            loop {
                ticks.tick().await;
                bar.set_message(format!("{title}: {}", watched.text(started.elapsed())));
                bar.tick();
            }
        });
        Shown { counters, ticker, bar: self.bar.clone() }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// What is shown of an INSERT.
pub struct Shown {
    counters: Arc<Counters>,
    ticker: JoinHandle<()>,
    bar: ProgressBar,
}

impl Shown {
    /// Counts these rows.
    pub fn count(&self, rows: Arc<AtomicU64>) {
        // Each INSERT counts once; a second counter would be a mistake and is left out.
        let _ = self.counters.rows.set(rows);
    }

    /// Shows this load.
    pub fn watch(&self, load: Arc<Progress>) {
        let _ = self.counters.load.set(load);
    }

    /// Ends the showing.
    pub fn end(self) {
        self.bar.set_message("");
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.ticker.abort();
    }
}

#[derive(Default)]
struct Counters {
    rows: OnceLock<Arc<AtomicU64>>,
    load: OnceLock<Arc<Progress>>,
}

impl Counters {
    fn text(&self, elapsed: Duration) -> String {
        let rows = self.rows.get().map_or(0, |rows| rows.load(Ordering::Relaxed));
        let speed = rows as f64 / elapsed.as_secs_f64().max(0.001);
        let mut text = format!("{} rows, {} rows/s", HumanCount(rows), HumanCount(speed as u64));
        if let Some(load) = self.load.get() {
            let (bytes, parts) = (load.staged_bytes(), load.staged_parts());
            if bytes > 0 {
                text.push_str(&format!(", {} staged in {parts} parts", HumanBytes(bytes)));
            }
            text.push_str(&format!(
                ", {} loaded{}",
                HumanCount(load.loaded_rows()),
                if load.phase() == Phase::Committing { ", committing" } else { "" }
            ));
        }
        text
    }
}
