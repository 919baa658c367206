//! sms: short texts by an HTTP gateway, a modem's spool, or SMPP.
//!
//! The life of a short message: [`text`] puts a notice into words that fit (`pieces`, `figure`, [`encode`]); the
//! gateway hands it over once, within its time limit, and says what became of it; later words about it come out of
//! [`Sms::receipts`], and answers of people out of [`Sms::inbound`], if the gateway has a way for them.

mod check;
pub mod config;
pub mod encode;
mod figure;
mod folder;
mod http;
pub mod number;
mod pieces;
mod report;
mod smpp;
pub mod text;

pub use http::{home, url_fault};

use std::time::Duration;

use self::config::{Gateway, Kind};
use self::encode::parts;
use self::folder::Folder;
use self::http::Http;
use self::smpp::Smpp;
use self::text::{Budget, render};
use super::{Delivery, Message, Receipt, SendError};

/// Receipts and answers that are handed out at once.
pub const AT_ONCE_MAX: usize = 256;

/// One round of questions or of reading, however slow the other side is.
const ROUND: Duration = Duration::from_secs(20);

/// One text to one number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Short {
    /// Stable over repeats.
    pub id: String,
    /// `+` and digits.
    pub to: String,
    /// What is sent.
    pub text: String,
}

/// What a person sent to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// The number, as the gateway tells it, `+` first.
    pub from: String,
    /// At most 160 characters.
    pub text: String,
}

enum Way {
    Http(Box<Http>),
    Folder(Box<Folder>),
    Smpp(Box<Smpp>),
}

/// A gateway at work.
pub struct Sms {
    name: String,
    budget: Budget,
    time_limit: Duration,
    inbound: bool,
    way: Way,
}

impl Sms {
    /// Reads the secret; opens no connection.
    ///
    /// # Errors
    /// [`SendError::Broken`]: the secret cannot be read, or the settings do not make a gateway.
    pub fn new(config: &Gateway) -> Result<Sms, SendError> {
        let way = match config.kind {
            Kind::Http => Way::Http(Box::new(Http::new(config)?)),
            Kind::Smstools | Kind::Gammu => Way::Folder(Box::new(Folder::new(config))),
            Kind::Smpp => Way::Smpp(Box::new(Smpp::new(config)?)),
        };
        let budget =
            Budget { segments_max: config.segments_max.max(1), translit: config.translit, plain: config.plain };
        Ok(Sms { name: config.name.clone(), budget, time_limit: config.time_limit, inbound: config.inbound, way })
    }

    /// The name of the gateway, which receivers use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of a notice as this gateway sends it, and its parts on the air.
    pub fn preview(&self, notice: &crate::notice::Notice) -> (String, usize) {
        let text = render(notice, self.budget);
        let count = parts(&text).len();
        (text, count)
    }

    /// Hands one message over, once; ends within the gateway's time limit and two seconds.
    ///
    /// The runtime must go on between calls: a connection by SMPP lives as a task on it.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn deliver(&self, message: &Message) -> Result<Receipt, SendError> {
        let Some(to) = number::parse(&message.to) else {
            return Err(SendError::Refused(format!(
                "sms {}: the receiver's phone is not {}",
                self.name,
                number::ALLOWED
            )));
        };
        let text = render(&message.notice, self.budget);
        let short = Short { id: message.id.clone(), to, text };
        let sent = async {
            match &self.way {
                Way::Http(http) => http.send(&short).await,
                Way::Folder(folder) => folder.send(&short),
                Way::Smpp(smpp) => smpp.send(&short).await,
            }
        };
        // Each way has limits of its own, which know what was handed over; this one is for what they forget.
        match tokio::time::timeout(self.time_limit + Duration::from_secs(2), sent).await {
            Ok(outcome) => outcome,
            Err(_) => Err(SendError::Unknown(format!("sms {}: no answer within the time limit", self.name))),
        }
    }

    /// What became of messages since the last call; waits 20 s at most. Call it every few seconds.
    pub async fn receipts(&self) -> Vec<Delivery> {
        match &self.way {
            Way::Http(http) => tokio::time::timeout(ROUND, http.receipts()).await.unwrap_or_default(),
            Way::Folder(folder) => folder.receipts(),
            Way::Smpp(smpp) => smpp.receipts(),
        }
    }

    /// Asks for this message too, as after a restart; `provider_id` is the receipt's.
    pub fn follow(&self, provider_id: &str, to: &str) {
        match &self.way {
            Way::Http(http) => http.follow(provider_id, to),
            Way::Folder(folder) => folder.follow(provider_id),
            Way::Smpp(_) => {}
        }
    }

    /// What people sent since the last call, if `inbound` is set; waits 20 s at most. Whether it means anything is not
    /// decided here.
    pub async fn inbound(&self) -> Vec<Inbound> {
        if !self.inbound {
            return Vec::new();
        }
        match &self.way {
            Way::Http(http) => tokio::time::timeout(ROUND, http.inbound()).await.unwrap_or_default(),
            Way::Folder(folder) => folder.inbound(),
            Way::Smpp(smpp) => tokio::time::timeout(ROUND, smpp.inbound()).await.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
