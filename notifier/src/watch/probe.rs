//! One URL that is asked again and again.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Client, Method, Request, Url};

use super::config::{Config, Peer};
use super::readings::State;
use crate::channel::http::{Way, client, exchange};
use crate::secret;
use crate::words::line;

/// Characters of what went wrong.
const WHY_CHARACTERS_MAX: usize = 160;

/// While notifier is not well, it is looked again so often.
const HEALTH: Duration = Duration::from_secs(1);

/// A URL, how it is asked, and what it came to.
pub struct Probe {
    whose: String,
    url: String,
    token_file: PathBuf,
    tls_ca_file: PathBuf,
    bind: String,
    interval: Duration,
    time_limit: Duration,
    /// It is asked only while this is set; `None` = always.
    is_healthy: Option<Arc<AtomicBool>>,
    state: Arc<Mutex<State>>,
}

impl Probe {
    /// The dead-man ping.
    pub fn ping(config: &Config, is_healthy: Arc<AtomicBool>) -> Probe {
        Probe {
            whose: "watch".to_owned(),
            url: config.url.clone(),
            token_file: PathBuf::new(),
            tls_ca_file: PathBuf::new(),
            bind: config.bind.clone(),
            interval: config.interval,
            time_limit: config.time_limit,
            is_healthy: Some(is_healthy),
            state: Arc::new(Mutex::new(State::ping(config.failures))),
        }
    }

    /// Another Floodmark.
    pub fn peer(peer: &Peer) -> Probe {
        Probe {
            whose: format!("peer {}", peer.name),
            url: peer.url.clone(),
            token_file: peer.token_file.clone(),
            tls_ca_file: peer.tls_ca_file.clone(),
            bind: peer.bind.clone(),
            interval: peer.interval,
            time_limit: peer.time_limit,
            is_healthy: None,
            state: Arc::new(Mutex::new(State::peer(&peer.name, peer.failures))),
        }
    }

    /// What it comes to.
    pub fn state(&self) -> Arc<Mutex<State>> {
        Arc::clone(&self.state)
    }

    /// Asks for ever.
    pub async fn run(self) {
        let mut kept = None;
        loop {
            if self.is_healthy.as_ref().is_some_and(|healthy| !healthy.load(Ordering::Relaxed)) {
                tokio::time::sleep(HEALTH).await;
                continue;
            }
            let begin = tokio::time::Instant::now();
            let outcome = self.ask(&mut kept).await;
            self.note(outcome);
            tokio::time::sleep_until(begin + self.interval).await;
        }
    }

    fn note(&self, outcome: Result<(), String>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => state.succeed(),
            Err(why) => {
                tracing::debug!(whose = self.whose, why, "not well");
                state.fail(line(&why, WHY_CHARACTERS_MAX));
            }
        }
    }

    async fn ask(&self, kept: &mut Option<Client>) -> Result<(), String> {
        let client = match kept {
            Some(client) => client,
            // Made anew until it can be: a file may appear later.
            None => {
                let way = Way { tls_ca_file: &self.tls_ca_file, bind: &self.bind, time_limit: self.time_limit };
                kept.insert(client(&way).map_err(|error| error.to_string())?)
            }
        };
        let url = Url::parse(&self.url).map_err(|error| format!("url: {error}"))?;
        let mut request = Request::new(Method::GET, url);
        if self.token_file != Path::new("") {
            let token = secret::read(&self.token_file).map_err(|error| error.to_string())?;
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| format!("{} holds what no header can carry", self.token_file.display()))?;
            value.set_sensitive(true);
            request.headers_mut().insert("authorization", value);
        }
        let asked = exchange(client, request, &self.whose);
        let answer = match tokio::time::timeout(self.time_limit + HEALTH, asked).await {
            Ok(answer) => answer.map_err(|error| told(&error))?,
            Err(_) => return Err("no answer within the time limit".to_owned()),
        };
        if (200..300).contains(&answer.status) { Ok(()) } else { Err(answer.quote()) }
    }
}

/// Without "it may have been delivered", which a question cannot be.
fn told(error: &crate::channel::SendError) -> String {
    use crate::channel::SendError::{Broken, Passing, Refused, Unknown};
    match error {
        Passing(told) | Unknown(told) | Refused(told) | Broken(told) => told.clone(),
    }
}
