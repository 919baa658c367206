//! Tokens of scripts: what each may do, kept in the page's state as a hash, and in memory for every question.

mod bucket;
mod table;

pub use table::MIGRATIONS;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use self::bucket::Bucket;
use crate::hub::{Kind, limits::NAME_MAX};
use crate::state::{State, StateError};

/// How a token begins: so that people and scanners for lost secrets know one.
const PREFIX: &str = "fmp_";

/// The right of scrapers, where others have a channel to subscribe to: there is no channel of this name.
pub const METRICS: &str = "metrics";

/// Tokens at once. Each costs some 300 bytes of memory.
pub const TOKENS_MAX: usize = 1_000;

/// Bytes of a token's name.
const LABEL_MAX: usize = 64;

/// Messages a second that a token may be given.
const RATE_MAX: f64 = 1_000.0;

/// The longest life, s: ten years.
const LIFETIME_MAX_S: u64 = 10 * 365 * 86_400;

/// SHA-256 of the token's text. The text has 192 bits by chance, so that a slow hash would add nothing.
type Hash = [u8; 32];

/// What a token is to be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// What people call it.
    pub name: String,
    /// What it may publish to: a channel below `x/`, or all that begin with it if it ends in `/`. `None` = nothing.
    #[serde(default)]
    pub publish: Option<String>,
    /// What it may subscribe to: a channel, or all that begin with it if it ends in `/` or `:`; or [`METRICS`].
    /// `None` = nothing.
    #[serde(default)]
    pub subscribe: Option<String>,
    /// Messages a second on average; ten times as many may come at once.
    #[serde(default = "usual_rate")]
    pub rate: f64,
    /// How long it holds, s from now; `None` = until it is revoked.
    #[serde(default)]
    pub lifetime_s: Option<u64>,
}

fn usual_rate() -> f64 {
    10.0
}

/// A token, without its text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// What it may publish to, as in [`Wish`].
    pub publish: Option<String>,
    /// What it may subscribe to.
    pub subscribe: Option<String>,
    /// Messages a second.
    pub rate: f64,
    /// When it runs out, µs since the epoch.
    pub expires_us: Option<u64>,
    /// Who made it.
    pub made_by: String,
    /// When, µs since the epoch.
    pub made_us: u64,
}

impl Token {
    /// Whether it may publish to `channel`, and open and close it.
    pub fn may_publish(&self, channel: &str) -> bool {
        self.publish.as_deref().is_some_and(|scope| covers(scope, channel))
    }

    /// Whether it may subscribe to `channel`.
    pub fn may_subscribe(&self, channel: &str) -> bool {
        self.subscribe.as_deref().is_some_and(|scope| covers(scope, channel))
    }

    fn is_valid(&self, now_ns: u64) -> bool {
        self.expires_us.is_none_or(|expires_us| now_ns / 1_000 < expires_us)
    }
}

fn covers(scope: &str, channel: &str) -> bool {
    channel == scope || (scope.ends_with(['/', ':']) && channel.starts_with(scope))
}

/// A token cannot be made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The wish is nonsense.
    #[error("{0}")]
    Wish(&'static str),
    /// There are too many.
    #[error("there are {TOKENS_MAX} tokens already; revoke some that are no longer used")]
    TooMany,
    /// No such token.
    #[error("there is no such token; it may have been revoked already")]
    Unknown,
    /// The page's state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The system gives no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

struct Entry {
    token: Arc<Token>,
    bucket: Bucket,
}

#[derive(Default)]
struct Known {
    by_hash: HashMap<Hash, i64>,
    by_id: HashMap<i64, Entry>,
}

/// All tokens.
pub struct Tokens {
    state: State,
    known: Mutex<Known>,
}

impl Tokens {
    /// Those of `state`, read now.
    ///
    /// # Errors
    /// The state does not answer.
    pub fn load(state: &State) -> Result<Tokens, StateError> {
        let mut known = Known::default();
        for (hash, token) in state.wait(|db| table::all(db))? {
            known.insert(hash, token);
        }
        Ok(Tokens { state: state.clone(), known: Mutex::new(known) })
    }

    /// Makes a token for `user`; gives it and its text, which is kept nowhere.
    ///
    /// # Errors
    /// The wish is nonsense; there are too many; the state cannot be written.
    pub async fn make(&self, wish: Wish, user: &str, now_ns: u64) -> Result<(Arc<Token>, String), TokenError> {
        check(&wish)?;
        if self.known().by_id.len() >= TOKENS_MAX {
            return Err(TokenError::TooMany);
        }
        let mut secret = [0; 24];
        getrandom::fill(&mut secret)?;
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
        let hash = hash_of(&text);
        let now_us = now_ns / 1_000;
        let mut token = Token {
            id: 0,
            name: wish.name,
            publish: wish.publish,
            subscribe: wish.subscribe,
            rate: wish.rate,
            expires_us: wish.lifetime_s.map(|seconds| now_us.saturating_add(seconds.saturating_mul(1_000_000))),
            made_by: user.to_owned(),
            made_us: now_us,
        };
        let row = token.clone();
        token.id = self.state.call(move |db| table::insert(db, &hash, &row)).await?;
        Ok((self.known().insert(hash, token), text))
    }

    /// Revokes a token. Streams that it holds end when they are asked to look again.
    ///
    /// # Errors
    /// There is none of this number; the state cannot be written.
    pub async fn revoke(&self, id: i64) -> Result<(), TokenError> {
        // First on disk: what is told as revoked stays so.
        self.state.call(move |db| table::delete(db, id)).await?;
        let mut known = self.known();
        known.by_hash.retain(|_, other| *other != id);
        known.by_id.remove(&id).map(|_| ()).ok_or(TokenError::Unknown)
    }

    /// All, by number.
    pub fn list(&self) -> Vec<Arc<Token>> {
        let mut tokens: Vec<_> = self.known().by_id.values().map(|entry| Arc::clone(&entry.token)).collect();
        tokens.sort_by_key(|token| token.id);
        tokens
    }

    /// The token of a text, if it holds at `now_ns`.
    pub fn find(&self, text: &str, now_ns: u64) -> Option<Arc<Token>> {
        if !text.starts_with(PREFIX) || text.len() > 64 {
            return None;
        }
        let known = self.known();
        // Looked up by hash: how long it takes says nothing of the text.
        let entry = known.by_hash.get(&hash_of(text)).and_then(|id| known.by_id.get(id))?;
        entry.token.is_valid(now_ns).then(|| Arc::clone(&entry.token))
    }

    /// Whether the token of this number still holds.
    pub fn is_valid(&self, id: i64, now_ns: u64) -> bool {
        self.known().by_id.get(&id).is_some_and(|entry| entry.token.is_valid(now_ns))
    }

    /// Takes one message from the token's rate.
    ///
    /// # Errors
    /// Seconds after which there is room again.
    pub fn spend(&self, id: i64, now_ns: u64) -> Result<(), u64> {
        match self.known().by_id.get_mut(&id) {
            Some(entry) => entry.bucket.take(now_ns),
            None => Err(1),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn insert(&mut self, hash: Hash, token: Token) -> Arc<Token> {
        let (id, token) = (token.id, Arc::new(token));
        self.by_hash.insert(hash, id);
        let bucket = Bucket::new(token.rate);
        self.by_id.insert(id, Entry { token: Arc::clone(&token), bucket });
        token
    }
}

fn hash_of(text: &str) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

fn check(wish: &Wish) -> Result<(), TokenError> {
    let refuse = |words| Err(TokenError::Wish(words));
    if wish.name.trim().is_empty() || wish.name.len() > LABEL_MAX || wish.name.chars().any(char::is_control) {
        return refuse("name: what people call the token, 64 bytes at most, one line");
    }
    if wish.publish.is_none() && wish.subscribe.is_none() {
        return refuse("give publish, subscribe or both: a token with neither is good for nothing");
    }
    let is_channel = |scope: &str| {
        let name = scope.strip_suffix('/').map_or(scope.to_owned(), |_| format!("{scope}a"));
        scope.len() <= NAME_MAX && (scope == "x/" || scope == "host:" || Kind::of(&name).is_some())
    };
    if wish.publish.as_deref().is_some_and(|scope| !scope.starts_with("x/") || !is_channel(scope)) {
        return refuse(
            "publish: a channel as x/backup, or x/backup/ for all below it; the page's own channels are its own",
        );
    }
    if wish.subscribe.as_deref().is_some_and(|scope| scope != METRICS && !is_channel(scope)) {
        return refuse(
            "subscribe: a channel as incidents, or x/backup/ or host: for all that begin so; or metrics, for a scraper",
        );
    }
    if !(wish.rate > 0.0 && wish.rate <= RATE_MAX) {
        return refuse("rate: messages a second, above 0 and up to 1000");
    }
    if wish.lifetime_s.is_some_and(|seconds| seconds == 0 || seconds > LIFETIME_MAX_S) {
        return refuse("lifetime_s: seconds from 1 to 315360000, which is ten years");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
