//! Texts with a grammar of their own. Their complaints never repeat the text: people paste secrets
//! into the wrong option.

use super::{CopyAuthorization, S3Uri, TableName, ValuePolicy};
use crate::limits;

/// What is left of an S3 key for the names of staged files under the prefix, in bytes.
const STAGED_NAME_BYTES: u64 = 324;

/// The longest `sink.run-id`.
const RUN_ID_CHARS: usize = 64;

const ENCODINGS: &[&str] = &[
    "AZ64",
    "BYTEDICT",
    "DELTA",
    "DELTA32K",
    "LZO",
    "MOSTLY8",
    "MOSTLY16",
    "MOSTLY32",
    "RAW",
    "RUNLENGTH",
    "TEXT255",
    "TEXT32K",
    "ZSTD",
];

/// A host name or an address, without a port.
pub(super) fn hostname(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<std::net::Ipv6Addr>().is_ok() {
        return Ok(bare.to_owned());
    }
    if text.contains("://") || text.contains('/') {
        return Err(
            "must be a host name without scheme or path; a whole URL goes into 'url'".into()
        );
    }
    if text.contains(':') {
        return Err("must be a host name without a port; the port goes into 'port'".into());
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if text.is_empty() || text.len() > 253 || !text.chars().all(plain) {
        return Err("is not a host name".into());
    }
    Ok(text.to_owned())
}

/// Text that goes to the server as a C string.
pub(super) fn no_nul(text: &str) -> Result<String, String> {
    if text.contains('\0') { Err("contains a NUL character".into()) } else { Ok(text.to_owned()) }
}

/// The name of a database.
pub(super) fn database(text: &str) -> Result<String, String> {
    let most = limits::DATABASE_NAME_CHARS;
    match text.chars().count() as u64 {
        count if count > most => {
            Err(format!("has more than the {most} characters of a database's name"))
        }
        _ => no_nul(text),
    }
}

/// `table` or `schema.table`.
pub(super) fn table_name(text: &str) -> Result<TableName, String> {
    let mut parts = fields(text, '.')?.into_iter();
    let (first, second, third) = (parts.next(), parts.next(), parts.next());
    match (first, second, third) {
        (Some(table), None, _) => Ok(TableName { schema: None, table: identifier(table)? }),
        (Some(schema), Some(table), None) => {
            Ok(TableName { schema: Some(identifier(schema)?), table: identifier(table)? })
        }
        _ => Err(
            "must be a table or schema.table; the database goes into 'database-name', and a name \
                  with a point in it into double quotes"
                .into(),
        ),
    }
}

fn identifier(name: String) -> Result<String, String> {
    if name.is_empty() {
        return Err("has an empty name in it".into());
    }
    if name.contains('\0') {
        return Err("has a name with a NUL character in it".into());
    }
    if name.len() as u64 > limits::IDENTIFIER_BYTES {
        return Err(format!("has a name of more than {} bytes in it", limits::IDENTIFIER_BYTES));
    }
    Ok(name)
}

/// Columns, as `a;b`.
pub(super) fn columns(text: &str) -> Result<Vec<String>, String> {
    let names = elements(text, None)?.into_iter().flatten();
    let names = names.map(identifier).collect::<Result<Vec<_>, _>>()?;
    if names.len() as u64 > limits::SORT_KEY_COLUMNS {
        return Err(format!("names more than {} columns", limits::SORT_KEY_COLUMNS));
    }
    Ok(names)
}

/// One column.
pub(super) fn column(text: &str) -> Result<String, String> {
    match columns(text)?.as_slice() {
        [name] => Ok(name.clone()),
        _ => Err("takes one column".into()),
    }
}

/// Columns with their encodings, as `a:zstd;b:az64`.
pub(super) fn encodings(text: &str) -> Result<Vec<(String, String)>, String> {
    pairs(text, "must be a list of column:encoding", |encoding| {
        let encoding = encoding.to_ascii_uppercase();
        if !ENCODINGS.contains(&encoding.as_str()) {
            return Err(format!("has an unknown encoding; Redshift has {}", ENCODINGS.join(", ")));
        }
        Ok(encoding)
    })
}

/// Text columns with their widths in bytes, as `a:100;b:65535`.
pub(super) fn widths(text: &str) -> Result<Vec<(String, u32)>, String> {
    pairs(text, "is a list of column:width", |width| {
        let most = limits::VARCHAR_BYTES as u32;
        let width = width.parse().ok().filter(|width| (1..=most).contains(width));
        width.ok_or_else(|| format!("has a width that is not a number from 1 to {most}"))
    })
}

/// Columns with their comments, as `a:text;b:text`.
pub(super) fn comments(text: &str) -> Result<Vec<(String, String)>, String> {
    let shape = "is a list of column:comment; a comment with a colon, semicolon or comma in it \
                 goes into double quotes";
    pairs(text, shape, no_nul)
}

/// A list of `column:value`, each column once.
fn pairs<T>(
    text: &str,
    shape: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<(String, T)>, String> {
    let mut pairs: Vec<(String, T)> = Vec::new();
    for fields in elements(text, Some(':'))? {
        let [column, value] = fields.as_slice() else { return Err(shape.to_owned()) };
        let column = identifier(column.clone())?;
        if pairs.iter().any(|(other, _)| other.eq_ignore_ascii_case(&column)) {
            return Err("names a column twice".into());
        }
        pairs.push((column, read(value)?));
    }
    Ok(pairs)
}

/// Columns with their value policies, as `a:truncate;b:null`, each column once.
pub(super) fn value_policies(text: &str) -> Result<Vec<(String, ValuePolicy)>, String> {
    let pair = |fields: Vec<String>| {
        let [column, policy] = fields.as_slice() else {
            return Err("is a list of column:policy".to_owned());
        };
        let policy = ValuePolicy::from_name(policy)
            .ok_or("has an unknown policy; there are fail, truncate, null and dead-letter")?;
        Ok((identifier(column.clone())?, policy))
    };
    let pairs: Vec<_> =
        elements(text, Some(':'))?.into_iter().map(pair).collect::<Result<_, _>>()?;
    let twice = |at: usize| pairs[..at].iter().any(|(name, _)| *name == pairs[at].0);
    if (0..pairs.len()).any(twice) {
        return Err("names a column twice".into());
    }
    Ok(pairs)
}

/// A list as Flink writes lists, `a;b` (commas will do), each element split at `inner`.
fn elements(text: &str, inner: Option<char>) -> Result<Vec<Vec<String>>, String> {
    split(text, &[';', ','], inner)
}

/// Text split at one sign.
fn fields(text: &str, sign: char) -> Result<Vec<String>, String> {
    Ok(split(text, &[], Some(sign))?.into_iter().flatten().collect())
}

/// Splits at `outer` and within that at `inner`. Double quotes keep a part as it is, a doubled one
/// inside them is one; blanks around parts go.
fn split(text: &str, outer: &[char], inner: Option<char>) -> Result<Vec<Vec<String>>, String> {
    let mut elements = vec![Vec::new()];
    let mut rest = text;
    loop {
        let (part, behind) = part(rest, outer, inner)?;
        // `elements` starts with one element and only grows.
        if let Some(last) = elements.last_mut() {
            last.push(part);
        }
        let Some(sign) = behind.chars().next() else { return Ok(elements) };
        if Some(sign) != inner {
            elements.push(Vec::new());
        }
        rest = &behind[sign.len_utf8()..];
    }
}

/// The first part of a text, and what is behind it: nothing, or a text that starts with a sign.
fn part<'a>(
    text: &'a str,
    outer: &[char],
    inner: Option<char>,
) -> Result<(String, &'a str), String> {
    let is_sign = |c: char| outer.contains(&c) || Some(c) == inner;
    let Some(quoted) = text.trim_start().strip_prefix('"') else {
        let end = text.find(is_sign).unwrap_or(text.len());
        return Ok((text[..end].trim().to_owned(), &text[end..]));
    };
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let (before, behind) =
            rest.split_once('"').ok_or("has a double quote that is not closed")?;
        name.push_str(before);
        match behind.strip_prefix('"') {
            Some(behind) => {
                name.push('"');
                rest = behind;
            }
            None => {
                let behind = behind.trim_start();
                return if behind.is_empty() || behind.starts_with(is_sign) {
                    Ok((name, behind))
                } else {
                    Err("has text behind a closing double quote".into())
                };
            }
        }
    }
}

/// `s3://bucket/prefix`.
pub(super) fn s3_uri(text: &str) -> Result<S3Uri, String> {
    let schemes = ["s3://", "s3a://", "s3n://"];
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    let rest = rest.ok_or("must be an address like s3://bucket/prefix")?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let of_bucket =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !(3..=63).contains(&bucket.len())
        || !bucket.chars().all(of_bucket)
        || !bucket.starts_with(ends)
        || !bucket.ends_with(ends)
    {
        return Err("does not name a bucket: 3 to 63 lower-case letters, digits, points and \
                    hyphens, and no keys before it"
            .into());
    }
    let prefix = prefix.trim_matches('/');
    s3_prefix(prefix)?;
    Ok(S3Uri { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

/// A prefix of keys that every client writes the same way: no character that one of them encodes,
/// no empty segment (`//` names another key), none that readers take for hidden files.
fn s3_prefix(prefix: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.!()=+,:@$&/".contains(c);
    if let Some(odd) = prefix.chars().find(|c| !plain(*c)) {
        return Err(format!(
            "has {odd:?} in its prefix; letters, digits and -_.!()=+,:@$& are safe"
        ));
    }
    if !prefix.is_empty()
        && prefix.split('/').any(|part| part.is_empty() || part.starts_with(['.', '_']))
    {
        return Err("has a part in its prefix that is empty or starts with a point or an \
                    underscore"
            .into());
    }
    let most = limits::S3_KEY_BYTES - STAGED_NAME_BYTES;
    if prefix.len() as u64 > most {
        return Err(format!("has a prefix of more than {most} bytes"));
    }
    Ok(())
}

/// `default`, or the ARN of a role, or a chain of them.
pub(super) fn role(text: &str) -> Result<CopyAuthorization, String> {
    if text.trim().eq_ignore_ascii_case("default") {
        return Ok(CopyAuthorization::DefaultRole);
    }
    let arns: Vec<_> = text.split(',').map(|arn| arn.trim().to_owned()).collect();
    if !arns.iter().all(|arn| is_role(arn)) {
        return Err(
            "must be 'default', or the ARN of a role (arn:aws:iam::<account>:role/<name>), or a \
                    comma-separated chain of such ARNs"
                .into(),
        );
    }
    Ok(CopyAuthorization::Role(arns))
}

fn is_role(arn: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+=.@_-/:".contains(c);
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let [arn_word, partition, service, region, account, role] = parts.as_slice() else {
        return false;
    };
    arn.chars().all(plain)
        && *arn_word == "arn"
        && partition.starts_with("aws")
        && *service == "iam"
        && region.is_empty()
        && !account.is_empty()
        && role.strip_prefix("role/").is_some_and(|name| !name.is_empty() && !name.contains(':'))
}

/// Part of S3 paths and of SQL: a name that needs no quoting in either.
pub(super) fn run_id(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fits = text.len() <= RUN_ID_CHARS
        && text.chars().all(plain)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if fits {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "has 1 to {RUN_ID_CHARS} letters, digits, '.', '_' and '-', with a letter or digit first"
        ))
    }
}

/// An HTTP endpoint; without a scheme it is HTTPS.
pub(super) fn endpoint(text: &str) -> Result<String, String> {
    let text = text.trim();
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let wrong = "must be an address like https://host:port".to_owned();
    let url = url::Url::parse(&whole).map_err(|_| wrong.clone())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds keys; they go into 'aws.credentials.basic.*'".into());
    }
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    if plain { Ok(whole.trim_end_matches('/').to_owned()) } else { Err(wrong) }
}

/// The name of an AWS region, as it appears in signatures and host names.
pub(super) fn region(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.len() <= 64 && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("must be a region like eu-central-1".into())
    }
}

#[cfg(test)]
#[path = "grammar_tests.rs"]
mod tests;
