//! http: a gateway that takes messages by HTTP: a preset's or the user's own request, and what its answer means.

mod preset;
mod spec;
mod template;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Url};
use serde_json::Value;
use tokio::time::Instant;

pub use self::preset::home;
use self::spec::{Body, Spec};
use self::template::{Escape, Fields, escaped, render};
use super::config::Gateway;
use super::encode::{Alphabet, alphabet};
use super::{Inbound, Short};
use crate::channel::http::{Way, client, exchange};
use crate::channel::{Delivery, Receipt, SendError};
use crate::config::Problem;
use crate::secret;
use crate::words::line;

/// Messages whose delivery is asked for; the oldest is forgotten beyond.
const FOLLOWED_MAX: usize = 256;

/// Questions of one round.
const QUESTIONS_MAX: usize = 8;

/// After so long nobody asks any more.
const FOLLOW_MAX: Duration = Duration::from_secs(24 * 3_600);

/// Before the first question; each next one waits twice as long, up to [`WAIT_MAX`].
const WAIT_MIN: Duration = Duration::from_secs(5);
/// See [`WAIT_MIN`].
const WAIT_MAX: Duration = Duration::from_secs(900);

/// Answers of people of one round, and ids that are remembered as seen.
const INBOX_MAX: usize = 50;
/// See [`INBOX_MAX`]: several rounds, as providers list the last ones again and again.
const SEEN_MAX: usize = 1_000;

/// Characters of an answer that are looked at: a code has six.
const INBOUND_CHARACTERS_MAX: usize = 160;

/// A gateway by HTTP.
pub struct Http {
    whose: String,
    client: Client,
    spec: Spec,
    fields: Fields,
    receipt_url: String,
    is_followed: bool,
    followed: Mutex<VecDeque<Followed>>,
    seen: Mutex<VecDeque<String>>,
}

struct Followed {
    provider_id: String,
    to: String,
    since: Instant,
    due: Instant,
    wait: Duration,
}

impl Http {
    /// Reads the secret and prepares the client.
    ///
    /// # Errors
    /// [`SendError::Broken`]: the secret cannot be read, or the settings make no client.
    pub fn new(config: &Gateway) -> Result<Http, SendError> {
        let whose = format!("sms {}", config.name);
        let broken = |error: &dyn std::fmt::Display| SendError::Broken(format!("{whose}: {error}"));
        let way = Way { tls_ca_file: &config.tls_ca_file, bind: &config.bind, time_limit: config.time_limit };
        let client = client(&way).map_err(|error| broken(&error))?;
        let secret = match config.secret_file.as_os_str().is_empty() {
            true => String::new(),
            false => secret::read(&config.secret_file).map_err(|error| broken(&error))?,
        };
        let fields = Fields {
            from: config.from.clone(),
            user: config.user.clone(),
            secret,
            validity_s: config.validity.as_secs().max(1),
            validity_min: config.validity.as_secs().div_ceil(60).max(1),
            ..Fields::default()
        };
        let spec = preset::spec(config);
        Ok(Http {
            client,
            fields,
            receipt_url: config.receipt_url.clone(),
            is_followed: config.reports && spec.status.is_some(),
            spec,
            whose,
            followed: Mutex::default(),
            seen: Mutex::default(),
        })
    }

    /// Hands one message over.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, short: &Short) -> Result<Receipt, SendError> {
        let request = self.request_of(short)?;
        let answer = exchange(&self.client, request, &self.whose).await?;
        let mut receipt = self.spec.verdict.judge(&answer, &self.whose)?;
        if self.is_followed && !receipt.provider_id.is_empty() {
            receipt.is_followed = true;
            self.follow(&receipt.provider_id, &short.to);
        }
        Ok(receipt)
    }

    /// From now on [`Http::receipts`] asks for this message too, as after a restart.
    pub fn follow(&self, provider_id: &str, to: &str) {
        let now = Instant::now();
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_followed || followed.iter().any(|known| known.provider_id == provider_id) {
            return;
        }
        followed.truncate(FOLLOWED_MAX - 1);
        let (provider_id, to) = (provider_id.to_owned(), to.to_owned());
        followed.push_front(Followed { provider_id, to, since: now, due: now + WAIT_MIN, wait: WAIT_MIN });
    }

    /// Asks for those that are due, at most eight.
    pub async fn receipts(&self) -> Vec<Delivery> {
        self.receipts_at(Instant::now()).await
    }

    async fn receipts_at(&self, now: Instant) -> Vec<Delivery> {
        let Some(call) = &self.spec.status else { return Vec::new() };
        let mut deliveries = Vec::new();
        for (provider_id, to) in self.take_due(now) {
            let digits = to.trim_start_matches('+').to_owned();
            let fields = Fields { provider_id: provider_id.clone(), to, digits, ..self.fields.clone() };
            // A question that fails is asked again when it is due again.
            let Ok(request) = self.get(&call.url, &fields) else { continue };
            let Ok(answer) = exchange(&self.client, request, &self.whose).await else { continue };
            let (arrived, answer) = call.judge(&answer);
            if let Some(arrived) = arrived {
                self.forget(&provider_id);
                deliveries.push(Delivery { provider_id, arrived, answer });
            }
        }
        deliveries
    }

    fn take_due(&self, now: Instant) -> Vec<(String, String)> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.retain(|message| now.duration_since(message.since) < FOLLOW_MAX);
        let due = followed.iter_mut().rev().filter(|message| message.due <= now).take(QUESTIONS_MAX);
        due.map(|message| {
            message.wait = (message.wait * 2).min(WAIT_MAX);
            message.due = now + message.wait;
            (message.provider_id.clone(), message.to.clone())
        })
        .collect()
    }

    fn forget(&self, provider_id: &str) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.retain(|message| message.provider_id != provider_id);
    }

    /// Answers of people that were not seen yet.
    pub async fn inbound(&self) -> Vec<Inbound> {
        let Some(call) = &self.spec.inbox else { return Vec::new() };
        let Ok(request) = self.get(&call.url, &self.fields) else { return Vec::new() };
        let Ok(answer) = exchange(&self.client, request, &self.whose).await else { return Vec::new() };
        let document: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let list = document.pointer(&call.list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut inbound = Vec::new();
        for entry in list.iter().take(INBOX_MAX) {
            let at = |key: &str| spec::scalar(entry, &format!("/{key}")).unwrap_or_default();
            let [id, from, text] = &call.keys;
            if !call.only.0.is_empty() && at(&call.only.0) != call.only.1 || !self.is_new(&at(id)) {
                continue;
            }
            let from = at(from);
            let from = if from.starts_with('+') { from } else { format!("+{from}") };
            inbound.push(Inbound { from: line(&from, 20), text: line(&at(text), INBOUND_CHARACTERS_MAX) });
        }
        inbound
    }

    fn is_new(&self, id: &str) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !id.is_empty() && !seen.iter().any(|known| known == id);
        if is_new {
            seen.truncate(SEEN_MAX - 1);
            seen.push_front(id.to_owned());
        }
        is_new
    }

    fn fields_of(&self, short: &Short) -> Result<Fields, SendError> {
        let alphabet = if alphabet(&short.text) == Alphabet::Gsm7 { "gsm7" } else { "ucs2" };
        let mut fields = Fields {
            to: short.to.clone(),
            digits: short.to.trim_start_matches('+').to_owned(),
            text: short.text.clone(),
            alphabet: alphabet.to_owned(),
            id: short.id.clone(),
            number: number_of(&short.id),
            ..self.fields.clone()
        };
        // The secret belongs to the provider, not to where it calls back.
        let callback = Fields { secret: String::new(), user: String::new(), ..fields.clone() };
        fields.receipt_url = self.rendered(&self.receipt_url, Escape::Url, &callback)?;
        Ok(fields)
    }

    fn rendered(&self, template: &str, escape: Escape, fields: &Fields) -> Result<String, SendError> {
        render(template, escape, fields)
            .map_err(|error| SendError::Broken(format!("{}: a template: {error}", self.whose)))
    }

    fn get(&self, url: &str, fields: &Fields) -> Result<Request, SendError> {
        let url = self.url(url, fields)?;
        let mut request = Request::new(Method::GET, url);
        self.authorize(&mut request)?;
        Ok(request)
    }

    fn url(&self, template: &str, fields: &Fields) -> Result<Url, SendError> {
        let url = self.rendered(template, Escape::Url, fields)?;
        Url::parse(&url).map_err(|error| SendError::Broken(format!("{}: url: {error}", self.whose)))
    }

    /// The one request that a message is.
    pub(super) fn request_of(&self, short: &Short) -> Result<Request, SendError> {
        self.request(&self.fields_of(short)?)
    }

    fn request(&self, fields: &Fields) -> Result<Request, SendError> {
        let url = self.url(&self.spec.url, fields)?;
        let method = if self.spec.method == "GET" { Method::GET } else { Method::POST };
        let mut request = Request::new(method, url);
        let (content_type, body) = match &self.spec.body {
            Body::Nothing => ("", String::new()),
            Body::Form(pairs) => ("application/x-www-form-urlencoded", self.form(pairs, fields)?),
            Body::Encoded(template) => {
                ("application/x-www-form-urlencoded", self.rendered(template, Escape::Url, fields)?)
            }
            Body::Json(template) => ("application/json", self.rendered(template, Escape::Json, fields)?),
            Body::Text(template) => ("text/plain; charset=utf-8", self.rendered(template, Escape::Nothing, fields)?),
        };
        if !content_type.is_empty() {
            request.headers_mut().insert("content-type", HeaderValue::from_static(content_type));
            *request.body_mut() = Some(body.into());
        }
        self.insert(&mut request, "idempotency-key", &escaped(&fields.id, Escape::Header))?;
        for (name, template) in &self.spec.headers {
            let value = self.rendered(template, Escape::Header, fields)?;
            self.insert(&mut request, name, &value)?;
        }
        self.authorize(&mut request)?;
        Ok(request)
    }

    fn form(&self, pairs: &[(String, String)], fields: &Fields) -> Result<String, SendError> {
        let mut form = String::new();
        for (key, template) in pairs {
            let value = self.rendered(template, Escape::Nothing, fields)?;
            if !value.is_empty() {
                let mark = if form.is_empty() { "" } else { "&" };
                form += &format!("{mark}{key}={}", escaped(&value, Escape::Url));
            }
        }
        Ok(form)
    }

    fn authorize(&self, request: &mut Request) -> Result<(), SendError> {
        use base64::Engine;
        if self.spec.basic {
            let pair = format!("{}:{}", self.fields.user, self.fields.secret);
            let pair = base64::engine::general_purpose::STANDARD.encode(pair);
            self.insert(request, "authorization", &format!("Basic {pair}"))?;
            if let Some(value) = request.headers_mut().get_mut("authorization") {
                value.set_sensitive(true);
            }
        }
        Ok(())
    }

    fn insert(&self, request: &mut Request, name: &str, value: &str) -> Result<(), SendError> {
        let broken = || SendError::Broken(format!("{}: header {} cannot be sent", self.whose, line(name, 40)));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| broken())?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| broken())?;
        request.headers_mut().insert(name, value);
        Ok(())
    }
}

/// A number from 1 to 2147483647 that is always the same for the same id.
fn number_of(id: &str) -> u32 {
    let digest = ring::digest::digest(&ring::digest::SHA256, id.as_bytes());
    let begin = digest.as_ref().iter().take(4).fold(0u32, |number, byte| number << 8 | u32::from(*byte));
    (begin >> 1).max(1)
}

/// What is wrong with the templates and URLs of a gateway.
pub fn check(config: &Gateway, key: &str, problems: &mut Vec<Problem>) {
    let spec = preset::spec(config);
    let fields = Fields::example();
    let mut problem = |name: &str, value: &str, allowed: &str, remedy: String| {
        problems.push(Problem {
            key: format!("{key}.{name}"),
            value: value.to_owned(),
            allowed: allowed.to_owned(),
            remedy,
        });
    };
    let names = "a template with {{to}}, {{digits}}, {{text}}, {{alphabet}}, {{id}}, {{number}}, {{from}}, {{user}}, \
                 {{secret}}, {{validity_s}}, {{validity_min}}";
    match render(&spec.url, Escape::Url, &fields).map(|url| Url::parse(&url)) {
        Err(error) => problem("url", &config.url, names, error),
        Ok(Err(error)) => problem("url", &config.url, "an http:// or https:// URL", error.to_string()),
        Ok(Ok(url)) => {
            if let Some(remedy) = url_fault(&url, config.insecure) {
                problem("url", &config.url, "https://, or http:// to this machine", remedy);
            }
        }
    }
    if let Err(error) = render(&config.receipt_url, Escape::Url, &fields) {
        problem("receipt_url", &config.receipt_url, names, error);
    }
    let (Body::Encoded(body) | Body::Json(body) | Body::Text(body)) = &spec.body else { return };
    let escape = if matches!(spec.body, Body::Json(_)) { Escape::Json } else { Escape::Url };
    match render(body, escape, &fields) {
        Err(error) => problem("custom.body", body, names, error),
        Ok(text) if escape == Escape::Json && serde_json::from_str::<Value>(&text).is_err() => {
            problem("custom.body", body, "JSON", "put each placeholder into quotes: \"{{text}}\"".to_owned());
        }
        Ok(_) => {}
    }
}

/// Why a URL is not to be used: a remedy.
pub fn url_fault(url: &Url, insecure: bool) -> Option<String> {
    let is_near = match url.host_str() {
        None => return Some("name the host".to_owned()),
        Some(host) => {
            let host = host.trim_matches(['[', ']']);
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    };
    match url.scheme() {
        "https" => None,
        "http" if is_near || insecure => None,
        "http" => Some(
            "what is sent by http:// can be read and changed on the way: use https://, or set insecure = true"
                .to_owned(),
        ),
        _ => Some("use https://".to_owned()),
    }
}

#[cfg(test)]
mod tests;
