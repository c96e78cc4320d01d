//! What comes back of a script with a mistake in it: each is made against a stand-in, and
//! `docs/mistakes.md` shows the answers.
//!
//! `UPDATE_GENERATED=1` writes the page.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{fmt::Write as _, path::Path};

use redshift_local::{
    RedshiftLocal,
    config::{AccessKey, Bucket, Config, Role, StoredPassword, User},
};
use support::{Script, report, text};
use tokio_postgres::{Client, NoTls};

const PASSWORD: &str = "Local-Passw0rd";
const ROLE: &str = "arn:aws:iam::123456789012:role/RedshiftCopy";

/// The script without a mistake. What is in braces is the stand-in's.
const SCRIPT: &str = "\
CREATE TABLE people (
    id INT, name STRING, age INT
) WITH (
    'connector' = 'filesystem', 'path' = 'people.csv', 'format' = 'csv', 'csv.null-literal' = 'NA'
);
CREATE TABLE customers (
    id INT, name STRING, age INT, PRIMARY KEY (id) NOT ENFORCED
) WITH (
    'connector' = 'redshift',
    'hostname' = '127.0.0.1', 'port' = '{port}', 'ssl.root-cert' = '{ca}',
    'username' = 'loader', 'password' = 'Local-Passw0rd',
    'database-name' = 'dev', 'table-name' = 'customers',
    'sink.write.mode' = 'copy',
    'sink.write.temp.s3-uri' = 's3://staging/temp',
    'aws.iam-role' = 'arn:aws:iam::123456789012:role/RedshiftCopy',
    'aws.region' = 'us-east-1', 's3.endpoint' = '{s3}', 's3.path-style-access' = 'true',
    'aws.credentials.provider.basic.accesskeyid' = 'local',
    'aws.credentials.provider.basic.secretkey' = 'local-secret'
);
INSERT INTO customers SELECT id, name, age FROM people;
";

const ROWS: &str = "1,Ada,36\n2,Grace,NA\n";

const TABLE: &str = "CREATE TABLE customers (id INTEGER NOT NULL, name VARCHAR(20), age INTEGER)";

/// One mistake: what differs from what works, and how it has to end.
struct Mistake {
    title: &'static str,
    /// What the script says, and what it says by mistake.
    script: &'static [(&'static str, &'static str)],
    /// The file's rows, where they are the mistake.
    rows: Option<&'static str>,
    /// The table, where that is not as the script takes it to be.
    table: Option<&'static str>,
    exit_code: i32,
    kind: &'static str,
    /// What the answer has to tell.
    words: &'static [&'static str],
}

const NONE: Mistake = Mistake {
    title: "",
    script: &[],
    rows: None,
    table: None,
    exit_code: 2,
    kind: "script",
    words: &[],
};

const MISTAKES: &[Mistake] = &[
    Mistake {
        title: "An option misspelt",
        script: &[("'sink.write.mode' = 'copy'", "'sink.write.mod' = 'copy'")],
        words: &["script.sql:6", "sink.write.mod", "sink.write.mode"],
        ..NONE
    },
    Mistake {
        title: "An option twice",
        script: &[(
            "'table-name' = 'customers'",
            "'table-name' = 'customers', 'table-name' = 'clients'",
        )],
        words: &["script.sql:12", "table-name", "twice"],
        ..NONE
    },
    Mistake {
        title: "Two options forgotten, and a value that cannot be",
        script: &[
            ("    'sink.write.temp.s3-uri' = 's3://staging/temp',\n", ""),
            ("    'aws.iam-role' = 'arn:aws:iam::123456789012:role/RedshiftCopy',\n", ""),
            (
                "'sink.write.mode' = 'copy'",
                "'sink.write.mode' = 'copy', 'sink.max-retries' = 'often'",
            ),
        ],
        words: &["sink.write.temp.s3-uri", "aws.iam-role", "sink.max-retries"],
        ..NONE
    },
    Mistake {
        title: "A quote that is not closed",
        script: &[("'hostname' = '127.0.0.1',", "'hostname' = '127.0.0.1,")],
        words: &["script.sql:10", "is its quote missing?"],
        ..NONE
    },
    Mistake {
        title: "A column too few in the query",
        script: &[("SELECT id, name, age FROM", "SELECT id, name FROM")],
        words: &["script.sql:20", "2 columns", "takes 3"],
        ..NONE
    },
    Mistake {
        title: "A type that needs a CAST",
        script: &[(
            "    id INT, name STRING, age INT\n)",
            "    id INT, name STRING, age STRING\n)",
        )],
        words: &["script.sql:20", "age", "CAST"],
        ..NONE
    },
    Mistake {
        title: "Streaming mode",
        script: &[(
            "CREATE TABLE people",
            "SET 'execution.runtime-mode' = 'streaming';\nCREATE TABLE people",
        )],
        words: &["script.sql:1", "'batch'", "Flink"],
        ..NONE
    },
    Mistake {
        title: "A file that is not there",
        script: &[("'people.csv'", "'peoples.csv'")],
        words: &["script.sql:1", "peoples.csv"],
        ..NONE
    },
    Mistake {
        title: "A host where nobody listens",
        script: &[("'port' = '{port}'", "'port' = '1'")],
        exit_code: 3,
        kind: "connection-lost",
        words: &["127.0.0.1", "security group"],
        ..NONE
    },
    Mistake {
        title: "A wrong password",
        script: &[("'password' = 'Local-Passw0rd'", "'password' = 'Loca1-Passw0rd'")],
        exit_code: 3,
        kind: "authentication-failed",
        words: &["loader", "check user and password"],
        ..NONE
    },
    Mistake {
        title: "A database that does not exist",
        script: &[("'database-name' = 'dev'", "'database-name' = 'prod'")],
        kind: "invalid-options",
        words: &["prod", "check 'database-name'"],
        ..NONE
    },
    Mistake {
        title: "A certificate that is not trusted",
        script: &[(" 'ssl.root-cert' = '{ca}',", "")],
        exit_code: 3,
        kind: "tls-failed",
        words: &["ssl.root-cert"],
        ..NONE
    },
    Mistake {
        title: "A table that is not there",
        table: Some(""),
        kind: "schema-mismatch",
        words: &["customers", "does not exist", "sink.create-table"],
        ..NONE
    },
    Mistake {
        title: "A table with other columns and types",
        table: Some(
            "CREATE TABLE customers (id BIGINT NOT NULL, fullname VARCHAR(20), age VARCHAR(3))",
        ),
        kind: "schema-mismatch",
        words: &["name", "age"],
        ..NONE
    },
    Mistake {
        title: "A user who may not write",
        script: &[("'username' = 'loader'", "'username' = 'reader'")],
        exit_code: 3,
        kind: "permission-denied",
        words: &["GRANT SELECT, INSERT, UPDATE, DELETE ON \"public\".\"customers\" TO \"reader\""],
        ..NONE
    },
    Mistake {
        title: "A bucket that does not exist",
        script: &[("s3://staging/temp", "s3://stagging/temp")],
        kind: "invalid-options",
        words: &["stagging", "the bucket does not exist"],
        ..NONE
    },
    Mistake {
        title: "A wrong secret key",
        script: &[("'local-secret'", "'lokal-secret'")],
        exit_code: 3,
        kind: "permission-denied",
        words: &["does not accept the credentials"],
        ..NONE
    },
    Mistake {
        title: "A role that the cluster does not have",
        script: &[("role/RedshiftCopy", "role/RedshiftCpoy")],
        exit_code: 3,
        kind: "permission-denied",
        words: &["RedshiftCpoy", "attach the role", "--print-policy"],
        ..NONE
    },
    Mistake {
        title: "A text that is too long for its column",
        rows: Some("1,Ada,36\n2,Grace Brewster Murray Hopper,NA\n"),
        exit_code: 4,
        kind: "value-refused",
        words: &["column 'name'", "28 bytes", "at most 20", "sink.value-policy"],
        ..NONE
    },
    Mistake {
        title: "NULL in the key",
        rows: Some("1,Ada,36\nNA,Grace,NA\n"),
        exit_code: 4,
        kind: "source-failed",
        words: &["column id", "row 2"],
        ..NONE
    },
    Mistake {
        title: "A line of column names in the file",
        rows: Some("id,name,age\n1,Ada,36\n"),
        exit_code: 4,
        kind: "source-failed",
        words: &["people.csv:1", "column id"],
        ..NONE
    },
];

/// A stand-in with a user who may load, one who may do nothing, a bucket and a role.
async fn start() -> RedshiftLocal {
    let user = |name: &str, superuser| User {
        name: name.into(),
        password: PASSWORD.into(),
        stored: StoredPassword::Md5,
        superuser,
    };
    let bucket =
        Bucket { name: "staging".into(), region: "us-east-1".into(), requires_encryption: false };
    let config = Config {
        users: vec![user("loader", true), user("reader", false)],
        buckets: vec![bucket],
        keys: vec![AccessKey {
            id: "local".into(),
            secret: "local-secret".into(),
            session_token: None,
            prefixes: Vec::new(),
        }],
        roles: vec![Role {
            arn: ROLE.into(),
            prefixes: vec!["s3://staging/temp".into()],
            attached: true,
            default: false,
            may_assume: Vec::new(),
        }],
        ..Config::default()
    };
    RedshiftLocal::start(config).await.unwrap()
}

async fn client(server: &RedshiftLocal) -> Client {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(server.port()).user("loader").password(PASSWORD).dbname("dev");
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A script for the stand-in.
fn placed(script: &str, server: &RedshiftLocal) -> String {
    script
        .replace("{port}", &server.port().to_string())
        .replace("{ca}", &server.ca_file().display().to_string())
        .replace("{s3}", &server.s3().endpoint())
}

/// The answer without what is this stand-in's or this run's own.
fn shown(answer: &str, server: &RedshiftLocal) -> String {
    let answer = answer
        .replace(&server.s3().endpoint(), "https://s3.example.com")
        .replace(&format!("127.0.0.1:{}", server.port()), "127.0.0.1:5439")
        .replace(&server.ca_file().display().to_string(), "ca.pem");
    let digits = |word: &str| word.chars().any(|c| c.is_ascii_hexdigit());
    let hex = |word: &str| word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let own = |word: &str| word.len() >= 16 && digits(word) && hex(word);
    let mut shown = String::new();
    let mut word = String::new();
    let lines = answer.lines().filter(|line| !line.starts_with("warning: ")).map(|line| {
        // What Redshift says of a failed COPY has numbers of the query and the process.
        match line.trim_start().split_once(": ") {
            Some((label @ ("query" | "process"), _)) => format!("  {label}: …"),
            _ => line.trim_end().to_owned(),
        }
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    for c in text.trim_end().chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() || c == '-' {
            word.push(c);
            continue;
        }
        shown.push_str(if own(&word) { "…" } else { &word });
        shown.push(c);
        word.clear();
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_told_as_the_page_shows_it() {
    let server = start().await;
    let admin = client(&server).await;
    let mut page = introduction();
    let mut wrong: Vec<String> = Vec::new();
    for (number, mistake) in MISTAKES.iter().enumerate() {
        let table = mistake.table.unwrap_or(TABLE);
        let anew = format!("DROP TABLE IF EXISTS customers, customers__flink_commits; {table}");
        admin.batch_execute(&anew).await.unwrap();
        let mut script = SCRIPT.to_owned();
        for (right, wrong) in mistake.script {
            assert!(script.contains(right), "{}: {right}", mistake.title);
            script = script.replace(right, wrong);
        }
        let rows = mistake.rows.unwrap_or(ROWS);
        let script = Script::new(&placed(&script, &server), &[("people.csv", rows)]);
        let run = |args: &'static [&'static str]| {
            let mut command = script.command(args);
            tokio::task::block_in_place(|| command.output().unwrap())
        };
        let output = run(&["--quiet"]);
        let title = mistake.title;
        let answer = text(&output.stderr);
        println!("=== {title}: {:?}\n{answer}", output.status.code());
        if output.status.code() != Some(mistake.exit_code) {
            wrong.push(format!("{title}: {:?}", output.status.code()));
        }
        for word in mistake.words.iter().filter(|word| !answer.contains(**word)) {
            wrong.push(format!("{title}: no {word:?}"));
        }
        for secret in [PASSWORD, "Loca1-Passw0rd", "local-secret", "lokal-secret", "Hopper"] {
            assert!(!answer.contains(secret), "{title}: {answer}");
        }
        let json = run(&["--format", "json"]);
        let error = &report(&json)["error"];
        if error["kind"] != mistake.kind || error["exit_code"] != mistake.exit_code {
            wrong.push(format!("{title}: {error}"));
        }
        let message = shown(error["message"].as_str().unwrap(), &server);
        assert!(shown(answer, &server).contains(message.trim_end()), "{title}: {message}");
        section(&mut page, number + 1, mistake, &shown(answer, &server));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What the mistakes are made in works.
    admin.batch_execute(&format!("DROP TABLE IF EXISTS customers; {TABLE}")).await.unwrap();
    let script = Script::new(&placed(SCRIPT, &server), &[("people.csv", ROWS)]);
    let output = tokio::task::block_in_place(|| script.run(&["--quiet"]));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mistakes.md");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let docs = std::fs::read_to_string(path).unwrap_or_default();
    assert!(docs == page, "docs/mistakes.md is stale: run this test with UPDATE_GENERATED=1");
    server.stop().await.unwrap();
}

const INTRODUCTION: &str = "\
<!-- Generated by crates/flink-redshift/tests/mistakes.rs: `cargo xtask codegen` writes it anew. -->

# Mistakes, and what comes back

What `flink-redshift run script.sql` says of a script with a mistake in it. The script loads a file into a table by key; \
each of these changes one thing. Flink says the same of options, tables and values, as the cause of its exception. \
What the kinds mean is on [a page of its own](errors.md), the exit codes are [here](sql.md#what-it-prints); with \
`--format json` the last line of standard output has `kind`, `message` and `exit_code`.

`flink-redshift check script.sql` finds what is wrong with connections, privileges, buckets and roles before anything is \
loaded, all of it [at once](aws.md).
";

fn introduction() -> String {
    format!(
        "{INTRODUCTION}\nThe script without a mistake:\n\n```sql\n{}```\n\n\
         The table that it loads:\n\n```sql\n{TABLE}\n```\n\nAnd `people.csv`:\n\n```\n{ROWS}```\n",
        told(SCRIPT)
    )
}

/// A piece of the script as the page shows it.
fn told(script: &str) -> String {
    let places = [("{port}", "5439"), ("{ca}", "ca.pem"), ("{s3}", "https://s3.example.com")];
    places.iter().fold(script.to_owned(), |told, (place, shown)| told.replace(place, shown))
}

fn section(page: &mut String, number: usize, mistake: &Mistake, answer: &str) {
    // Writing to a String cannot fail.
    let _ = write!(page, "\n## {number}. {}\n\n", mistake.title);
    for (right, wrong) in mistake.script {
        let right = told(right.trim().trim_end_matches(','));
        let wrong = wrong.trim().trim_end_matches(',').replace('\n', " ");
        let _ = match wrong.is_empty() {
            true => writeln!(page, "- without `{right}`"),
            false => writeln!(page, "- `{wrong}` for `{right}`"),
        };
    }
    if let Some(rows) = mistake.rows {
        let lines: Vec<String> = rows.lines().map(|line| format!("`{line}`")).collect();
        let _ = writeln!(page, "- the file's lines are {}", lines.join(" and "));
    }
    match mistake.table {
        Some("") => page.push_str("- nobody has created the table\n"),
        Some(table) => {
            let _ = writeln!(page, "- the table is `{table}`");
        }
        None => {}
    }
    let _ = write!(
        page,
        "\nExit code {}, kind `{}`:\n\n```\n{}```\n",
        mistake.exit_code, mistake.kind, answer
    );
}
