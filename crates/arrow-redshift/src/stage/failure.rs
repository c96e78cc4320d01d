//! What S3 answered, as an error that says what was attempted, on what, why it failed and what to
//! do about it.
//!
//! `object_store` keeps its request errors to itself, so for the answers that it does not name
//! (all but 401, 403, 404, 409, 412) the status is read from the one text that carries it. The raw
//! answer is never passed on: a refused signature makes S3 send the request's headers back, session
//! token included.

use std::{error::Error as StdError, time::Duration};

use object_store::client::{HttpError, HttpErrorKind};

use crate::error::{Error, ErrorKind};

/// A request to S3, for messages and for the permission that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    WritePart,
    WriteManifest,
    ReadPart,
    PlaceDeadLetters,
    Head,
    List,
    Delete,
    ListUploads,
    AbortUpload,
    Sweep,
}

impl Action {
    fn attempt(self) -> &'static str {
        match self {
            Action::WritePart => "write a part",
            Action::WriteManifest => "write a manifest",
            Action::ReadPart => "read a staged part",
            Action::PlaceDeadLetters => "put rows that were set aside in place",
            Action::Head => "look at a staged part",
            Action::List => "list staged objects",
            Action::Delete => "delete staged objects",
            Action::ListUploads => "list unfinished uploads",
            Action::AbortUpload => "abort an unfinished upload",
            Action::Sweep => "sweep the temporary path",
        }
    }

    /// The IAM action that allows the request.
    pub(super) fn permission(self) -> &'static str {
        match self {
            Action::WritePart | Action::WriteManifest => {
                "s3:PutObject (with SSE-KMS also kms:GenerateDataKey and kms:Decrypt)"
            }
            Action::PlaceDeadLetters => {
                "s3:GetObject on the temporary path, and s3:GetObject and s3:PutObject on \
                 'sink.dead-letter.s3-uri'"
            }
            Action::ReadPart => "s3:GetObject (with SSE-KMS also kms:Decrypt)",
            Action::Head => {
                "s3:GetObject, and s3:ListBucket so that a missing object is told from a denied one"
            }
            Action::List => "s3:ListBucket",
            Action::Delete => "s3:DeleteObject",
            Action::ListUploads => "s3:ListBucketMultipartUploads",
            Action::AbortUpload => "s3:AbortMultipartUpload",
            Action::Sweep => {
                "s3:ListBucket, s3:DeleteObject, s3:ListBucketMultipartUploads and \
                 s3:AbortMultipartUpload"
            }
        }
    }
}

/// A request that failed: what it was and what it was about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub action: Action,
    pub bucket: &'a str,
    pub key: &'a str,
}

impl Request<'_> {
    /// The error for what `object_store` reported, after its own retries.
    pub fn failed(self, error: object_store::Error) -> Error {
        if let Some(credentials) = cause::<NoCredentials>(&error) {
            return self.without_credentials(credentials);
        }
        if let Some(http) = cause::<HttpError>(&error) {
            return self.unreachable(http);
        }
        match answer(&error) {
            Some((status, body)) => self.answered(status, &body),
            None => self.unnamed(error),
        }
    }

    /// The error for what had not ended when its time was up.
    pub fn too_slow(self, limit: Duration) -> Error {
        let (attempt, limit) = (self.action.attempt(), limit.as_secs());
        let kind = ErrorKind::StorageUnavailable;
        self.place(Error::new(kind, format!("cannot {attempt}: not done within {limit} seconds")))
            .hint("check the network's routes to S3 and how many objects lie there")
    }

    /// The error for an HTTP status and S3's XML body.
    pub fn answered(self, status: u16, body: &str) -> Error {
        let code = element(body, "Code").unwrap_or_default();
        let attempt = self.action.attempt();
        let error = match (status, code) {
            (_, "SlowDown" | "InternalError" | "ServiceUnavailable" | "RequestTimeout")
            | (408 | 429 | 500.., _) => {
                Error::new(ErrorKind::StorageUnavailable, format!("cannot {attempt}: S3 is busy"))
                    .hint("try again; prefixes that are written much are split up by S3 in time")
            }
            (
                _,
                "PermanentRedirect"
                | "AuthorizationHeaderMalformed"
                | "IllegalLocationConstraintException",
            )
            | (301 | 307, _) => self.wrong_region(element(body, "Region")),
            (
                _,
                "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "ExpiredToken"
                | "InvalidToken"
                | "RequestTimeTooSkewed",
            ) => Error::new(
                ErrorKind::PermissionDenied,
                format!("cannot {attempt}: S3 does not accept the credentials"),
            )
            .hint("check the AWS credentials of this process and its clock"),
            (401 | 403, _) => Error::new(
                ErrorKind::PermissionDenied,
                format!("cannot {attempt}: S3 denied it to this process's credentials"),
            )
            .hint(self.allowance()),
            (404, "NoSuchBucket") => Error::new(
                ErrorKind::InvalidOptions,
                format!("cannot {attempt}: the bucket does not exist"),
            )
            .hint(format!("check {} and 's3.endpoint', or make the bucket", self.option())),
            (404, "NoSuchUpload") => Error::new(
                ErrorKind::StorageFailed,
                format!("cannot {attempt}: its upload was aborted meanwhile"),
            )
            .hint(
                "let no lifecycle rule or cleaner abort uploads that are younger than the longest \
                 checkpoint",
            ),
            _ => Error::new(ErrorKind::StorageFailed, format!("cannot {attempt}: S3 refused it")),
        };
        let error = self.place(error).with("status", status);
        let error = if code.is_empty() { error } else { error.with("code", code) };
        match element(body, "Message") {
            Some(message) => error.detail(message.trim().to_owned()),
            None => error,
        }
    }

    /// The permission that the request needs, and where.
    fn allowance(self) -> String {
        match self.action {
            Action::PlaceDeadLetters => format!("allow {}", self.action.permission()),
            _ => format!("allow {} on the temporary path", self.action.permission()),
        }
    }

    /// The option that names the bucket.
    fn option(self) -> &'static str {
        match self.action {
            Action::PlaceDeadLetters => "'sink.dead-letter.s3-uri'",
            _ => "'sink.write.temp.s3-uri'",
        }
    }

    fn wrong_region(self, region: Option<&str>) -> Error {
        let error = Error::new(
            ErrorKind::InvalidOptions,
            format!("cannot {}: the bucket is in another region", self.action.attempt()),
        );
        match region {
            Some(region) => error.hint(format!("set 'aws.region' = '{region}'")),
            None => error.hint("set 'aws.region' to the bucket's own region"),
        }
    }

    /// No answer at all: the connection failed, again and again.
    fn unreachable(self, http: &HttpError) -> Error {
        let why = match http.kind() {
            HttpErrorKind::Connect => "S3 cannot be reached",
            HttpErrorKind::Timeout => "S3 did not answer in time",
            _ => "the connection to S3 broke",
        };
        let kind = ErrorKind::StorageUnavailable;
        let error = Error::new(kind, format!("cannot {}: {why}", self.action.attempt()))
            .hint("check 's3.endpoint', 'aws.region', proxies and the network's routes to S3");
        self.place(error).detail(causes(http))
    }

    fn without_credentials(self, credentials: &NoCredentials) -> Error {
        let error = match credentials.passing {
            true => Error::new(
                ErrorKind::StorageUnavailable,
                format!("cannot {}: AWS credentials did not come", self.action.attempt()),
            ),
            false => Error::new(
                ErrorKind::PermissionDenied,
                format!("cannot {}: there are no AWS credentials", self.action.attempt()),
            ),
        };
        let advice = "set 'aws.credentials.basic.accesskeyid' and '.secretkey', or give \
                      this process a profile or role that AWS's default chain finds";
        self.place(error).detail(&credentials.reason).hint(advice)
    }

    fn unnamed(self, error: object_store::Error) -> Error {
        use object_store::Error as Store;
        let kind = match &error {
            Store::PermissionDenied { .. } | Store::Unauthenticated { .. } => {
                ErrorKind::PermissionDenied
            }
            _ => ErrorKind::StorageFailed,
        };
        self.place(Error::new(kind, format!("cannot {}", self.action.attempt()))).source(error)
    }

    fn place(self, error: Error) -> Error {
        let error = error.with("bucket", self.bucket);
        if self.key.is_empty() { error } else { error.with("key", self.key) }
    }
}

/// Why there are no credentials, carried through `object_store`.
#[derive(Debug)]
pub(super) struct NoCredentials {
    /// What the chain said.
    pub reason: String,
    /// Whether trying again may help.
    pub passing: bool,
}

impl std::fmt::Display for NoCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl StdError for NoCredentials {}

/// The error and its causes in one line, without repeating what one says about the next.
pub(super) fn causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    fn next<'a>(error: &&'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
        let error: &'a (dyn StdError + 'static) = *error;
        error.source()
    }
    std::iter::successors(Some(error), next)
}

fn cause<E: StdError + 'static>(error: &object_store::Error) -> Option<&E> {
    chain(error).find_map(|cause| cause.downcast_ref::<E>())
}

/// The HTTP status and body that `object_store` was answered.
fn answer(error: &object_store::Error) -> Option<(u16, String)> {
    chain(error).find_map(|cause| {
        let text = cause.to_string();
        if let Some(rest) = text.strip_prefix("Server returned non-2xx status code: ") {
            let status = rest.get(..3)?.parse().ok()?;
            let body = rest.split_once(": ").map_or("", |(_, body)| body);
            return Some((status, body.to_owned()));
        }
        // A failure that S3 reports after it has sent "200 OK".
        if let Some(body) = text.strip_prefix("Server returned error response: ") {
            return Some((200, body.to_owned()));
        }
        if text.starts_with("Received redirect without LOCATION") {
            return Some((301, String::new()));
        }
        // One key of a bulk delete.
        let failed = text.strip_prefix("DeleteObjects request failed for key ")?;
        let code = failed.rsplit_once("(code: ")?.1.trim_end_matches(')');
        let status = match code {
            "AccessDenied" => 403,
            "InternalError" | "SlowDown" => 503,
            _ => 400,
        };
        Some((status, format!("<Code>{code}</Code>")))
    })
}

/// The text of the first element of that name in S3's answer.
fn element<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once('<')?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> Error {
        Request { action: Action::WritePart, bucket: "b", key: "k" }.answered(status, body)
    }

    fn xml(code: &str, more: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message>{more}</Error>"
        )
    }

    #[test]
    fn kinds_follow_status_and_code() {
        use ErrorKind::{InvalidOptions, PermissionDenied, StorageFailed, StorageUnavailable};
        for (status, code, kind) in [
            (503, "SlowDown", StorageUnavailable),
            (500, "InternalError", StorageUnavailable),
            (200, "InternalError", StorageUnavailable),
            (429, "", StorageUnavailable),
            (403, "AccessDenied", PermissionDenied),
            (403, "SignatureDoesNotMatch", PermissionDenied),
            (400, "ExpiredToken", PermissionDenied),
            (401, "", PermissionDenied),
            (404, "NoSuchBucket", InvalidOptions),
            (404, "NoSuchUpload", StorageFailed),
            (301, "PermanentRedirect", InvalidOptions),
            (400, "AuthorizationHeaderMalformed", InvalidOptions),
            (400, "EntityTooSmall", StorageFailed),
        ] {
            assert_eq!(error(status, &xml(code, "")).kind(), kind, "{status} {code}");
        }
    }

    #[test]
    fn a_denied_action_names_the_permission_and_the_place() {
        let text = error(403, &xml("AccessDenied", "")).to_string();
        for part in ["s3:PutObject", "kms:GenerateDataKey", "bucket: b", "key: k", "AccessDenied"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_wrong_region_names_the_right_one() {
        let body = xml("AuthorizationHeaderMalformed", "<Region>eu-west-3</Region>");
        assert!(error(400, &body).to_string().contains("'aws.region' = 'eu-west-3'"));
        assert!(error(301, "").to_string().contains("another region"));
    }

    #[test]
    fn what_s3_echoes_of_a_request_is_left_out() {
        let more = "<CanonicalRequest>x-amz-security-token:TOKEN</CanonicalRequest>";
        let error = error(403, &xml("SignatureDoesNotMatch", more));
        assert!(!format!("{error:?}").contains("TOKEN"), "{error:?}");
    }
}
