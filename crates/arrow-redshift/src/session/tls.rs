//! What each `ssl.mode` checks.

use std::{fs, io::BufReader, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tokio_rustls::TlsConnector;

use crate::{
    error::{Error, ErrorKind, Result},
    options::{ConnectionConfig, SslMode},
};

/// A connector that checks what `ssl.mode` says, with ring as the provider.
pub(super) fn connector(config: &ConnectionConfig) -> Result<TlsConnector> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Internal, format!("TLS set-up: {error}")))?;
    let client = match config.ssl_mode {
        SslMode::VerifyFull => builder.with_root_certificates(roots(config)?),
        mode => {
            let chain = match mode {
                SslMode::VerifyCa => Some(chain_verifier(config, &provider)?),
                _ => None,
            };
            let lenient = Arc::new(Lenient { chain, provider });
            builder.dangerous().with_custom_certificate_verifier(lenient)
        }
    };
    Ok(TlsConnector::from(Arc::new(client.with_no_client_auth())))
}

fn chain_verifier(
    config: &ConnectionConfig,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>> {
    let roots = Arc::new(roots(config)?);
    WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
        .build()
        .map_err(|error| Error::new(ErrorKind::TlsFailed, format!("no usable roots: {error}")))
}

fn roots(config: &ConnectionConfig) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    let Some(path) = &config.ssl_root_cert else {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            let why = "this machine has no root certificates";
            return Err(Error::new(ErrorKind::TlsFailed, why)
                .hint("install the ca-certificates package, or set 'ssl.root-cert'"));
        }
        return Ok(store);
    };
    let unusable = |why: String| {
        Error::new(ErrorKind::InvalidOptions, format!("'ssl.root-cert': {why}"))
            .with("file", path.display())
    };
    let file = fs::File::open(path).map_err(|error| unusable(error.to_string()))?;
    for certificate in CertificateDer::pem_reader_iter(BufReader::new(file)) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        store.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if store.is_empty() { Err(unusable("no certificate in it".into())) } else { Ok(store) }
}

/// Checks the chain but not the name (`verify-ca`), or nothing (`require`): for those who said so.
#[derive(Debug)]
struct Lenient {
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
