//! email: one message for one recipient, by SMTP.
//!
//! A notice becomes a document (`content`), the document text and HTML (`text`, `html`), the last hour a picture
//! (`chart`), all together a mail (`compose`), and the mail is handed over in one conversation (`smtp`).

mod chart;
mod compose;
pub mod config;
mod content;
mod html;
mod render;
mod sample;
mod smtp;
mod text;
mod verdict;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};

use self::compose::Sender;
use self::config::{Config, Security};
pub use self::render::{Mail, render};
use self::smtp::{Protection, Server};
use super::tls::{TlsError, authorities, client_config};
use super::uplink::{self, Uplink};
use super::{Message, Receipt, SendError};
use crate::secret::{self, SecretError};
use crate::words::line;

/// There is no e-mail, though the configuration wants it.
#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    /// The password.
    #[error("notifier.email.password_file: {0}")]
    Secret(#[from] SecretError),
    /// The authorities.
    #[error("notifier.email: {0}")]
    Tls(#[from] TlsError),
    /// The library refuses the server's name or the authorities.
    #[error("notifier.email.server = {0:?}: TLS cannot be set up: {1}")]
    Library(String, lettre::transport::smtp::Error),
    /// A value that `config check` refuses too.
    #[error("notifier.email.{0} = {1:?} is not {2}")]
    Value(&'static str, String, &'static str),
}

/// The channel.
pub struct Email {
    server: Server,
    sender: Sender,
    state_dir: PathBuf,
}

impl Email {
    /// Reads the password and the authorities; opens no connection. `node` is this machine's name; samples of attacks
    /// are taken from `state_dir` alone.
    ///
    /// # Errors
    /// A file cannot be read, or a value is none.
    pub fn new(config: &Config, node: &str, state_dir: PathBuf) -> Result<Email, EmailError> {
        let from = mailbox("from", &config.from)?;
        let reply_to = match config.reply_to.as_str() {
            "" => None,
            address => Some(mailbox("reply_to", address)?),
        };
        let credentials = match config.user.as_str() {
            "" => None,
            user => Some(Credentials::new(user.to_owned(), secret::read(&config.password_file)?)),
        };
        if config.security == Security::Off && !config.is_loopback() && !config.allow_plain {
            return Err(EmailError::Value(
                "security",
                "off".to_owned(),
                "allowed for a server that is not this machine",
            ));
        }
        let host = config.server.trim_start_matches('[').trim_end_matches(']').to_owned();
        let server = Server {
            protection: protection(config, &host)?,
            host,
            port: config.port,
            credentials,
            hello: smtp::hello([&config.hello, node]),
            uplink: Uplink::parse(&config.bind)
                .ok_or_else(|| EmailError::Value("bind", config.bind.clone(), uplink::ALLOWED))?,
            time_limit: config.time_limit,
        };
        Ok(Email { server, sender: Sender { from, reply_to, node: node.to_owned() }, state_dir })
    }

    /// Hands the message to the mail server: once, within the time limit.
    ///
    /// # Errors
    /// The server did not take it, or nobody knows.
    pub async fn deliver(&self, message: &Message) -> Result<Receipt, SendError> {
        let refused = |reason: &dyn std::fmt::Display| {
            let to = line(&message.to, 100);
            SendError::Refused(format!("{to:?} is no e-mail address ({reason}); correct the receiver's mail"))
        };
        let to: Address = message.to.parse().map_err(|error: lettre::address::AddressError| refused(&error))?;
        let mail = self.compose(message, &to)?;
        self.server.send(&self.sender.from.email, &to, &mail).await
    }

    /// The mail's bytes.
    fn compose(&self, message: &Message, to: &Address) -> Result<Vec<u8>, SendError> {
        let mail = render(&message.notice);
        let sample = sample::of(&message.notice, &self.state_dir);
        compose::compose(&self.sender, to, message, &mail, sample).map_err(|error| {
            SendError::Broken(format!("the mail cannot be put together: {error}; report this as a fault"))
        })
    }
}

fn mailbox(key: &'static str, text: &str) -> Result<Mailbox, EmailError> {
    match text.parse() {
        Ok(mailbox) if !text.contains(char::is_control) => Ok(mailbox),
        _ => Err(EmailError::Value(key, text.to_owned(), "an e-mail address")),
    }
}

fn protection(config: &Config, host: &str) -> Result<Protection, EmailError> {
    Ok(match config.security {
        Security::Off => Protection::Off,
        Security::Tls => Protection::Tls(Arc::new(client_config(&config.tls_ca_file)?)),
        Security::StartTls => {
            // Checked here with our own words; the library reads the same bytes.
            client_config(&config.tls_ca_file)?;
            let library = |error| EmailError::Library(host.to_owned(), error);
            let mut parameters = TlsParameters::builder(host.to_owned());
            let pem = authorities(&config.tls_ca_file)?;
            if !pem.is_empty() {
                parameters = parameters.add_root_certificate(Certificate::from_pem(&pem).map_err(library)?);
            }
            Protection::StartTls(parameters.build_rustls().map_err(library)?)
        }
    })
}

#[cfg(test)]
mod tests;
