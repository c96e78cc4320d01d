//! Standard output and standard error: the only place that prints, apart from the print sink.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is what this module is for")]

/// A result, on standard output.
pub fn say(text: &str) {
    println!("{text}");
}

/// Something about the run, on standard error.
pub fn note(text: &str) {
    eprintln!("{text}");
}
