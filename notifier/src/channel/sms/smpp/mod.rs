//! smpp: a short message centre by SMPP 3.4, over one connection that stays bound.

mod link;
pub(super) mod pdu;

use std::str::FromStr;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::BytesMut;
use rusmpp::pdus::{BindTransceiver, BindTransmitter};
use rusmpp::types::COctetString;
use rusmpp::values::InterfaceVersion;
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use self::link::{Limits, Link, Shared, Submit, read, serve, write};
use self::pdu::{Manner, field, refusal, submits};
use super::config::Gateway;
use super::{AT_ONCE_MAX, Inbound, Short};
use crate::channel::uplink::Uplink;
use crate::channel::{Delivery, Receipt, SendError};
use crate::secret;

/// Addresses of a name that are tried.
const ADDRESSES_MAX: usize = 4;

/// A connection that only waits for what people send is begun anew at most this often.
const LISTEN_INTERVAL: Duration = Duration::from_secs(30);

/// A gateway by SMPP.
pub struct Smpp {
    server: String,
    uplink: Uplink,
    account: Account,
    transceiver: bool,
    manner: Manner,
    limits: Limits,
    shared: Shared,
    session: Mutex<Session>,
}

struct Account {
    system_id: COctetString<1, 16>,
    password: COctetString<1, 9>,
    system_type: COctetString<1, 13>,
}

#[derive(Default)]
struct Session {
    requests: Option<mpsc::Sender<Submit>>,
    tried: Option<Instant>,
}

impl Smpp {
    /// Reads the secret; opens no connection.
    ///
    /// # Errors
    /// [`SendError::Broken`]: the secret cannot be read or has no place in SMPP.
    pub fn new(config: &Gateway) -> Result<Smpp, SendError> {
        let whose = format!("sms {}", config.name);
        let broken = |error: &dyn std::fmt::Display| SendError::Broken(format!("{whose}: {error}"));
        let password = match config.secret_file.as_os_str().is_empty() {
            true => String::new(),
            false => secret::read(&config.secret_file).map_err(|error| broken(&error))?,
        };
        let uplink = Uplink::parse(&config.bind).ok_or_else(|| broken(&format!("bind = {:?}", config.bind)))?;
        let short = "the password has more than 8 characters, which SMPP has no room for";
        let account = Account {
            system_id: field(&config.user, "user")?,
            password: COctetString::from_str(&password).map_err(|_| broken(&short))?,
            system_type: field(&config.smpp.system_type, "smpp.system_type")?,
        };
        let manner = Manner {
            from: config.from.clone(),
            validity_min: config.validity.as_secs().div_ceil(60).max(1),
            reports: config.reports && config.smpp.transceiver,
            payload: config.smpp.payload,
        };
        let limits = Limits {
            whose,
            window: config.smpp.window.max(1),
            enquire_interval: config.smpp.enquire_interval,
            response: config.time_limit,
            keeps_inbound: config.inbound,
        };
        Ok(Smpp {
            server: config.smpp.server.clone(),
            uplink,
            account,
            transceiver: config.smpp.transceiver,
            manner,
            limits,
            shared: Shared::default(),
            session: Mutex::default(),
        })
    }

    /// Hands one message over: its parts one after the other, each acknowledged.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, short: &Short) -> Result<Receipt, SendError> {
        let deadline = Instant::now() + self.limits.response;
        let requests = match timeout_at(deadline, self.requests()).await {
            Ok(requests) => requests?,
            Err(_) => {
                return Err(SendError::Passing(format!("{}: no connection within the time limit", self.limits.whose)));
            }
        };
        let mut provider_id = String::new();
        for (number, unit) in submits(short, &self.manner)?.into_iter().enumerate() {
            match self.submit(&requests, Submission { unit: Box::new(unit), deadline }).await {
                Ok(id) => provider_id = id,
                // The first parts are on their way already: a repeat sends them twice.
                Err(SendError::Passing(told)) if number > 0 => return Err(SendError::Unknown(told)),
                Err(error) => return Err(error),
            }
        }
        let is_followed = self.manner.reports && !provider_id.is_empty();
        Ok(Receipt { provider_id, answer: "ESME_ROK".to_owned(), is_followed })
    }

    async fn submit(&self, requests: &mpsc::Sender<Submit>, submission: Submission) -> Result<String, SendError> {
        let (answer, answered) = oneshot::channel();
        let whose = &self.limits.whose;
        let sent = requests.send(Submit { unit: submission.unit, answer });
        match timeout_at(submission.deadline, sent).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(SendError::Passing(format!("{whose}: the connection is gone"))),
            Err(_) => return Err(SendError::Passing(format!("{whose}: the window is full"))),
        }
        match timeout_at(submission.deadline, answered).await {
            Ok(Ok(outcome)) => outcome,
            // The task ended with the unit still in its queue, or at once after it.
            Ok(Err(_)) => Err(SendError::Unknown(format!("{whose}: the connection ended before the answer"))),
            Err(_) => Err(SendError::Unknown(format!("{whose}: no answer within the time limit"))),
        }
    }

    /// What became of messages.
    pub fn receipts(&self) -> Vec<Delivery> {
        self.shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .deliveries
            .drain(..)
            .rev()
            .take(AT_ONCE_MAX)
            .collect()
    }

    /// What people sent; keeps the connection up for it.
    pub async fn inbound(&self) -> Vec<Inbound> {
        let is_due = {
            let session = self.session.lock().await;
            let is_up = session.requests.as_ref().is_some_and(|requests| !requests.is_closed());
            !is_up && session.tried.is_none_or(|tried| tried.elapsed() >= LISTEN_INTERVAL)
        };
        if is_due
            && self.transceiver
            && let Err(error) = self.requests().await
        {
            tracing::debug!(%error, "no connection for what people send");
        }
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).inbound.drain(..).rev().take(AT_ONCE_MAX).collect()
    }

    /// The way into the connection, which is made if there is none.
    async fn requests(&self) -> Result<mpsc::Sender<Submit>, SendError> {
        let mut session = self.session.lock().await;
        if let Some(requests) = session.requests.as_ref().filter(|requests| !requests.is_closed()) {
            return Ok(requests.clone());
        }
        session.tried = Some(Instant::now());
        let limit = self.limits.response;
        let link = match timeout(limit, self.bound()).await {
            Ok(link) => link?,
            Err(_) => return Err(SendError::Passing(format!("{}: the centre does not answer", self.limits.whose))),
        };
        let (requests, queue) = mpsc::channel(1);
        tokio::spawn(serve(link, queue));
        session.requests = Some(requests.clone());
        Ok(requests)
    }

    async fn bound(&self) -> Result<Link, SendError> {
        let whose = &self.limits.whose;
        let passing = |error: &dyn std::fmt::Display| SendError::Passing(format!("{whose}: {}: {error}", self.server));
        let mut stream = self.connect().await.map_err(|error| passing(&error))?;
        // A unit is one small packet; it does not wait for more.
        let _ = stream.set_nodelay(true);
        let Account { system_id, password, system_type } = &self.account;
        let (system_id, password, system_type) = (system_id.clone(), password.clone(), system_type.clone());
        let version = InterfaceVersion::Smpp3_4;
        let bind: Pdu = if self.transceiver {
            let bind = BindTransceiver::builder().system_id(system_id).password(password).system_type(system_type);
            bind.interface_version(version).build().into()
        } else {
            let bind = BindTransmitter::builder().system_id(system_id).password(password).system_type(system_type);
            bind.interface_version(version).build().into()
        };
        write(&mut stream, &Command::new(CommandStatus::EsmeRok, 1, bind)).await.map_err(|error| passing(&error))?;
        let mut buffer = BytesMut::new();
        let answer = loop {
            let unit = read(&mut stream, &mut buffer).await.map_err(|error| passing(&error))?;
            let answers = [CommandId::BindTransceiverResp, CommandId::BindTransmitterResp, CommandId::GenericNack];
            if answers.contains(&unit.id()) {
                break unit;
            }
        };
        match answer.status() {
            CommandStatus::EsmeRok if answer.id() != CommandId::GenericNack => {
                let (limits, shared) = (self.limits.clone(), Shared::clone(&self.shared));
                Ok(Link { stream, buffer, limits, shared, sequence: 1 })
            }
            status => Err(refusal(status, whose)),
        }
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address of that family");
        for address in lookup_host(&self.server).await?.take(ADDRESSES_MAX) {
            let Some(socket) = self.uplink.socket(address.ip())? else { continue };
            match socket.connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

struct Submission {
    unit: Box<rusmpp::pdus::SubmitSm>,
    deadline: Instant,
}

#[cfg(test)]
mod tests;
