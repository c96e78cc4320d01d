//! How a place to load into is reached: by the sinks under test, and by a client beside them.

use std::{collections::BTreeMap, fs::File, io::BufReader, sync::Arc};

use arrow_redshift::options::{self, ConnectionConfig, SslMode};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_postgres::{Client, NoTls, config::SslMode as Wire};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// PostgreSQL's SSLRequest: its length and its code.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A database to load into, and the S3 beside it.
pub trait Place {
    /// What every sink into it is told: where it is, who logs in, where to stage, what COPY reads
    /// S3 with.
    fn given(&self) -> Vec<(String, String)>;

    /// The schema that tables are made in, where it is not the session's own.
    fn schema(&self) -> Option<&str> {
        None
    }

    /// Who looks at the tables, where it is somebody else than the sinks' user.
    fn watcher(&self) -> Option<&str> {
        None
    }
}

/// The options of a sink into `table`, which it creates where it is missing.
pub fn options(place: &impl Place, table: &str) -> BTreeMap<String, String> {
    let table = match place.schema() {
        Some(schema) => format!("{schema}.{table}"),
        None => table.to_owned(),
    };
    let mut options: BTreeMap<String, String> = [
        ("connector", "redshift"),
        ("table-name", &table),
        ("sink.write.mode", "copy"),
        ("sink.create-table", "if-not-exists"),
        ("sink.lock-timeout", "3 s"),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect();
    options.extend(place.given());
    options
}

/// A plain client beside the connector's own, with the place's schema as its own.
pub async fn client(place: &impl Place) -> Client {
    let pairs: Vec<_> = options(place, "looked_at").into_iter().collect();
    let login = options::sink(&pairs).expect("valid options").config.connection;
    let mut wire = tokio_postgres::Config::new();
    wire.user(place.watcher().unwrap_or(&login.username))
        .password(login.password.expose())
        .dbname(&login.database)
        .application_name("watcher")
        .ssl_mode(Wire::Disable);
    let (client, connection) =
        wire.connect_raw(encrypted(&login).await, NoTls).await.expect("logs in");
    tokio::spawn(connection);
    if let Some(schema) = place.schema() {
        let set = format!("SET search_path TO {schema}");
        client.batch_execute(&set).await.expect("the schema is there");
    }
    client
}

/// A stream to the server with TLS, its certificate checked in full.
async fn encrypted(login: &ConnectionConfig) -> TlsStream<TcpStream> {
    assert_eq!(login.ssl_mode, SslMode::VerifyFull, "the tests' own client knows no other mode");
    let mut roots = RootCertStore::empty();
    match &login.ssl_root_cert {
        Some(path) => {
            let file = BufReader::new(File::open(path).expect("the authority's file"));
            for certificate in CertificateDer::pem_reader_iter(file) {
                roots.add(certificate.expect("a certificate")).expect("a usable certificate");
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let address = (login.hostname.as_str(), login.port);
    let mut tcp = TcpStream::connect(address).await.expect("the server answers");
    tcp.write_all(&SSL_REQUEST).await.expect("sent");
    assert_eq!(tcp.read_u8().await.expect("answered"), b'S', "the server offers TLS");
    let name = ServerName::try_from(login.hostname.clone()).expect("a host name");
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await.expect("the TLS handshake")
}
