//! What can go wrong, named as S3 names it.

use std::{fmt, io};

use s3s::{S3Error, S3ErrorCode};

/// A refusal of the S3 side: status, code and message as S3 gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Failure {
    /// HTTP status, such as 404.
    pub status: u16,
    /// S3's error code, such as `NoSuchKey`.
    pub code: &'static str,
    /// S3's message.
    pub message: String,
    /// The bucket's region, where the request was addressed to another one.
    pub bucket_region: Option<String>,
}

/// The failures that are raised in more than one place, with S3's own texts.
macro_rules! failures {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal $message:literal;)*) => {
        impl S3Failure {
            $($(#[$doc])* pub(super) fn $name() -> S3Failure {
                S3Failure::new($status, $code, $message)
            })*
        }
    };
}

failures! {
    access_denied = 403 "AccessDenied" "Access Denied";
    bad_digest = 400 "BadDigest" "The Content-MD5 you specified did not match what we received.";
    bucket_exists = 409 "BucketAlreadyOwnedByYou"
        "Your previous request to create the named bucket succeeded and you already own it.";
    entity_too_small = 400 "EntityTooSmall"
        "Your proposed upload is smaller than the minimum allowed size";
    expired_token = 400 "ExpiredToken" "The provided token has expired.";
    incomplete_body = 400 "IncompleteBody"
        "You did not provide the number of bytes specified by the Content-Length HTTP header.";
    internal_error = 500 "InternalError" "We encountered an internal error. Please try again.";
    invalid_access_key = 403 "InvalidAccessKeyId"
        "The AWS Access Key Id you provided does not exist in our records.";
    invalid_part = 400 "InvalidPart" "One or more of the specified parts could not be found.  \
        The part may not have been uploaded, or the specified entity tag may not match the \
        part's entity tag.";
    invalid_part_order = 400 "InvalidPartOrder" "The list of parts was not in ascending order. \
        Parts must be ordered by part number.";
    invalid_range = 416 "InvalidRange" "The requested range is not satisfiable";
    invalid_token = 400 "InvalidToken" "The provided token is malformed or otherwise invalid.";
    malformed_xml = 400 "MalformedXML"
        "The XML you provided was not well-formed or did not validate against our published schema";
    no_such_bucket = 404 "NoSuchBucket" "The specified bucket does not exist";
    no_such_key = 404 "NoSuchKey" "The specified key does not exist.";
    no_such_upload = 404 "NoSuchUpload" "The specified upload does not exist. The upload ID may \
        be invalid, or the upload may have been aborted or completed.";
    not_modified = 304 "NotModified" "Not Modified";
    payload_mismatch = 400 "XAmzContentSHA256Mismatch"
        "The provided 'x-amz-content-sha256' header does not match what was computed.";
    precondition_failed = 412 "PreconditionFailed"
        "At least one of the pre-conditions you specified did not hold";
    slow_down = 503 "SlowDown" "Please reduce your request rate.";
}

impl S3Failure {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> S3Failure {
        S3Failure { status, code, message: message.into(), bucket_region: None }
    }

    /// A request that S3 takes but this stand-in does not model.
    pub(super) fn not_modelled(what: &str) -> S3Failure {
        let message = format!(
            "not modelled: {what} (the local stand-in refuses what it does not know, and S3 may know \
             it: do it another way here, or try it on a real bucket)"
        );
        S3Failure::new(501, "NotImplemented", message)
    }

    pub(super) fn invalid_argument(message: impl Into<String>) -> S3Failure {
        S3Failure::new(400, "InvalidArgument", message)
    }

    /// The bucket lives in another region than the one that was addressed.
    pub(super) fn permanent_redirect(bucket_region: &str) -> S3Failure {
        let message = "The bucket you are attempting to access must be addressed using the \
                       specified endpoint. Please send all future requests to this endpoint.";
        S3Failure {
            bucket_region: Some(bucket_region.to_owned()),
            ..S3Failure::new(301, "PermanentRedirect", message)
        }
    }

    /// The request reached the bucket's region, signed for another one.
    pub(super) fn wrong_region(signed: &str, bucket_region: &str) -> S3Failure {
        let message = format!(
            "The authorization header is malformed; the region '{signed}' is wrong; \
             expecting '{bucket_region}'"
        );
        S3Failure {
            bucket_region: Some(bucket_region.to_owned()),
            ..S3Failure::new(400, "AuthorizationHeaderMalformed", message)
        }
    }
}

impl fmt::Display for S3Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.status, self.message)
    }
}

impl std::error::Error for S3Failure {}

impl From<io::Error> for S3Failure {
    /// Trouble with the data directory is S3's internal error; its cause goes to the log. A full disk
    /// is nothing that S3 has, nor anything that another try mends, so who asked is told.
    fn from(error: io::Error) -> S3Failure {
        tracing::error!(%error, "the S3 stand-in could not use its data directory");
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                let message = format!(
                    "the disk of the local stand-in is full ({error}): free space, or start it with \
                     its data directory on another disk"
                );
                S3Failure::new(400, "StandInDiskFull", message)
            }
            _ => S3Failure::internal_error(),
        }
    }
}

impl From<S3Failure> for S3Error {
    fn from(failure: S3Failure) -> S3Error {
        let code = S3ErrorCode::from_bytes(failure.code.as_bytes())
            .unwrap_or(S3ErrorCode::Custom(failure.code.into()));
        let mut error = S3Error::with_message(code, failure.message);
        if let Ok(status) = hyper::StatusCode::from_u16(failure.status) {
            error.set_status_code(status);
        }
        if let Some(Ok(region)) = failure.bucket_region.map(|region| region.parse()) {
            // The headers given here replace all that the answer would have.
            let content_type = hyper::header::HeaderValue::from_static("application/xml");
            error.set_headers(
                [
                    (hyper::header::CONTENT_TYPE, content_type),
                    (hyper::header::HeaderName::from_static("x-amz-bucket-region"), region),
                ]
                .into_iter()
                .collect(),
            );
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_and_other_trouble_with_the_disk_is_not() {
        const ENOSPC: i32 = 28;
        let full = S3Failure::from(io::Error::from_raw_os_error(ENOSPC));
        assert_eq!(full.status, 400, "which no client tries again");
        assert!(full.message.contains("is full") && full.message.contains("free space"), "{full}");
        let other = S3Failure::from(io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!((other.status, other.code), (500, "InternalError"));
    }
}
