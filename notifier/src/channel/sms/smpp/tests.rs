//! The gateway against a centre of the test's own, which speaks the same codec and misbehaves on demand.

use std::sync::Arc;
use std::sync::Mutex as StdMutex;
use std::time::Duration;

use bytes::BytesMut;
use rusmpp::pdus::{BindTransceiverResp, BindTransmitterResp, DeliverSm, SubmitSm, SubmitSmResp};
use rusmpp::types::{COctetString, OctetString};
use rusmpp::values::EsmClass;
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use tokio::net::{TcpListener, TcpStream};

use super::super::config::{Gateway, Kind, Smpp as SmppConfig};
use super::super::{Inbound, Short};
use super::Smpp;
use super::link::{read, write};
use crate::channel::{Delivery, Receipt, SendError};

/// What the centre does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// Accepts, and says at once that it was delivered; then sends a message of a person.
    Deliver,
    /// Refuses the bind.
    BadPassword,
    /// Accepts the bind and never says anything again.
    Hang,
    /// Never answers the bind.
    HangAtBind,
    /// Refuses with this status, once; then delivers.
    Once(CommandStatus),
    /// Closes the connection when a message comes, once.
    Drop,
    /// Sends what is no SMPP.
    Noise,
}

#[derive(Default)]
struct Seen {
    binds: usize,
    unbinds: usize,
    enquiries: usize,
    submits: Vec<SubmitSm>,
}

struct Centre {
    server: String,
    seen: Arc<StdMutex<Seen>>,
}

async fn centre(act: Act) -> Centre {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let server = listener.local_addr().expect("an address").to_string();
    let seen = Arc::<StdMutex<Seen>>::default();
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, act, Arc::clone(&kept)));
        }
    });
    Centre { server, seen }
}

async fn talk(mut stream: TcpStream, act: Act, seen: Arc<StdMutex<Seen>>) {
    let mut buffer = BytesMut::new();
    while let Ok(unit) = read(&mut stream, &mut buffer).await {
        let mut answers = Vec::new();
        let sequence = unit.sequence_number();
        let mut answer = |status, pdu: Pdu| answers.push(Command::new(status, sequence, pdu));
        let ok = CommandStatus::EsmeRok;
        match unit.pdu() {
            Some(Pdu::BindTransceiver(_) | Pdu::BindTransmitter(_)) => {
                seen.lock().expect("no panic").binds += 1;
                let status = if act == Act::BadPassword { CommandStatus::EsmeRinvpaswd } else { ok };
                match unit.id() {
                    _ if act == Act::HangAtBind => {}
                    CommandId::BindTransceiver => answer(status, BindTransceiverResp::default().into()),
                    _ => answer(status, BindTransmitterResp::default().into()),
                }
            }
            _ if act == Act::Hang => {}
            Some(Pdu::SubmitSm(submit)) => {
                let number = {
                    let mut seen = seen.lock().expect("no panic");
                    seen.submits.push(submit.clone());
                    seen.submits.len()
                };
                match act {
                    Act::Drop if number == 1 => return,
                    Act::Once(status) if number == 1 => answer(status, SubmitSmResp::default().into()),
                    _ => {
                        answer(ok, SubmitSmResp::builder().message_id(text(&format!("{number:x}"))).build().into());
                        // Receipts of this centre have the id in decimal, as some have.
                        answers.extend(delivered(number));
                    }
                }
            }
            _ => match unit.id() {
                CommandId::EnquireLink => {
                    seen.lock().expect("no panic").enquiries += 1;
                    answer(ok, Pdu::EnquireLinkResp);
                }
                CommandId::Unbind => {
                    seen.lock().expect("no panic").unbinds += 1;
                    answer(ok, Pdu::UnbindResp);
                }
                _ => {}
            },
        }
        if act == Act::Noise && !answers.is_empty() {
            use tokio::io::AsyncWriteExt;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
        for answer in answers {
            if write(&mut stream, &answer).await.is_err() {
                return;
            }
        }
    }
}

fn text<const MAX: usize>(text: &str) -> COctetString<1, MAX> {
    text.parse().expect("it fits")
}

fn delivered(number: usize) -> [Command; 3] {
    let unit = |class: u8, octets: &str| {
        DeliverSm::builder()
            .source_addr(text("79161234567"))
            .esm_class(EsmClass::from(class))
            .short_message(OctetString::from_vec(octets.as_bytes().to_vec()).expect("it fits"))
            .build()
    };
    let receipt =
        format!("id:{number:010} sub:001 dlvrd:001 submit date:2608190535 done date:2608190535 stat:DELIVRD err:000");
    let number = u32::try_from(number).expect("few");
    [
        Command::new(CommandStatus::EsmeRok, 1_000 + number, unit(4, &receipt)),
        Command::new(CommandStatus::EsmeRok, 2_000 + number, unit(0, "K7F2Q9")),
        // What this side does not know is answered, and harms nothing.
        Command::new(CommandStatus::EsmeRok, 3_000 + number, Pdu::EnquireLink),
    ]
}

fn config(server: &str) -> Gateway {
    Gateway {
        name: "smpp".to_owned(),
        kind: Kind::Smpp,
        user: "esme".to_owned(),
        from: "Floodmark".to_owned(),
        time_limit: Duration::from_millis(1_500),
        inbound: true,
        smpp: SmppConfig { server: server.to_owned(), ..SmppConfig::default() },
        ..Gateway::default()
    }
}

fn short(id: usize, text: &str) -> Short {
    Short { id: id.to_string(), to: "+79161234567".to_owned(), text: text.to_owned() }
}

async fn send(act: Act) -> (Result<Receipt, SendError>, Smpp, Centre) {
    let centre = centre(act).await;
    let smpp = Smpp::new(&config(&centre.server)).expect("a gateway");
    let outcome = smpp.send(&short(1, "text")).await;
    (outcome, smpp, centre)
}

async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let mut tries = 0..500;
    while !is() {
        assert!(tries.next().is_some(), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn messages_go_over_one_connection_and_receipts_come_back() {
    let (outcome, smpp, centre) = send(Act::Deliver).await;
    let receipt = outcome.expect("accepted");
    assert_eq!((receipt.provider_id.as_str(), receipt.is_followed), ("1", true));
    for id in 2..=20 {
        smpp.send(&short(id, &"ж".repeat(100))).await.expect("accepted");
    }
    // 1 and 19 of two parts each.
    let mut deliveries = Vec::new();
    eventually("39 receipts", || {
        deliveries.extend(smpp.receipts());
        deliveries.len() == 39
    })
    .await;
    // Told by our name for it: hexadecimal.
    let last = Delivery { provider_id: "27".to_owned(), arrived: true, answer: "DELIVRD err 000".to_owned() };
    assert_eq!(deliveries.last(), Some(&last));
    let inbound = smpp.inbound().await;
    assert_eq!(inbound.first(), Some(&Inbound { from: "+79161234567".to_owned(), text: "K7F2Q9".to_owned() }));
    assert_eq!(centre.seen.lock().expect("no panic").binds, 1);
    drop(smpp);
    eventually("it unbinds", || centre.seen.lock().expect("no panic").unbinds == 1).await;
}

#[tokio::test]
async fn several_are_under_way_at_once() {
    let centre = centre(Act::Deliver).await;
    let smpp = Arc::new(Smpp::new(&config(&centre.server)).expect("a gateway"));
    let mut running = tokio::task::JoinSet::new();
    for id in 0..50 {
        let smpp = Arc::clone(&smpp);
        running.spawn(async move { smpp.send(&short(id, "text")).await });
    }
    assert!(running.join_all().await.iter().all(Result::is_ok));
    let seen = centre.seen.lock().expect("no panic");
    assert_eq!((seen.binds, seen.submits.len()), (1, 50));
}

#[tokio::test]
async fn what_goes_wrong_has_its_class() {
    let broken = send(Act::BadPassword).await.0;
    assert!(matches!(&broken, Err(SendError::Broken(told)) if told.contains("Rinvpaswd")), "{broken:?}");
    for act in [Act::HangAtBind, Act::Noise] {
        let outcome = send(act).await.0;
        assert!(matches!(outcome, Err(SendError::Passing(_))), "{act:?}: {outcome:?}");
    }
    for act in [Act::Hang, Act::Drop] {
        let outcome = send(act).await.0;
        assert!(matches!(outcome, Err(SendError::Unknown(_))), "{act:?}: {outcome:?}");
    }
    let refused = send(Act::Once(CommandStatus::EsmeRinvdstadr)).await.0;
    assert!(matches!(refused, Err(SendError::Refused(_))), "{refused:?}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let outcome = Smpp::new(&config(&closed.to_string())).expect("a gateway").send(&short(1, "text")).await;
    assert!(matches!(outcome, Err(SendError::Passing(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_throttled_message_goes_through_the_next_time() {
    let (outcome, smpp, centre) = send(Act::Once(CommandStatus::EsmeRthrottled)).await;
    assert!(matches!(outcome, Err(SendError::Passing(_))), "{outcome:?}");
    let begin = tokio::time::Instant::now();
    smpp.send(&short(1, "text")).await.expect("accepted");
    assert!(begin.elapsed() >= Duration::from_millis(900), "it waited: {:?}", begin.elapsed());
    assert_eq!(centre.seen.lock().expect("no panic").binds, 1);
}

#[tokio::test]
async fn a_connection_that_broke_is_made_anew() {
    let (outcome, smpp, centre) = send(Act::Drop).await;
    assert!(matches!(outcome, Err(SendError::Unknown(_))), "{outcome:?}");
    smpp.send(&short(1, "text")).await.expect("accepted");
    assert_eq!(centre.seen.lock().expect("no panic").binds, 2);
}

#[tokio::test]
async fn a_quiet_link_is_asked_whether_it_lives() {
    let centre = centre(Act::Deliver).await;
    let mut config = config(&centre.server);
    config.smpp.enquire_interval = Duration::from_millis(100);
    let smpp = Smpp::new(&config).expect("a gateway");
    smpp.send(&short(1, "text")).await.expect("accepted");
    eventually("two questions", || centre.seen.lock().expect("no panic").enquiries >= 2).await;
    assert_eq!(centre.seen.lock().expect("no panic").binds, 1);
}
