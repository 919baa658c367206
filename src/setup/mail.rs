//! Mail: its server, the sender and whom it goes to; tried by a test mail over the very code that sends alerts.

use std::path::PathBuf;

use notifier::channel::SendError;
use notifier::channel::email::config::Security;
use notifier::channel::once::{Test, send_test};
use notifier::incident::config::Receiver;
use notifier::notice::Language;

use super::Seen;
use super::console::Console;
use super::draft::{Draft, absolute};
use super::server::host_and_port;
use super::stop::Stop;
use crate::cli::SetupArgs;

/// The channel's name.
const CHANNEL: &str = "email";

/// The language of all that is sent.
pub fn ask_language(console: &mut Console, draft: &mut Draft, given: &mut SetupArgs) -> Result<(), Stop> {
    let present = if draft.config.notifier.language == Language::Ru { "ru" } else { "en" };
    let languages = [("en", "English"), ("ru", "по-русски")];
    let wanted = console.choose("Language of messages", &languages, given.messages.language.take(), present)?;
    draft.config.notifier.language = if wanted == "ru" { Language::Ru } else { Language::En };
    Ok(())
}

pub fn ask(console: &mut Console, draft: &mut Draft, given: &mut SetupArgs) -> Result<(), Stop> {
    let flags = &mut given.messages;
    let present = &draft.config.notifier.email;
    let default = match present.server.as_str() {
        "" => String::new(),
        server if server.contains(':') => format!("[{}]:{}", server.trim_matches(['[', ']']), present.port),
        server => format!("{server}:{}", present.port),
    };
    let question = "Mail server, HOST or HOST:PORT (empty = no e-mail)";
    let server = console.ask(question, flags.mail_server.take(), &default, |text| match text {
        "" => Ok(None),
        text => host_and_port(text).map(Some),
    })?;
    let Some((host, port)) = server else {
        let fresh = notifier::channel::email::config::Config::default();
        draft.config.notifier.email = fresh;
        remove_channel(draft, CHANNEL);
        return Ok(());
    };
    let email = &mut draft.config.notifier.email;
    let host = host.trim_matches(['[', ']']).to_owned();
    let is_same = email.server == host && Some(email.port) == port;
    email.server.clone_from(&host);
    ask_way(console, draft, flags.mail_security.take(), port, is_same)?;
    ask_sign_in(console, draft, flags.mail_user.take(), flags.mail_password_file.take())?;
    let email = &draft.config.notifier.email;
    let from = match (email.from.as_str(), email.user.as_str()) {
        ("", user) if user.contains('@') => format!("Floodmark <{user}>"),
        ("", _) if host.parse::<std::net::IpAddr>().is_ok() => String::new(),
        ("", _) => format!("Floodmark <floodmark@{host}>"),
        (from, _) => from.to_owned(),
    };
    let from = console.ask("Sender, as the server lets you send", flags.mail_from.take(), &from, not_empty)?;
    draft.config.notifier.email.from = from;
    let to = receiver(draft).mail.clone();
    let to = console.ask("Mails go to", flags.mail_to.take(), &to, |text| {
        not_empty(text).and_then(|text| if text.contains('@') { Ok(text) } else { Err("NAME@DOMAIN".to_owned()) })
    })?;
    receiver(draft).mail = to;
    add_channel(&mut receiver(draft).channels, CHANNEL);
    Ok(())
}

fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("it is needed".to_owned()) } else { Ok(text.to_owned()) }
}

/// Port and protection go together.
fn ask_way(
    console: &mut Console,
    draft: &mut Draft,
    flag: Option<String>,
    port: Option<u16>,
    is_same: bool,
) -> Result<(), Stop> {
    let email = &mut draft.config.notifier.email;
    let usual = match (port, email.security) {
        (_, Security::StartTls) if is_same => "starttls",
        (_, Security::Off) if is_same => "off",
        (Some(465), _) => "tls",
        (Some(587), _) => "starttls",
        _ if email.is_loopback() => "off",
        _ => "starttls",
    };
    let options = [
        ("starttls", "encrypted before anything is said (port 587)"),
        ("tls", "encrypted from the first byte (port 465)"),
        ("off", "not encrypted: a server on this machine (port 25)"),
    ];
    let wanted = console.choose("Way to it", &options, flag, usual)?;
    let (security, usual_port) = match wanted.as_str() {
        "tls" => (Security::Tls, 465),
        "off" => (Security::Off, 25),
        _ => (Security::StartTls, 587),
    };
    (email.security, email.port) = (security, port.unwrap_or(usual_port));
    Ok(())
}

fn ask_sign_in(
    console: &mut Console,
    draft: &mut Draft,
    user: Option<String>,
    file: Option<PathBuf>,
) -> Result<(), Stop> {
    let present = draft.config.notifier.email.user.clone();
    let user = console.ask("User to sign in as (empty = none)", user, &present, |text| Ok(text.to_owned()))?;
    let kept = draft.config.notifier.email.password_file.clone();
    let is_kept = user == present && !kept.as_os_str().is_empty();
    draft.config.notifier.email.password_file = match (user.is_empty(), file) {
        (true, _) => PathBuf::new(),
        (false, Some(file)) => absolute(&file),
        (false, None) => {
            let hint = if is_kept { " (Enter = the one in its file)" } else { "" };
            match console.secret(&format!("Password of {user}{hint}"))? {
                Some(password) => draft.keep_secret("mail", password),
                None if is_kept => kept,
                None => PathBuf::new(),
            }
        }
    };
    draft.config.notifier.email.user = user;
    Ok(())
}

/// The one who is told: the first receiver, made where there is none.
pub fn receiver(draft: &mut Draft) -> &mut Receiver {
    let receivers = &mut draft.config.notifier.receiver;
    if receivers.is_empty() {
        receivers.push(Receiver { name: "admin".to_owned(), ..Receiver::default() });
    }
    &mut receivers[0]
}

/// Names a channel once.
pub fn add_channel(channels: &mut Vec<String>, name: &str) {
    if !channels.iter().any(|channel| channel == name) {
        channels.push(name.to_owned());
    }
}

/// Takes a channel from the receiver; a receiver without any other is not needed.
pub fn remove_channel(draft: &mut Draft, name: &str) {
    let Some(receiver) = draft.config.notifier.receiver.first_mut() else { return };
    for channels in [&mut receiver.channels, &mut receiver.critical_channels, &mut receiver.status_channels] {
        channels.retain(|channel| channel != name);
    }
}

pub fn test(draft: Draft) -> Seen {
    let notifier = &draft.config.notifier;
    if notifier.email.server.is_empty() {
        return Seen::Good("no e-mail".to_owned());
    }
    let to = notifier.receiver.first().map(|receiver| receiver.mail.clone()).unwrap_or_default();
    send(&draft, CHANNEL, &to)
}

/// Sends a test message by a channel, once.
pub fn send(draft: &Draft, channel: &str, to: &str) -> Seen {
    let (config, _held) = match draft.for_trial() {
        Ok(trial) => trial,
        Err(error) => return Seen::Bad(format!("no memory for a password: {error}")),
    };
    let (time_ns, utc_offset_s) = crate::commands::now_and_zone();
    let node = match config.node.name.as_str() {
        "" => crate::config::check::Machine::read().host_name,
        name => name.to_owned(),
    };
    let language = config.notifier.language;
    let page_url = config.web.public_url.as_str();
    let test = Test { channel, to, language, node: &node, page_url, time_ns, utc_offset_s };
    match send_test(&config.notifier, &test) {
        Ok(receipt) => {
            let answer = notifier::words::plain(&receipt.answer, notifier::outbox::ANSWER_CHARS_MAX, ' ');
            Seen::Good(format!("a test message to {to} was accepted: {}; see whether it arrives", answer.trim()))
        }
        Err(error @ SendError::Passing(_)) => {
            Seen::Bad(format!("{error}; is the server right, and can it be reached?"))
        }
        Err(error) => Seen::Bad(error.to_string()),
    }
}
