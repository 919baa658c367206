//! The real smsd of smstools with a modem of the test's own, which speaks AT over TCP and keeps what it is given.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use faults::hostile::strings;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::super::Sms;
use super::super::config::{Gateway, Kind};
use super::super::encode::{from_gsm7_octets, from_ucs2_octets};
use super::{eventually, hostile, message, program, said};
use crate::channel::{Delivery, Message};
use crate::notice::Language;

/// One short message as it went on the air (3GPP 23.040 §9.2.2.2, SMS-SUBMIT).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    to: String,
    text: String,
    wants_report: bool,
    /// In units of five minutes, less one.
    validity: u8,
}

/// What the modem knows; shared with the thread that speaks.
#[derive(Default)]
struct Memory {
    sent: Mutex<Vec<Sent>>,
    /// Received messages by their place, as hexadecimal digits.
    received: Mutex<BTreeMap<usize, String>>,
    /// The network refuses everything.
    refuses: AtomicBool,
}

struct Modem {
    memory: Arc<Memory>,
    port: u16,
}

impl Modem {
    fn start() -> Modem {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let memory = Arc::<Memory>::default();
        let own = Arc::clone(&memory);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Ends with smsd.
                let _ = speak(stream, &own);
            }
        });
        Modem { memory, port }
    }

    fn sent(&self) -> Vec<Sent> {
        self.memory.sent.lock().expect("no panic").clone()
    }

    fn receive(&self, place: usize, octets: &[u8]) {
        let hex = octets.iter().map(|octet| format!("{octet:02X}")).collect();
        self.memory.received.lock().expect("no panic").insert(place, hex);
    }
}

fn speak(mut stream: TcpStream, memory: &Memory) -> std::io::Result<()> {
    let (mut command, mut is_text) = (Vec::new(), false);
    let mut byte = [0];
    loop {
        stream.read_exact(&mut byte)?;
        match byte[0] {
            0x1a if is_text => {
                is_text = false;
                let answer = take(&String::from_utf8_lossy(&command), memory);
                stream.write_all(answer.as_bytes())?;
                command.clear();
            }
            b'\r' if !is_text => {
                let text = String::from_utf8_lossy(&command).trim().to_owned();
                command.clear();
                is_text = text.starts_with("AT+CMGS=");
                let answer = if is_text { "\r\n> ".to_owned() } else { answer(&text, memory) };
                stream.write_all(answer.as_bytes())?;
            }
            other => command.push(other),
        }
    }
}

/// A message that was typed after `AT+CMGS`.
fn take(hex: &str, memory: &Memory) -> String {
    if memory.refuses.load(Ordering::Relaxed) {
        return "\r\n+CMS ERROR: 38\r\n".to_owned();
    }
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let octets: Vec<u8> = digits
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("digits"))
        .collect();
    let mut sent = memory.sent.lock().expect("no panic");
    sent.push(submitted(&octets));
    format!("\r\n+CMGS: {}\r\n\r\nOK\r\n", sent.len() % 256)
}

fn answer(command: &str, memory: &Memory) -> String {
    let mut received = memory.received.lock().expect("no panic");
    let place = || command.split(['=', ',']).nth(1).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let told = match command {
        "AT+CPIN?" => "+CPIN: READY".to_owned(),
        "AT+CREG?" => "+CREG: 0,1".to_owned(),
        "AT+CSQ" => "+CSQ: 20,99".to_owned(),
        "AT+CPMS?" => {
            let used = received.len();
            format!("+CPMS: \"SM\",{used},10,\"SM\",{used},10,\"SM\",{used},10")
        }
        _ if command.starts_with("AT+CMGR=") => match received.get(&place()) {
            Some(hex) => format!("+CMGR: 0,,{}\r\n{hex}", hex.len() / 2 - 8),
            None => return "\r\n+CMS ERROR: 321\r\n".to_owned(),
        },
        _ if command.starts_with("AT+CMGD=") => {
            received.remove(&place());
            String::new()
        }
        _ => String::new(),
    };
    if told.is_empty() { "\r\nOK\r\n".to_owned() } else { format!("\r\n{told}\r\n\r\nOK\r\n") }
}

/// Digits two in an octet, the low one first, a last half filled with ones.
fn swapped(digits: &str) -> Vec<u8> {
    let digit = |text: Option<&u8>| text.map_or(0xf, |byte| byte - b'0');
    digits.as_bytes().chunks(2).map(|pair| digit(pair.get(1)) << 4 | digit(pair.first())).collect()
}

fn submitted(octets: &[u8]) -> Sent {
    let after_centre = &octets[1 + usize::from(octets[0])..];
    let [first, _reference, length, _kind, rest @ ..] = after_centre else { panic!("{octets:02x?}") };
    let (number, rest) = rest.split_at(usize::from(*length).div_ceil(2));
    let digits = number.iter().flat_map(|octet| [octet & 0xf, octet >> 4]).take(usize::from(*length));
    let to = digits.map(|digit| char::from(b'0' + digit)).collect();
    let [_protocol, coding, validity, units, data @ ..] = rest else { panic!("{octets:02x?}") };
    assert_eq!(first & 0x1b, 0x11, "SUBMIT with a relative validity");
    assert_eq!(first & 0x40, 0, "one part");
    let text = match coding {
        0 => from_gsm7_octets(&unpacked(data, usize::from(*units))),
        8 => from_ucs2_octets(data),
        other => panic!("coding {other}"),
    };
    Sent { to, text, wants_report: first & 0x20 != 0, validity: *validity }
}

/// Septets, one in an octet (3GPP 23.038 §6.1.2.1).
fn unpacked(data: &[u8], count: usize) -> Vec<u8> {
    let bit = |at: usize| data.get(at / 8).map_or(0, |octet| octet >> (at % 8) & 1);
    (0..count).map(|septet| (0..7).map(|at| bit(septet * 7 + at) << at).sum()).collect()
}

/// A status report (SMS-STATUS-REPORT, §9.2.2.3) on message `reference`.
fn report(to: &str, reference: u8, status: u8) -> Vec<u8> {
    let mut octets = vec![7, 0x91, 0x97, 0x61, 0x98, 0x99, 0x01, 0xf0, 0x06, reference];
    octets.extend([u8::try_from(to.len()).expect("short"), 0x91]);
    octets.extend(swapped(to));
    octets.extend([0x62, 0x80, 0x91, 0x50, 0x53, 0x00, 0x21].repeat(2));
    octets.push(status);
    octets
}

/// A person's message (SMS-DELIVER, §9.2.2.1) in UCS-2.
fn delivered(from: &str, text: &str) -> Vec<u8> {
    let mut octets = vec![7, 0x91, 0x97, 0x61, 0x98, 0x99, 0x01, 0xf0, 0x04];
    octets.extend([u8::try_from(from.len()).expect("short"), 0x91]);
    octets.extend(swapped(from));
    octets.extend([0, 8, 0x62, 0x80, 0x91, 0x50, 0x53, 0x00, 0x21]);
    let data: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    octets.push(u8::try_from(data.len()).expect("short"));
    octets.extend(data);
    octets
}

/// smsd and the processes that it starts end with the test.
struct Smsd(Child);

impl Drop for Smsd {
    fn drop(&mut self) {
        // Its own group: nobody else's processes are in it.
        if let Ok(group) = i32::try_from(self.0.id()) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.0.wait();
    }
}

fn smsd(root: &Path, modem: &Modem) -> Smsd {
    let place = root.display();
    for folder in ["outgoing", "checked", "incoming", "sent", "failed"] {
        fs::create_dir(root.join(folder)).expect("a folder");
    }
    let text = format!(
        "devices = M\noutgoing = {place}/outgoing\nchecked = {place}/checked\nincoming = {place}/incoming\n\
         sent = {place}/sent\nfailed = {place}/failed\nlogfile = {place}/smsd.log\ninfofile = {place}/info\n\
         pidfile = {place}/pid\nloglevel = 7\ndelaytime = 1\ndelaytime_mainprocess = 1\nerrorsleeptime = 1\n\
         blocktime = 1\nautosplit = 3\n\n\
         [M]\ndevice = @127.0.0.1:{}\nincoming = yes\nsend_retries = 0\n",
        modem.port
    );
    fs::write(root.join("smsd.conf"), text).expect("a file");
    let mut command = Command::new(program("smsd", "smstools"));
    command.arg("-t").arg(format!("-c{place}/smsd.conf")).current_dir(root).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Smsd(command.spawn().expect("it starts"))
}

fn gateway(root: &Path) -> Sms {
    let config = Gateway {
        name: "modem".to_owned(),
        kind: Kind::Smstools,
        folder: root.to_path_buf(),
        inbound: true,
        ..Gateway::default()
    };
    Sms::new(&config).expect("a gateway")
}

/// What became of messages, until `count` are known.
async fn fates(sms: &Sms, count: usize, root: &Path) -> Vec<Delivery> {
    let (mut known, mut tries) = (Vec::new(), 0..1_500);
    while known.len() < count {
        assert!(tries.next().is_some(), "{known:?}\n{}", said(root, "smsd.log"));
        known.extend(sms.receipts().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    known
}

#[tokio::test]
async fn smstools_sends_and_tells_what_became_of_it() {
    const NUMBER: &str = "79161234567";
    let dir = tempfile::tempdir().expect("a scratch folder");
    let modem = Modem::start();
    let _smsd = smsd(dir.path(), &modem);
    let sms = gateway(dir.path());
    let texts = [(Language::En, "a [b] 5€ é Ω"), (Language::Ru, "Диск"), (Language::En, "first")];
    let mut names = Vec::new();
    for (at, (language, words)) in texts.into_iter().enumerate() {
        let notice = message(&format!("m{at}"), language, words);
        names.push(sms.deliver(&notice).await.expect("in the spool").provider_id);
        // One after the other, so that the modem's numbers are known.
        eventually("the modem has it", || modem.sent().len() == at + 1).await;
    }
    let expect = [
        "19 Aug 02:35 web1 a [b] 5€ é Ω! URGENT!",
        "19.08 02:35 web1 Диск! СРОЧНО!",
        "19 Aug 02:35 web1 first! URGENT!",
    ];
    let expect =
        expect.map(|text| Sent { to: NUMBER.to_owned(), text: text.to_owned(), wants_report: true, validity: 5 });
    assert_eq!(modem.sent(), expect, "each character, a report wanted, valid for 30 min");
    eventually("they are in sent/", || names.iter().all(|name| dir.path().join("sent").join(name).exists())).await;
    assert!(sms.receipts().await.is_empty(), "the network has not said anything yet");

    // The network's word on two of them; on the third it still tries.
    modem.receive(1, &report(NUMBER, 1, 0x00));
    modem.receive(2, &report(NUMBER, 2, 0x46));
    modem.receive(3, &report(NUMBER, 3, 0x30));
    let fates_ = fates(&sms, 2, dir.path()).await;
    let fate = |name: &str| fates_.iter().find(|fate| fate.provider_id == name).map(|fate| fate.arrived);
    assert_eq!([0, 1, 2].map(|at| fate(&names[at])), [Some(true), Some(false), None], "{fates_:?}");

    // A person answers; reports are nobody's answers.
    modem.receive(4, &delivered(NUMBER, "K7F2Q9"));
    let (mut answers, mut tries) = (Vec::new(), 0..1_500);
    while answers.is_empty() {
        assert!(tries.next().is_some(), "{}", said(dir.path(), "smsd.log"));
        answers = sms.inbound().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(matches!(&answers[..], [one] if one.from == format!("+{NUMBER}") && one.text == "K7F2Q9"), "{answers:?}");

    // The network refuses: smsd gives up.
    modem.memory.refuses.store(true, Ordering::Relaxed);
    let name = sms.deliver(&message("m9", Language::En, "refused")).await.expect("in the spool").provider_id;
    let fates = fates(&sms, 1, dir.path()).await;
    assert!(matches!(&fates[..], [one] if one.provider_id == name && !one.arrived), "{fates:?}");
    assert!(dir.path().join("failed").join(name).exists() && fates[0].answer.contains("CMS ERROR: 38"), "{fates:?}");
}

/// Of the hostile names some by the real program: as many messages on the air as were handed over, each as it was put
/// into words, to the one number.
#[tokio::test]
async fn hostile_names_are_one_message_each_on_the_air() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let modem = Modem::start();
    let _smsd = smsd(dir.path(), &modem);
    let sms = gateway(dir.path());
    let mut expect = Vec::new();
    for (at, name) in strings(faults::runs(60, 1_000)).enumerate() {
        let notice = hostile::notice(at, &name);
        expect.push(sms.preview(&notice).0.trim_end().to_owned());
        let message = Message { id: format!("h{at}"), to: "+79161234567".to_owned(), notice, ..Message::default() };
        sms.deliver(&message).await.expect("in the spool");
        // Not more than smsd can keep up with: all must be on the air within the bound below.
        eventually("the modem keeps up", || modem.sent().len() + 50 > at).await;
    }
    eventually("all are on the air", || modem.sent().len() >= expect.len()).await;
    let mut sent: Vec<_> = modem.sent().into_iter().map(|sent| (sent.to, sent.text.trim_end().to_owned())).collect();
    let mut expect: Vec<_> = expect.into_iter().map(|text| ("79161234567".to_owned(), text)).collect();
    sent.sort();
    expect.sort();
    assert_eq!(sent, expect);
}
