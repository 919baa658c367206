//! TLS: with certificates of the page's own authority, or with given files that are read again when they change.

mod authority;
mod files;
mod names;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use rustls::ServerConfig;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::app::Shared;
use crate::config::{Config, TlsMode};
use crate::guard::Right;
use crate::routes::Route;

pub use names::Names;

/// The folder of the page's own certificates, below the data directory.
const FOLDER: &str = "web/tls";

/// What one connection may keep of what the peer has not read. A page of a megabyte goes in parts.
const BUFFER_MAX: usize = 32 << 10;

/// TLS cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file or folder.
    #[error("{0}: {1}; web must be able to read it, and to write in DATA/web/tls")]
    File(PathBuf, io::Error),
    /// A given file is not what it should be.
    #[error("{0}: {1}; web.tls_cert_file holds the certificates in PEM, the server's first, web.tls_key_file its key")]
    Given(PathBuf, String),
    /// A certificate cannot be made.
    #[error("a certificate cannot be made: {0}; correct web.hosts")]
    Make(#[from] rcgen::Error),
    /// The library refuses the certificate.
    #[error("the certificate cannot be used: {0}")]
    Use(#[from] rustls::Error),
}

/// TLS of one port.
pub struct Tls {
    acceptor: TlsAcceptor,
    current: Arc<Current>,
    source: Source,
}

enum Source {
    Own { folder: PathBuf, names: Names, authority: RwLock<Bytes> },
    Given { certificate: PathBuf, key: PathBuf, stamp: Mutex<files::Stamp> },
}

/// The certificate that the next handshake shows.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl Current {
    fn set(&self, key: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    /// TLS as `[web]` says; `None` = off. Makes the authority and the certificate where they are missing or old.
    ///
    /// # Errors
    /// Files cannot be read or written; what they hold is not usable.
    pub fn open(config: &Config, data_dir: &Path, node: &str, now_s: u64) -> Result<Option<Tls>, TlsError> {
        let (key, source) = match config.tls {
            TlsMode::Off => return Ok(None),
            TlsMode::Own => {
                let (folder, names) = (data_dir.join(FOLDER), Names::of(config, node));
                let own = authority::open(&folder, &names, now_s)?;
                (own.key, Source::Own { folder, names, authority: RwLock::new(own.authority) })
            }
            TlsMode::Files => {
                let (certificate, key) = (config.tls_cert_file.clone(), config.tls_key_file.clone());
                let (stamp, loaded) = (files::stamp(&certificate, &key), files::load(&certificate, &key)?);
                (loaded, Source::Given { certificate, key, stamp: Mutex::new(stamp) })
            }
        };
        let current = Arc::new(Current(RwLock::new(Arc::new(key))));
        let mut settings = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        settings.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Sessions are kept by the clients, not here.
        settings.ticketer = Ticketer::new()?;
        Ok(Some(Tls { acceptor: Arc::new(settings).into(), current, source }))
    }

    /// Whether the certificate is one that browsers may trust already, so that they may be told to insist on it.
    pub fn is_given(&self) -> bool {
        matches!(self.source, Source::Given { .. })
    }

    /// The certificate of the page's own authority, DER.
    pub fn authority(&self) -> Option<Bytes> {
        match &self.source {
            Source::Own { authority, .. } => Some(authority.read().unwrap_or_else(PoisonError::into_inner).clone()),
            Source::Given { .. } => None,
        }
    }

    /// The handshake.
    pub(super) async fn accept(&self, wire: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept_with(wire, |session| session.set_buffer_limit(Some(BUFFER_MAX))).await
    }

    /// Looks whether the certificate must be renewed, or given files have changed. What fails leaves the one in use.
    ///
    /// # Errors
    /// As [`Tls::open`].
    pub fn keep(&self, now_s: u64) -> Result<(), TlsError> {
        match &self.source {
            Source::Own { folder, names, authority } => {
                let own = authority::open(folder, names, now_s)?;
                self.current.set(own.key);
                *authority.write().unwrap_or_else(PoisonError::into_inner) = own.authority;
            }
            Source::Given { certificate, key, stamp } => {
                let now = files::stamp(certificate, key);
                if *stamp.lock().unwrap_or_else(PoisonError::into_inner) != now {
                    self.current.set(files::load(certificate, key)?);
                    *stamp.lock().unwrap_or_else(PoisonError::into_inner) = now;
                    tracing::info!(file = %certificate.display(), "the certificate was read anew");
                }
            }
        }
        Ok(())
    }
}

/// SHA-256 of the certificate that the page shows, as browsers write it: `AB:CD:…`. Only reads. `None`: TLS is off, or
/// the page has not yet made its certificate.
///
/// # Errors
/// Files that are there cannot be read.
pub fn fingerprint(config: &Config, data_dir: &Path) -> Result<Option<String>, TlsError> {
    let der = match config.tls {
        TlsMode::Off => None,
        TlsMode::Own => authority::certificate(&data_dir.join(FOLDER))?,
        TlsMode::Files => Some(files::certificate(&config.tls_cert_file)?),
    };
    Ok(der.map(|der| {
        let hash = ring::digest::digest(&ring::digest::SHA256, &der);
        let pairs: Vec<String> = hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    }))
}

/// What a peer is told that speaks plain HTTP to the TLS port from another machine.
pub(super) fn use_https(listen: Option<SocketAddr>) -> String {
    let port = listen.map_or(String::new(), |listen| format!(":{}", listen.port()));
    let text = format!("This port speaks TLS: use https://, as in https://ADDRESS{port}/\n");
    let head = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n";
    format!("{head}Content-Length: {}\r\n\r\n{text}", text.len())
}

/// The authority for the phone.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/ca.crt", Right::Anyone, offer)]
}

async fn offer(State(app): State<Shared>) -> Response {
    match app.door.tls().and_then(Tls::authority) {
        Some(der) => ([(header::CONTENT_TYPE, "application/x-x509-ca-cert")], der).into_response(),
        None => (StatusCode::NOT_FOUND, "this page has no certificate authority of its own\n").into_response(),
    }
}

#[cfg(test)]
mod tests;
