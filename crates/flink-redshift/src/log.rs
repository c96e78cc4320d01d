//! What the parts of the program log: as plain lines for people, and in full where `RUST_LOG` asks
//! for it.

use std::{
    fmt::{self, Write as _},
    io::IsTerminal as _,
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// What is shown where `RUST_LOG` says nothing. The S3 side of the stand-in calls every refusal an
/// error, and AWS's chain warns of every place that has no credentials; whoever sent the request
/// tells of it.
const SHOWN: &str = "warn,s3s=off,aws_config=off";

/// The variable that asks for more, with places and times.
const VARIABLE: &str = "RUST_LOG";

/// Starts to log to standard error.
pub fn start() {
    // A stream that is closed or full is nothing to panic about.
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).log_internal_errors(false);
    let terminal = std::io::stderr().is_terminal();
    match std::env::var_os(VARIABLE).filter(|wanted| !wanted.is_empty()) {
        Some(_) => {
            let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| SHOWN.into());
            log.with_env_filter(filter).with_ansi(terminal).init();
        }
        None => log.with_env_filter(SHOWN).event_format(Plain { terminal }).init(),
    }
}

/// `warning: what happened (where): why`
struct Plain {
    /// Whether a progress line may stand where the text goes.
    terminal: bool,
}

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut told = Told::default();
        event.record(&mut told);
        let clear = if self.terminal { "\r\x1b[2K" } else { "" };
        let level = match *event.metadata().level() {
            Level::ERROR => "error: ",
            Level::WARN => "warning: ",
            _ => "",
        };
        writeln!(out, "{clear}{level}{told}")
    }
}

/// The parts of an event that a person reads.
#[derive(Default)]
struct Told {
    message: String,
    /// How many tries there were, and how many there may be.
    tries: (Option<String>, Option<String>),
    details: String,
    error: String,
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = text,
            // An error's detail and advice follow when it is reported for good.
            "error" => self.error = text.lines().next().unwrap_or_default().to_owned(),
            "tries" => self.tries.0 = Some(text),
            "of" => self.tries.1 = Some(text),
            // The identifier of a commit says nothing to a person.
            "commit" => {}
            name => {
                let separator = if self.details.is_empty() { "" } else { ", " };
                // Writing to a String cannot fail.
                let _ = write!(self.details, "{separator}{name}: {text}");
            }
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.tries {
            (Some(tries), Some(of)) => write!(f, " ({tries} of {of})")?,
            (Some(tries), None) => write!(f, " (try {tries})")?,
            _ => {}
        }
        if !self.details.is_empty() {
            write!(f, " ({})", self.details)?;
        }
        if !self.error.is_empty() {
            write!(f, ": {}", self.error)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing::{info, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn people_read_what_happened_and_no_module_paths() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_env_filter(SHOWN)
            .event_format(Plain { terminal: false })
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let error = "cannot connect (host: h)\n  what to do: start it";
            warn!(commit = "c", %error, delay = ?std::time::Duration::from_secs(1), tries = 1, "trying again");
            warn!(tries = 1, of = 3, key = "k", "trying again");
            tracing::error!(target: "s3s::ops", "op returns error");
            info!("not shown");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            text,
            "warning: trying again (try 1) (delay: 1s): cannot connect (host: h)\n\
             warning: trying again (1 of 3) (key: k)\n"
        );
    }
}
