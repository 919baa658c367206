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
mod socket;
#[cfg(test)]
mod tests;
pub mod token;
mod tokens;

pub use counts::{Counts, Transport};
pub use guard::{Reader, Script, StreamGuard, Who};
pub use token::MIGRATIONS;

use std::time::Duration;

use crate::guard::{Right, Standing};
use crate::routes::Route;
use crate::state::{State, StateError};
use token::Tokens;

/// What the transports share.
pub struct Push {
    /// Whether a session is still open.
    pub guard: StreamGuard,
    /// The tokens of scripts.
    pub tokens: Tokens,
    /// What was done.
    pub counts: Counts,
    /// How often a stream says that it lives, and how long a reader may leave what is written unread.
    pub tick: Duration,
}

impl Push {
    /// With the tokens of `state`.
    ///
    /// # Errors
    /// The state does not answer.
    pub fn open(state: &State, guard: StreamGuard) -> Result<Push, StateError> {
        Ok(Push { guard, tokens: Tokens::load(state)?, counts: Counts::default(), tick: flow::TICK })
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
        Route::get("/api/tokens", admin, tokens::list),
        Route::post("/api/tokens", admin, tokens::make),
        Route::post("/api/tokens/{id}/revoke", admin, tokens::revoke),
        Route::get("/api/openapi.json", Right::Anyone, openapi::document),
    ]
}
