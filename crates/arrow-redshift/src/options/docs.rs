//! The table of options as documentation and as help.

use std::fmt::Write as _;

use super::table::{self, OptionRow, Part};

/// `docs/options.md`: every option, grouped by the part that it belongs to.
pub fn markdown() -> String {
    let mut page = String::from(
        "<!-- Generated from the table of options in crates/arrow-redshift/src/options/table; do \
         not edit. `cargo xtask codegen` writes it anew. -->\n\n\
         # Options\n\n\
         The options of a table with `'connector' = 'redshift'`, as they stand in its `WITH` \
         clause. Durations and sizes are written as Flink writes them (`10 min`, `500 ms`, \
         `64 mb`); a bare number is milliseconds or bytes. Words are read in any letter case, keys \
         are not. Other spellings of a key mean the same; two with different values are an \
         error, as is an unknown key. All problems are reported at once.\n",
    );
    for part in Part::ALL.iter().filter(|part| part.is_built()) {
        section(&mut page, *part, "##");
    }
    page.push_str(FILE_SYSTEMS);
    page.push_str(
        "\n## Not built yet\n\n\
         This version knows these options and refuses them by name when they are set.\n",
    );
    for part in Part::ALL.iter().filter(|part| !part.is_built()) {
        section(&mut page, *part, "###");
    }
    page
}

const FILE_SYSTEMS: &str = "\nSettings of Flink's own S3 file systems (`s3.*`, `fs.s3a.*`) that \
    are not named here are warned about and have no effect: this connector has an S3 client of \
    its own.\n";

fn section(page: &mut String, part: Part, marks: &str) {
    // Writing to a String cannot fail.
    let _ = write!(page, "\n{marks} {}\n\n", part.heading());
    page.push_str("| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
    for row in table::rows().filter(|row| row.part == part) {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {}{} |",
            row.key,
            row.kind.describe(),
            default_text(row, "`"),
            row.doc,
            markdown_aliases(row),
        );
    }
}

fn markdown_aliases(row: &OptionRow) -> String {
    let named = aliases(row, "`");
    let names =
        if named.is_empty() { String::new() } else { format!(" Also {}.", named.join(", ")) };
    let secret = if row.secret { " Never printed." } else { "" };
    format!("{names}{secret}")
}

/// The documented aliases, each with its values where they have other names.
fn aliases(row: &OptionRow, mark: &str) -> Vec<String> {
    let marked = |text: &str| format!("{mark}{text}{mark}");
    let documented = row.aliases.iter().filter(|alias| alias.documented);
    documented
        .map(|alias| match alias.values {
            [] => marked(alias.name),
            values => {
                let words: Vec<_> = values.iter().map(|(theirs, _)| marked(theirs)).collect();
                format!("{} = {}", marked(alias.name), words.join(" or "))
            }
        })
        .collect()
}

fn default_text(row: &OptionRow, mark: &str) -> String {
    match row.default {
        Some(value) => format!("{mark}{value}{mark}"),
        None => row.without.to_owned(),
    }
}

/// The options of the built parts as plain text of at most 100 columns, for a terminal.
pub fn help() -> String {
    let mut text = String::from("Options of a table with 'connector' = 'redshift':\n");
    for part in Part::ALL.iter().filter(|part| part.is_built()) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n{}", part.heading());
        for row in table::rows().filter(|row| row.part == *part) {
            let _ = writeln!(text, "\n  {}", row.key);
            let value = format!(
                "{}; default: {}.",
                row.kind.describe(),
                default_text(row, "").replace('`', "")
            );
            paragraph(&mut text, &value);
            paragraph(&mut text, &row.doc.replace('`', ""));
            let aliases = aliases(row, "");
            if !aliases.is_empty() {
                paragraph(&mut text, &format!("Also {}.", aliases.join(", ")));
            }
        }
    }
    text
}

fn paragraph(text: &mut String, words: &str) {
    const INDENT: &str = "      ";
    let mut line = INDENT.to_owned();
    for word in words.split_whitespace() {
        if line.len() > INDENT.len() && line.chars().count() + 1 + word.chars().count() > 100 {
            text.push_str(line.trim_end());
            text.push('\n');
            line = INDENT.to_owned();
        }
        line.push_str(word);
        line.push(' ');
    }
    text.push_str(line.trim_end());
    text.push('\n');
}
