//! `RedshiftOptions.java`: the options of the parts that are built, in the order of the core's
//! table.

use arrow_redshift::options::table::{self, Kind, OptionRow};

use crate::text::{constant, javadoc, literal, wrapped};

/// Flink's own constant is used for it.
const NOT_OURS: &str = "connector";

pub fn source() -> String {
    let rows: Vec<&OptionRow> =
        table::rows().filter(|row| row.part.is_built() && row.key != NOT_OURS).collect();
    let constants: Vec<String> = rows.iter().map(|row| one(row)).collect();
    let names: Vec<String> = rows
        .iter()
        .map(|row| format!("                                    {}", constant(row.key)))
        .collect();
    let (constants, names) = (constants.join("\n\n"), names.join(",\n"));
    format!("{HEAD}{constants}\n\n{ALL_HEAD}{names}{ALL_TAIL}")
}

fn one(row: &OptionRow) -> String {
    let (class, builder) = match row.kind {
        Kind::Text | Kind::Choice(_) => ("String", "stringType"),
        Kind::Flag => ("Boolean", "booleanType"),
        Kind::Integer { most, .. } => {
            assert!(i32::try_from(most).is_ok(), "{} needs Java's long", row.key);
            ("Integer", "intType")
        }
        Kind::Time { .. } => ("Duration", "durationType"),
        Kind::Size { .. } => ("MemorySize", "memoryType"),
    };
    let default = match row.default {
        Some(text) => format!(".defaultValue({})", value(row, text)),
        None => ".noDefaultValue()".to_owned(),
    };
    let same: Vec<String> = row
        .aliases
        .iter()
        .filter(|alias| alias.values.is_empty())
        .map(|alias| literal(alias.name))
        .collect();
    let fallbacks = match same.is_empty() {
        true => String::new(),
        false => format!("\n                    .withFallbackKeys({})", listed(&same)),
    };
    let description = described(&row.doc.replace('`', ""));
    format!(
        "    /**\n{}\n     */\n    public static final ConfigOption<{class}> {} =\n            \
         ConfigOptions.key({})\n                    .{builder}()\n                    {default}{fallbacks}\n\
         \x20                   .withDescription({description});",
        wrapped(&comment(row), "     * "),
        constant(row.key),
        literal(row.key),
    )
}

/// What the option means, what leaving it out means, and spellings whose values differ.
fn comment(row: &OptionRow) -> String {
    let mut text = format!("{} Value: {}.", row.doc, row.kind.describe());
    match row.default {
        Some(default) => text.push_str(&format!(" Default: `{default}`.")),
        None if row.without.is_empty() => {}
        None => text.push_str(&format!(" Default: {}.", row.without)),
    }
    for alias in row.aliases.iter().filter(|alias| alias.documented && !alias.values.is_empty()) {
        let words: Vec<String> =
            alias.values.iter().map(|(theirs, own)| format!("`{theirs}` for `{own}`")).collect();
        text.push_str(&format!(" Also `{}`: {}.", alias.name, words.join(", ")));
    }
    if row.secret {
        text.push_str(" Never printed.");
    }
    javadoc(&text)
}

/// A default as Java's literal.
fn value(row: &OptionRow, text: &str) -> String {
    match row.kind {
        Kind::Text | Kind::Choice(_) => literal(text),
        Kind::Flag | Kind::Integer { .. } => text.to_owned(),
        Kind::Size { .. } => format!("MemorySize.parse({})", literal(text)),
        Kind::Time { .. } => {
            let (number, unit) = text.split_once(' ').unwrap();
            let unit = match unit {
                "d" => "ofDays",
                "h" => "ofHours",
                "min" => "ofMinutes",
                "s" => "ofSeconds",
                "ms" => "ofMillis",
                other => panic!("{}: no unit {other} here", row.key),
            };
            format!("Duration.{unit}({number})")
        }
    }
}

fn listed(items: &[String]) -> String {
    let line = items.join(", ");
    if line.len() <= 60 {
        return line;
    }
    let lines = items.iter().map(|item| format!("\n                            {item}"));
    lines.collect::<Vec<_>>().join(",")
}

/// A text as string literals that are added up, a line each; one that is short stands alone.
fn described(text: &str) -> String {
    const INDENT: &str = "                            ";
    let whole = literal(text);
    if whole.len() <= 60 {
        return whole;
    }
    // The quotes, the blank before the next line and the plus sign count too.
    let lines = wrapped(text, &" ".repeat(INDENT.len() + 14));
    let count = lines.lines().count();
    let literals = lines.lines().enumerate().map(|(at, line)| {
        let gap = if at + 1 < count { " " } else { "" };
        let plus = if at == 0 { "" } else { "        + " };
        format!("\n{INDENT}{plus}{}", literal(&format!("{}{gap}", line.trim_start())))
    });
    literals.collect()
}

const HEAD: &str = "\
// Generated from the table of options in crates/arrow-redshift/src/options/table by `cargo xtask
// codegen`.
package io.github.flinkredshift;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import org.apache.flink.annotation.PublicEvolving;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.MemorySize;

/**
 * The options of a table with {@code 'connector' = 'redshift'}.
 *
 * <p>They are for programs that write keys, and for tools that list them. What values mean is
 * decided by the core, which reads all spellings and reports all problems at once.
 */
@PublicEvolving
public final class RedshiftOptions {

";

const ALL_HEAD: &str = "    private static final Set<ConfigOption<?>> ALL =
            Collections.unmodifiableSet(
                    new LinkedHashSet<>(
                            Arrays.<ConfigOption<?>>asList(
";

const ALL_TAIL: &str = ")));

    private RedshiftOptions() {}

    /** All of them, in the order of the documentation. */
    public static Set<ConfigOption<?>> all() {
        return ALL;
    }
}
";
