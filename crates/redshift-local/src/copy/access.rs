//! Who COPY reads S3 as, and what that identity may read.

use super::{Address, CopyContext, CopyError, Session, source::SourceFailure};
use crate::{
    config::{AccessKey, Role},
    dialect::copy::Authorization,
};

/// The addresses that an authorised COPY may read.
#[derive(Debug)]
pub struct Access {
    /// `None` is everything.
    prefixes: Option<Vec<Address>>,
}

impl Access {
    /// Checks what the statement presents: the role chain, or the keys.
    pub fn authorize(
        authorization: &Authorization,
        context: &CopyContext,
    ) -> Result<Access, CopyError> {
        match authorization {
            Authorization::DefaultRole => {
                let role = context.roles.iter().find(|r| r.default && r.attached);
                let role = role.ok_or_else(|| {
                    credentials(&context.session, "There is no default IAM role for this cluster")
                })?;
                Ok(Access::of_role(role))
            }
            Authorization::Roles(arns) => Ok(Access::of_role(assume(arns, context)?)),
            Authorization::Keys { id, secret, session_token } => {
                let key = key(context, id, secret, session_token.as_deref())
                    .map_err(|failure| s3_failure(&context.session, &failure, "Checking keys"))?;
                Ok(Access::of_prefixes(&key.prefixes, !key.prefixes.is_empty()))
            }
        }
    }

    /// A role reads what it lists and nothing else; one that lists nothing reads nothing.
    fn of_role(role: &Role) -> Access {
        Access::of_prefixes(&role.prefixes, true)
    }

    fn of_prefixes(prefixes: &[String], limited: bool) -> Access {
        let parsed = prefixes.iter().filter_map(|p| Address::parse(p)).collect();
        Access { prefixes: limited.then_some(parsed) }
    }

    /// Refuses an address that the identity may not read, as S3 does.
    pub fn check(&self, address: &Address, session: &Session) -> Result<(), CopyError> {
        let allowed = match &self.prefixes {
            None => true,
            Some(prefixes) => prefixes.iter().any(|prefix| prefix.covers(address)),
        };
        if allowed {
            return Ok(());
        }
        let failure = SourceFailure {
            status: 403,
            code: "AccessDenied".into(),
            message: "Access Denied".into(),
        };
        Err(s3_failure(session, &failure, &place("Reading", address)))
    }
}

/// Walks a chain of roles: the first must be attached, each must be allowed to assume the next.
fn assume<'a>(arns: &[String], context: &'a CopyContext) -> Result<&'a Role, CopyError> {
    let find = |arn: &str| context.roles.iter().find(|role| role.arn == arn);
    let refused = |arn: &str| {
        credentials(&context.session, &format!("Not authorized to get credentials of role {arn}"))
    };
    let (first, rest) = arns.split_first().ok_or_else(|| refused(""))?;
    let mut role = find(first).filter(|role| role.attached).ok_or_else(|| refused(first))?;
    for next in rest {
        if !role.may_assume.contains(next) {
            let message = format!("User {} is not authorized to assume IAM Role {next}", role.arn);
            return Err(credentials(&context.session, &message));
        }
        role = find(next).ok_or_else(|| refused(next))?;
    }
    Ok(role)
}

fn key<'a>(
    context: &'a CopyContext,
    id: &str,
    secret: &str,
    session_token: Option<&str>,
) -> Result<&'a AccessKey, SourceFailure> {
    let failure = |status, code: &str, message: &str| SourceFailure {
        status,
        code: code.into(),
        message: message.into(),
    };
    let key = context.keys.iter().find(|key| key.id == id).ok_or_else(|| {
        let message = "The AWS Access Key Id you provided does not exist in our records.";
        failure(403, "InvalidAccessKeyId", message)
    })?;
    if key.secret != secret {
        let message = "The request signature we calculated does not match the signature you \
                       provided. Check your key and signing method.";
        return Err(failure(403, "SignatureDoesNotMatch", message));
    }
    if key.session_token.as_deref() != session_token {
        let message = "The provided token is malformed or otherwise invalid.";
        return Err(failure(400, "InvalidToken", message));
    }
    if context.expired_keys.iter().any(|expired| expired == id) {
        return Err(failure(400, "ExpiredToken", "The provided token has expired."));
    }
    Ok(key)
}

fn credentials(session: &Session, message: &str) -> CopyError {
    CopyError::leader(session, message, 30000, "")
}

/// What COPY was doing at an address, for the context of an error.
pub fn place(doing: &str, address: &Address) -> String {
    format!("{doing} bucket={} key={}", address.bucket, address.key)
}

/// S3's refusal as Redshift wraps it.
pub fn s3_failure(session: &Session, failure: &SourceFailure, context: &str) -> CopyError {
    let SourceFailure { status, code, message } = failure;
    let retry = u8::from(*status >= 500);
    let request = format!("{:016X}", session.query_id);
    let text = format!(
        "S3ServiceException:{message},Status {status},Error {code},Rid {request},CanRetry {retry}"
    );
    CopyError::leader(session, &text, 8001, context)
}

/// Refuses a bucket that lies in another region than COPY addresses.
pub fn check_region(bucket: &str, expected: &str, context: &CopyContext) -> Result<(), CopyError> {
    let failure = match context.source.region(bucket) {
        Some(region) if region == expected => return Ok(()),
        None => SourceFailure::no_such_bucket(),
        Some(_) => SourceFailure {
            status: 301,
            code: "PermanentRedirect".into(),
            message: "The bucket you are attempting to access must be addressed using the \
                      specified endpoint. Please send all future requests to this endpoint."
                .into(),
        },
    };
    Err(s3_failure(&context.session, &failure, &format!("Finding bucket={bucket}")))
}
