//! Whether the mail server can be reached and speaks.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use notifier::channel::email::config::{Config, Security};
use notifier::words::plain;

use super::Finding;

/// For the name, the connection and the greeting together.
const PATIENCE: Duration = Duration::from_secs(2);

/// Of a greeting that is told.
const GREETING_CHARS_MAX: usize = 80;

pub fn examine(config: &Config) -> Vec<Finding> {
    if config.server.is_empty() {
        return Vec::new();
    }
    let (tell, told) = mpsc::channel();
    let (server, port) = (config.server.clone(), config.port);
    let is_greeted = config.security != Security::Tls;
    // A name server cannot be hurried: the thread is left behind.
    thread::spawn(move || tell.send(reach(&server, port, is_greeted)));
    let answer =
        told.recv_timeout(PATIENCE.mul_f64(1.25)).unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")));
    vec![judge(config, answer)]
}

/// The greeting; empty where TLS comes first.
fn reach(server: &str, port: u16, is_greeted: bool) -> Result<String, String> {
    let server = server.trim_matches(['[', ']']);
    let addresses: Vec<SocketAddr> =
        (server, port).to_socket_addrs().map_err(|error| error.to_string())?.take(4).collect();
    let mut fault = "it has no address".to_owned();
    for address in &addresses {
        let part = PATIENCE / u32::try_from(addresses.len()).unwrap_or(1);
        match TcpStream::connect_timeout(address, part) {
            Ok(stream) if is_greeted => return greeting(stream),
            Ok(_) => return Ok(String::new()),
            Err(error) => fault = format!("{address}: {error}"),
        }
    }
    Err(fault)
}

fn greeting(stream: TcpStream) -> Result<String, String> {
    let told = |error: std::io::Error| format!("it is connected and says nothing: {error}");
    stream.set_read_timeout(Some(PATIENCE)).map_err(told)?;
    let mut line = String::new();
    BufReader::new(stream.take(512)).read_line(&mut line).map_err(told)?;
    Ok(line)
}

fn judge(config: &Config, answer: Result<String, String>) -> Finding {
    let place = format!("{}:{}", config.server, config.port);
    let remedy = "correct [notifier.email], or the way to the server; then `floodmark notify test email`";
    match answer {
        Err(error) => Finding::fail("mail server", format!("{place}: {error}"), remedy),
        Ok(greeting) if config.security == Security::Tls && greeting.is_empty() => {
            Finding::ok("mail server", format!("{place} can be reached"), "`floodmark notify test email` sends a mail")
        }
        Ok(greeting) => {
            let shown = plain(greeting.trim(), GREETING_CHARS_MAX, ' ');
            match greeting.starts_with("220") {
                true => Finding::ok("mail server", format!("{place} greets: {shown}"), ""),
                false => {
                    Finding::fail("mail server", format!("{place} is no mail server, or refuses us: {shown:?}"), remedy)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use notifier::channel::email::config::{Config, Security};

    use super::{examine, judge};
    use crate::doctor::Level;

    fn config(port: u16) -> Config {
        Config { server: "127.0.0.1".to_owned(), port, security: Security::Off, ..Config::default() }
    }

    #[test]
    fn a_greeting_is_heard_and_its_absence_told() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let server = std::thread::spawn(move || {
            let mut stream = listener.accept().expect("a client").0;
            stream.write_all(b"220 mail.example ESMTP\r\n").expect("taken");
        });
        let findings = examine(&config(port));
        server.join().expect("the server ends");
        assert_eq!(findings[0].level, Level::Ok, "{findings:?}");
        assert!(findings[0].what.contains("mail.example ESMTP"), "{findings:?}");
        // Nobody listens there any more.
        let findings = examine(&config(port));
        assert_eq!(findings[0].level, Level::Fail, "{findings:?}");
        assert!(findings[0].what.contains(&format!("127.0.0.1:{port}")), "{findings:?}");
        assert!(examine(&Config::default()).is_empty(), "no server, no finding");
    }

    #[test]
    fn what_answers_must_be_a_mail_server() {
        let check = |security: Security, answer: Result<&str, &str>, level: Level| {
            let config = Config { security, ..config(25) };
            let finding = judge(&config, answer.map(ToOwned::to_owned).map_err(ToOwned::to_owned));
            assert_eq!(finding.level, level, "{finding:?}");
        };
        check(Security::Off, Ok("220 x\r\n"), Level::Ok);
        check(Security::Off, Ok("554 go away\r\n"), Level::Fail);
        check(Security::StartTls, Ok("SSH-2.0-x\x1b[2J\r\n"), Level::Fail);
        check(Security::StartTls, Ok(""), Level::Fail);
        check(Security::Tls, Ok(""), Level::Ok);
        check(Security::Off, Err("refused"), Level::Fail);
    }
}
