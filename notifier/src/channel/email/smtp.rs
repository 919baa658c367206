//! smtp: one conversation with the mail server for one mail, each step within its time.
//!
//! The library's own time limit covers the connection alone, so each step has one of ours, and what does not end in
//! time is dropped with its connection. Nothing is kept open between two mails: alerts are few, and a connection that
//! idles is one more thing that can be broken unseen.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::verdict::{self, Step};
use super::wire::Wire;
use crate::channel::tls::certificate_fault;
use crate::channel::uplink::Uplink;
use crate::channel::{Receipt, SendError};
use crate::words::line;

/// A step that takes longer is given up, so that the outbox may try again while it still matters. The last one, the
/// server's word on the whole mail, may take what is left of the time limit.
const STEP_LIMIT: Duration = Duration::from_secs(10);

/// Addresses of a server that are tried: a name with more has others that answer.
const ADDRESSES_MAX: usize = 4;

/// A polite end is not waited for.
const QUIT_LIMIT: Duration = Duration::from_millis(500);

/// Characters of the server's answer in a receipt.
const ANSWER_CHARS_MAX: usize = 200;

/// How the way is protected, with what it needs.
pub(super) enum Protection {
    StartTls(TlsParameters),
    Tls(Arc<ClientConfig>),
    Off,
}

/// The server and how to talk to it.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) protection: Protection,
    pub(super) credentials: Option<Credentials>,
    pub(super) hello: ClientId,
    pub(super) uplink: Uplink,
    pub(super) time_limit: Duration,
}

/// The conversation's name for errors, and its end.
struct Talk<'a> {
    server: &'a Server,
    name: String,
    deadline: Instant,
}

impl Server {
    /// Hands `mail` over, from `from` to `to`. Ends within the time limit.
    pub(super) async fn send(&self, from: &Address, to: &Address, mail: &[u8]) -> Result<Receipt, SendError> {
        let name = format!("{}:{}", self.host, self.port);
        let talk = Talk { server: self, name, deadline: Instant::now() + self.time_limit };
        let mut connection = talk.open().await?;
        if let Some(credentials) = &self.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            talk.within(Step::SignIn, connection.auth(&mechanisms, credentials)).await?;
        }
        let mut parameters = Vec::new();
        if [from, to].into_iter().any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let told = format!("mail server {}: it takes no address such as {to} (SMTPUTF8)", talk.name);
                return Err(SendError::Refused(told));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        talk.within(Step::Sender, connection.command(Mail::new(Some(from.clone()), parameters))).await?;
        talk.within(Step::Recipient, connection.command(Rcpt::new(to.clone(), Vec::new()))).await?;
        talk.within(Step::Data, connection.command(Data)).await?;
        let answer = talk.content(&mut connection, mail).await?;
        // The mail is theirs now; whether the farewell is heard does not matter.
        let _ = timeout_at(Instant::now() + QUIT_LIMIT, connection.command(Quit)).await;
        Ok(receipt(&answer))
    }
}

impl Talk<'_> {
    /// Connected, greeted, and protected.
    async fn open(&self) -> Result<AsyncSmtpConnection, SendError> {
        let hello = &self.server.hello;
        let (stream, peer) = self.connect().await?;
        let stream: Box<dyn AsyncTokioStream> = match &self.server.protection {
            Protection::Tls(config) => Box::new(Wire::new(self.seal(stream, config).await?, peer)),
            Protection::StartTls(_) | Protection::Off => Box::new(Wire::new(stream, peer)),
        };
        let greeted = AsyncSmtpConnection::connect_with_transport(stream, hello);
        let mut connection = self.within(Step::Greeting, greeted).await?;
        if let Protection::StartTls(parameters) = &self.server.protection {
            if !connection.can_starttls() {
                return Err(SendError::Broken(format!(
                    "mail server {}: it offers no STARTTLS, and nothing is sent in the open; somebody on the way may \
                     hide it, or the port is another: check port and security",
                    self.name
                )));
            }
            self.within(Step::StartTls, connection.starttls(parameters.clone(), hello)).await?;
        }
        Ok(connection)
    }

    /// The first of the server's addresses that answers.
    async fn connect(&self) -> Result<(TcpStream, SocketAddr), SendError> {
        let Server { host, port, uplink, .. } = self.server;
        let passing = |reason: &str| {
            let reason = line(reason, ANSWER_CHARS_MAX);
            SendError::Passing(format!("mail server {}: {reason}; is it up, and server and port right?", self.name))
        };
        let end = self.end_of(Step::Connect);
        let found = match timeout_at(end, lookup_host((host.as_str(), *port))).await {
            Ok(Ok(found)) => found.take(ADDRESSES_MAX).collect::<Vec<_>>(),
            Ok(Err(error)) => return Err(passing(&format!("its name is not found: {error}"))),
            Err(_) => return Err(passing("its name is not found in time")),
        };
        let mut reason = "its name has no address of the family of bind".to_owned();
        for (tried, address) in found.iter().enumerate() {
            let socket = match uplink.socket(address.ip()) {
                Ok(Some(socket)) => socket,
                Ok(None) => continue,
                Err(error) => {
                    return Err(SendError::Broken(format!(
                        "mail server {}: cannot leave by bind {uplink:?}: {error}; check notifier.email.bind",
                        self.name
                    )));
                }
            };
            // An address that is silent leaves time to the others.
            let rest = end.saturating_duration_since(Instant::now());
            let share = rest / u32::try_from(found.len() - tried).unwrap_or(u32::MAX);
            match timeout_at(Instant::now() + share, socket.connect(*address)).await {
                Ok(Ok(stream)) => return Ok((stream, *address)),
                Ok(Err(error)) => reason = format!("{}: {error}", address.ip()),
                Err(_) => reason = format!("{}: no answer in time", address.ip()),
            }
        }
        Err(passing(&reason))
    }

    /// TLS from the first byte.
    async fn seal(
        &self,
        stream: TcpStream,
        config: &Arc<ClientConfig>,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, SendError> {
        let host = self.server.host.clone();
        let name = ServerName::try_from(host)
            .map_err(|error| SendError::Broken(format!("mail server {}: no name for TLS: {error}", self.name)))?;
        let connector = TlsConnector::from(Arc::clone(config));
        match timeout_at(self.end_of(Step::Tls), connector.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(match certificate_fault(&error) {
                Some(fault) => SendError::Broken(format!(
                    "mail server {}, TLS: {fault}; renew it, set tls_ca_file, or name the server as the certificate does",
                    self.name
                )),
                None => {
                    let told = line(&error.to_string(), ANSWER_CHARS_MAX);
                    SendError::Passing(format!(
                        "mail server {}, TLS: {told}; does this port begin with TLS?",
                        self.name
                    ))
                }
            }),
            Err(_) => Err(verdict::silence(&self.name, Step::Tls)),
        }
    }

    /// The mail, and the server's word on it. Once the last dot is on its way, silence says nothing.
    async fn content(&self, connection: &mut AsyncSmtpConnection, mail: &[u8]) -> Result<Response, SendError> {
        let is_whole = AtomicBool::new(false);
        // The library asks for the next part when the one before is written, then it writes the dot.
        let parts = std::iter::once(mail).chain(std::iter::from_fn(|| {
            is_whole.store(true, Ordering::Relaxed);
            None
        }));
        match timeout_at(self.deadline, connection.message_iter(parts)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if is_whole.load(Ordering::Relaxed) => Err(verdict::of(&self.name, Step::Content, &error)),
            Ok(Err(error)) => Err(verdict::of(&self.name, Step::Data, &error)),
            Err(_) if is_whole.load(Ordering::Relaxed) => {
                Err(SendError::Unknown(format!("mail server {}: it has the whole mail and does not answer", self.name)))
            }
            Err(_) => Err(verdict::silence(&self.name, Step::Data)),
        }
    }

    /// One step of the library, within its time.
    async fn within<T>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, SendError> {
        match timeout_at(self.end_of(step), work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(verdict::of(&self.name, step, &error)),
            Err(_) => Err(verdict::silence(&self.name, step)),
        }
    }

    fn end_of(&self, step: Step) -> Instant {
        match step {
            Step::Content => self.deadline,
            _ => self.deadline.min(Instant::now() + STEP_LIMIT),
        }
    }
}

/// What the server calls the mail stands behind "queued as" (Postfix, Exim's "id=").
fn receipt(answer: &Response) -> Receipt {
    let words = answer.message().collect::<Vec<_>>().join(" ");
    let mark = ["queued as ", "id="].into_iter().find_map(|mark| Some(words.split_once(mark)?.1));
    let id = mark.and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    Receipt {
        provider_id: line(id, 64),
        answer: line(&format!("{} {words}", answer.code()), ANSWER_CHARS_MAX),
        is_followed: false,
    }
}

/// How this machine calls itself: the first of the names that can be said.
pub(super) fn hello(names: [&str; 2]) -> ClientId {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= 253
            && name.chars().all(|char| char.is_ascii_alphanumeric() || "-.".contains(char))
    };
    match names.into_iter().find(|name| is_name(name) && name.parse::<IpAddr>().is_err()) {
        Some(name) => ClientId::Domain(name.to_owned()),
        None => ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST),
    }
}
