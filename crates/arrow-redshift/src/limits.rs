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
    /// What keeps to it, and when.
    pub kept: &'static str,
}

macro_rules! limits {
    ($( $(#[doc = $doc:literal])+ $name:ident = $value:expr, $what:literal, $unit:literal,
            $page:literal, $kept:literal; )+) => {
        $( $(#[doc = $doc])+ pub const $name: u64 = $value; )+

        /// Every limit, in the order of the table.
        pub const ALL: &[Limit] = &[
            $( Limit { name: $what, value: $name, unit: $unit, page: $page, kept: $kept }, )+
        ];
    };
}

const MIB: u64 = 1024 * 1024;

limits! {
    /// The longest name of a table, column or schema, in UTF-8 bytes; longer ones are cut silently.
    IDENTIFIER_BYTES = 127, "identifier", "bytes", "Names and identifiers",
        "a longer name of a column or in `table-name` is refused; the ledger's is cut and marked by a digest";
    /// The widest VARCHAR column, in UTF-8 bytes.
    VARCHAR_BYTES = 65_535, "VARCHAR(n)", "bytes", "Character types",
        "declared text is created no wider; longer values are refused";
    /// The widest CHAR column, in bytes.
    CHAR_BYTES = 4_096, "CHAR(n)", "bytes", "Character types",
        "only an existing table has such columns; longer values are refused";
    /// The widest VARBYTE column, in bytes.
    VARBYTE_BYTES = 16_777_216, "VARBYTE(n)", "bytes", "VARBYTE type",
        "declared bytes are created no wider; longer values are refused, in jdbc mode those of more than 32,767 bytes";
    /// The widest VARBYTE column that releases before the present limit take, in bytes.
    VARBYTE_BYTES_EVERYWHERE = 1_024_000, "VARBYTE(n) of older releases", "bytes", "VARBYTE type",
        "BYTES is created so wide";
    /// The longest string in a SUPER; as long as the text that is staged for one.
    SUPER_STRING_BYTES = 65_535, "string in a SUPER", "bytes", "Limitations (SUPER)",
        "a value whose whole JSON is longer is refused";
    /// The largest value of a SUPER, in bytes.
    SUPER_BYTES = 16 * MIB, "value of a SUPER", "bytes", "Limitations (SUPER)",
        "the JSON of a value is at most as long as a VARCHAR, in which it is staged";
    /// The most levels of arrays and objects in a SUPER.
    SUPER_LEVELS = 1_000, "levels of a SUPER", "levels", "Limitations (SUPER)",
        "declared types nest 100 levels at most; JSON text of more than 127 is refused";
    /// The widest row of a table's fixed-width columns that queries process, in bytes; VARCHAR, VARBYTE
    /// and SUPER do not count in full.
    FIXED_ROW_BYTES = 65_535, "row of fixed widths", "bytes", "Quotas and limits",
        "created columns of fixed width have at most 16 bytes, so that as many as a table holds stay below it; CHAR, which alone is wider, is created in no target, and in a staging table only as its target has it";
    /// The most digits of a DECIMAL.
    DECIMAL_PRECISION = 38, "DECIMAL precision", "digits", "Numeric types",
        "a declared type beyond it is refused";
    /// The most digits after a DECIMAL's point.
    DECIMAL_SCALE = 37, "DECIMAL scale", "digits", "Numeric types",
        "a declared type beyond it is refused";
    /// The most columns of a table.
    TABLE_COLUMNS = 1_600, "columns per table", "columns", "CREATE TABLE",
        "refused at planning, with what marks changes in a staging table; before a column is added";
    /// The most columns of a compound sort key.
    SORT_KEY_COLUMNS = 400, "compound SORTKEY", "columns", "CREATE TABLE",
        "a longer `sink.create-table.sort-key` is refused";
    /// The longest SQL statement.
    STATEMENT_BYTES = 16 * MIB, "SQL statement", "bytes", "Redshift SQL",
        "statements that grow with the commits of a checkpoint are cut; any longer one is refused before it is sent";
    /// The most parameters of one prepared statement.
    BIND_PARAMETERS = 32_767, "bind parameters", "parameters", "Quotas and limits",
        "rows of an INSERT are cut";
    /// The longest database name, in characters.
    DATABASE_NAME_CHARS = 64, "database name", "characters", "CREATE DATABASE",
        "a longer `database-name` is refused";
    /// The smallest file that COPY loads well, compressed.
    PART_MIN_BYTES = MIB, "file of a COPY, least", "bytes", "Loading data files",
        "a smaller `sink.copy.part-size` is refused";
    /// The largest file that COPY loads well, compressed.
    PART_MAX_BYTES = 1024 * MIB, "file of a COPY, most", "bytes", "Loading data files",
        "a larger `sink.copy.part-size` is refused";
    /// The most bytes of one row that COPY surely takes: its page says 4 MB, the quota page 64 MB.
    COPY_ROW_BYTES = 4 * MIB, "row of a COPY", "bytes", "COPY",
        "a larger row is refused before it is staged";
    /// The longest name that a session shows, in bytes; its width in the view is unverified.
    SESSION_NAME_BYTES = 250, "application_name", "bytes", "SYS_CONNECTION_LOG",
        "a longer name is cut and marked by a digest";
    /// The longest label of a query, in bytes.
    QUERY_LABEL_BYTES = 320, "query_group", "bytes", "SYS_QUERY_HISTORY",
        "a longer label is cut and marked by a digest";
    /// The most sessions of a cluster or workgroup; smaller ones have fewer.
    CONNECTIONS = 2_000, "connections", "sessions", "Quotas and limits",
        "`connection.max` bounds those of a process and those of a sink";
    /// The most pieces of a multipart upload.
    S3_UPLOAD_PIECES = 10_000, "pieces of an upload", "pieces", "Amazon S3: Multipart upload limits",
        "pieces are large enough for the largest file";
    /// The smallest piece of a multipart upload but the last.
    S3_PIECE_BYTES = 5 * MIB, "piece of an upload, least", "bytes",
        "Amazon S3: Multipart upload limits", "pieces are 6 MiB";
    /// The longest key of an object on S3, in UTF-8 bytes.
    S3_KEY_BYTES = 1_024, "S3 object key", "bytes", "Amazon S3: Naming objects",
        "a longer `sink.write.temp.s3-uri` is refused";
}

/// The page of limits (`docs/limits.md`), from the table above.
pub fn markdown() -> String {
    let mut page = String::from(
        "<!-- Generated from the table in crates/arrow-redshift/src/limits.rs by `cargo xtask codegen`. -->\n\n\
         # Limits of Redshift that the connector keeps\n\n\
         | what | limit | unit | from the page | kept by |\n| --- | ---: | --- | --- | --- |\n",
    );
    for limit in ALL {
        let Limit { name, value, unit, page: source, kept } = limit;
        page.push_str(&format!("| {name} | {value} | {unit} | {source} | {kept} |\n"));
    }
    page + FILES
}

/// What is advised and has no number of its own.
const FILES: &str = "
## How many files

Redshift limits the files of a COPY by no number; it advises as many as the slices, or a multiple of \
that, of equal size (Loading data files). How many slices a cluster has only its administrator may \
see, and a commit's parts come from what there is to load: each writer closes one at a checkpoint and \
whenever one reaches `sink.copy.part-size`, so a commit of n bytes from w writers has at most w + n ÷ \
`sink.copy.part-size` of them. Parquet files of 128 MB and more Redshift splits by itself; CSV, which is \
gzip, it never does, so there a smaller `sink.copy.part-size` gives the slices more to share. However many \
they are, one manifest names them, and one COPY loads them.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_has_a_name_a_unit_and_a_page_of_its_own() {
        for (index, limit) in ALL.iter().enumerate() {
            assert!(limit.value > 0 && !limit.unit.is_empty() && !limit.page.is_empty());
            assert!(!limit.kept.is_empty(), "{}", limit.name);
            assert!(ALL[..index].iter().all(|other| other.name != limit.name), "{}", limit.name);
        }
    }
}
