//! STARTTLS, TLS and signing in, with certificates made for the test.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use base64::Engine;
use rcgen::{Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{config, deliver, email, message};
use crate::channel::SendError;
use crate::channel::email::config::{Config, Security};

/// A certificate for `name`, until `year`, and its key; the authority is written to `ca_file`.
pub(super) fn identity(name: &str, year: i32, ca_file: &Path) -> (Certificate, KeyPair) {
    let key = || KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, key()).expect("an authority");
    fs::write(ca_file, authority.pem()).expect("a file");
    let mut own = CertificateParams::new([name.to_owned()]).expect("a name");
    (own.not_before, own.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(year, 1, 1));
    let own_key = key();
    (own.signed_by(&own_key, &authority).expect("a certificate"), own_key)
}

/// A server's side of TLS with such a certificate.
fn certified(name: &str, year: i32, ca_file: &Path) -> Arc<ServerConfig> {
    let (own, own_key) = identity(name, year, ca_file);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("versions").with_no_client_auth();
    let key = PrivatePkcs8KeyDer::from(own_key.serialize_der());
    Arc::new(builder.with_single_cert(vec![own.der().clone()], key.into()).expect("a key of its own"))
}

/// How the server begins.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Begin {
    /// As STARTTLS wants it.
    StartTls,
    /// Somebody on the way puts answers behind the one to STARTTLS.
    Injected,
    /// Somebody on the way puts an answer to STARTTLS, and more, behind the one to EHLO.
    InjectedEarly,
    /// TLS at once.
    Tls,
}

type Sealed = StreamOwned<ServerConnection, TcpStream>;

/// Up to TLS; then the conversation under it. The result is the whole mail, if it came.
fn serve(mut stream: TcpStream, begin: Begin, tls: &Arc<ServerConfig>) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    if begin != Begin::Tls {
        let mut lines = BufReader::new(stream.try_clone().ok()?);
        let mut hear = || lines.read_line(&mut String::new()).ok().filter(|bytes| *bytes > 0);
        stream.write_all(b"220 ready\r\n").ok()?;
        hear()?;
        let injected: &[u8] =
            b"220 go\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued as FALSE\r\n";
        stream.write_all(b"250-ready\r\n250 STARTTLS\r\n").ok()?;
        if begin == Begin::InjectedEarly {
            // Heard before the client asks, or with the answer to it: either is too much.
            stream.write_all(injected).ok()?;
        }
        hear()?;
        stream.write_all(if begin == Begin::Injected { injected } else { b"220 go\r\n" }).ok()?;
    }
    let sealed = StreamOwned::new(ServerConnection::new(Arc::clone(tls)).ok()?, stream);
    converse(BufReader::new(sealed), begin)
}

fn converse(mut lines: BufReader<Sealed>, begin: Begin) -> Option<String> {
    if begin == Begin::Tls {
        lines.get_mut().write_all(b"220 ready\r\n").ok()?;
    }
    let expect = format!("AUTH PLAIN {}", base64::engine::general_purpose::STANDARD.encode("\0alert\0hunter2"));
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        let answer = match line.trim_end().split([' ', ':']).next()? {
            "EHLO" => "250-ready\r\n250 AUTH PLAIN LOGIN\r\n",
            "AUTH" if line.trim_end() == expect => "235 2.7.0 welcome\r\n",
            "AUTH" => "535 5.7.8 bad credentials\r\n",
            "DATA" => "354 go on\r\n",
            _ => "250 2.0.0 ok\r\n",
        };
        lines.get_mut().write_all(answer.as_bytes()).ok()?;
        lines.get_mut().flush().ok()?;
        if answer.starts_with("354") {
            break;
        }
    }
    let mut mail = String::new();
    while !mail.ends_with("\r\n.\r\n") {
        lines.read_line(&mut mail).ok().filter(|bytes| *bytes > 0)?;
    }
    lines.get_mut().write_all(b"250 2.0.0 Ok: queued as 7TLS\r\n").ok()?;
    // The farewell; then the client ends.
    let _ = lines.read_to_string(&mut String::new());
    Some(mail)
}

/// One mail to a server that begins so, with a certificate for `name` until `year`. The flag tells whether it came.
fn send(begin: Begin, name: &str, year: i32, change: impl Fn(&mut Config, &Path)) -> (String, bool) {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let tls = certified(name, year, &dir.path().join("ca.pem"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = thread::spawn(move || serve(listener.accept().expect("a client").0, begin, &tls));
    let password_file = dir.path().join("password");
    fs::write(&password_file, "hunter2\n").expect("a file");
    fs::set_permissions(&password_file, fs::Permissions::from_mode(0o600)).expect("its mode");
    let security = if begin == Begin::Tls { Security::Tls } else { Security::StartTls };
    let mut config = Config {
        server: "localhost".to_owned(),
        security,
        user: "alert".to_owned(),
        password_file,
        tls_ca_file: dir.path().join("ca.pem"),
        time_limit: Duration::from_secs(5),
        // The listener has this family alone.
        bind: "127.0.0.1".to_owned(),
        ..config(port)
    };
    change(&mut config, dir.path());
    let (outcome, _) = deliver(&email(&config), &message());
    (format!("{outcome:?}"), server.join().expect("the server ended").is_some())
}

fn check(sent: (String, bool), expect: &str, told: &str) {
    assert!(sent.0.starts_with(expect) && sent.0.contains(told), "{sent:?}, not {expect} {told}");
    assert_eq!(sent.1, expect.starts_with("Ok"), "{sent:?}: the mail is there or it is not");
    assert!(!sent.0.contains("hunter2"), "{sent:?}");
}

const WAYS: [Begin; 2] = [Begin::StartTls, Begin::Tls];

#[test]
fn a_mail_goes_under_tls_with_a_password() {
    for begin in WAYS {
        check(send(begin, "localhost", 2100, |_, _| {}), "Ok(", "queued as 7TLS");
    }
}

#[test]
fn a_wrong_password_is_for_a_person_to_mend() {
    for begin in WAYS {
        let wrong = |config: &mut Config, dir: &Path| {
            fs::write(dir.join("password"), "hunter3").expect("a file");
            config.user = "alert".to_owned();
        };
        check(
            send(begin, "localhost", 2100, wrong),
            "Err(Broken",
            "535 5.7.8 bad credentials; check user and password_file",
        );
    }
}

#[test]
fn a_wrong_certificate_is_told_clearly_and_nothing_is_sent() {
    for begin in WAYS {
        check(send(begin, "other.example", 2100, |_, _| {}), "Err(Broken", "its certificate is for another name");
        check(send(begin, "localhost", 2021, |_, _| {}), "Err(Broken", "its certificate has expired");
        let unknown = |config: &mut Config, _: &Path| config.tls_ca_file = Default::default();
        check(send(begin, "localhost", 2100, unknown), "Err(Broken", "from an authority that is not trusted");
    }
}

#[test]
fn what_is_put_in_before_tls_is_not_believed() {
    for begin in [Begin::Injected, Begin::InjectedEarly] {
        check(send(begin, "localhost", 2100, |_, _| {}), "Err(Passing", "mail server localhost");
    }
}

#[test]
fn a_plain_port_is_no_tls_port() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = thread::spawn(move || listener.accept().expect("a client").0.write_all(b"220 ready\r\n"));
    let config = Config { security: Security::Tls, ..config(port) };
    let (outcome, _) = deliver(&email(&config), &message());
    assert!(
        matches!(&outcome, Err(SendError::Passing(told)) if told.contains("does this port begin with TLS?")),
        "{outcome:?}"
    );
    drop(server.join());
}
