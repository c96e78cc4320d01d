//! What decoding costs a row of the quickstart's shape: six columns, pushes of 1 MiB.
//!
//! `cargo run --release -p flink-redshift-jni --example decode_bench`
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::{hint::black_box, process::ExitCode, time::Instant};

use arrow_redshift::{Error, types::FlinkType};
use flink_redshift_jni::row::{Decoder, RowField, fixed_part};

const COLUMNS: [(&str, FlinkType); 6] = [
    ("user_id", FlinkType::BigInt),
    ("user_type", FlinkType::Int),
    ("language", FlinkType::String),
    ("country", FlinkType::String),
    ("gender", FlinkType::String),
    ("score", FlinkType::Double),
];
const PUSH_BYTES: usize = 1 << 20;
const ROUNDS: usize = 5;
const PUSHES: usize = 400;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let field = |(name, data_type): (&str, FlinkType)| RowField { name: name.into(), data_type };
    let fields = COLUMNS.map(field);
    let decoder = Decoder::new(&fields, &[0, 1, 2, 3, 4, 5])?;
    let (bytes, rows) = buffer();
    println!("{rows} rows in {} bytes", bytes.len());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..PUSHES {
            black_box(decoder.decode(black_box(&bytes), rows, 0)?);
        }
        let nanos = started.elapsed().as_nanos() as f64;
        println!("{:.1} ns a row", nanos / (PUSHES * rows) as f64);
    }
    Ok(())
}

/// Rows until the buffer is full, and how many.
fn buffer() -> (Vec<u8>, usize) {
    const LANGUAGES: [&str; 5] = ["English", "Deutsch", "Bahasa Indonesia", "Português", "한국어"];
    const COUNTRIES: [&str; 4] = ["US", "DE", "ID", "BR"];
    const GENDERS: [&str; 3] = ["female", "male", ""];
    let (mut bytes, mut rows) = (Vec::new(), 0);
    while bytes.len() < PUSH_BYTES {
        let at = rows as u64;
        let row = row(at, LANGUAGES[rows % 5], COUNTRIES[rows % 4], GENDERS[rows % 3]);
        bytes.extend_from_slice(&(row.len() as i32).to_le_bytes());
        bytes.extend_from_slice(&row);
        rows += 1;
    }
    (bytes, rows)
}

fn row(id: u64, language: &str, country: &str, gender: &str) -> Vec<u8> {
    let fixed = fixed_part(COLUMNS.len());
    let fields = fixed - COLUMNS.len() * 8;
    let mut row = vec![0; fixed];
    let set = |row: &mut Vec<u8>, field: usize, word: [u8; 8]| {
        row[fields + field * 8..][..8].copy_from_slice(&word);
    };
    set(&mut row, 0, (id * 7919).to_le_bytes());
    set(&mut row, 1, (id % 4).to_le_bytes());
    for (field, text) in [(2, language), (3, country), (4, gender)] {
        let word = text_word(&mut row, text.as_bytes());
        set(&mut row, field, word);
    }
    set(&mut row, 5, (id as f64 / 3.0).to_le_bytes());
    row
}

fn text_word(row: &mut Vec<u8>, text: &[u8]) -> [u8; 8] {
    let mut word = [0; 8];
    if text.len() <= 7 {
        word[..text.len()].copy_from_slice(text);
        word[7] = 0x80 | text.len() as u8;
        return word;
    }
    let place = (row.len() as u64) << 32 | text.len() as u64;
    row.extend_from_slice(text);
    row.resize(row.len().next_multiple_of(8), 0);
    place.to_le_bytes()
}
