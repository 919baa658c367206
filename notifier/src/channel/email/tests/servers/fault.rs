//! A server that misbehaves on purpose, at a step of its choice.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use super::{config, deliver, email, message};
use crate::channel::SendError;
use crate::channel::email::config::{Config, Security};

/// What the server does at a step.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Says this.
    Say(&'static str),
    /// Says nothing more.
    Hang,
    /// Closes.
    Drop,
    /// One byte in a while.
    Drip,
    /// A line without an end.
    Flood,
}

/// What a server in order says at each step.
const STEPS: [(&str, &str); 7] = [
    ("greeting", "220 ready\r\n"),
    ("EHLO", "250-ready\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n"),
    ("MAIL", "250 2.1.0 ok\r\n"),
    ("RCPT", "250 2.1.5 ok\r\n"),
    ("DATA", "354 go on\r\n"),
    ("dot", "250 2.0.0 Ok: queued as 4ABC\r\n"),
    ("QUIT", "221 bye\r\n"),
];

/// Serves one client, who may take as long as it likes; ends with the client.
fn serve(mut stream: TcpStream, step: &str, fault: Fault) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    for (name, answer) in STEPS {
        if name == "dot" {
            while line != ".\r\n" {
                line.clear();
                if lines.read_line(&mut line)? == 0 {
                    return Ok(());
                }
            }
        } else if name != "greeting" {
            line.clear();
            lines.read_line(&mut line)?;
        }
        match (name == step, fault) {
            (false, _) => stream.write_all(answer.as_bytes())?,
            (true, Fault::Say(words)) => stream.write_all(words.as_bytes())?,
            (true, Fault::Drop) => return Ok(()),
            (true, Fault::Hang) => drop(lines.read_to_end(&mut Vec::new())?),
            (true, Fault::Drip) => loop {
                stream.write_all(b"2")?;
                thread::sleep(Duration::from_millis(20));
            },
            (true, Fault::Flood) => loop {
                stream.write_all(&[b'2'; 4096])?;
            },
        }
    }
    Ok(())
}

fn server(step: &'static str, fault: Fault) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        drop(serve(stream, step, fault));
    });
    port
}

/// The outcome, as its kind and words, of a server with this fault.
fn outcome(step: &'static str, fault: Fault) -> String {
    let config = Config { time_limit: Duration::from_secs(1), ..config(server(step, fault)) };
    let (outcome, took) = deliver(&email(&config), &message());
    assert!(took < Duration::from_millis(2_500), "{step} {fault:?}: {took:?}");
    format!("{outcome:?}")
}

fn check(step: &'static str, fault: Fault, expect: &str, told: &str) {
    let outcome = outcome(step, fault);
    assert!(outcome.starts_with(expect) && outcome.contains(told), "{step} {fault:?}: {outcome}, not {expect} {told}");
}

#[test]
fn a_server_in_order_takes_the_mail() {
    check("none", Fault::Hang, "Ok(Receipt { provider_id: \"4ABC\"", "250 2.0.0 Ok: queued as 4ABC");
}

#[test]
fn silence_ends_in_time_at_every_step() {
    for (step, told) in
        [("greeting", "greeting"), ("EHLO", "greeting"), ("MAIL", "MAIL FROM"), ("RCPT", "RCPT TO"), ("DATA", "DATA")]
    {
        check(step, Fault::Hang, "Err(Passing", &format!("{told}: no answer in time"));
    }
    check("dot", Fault::Hang, "Err(Unknown", "has the whole mail and does not answer");
    // Theirs already: whether the farewell is answered does not matter.
    check("QUIT", Fault::Hang, "Ok(", "4ABC");
}

#[test]
fn a_connection_that_breaks_is_told_with_its_step() {
    for step in ["greeting", "EHLO", "MAIL", "RCPT", "DATA"] {
        check(step, Fault::Drop, "Err(Passing", "mail server 127.0.0.1:");
    }
    check("dot", Fault::Drop, "Err(Unknown", "end of the mail");
    check("QUIT", Fault::Drop, "Ok(", "4ABC");
}

#[test]
fn an_answer_that_says_no_is_told_in_its_words() {
    for step in ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot"] {
        check(step, Fault::Say("451 4.7.1 come again\r\n"), "Err(Passing", "451 4.7.1 come again");
        check(step, Fault::Say("421-4.3.2 going\r\n421 4.3.2 down\r\n"), "Err(Passing", "421 4.3.2 going down");
    }
    check("greeting", Fault::Say("554 5.7.1 not you\r\n"), "Err(Broken", "does not talk to this machine");
    check("EHLO", Fault::Say("502 what\r\n"), "Err(Broken", "ESMTP");
    check("MAIL", Fault::Say("530 5.7.0 authenticate\r\n"), "Err(Broken", "set user and password_file");
    check("MAIL", Fault::Say("553 5.7.1 not yours\r\n"), "Err(Broken", "check from");
    check("RCPT", Fault::Say("550 5.1.1 no such user\r\n"), "Err(Refused", "RCPT TO: 550 5.1.1 no such user");
    check("RCPT", Fault::Say("554 5.7.1 Relay access denied\r\n"), "Err(Broken", "does not pass mail on");
    check("RCPT", Fault::Say("552 5.2.2 full\r\n"), "Err(Passing", "full");
    check("dot", Fault::Say("552 5.3.4 too large\r\n"), "Err(Refused", "too large");
    check("dot", Fault::Say("554 5.7.1 spam\r\n"), "Err(Refused", "end of the mail: 554 5.7.1 spam");
}

#[test]
fn what_is_no_smtp_ends_in_bounds() {
    for step in ["greeting", "EHLO", "MAIL", "RCPT", "DATA"] {
        check(step, Fault::Drip, "Err(Passing", "no answer in time");
        check(step, Fault::Flood, "Err(Passing", "says too much");
        check(step, Fault::Say("HTTP/1.1 400 Bad Request\r\n"), "Err(Passing", "");
        check(step, Fault::Say("\x7f\r\n\0\r\n"), "Err(Passing", "");
    }
    check("dot", Fault::Flood, "Err(Unknown", "says too much");
    check("dot", Fault::Drip, "Err(Unknown", "does not answer");
    check("dot", Fault::Say("yes\r\n"), "Err(Unknown", "end of the mail");
    // What is said in advance is not taken for an answer.
    check(
        "EHLO",
        Fault::Say("250 hello\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"),
        "Err(Passing",
        "out of turn",
    );
}

#[test]
fn a_server_that_offers_no_starttls_gets_nothing() {
    let config = Config { security: Security::StartTls, ..config(server("none", Fault::Hang)) };
    let (outcome, _) = deliver(&email(&config), &message());
    assert!(matches!(&outcome, Err(SendError::Broken(told)) if told.contains("no STARTTLS")), "{outcome:?}");
}

#[test]
fn a_closed_port_and_a_name_that_is_none_are_passing() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let (outcome, _) = deliver(&email(&config(port)), &message());
    assert!(matches!(&outcome, Err(SendError::Passing(told)) if told.contains("refused")), "{outcome:?}");
    let elsewhere = Config { bind: "::1".to_owned(), ..config(port) };
    let (outcome, _) = deliver(&email(&elsewhere), &message());
    assert!(matches!(&outcome, Err(SendError::Passing(told)) if told.contains("family of bind")), "{outcome:?}");
    let nowhere = Config { bind: "198.51.100.77".to_owned(), ..config(port) };
    let (outcome, _) = deliver(&email(&nowhere), &message());
    assert!(matches!(&outcome, Err(SendError::Broken(told)) if told.contains("notifier.email.bind")), "{outcome:?}");
}

#[test]
fn a_recipient_that_is_none_is_refused_before_a_connection() {
    for to in ["", "nobody", "a@b\r\nBcc: c@d", "<a@b>", "a b@c"] {
        let (outcome, _) = deliver(&email(&config(1)), &crate::channel::Message { to: to.to_owned(), ..message() });
        assert!(
            matches!(&outcome, Err(SendError::Refused(told)) if told.contains("no e-mail address")),
            "{to:?}: {outcome:?}"
        );
    }
}
