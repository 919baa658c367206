//! Short messages: the number and the gateway, of which only what it needs is asked; tried by a test message.

use std::path::PathBuf;

use notifier::channel::sms::config::{Custom, Gateway, Kind, Preset};
use notifier::channel::sms::number;

use super::Seen;
use super::console::Console;
use super::draft::{Draft, absolute};
use super::mail::{add_channel, receiver, remove_channel, send};
use super::server::Server;
use super::stop::Stop;
use crate::cli::SetupArgs;

/// The channel's name where there is none yet.
const CHANNEL: &str = "sms";

/// Word, meaning, kind, preset, and the names of user, secret and sender; an empty name is not asked for.
const GATEWAYS: [(&str, &str, Kind, Preset, [&str; 3]); 9] = [
    ("twilio", "Twilio", Kind::Http, Preset::Twilio, ["Account SID", "Auth token", "Sender (a number of yours there)"]),
    ("vonage", "Vonage", Kind::Http, Preset::Vonage, ["API key", "API secret", "Sender"]),
    ("smsru", "SMS.ru", Kind::Http, Preset::Smsru, ["", "api_id", "Sender (empty = the provider's)"]),
    ("smscru", "SMSC.ru", Kind::Http, Preset::Smscru, ["Login", "Password", "Sender (empty = the provider's)"]),
    ("kannel", "Kannel", Kind::Http, Preset::Kannel, ["Username", "Password", "Sender (empty = the gateway's)"]),
    (
        "http",
        "another gateway by HTTP",
        Kind::Http,
        Preset::Custom,
        ["User (empty = none)", "Secret", "Sender (empty = none)"],
    ),
    ("smstools", "a modem with smstools", Kind::Smstools, Preset::Custom, ["", "", ""]),
    ("gammu", "a modem with gammu-smsd", Kind::Gammu, Preset::Custom, ["", "", ""]),
    ("smpp", "SMPP 3.4", Kind::Smpp, Preset::Custom, ["system_id", "Password", "Sender (empty = the provider's)"]),
];

pub fn ask(console: &mut Console, draft: &mut Draft, given: &mut SetupArgs) -> Result<(), Stop> {
    let phone = receiver_phone(draft);
    let question = "Phone number, +COUNTRY… (empty = no short messages)";
    let phone = console.ask(question, given.messages.phone.take(), &phone, |text| match text {
        "" => Ok(String::new()),
        text => number::parse(text).ok_or_else(|| number::ALLOWED.to_owned()),
    })?;
    if phone.is_empty() {
        if !draft.config.notifier.receiver.is_empty() {
            receiver(draft).phone.clear();
        }
        for name in draft.config.notifier.sms.iter().map(|gateway| gateway.name.clone()).collect::<Vec<_>>() {
            remove_channel(draft, &name);
        }
        drop_idle_receiver(draft);
        return Ok(());
    }
    let present = draft.config.notifier.sms.first().cloned();
    let word = present.as_ref().map_or("twilio", word_of);
    let options = GATEWAYS.map(|(word, meaning, ..)| (word, meaning));
    let word = console.choose("Gateway", &options, given.messages.sms_gateway.take(), word)?;
    let mut gateway = match present {
        Some(present) if word_of(&present) == word => present,
        // What another gateway wanted is of no use for this one.
        other => Gateway { name: other.map_or(CHANNEL.to_owned(), |other| other.name), ..Gateway::default() },
    };
    let Some((.., kind, preset, names)) = GATEWAYS.into_iter().find(|(known, ..)| *known == word) else {
        return Err(Stop::Wrong(format!("{word:?} is no gateway")));
    };
    (gateway.kind, gateway.preset) = (kind, preset);
    ask_place(console, &mut gateway, given)?;
    ask_account(console, draft, &mut gateway, names, given)?;
    let name = gateway.name.clone();
    match draft.config.notifier.sms.first_mut() {
        Some(present) => *present = gateway,
        None => draft.config.notifier.sms.push(gateway),
    }
    let told = receiver(draft);
    told.phone = phone;
    // Beside e-mail short messages are for what is critical; alone they are for all.
    let is_beside = told.channels.iter().any(|channel| channel == "email");
    let lists = if is_beside { &mut told.critical_channels } else { &mut told.channels };
    add_channel(lists, &name);
    Ok(())
}

fn receiver_phone(draft: &Draft) -> String {
    draft.config.notifier.receiver.first().map(|receiver| receiver.phone.clone()).unwrap_or_default()
}

/// A receiver that setup would have made for nothing.
fn drop_idle_receiver(draft: &mut Draft) {
    draft.config.notifier.receiver.retain(|receiver| {
        !(receiver.mail.is_empty()
            && receiver.phone.is_empty()
            && receiver.channels.is_empty()
            && receiver.critical_channels.is_empty()
            && receiver.ladder.is_empty())
    });
}

fn word_of(gateway: &Gateway) -> &'static str {
    let found = GATEWAYS.iter().find(|(_, _, kind, preset, _)| {
        *kind == gateway.kind && (gateway.kind != Kind::Http || *preset == gateway.preset)
    });
    found.map_or("http", |(word, ..)| word)
}

/// Where the gateway is.
fn ask_place(console: &mut Console, gateway: &mut Gateway, given: &mut SetupArgs) -> Result<(), Stop> {
    let flags = &mut given.messages;
    match (gateway.kind, gateway.preset) {
        (Kind::Smstools | Kind::Gammu, _) => {
            let usual = if gateway.kind == Kind::Gammu { "/var/spool/gammu" } else { "/var/spool/sms" };
            let present = gateway.folder.to_str().filter(|folder| !folder.is_empty()).unwrap_or(usual).to_owned();
            let flag = flags.sms_folder.take().map(|folder| folder.display().to_string());
            let question = "Folder that holds outgoing (smstools) or outbox (gammu)";
            gateway.folder = PathBuf::from(console.ask(question, flag, &present, |text| Ok(text.to_owned()))?);
        }
        (Kind::Smpp, _) => {
            let question = "Server, HOST:PORT";
            let present = gateway.smpp.server.clone();
            gateway.smpp.server =
                console.ask(question, flags.sms_server.take(), &present, |text| Ok(text.to_owned()))?;
        }
        (Kind::Http, Preset::Kannel | Preset::Custom) => ask_url(console, gateway, given)?,
        // A provider's address is known; another one is for tests and for its relatives.
        (Kind::Http, _) => {
            if let Some(url) = flags.sms_url.take() {
                console.say(&format!("Gateway's address: {url}"))?;
                gateway.url = url;
            }
        }
    }
    Ok(())
}

fn ask_url(console: &mut Console, gateway: &mut Gateway, given: &mut SetupArgs) -> Result<(), Stop> {
    let flags = &mut given.messages;
    let is_custom = gateway.preset == Preset::Custom;
    let (question, usual) = match is_custom {
        true => ("URL, a template: {{to}} or {{digits}}, {{text}}, {{from}}, {{user}}, {{secret}}", ""),
        false => ("Where Kannel's smsbox is", "http://127.0.0.1:13013"),
    };
    let present = if gateway.url.is_empty() { usual.to_owned() } else { gateway.url.clone() };
    gateway.url = console.ask(question, flags.sms_url.take(), &present, |text| Ok(text.to_owned()))?;
    if is_custom {
        let question = "Form that is sent by POST, such as to={{to}}&text={{text}} (empty = nothing, by GET)";
        let present = gateway.custom.body.clone();
        let body = console.ask(question, flags.sms_body.take(), &present, |text| Ok(text.to_owned()))?;
        let method = if body.is_empty() { "GET" } else { "POST" };
        gateway.custom = Custom { body, method: method.to_owned(), ..gateway.custom.clone() };
    }
    if console.asks() && is_open(&gateway.url) && !gateway.insecure {
        let question = "By http:// everybody on the way may read and change the messages. Allow it";
        gateway.insecure = console.yes(question, false)?;
    }
    Ok(())
}

/// Whether messages would cross a network that others can read; a template need not be a whole URL.
fn is_open(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    !Server::parse(rest.split(['/', '?']).next().unwrap_or_default()).is_ok_and(|server| server.is_near())
}

/// Who pays.
fn ask_account(
    console: &mut Console,
    draft: &mut Draft,
    gateway: &mut Gateway,
    names: [&str; 3],
    given: &mut SetupArgs,
) -> Result<(), Stop> {
    let flags = &mut given.messages;
    let [user, secret, from] = names;
    if !user.is_empty() {
        let present = gateway.user.clone();
        gateway.user = console.ask(user, flags.sms_user.take(), &present, |text| Ok(text.to_owned()))?;
    }
    if !secret.is_empty() {
        let is_kept = !gateway.secret_file.as_os_str().is_empty();
        gateway.secret_file = match flags.sms_secret_file.take() {
            Some(file) => absolute(&file),
            None => {
                let hint = if is_kept { " (Enter = the one in its file)" } else { "" };
                match console.secret(&format!("{secret}{hint}"))? {
                    Some(text) => draft.keep_secret("sms", text),
                    None => gateway.secret_file.clone(),
                }
            }
        };
    }
    if !from.is_empty() {
        let present = gateway.from.clone();
        gateway.from = console.ask(from, flags.sms_from.take(), &present, |text| Ok(text.to_owned()))?;
    }
    Ok(())
}

pub fn test(draft: Draft) -> Seen {
    let phone = receiver_phone(&draft);
    match draft.config.notifier.sms.first() {
        Some(gateway) if !phone.is_empty() => send(&draft, &gateway.name, &phone),
        _ => Seen::Good("no short messages".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use notifier::channel::sms::config::{Gateway, Kind, Preset};

    use super::{GATEWAYS, is_open, word_of};

    #[test]
    fn each_gateway_is_known_again_by_its_word() {
        for (word, _, kind, preset, _) in GATEWAYS {
            assert_eq!(word_of(&Gateway { kind, preset, ..Gateway::default() }), word);
        }
        assert!(
            is_open("http://gw.example/x?t={{text}}") && !is_open("http://127.0.0.1:13013") && !is_open("https://gw/")
        );
        assert_eq!(word_of(&Gateway { kind: Kind::Smpp, preset: Preset::Twilio, ..Gateway::default() }), "smpp");
    }
}
