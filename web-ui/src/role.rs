//! The role's life: listen, serve until the stop, let answers finish.

use std::net::{SocketAddr, TcpListener as OpenPort};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use live::heartbeat::Progress;
use live::{Heartbeat, PlainLine, Publisher, Role};
use nix::sys::socket::{Backlog, listen as listen_for};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::action::Actions;
use crate::app::{App, Shared};
use crate::ask::Questions;
use crate::config::Config;
use crate::error::WebError;
use crate::feed::{self, Feed};
use crate::hub::{Bounds, Hub};
use crate::labels::Labels;
use crate::page::{Askers, Uploads};
use crate::push::{Push, StreamGuard};
use crate::server::Door;
use crate::server::tls::Tls;
use crate::sign_in::{Sessions, SignIn, obey};
use crate::state::log::Log;
use crate::state::{State, StateError};
use crate::stored::Stored;
use crate::tools::Tools;
use crate::{guard, metrics, push, routes, server, sign_in};

/// How soon a stop is seen.
const POLL: Duration = Duration::from_millis(100);

/// Lines from one look at the sentence for `systemctl status` to the next, and how long it may wait for the users.
const STATUS_LINES: u64 = 30;
const STATUS_WAIT: Duration = Duration::from_millis(500);

/// Connections that wait to be accepted; the kernel's own bound (net.core.somaxconn) is 4096.
const BACKLOG: i32 = 4_096;

/// How long answers that have begun may take after the stop: a browser that never reads must not hold the role.
const GRACE: Duration = Duration::from_secs(3);

/// What the hub keeps: ten minutes of a message or ten a second, and the memory that they may take.
const HUB: Bounds = Bounds { messages_max: 8_192, bytes_max: 16 << 20, age_max_ns: 600_000_000_000 };

/// What the role must know.
#[derive(Clone, Debug)]
pub struct Options {
    /// The `[web]` section.
    pub config: Config,
    /// The `[store]` section.
    pub store: store::config::Config,
    /// Where the page's own folder `web` lies, and the store if it is embedded.
    pub data_dir: PathBuf,
    /// Where the live socket lies.
    pub run_dir: PathBuf,
    /// This node's identity.
    pub node: String,
    /// First day of the billing month, 1 to 28 (`notifier.billing_day`).
    pub billing_day: u8,
    /// What the command does for the page.
    pub tools: Tools,
}

/// Opens the port of the page, which is done before the role gives up its rights. Starts no thread.
///
/// # Errors
/// [`WebError::Listen`].
pub fn listen(address: SocketAddr) -> Result<OpenPort, WebError> {
    let open = || {
        let listener = OpenPort::bind(address)?;
        // Beyond the library's 128 a client of a burst waits a second for its second try.
        listen_for(&listener, Backlog::new(BACKLOG)?)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    open().map_err(|source| WebError::Listen { address, source })
}

/// Serves the page on an open port until `stop` is raised.
///
/// # Errors
/// The live socket cannot be made, or the server fails.
pub fn run(options: &Options, listener: OpenPort, stop: Arc<AtomicBool>) -> Result<(), WebError> {
    let mut heartbeat = Heartbeat::from_environment();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(WebError::Serve)?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).map_err(WebError::Serve)?;
        let app = app(options)?;
        let counted = Arc::clone(&app);
        let metrics = move || metrics::text(&counted);
        let publisher = Publisher::bind(&options.run_dir, Role::Web, options.node.clone(), now_ns() / 1_000, metrics)?;
        publisher.obey(obey::execute(Arc::clone(&app), &stop));
        heartbeat.ready();
        let app_of_status = Arc::clone(&app);
        tokio::select! {
            ended = serve(app, listener, Arc::clone(&stop)) => ended,
            never = publish(&app_of_status, publisher, heartbeat, stop) => match never {},
        }
    })
}

async fn serve(app: Shared, listener: TcpListener, stop: Arc<AtomicBool>) -> Result<(), WebError> {
    let (stopping, hears_stop) = watch::channel(false);
    let feed = Arc::clone(&app.feed);
    feed::hear(&feed, &app.options.run_dir, &app.hub, now_ns).map_err(WebError::Serve)?;
    let scheme = if app.door.tls().is_some() { "https" } else { "http" };
    tracing::info!("listening on {scheme}://{}/", listener.local_addr().map_err(WebError::Serve)?);
    let router = guard::around(routes::router(Arc::clone(&app)), &app);
    let server = server::serve(listener, router, Arc::clone(&app.door), hears_stop);
    let sweeper = sign_in::sweep(Arc::downgrade(&app));
    let told = async {
        raised(stop).await;
        let _ = stopping.send(true);
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = server => ended.map_err(WebError::Serve)?,
        never = push::sweep(&app) => match never {},
        () = told => tracing::warn!("connections that did not end within {GRACE:?} were cut"),
        () = sweeper => {}
    }
    feed.stop();
    tracing::info!("stopped");
    Ok(())
}

/// Puts the parts together.
pub(crate) fn app(options: &Options) -> Result<Shared, WebError> {
    let feed = Arc::new(Feed::default());
    let now = feed.now();
    let state = State::open(&options.data_dir.join("web"))?;
    let hub = Arc::new(Hub::new(HUB, epoch()?));
    let stored = Arc::new(Stored::new(options.store.clone(), &options.data_dir));
    let tls = Tls::open(&options.config, &options.data_dir, &options.node, server::now_s())?;
    let door = Door::new(&options.config, tls);
    let log = Log::new(state.clone());
    let run_dir = options.run_dir.clone();
    let actions = Actions::open(state.clone(), log.clone(), run_dir).map_err(WebError::Actions)?;
    let sessions = Arc::new(Sessions::load(&state, &options.config)?);
    let sign_in = SignIn::open(&state, &options.config)?;
    let open = Arc::clone(&sessions);
    let push = Push::open(&state, StreamGuard::new(move |session| open.is_open(session)))?;
    Ok(Arc::new(App {
        options: options.clone(),
        hub,
        feed,
        now,
        state,
        door,
        push,
        labels: Labels::default(),
        stored,
        actions,
        questions: Questions::new(options.run_dir.clone()),
        uploads: Uploads::new(options.data_dir.join("web/uploads")),
        askers: Askers::default(),
        log,
        sessions,
        sign_in,
    }))
}

/// A number that no former life of the hub had.
fn epoch() -> Result<u64, WebError> {
    // 40 bits: short on the wire, and the same again once in 10^12 restarts.
    getrandom::u64().map(|random| random >> 24).map_err(|error| WebError::Serve(error.into()))
}

/// Says once a second that the role lives: on the same thread as the pages, so that it is true of them too.
async fn publish(
    app: &Shared,
    mut publisher: Publisher,
    mut heartbeat: Heartbeat,
    stop: Arc<AtomicBool>,
) -> std::convert::Infallible {
    let (mut lines, mut stopping) = (0u64, false);
    let mut next = tokio::time::Instant::now();
    loop {
        let now = tokio::time::Instant::now();
        if now >= next {
            let line = PlainLine { envelope: publisher.envelope(now_ns()) };
            publisher.publish(&line, Ok(()));
            if lines.is_multiple_of(STATUS_LINES) {
                heartbeat.status(&status(app).await);
            }
            lines += 1;
            next = (next + Duration::from_secs(1)).max(now);
        }
        heartbeat.beat(&Progress { done: lines, ..Progress::default() });
        if !stopping && stop.load(Ordering::Relaxed) {
            stopping = true;
            heartbeat.stopping();
        }
        tokio::time::sleep(POLL).await;
    }
}

/// One sentence for `systemctl status`: where the page is, and what keeps people from it.
async fn status(app: &Shared) -> String {
    let config = &app.options.config;
    let place = format!("page at {}://{}/", config.scheme(), config.listen);
    let users = tokio::time::timeout(STATUS_WAIT, app.state.call(|db| sign_in::user::list(db))).await;
    match users.unwrap_or(Err(StateError::Busy)) {
        Ok(users) if users.is_empty() => {
            format!("nobody can sign in: floodmark user add NAME --standing admin; {place}")
        }
        Ok(users) => format!("{place}, {} users", users.len()),
        Err(error) => format!("{place}; its users cannot be read: {error}"),
    }
}

/// Nanoseconds since the epoch now.
#[expect(clippy::disallowed_methods, reason = "the role's clock: the times of its lines come from here")]
pub(crate) fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// UNIX seconds now.
pub(crate) fn now_s() -> u32 {
    u32::try_from(now_ns() / 1_000_000_000).unwrap_or(u32::MAX)
}

async fn raised(stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests;
