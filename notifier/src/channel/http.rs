//! http: one request to a provider, within a time limit and a number of bytes, without redirects and proxies.

use std::path::Path;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Request};

use super::SendError;
use super::tls::{TlsError, certificate_fault, client_config};
use super::uplink::{self, Uplink};
use crate::words::line;

/// Bytes that are read of an answer: a provider says in a line what became of a message.
pub const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Bytes of the headers' names and values: curious servers send a few.
const HEADERS_MAX: usize = 64;

/// Characters of an answer in an error.
const QUOTE_CHARS_MAX: usize = 160;

/// How the requests go out.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// More authorities to trust; empty = the well-known ones alone.
    pub tls_ca_file: &'a Path,
    /// Key `bind`: empty, an address or an interface.
    pub bind: &'a str,
    /// For the whole exchange.
    pub time_limit: Duration,
}

/// No request can be made.
#[derive(Debug, thiserror::Error)]
pub enum WayError {
    /// The authorities.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The source.
    #[error("bind = {0:?} is not {allowed}", allowed = uplink::ALLOWED)]
    Bind(String),
    /// The library refuses the settings.
    #[error("no HTTP client can be made: {0}")]
    Client(reqwest::Error),
}

/// A client for one provider: kept, so that the next message finds the connection open.
///
/// # Errors
/// The file of authorities cannot be read, or `bind` is none.
pub fn client(way: &Way<'_>) -> Result<Client, WayError> {
    let builder = Client::builder()
        .tls_backend_preconfigured(client_config(way.tls_ca_file)?)
        .user_agent(concat!("floodmark/", env!("CARGO_PKG_VERSION")))
        // A provider that moves is a matter for a person: what is sent may hold a password.
        .redirect(Policy::none())
        .referer(false)
        // The outbox repeats; a repeat nobody knows of would be a second message.
        .retry(reqwest::retry::never())
        .no_proxy()
        .http1_only()
        .http1_max_headers(HEADERS_MAX)
        .connect_timeout(way.time_limit / 2)
        .timeout(way.time_limit)
        .pool_max_idle_per_host(1);
    let builder = match Uplink::parse(way.bind) {
        None => return Err(WayError::Bind(way.bind.to_owned())),
        Some(Uplink::Any) => builder,
        Some(Uplink::Address(address)) => builder.local_address(address),
        Some(Uplink::Interface(name)) => builder.interface(&name),
    };
    builder.build().map_err(WayError::Client)
}

/// What a provider answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP's number.
    pub status: u16,
    /// Header Retry-After, as it stands; empty = none.
    pub retry_after: String,
    /// At most [`ANSWER_BYTES_MAX`] of the body; what is no UTF-8 is replaced.
    pub body: String,
}

impl Answer {
    /// Status and the begin of the body as one line, for an error or a receipt; with the wish to wait, if there is one.
    pub fn quote(&self) -> String {
        let body = line(self.body.trim(), QUOTE_CHARS_MAX);
        let wait = match self.retry_after.as_str() {
            "" => String::new(),
            time => format!("; it asks to wait {}", line(time, 40)),
        };
        format!("HTTP {} {body}{wait}", self.status)
    }

    /// What an answer that is no success means for a message, by its status alone.
    pub fn refusal(&self, whose: &str) -> SendError {
        let quote = self.quote();
        match self.status {
            401 | 403 | 407 => SendError::Broken(format!("{whose}: {quote}; check the secret and what it may do")),
            404 | 405 | 410 => SendError::Broken(format!("{whose}: {quote}; check the url")),
            408 | 425 | 429 | 500..=599 => SendError::Passing(format!("{whose}: {quote}")),
            300..=399 => SendError::Broken(format!(
                "{whose}: {quote}; redirects are not followed, set the url to where it leads"
            )),
            _ => SendError::Refused(format!("{whose}: {quote}")),
        }
    }
}

/// Sends `request` and reads the answer; ends within the client's time limit. `whose` names the channel in errors.
///
/// # Errors
/// [`SendError::Passing`] if nothing was handed over, [`SendError::Unknown`] if it may have been,
/// [`SendError::Broken`] for a certificate.
pub async fn exchange(client: &Client, request: Request, whose: &str) -> Result<Answer, SendError> {
    let mut response = client.execute(request).await.map_err(|error| fault(whose, &error))?;
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let (status, retry_after) = (response.status().as_u16(), retry_after.unwrap_or_default().to_owned());
    let mut body = Vec::new();
    // The status has decided: a body that breaks off is as long as it is.
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ANSWER_BYTES_MAX - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == ANSWER_BYTES_MAX {
            break;
        }
    }
    Ok(Answer { status, retry_after, body: String::from_utf8_lossy(&body).into_owned() })
}

fn fault(whose: &str, error: &reqwest::Error) -> SendError {
    // A URL may hold a secret.
    let mut deepest: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    if let Some(fault) = certificate_fault(error) {
        return SendError::Broken(format!("{whose}: {fault}; renew it, or set tls_ca_file"));
    }
    let reason = line(&deepest.to_string(), QUOTE_CHARS_MAX);
    match (error.is_connect(), error.is_builder(), error.is_timeout()) {
        (_, true, _) => SendError::Broken(format!("{whose}: the request cannot be made: {reason}")),
        (true, ..) => SendError::Passing(format!("{whose}: no connection: {reason}")),
        (.., true) => SendError::Unknown(format!("{whose}: no answer within the time limit")),
        _ => SendError::Unknown(format!("{whose}: the connection broke off: {reason}")),
    }
}
