//! Whether what is found reaches a person: receivers without channels, channels without receivers, secrets that cannot
//! be read.

use std::path::PathBuf;

use notifier::channel::once::Ways;
use notifier::config::Config;
use notifier::incident::config::Receiver;

use super::Finding;

/// What the configuration says by itself.
pub fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.receiver.is_empty() {
        let what = "nobody is told: incidents are kept and shown on the page only";
        findings.push(Finding::warn(
            "receivers",
            what,
            "`floodmark setup` asks for mail and phone, or add a [[notifier.receiver]]",
        ));
    }
    for receiver in &config.receiver {
        findings.extend(judge_receiver(config, receiver));
    }
    let is_used = |name: &str| config.receiver.iter().any(|receiver| named(receiver).any(|other| other == name));
    for name in configured(config).into_iter().filter(|name| !is_used(name)) {
        let what = "it is configured, and no receiver uses it";
        let remedy = "name it in `channels` of a [[notifier.receiver]]";
        findings.push(Finding::warn(format!("channel {name}"), what, remedy));
    }
    findings.extend(judge_status(config));
    if findings.is_empty() {
        findings.push(Finding::ok(
            "receivers",
            format!("{} are told, by {}", config.receiver.len(), configured(config).join(", ")),
            "",
        ));
    }
    findings
}

/// Whether the channels can be made: needs the rights of notifier to read its secrets.
pub fn examine_secrets(config: &Config, node: &str) -> Vec<Finding> {
    let ways = Ways::new(config, node, PathBuf::new());
    let email = (!config.email.server.is_empty()).then_some("email");
    let names = email.into_iter().chain(config.sms.iter().map(|gateway| gateway.name.as_str()));
    let fault = |name: &str| {
        let fault = ways.fault(name)?;
        let remedy = "run this as root if only notifier may read it; `floodmark setup` writes it anew";
        Some(Finding::fail(format!("channel {name}"), fault, remedy))
    };
    names.filter_map(fault).collect()
}

/// Channels that have a server, a gateway, a URL or a program.
fn configured(config: &Config) -> Vec<&str> {
    let email = (!config.email.server.is_empty()).then_some("email");
    let sms = config.sms.iter().map(|entry| entry.name.as_str());
    let hooks = config.webhook.iter().map(|entry| entry.name.as_str());
    let scripts = config.script.iter().map(|entry| entry.name.as_str());
    email.into_iter().chain(sms).chain(hooks).chain(scripts).collect()
}

/// Channels that a receiver names, wherever.
fn named(receiver: &Receiver) -> impl Iterator<Item = &str> {
    let lists = [&receiver.channels, &receiver.critical_channels, &receiver.status_channels];
    let steps = receiver.ladder.iter().map(|step| &step.channels);
    lists.into_iter().chain(steps).flatten().map(String::as_str)
}

fn judge_receiver(config: &Config, receiver: &Receiver) -> Option<Finding> {
    let subject = format!("receiver {}", receiver.name);
    let is_told =
        !receiver.channels.is_empty() || !receiver.critical_channels.is_empty() || !receiver.ladder.is_empty();
    if !is_told {
        let known = configured(config);
        let remedy = match known.as_slice() {
            [] => "configure [notifier.email] or a [[notifier.sms]] first: `floodmark setup` asks for both".to_owned(),
            known => format!("set its `channels`; there are {}", known.join(", ")),
        };
        return Some(Finding::fail(subject, "it has no channel and is never told", remedy));
    }
    if config.email.server.is_empty() && named(receiver).any(|name| name == "email") {
        let what = "it is told by e-mail, and notifier.email.server is empty";
        return Some(Finding::fail(subject, what, "name the mail server there; `floodmark setup` tries it"));
    }
    None
}

fn judge_status(config: &Config) -> Option<Finding> {
    let is_timed = !config.pipeline.status_at.is_empty() || !config.pipeline.status_every.is_zero();
    let is_wanted = config.receiver.iter().any(|receiver| !receiver.status_channels.is_empty());
    match (is_timed, is_wanted) {
        (true, false) => {
            let what = "it has times, and no receiver has status_channels";
            Some(Finding::warn(
                "status message",
                what,
                "set status_channels of a receiver, or empty notifier.pipeline.status_at",
            ))
        }
        (false, true) => {
            let what = "a receiver has status_channels, and it has no time";
            Some(Finding::warn("status message", what, "set notifier.pipeline.status_at, such as [\"09:00\"]"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{examine, examine_secrets};
    use crate::doctor::Level;

    fn check(text: &str, expect: &[(Level, &str)]) {
        let config: crate::config::Config = toml::from_str(text).expect("a configuration");
        let findings = examine(&config.notifier);
        let told: Vec<(Level, &str)> =
            findings.iter().map(|finding| (finding.level, finding.subject.as_str())).collect();
        assert_eq!(told, expect, "{text}");
        assert!(
            findings.iter().all(|finding| finding.level == Level::Ok || !finding.remedy.is_empty()),
            "{findings:?}"
        );
    }

    #[test]
    fn half_of_a_way_to_a_person_is_told() {
        const MAIL: &str = "[notifier.email]\nserver = \"m.example\"\nfrom = \"f@m.example\"\n";
        check("", &[(Level::Warn, "receivers")]);
        check(MAIL, &[(Level::Warn, "receivers"), (Level::Warn, "channel email")]);
        let ann = "[[notifier.receiver]]\nname = \"ann\"\nmail = \"a@m.example\"\n";
        check(ann, &[(Level::Fail, "receiver ann")]);
        check(&format!("{MAIL}{ann}"), &[(Level::Fail, "receiver ann"), (Level::Warn, "channel email")]);
        let told = format!("{ann}channels = [\"email\"]\n");
        check(&told, &[(Level::Fail, "receiver ann")]);
        check(&format!("{MAIL}{told}"), &[(Level::Ok, "receivers")]);
        let ladder = format!("{MAIL}{ann}ladder = [{{ after = \"1m\", channels = [\"email\"] }}]\n");
        check(&ladder, &[(Level::Ok, "receivers")]);
        let status = format!("{MAIL}{told}status_channels = [\"email\"]\n");
        check(&status, &[(Level::Warn, "status message")]);
        check(&format!("{status}[notifier.pipeline]\nstatus_at = [\"09:00\"]\n"), &[(Level::Ok, "receivers")]);
        check(&format!("{MAIL}{told}[notifier.pipeline]\nstatus_every = \"1h\"\n"), &[(Level::Warn, "status message")]);
    }

    #[test]
    fn a_secret_that_cannot_be_read_is_told() {
        let text = "[notifier.email]\nserver = \"m.example\"\nfrom = \"f@m.example\"\nuser = \"u\"\npassword_file = \"/nowhere/p\"\n\
                    [[notifier.sms]]\nname = \"sms\"\npreset = \"smsru\"\nsecret_file = \"/nowhere/s\"\n";
        let config: crate::config::Config = toml::from_str(text).expect("a configuration");
        let findings = examine_secrets(&config.notifier, "n");
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].what.contains("/nowhere/p") && findings[1].what.contains("/nowhere/s"), "{findings:?}");
        assert!(examine_secrets(&Default::default(), "n").is_empty());
    }
}
