//! Pages of keys, by prefix and delimiter.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{bucket::Bucket, failure::S3Failure, object::Stored};

/// The most entries of one page.
pub(super) const MOST_KEYS: i32 = 1000;

/// What a page is asked for.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub prefix: String,
    pub delimiter: Option<String>,
    pub start_after: Option<String>,
    pub continuation_token: Option<String>,
    /// As asked; pages are never longer than 1,000.
    pub max_keys: Option<i32>,
}

/// A page.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub objects: Vec<Arc<Stored>>,
    pub common_prefixes: Vec<String>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// Where a page begins.
enum Start {
    After(String),
    /// After everything that begins so.
    Past(String),
}

impl Start {
    fn token(&self) -> String {
        let text = match self {
            Start::After(key) => format!("k{key}"),
            Start::Past(prefix) => format!("p{prefix}"),
        };
        BASE64_URL_SAFE_NO_PAD.encode(text)
    }

    fn from_token(token: &str) -> Option<Start> {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        match text.split_at_checked(1)? {
            ("k", key) => Some(Start::After(key.into())),
            ("p", prefix) => Some(Start::Past(prefix.into())),
            _ => None,
        }
    }

    /// Whether a key at or after the start's text belongs to an earlier page.
    fn excludes(&self, key: &str) -> bool {
        match self {
            Start::After(last) => key <= last.as_str(),
            Start::Past(prefix) => key.starts_with(prefix.as_str()),
        }
    }
}

/// Checks and limits the length that was asked for.
///
/// # Errors
/// `InvalidArgument` for a negative one.
pub(super) fn page_length(asked: Option<i32>) -> Result<usize, S3Failure> {
    let length = asked.unwrap_or(MOST_KEYS).min(MOST_KEYS);
    usize::try_from(length).map_err(|_| {
        S3Failure::invalid_argument("Argument maxKeys must be an integer between 0 and 2147483647")
    })
}

/// Makes a page of a bucket's keys.
///
/// # Errors
/// `InvalidArgument` for a bad length or token.
pub(super) fn list(bucket: &Bucket, query: &Query) -> Result<Page, S3Failure> {
    let most = page_length(query.max_keys)?;
    let start = match (&query.continuation_token, &query.start_after) {
        (Some(token), _) => Some(Start::from_token(token).ok_or_else(|| {
            S3Failure::invalid_argument("The continuation token provided is incorrect")
        })?),
        (None, Some(key)) => Some(Start::After(key.clone())),
        (None, None) => None,
    };
    let from = match &start {
        Some(Start::After(text) | Start::Past(text)) => text.max(&query.prefix),
        None => &query.prefix,
    };
    let delimiter = query.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
    let mut page = Page::default();
    let mut last: Option<Start> = None;
    if most == 0 {
        return Ok(page);
    }
    bucket.walk(from, |object| {
        let key = object.key.as_str();
        let Some(rest) = key.strip_prefix(&query.prefix) else { return false };
        if [&start, &last].into_iter().flatten().any(|start| start.excludes(key)) {
            return true;
        }
        if page.objects.len() + page.common_prefixes.len() == most {
            page.next = last.as_ref().map(Start::token);
            return false;
        }
        match delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len())) {
            Some(end) => {
                let common = key[..query.prefix.len() + end].to_owned();
                last = Some(Start::Past(common.clone()));
                page.common_prefixes.push(common);
            }
            None => {
                last = Some(Start::After(key.to_owned()));
                page.objects.push(Arc::clone(object));
            }
        }
        true
    });
    Ok(page)
}
