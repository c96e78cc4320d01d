//! The connection's options, and what a JDBC URL says in their place.

use std::path::PathBuf;

use super::{
    ConnectionConfig, Secret, SslMode,
    given::{Given, Taken},
    grammar,
    problem::Findings,
    url::{self, JdbcUrl},
};

/// Reads how to reach and log in to the database; `None` only beside a problem.
pub(super) fn connection(given: &mut Given, findings: &mut Findings) -> Option<ConnectionConfig> {
    let (url, url_is_bad) = url(given, findings);
    // Set, or else said by the URL, or else missing; a bad URL was complained about already.
    let required = |taken: Taken<String>, url: Option<String>, findings: &mut Findings, why| {
        let taken = taken.parse(findings, |text| grammar::no_nul(text));
        let settled = taken.is_absent() && (url.is_some() || url_is_bad);
        if settled { url } else { taken.required(findings, why) }
    };
    let host = given.text("hostname").parse(findings, |text| grammar::hostname(text));
    let hostname = required(host, url.hostname, findings, "set it, or 'url'");
    let why = "the connector logs in as a database user";
    let username = required(given.text("username"), url.username, findings, why);
    let of_url = url.password.map(|secret| secret.expose().to_owned());
    let why = "the connector logs in with the user's password";
    let password = required(given.text("password"), of_url, findings, why);
    let database = given.text("database-name").parse(findings, |text| grammar::database(text));
    let (ssl_mode, ssl_root_cert) = ssl(given, url.ssl_mode, url.ssl_root_cert, findings);
    let port = beaten(given.integer("port"), url.port);
    let connect_timeout = given.time("connection.connect-timeout").value;
    let statement_timeout = given.time("connection.statement-timeout").value;
    let idle_timeout = given.time("connection.idle-timeout").value;
    let most = given.integer("connection.max").value;
    Some(ConnectionConfig {
        hostname: hostname?,
        port: port?,
        database: beaten(database, url.database)?,
        username: username?,
        password: Secret::new(password?),
        ssl_mode: ssl_mode?,
        ssl_root_cert,
        connect_timeout: connect_timeout?,
        statement_timeout: statement_timeout?,
        idle_timeout: idle_timeout?,
        most: most?,
    })
}

/// What the URL says, and whether there is one that says nothing because it cannot be read.
fn url(given: &mut Given, findings: &mut Findings) -> (JdbcUrl, bool) {
    let Taken { name, value, set } = given.text("url").parse(findings, |text| url::parse(text));
    let is_bad = set && value.is_none();
    let url = value.unwrap_or_default();
    if !url.ignored.is_empty() {
        let names = url.ignored.join(", ");
        findings.warn(format!("'{name}' has parameters that are ignored here: {names}"));
    }
    (url, is_bad)
}

fn ssl(
    given: &mut Given,
    of_url: Option<SslMode>,
    root_of_url: Option<PathBuf>,
    findings: &mut Findings,
) -> (Option<SslMode>, Option<PathBuf>) {
    let Taken { name, value, set } = given.choice("ssl.mode");
    let mode = Taken { name, value: value.and_then(SslMode::from_name), set };
    let mode = beaten(mode, of_url);
    let root = given.text("ssl.root-cert");
    let root_cert = root.value.map(PathBuf::from).or(root_of_url);
    if root_cert.is_some() && matches!(mode, Some(SslMode::Disable | SslMode::Require)) {
        findings
            .warn(format!("'{}' has no effect: this ssl.mode checks no certificate", root.name));
    }
    (mode, root_cert)
}

/// What was set, or else what the URL says, or else the default.
fn beaten<T>(taken: Taken<T>, url: Option<T>) -> Option<T> {
    if taken.set { taken.value } else { url.or(taken.value) }
}
