//! Where S3's credentials and region come from: given outright, or from AWS's default chain.

use std::sync::Arc;

use object_store::{
    StaticCredentialProvider,
    aws::{AwsCredential, AwsCredentialProvider},
};

use crate::{
    error::{Error, ErrorKind, Result},
    options::{AwsKeys, S3Config},
};

/// What a request to S3 is signed with.
#[derive(Debug, Clone)]
pub(super) struct Access {
    pub credentials: AwsCredentialProvider,
    pub region: String,
}

impl Access {
    /// The given keys and region, and whatever is left open from the default chain.
    pub async fn find(config: &S3Config) -> Result<Access> {
        if let (Some(keys), Some(region)) = (&config.credentials, &config.region) {
            return Ok(Access { credentials: fixed(keys), region: region.clone() });
        }
        let chain = chain::load(config.region.as_deref()).await?;
        let region = config.region.clone().or(chain.region).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidOptions,
                "cannot reach S3: neither the options nor AWS's default chain name a region",
            )
            .hint("set 'aws.region' to the bucket's region")
        })?;
        let credentials = config.credentials.as_ref().map_or(chain.credentials, fixed);
        Ok(Access { credentials, region })
    }
}

fn fixed(keys: &AwsKeys) -> AwsCredentialProvider {
    Arc::new(StaticCredentialProvider::new(AwsCredential {
        key_id: keys.access_key_id.clone(),
        secret_key: keys.secret_access_key.expose().to_owned(),
        token: keys.session_token.as_ref().map(|token| token.expose().to_owned()),
    }))
}

/// What the default chain found.
struct Chain {
    credentials: AwsCredentialProvider,
    region: Option<String>,
}

#[cfg(not(feature = "aws-config"))]
mod chain {
    use super::{Chain, Error, ErrorKind, Result};

    pub(super) async fn load(_region: Option<&str>) -> Result<Chain> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "cannot look for AWS credentials: this build has no default credential chain",
        )
        .hint(
            "set 'aws.region' and 'aws.credentials.basic.accesskeyid' and '.secretkey', \
             or build with the feature 'aws-config'",
        ))
    }
}

#[cfg(feature = "aws-config")]
mod chain {
    use std::{
        sync::Arc,
        time::{Duration, SystemTime},
    };

    use async_trait::async_trait;
    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::{
        Credentials,
        provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
    };
    use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
    use object_store::{CredentialProvider, aws::AwsCredential};
    use tokio::{sync::Mutex, time::timeout};

    use super::{Chain, Error, ErrorKind, Result};
    use crate::stage::failure::{NoCredentials, causes};

    /// How long before their end credentials are fetched anew: longer than the longest retried
    /// request, which keeps the credentials that it was signed with.
    const REFRESH_BEFORE: Duration = Duration::from_secs(5 * 60);

    /// The longest wait for the chain's credentials.
    const PATIENCE: Duration = Duration::from_secs(30);

    pub(super) async fn load(region: Option<&str>) -> Result<Chain> {
        // The same TLS library and provider as every other connection of this program.
        let https = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(https);
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        let config = loader.load().await;
        let provider = config.credentials_provider().ok_or_else(|| {
            Error::new(ErrorKind::Internal, "AWS's default chain came without credentials")
        })?;
        let credentials = Arc::new(Refreshed::new(provider));
        Ok(Chain { credentials, region: config.region().map(ToString::to_string) })
    }

    /// The chain's credentials, fetched when they are first needed and again before they end.
    #[derive(Debug)]
    struct Refreshed {
        provider: SharedCredentialsProvider,
        /// Held while fetching, so that many requests at once fetch once.
        held: Mutex<Option<Held>>,
    }

    #[derive(Debug, Clone)]
    struct Held {
        credential: Arc<AwsCredential>,
        end: Option<SystemTime>,
    }

    impl Held {
        fn lasts(&self, longer_than: Duration) -> bool {
            self.end.is_none_or(|end| end > SystemTime::now() + longer_than)
        }
    }

    impl From<Credentials> for Held {
        fn from(found: Credentials) -> Self {
            let credential = AwsCredential {
                key_id: found.access_key_id().to_owned(),
                secret_key: found.secret_access_key().to_owned(),
                token: found.session_token().map(str::to_owned),
            };
            Held { credential: Arc::new(credential), end: found.expiry() }
        }
    }

    impl Refreshed {
        fn new(provider: SharedCredentialsProvider) -> Self {
            Refreshed { provider, held: Mutex::new(None) }
        }
    }

    #[async_trait]
    impl CredentialProvider for Refreshed {
        type Credential = AwsCredential;

        async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
            let mut held = self.held.lock().await;
            if let Some(found) = held.as_ref().filter(|found| found.lasts(REFRESH_BEFORE)) {
                return Ok(Arc::clone(&found.credential));
            }
            let fetched = timeout(PATIENCE, self.provider.provide_credentials()).await;
            let late = |_| Err(CredentialsError::provider_timed_out(PATIENCE));
            match fetched.unwrap_or_else(late) {
                Ok(found) => Ok(Arc::clone(&held.insert(found.into()).credential)),
                Err(error) => match held.as_ref().filter(|found| found.lasts(Duration::ZERO)) {
                    Some(found) => {
                        tracing::warn!(
                            error = %causes(&error),
                            "AWS credentials could not be renewed; the present ones still last"
                        );
                        Ok(Arc::clone(&found.credential))
                    }
                    None => Err(refused(&error)),
                },
            }
        }
    }

    fn refused(error: &CredentialsError) -> object_store::Error {
        let passing = matches!(
            error,
            CredentialsError::ProviderTimedOut(_) | CredentialsError::ProviderError(_)
        );
        let source = Box::new(NoCredentials { reason: causes(error), passing });
        object_store::Error::Generic { store: "S3", source }
    }

    #[cfg(test)]
    mod tests {
        use std::sync::atomic::{AtomicU32, Ordering};

        use aws_credential_types::provider::future::ProvideCredentials as Provided;

        use super::*;

        /// Credentials that last `lifetime`, numbered as they are asked for; refused after `last`.
        #[derive(Debug)]
        struct Numbered {
            asked: AtomicU32,
            last: u32,
            lifetime: Option<Duration>,
        }

        impl ProvideCredentials for Numbered {
            fn provide_credentials<'a>(&'a self) -> Provided<'a>
            where
                Self: 'a,
            {
                let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
                if number > self.last {
                    return Provided::ready(Err(CredentialsError::not_loaded("no more")));
                }
                let end = self.lifetime.map(|lifetime| SystemTime::now() + lifetime);
                Provided::ready(Ok(Credentials::new(number.to_string(), "s", None, end, "test")))
            }
        }

        async fn asked_thrice(last: u32, lifetime: Option<Duration>) -> Vec<Option<String>> {
            let provider = Numbered { asked: AtomicU32::new(0), last, lifetime };
            let refreshed = Refreshed::new(SharedCredentialsProvider::new(provider));
            let mut keys = Vec::new();
            for _ in 0..3 {
                let found = refreshed.get_credential().await;
                keys.push(found.ok().map(|credential| credential.key_id.clone()));
            }
            keys
        }

        #[tokio::test]
        async fn credentials_are_renewed_before_they_end() {
            let key = |number: &str| Some(number.to_owned());
            let forever = asked_thrice(9, None).await;
            assert_eq!(forever, [key("1"), key("1"), key("1")]);
            let hour = asked_thrice(9, Some(Duration::from_secs(3600))).await;
            assert_eq!(hour, [key("1"), key("1"), key("1")]);
            let minutes = asked_thrice(9, Some(Duration::from_secs(120))).await;
            assert_eq!(minutes, [key("1"), key("2"), key("3")]);
            // A failed renewal does not matter while the old ones last.
            let failing = asked_thrice(1, Some(Duration::from_secs(120))).await;
            assert_eq!(failing, [key("1"), key("1"), key("1")]);
            let none = asked_thrice(1, Some(Duration::ZERO)).await;
            assert_eq!(none, [key("1"), None, None]);
        }
    }
}
