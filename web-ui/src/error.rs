//! Why the role ended.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

/// web cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; {}", remedy(source.kind()))]
    Listen {
        /// `[web] listen`.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The runtime or the server failed.
    #[error("the server of the page failed: {0}; the process is started again by its supervisor")]
    Serve(#[source] io::Error),
    /// The page's own file.
    #[error(transparent)]
    State(#[from] crate::state::StateError),
    /// The thread of the actions.
    #[error("the thread that carries out actions cannot start: {0}; raise the limit of tasks")]
    Actions(#[source] io::Error),
    /// The page's certificate.
    #[error(transparent)]
    Tls(#[from] crate::server::tls::TlsError),
    /// The live socket.
    #[error(transparent)]
    Live(#[from] live::LiveError),
}

impl WebError {
    /// Whether a right is missing, so that trying again does not help.
    pub fn is_missing_privilege(&self) -> bool {
        matches!(self, WebError::Listen { source, .. } if source.kind() == ErrorKind::PermissionDenied)
    }
}

fn remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::AddrInUse => "another program has the port: stop it, or choose another by --listen or web.listen",
        ErrorKind::AddrNotAvailable => "this machine does not have the address: correct --listen or web.listen",
        ErrorKind::PermissionDenied => "ports below 1024 need CAP_NET_BIND_SERVICE: choose a port from 1024 up",
        _ => "choose another address by --listen or web.listen",
    }
}
