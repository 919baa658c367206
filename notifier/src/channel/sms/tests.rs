//! The gateways against real servers of the distribution: Kannel with its fake centre, gammu-smsd with a dummy phone,
//! smstools with a modem of the test's own.
//! Each is started here, in a folder and on ports of its own, and ended at the end of its test.

mod hostile;
mod smstools;

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use faults::recorder::Recorder;
use live::incident::{Incident, Severity, Words};

use super::Sms;
use super::config::{Gateway, Kind, Preset, Smpp as SmppConfig};
use crate::channel::{Message, Receipt, SendError};
use crate::notice::{Language, Notice};

/// Where the distribution puts them.
const PLACES: [&str; 5] = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/usr/lib/kannel/test"];

/// A server that ends with its test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(name: &str, package: &str) -> PathBuf {
    let found = PLACES.iter().map(|place| Path::new(place).join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: `apt-get install --no-install-recommends {package}`"))
}

/// Starts a server; what it says goes to `log` in `dir`.
fn start(dir: &Path, program: &Path, arguments: &[&str], log: &str) -> Server {
    let log = File::create(dir.join(log)).expect("a log");
    let errors = log.try_clone().expect("a descriptor");
    let mut command = Command::new(program);
    command.args(arguments).current_dir(dir).stdin(Stdio::null()).stdout(log).stderr(errors);
    Server(command.spawn().expect("it starts"))
}

async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let mut tries = 0..1_500;
    while !is() {
        assert!(tries.next().is_some(), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn said(dir: &Path, log: &str) -> String {
    String::from_utf8_lossy(&fs::read(dir.join(log)).unwrap_or_default()).into_owned()
}

fn message(id: &str, language: Language, words: &str) -> Message {
    let incident = Incident {
        summary: Words { en: words.to_owned(), ru: words.to_owned() },
        severity: Severity::Critical,
        ..Incident::default()
    };
    let notice = Notice {
        language,
        node: "web1".to_owned(),
        time_ns: 1_787_106_900_000_000_000,
        severity: Severity::Critical,
        incidents: vec![incident],
        ..Notice::default()
    };
    Message { id: id.to_owned(), to: "+79161234567".to_owned(), notice, attempt: 1, ..Message::default() }
}

fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    // All at once, so that they differ.
    let held = [(); COUNT].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    std::array::from_fn(|at| held[at].local_addr().expect("an address").port())
}

struct Kannel {
    dir: tempfile::TempDir,
    ports: [u16; 4],
    _bearerbox: Server,
    _smsbox: Server,
}

impl Kannel {
    async fn start() -> Kannel {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let ports @ [admin, boxes, centre, http] = free_ports();
        let text = format!(
            "group = core\nadmin-port = {admin}\nsmsbox-port = {boxes}\nadmin-password = a\nbox-allow-ip = 127.0.0.1\n\
             dlr-storage = internal\n\ngroup = smsc\nsmsc = fake\nsmsc-id = F\nport = {centre}\n\
             connect-allow-ip = 127.0.0.1\n\ngroup = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {http}\n\n\
             group = sendsms-user\nusername = floodmark\npassword = s&cret\nmax-messages = 5\nconcatenation = true\n"
        );
        fs::write(dir.path().join("kannel.conf"), text).expect("a file");
        fs::write(dir.path().join("secret"), "s&cret\n").expect("a file");
        let secret = dir.path().join("secret");
        fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("its mode");
        let arguments = ["-v", "0", "kannel.conf"];
        let bearerbox = start(dir.path(), &program("bearerbox", "kannel"), &arguments, "bearerbox.log");
        eventually("bearerbox listens", || said(dir.path(), "bearerbox.log").contains("Start-up done")).await;
        let smsbox = start(dir.path(), &program("smsbox", "kannel"), &arguments, "smsbox.log");
        eventually("smsbox listens", || std::net::TcpStream::connect(("127.0.0.1", http)).is_ok()).await;
        Kannel { dir, ports, _bearerbox: bearerbox, _smsbox: smsbox }
    }

    fn centre(&self) -> Server {
        let port = self.ports[2].to_string();
        let arguments = ["-H", "127.0.0.1", "-r", &port, "-i", "1", "-m", "0", "123 234 text nop"];
        start(self.dir.path(), &program("fakesmsc", "kannel-extras"), &arguments, "fakesmsc.log")
    }

    fn gateway(&self, receipts: &Recorder) -> Gateway {
        Gateway {
            name: "kannel".to_owned(),
            preset: Preset::Kannel,
            url: format!("http://127.0.0.1:{}", self.ports[3]),
            user: "floodmark".to_owned(),
            secret_file: self.dir.path().join("secret"),
            from: "4321".to_owned(),
            segments_max: 3,
            receipt_url: format!("http://{}/?id={{{{id}}}}&type=%d&smsc=%F", receipts.address()),
            ..Gateway::default()
        }
    }
}

#[tokio::test]
async fn kannel_takes_messages_keeps_them_for_its_centre_and_tells_what_became_of_them() {
    let receipts = Recorder::http("");
    let kannel = Kannel::start().await;
    let config = kannel.gateway(&receipts);
    let sms = Sms::new(&config).expect("a gateway");
    // The centre is away: Kannel keeps it.
    let begin = Duration::from_secs(5);
    let queued = tokio::time::timeout(begin, sms.deliver(&message("m0", Language::En, "kept"))).await;
    let queued = queued.expect("accepted within 5 s").expect("accepted");
    assert!(queued.answer.starts_with("3: Queued") || queued.answer.starts_with("0: Accepted"), "{queued:?}");
    let centre = kannel.centre();
    let got = |part: &str| said(kannel.dir.path(), "fakesmsc.log").contains(part);
    eventually("the kept one arrives", || got("<4321 +79161234567 text 19 Aug 02:35 web1 kept! URGENT!>")).await;

    let receipt = sms.deliver(&message("m1", Language::En, "a&b + [c] 50%")).await.expect("accepted");
    assert_eq!(receipt, Receipt { answer: "0: Accepted for delivery".to_owned(), ..Receipt::default() });
    eventually("each character arrives", || got("web1 a&b + [c] 50%! URGENT!>")).await;
    sms.deliver(&message("m2", Language::Ru, "Диск")).await.expect("accepted");
    // fakesmsc shows UCS-2 in the encoding of URLs: "Диск".
    eventually("Cyrillic arrives", || got("ucs-2") && got("%04%14%048%04A%04%3A")).await;
    // Delivery receipts, by Kannel's call to the URL.
    let told =
        |id: &str, kind: &str| receipts.taken().iter().any(|taken| taken.to.contains(&format!("id={id}&type={kind}")));
    eventually("receipts for m1", || told("m1", "8") && told("m1", "1")).await;

    let wrong = kannel.dir.path().join("wrong");
    fs::write(&wrong, "wrong\n").expect("a file");
    fs::set_permissions(&wrong, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("its mode");
    let sms = Sms::new(&Gateway { secret_file: wrong, ..config }).expect("a gateway");
    let refused = sms.deliver(&message("m3", Language::En, "x")).await;
    assert!(matches!(&refused, Err(SendError::Broken(told)) if told.contains("403")), "{refused:?}");
    drop(centre);
}

#[tokio::test]
async fn kannels_smpp_centre_takes_messages() {
    let kannel = Kannel::start().await;
    let [port] = free_ports();
    // It serves as long as it has messages of its own to send, which nobody takes here.
    let text = port.to_string();
    let arguments = ["-v", "0", "-p", &text, "-m", "1000"];
    let _centre = start(kannel.dir.path(), &program("drive_smpp", "kannel-extras"), &arguments, "smpp.log");
    eventually("it listens", || said(kannel.dir.path(), "smpp.log").lines().count() > 0).await;
    let config = Gateway {
        name: "smpp".to_owned(),
        kind: Kind::Smpp,
        user: "foo".to_owned(),
        from: "4321".to_owned(),
        time_limit: Duration::from_secs(5),
        smpp: SmppConfig { server: format!("127.0.0.1:{port}"), transceiver: false, ..SmppConfig::default() },
        ..Gateway::default()
    };
    let sms = Sms::new(&config).expect("a gateway");
    let mut outcome = sms.deliver(&message("m1", Language::En, "first")).await;
    let mut tries = 0..100;
    while matches!(outcome, Err(SendError::Passing(_))) && tries.next().is_some() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        outcome = sms.deliver(&message("m1", Language::En, "first")).await;
    }
    let log = || said(kannel.dir.path(), "smpp.log");
    assert!(outcome.is_ok(), "{outcome:?}\n{}", log());
    sms.deliver(&message("m2", Language::Ru, "Диск")).await.expect("accepted");
    eventually("both are there", || log().matches("submit_sm").count() >= 2).await;
}

#[tokio::test]
async fn gammu_sends_what_lies_in_its_spool() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let root = dir.path().display();
    for folder in ["inbox", "outbox", "sent", "error", "phone"] {
        fs::create_dir(dir.path().join(folder)).expect("a folder");
    }
    let text = format!(
        "[gammu]\nmodel = dummy\nconnection = none\ndevice = {root}/phone\n[smsd]\nservice = files\nlogfile = stderr\n\
         debuglevel = 1\ninboxpath = {root}/inbox/\noutboxpath = {root}/outbox/\nsentsmspath = {root}/sent/\n\
         errorsmspath = {root}/error/\ntransmitformat = auto\ncommtimeout = 1\nsendtimeout = 5\nloopsleep = 1\n"
    );
    fs::write(dir.path().join("smsdrc"), text).expect("a file");
    let _smsd = start(dir.path(), &program("gammu-smsd", "gammu-smsd"), &["-c", "smsdrc"], "smsd.log");
    let config = Gateway {
        name: "modem".to_owned(),
        kind: Kind::Gammu,
        folder: dir.path().to_path_buf(),
        inbound: true,
        ..Gateway::default()
    };
    let sms = Sms::new(&config).expect("a gateway");
    let first = sms.deliver(&message("m1", Language::En, "first")).await.expect("in the spool");
    let second = sms.deliver(&message("m2", Language::Ru, "Диск")).await.expect("in the spool");
    let mut arrived = Vec::new();
    let mut tries = 0..300;
    while arrived.len() < 2 && tries.next().is_some() {
        arrived.extend(sms.receipts().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let log = said(dir.path(), "smsd.log");
    assert_eq!(arrived.len(), 2, "{log}");
    assert!(arrived.iter().all(|delivery| delivery.arrived), "{arrived:?}");
    assert!(arrived.iter().any(|delivery| delivery.provider_id == first.provider_id));
    assert!(arrived.iter().any(|delivery| delivery.provider_id == second.provider_id));
    assert!(log.contains("\"+79161234567\" with text \"19 Aug 02:35 web1 first! URGENT!\""), "{log}");
}
