//! webhook: the notice as JSON to a URL, signed.

mod body;
pub mod config;

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Url};
use ring::hmac;

use self::config::WebHook as Config;
use super::http::{self, Way, WayError};
use super::{Message, Receipt, SendError};
use crate::secret::{self, SecretError};
use crate::words::line;

/// There is no web hook, though the configuration wants it.
#[derive(Debug, thiserror::Error)]
pub enum WebHookError {
    /// The key of the signature.
    #[error("notifier.webhook[{0}].secret_file: {1}")]
    Secret(String, SecretError),
    /// The client.
    #[error("notifier.webhook[{0}]: {1}")]
    Way(String, WayError),
    /// A value that `config check` refuses too.
    #[error("notifier.webhook[{0}].{1} cannot be used; `floodmark config check` tells why")]
    Value(String, &'static str),
}

/// The channel.
pub struct WebHook {
    name: String,
    url: Url,
    headers: HeaderMap,
    secret: Option<hmac::Key>,
    client: Client,
}

impl WebHook {
    /// Reads the secret and the authorities; opens no connection.
    ///
    /// # Errors
    /// A file cannot be read, or a value is none.
    pub fn new(config: &Config) -> Result<WebHook, WebHookError> {
        let value = |key| WebHookError::Value(config.name.clone(), key);
        let secret = match config.secret_file.as_os_str().is_empty() {
            true => None,
            false => {
                let secret = secret::read(&config.secret_file);
                let secret = secret.map_err(|error| WebHookError::Secret(config.name.clone(), error))?;
                Some(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
            }
        };
        let mut headers = HeaderMap::new();
        for (name, text) in &config.headers {
            let (Ok(name), Ok(mut text)) = (name.parse::<HeaderName>(), HeaderValue::from_str(text)) else {
                return Err(value("headers"));
            };
            text.set_sensitive(true);
            headers.insert(name, text);
        }
        let way = Way { tls_ca_file: &config.tls_ca_file, bind: &config.bind, time_limit: config.time_limit };
        Ok(WebHook {
            name: config.name.clone(),
            url: Url::parse(&config.url).map_err(|_| value("url"))?,
            headers,
            secret,
            client: http::client(&way).map_err(|error| WebHookError::Way(config.name.clone(), error))?,
        })
    }

    /// Posts the message: once, within the time limit.
    ///
    /// # Errors
    /// It was not taken, or nobody knows.
    pub async fn deliver(&self, message: &Message) -> Result<Receipt, SendError> {
        let whose = format!("web hook {}", self.name);
        let body = body::body(message);
        let mut request = Request::new(Method::POST, self.url.clone());
        let headers = request.headers_mut();
        headers.extend(self.headers.clone());
        let own = |text: &str| {
            HeaderValue::from_str(text).map_err(|_| {
                SendError::Refused(format!("{whose}: the message's id cannot be a header; report this as a fault"))
            })
        };
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("idempotency-key", own(&message.id)?);
        if let Some(secret) = &self.secret {
            headers.insert("floodmark-signature", own(&body::signature(secret, now_s(), &body))?);
        }
        *request.body_mut() = Some(body.into());
        let answer = http::exchange(&self.client, request, &whose).await?;
        match answer.status {
            200..=299 => {
                Ok(Receipt { provider_id: String::new(), answer: line(&answer.quote(), 200), is_followed: false })
            }
            _ => Err(answer.refusal(&whose)),
        }
    }
}

/// The time of an attempt, UNIX seconds: a repeat is signed anew, or its receiver would take it for an old one.
#[expect(clippy::disallowed_methods, reason = "the signature holds the time at which it is sent")]
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests;
