//! `If-Match` and its kin, for reads and for writes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use s3s::dto::{ETagCondition, Timestamp};

use super::{failure::S3Failure, object::Stored};

/// The conditions of a read.
#[derive(Debug, Default)]
pub(super) struct ReadCondition {
    pub if_match: Option<ETagCondition>,
    pub if_none_match: Option<ETagCondition>,
    pub if_modified_since: Option<Timestamp>,
    pub if_unmodified_since: Option<Timestamp>,
}

impl ReadCondition {
    /// Checks in the order of RFC 9110, where a tag beats a date.
    ///
    /// # Errors
    /// `PreconditionFailed`, or `NotModified`.
    pub(super) fn check(&self, object: &Stored) -> Result<(), S3Failure> {
        let modified = whole_seconds(object.modified);
        match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) if !matches(condition, &object.etag) => {
                return Err(S3Failure::precondition_failed());
            }
            (None, Some(since)) if modified > *since => {
                return Err(S3Failure::precondition_failed());
            }
            _ => {}
        }
        match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) if matches(condition, &object.etag) => {
                Err(S3Failure::not_modified())
            }
            (None, Some(since)) if modified <= *since => Err(S3Failure::not_modified()),
            _ => Ok(()),
        }
    }
}

/// The condition under which a write takes effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum WriteCondition {
    /// Always.
    #[default]
    None,
    /// Only where the key holds nothing (`If-None-Match: *`).
    Absent,
    /// Only where the key holds an object with this tag, or any object.
    Holds(ETagCondition),
}

impl WriteCondition {
    /// Reads the two headers of a write.
    ///
    /// # Errors
    /// `NotImplemented` for what S3 itself does not offer on writes.
    pub(super) fn new(
        if_match: Option<ETagCondition>,
        if_none_match: Option<ETagCondition>,
    ) -> Result<WriteCondition, S3Failure> {
        match (if_match, if_none_match) {
            (None, None) => Ok(WriteCondition::None),
            (Some(condition), None) => Ok(WriteCondition::Holds(condition)),
            (None, Some(ETagCondition::Any)) => Ok(WriteCondition::Absent),
            (None, Some(ETagCondition::ETag(_))) | (Some(_), Some(_)) => Err(S3Failure::new(
                501,
                "NotImplemented",
                "A header you provided implies functionality that is not implemented",
            )),
        }
    }

    /// Checks against what the key holds now.
    ///
    /// # Errors
    /// `PreconditionFailed`; `NoSuchKey` where a tag was expected and nothing is there.
    pub(super) fn check(&self, present: Option<&Stored>) -> Result<(), S3Failure> {
        match (self, present) {
            (WriteCondition::None, _) | (WriteCondition::Absent, None) => Ok(()),
            (WriteCondition::Absent, Some(_)) => Err(S3Failure::precondition_failed()),
            (WriteCondition::Holds(_), None) => Err(S3Failure::no_such_key()),
            (WriteCondition::Holds(condition), Some(object)) => {
                if matches(condition, &object.etag) {
                    Ok(())
                } else {
                    Err(S3Failure::precondition_failed())
                }
            }
        }
    }
}

fn matches(condition: &ETagCondition, tag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => wanted.value() == tag,
    }
}

/// HTTP dates carry whole seconds, so that is what they are compared with.
pub(super) fn whole_seconds(time: SystemTime) -> Timestamp {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    Timestamp::from(UNIX_EPOCH + Duration::from_secs(seconds))
}
