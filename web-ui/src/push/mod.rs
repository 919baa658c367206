//! push: the transports over the [`crate::hub`] – server-sent events, long-poll, WebSocket – and publishing by scripts.
//!
//! A subscriber holds no buffer and no HTTP connection: the handler takes the connection over, and what remains is a
//! socket, a number in the hub and a timer. Messages are written from the hub's own text. docs/push.md is the manual.

pub mod ask;
mod channels;
mod counts;
mod events;
mod flow;
mod frame;
mod guard;
pub mod openapi;
mod poll;
pub mod problem;
mod publish;
mod scrape;
mod socket;
#[cfg(test)]
mod tests;
pub mod token;
mod tokens;

pub use counts::{Counts, Transport};
pub use guard::{Reader, Script, StreamGuard, Who};
pub use token::MIGRATIONS;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::app::App;
use crate::guard::{Right, Standing};
use crate::role::now_ns;
use crate::routes::Route;
use crate::state::{State, StateError};
use token::Tokens;

/// How often is looked whether those who follow still may: what a revocation takes at most.
const SWEEP: Duration = Duration::from_secs(1);

/// What the transports share.
pub struct Push {
    /// Whether a session is still open.
    pub guard: StreamGuard,
    /// The tokens of scripts.
    pub tokens: Tokens,
    /// What was done.
    pub counts: Counts,
    /// The roles' metrics, for scrapers.
    scrapes: scrape::Scrapes,
    /// Who follows now, with how many streams.
    readers: Mutex<HashMap<Who, usize>>,
    /// How often a stream says that it lives, and how long a reader may leave what is written unread.
    pub tick: Duration,
}

impl Push {
    /// With the tokens of `state`.
    ///
    /// # Errors
    /// The state does not answer.
    pub fn open(state: &State, guard: StreamGuard) -> Result<Push, StateError> {
        Ok(Push {
            guard,
            tokens: Tokens::load(state)?,
            counts: Counts::default(),
            scrapes: scrape::Scrapes::default(),
            readers: Mutex::default(),
            tick: flow::TICK,
        })
    }

    /// A stream begins.
    fn enter(&self, who: Who, transport: Transport) {
        self.counts.enter(transport);
        *self.readers().entry(who).or_default() += 1;
    }

    /// A stream ends.
    fn leave(&self, who: Who, transport: Transport) {
        self.counts.leave(transport);
        let mut readers = self.readers();
        if let Entry::Occupied(mut streams) = readers.entry(who) {
            *streams.get_mut() -= 1;
            if *streams.get() == 0 {
                streams.remove();
            }
        }
    }

    /// Whether a reader has open streams who may no longer have them.
    fn is_outstayed(&self, now_ns: u64) -> bool {
        let readers: Vec<Who> = self.readers().keys().copied().collect();
        !readers.into_iter().all(|who| who.is_welcome(self, now_ns))
    }

    fn readers(&self) -> MutexGuard<'_, HashMap<Who, usize>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Once a second: ends the streams of sessions and tokens that no longer hold, and keeps the hub's age bounds while
/// nothing is published.
pub async fn sweep(app: &App) -> Infallible {
    loop {
        tokio::time::sleep(SWEEP).await;
        let now_ns = now_ns();
        app.hub.expire(now_ns);
        if app.push.is_outstayed(now_ns) {
            app.hub.recheck();
        }
    }
}

/// The routes of the push API. Readers are users or scripts, which the handlers find out.
pub fn routes() -> Vec<Route> {
    let admin = Right::User(Standing::Admin);
    vec![
        Route::get("/push/events", Right::Token, events::subscribe),
        Route::get("/push/poll", Right::Token, poll::subscribe),
        Route::get("/push/socket", Right::Token, socket::subscribe),
        Route::post("/push/publish", Right::Token, publish::publish),
        Route::get("/push/channels", Right::Token, channels::list),
        Route::post("/push/channels", Right::Token, channels::change),
        Route::get("/metrics", Right::Token, scrape::metrics),
        Route::get("/api/tokens", admin, tokens::list),
        Route::post("/api/tokens", admin, tokens::make),
        Route::post("/api/tokens/{id}/revoke", admin, tokens::revoke),
        Route::get("/api/openapi.json", Right::Anyone, openapi::document),
    ]
}
