//! Servers with TLS, and authorities to go with them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::server::{Asked, Server, Wire, receive};

/// What is wrong with a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// Nobody vouches for it.
    SelfSigned,
    /// It was good once.
    Expired,
    /// It is somebody else's.
    OtherHost,
}

impl Wire for StreamOwned<ServerConnection, TcpStream> {
    fn reset(&mut self) {
        self.sock.reset();
    }
}

/// A server at `https://127.0.0.1` whose certificate has `flaw`; the authority's is written to `ca`.
pub fn start(
    ca: &Path,
    flaw: Flaw,
    answer: impl Fn(&Asked, &mut dyn Wire) + Send + Sync + 'static,
) -> Server {
    let config = Arc::new(config(ca, flaw));
    Server::listen(move |stream, asked| {
        let Ok(connection) = ServerConnection::new(Arc::clone(&config)) else { return };
        let mut stream = StreamOwned::new(connection, stream);
        if let Some(asked) = receive(&mut stream, &asked) {
            answer(&asked, &mut stream);
        }
        stream.conn.send_close_notify();
        _ = stream.flush();
        // What is left unread would make the close a reset.
        _ = stream.sock.shutdown(std::net::Shutdown::Write);
        _ = stream.sock.read(&mut [0; 64]);
    })
}

fn config(ca: &Path, flaw: Flaw) -> ServerConfig {
    let ca_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&ca_key).unwrap();
    std::fs::write(ca, authority.pem()).unwrap();

    let key = KeyPair::generate().unwrap();
    let host = if flaw == Flaw::OtherHost { "elsewhere.example" } else { "127.0.0.1" };
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    if flaw == Flaw::Expired {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    }
    let certificate = if flaw == Flaw::SelfSigned {
        params.self_signed(&key).unwrap()
    } else {
        params.signed_by(&key, &authority, &ca_key).unwrap()
    };
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    builder.with_no_client_auth().with_single_cert(chain, key).unwrap()
}
