//! verdict: what a mail server's answer, or its silence, means for a mail.

use lettre::transport::smtp;

use crate::channel::SendError;
use crate::channel::tls::certificate_fault;
use crate::words::line;

/// Characters of the server's own words in an error.
const WORDS_CHARS_MAX: usize = 160;

/// Where in the conversation it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Connect,
    Tls,
    Greeting,
    StartTls,
    SignIn,
    Sender,
    Recipient,
    Data,
    Content,
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Step::Connect => "connecting",
            Step::Tls => "TLS",
            Step::Greeting => "greeting",
            Step::StartTls => "STARTTLS",
            Step::SignIn => "signing in",
            Step::Sender => "MAIL FROM",
            Step::Recipient => "RCPT TO",
            Step::Data => "DATA",
            Step::Content => "end of the mail",
        }
    }
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Passing,
    Refused,
    Broken(&'static str),
}

/// The time ended in `step`.
pub(super) fn silence(server: &str, step: Step) -> SendError {
    SendError::Passing(format!("mail server {server}, {}: no answer in time", step.name()))
}

/// `error` ended `step`. A connection that breaks before the end of the mail leaves nothing behind.
pub(super) fn of(server: &str, step: Step, error: &smtp::Error) -> SendError {
    let place = format!("mail server {server}, {}", step.name());
    let words = error.to_string();
    if let Some(code) = error.status() {
        let code = u16::from(code);
        // Behind "permanent error (550): ".
        let said = words.split_once("): ").map_or("", |(_, said)| said);
        let told = format!("{place}: {code} {}", line(&said.replace(['\r', '\n'], " "), WORDS_CHARS_MAX));
        return match of_reply(step, code, said) {
            Meaning::Passing => SendError::Passing(told),
            Meaning::Refused => SendError::Refused(told),
            Meaning::Broken(remedy) => SendError::Broken(format!("{told}; {remedy}")),
        };
    }
    if let Some(fault) = certificate_fault(error) {
        return SendError::Broken(format!(
            "{place}: {fault}; renew it, set tls_ca_file, or name the server as the certificate does"
        ));
    }
    let told = format!("{place}: {}", line(&deepest(error), WORDS_CHARS_MAX));
    match (error.is_client(), step) {
        (true, Step::SignIn) => SendError::Broken(format!(
            "{told}; the server offers neither PLAIN nor LOGIN here: set security to what it wants, or remove user"
        )),
        (true, _) => SendError::Broken(told),
        // What is unreadable after the whole mail may have been a yes.
        (_, Step::Content) => SendError::Unknown(told),
        _ => SendError::Passing(told),
    }
}

fn deepest(error: &smtp::Error) -> String {
    let mut deepest: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// RFC 5321 (4.2), RFC 3463 (enhanced codes), RFC 4954 (signing in).
fn of_reply(step: Step, code: u16, said: &str) -> Meaning {
    let is_enhanced = |code: &str| said.starts_with(code);
    match (code, step) {
        (..500, _) => Meaning::Passing,
        (500..=504, Step::Greeting) => Meaning::Broken("it does not speak ESMTP; check server and port"),
        (_, Step::Greeting | Step::Connect | Step::Tls) => {
            Meaning::Broken("it does not talk to this machine; ask its administrator, or use another server")
        }
        (_, Step::StartTls) => Meaning::Broken("it refuses to encrypt; check port and security"),
        (_, Step::SignIn) => Meaning::Broken("check user and password_file"),
        (530 | 535 | 538, _) => Meaning::Broken("it wants a user: set user and password_file"),
        // Full mailboxes are emptied (RFC 5321, 4.5.3.1.10, also wants 552 after RCPT taken for passing).
        (552, Step::Recipient) => Meaning::Passing,
        (552, Step::Content) if is_enhanced("5.2.2") => Meaning::Passing,
        (552, _) => Meaning::Refused,
        (_, Step::Sender) => Meaning::Broken("it does not take mail from this sender; check from and user"),
        (_, Step::Recipient) if said.to_ascii_lowercase().contains("relay") => Meaning::Broken(
            "it does not pass mail on for this machine; set user and password_file, or use another server",
        ),
        (500..=504, Step::Data) => Meaning::Broken("it does not understand; is it a mail server?"),
        _ => Meaning::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::{Meaning, Step, of_reply};

    #[test]
    fn an_answer_is_judged_by_its_code_and_its_place() {
        let check = |step: Step, code: u16, said: &str, expect: &str| {
            let meaning = format!("{:?}", of_reply(step, code, said));
            assert!(meaning.starts_with(expect), "{step:?} {code} {said}: {meaning}, not {expect}");
        };
        for step in
            [Step::Greeting, Step::StartTls, Step::SignIn, Step::Sender, Step::Recipient, Step::Data, Step::Content]
        {
            check(step, 421, "4.3.2 shutting down", "Passing");
            check(step, 451, "4.7.1 greylisted", "Passing");
            assert_ne!(of_reply(step, 550, "5.0.0"), Meaning::Passing);
        }
        check(Step::Greeting, 554, "5.7.1 no service", "Broken");
        check(Step::SignIn, 535, "5.7.8 bad", "Broken(\"check user");
        check(Step::SignIn, 454, "4.7.0 later", "Passing");
        check(Step::Sender, 530, "5.7.0 authenticate first", "Broken(\"it wants a user");
        check(Step::Sender, 553, "5.7.1 not owned by user", "Broken");
        check(Step::Sender, 552, "5.3.4 too large", "Refused");
        check(Step::Recipient, 550, "5.1.1 no such user", "Refused");
        check(Step::Recipient, 554, "5.7.1 <x@y>: Relay access denied", "Broken");
        check(Step::Recipient, 550, "5.7.1 blocked", "Refused");
        check(Step::Recipient, 552, "5.2.2 mailbox full", "Passing");
        check(Step::Recipient, 452, "4.2.2 mailbox full", "Passing");
        check(Step::Content, 552, "5.2.2 mailbox full", "Passing");
        check(Step::Content, 552, "5.3.4 too large", "Refused");
        check(Step::Content, 554, "5.7.1 looks like spam", "Refused");
        check(Step::Data, 502, "what?", "Broken");
    }
}
