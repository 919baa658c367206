//! failed: one short notice that a unit of ours has failed, by a path that needs nothing of notifier: no state.db, no
//! outbox, no socket. It tries once, each receiver by each channel, all at the same time.

use std::path::Path;

use live::incident::{Incident, IncidentPhase, Severity, Subject, SubjectKind, Words};

use crate::channel::once::{TIME_LIMIT, Ways};
use crate::channel::script::cap;
use crate::channel::sms::text::clean;
use crate::channel::{Message, SendError};
use crate::config::Config;
use crate::incident::config::Receiver;
use crate::notice::{Language, Notice, NoticeKind};

/// A unit that fails again and again is told so often an hour, all units together.
pub const PER_HOUR: u32 = 6;

/// Its file in the state folder.
const CAP_FILE: &str = "failed.cap";

/// What is told.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// The unit's name, such as `floodmark-notifier.service`.
    pub unit: &'a str,
    /// Name of this machine.
    pub node: &'a str,
    /// Where the cap is kept, and samples would lie.
    pub state_dir: &'a Path,
    /// Now, ns since the epoch.
    pub time_ns: u64,
    /// The machine's zone: seconds east of UTC.
    pub utc_offset_s: i32,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Messages that a server took.
    pub sent: usize,
    /// What was not taken, and why.
    pub failures: Vec<String>,
    /// The cap of this hour is used up: nothing was tried.
    pub is_capped: bool,
}

/// Tells every receiver by e-mail and SMS. Ends within 50 s.
///
/// # Errors
/// There is no runtime for it.
pub fn tell(config: &Config, failed: &Failed<'_>) -> std::io::Result<Told> {
    let mut told = Told::default();
    let _ = std::fs::create_dir_all(failed.state_dir);
    match cap::take(&failed.state_dir.join(CAP_FILE), PER_HOUR, failed.time_ns / 1_000_000_000) {
        Ok(false) => return Ok(Told { is_capped: true, ..told }),
        Ok(true) => {}
        // A full disk is a reason to warn, not to be silent; the unit that starts this has a limit of its own.
        Err(error) => told.failures.push(format!("the cap cannot be kept in {}: {error}", failed.state_dir.display())),
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcomes = runtime.block_on(async {
        let mut running = tokio::task::JoinSet::new();
        let ways = Ways::new(config, failed.node, failed.state_dir.to_path_buf());
        for (channel, message) in messages(config, failed) {
            let ways = ways.clone();
            running.spawn(async move {
                let sent = tokio::time::timeout(TIME_LIMIT, ways.deliver(&channel, &message)).await;
                let outcome =
                    sent.unwrap_or_else(|_| Err(SendError::Unknown("no answer within the time limit".to_owned())));
                (channel, message.to, outcome)
            });
        }
        running.join_all().await
    });
    runtime.shutdown_background();
    for (channel, to, outcome) in outcomes {
        match outcome {
            Ok(_) => told.sent += 1,
            Err(error) => told.failures.push(format!("{channel} to {}: {error}", clean(&to))),
        }
    }
    Ok(told)
}

/// Each receiver by each of its channels that can be used without notifier, scripts and web hooks left out.
fn messages(config: &Config, failed: &Failed<'_>) -> Vec<(String, Message)> {
    let mut messages: Vec<(String, Message)> = Vec::new();
    for receiver in &config.receiver {
        let mut channels: Vec<&String> = Vec::new();
        for name in receiver.channels.iter().chain(&receiver.critical_channels) {
            if !channels.contains(&name) {
                channels.push(name);
            }
        }
        for channel in channels {
            let is_sms = config.sms.iter().any(|gateway| gateway.name == *channel);
            let to = if is_sms { &receiver.phone } else { &receiver.mail };
            if (is_sms || channel == "email") && !to.is_empty() {
                let notice = notice(config, receiver, failed);
                let id = format!("failed-{}-{}-{}", failed.time_ns, receiver.name, channel);
                messages
                    .push((channel.clone(), Message { id, to: to.clone(), notice, attempt: 1, ..Message::default() }));
            }
        }
    }
    messages
}

fn notice(config: &Config, receiver: &Receiver, failed: &Failed<'_>) -> Notice {
    let unit = clean(failed.unit);
    let language = match receiver.language.as_str() {
        "ru" => Language::Ru,
        "en" => Language::En,
        _ => config.language,
    };
    let words = |en: String, ru: String| Words { en, ru };
    let incident = Incident {
        rule: "unit_failed".to_owned(),
        subject: Subject { kind: SubjectKind::Role, name: unit.clone() },
        severity: Severity::Critical,
        phase: IncidentPhase::Firing,
        since_ns: failed.time_ns,
        fired_ns: failed.time_ns,
        value: 1.0,
        peak: 1.0,
        summary: words(format!("{unit} has failed and is down"), format!("{unit}: сбой, служба стоит")),
        remedy: words(
            format!("systemctl status {unit}; journalctl -u {unit}"),
            format!("systemctl status {unit}; journalctl -u {unit}"),
        ),
        ..Incident::default()
    };
    Notice {
        kind: NoticeKind::Alert,
        language,
        node: failed.node.to_owned(),
        time_ns: failed.time_ns,
        utc_offset_s: failed.utc_offset_s,
        severity: Severity::Critical,
        incidents: vec![incident],
        ..Notice::default()
    }
}

#[cfg(test)]
mod tests {
    use faults::recorder::Recorder;

    use super::{Failed, PER_HOUR, tell};
    use crate::channel::email;
    use crate::channel::sms::config::{Custom, Gateway};
    use crate::config::Config;
    use crate::incident::config::Receiver;

    fn config(mail: &Recorder, sms: &Recorder) -> Config {
        let email = email::config::Config {
            server: "127.0.0.1".to_owned(),
            port: mail.address().port(),
            security: email::config::Security::Off,
            from: "floodmark@example.org".to_owned(),
            ..Default::default()
        };
        let custom = Custom { body: "to={{to}}&text={{text}}".to_owned(), ..Custom::default() };
        let url = format!("http://{}/send", sms.address());
        let gateway = Gateway { name: "sms".to_owned(), url, custom, ..Gateway::default() };
        let receiver = Receiver {
            name: "ann".to_owned(),
            mail: "ann@example.org".to_owned(),
            phone: "+79161234567".to_owned(),
            language: "ru".to_owned(),
            channels: vec!["email".to_owned()],
            critical_channels: vec!["sms".to_owned(), "email".to_owned(), "hook".to_owned()],
            ..Receiver::default()
        };
        Config { email, sms: vec![gateway], receiver: vec![receiver], ..Config::default() }
    }

    #[test]
    fn every_receiver_is_told_by_mail_and_sms_and_not_too_often() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let (mail, sms) = (Recorder::smtp(), Recorder::http("ok"));
        let config = config(&mail, &sms);
        let failed = |time_ns: u64| Failed {
            unit: "floodmark-notifier.service",
            node: "web1",
            state_dir: dir.path(),
            time_ns,
            utc_offset_s: 0,
        };
        let begin = 1_787_106_900_000_000_000;
        let told = tell(&config, &failed(begin)).expect("a runtime");
        assert_eq!((told.sent, told.failures.as_slice()), (2, &[][..]));
        assert_eq!(mail.taken().len(), 1);
        assert_eq!(mail.taken()[0].to, "ann@example.org");
        let text = &sms.taken()[0].text;
        let expect = "to=%2B79161234567&text=19.08%2002%3A35%20web1%20floodmark-notifier.service%3A%20%D1%81";
        assert!(text.contains(expect), "{text}");
        for _ in 1..PER_HOUR {
            assert!(!tell(&config, &failed(begin)).expect("a runtime").is_capped);
        }
        assert!(tell(&config, &failed(begin)).expect("a runtime").is_capped);
        assert!(!tell(&config, &failed(begin + 3_600_000_000_000)).expect("a runtime").is_capped);
        assert_eq!(sms.taken().len(), PER_HOUR as usize + 1);
    }

    #[test]
    fn one_channel_that_is_away_does_not_hold_the_other() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let (mail, sms) = (Recorder::smtp(), Recorder::http("ok"));
        mail.set_away(true);
        let failed = Failed { unit: "x\r\nBcc: y", node: "n", state_dir: dir.path(), time_ns: 1, utc_offset_s: 0 };
        let told = tell(&config(&mail, &sms), &failed).expect("a runtime");
        assert_eq!((told.sent, told.failures.len()), (1, 1), "{told:?}");
        assert!(told.failures[0].starts_with("email to ann@example.org: "), "{told:?}");
        assert_eq!(sms.taken().len(), 1);
    }
}
