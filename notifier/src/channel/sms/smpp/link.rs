//! One bound connection: a task that owns the socket, answers the centre, and keeps who waits for which answer.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use rusmpp::pdus::{DeliverSmResp, SubmitSm};
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::pdu::{Delivered, bytes_of, delivered, is_same_id, refusal, take};
use crate::channel::sms::{AT_ONCE_MAX, Inbound};
use crate::channel::{Delivery, SendError};

/// A unit is a few hundred bytes; a peer that does not take them for so long is gone.
const WRITE_MAX: Duration = Duration::from_secs(5);

/// How often limits of time are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// After "throttled", nothing is sent for so long.
const THROTTLE: Duration = Duration::from_secs(1);

/// The last answer to an unbind.
const UNBIND_MAX: Duration = Duration::from_secs(2);

/// Ids whose receipts are told by our name for them.
const IDS_MAX: usize = 1_024;

/// What the task and its owner share.
#[derive(Default)]
pub struct Heard {
    pub deliveries: VecDeque<Delivery>,
    pub inbound: VecDeque<Inbound>,
    ids: VecDeque<String>,
}

/// Its lock; held for moments only.
pub type Shared = Arc<Mutex<Heard>>;

/// One unit to send, and who waits for the message's id.
pub struct Submit {
    pub unit: Box<SubmitSm>,
    pub answer: oneshot::Sender<Result<String, SendError>>,
}

/// Times and bounds of a connection.
#[derive(Clone, Debug)]
pub struct Limits {
    pub whose: String,
    pub window: usize,
    pub enquire_interval: Duration,
    pub response: Duration,
    pub keeps_inbound: bool,
}

/// A connection that is bound.
pub struct Link {
    pub stream: TcpStream,
    pub buffer: BytesMut,
    pub limits: Limits,
    pub shared: Shared,
    /// Number of the unit that was sent last.
    pub sequence: u32,
}

struct Waiting {
    answer: oneshot::Sender<Result<String, SendError>>,
    since: Instant,
}

/// Sends one unit, in bounded time.
pub async fn write(stream: &mut TcpStream, command: &Command) -> io::Result<()> {
    match timeout(WRITE_MAX, stream.write_all(&bytes_of(command))).await {
        Ok(written) => written,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Reads until one unit is whole. Nothing is lost if it is given up.
pub async fn read(stream: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<Command> {
    loop {
        if let Some(command) = take(buffer).map_err(io::Error::other)? {
            return Ok(command);
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Serves the connection until it breaks, or until nobody can send any more: then it unbinds.
pub async fn serve(mut link: Link, mut requests: mpsc::Receiver<Submit>) {
    let mut waiting: HashMap<u32, Waiting> = HashMap::new();
    let mut state = Timing { heard: Instant::now(), enquired: None, quiet_until: Instant::now() };
    let why = loop {
        let may_send = waiting.len() < link.limits.window && Instant::now() >= state.quiet_until;
        tokio::select! {
            unit = read(&mut link.stream, &mut link.buffer) => {
                let unit = match unit {
                    Ok(unit) => unit,
                    Err(error) => break error.to_string(),
                };
                state.heard = Instant::now();
                state.enquired = None;
                match take_in(&mut link, &unit, &mut waiting, &mut state).await {
                    Ok(true) => {}
                    Ok(false) => break "the centre unbinds".to_owned(),
                    Err(error) => break error.to_string(),
                }
            }
            request = requests.recv(), if may_send => {
                let Some(request) = request else {
                    unbind(&mut link).await;
                    return;
                };
                let sequence = next(&mut link.sequence);
                let command = Command::new(CommandStatus::EsmeRok, sequence, *request.unit);
                waiting.insert(sequence, Waiting { answer: request.answer, since: Instant::now() });
                if let Err(error) = write(&mut link.stream, &command).await {
                    break error.to_string();
                }
            }
            () = tokio::time::sleep(LOOK) => {
                if let Err(why) = look(&mut link, &waiting, &mut state).await {
                    break why;
                }
            }
        }
    };
    tracing::info!("{}: the connection ends: {why}", link.limits.whose);
    for (_, waiting) in waiting {
        let told = format!("{}: the connection ended before the answer: {why}", link.limits.whose);
        let _ = waiting.answer.send(Err(SendError::Unknown(told)));
    }
}

struct Timing {
    heard: Instant,
    enquired: Option<Instant>,
    quiet_until: Instant,
}

/// Sequence numbers go from 1 to 0x7fffffff (§3.2).
fn next(sequence: &mut u32) -> u32 {
    *sequence = if *sequence >= 0x7fff_ffff { 1 } else { *sequence + 1 };
    *sequence
}

/// Limits of time, and the question whether the link lives.
async fn look(link: &mut Link, waiting: &HashMap<u32, Waiting>, state: &mut Timing) -> Result<(), String> {
    let now = Instant::now();
    if waiting.values().any(|waiting| now.duration_since(waiting.since) > link.limits.response) {
        return Err("no answer to a message within the time limit".to_owned());
    }
    match state.enquired {
        Some(since) if now.duration_since(since) > link.limits.response => Err("no answer to enquire_link".to_owned()),
        None if now.duration_since(state.heard) >= link.limits.enquire_interval => {
            state.enquired = Some(now);
            let sequence = next(&mut link.sequence);
            let command = Command::new(CommandStatus::EsmeRok, sequence, Pdu::EnquireLink);
            write(&mut link.stream, &command).await.map_err(|error| error.to_string())
        }
        _ => Ok(()),
    }
}

/// One unit of the centre; `false` = it ends the connection.
async fn take_in(
    link: &mut Link,
    unit: &Command,
    waiting: &mut HashMap<u32, Waiting>,
    state: &mut Timing,
) -> io::Result<bool> {
    let sequence = unit.sequence_number();
    let answer = |pdu: Pdu| Command::new(CommandStatus::EsmeRok, sequence, pdu);
    match (unit.id(), unit.pdu()) {
        (CommandId::SubmitSmResp | CommandId::GenericNack, pdu) => {
            let id = match pdu {
                Some(Pdu::SubmitSmResp(answer)) => answer.message_id().as_str().to_owned(),
                _ => String::new(),
            };
            if unit.status() == CommandStatus::EsmeRthrottled {
                state.quiet_until = Instant::now() + THROTTLE;
            }
            if let Some(waiting) = waiting.remove(&sequence) {
                let outcome = match unit.status() {
                    CommandStatus::EsmeRok => Ok(remember(&link.shared, id)),
                    status => Err(refusal(status, &link.limits.whose)),
                };
                let _ = waiting.answer.send(outcome);
            }
        }
        (_, Some(Pdu::DeliverSm(message))) => {
            keep(&link.shared, delivered(message), link.limits.keeps_inbound);
            write(&mut link.stream, &answer(DeliverSmResp::default().into())).await?;
        }
        (CommandId::EnquireLink, _) => write(&mut link.stream, &answer(Pdu::EnquireLinkResp)).await?,
        (CommandId::Unbind, _) => {
            write(&mut link.stream, &answer(Pdu::UnbindResp)).await?;
            return Ok(false);
        }
        // Answers, and notes that need none.
        (id, _) if u32::from(id) & 0x8000_0000 != 0 || id == CommandId::AlertNotification => {}
        _ => {
            let nack = Command::new(CommandStatus::EsmeRinvcmdid, sequence, Pdu::GenericNack);
            write(&mut link.stream, &nack).await?;
        }
    }
    Ok(true)
}

fn remember(shared: &Shared, id: String) -> String {
    let mut heard = shared.lock().unwrap_or_else(PoisonError::into_inner);
    heard.ids.truncate(IDS_MAX - 1);
    heard.ids.push_front(id.clone());
    id
}

fn keep(shared: &Shared, what: Delivered, keeps_inbound: bool) {
    let mut heard = shared.lock().unwrap_or_else(PoisonError::into_inner);
    match what {
        Delivered::Receipt(mut delivery) => {
            if let Some(ours) = heard.ids.iter().find(|ours| is_same_id(ours, &delivery.provider_id)) {
                delivery.provider_id.clone_from(ours);
            }
            heard.deliveries.truncate(AT_ONCE_MAX - 1);
            heard.deliveries.push_front(delivery);
        }
        Delivered::Message(message) if keeps_inbound => {
            heard.inbound.truncate(AT_ONCE_MAX - 1);
            heard.inbound.push_front(message);
        }
        Delivered::Message(_) | Delivered::Nothing => {}
    }
}

async fn unbind(link: &mut Link) {
    let sequence = next(&mut link.sequence);
    let unbound = async {
        write(&mut link.stream, &Command::new(CommandStatus::EsmeRok, sequence, Pdu::Unbind)).await?;
        while read(&mut link.stream, &mut link.buffer).await?.id() != CommandId::UnbindResp {}
        io::Result::Ok(())
    };
    // Whatever comes of it, the connection closes now.
    let _ = timeout(UNBIND_MAX, unbound).await;
}
