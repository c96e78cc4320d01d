//! A stand-in under remote control: for tests and benchmarks that run in another process, in
//! another language.
//!
//! ```text
//! controlled [--bucket NAME]... [--region NAME] [--serializable]
//!            [--sql FILE] [--connection-file FILE]
//! ```
//!
//! It prints one line of JSON that says how the stand-in is reached, then reads commands from its
//! standard input, one JSON object a line, and answers each with one line of JSON, in order. What
//! the commands are says [`command::Command`]. It ends when its input ends, so that a caller that
//! is killed leaves nothing behind; SIGINT and SIGTERM end it too.
//!
//! ```text
//! > {"sql": "SELECT id FROM orders"}
//! < {"columns":["id"],"rows":[["1"],["2"]]}
//! > {"fault": {"when": {"statement": "commit"}, "effect": "lose-after"}}
//! < {"ok":true}
//! > {"objects": "temp/"}
//! < {"objects":[]}
//! ```

mod arguments;
mod command;
mod connection;
mod sql;

use std::{io::Write as _, process::ExitCode};

use anyhow::{Context as _, Result};
use redshift_local::RedshiftLocal;
use serde::Serialize;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    signal::unix::{SignalKind, signal},
};

use self::{
    arguments::Arguments,
    command::{Answer, Control},
    connection::Connection,
};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "controlled: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments = Arguments::parse(std::env::args_os().skip(1))?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let served = runtime.block_on(serve(&arguments));
    // The thread that reads standard input may wait for ever; the process does not wait for it.
    runtime.shutdown_background();
    served
}

async fn serve(arguments: &Arguments) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let local = RedshiftLocal::start(connection::config(arguments)).await?;
    let connection = Connection::of(&local);
    if let Some(file) = &arguments.sql {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        sql::query(&local, &text).await.with_context(|| format!("{} failed", file.display()))?;
    }
    if let Some(file) = &arguments.connection_file {
        connection.write(file)?;
    }
    tell(&connection)?;

    let control = Control::new(local);
    let served = tokio::select! {
        served = obey(&control) => served,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    if let Some(file) = &arguments.connection_file {
        // It may be gone already; there is nothing to be done about it.
        let _ = std::fs::remove_file(file);
    }
    control.stop().await?;
    served
}

/// Answers commands until the input ends or says stop.
async fn obey(control: &Control) -> Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await.context("cannot read commands")? {
        if line.trim().is_empty() {
            continue;
        }
        let answer = control.obey(&line).await;
        tell(&answer)?;
        if answer == Answer::Stopping {
            break;
        }
    }
    Ok(())
}

/// Writes one line, at once.
fn tell(message: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(message).context("an answer is not JSON")?;
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    out.write_all(&line).and_then(|()| out.flush()).context("cannot write an answer")
}
