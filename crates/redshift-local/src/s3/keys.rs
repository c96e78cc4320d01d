//! Who may use the S3 side, and which addresses.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use async_trait::async_trait;
use s3s::{
    S3Result,
    auth::{S3Auth, SecretKey},
};

use super::failure::S3Failure;
use crate::config::AccessKey;

/// The key pairs that are accepted. They can change while the server runs.
#[derive(Debug, Default)]
pub(super) struct Keys {
    by_id: RwLock<HashMap<String, Held>>,
}

#[derive(Debug)]
struct Held {
    key: AccessKey,
    expired: bool,
}

impl Keys {
    pub(super) fn new(keys: Vec<AccessKey>) -> Keys {
        let held = keys.into_iter().map(|key| (key.id.clone(), Held { key, expired: false }));
        Keys { by_id: RwLock::new(held.collect()) }
    }

    /// Adds a key pair, or replaces the one of its id.
    pub(super) fn put(&self, key: AccessKey) {
        let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        by_id.insert(key.id.clone(), Held { key, expired: false });
    }

    /// From now on the key's session is over. Returns whether there is such a key.
    pub(super) fn expire(&self, id: &str) -> bool {
        let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        by_id.get_mut(id).map(|held| held.expired = true).is_some()
    }

    /// The key pairs that were told, expired ones among them.
    pub(super) fn all(&self) -> Vec<AccessKey> {
        let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        by_id.values().map(|held| held.key.clone()).collect()
    }

    /// Ids of the keys whose sessions are over.
    pub(super) fn expired(&self) -> Vec<String> {
        let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        let expired = by_id.values().filter(|held| held.expired);
        expired.map(|held| held.key.id.clone()).collect()
    }

    fn with<T>(
        &self,
        id: &str,
        of: impl FnOnce(&Held) -> Result<T, S3Failure>,
    ) -> Result<T, S3Failure> {
        let by_id = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        by_id.get(id).ok_or_else(S3Failure::invalid_access_key).and_then(of)
    }

    /// Checks the session token that came with a request.
    ///
    /// # Errors
    /// As S3: temporary keys without their token are unknown, any other token is invalid.
    pub(super) fn check_token(&self, id: &str, presented: Option<&str>) -> Result<(), S3Failure> {
        self.with(id, |held| match (&held.key.session_token, presented) {
            (Some(_), None) => Err(S3Failure::invalid_access_key()),
            (expected, presented) if expected.as_deref() != presented => {
                Err(S3Failure::invalid_token())
            }
            _ if held.expired => Err(S3Failure::expired_token()),
            _ => Ok(()),
        })
    }

    /// Checks that a key may use what lies at `bucket` and `path`, a key or a listing's prefix.
    ///
    /// # Errors
    /// `AccessDenied`.
    pub(super) fn check_path(&self, id: &str, bucket: &str, path: &str) -> Result<(), S3Failure> {
        self.check(id, |allowed_bucket, prefix| {
            allowed_bucket == bucket && path.starts_with(prefix)
        })
    }

    /// Checks that a key may use anything in a bucket at all.
    ///
    /// # Errors
    /// `AccessDenied`.
    pub(super) fn check_bucket(&self, id: &str, bucket: &str) -> Result<(), S3Failure> {
        self.check(id, |allowed_bucket, _| allowed_bucket == bucket)
    }

    /// Checks that a key is limited to no address.
    ///
    /// # Errors
    /// `AccessDenied`.
    pub(super) fn check_unlimited(&self, id: &str) -> Result<(), S3Failure> {
        self.check(id, |_, _| false)
    }

    fn check(&self, id: &str, covers: impl Fn(&str, &str) -> bool) -> Result<(), S3Failure> {
        self.with(id, |held| {
            let mut allowed = held.key.prefixes.iter().filter_map(|address| split(address));
            if held.key.prefixes.is_empty() || allowed.any(|(b, prefix)| covers(b, prefix)) {
                Ok(())
            } else {
                Err(S3Failure::access_denied())
            }
        })
    }
}

/// Splits `s3://bucket/prefix`.
fn split(address: &str) -> Option<(&str, &str)> {
    let rest = address.strip_prefix("s3://")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// The signature check's view of the keys.
#[derive(Debug, Clone)]
pub(super) struct Secrets(pub std::sync::Arc<Keys>);

#[async_trait]
impl S3Auth for Secrets {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        Ok(self.0.with(access_key, |held| Ok(SecretKey::from(held.key.secret.clone())))?)
    }
}
