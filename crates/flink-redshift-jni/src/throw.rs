//! Errors and panics as exceptions.

use std::{any::Any, error::Error as StdError, sync::Arc};

use arrow_redshift::error::RetryClass;
use arrow_redshift::{Error, ErrorKind};
use jni::{
    Env, EnvUnowned, JValue,
    errors::ErrorPolicy,
    jni_sig, jni_str,
    objects::{JObject, JString, JThrowable},
    strings::JNIStr,
};

use crate::waiting::Failure;

/// Java's class for every failure of this library.
const EXCEPTION: &JNIStr = jni_str!("io/github/flinkredshift/RedshiftException");
/// The most causes of an error that are told.
const CAUSES: usize = 16;

/// What ends a native call early.
pub(crate) enum Thrown {
    /// An error of ours.
    Ours(Failure),
    /// A call into the JVM failed; an exception may be pending.
    Jvm(jni::errors::Error),
}

impl From<Failure> for Thrown {
    fn from(failure: Failure) -> Self {
        Thrown::Ours(failure)
    }
}

impl From<Error> for Thrown {
    fn from(error: Error) -> Self {
        Thrown::Ours(Arc::new(error))
    }
}

impl From<jni::errors::Error> for Thrown {
    fn from(error: jni::errors::Error) -> Self {
        Thrown::Jvm(error)
    }
}

/// Runs a native call. Where it fails or panics, an exception is pending afterwards and the value
/// is Java's default, which nobody sees.
pub(crate) fn guarded<'local, T: Default>(
    caller: &mut EnvUnowned<'local>,
    call: impl FnOnce(&mut Env<'local>) -> Result<T, Thrown>,
) -> T {
    caller.with_env(call).resolve::<Throw>()
}

struct Throw;

impl<T: Default> ErrorPolicy<T, Thrown> for Throw {
    type Captures<'frame: 'call, 'call> = ();

    fn on_error<'frame: 'call, 'call>(
        env: &mut Env<'frame>,
        _: &mut Self::Captures<'frame, 'call>,
        thrown: Thrown,
    ) -> jni::errors::Result<T> {
        if env.exception_check() {
            return Ok(T::default());
        }
        let error = match thrown {
            Thrown::Ours(error) => error,
            Thrown::Jvm(error) => {
                let why = "a call of the native library into the JVM failed";
                Arc::new(Error::new(ErrorKind::Internal, why).source(error))
            }
        };
        throw(env, &error)?;
        Ok(T::default())
    }

    fn on_panic<'frame: 'call, 'call>(
        env: &mut Env<'frame>,
        _: &mut Self::Captures<'frame, 'call>,
        payload: Box<dyn Any + Send>,
    ) -> jni::errors::Result<T> {
        throw(env, &panicked(payload.as_ref()))?;
        Ok(T::default())
    }
}

/// A panic as an error. Only a message that is a literal is repeated: one that was put together may
/// hold a row's value.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Error {
    let error = Error::new(ErrorKind::Internal, "a broken promise inside the native library");
    let error = match payload.downcast_ref::<&'static str>() {
        Some(message) => error.with("panic", message),
        None => error,
    };
    error.hint("please report it, with the log, which says where it happened")
}

/// Throws an error with its chain of causes.
fn throw(env: &mut Env<'_>, error: &Error) -> jni::errors::Result<()> {
    let exception = match exception(env, error) {
        Ok(exception) => exception,
        // What the JVM says about it (out of memory, most likely) is what Java gets to see.
        Err(_) if env.exception_check() => return Ok(()),
        Err(error) => return Err(error),
    };
    match env.throw(exception) {
        // That is how a throw that worked is told.
        Err(jni::errors::Error::JavaException) => Ok(()),
        other => other,
    }
}

/// The exception of an error, its causes made first.
fn exception<'local>(
    env: &mut Env<'local>,
    error: &Error,
) -> jni::errors::Result<JThrowable<'local>> {
    let mut made = JThrowable::default();
    for (kind, sqlstate, message) in chain(error).into_iter().rev() {
        let text = |env: &mut Env<'local>, text: &str| JString::new(env, text);
        let (name, message) = (text(env, kind.name())?, text(env, &message)?);
        let retry = text(env, retry(kind))?;
        let sqlstate = match sqlstate {
            Some(sqlstate) => text(env, &sqlstate)?,
            None => JString::default(),
        };
        let class = env.find_class(EXCEPTION)?;
        let object: JObject<'local> = env.new_object(
            class,
            jni_sig!("(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;Ljava/lang/Throwable;)V"),
            &[
                JValue::Object(&name),
                JValue::Object(&message),
                JValue::Object(&sqlstate),
                JValue::Object(&retry),
                JValue::Object(&made),
            ],
        )?;
        made = env.cast_local::<JThrowable<'_>>(object)?;
    }
    Ok(made)
}

/// An error and its causes: kind, SQLSTATE and text of each. A cause from elsewhere has the kind of
/// the error that it caused.
fn chain(error: &Error) -> Vec<(ErrorKind, Option<String>, String)> {
    let mut kind = error.kind();
    let mut told = vec![(kind, error.code().map(str::to_owned), error.to_string())];
    let mut cause = StdError::source(error);
    while let Some(error) = cause.filter(|_| told.len() < CAUSES) {
        let ours = error.downcast_ref::<Error>();
        kind = ours.map_or(kind, Error::kind);
        told.push((kind, ours.and_then(Error::code).map(str::to_owned), error.to_string()));
        cause = error.source();
    }
    told
}

/// What may be done after an error, as Java names it.
pub(crate) const fn retry(kind: ErrorKind) -> &'static str {
    match kind.retry() {
        RetryClass::Never => "never",
        RetryClass::Once => "once",
        RetryClass::Transaction => "transaction",
        RetryClass::Reconnect => "reconnect",
        RetryClass::AskLedger => "ask-ledger",
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn every_cause_is_told_with_a_kind() {
        let wire = io::Error::other("reset");
        let lost = Error::new(ErrorKind::ConnectionLost, "the connection broke")
            .sqlstate("08006")
            .source(wire);
        let error = Error::new(ErrorKind::LoadRefused, "COPY failed").source(lost);
        let told = chain(&error);
        let kinds: Vec<_> = told.iter().map(|(kind, ..)| *kind).collect();
        assert_eq!(
            kinds,
            [ErrorKind::LoadRefused, ErrorKind::ConnectionLost, ErrorKind::ConnectionLost]
        );
        assert_eq!(told[0].1, None);
        assert_eq!(told[1].1.as_deref(), Some("08006"));
        assert_eq!(told[2].2, "reset");
    }

    #[test]
    fn an_endless_chain_of_causes_ends() {
        let mut error = Error::new(ErrorKind::Internal, "the first");
        for _ in 0..100 {
            error = Error::new(ErrorKind::Internal, "another").source(error);
        }
        assert_eq!(chain(&error).len(), CAUSES);
    }

    #[test]
    fn a_panic_tells_its_literal_and_nothing_that_was_put_together() {
        let literal = std::panic::catch_unwind(|| panic!("a literal")).unwrap_err();
        assert!(panicked(literal.as_ref()).to_string().contains("a literal"));
        let value = String::from("a row's value");
        let told = std::panic::catch_unwind(|| panic!("found {value}")).unwrap_err();
        assert!(!panicked(told.as_ref()).to_string().contains("row's"));
    }
}
