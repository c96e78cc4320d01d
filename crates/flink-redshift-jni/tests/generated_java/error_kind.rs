//! `ErrorKind.java`: the kinds of errors, in the order of the core's table.

use arrow_redshift::ErrorKind;

use crate::text::{constant, javadoc, literal, wrapped};

pub fn source() -> String {
    let constants: Vec<String> = ErrorKind::ALL.iter().map(one).collect();
    format!("{HEAD}{}{TAIL}", constants.join(",\n\n"))
}

fn one(kind: &ErrorKind) -> String {
    let doc = wrapped(&javadoc(kind.doc().trim()), "     * ");
    let name = kind.name();
    format!("    /**\n{doc}\n     */\n    {}({})", constant(name), literal(name))
}

const HEAD: &str = "\
// Generated from the table in crates/arrow-redshift/src/error.rs by `cargo xtask codegen`.
package io.github.flinkredshift;

import org.apache.flink.annotation.PublicEvolving;

/**
 * What kind of error a {@link RedshiftException} is. The names are stable, and the same on the
 * command line.
 */
@PublicEvolving
public enum ErrorKind {
";

const TAIL: &str = r#";

    private final String name;

    ErrorKind(String name) {
        this.name = name;
    }

    /** The stable name. */
    public String getName() {
        return name;
    }

    /** The kind of that name; {@link #INTERNAL} where there is none. */
    public static ErrorKind fromName(String name) {
        for (ErrorKind kind : values()) {
            if (kind.name.equals(name)) {
                return kind;
            }
        }
        return INTERNAL;
    }

    @Override
    public String toString() {
        return name;
    }
}
"#;
