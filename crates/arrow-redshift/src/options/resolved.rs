//! What each option of a table came to be, to be shown: without secrets.

use serde::Serialize;

use super::{ConnectionConfig, SslMode, given::Given};

/// What stands in the place of a secret.
const MASK: &str = "…";

/// One option of a built part, as it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResolvedOption {
    /// The canonical key.
    pub key: &'static str,
    /// The value that counts, as one would write it; `None` where the option has none. A secret is
    /// masked.
    pub value: Option<String>,
    /// What it means that there is no value; empty where there is one.
    pub without: &'static str,
    /// Whether the user gave it, by this key, by another spelling or in the URL.
    pub given: bool,
}

/// Every option of the built parts, in the table's order, as given or by default.
pub(super) fn of(given: &Given) -> Vec<ResolvedOption> {
    let options = given.values().map(|(row, value, given)| ResolvedOption {
        key: row.key,
        value: value.map(|value| if row.secret { MASK.to_owned() } else { value.text() }),
        without: if value.is_none() { row.without } else { "" },
        given,
    });
    options.collect()
}

/// Puts in what a URL said in place of an option.
pub(super) fn say_connection(options: &mut [ResolvedOption], config: &ConnectionConfig) {
    let mode = match config.ssl_mode {
        SslMode::Disable => "disable",
        SslMode::Require => "require",
        SslMode::VerifyCa => "verify-ca",
        SslMode::VerifyFull => "verify-full",
    };
    let root = config.ssl_root_cert.as_ref().map(|path| path.display().to_string());
    for (key, value) in [
        ("hostname", Some(config.hostname.clone())),
        ("port", Some(config.port.to_string())),
        ("database-name", Some(config.database.clone())),
        ("username", Some(config.username.clone())),
        ("password", Some(MASK.to_owned())),
        ("ssl.mode", Some(mode.to_owned())),
        ("ssl.root-cert", root),
    ] {
        let found = options.iter_mut().find(|option| option.key == key);
        if let Some(option) = found.filter(|option| value.is_some() && option.value != value) {
            *option = ResolvedOption { key: option.key, value, without: "", given: true };
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::options::{ResolvedOption, sink};

    fn resolved(more: &[(&str, &str)]) -> Vec<ResolvedOption> {
        let given = [
            ("url", "jdbc:redshift://h:5555/shop?user=u&password=Sw0rdfish"),
            ("table-name", "t"),
            ("write.mode", "COPY"),
            ("sink.write.temp.s3-uri", "s3://bkt/p"),
            ("aws.iam-role", "default"),
        ];
        let options: Vec<_> =
            given.iter().chain(more).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        sink(&options).unwrap().options
    }

    fn find<'a>(options: &'a [ResolvedOption], key: &str) -> &'a ResolvedOption {
        options.iter().find(|option| option.key == key).unwrap()
    }

    #[test]
    fn values_are_those_that_count_whoever_said_them() {
        let options = resolved(&[("sink.lock-timeout", "90 s")]);
        for (key, value, given) in [
            ("hostname", Some("h"), true),
            ("port", Some("5555"), true),
            ("database-name", Some("shop"), true),
            ("username", Some("u"), true),
            ("sink.write.mode", Some("copy"), true),
            ("sink.lock-timeout", Some("90 s"), true),
            ("ssl.mode", Some("verify-full"), false),
            ("sink.max-retries", Some("3"), false),
            ("sink.run-id", None, false),
        ] {
            let option = find(&options, key);
            assert_eq!((option.value.as_deref(), option.given), (value, given), "{key}");
            assert!(option.value.is_some() || !option.without.is_empty(), "{key}");
        }
    }

    #[test]
    fn secrets_are_masked() {
        let keys = [
            ("aws.credentials.provider.basic.accesskeyid", "id"),
            ("aws.credentials.provider.basic.secretkey", "Sw0rdfish"),
        ];
        let options = resolved(&keys);
        assert!(!format!("{options:?}").contains("Sw0rdfish"));
        assert_eq!(find(&options, "password").value.as_deref(), Some("…"));
        assert_eq!(find(&options, "url").value.as_deref(), Some("…"));
    }
}
