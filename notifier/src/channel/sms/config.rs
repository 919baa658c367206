//! `[[notifier.sms]]`.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use super::check::check;

/// How a gateway is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// By HTTP, as `preset` says.
    #[default]
    Http,
    /// By the spool of smstools.
    Smstools,
    /// By the spool of gammu-smsd (service "files").
    Gammu,
    /// By SMPP 3.4.
    Smpp,
}

/// Whose HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the providers'")]
pub enum Preset {
    Twilio,
    Vonage,
    Smsru,
    Smscru,
    Kannel,
    /// What the keys below `preset` say.
    #[default]
    Custom,
}

/// A way for short messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gateway {
    /// Its name, unique among all channels.
    pub name: String,
    /// How it is reached.
    pub kind: Kind,
    /// Sender: a number or up to eleven letters and digits; empty = the provider's.
    pub from: String,
    /// Account, login or system id.
    pub user: String,
    /// File of its password, token or key.
    pub secret_file: PathBuf,
    /// For one attempt.
    #[serde(with = "humantime_serde")]
    pub time_limit: Duration,
    /// Parts of one message.
    pub segments_max: usize,
    /// Cyrillic in Latin letters.
    pub translit: bool,
    /// Curly quotes and dashes as plain ones.
    pub plain: bool,
    /// A message that the network could not deliver for so long is of no use.
    #[serde(with = "humantime_serde")]
    pub validity: Duration,
    /// Asks what became of messages.
    pub reports: bool,
    /// Reads answers.
    pub inbound: bool,
    /// Source address or interface.
    pub bind: String,
    /// kind = "http": whose.
    pub preset: Preset,
    /// Where it is; empty = the preset's.
    pub url: String,
    /// More authorities to trust.
    pub tls_ca_file: PathBuf,
    /// Allows plain `http://` to another machine.
    pub insecure: bool,
    /// preset = "kannel": template of the URL that it tells what became of a message.
    pub receipt_url: String,
    /// preset = "custom".
    pub custom: Custom,
    /// kind = "smstools" or "gammu": the folder that holds outgoing or outbox.
    pub folder: PathBuf,
    /// kind = "smpp".
    pub smpp: Smpp,
}

/// `custom = { … }`: a provider without preset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Custom {
    /// "GET" or "POST".
    pub method: String,
    /// `Name: template`, at most 16.
    pub headers: Vec<String>,
    /// "form", "json", "text"; how placeholders in `body` are escaped.
    pub body_type: String,
    /// Template of the body.
    pub body: String,
    /// JSON pointer to what says success; empty = the status does.
    pub ok_pointer: String,
    /// Values there that are success, or beginnings of the body if `ok_pointer` is empty.
    pub ok_values: Vec<String>,
    /// Values there that mean that this number is refused.
    pub refused_values: Vec<String>,
    /// Values there that mean that the account is refused.
    pub broken_values: Vec<String>,
    /// JSON pointer to the provider's id of the message.
    pub id_pointer: String,
    /// Text before the id in an answer that is no JSON.
    pub id_prefix: String,
}

impl Default for Custom {
    fn default() -> Custom {
        Custom {
            method: "POST".to_owned(),
            headers: Vec::new(),
            body_type: "form".to_owned(),
            body: String::new(),
            ok_pointer: String::new(),
            ok_values: Vec::new(),
            refused_values: Vec::new(),
            broken_values: Vec::new(),
            id_pointer: String::new(),
            id_prefix: String::new(),
        }
    }
}

/// `smpp = { … }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Smpp {
    /// `HOST:PORT`.
    pub server: String,
    /// Kind of system, if the provider wants one.
    pub system_type: String,
    /// Receives receipts on the same connection; "transmitter" where the provider has no transceiver.
    pub transceiver: bool,
    /// Messages under way at once, 1 to 32.
    pub window: usize,
    /// Asks whether the link lives.
    #[serde(with = "humantime_serde")]
    pub enquire_interval: Duration,
    /// Long messages as one, in `message_payload`, instead of parts with a header.
    pub payload: bool,
}

impl Default for Smpp {
    fn default() -> Smpp {
        Smpp {
            server: String::new(),
            system_type: String::new(),
            transceiver: true,
            window: 4,
            enquire_interval: Duration::from_secs(30),
            payload: false,
        }
    }
}

impl Default for Gateway {
    fn default() -> Gateway {
        Gateway {
            name: String::new(),
            kind: Kind::Http,
            from: String::new(),
            user: String::new(),
            secret_file: PathBuf::new(),
            time_limit: Duration::from_secs(15),
            segments_max: 1,
            translit: false,
            plain: true,
            validity: Duration::from_secs(1_800),
            reports: true,
            inbound: false,
            bind: String::new(),
            preset: Preset::Custom,
            url: String::new(),
            tls_ca_file: PathBuf::new(),
            insecure: false,
            receipt_url: String::new(),
            custom: Custom::default(),
            folder: PathBuf::new(),
            smpp: Smpp::default(),
        }
    }
}
