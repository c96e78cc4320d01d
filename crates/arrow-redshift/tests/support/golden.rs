//! Whether the connector sent a statement that nobody has reviewed.
//!
//! `golden/statements.txt` holds the statements of `tests/statements.rs` in full. Other suites have
//! other tables with other columns, so theirs are compared in a form without these.

use std::{collections::HashSet, path::PathBuf};

use redshift_local::StatementRecord;

/// The golden file.
pub fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/statements.txt")
}

/// Fails on a statement of the connector whose form the golden file does not hold.
pub fn assert_known(log: &[StatementRecord]) {
    let ours = log.iter().filter(|entry| entry.user == "loader");
    let shapes: HashSet<(&str, &str)> =
        ours.map(|entry| (entry.shape.as_str(), entry.text.as_str())).collect();
    if shapes.is_empty() {
        return;
    }
    let golden = std::fs::read_to_string(path()).expect("the golden file");
    let known: HashSet<String> = golden.lines().map(canonical).collect();
    for (shape, text) in shapes {
        assert!(!shape.is_empty(), "the stand-in refused a statement of the connector: {text}");
        let form = canonical(shape);
        assert!(
            known.contains(&form),
            "a statement that nobody reviewed: {shape}\n  its form: {form}\nadd a case to \
             tests/statements.rs, run `cargo xtask codegen`, and read what it wrote"
        );
    }
}

/// A shape without the names and the number of tables' columns: names become `x`, a list of them
/// one, a column's definition `column`. The connector's own names (`frc_…`, the ledger) stay.
pub fn canonical(shape: &str) -> String {
    let pieces = without_conversions(without_zones(references(pieces(shape))));
    let pieces = nulls(without_aliases(pieces));
    let pieces = merged(definitions(merged(equalities(pieces))));
    let texts: Vec<String> = pieces.into_iter().map(|piece| piece.text).collect();
    without_repeats(texts).join(" ")
}

/// A word, a symbol, or what names became.
#[derive(Debug, Clone, PartialEq)]
struct Piece {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// A keyword, a symbol, or one of the connector's own names.
    Plain,
    /// A name of a table or column, qualified or not.
    Name,
    /// Two names with `=` between them.
    Equality,
    /// A column's definition, or a NULL of its type.
    Definition,
}

fn plain(text: impl Into<String>) -> Piece {
    Piece { text: text.into(), kind: Kind::Plain }
}

fn pieces(shape: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = shape.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let (piece, length) = match first {
            '"' => {
                // A quote within a name is doubled.
                let inner = rest[1..].replace("\"\"", "__");
                let length = inner.find('"').expect("a name ends") + 2;
                (name(&rest[1..length - 1]), length)
            }
            c if is_word(c) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                // Parameters are as many as a statement has rows and columns.
                let word = if c == '$' { "?" } else { &rest[..length] };
                (plain(word), length)
            }
            c => (plain(c), c.len_utf8()),
        };
        pieces.push(piece);
        rest = rest[length..].trim_start();
    }
    pieces
}

fn name(name: &str) -> Piece {
    if name.starts_with("frc_") {
        return plain(name);
    }
    let text = if name.ends_with("__flink_commits") { "ledger" } else { "x" };
    Piece { text: text.into(), kind: Kind::Name }
}

/// Joins qualified names, and takes RTRIM off them.
fn references(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        let qualifies = out.len() >= 2 && out[out.len() - 1].text == ".";
        if piece.kind == Kind::Name && qualifies {
            out.pop();
            let before = out.pop().expect("a name stands before its dot");
            out.push(Piece { text: format!("{}.{}", before.text, piece.text), kind: Kind::Name });
        } else {
            out.push(piece);
        }
        let end = out.len();
        if end >= 4
            && out[end - 4].text == "rtrim"
            && out[end - 2].kind == Kind::Name
            && out[end - 1].text == ")"
        {
            out.remove(end - 1);
            out.drain(end - 4..end - 2);
        }
    }
    out
}

/// Takes `(name AT TIME ZONE ?)` for the name.
fn without_zones(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        out.push(piece);
        if let [.., open, named, at, time, zone, value, close] = out.as_slice()
            && [open, at, time, zone, value, close].map(|p| p.text.as_str())
                == ["(", "at", "time", "zone", "?", ")"]
            && named.kind == Kind::Name
        {
            let named = named.clone();
            out.truncate(out.len() - 7);
            out.push(named);
        }
    }
    out
}

/// Takes `CAST(name AS TIME)`, `CAST(name AS VARCHAR(n))`, `JSON_PARSE(name)` and `FROM_HEX(name)` for
/// the name.
fn without_conversions(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        out.push(piece);
        let length = match out.as_slice() {
            [.., cast, open, named, r#as, time, close]
                if [cast, open, r#as, time, close].map(|p| p.text.as_str())
                    == ["cast", "(", "as", "time", ")"]
                    && named.kind == Kind::Name =>
            {
                6
            }
            [.., cast, open, named, r#as, text, o, n, c, close]
                if [cast, open, r#as, o, n, c, close].map(|p| p.text.as_str())
                    == ["cast", "(", "as", "(", "?", ")", ")"]
                    && matches!(text.text.as_str(), "varchar" | "char")
                    && named.kind == Kind::Name =>
            {
                9
            }
            [.., parse, open, named, close]
                if matches!(parse.text.as_str(), "json_parse" | "from_hex")
                    && [open, close].map(|p| p.text.as_str()) == ["(", ")"]
                    && named.kind == Kind::Name =>
            {
                4
            }
            _ => continue,
        };
        let named = out[out.len() - length + 2].clone();
        out.truncate(out.len() - length);
        out.push(named);
    }
    out
}

/// Takes `name AS name` for the name.
fn without_aliases(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        out.push(piece);
        if let [.., named, r#as, alias] = out.as_slice()
            && (named.kind, alias.kind) == (Kind::Name, Kind::Name)
            && r#as.text == "as"
        {
            out.truncate(out.len() - 2);
        }
    }
    out
}

/// Takes a list of `CAST(NULL AS type)` for one NULL.
fn nulls(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    let mut rest = pieces.into_iter();
    while let Some(piece) = rest.next() {
        out.push(piece);
        let [.., cast, open, null, r#as] = out.as_slice() else { continue };
        if [cast, open, null, r#as].map(|p| p.text.as_str()) != ["cast", "(", "null", "as"] {
            continue;
        }
        let mut depth = 1;
        for next in rest.by_ref() {
            depth += i32::from(next.text == "(") - i32::from(next.text == ")");
            if depth == 0 {
                break;
            }
        }
        out.truncate(out.len() - 4);
        out.push(Piece { text: "null".into(), kind: Kind::Definition });
    }
    out
}

fn equalities(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        out.push(piece);
        if let [.., left, equals, right] = out.as_slice()
            && (left.kind, right.kind) == (Kind::Name, Kind::Name)
            && equals.text == "="
        {
            let text = format!("{} = {}", left.text, right.text);
            out.truncate(out.len() - 3);
            out.push(Piece { text, kind: Kind::Equality });
        }
    }
    out
}

/// Column definitions of CREATE TABLE and ADD COLUMN: a name, then its type and attributes up to a comma or the
/// end of the list.
fn definitions(pieces: Vec<Piece>) -> Vec<Piece> {
    if !pieces.first().is_some_and(|first| matches!(first.text.as_str(), "create" | "alter")) {
        return pieces;
    }
    let mut out: Vec<Piece> = Vec::new();
    let mut rest = pieces.into_iter().peekable();
    while let Some(piece) = rest.next() {
        let added = matches!(out.as_slice(), [.., add, column]
            if add.text == "add" && column.text == "column");
        let listed =
            added || out.last().is_some_and(|last| matches!(last.text.as_str(), "(" | ","));
        let typed = rest.peek().is_some_and(|next| {
            next.kind == Kind::Plain && next.text.chars().all(char::is_alphabetic)
        });
        if !(piece.kind == Kind::Name && listed && typed) {
            out.push(piece);
            continue;
        }
        let mut depth = 0;
        while let Some(next) =
            rest.next_if(|next| depth > 0 || !matches!(next.text.as_str(), "," | ")"))
        {
            depth += i32::from(next.text == "(") - i32::from(next.text == ")");
        }
        out.push(Piece { text: "column".into(), kind: Kind::Definition });
    }
    out
}

/// Lists of names, of equalities and of definitions, each as one.
fn merged(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        let joins = match out.as_slice() {
            [.., last, separator] => {
                last.kind == piece.kind
                    && piece.kind != Kind::Plain
                    && (separator.text == "," || separator.text == "and")
            }
            _ => false,
        };
        if !joins {
            out.push(piece);
            continue;
        }
        out.pop();
        let Some(list) = out.last_mut() else { continue };
        let mut texts: Vec<&str> = list.text.split(" | ").chain([piece.text.as_str()]).collect();
        texts.sort_unstable();
        texts.dedup();
        list.text = texts.join(" | ");
    }
    out
}

/// Takes several values in a row for one, and several equal tuples for one.
fn without_repeats(texts: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for text in texts {
        out.push(text);
        if out.ends_with(&["?".into(), ",".into(), "?".into()]) {
            out.truncate(out.len() - 2);
        }
        // What ends with a parenthesis may repeat what stands before it and a comma.
        if out.last().is_some_and(|last| last == ")") {
            let end = out.len();
            let longest = (end - 1) / 2;
            let repeated = (1..=longest).find(|length| {
                out[end - length - 1] == ","
                    && out[end - length] == "("
                    && out[end - 2 * length - 1..end - length - 1] == out[end - length..]
            });
            if let Some(length) = repeated {
                out.truncate(end - length - 1);
            }
        }
    }
    out
}
