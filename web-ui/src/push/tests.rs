//! The push API over real connections on loopback.

mod client;
mod figures;
mod refused;
mod resumed;
mod scraped;
mod scripts;
mod sockets;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::flow::TICK;
use super::token::Wish;
use super::{StreamGuard, Transport};
use crate::app::Shared;
use crate::config::Config;
use crate::guard::{Standing, Visitor};
use crate::role::{Options, now_ns};
use crate::server;
use crate::testing::{options, parts, router, visitor};
use crate::words::Language;

/// A page that is served; dropped, it stops.
struct Page {
    app: Shared,
    address: SocketAddr,
    /// Whether the visitor's session is open.
    is_open: Arc<AtomicBool>,
    _stopping: watch::Sender<bool>,
    _dir: tempfile::TempDir,
}

/// Serves the routes to one visitor, or to nobody.
async fn serve(visitor: Option<Visitor>) -> Page {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    begin(dir, app, visitor, Duration::from_millis(200)).await
}

/// Serves to a viewer, with other bounds on connections, and with streams that ping as they do in life.
async fn serve_with(config: Config) -> Page {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = crate::role::app(&Options { config, ..options(dir.path()) }).expect("a scratch folder can be written");
    begin(dir, app, Some(visitor(Standing::Viewer, Language::En)), TICK).await
}

async fn begin(dir: tempfile::TempDir, app: Shared, visitor: Option<Visitor>, tick: Duration) -> Page {
    let is_open = Arc::new(AtomicBool::new(true));
    let mut app = Arc::into_inner(app).expect("nobody else has it");
    let asked = Arc::clone(&is_open);
    app.push.guard = StreamGuard::new(move |_| asked.load(Ordering::Relaxed));
    app.push.tick = tick;
    let app = Arc::new(app);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    let (stopping, hears) = watch::channel(false);
    let (served, routes) = (Arc::clone(&app), router(&app, visitor));
    let swept = Arc::clone(&app);
    tokio::spawn(async move { super::sweep(&swept).await });
    tokio::spawn(async move { server::serve(listener, routes, Arc::clone(&served.door), hears).await });
    Page { app, address, is_open, _stopping: stopping, _dir: dir }
}

/// Serves to a viewer who is signed in.
async fn to_viewer() -> Page {
    serve(Some(visitor(Standing::Viewer, Language::En))).await
}

/// A token's text.
async fn token(page: &Page, publish: Option<&str>, subscribe: Option<&str>, rate: f64) -> (i64, String) {
    let text = |text: &str| text.to_owned();
    let (publish, subscribe) = (publish.map(text), subscribe.map(text));
    let wish = Wish { name: "a test".to_owned(), publish, subscribe, rate, lifetime_s: None };
    let (token, text) = page.app.push.tokens.make(wish, "anna", now_ns()).await.expect("a token");
    (token.id, text)
}

/// Waits for what must come.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come within 10 s");
}

impl Page {
    fn publish(&self, channels: &[&str], body: &str) -> u64 {
        self.app.hub.publish(channels, body, now_ns())
    }

    async fn is_followed_by(&self, transport: Transport, count: u64) {
        until("the subscribers", || self.app.push.counts.subscribers(transport) == count).await;
    }
}
