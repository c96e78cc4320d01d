//! Rust's log events, kept until Java takes them.
//!
//! The queue holds [`EVENTS`] events of at most [`MESSAGE_BYTES`] each; what comes when it is full
//! is dropped and counted, and the count is told with the next events that are taken.
//!
//! The level that Java sets is that of the connector's own events. Other crates are heard from
//! `warn` on only, whatever the level: below it they tell statements and headers as they are sent,
//! which hold credentials.

use std::{
    collections::VecDeque,
    fmt::{self, Write as _},
    panic,
    sync::{
        Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::Registry,
};

/// The most events that wait.
pub const EVENTS: usize = 1024;
/// The most bytes of an event's message.
pub const MESSAGE_BYTES: usize = 8 * 1024;

/// The crates whose events follow the level that was set.
const OURS: [&str; 2] = ["arrow_redshift", "flink_redshift_jni"];

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// Its level, in lower case.
    pub level: &'static str,
    /// The module that it comes from.
    pub target: String,
    /// What it says, with its fields.
    pub message: String,
}

struct Queue {
    events: VecDeque<LogEvent>,
    dropped: u64,
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue { events: VecDeque::new(), dropped: 0 });
/// The level as a number: how many levels are heard, none for off.
static LEVEL: AtomicU8 = AtomicU8::new(INFO);
static INSTALLED: Once = Once::new();

const INFO: u8 = 3;
const LEVELS: [(&str, LevelFilter, log::LevelFilter); 6] = [
    ("off", LevelFilter::OFF, log::LevelFilter::Off),
    ("error", LevelFilter::ERROR, log::LevelFilter::Error),
    ("warn", LevelFilter::WARN, log::LevelFilter::Warn),
    ("info", LevelFilter::INFO, log::LevelFilter::Info),
    ("debug", LevelFilter::DEBUG, log::LevelFilter::Debug),
    ("trace", LevelFilter::TRACE, log::LevelFilter::Trace),
];

/// Begins to keep events: those of `tracing`, those of `log`, and where a panic happens. Another
/// subscriber of the process keeps its place, which only tests have.
pub fn install() {
    INSTALLED.call_once(|| {
        let subscriber = Registry::default().with(Collector);
        if tracing::subscriber::set_global_default(subscriber).is_err() {
            return;
        }
        if log::set_logger(&Collector).is_ok() {
            log::set_max_level(log::LevelFilter::Warn);
        }
        // The default hook writes to the task manager's standard error, with the message, which may
        // hold a row's value. The error that the panic becomes tells the rest.
        panic::set_hook(Box::new(|panic| {
            if let Some(place) = panic.location() {
                tracing::error!(%place, "a panic inside the native library");
            }
        }));
    });
}

/// Sets the level from which on the connector's own events are kept; whether there is such a level.
pub fn set_level(name: &str) -> bool {
    let Some(level) = LEVELS.iter().position(|(level, ..)| *level == name) else { return false };
    LEVEL.store(level as u8, Ordering::Relaxed);
    log::set_max_level(LEVELS[level].2.min(log::LevelFilter::Warn));
    tracing::callsite::rebuild_interest_cache();
    true
}

/// Takes the oldest events, at most so many; and last, how many were dropped.
pub fn take(most: usize) -> Vec<LogEvent> {
    let mut queue = queue();
    let count = queue.events.len().min(most);
    let mut taken: Vec<LogEvent> = queue.events.drain(..count).collect();
    if queue.dropped > 0 && queue.events.is_empty() && taken.len() < most {
        let message = format!("{} log events were dropped: too many at once", queue.dropped);
        taken.push(LogEvent { level: "warn", target: module_path!().to_owned(), message });
        queue.dropped = 0;
    }
    taken
}

fn queue() -> MutexGuard<'static, Queue> {
    // Events are pushed and taken whole, so a panic leaves the queue sound.
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep(level: &'static str, target: &str, message: String) {
    let mut queue = queue();
    if queue.events.len() < EVENTS {
        queue.events.push_back(LogEvent { level, target: target.to_owned(), message });
    } else {
        queue.dropped += 1;
    }
}

/// The level from which on a module's events are kept.
fn filter(target: &str) -> LevelFilter {
    let set = LEVELS[usize::from(LEVEL.load(Ordering::Relaxed)).min(LEVELS.len() - 1)].1;
    let module = target.split("::").next().unwrap_or_default();
    if OURS.contains(&module) { set } else { set.min(LevelFilter::WARN) }
}

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

struct Collector;

impl<S: Subscriber> Layer<S> for Collector {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Asked again whenever the level is set.
        if *metadata.level() <= filter(metadata.target()) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= filter(metadata.target())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(filter(OURS[0]))
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let metadata = event.metadata();
        keep(level_name(*metadata.level()), metadata.target(), text.finish());
    }
}

impl log::Log for Collector {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.level() <= log::max_level() {
            let mut text = Text::default();
            text.push(record.args());
            let level = record.level().to_level_filter() as usize;
            keep(LEVELS[level].0, record.target(), text.finish());
        }
    }

    fn flush(&self) {}
}

/// An event's text: its message, then its fields, cut where it is too long.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    fn push(&mut self, message: &fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = write!(self.message, "{message}");
    }

    fn finish(mut self) -> String {
        if !self.message.is_empty() && !self.fields.is_empty() {
            self.message.push(' ');
        }
        self.message.push_str(&self.fields);
        if self.message.len() > MESSAGE_BYTES {
            let end = (0..=MESSAGE_BYTES).rev().find(|end| self.message.is_char_boundary(*end));
            self.message.truncate(end.unwrap_or_default());
            self.message.push('…');
        }
        self.message
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.push(&format_args!("{value:?}"));
            return;
        }
        let gap = if self.fields.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(self.fields, "{gap}{}={value:?}", field.name());
    }
}
