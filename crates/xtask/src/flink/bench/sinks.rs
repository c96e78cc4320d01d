//! The sinks that are measured, and their scripts.

use std::path::Path;

/// Jars of Flink's other sinks; Parquet needs Hadoop's classes.
pub const ARTIFACTS: [&str; 6] = [
    "org.apache.flink:flink-sql-parquet:2.3.0",
    "org.apache.hadoop:hadoop-client-api:3.3.6",
    "org.apache.hadoop:hadoop-client-runtime:3.3.6",
    "org.apache.flink:flink-connector-jdbc-core:4.0.0-2.0",
    "org.apache.flink:flink-connector-jdbc-postgres:4.0.0-2.0",
    "org.postgresql:postgresql:42.7.4",
];

/// The name of an artifact's jar.
pub fn file_name(artifact: &str) -> String {
    let mut parts = artifact.split(':').skip(1);
    format!("{}-{}.jar", parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// A sink, with the rows that it is given.
#[derive(Debug, PartialEq, Eq)]
pub struct Sink {
    /// For the table.
    pub name: &'static str,
    /// Where the rows go.
    pub to: To,
    /// The form of the rows, as the source's option `rows` names it.
    pub rows: &'static str,
    /// Beginnings of the names of the jars that it needs besides.
    pub jars: &'static [&'static str],
}

/// Where rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// Nowhere.
    Blackhole,
    /// This connector.
    Redshift,
    /// Files of a format on the local disk.
    Files(&'static str),
    /// The JDBC connector, in rewritten batches, into the stand-in: what checks this sink's
    /// statements checks its own.
    Jdbc,
    /// The JDBC connector into a PostgreSQL of its own, with nothing in between.
    JdbcBare,
}

/// How the JDBC connector reaches a server.
#[derive(Debug)]
pub struct Login {
    /// With the setting that rewrites batches.
    pub url: String,
    pub user: String,
    pub password: String,
}

/// Rows as a format or a function makes them, and as a shuffle makes them.
pub const OBJECTS: &str = "OBJECTS";
/// See [`OBJECTS`].
pub const BINARY: &str = "BINARY";

const PARQUET_JARS: &[&str] = &["flink-sql-parquet", "hadoop-client-api", "hadoop-client-runtime"];
/// The JDBC connector with its driver.
pub const JDBC_JARS: &[&str] =
    &["flink-connector-jdbc-core", "flink-connector-jdbc-postgres", "postgresql"];

/// What is measured.
pub const SINKS: [Sink; 8] = [
    Sink { name: "blackhole, objects", to: To::Blackhole, rows: OBJECTS, jars: &[] },
    Sink { name: "blackhole, binary rows", to: To::Blackhole, rows: BINARY, jars: &[] },
    Sink { name: "this sink, objects", to: To::Redshift, rows: OBJECTS, jars: &[] },
    Sink { name: "this sink, binary rows", to: To::Redshift, rows: BINARY, jars: &[] },
    Sink { name: "files as Parquet", to: To::Files("parquet"), rows: OBJECTS, jars: PARQUET_JARS },
    Sink { name: "files as CSV", to: To::Files("csv"), rows: OBJECTS, jars: &[] },
    Sink { name: "JDBC connector", to: To::Jdbc, rows: OBJECTS, jars: JDBC_JARS },
    Sink { name: "JDBC, bare PostgreSQL", to: To::JdbcBare, rows: OBJECTS, jars: JDBC_JARS },
];

impl Sink {
    /// The JDBC connector is measured once: its database is what it waits for.
    pub fn is_measured_at(&self, parallelism: usize) -> bool {
        !matches!(self.to, To::Jdbc | To::JdbcBare) || parallelism == 2
    }
}

const COLUMNS: &str = "(user_id BIGINT, user_type INT, `language` STRING, country STRING, \
                       gender STRING, score DOUBLE)";

/// The script of a measurement; the JDBC connector uses `login`.
pub fn script(sink: &Sink, parallelism: usize, directory: &Path, login: &Login) -> String {
    let options = match sink.to {
        To::Blackhole => "'connector' = 'blackhole'".to_owned(),
        // One commit a day: parts are staged and handed over at every checkpoint, and what Redshift
        // does with them is left out.
        To::Redshift => "'connector' = 'redshift', 'sink.write.mode' = 'copy', 'table-name' = \
                         'bench', 'sink.commit.interval' = '1 d'"
            .to_owned(),
        To::Files(format) => format!(
            "'connector' = 'filesystem', 'path' = 'file://{}', 'format' = '{format}'",
            directory.join("files").display()
        ),
        To::Jdbc | To::JdbcBare => format!(
            "'connector' = 'jdbc', 'url' = '{}', 'username' = '{}', 'password' = '{}', \
             'table-name' = 'public.bench', 'sink.buffer-flush.max-rows' = '5000'",
            login.url, login.user, login.password
        ),
    };
    format!(
        "SET 'pipeline.name' = 'bench';
SET 'parallelism.default' = '{parallelism}';
SET 'execution.checkpointing.interval' = '10 s';
CREATE TABLE users {COLUMNS} WITH ('connector' = 'users', 'rows' = '{}');
CREATE TABLE target {COLUMNS} WITH ({options});
INSERT INTO target SELECT * FROM users;
",
        sink.rows
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_jar_that_a_sink_needs_is_fetched() {
        let files: Vec<String> = ARTIFACTS.iter().map(|artifact| file_name(artifact)).collect();
        assert_eq!(files[0], "flink-sql-parquet-2.3.0.jar");
        for jar in SINKS.iter().flat_map(|sink| sink.jars) {
            assert_eq!(files.iter().filter(|file| file.starts_with(jar)).count(), 1, "{jar}");
        }
    }
}
