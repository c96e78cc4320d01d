//! Standard output and standard error: the only place that prints, apart from the print sink.
//!
//! Nothing here panics where a stream is closed or full: what was loaded stays loaded, whether
//! somebody hears of it or not.

use std::io::{self, ErrorKind, Write as _};

/// A result, on standard output; a reader that has gone away wants no more and is no error.
pub fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Something about the run, on standard error. Where that cannot be written, nobody can be told.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
