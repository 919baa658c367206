//! sign_in: who it is. Users and their passwords, second factors and enrolment links; sessions and known devices; what
//! slows down those who guess. The pages are in [`crate::page`]; what a user may do is [`crate::guard`]'s.
//!
//! The life of a session: a password (and code) that is right opens it ([`attempt`]); each request's cookie is looked up
//! in memory ([`recognise`]); streams ask [`Sessions::is_open`]; it ends by its user, by an admin, or by age.

pub mod address;
pub mod attempt;
mod cookie;
mod device;
pub mod obey;
pub mod password;
pub mod qr;
mod recognise;
mod session;
mod throttle;
pub mod totp;
pub mod user;

pub use cookie::Jar;
pub use recognise::{recognise, sweep};
pub use session::{Opened, Session, Sessions};

use std::sync::Mutex;

use crate::config::Config;
use crate::random;
use crate::state::{State, StateError};

/// Its tables.
pub(crate) const MIGRATIONS: &[(&str, &str)] = &[(
    "sign-in-1",
    "CREATE TABLE users (
        name TEXT PRIMARY KEY, standing TEXT NOT NULL, language TEXT NOT NULL, password TEXT, totp_secret BLOB,
        totp_step INTEGER NOT NULL DEFAULT 0, created_ns INTEGER NOT NULL, seen_ns INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE links (
        token_hash BLOB PRIMARY KEY, user TEXT NOT NULL REFERENCES users ON DELETE CASCADE, expires_ns INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE sessions (
        number INTEGER PRIMARY KEY AUTOINCREMENT, token_hash BLOB NOT NULL UNIQUE,
        user TEXT NOT NULL REFERENCES users ON DELETE CASCADE, created_ns INTEGER NOT NULL, seen_ns INTEGER NOT NULL,
        fresh_ns INTEGER NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL
    ) STRICT;
    CREATE TABLE keys (name TEXT PRIMARY KEY, key BLOB NOT NULL) STRICT;",
)];

/// A secret of 256 bits that nobody can guess: 43 letters, digits, `-` and `_`.
pub fn new_secret() -> String {
    random::token()
}

/// A link's secret, and what others may know of it.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The end of the link; printed or shown once.
    pub token: String,
    /// Its SHA-256, 64 hexadecimal digits.
    pub token_hash: String,
    /// Until when it holds, UNIX seconds.
    pub expires_s: u64,
}

impl NewLink {
    /// A new one, which holds for ten minutes.
    pub fn make(now_s: u64) -> NewLink {
        let token = random::token();
        let token_hash = random::hex_of(&random::hash(&token));
        NewLink { token, token_hash, expires_s: now_s.saturating_add(user::LINK_S) }
    }
}

/// What signing in needs beside the sessions.
pub struct SignIn {
    /// Passwords, a few at a time.
    pub passwords: password::Passwords,
    /// Names and attributes of our cookies.
    pub jar: Jar,
    throttle: Mutex<throttle::Throttle>,
    devices: device::Devices,
}

impl SignIn {
    /// Reads its key, or makes it.
    ///
    /// # Errors
    /// The state does not answer.
    pub fn open(state: &State, config: &Config) -> Result<SignIn, StateError> {
        let fresh = random::bytes::<32>();
        let key = state.wait(move |db| {
            db.execute("INSERT OR IGNORE INTO keys (name, key) VALUES ('device', ?1)", [&fresh[..]])?;
            db.query_row("SELECT key FROM keys WHERE name = 'device'", [], |row| row.get::<_, Vec<u8>>(0))
        })?;
        Ok(SignIn {
            passwords: password::Passwords::default(),
            jar: Jar { max_age: config.session_lifetime },
            throttle: Mutex::default(),
            devices: device::Devices::new(&key),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
