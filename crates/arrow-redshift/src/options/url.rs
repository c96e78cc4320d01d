//! The JDBC URL, taken apart as Amazon's driver takes it apart. No complaint repeats any of it: an
//! unescaped sign in a password can put pieces of the password anywhere.

use std::path::PathBuf;

use super::{Secret, SslMode, grammar};

/// Parameters of Amazon's driver that say nothing to this connector.
const IGNORED: &[&str] = &[
    "ApplicationName",
    "assumeMinServerVersion",
    "blockingRowsMode",
    "connectTimeout",
    "currentSchema",
    "databaseMetadataCurrentDbOnly",
    "defaultRowFetchSize",
    "DSILogLevel",
    "enableFetchRingBuffer",
    "fetchRingBufferSize",
    "loginTimeout",
    "LogLevel",
    "LogPath",
    "OverrideSchemaPatternType",
    "preferQueryMode",
    "queryGroup",
    "readOnly",
    "reWriteBatchedInserts",
    "socketTimeout",
    "TCPKeepAlive",
];

/// Parameters of Amazon's driver that belong to IAM login.
const IAM: &[&str] = &[
    "AccessKeyID",
    "AutoCreate",
    "ClusterID",
    "DbGroups",
    "DbUser",
    "EndpointUrl",
    "iam",
    "plugin_name",
    "Profile",
    "Region",
    "SecretAccessKey",
    "SessionToken",
    "workgroup",
];

/// What a JDBC URL says.
#[derive(Debug, Default)]
pub(super) struct JdbcUrl {
    pub hostname: Option<String>,
    pub port: Option<u16>,
    pub database: Option<String>,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub ssl_mode: Option<SslMode>,
    pub ssl_root_cert: Option<PathBuf>,
    /// Parameters that are there and say nothing, by the driver's names.
    pub ignored: Vec<&'static str>,
}

/// Reads `jdbc:redshift://host:port/database?name=value&…`.
pub(super) fn parse(text: &str) -> Result<JdbcUrl, String> {
    if text.starts_with("jdbc:redshift:iam:") {
        return Err("starts with jdbc:redshift:iam:, which is IAM login: this version does not \
                    have it yet; use jdbc:redshift:// with a user and a password"
            .into());
    }
    let rest = text
        .strip_prefix("jdbc:redshift://")
        .ok_or("has to start with jdbc:redshift://, as in jdbc:redshift://host:port/database")?;
    // As in the driver: everything behind the first '?' is parameters, or else behind the first ';'.
    let (server, parameters) =
        rest.split_once('?').or_else(|| rest.split_once(';')).unwrap_or((rest, ""));
    let (address, database) = server.split_once('/').unwrap_or((server, ""));
    let mut url = address_of(address)?;
    if database.contains('/') {
        return Err("has more than one name behind the host".into());
    }
    let database = Some(decode(database)?).filter(|name| !name.is_empty());
    url.database = database.map(|name| grammar::database(&name)).transpose()?;
    let mut ssl = None;
    let parameters = parameters.split(['&', ';']).filter(|parameter| !parameter.is_empty());
    for (index, parameter) in parameters.enumerate() {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        url.set(name, decode(value)?, &mut ssl, index + 1)?;
    }
    url.settle_ssl(ssl)?;
    Ok(url)
}

fn address_of(address: &str) -> Result<JdbcUrl, String> {
    if address.contains('@') {
        return Err("has a user or password before the host; they go behind it, as \
                    ?user=…&password=…, or into 'username' and 'password'"
            .into());
    }
    if address.contains(',') {
        return Err("names more than one host".into());
    }
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (address, None),
    };
    let port = match port.map(str::parse::<u16>) {
        None => None,
        Some(Ok(port @ 1..)) => Some(port),
        Some(_) => return Err("has a port that is no number from 1 to 65535".into()),
    };
    let hostname = match host {
        "" => None,
        host => Some(grammar::hostname(host).map_err(|_| "has a host that is not a host name")?),
    };
    Ok(JdbcUrl { hostname, port, ..JdbcUrl::default() })
}

impl JdbcUrl {
    fn set(
        &mut self,
        name: &str,
        value: String,
        ssl: &mut Option<bool>,
        position: usize,
    ) -> Result<(), String> {
        match name.to_ascii_lowercase().as_str() {
            "user" | "uid" => once(&mut self.username, value, "user"),
            "password" | "pwd" => once(&mut self.password, Secret::new(value), "password"),
            "ssl" => once(ssl, ssl_flag(&value)?, "ssl"),
            "sslmode" => once(&mut self.ssl_mode, ssl_mode(&value)?, "sslmode"),
            "sslrootcert" => once(&mut self.ssl_root_cert, PathBuf::from(value), "sslrootcert"),
            _ => {
                let known = |names: &'static [&'static str]| {
                    names.iter().copied().find(|known| known.eq_ignore_ascii_case(name))
                };
                if let Some(iam) = known(IAM) {
                    return Err(format!(
                        "has the parameter {iam}, which belongs to IAM login: this version does \
                         not have it yet"
                    ));
                }
                let ignored = known(IGNORED).ok_or_else(|| {
                    format!(
                        "has a parameter that is not known, the one in place {position}; where it \
                         is a piece of a value, encode the value's signs (& is %26, ; is %3B)"
                    )
                })?;
                self.ignored.push(ignored);
                Ok(())
            }
        }
    }

    /// `ssl=false` is `disable`; `ssl=true` adds nothing to a mode, nor to the default.
    fn settle_ssl(&mut self, ssl: Option<bool>) -> Result<(), String> {
        match (ssl, self.ssl_mode) {
            (Some(false), None) => self.ssl_mode = Some(SslMode::Disable),
            (Some(false), Some(mode)) if mode != SslMode::Disable => {
                return Err("says ssl=false and an sslmode that wants TLS".into());
            }
            (Some(true), Some(SslMode::Disable)) => {
                return Err("says ssl=true and sslmode=disable".into());
            }
            _ => {}
        }
        Ok(())
    }
}

fn once<T: PartialEq>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), String> {
    if slot.as_ref().is_some_and(|earlier| *earlier != value) {
        return Err(format!("has the parameter {name} twice, with different values"));
    }
    *slot = Some(value);
    Ok(())
}

fn ssl_flag(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        // Bare `ssl` is how PostgreSQL's own driver says it.
        "true" | "" => Ok(true),
        "false" => Ok(false),
        _ => Err("has an ssl that is neither true nor false".into()),
    }
}

fn ssl_mode(value: &str) -> Result<SslMode, String> {
    SslMode::from_name(&value.to_ascii_lowercase()).ok_or_else(|| {
        "has an sslmode that is none of disable, require, verify-ca, verify-full".into()
    })
}

/// Percent-decoding as Java's URLDecoder does it, so `+` is a blank; strict where that is not.
fn decode(text: &str) -> Result<String, String> {
    let wrong = || "has a value whose percent-encoding is broken (a % itself is %25)".to_owned();
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, behind) = rest.split_at_checked(2).ok_or_else(wrong)?;
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (Some(high), Some(low)) = (digit(digits[0]), digit(digits[1])) else {
                    return Err(wrong());
                };
                // Two hexadecimal digits make one byte.
                bytes.push((high * 16 + low) as u8);
                rest = behind;
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_read() {
        let url = parse(
            "jdbc:redshift://c.x.redshift.amazonaws.com:5440/my%20db?user=me&password=a%26b+c\
             &ssl=true&sslmode=verify-ca&sslrootcert=/etc/ca.pem&loginTimeout=5",
        )
        .unwrap();
        assert_eq!(url.hostname.as_deref(), Some("c.x.redshift.amazonaws.com"));
        assert_eq!((url.port, url.database.as_deref()), (Some(5440), Some("my db")));
        assert_eq!(url.username.as_deref(), Some("me"));
        assert_eq!(url.password.unwrap().expose(), "a&b c");
        assert_eq!(url.ssl_mode, Some(SslMode::VerifyCa));
        assert_eq!(url.ssl_root_cert, Some(PathBuf::from("/etc/ca.pem")));
        assert_eq!(url.ignored, ["loginTimeout"]);
    }

    #[test]
    fn the_drivers_other_forms_are_read() {
        let url = parse("jdbc:redshift://host/dev;UID=me;PWD=p").unwrap();
        assert_eq!((url.port, url.username.as_deref()), (None, Some("me")));
        assert!(parse("jdbc:redshift://host").unwrap().database.is_none());
        assert!(parse("jdbc:redshift:///dev").unwrap().hostname.is_none());
        let six = parse("jdbc:redshift://[::1]:5439/dev").unwrap();
        assert_eq!((six.hostname.as_deref(), six.port), (Some("::1"), Some(5439)));
        assert_eq!(parse("jdbc:redshift://[::1]/dev").unwrap().hostname.as_deref(), Some("::1"));
        let off = parse("jdbc:redshift://h/d?ssl=false").unwrap();
        assert_eq!(off.ssl_mode, Some(SslMode::Disable));
        assert_eq!(parse("jdbc:redshift://h/d?ssl=true").unwrap().ssl_mode, None);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        for (text, expected) in [
            ("jdbc:redshift:iam://c:eu-west-1/dev?password=hunter2", "IAM login"),
            ("jdbc:redshift://h/d?AccessKeyID=a&SecretAccessKey=hunter2", "AccessKeyID"),
            ("jdbc:postgresql://h/d?password=hunter2", "jdbc:redshift://"),
            ("hunter2", "jdbc:redshift://"),
            ("jdbc:redshift://me:hunter2@h/d", "before the host"),
            ("jdbc:redshift://a,b/d?password=hunter2", "more than one host"),
            ("jdbc:redshift://h:hunter2/d", "port"),
            ("jdbc:redshift://h:0/d", "port"),
            ("jdbc:redshift://h i/d", "not a host name"),
            ("jdbc:redshift://h/d/hunter2", "more than one name"),
            ("jdbc:redshift://h/d?password=x&hunter2", "in place 2"),
            ("jdbc:redshift://h/d?password=%hunter2", "percent-encoding"),
            ("jdbc:redshift://h/d?password=%ff", "percent-encoding"),
            ("jdbc:redshift://h/d?password=hunter2&pwd=hunter3", "password twice"),
            ("jdbc:redshift://h/d?ssl=hunter2", "neither true nor false"),
            ("jdbc:redshift://h/d?sslmode=prefer", "none of disable"),
            ("jdbc:redshift://h/d?ssl=false&sslmode=require", "ssl=false"),
            ("jdbc:redshift://h/d?ssl=true&sslmode=disable", "ssl=true"),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains(expected), "{text}: {problem}");
            assert!(!problem.contains("hunter"), "{problem}");
        }
    }
}
