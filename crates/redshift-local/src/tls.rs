//! TLS with a certificate authority of the stand-in's own.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::TlsAcceptor;

/// Names that the server's certificate is good for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The authority's certificate, and what the server presents.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    ca_pem: String,
    server_pem: String,
    key_pem: String,
}

impl Authority {
    /// The authority kept in `dir`, made on first use; a fresh one without a directory.
    pub(crate) fn open(dir: Option<&Path>) -> Result<Authority> {
        let Some(dir) = dir else { return Authority::generate() };
        if let Some(kept) = Authority::read(dir) {
            return Ok(kept);
        }
        let fresh = Authority::generate()?;
        fresh
            .write(dir)
            .with_context(|| format!("cannot keep certificates in {}", dir.display()))?;
        Ok(fresh)
    }

    /// The authority's certificate, for clients that verify.
    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// What accepts TLS sessions with the server's certificate.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor> {
        let chain = vec![
            CertificateDer::from_pem_slice(self.server_pem.as_bytes())
                .context("the server's certificate is unreadable")?,
        ];
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes())
            .context("the server's private key is unreadable")?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("no TLS version is usable")?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .context("certificate and private key do not go together")?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn generate() -> Result<Authority> {
        let mut ca = CertificateParams::default();
        // A name of its own: a client that trusts another stand-in's authority should be told that
        // the issuer is unknown, not that a signature is wrong.
        let name = format!("redshift-local authority {}", uuid::Uuid::new_v4().simple());
        ca.distinguished_name.push(DnType::CommonName, name);
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca_key = KeyPair::generate().context("cannot make the authority's key")?;
        let ca_cert = ca.self_signed(&ca_key).context("cannot sign the authority")?;
        let issuer = Issuer::new(ca, ca_key);

        let names: Vec<String> = NAMES.iter().map(ToString::to_string).collect();
        let mut server = CertificateParams::new(names).context("a server name is unusable")?;
        server.distinguished_name.push(DnType::CommonName, "redshift-local");
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().context("cannot make the server's key")?;
        let cert =
            server.signed_by(&key, &issuer).context("cannot sign the server's certificate")?;
        Ok(Authority {
            ca_pem: ca_cert.pem(),
            server_pem: cert.pem(),
            key_pem: key.serialize_pem(),
        })
    }

    fn read(dir: &Path) -> Option<Authority> {
        let read = |name| fs::read_to_string(dir.join(name)).ok();
        Some(Authority {
            ca_pem: read("ca.pem")?,
            server_pem: read("server.pem")?,
            key_pem: read("server.key")?,
        })
    }

    fn write(&self, dir: &Path) -> std::io::Result<()> {
        fs::create_dir_all(dir)?;
        fs::write(dir.join("server.key"), &self.key_pem)?;
        fs::write(dir.join("server.pem"), &self.server_pem)?;
        fs::write(dir.join("ca.pem"), &self.ca_pem)
    }
}

#[cfg(test)]
mod tests {
    use super::Authority;

    #[test]
    fn a_kept_authority_is_the_same_after_a_restart() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = Authority::open(Some(dir.path())).expect("made");
        let second = Authority::open(Some(dir.path())).expect("read");
        assert_eq!(first.ca_pem(), second.ca_pem());
        assert!(second.acceptor().is_ok());
        assert_ne!(Authority::open(None).expect("fresh").ca_pem(), first.ca_pem());
    }
}
