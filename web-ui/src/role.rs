//! The role's life: listen, serve until the stop, let answers finish.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::config::Config;
use crate::error::Error;
use crate::pages;

/// How soon a stop is seen.
const POLL: Duration = Duration::from_millis(100);

/// How long answers that have begun may take after the stop: a browser that never reads must not hold the role.
const GRACE: Duration = Duration::from_secs(3);

/// Serves the page until `stop` is raised.
///
/// # Errors
/// The address cannot be listened on, or the server fails.
pub fn run(config: &Config, stop: Arc<AtomicBool>) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Serve)?;
    runtime.block_on(async {
        let listen = |source| Error::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        serve(listener, stop).await.map_err(Error::Serve)
    })
}

async fn serve(listener: TcpListener, stop: Arc<AtomicBool>) -> std::io::Result<()> {
    tracing::info!("listening on http://{}/", listener.local_addr()?);
    let server = axum::serve(listener, pages::router()).with_graceful_shutdown(raised(Arc::clone(&stop)));
    let late = async {
        raised(stop).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = server.into_future() => ended?,
        () = late => tracing::warn!("connections that did not end within {GRACE:?} were cut"),
    }
    tracing::info!("stopped");
    Ok(())
}

async fn raised(stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests;
