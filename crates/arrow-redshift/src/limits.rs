//! Redshift's limits: one row each, with the page of Amazon's documentation it comes from.

/// One limit of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is limited.
    pub name: &'static str,
    /// The limit, in `unit`.
    pub value: u64,
    /// What `value` counts.
    pub unit: &'static str,
    /// The page of the documentation that states it.
    pub page: &'static str,
}

macro_rules! limits {
    ($( $(#[doc = $doc:literal])+ $name:ident = $value:expr, $what:literal, $unit:literal, $page:literal; )+) => {
        $( $(#[doc = $doc])+ pub const $name: u64 = $value; )+

        /// Every limit, in the order of the table.
        pub const ALL: &[Limit] = &[
            $( Limit { name: $what, value: $name, unit: $unit, page: $page }, )+
        ];
    };
}

const MIB: u64 = 1024 * 1024;

limits! {
    /// The longest name of a table, column or schema, in UTF-8 bytes; longer ones are cut silently.
    IDENTIFIER_BYTES = 127, "identifier", "bytes", "Names and identifiers";
    /// The widest VARCHAR column, in UTF-8 bytes.
    VARCHAR_BYTES = 65_535, "VARCHAR(n)", "bytes", "Character types";
    /// The widest CHAR column, in bytes.
    CHAR_BYTES = 4_096, "CHAR(n)", "bytes", "Character types";
    /// The most digits of a DECIMAL.
    DECIMAL_PRECISION = 38, "DECIMAL precision", "digits", "Numeric types";
    /// The most digits after a DECIMAL's point.
    DECIMAL_SCALE = 37, "DECIMAL scale", "digits", "Numeric types";
    /// The most columns of a table.
    TABLE_COLUMNS = 1_600, "columns per table", "columns", "CREATE TABLE";
    /// The most columns of a compound sort key.
    SORT_KEY_COLUMNS = 400, "compound SORTKEY", "columns", "CREATE TABLE";
    /// The longest SQL statement.
    STATEMENT_BYTES = 16 * MIB, "SQL statement", "bytes", "Redshift SQL";
    /// The most parameters of one prepared statement.
    BIND_PARAMETERS = 32_767, "bind parameters", "parameters", "Quotas and limits";
    /// The longest database name, in characters.
    DATABASE_NAME_CHARS = 64, "database name", "characters", "CREATE DATABASE";
    /// The smallest file that COPY loads well, compressed.
    PART_MIN_BYTES = MIB, "file of a COPY, least", "bytes", "Loading data files";
    /// The largest file that COPY loads well, compressed.
    PART_MAX_BYTES = 1024 * MIB, "file of a COPY, most", "bytes", "Loading data files";
    /// The most bytes of one row that COPY surely takes: its page says 4 MB, the quota page 64 MB.
    COPY_ROW_BYTES = 4 * MIB, "row of a COPY", "bytes", "COPY";
    /// The longest key of an object on S3, in UTF-8 bytes.
    S3_KEY_BYTES = 1_024, "S3 object key", "bytes", "Amazon S3: Naming objects";
}

/// The page of limits (`docs/limits.md`), from the table above.
pub fn markdown() -> String {
    let mut page = String::from(
        "<!-- Generated from the table in crates/arrow-redshift/src/limits.rs by `cargo xtask codegen`. -->\n\n\
         # Limits of Redshift that the connector keeps\n\n\
         | what | limit | unit | from the page |\n| --- | ---: | --- | --- |\n",
    );
    for limit in ALL {
        let Limit { name, value, unit, page: source } = limit;
        page.push_str(&format!("| {name} | {value} | {unit} | {source} |\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_has_a_name_a_unit_and_a_page_of_its_own() {
        for (index, limit) in ALL.iter().enumerate() {
            assert!(limit.value > 0 && !limit.unit.is_empty() && !limit.page.is_empty());
            assert!(ALL[..index].iter().all(|other| other.name != limit.name), "{}", limit.name);
        }
    }
}
