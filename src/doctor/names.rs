//! Whether the names of servers in the configuration are resolved.

use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use notifier::channel::sms::{config::Kind, home};

use super::Finding;
use crate::config::Config;

/// For all names together. A name server that is silent is asked on threads that are left behind.
const PATIENCE: Duration = Duration::from_secs(2);

/// More are not asked for.
const NAMES_MAX: usize = 64;

/// What became of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    /// So many addresses.
    Addresses(usize),
    /// In the system's words.
    Fault(String),
    /// None in time.
    Silence,
}

#[expect(clippy::disallowed_methods, reason = "how long a name server is waited for is time of this command")]
fn now() -> Instant {
    Instant::now()
}

pub fn examine(config: &Config) -> Vec<Finding> {
    let names = names(config);
    let (tell, told) = mpsc::channel();
    for (number, (_, name)) in names.iter().enumerate() {
        let (tell, name) = (tell.clone(), name.clone());
        thread::spawn(move || {
            let answer = match (name.as_str(), 0).to_socket_addrs() {
                Ok(addresses) => Answer::Addresses(addresses.count()),
                Err(error) => Answer::Fault(error.to_string()),
            };
            tell.send((number, answer))
        });
    }
    drop(tell);
    let mut answers = vec![Answer::Silence; names.len()];
    let end = now() + PATIENCE;
    while let Ok((number, answer)) = told.recv_timeout(end.saturating_duration_since(now())) {
        answers[number] = answer;
    }
    judge(&names, &answers)
}

/// Key and name of each server that is not named by its address.
fn names(config: &Config) -> Vec<(String, String)> {
    let mut all = vec![("store.url".to_owned(), host_of(&config.store.url))];
    let notifier = &config.notifier;
    all.push(("notifier.email.server".to_owned(), notifier.email.server.clone()));
    for gateway in &notifier.sms {
        let host = match gateway.kind {
            Kind::Http if gateway.url.is_empty() => host_of(home(gateway.preset)),
            Kind::Http => host_of(&gateway.url),
            Kind::Smpp => host_of(&format!("smpp://{}", gateway.smpp.server)),
            Kind::Smstools | Kind::Gammu => String::new(),
        };
        all.push((format!("notifier.sms[{}]", gateway.name), host));
    }
    all.extend(notifier.webhook.iter().map(|hook| (format!("notifier.webhook[{}]", hook.name), host_of(&hook.url))));
    all.push(("notifier.watch.url".to_owned(), host_of(&notifier.watch.url)));
    all.extend(config.peer.iter().map(|peer| (format!("peer[{}]", peer.name), host_of(&peer.url))));
    let is_name = |name: &str| {
        let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        // A template's host is known when a message is sent.
        !name.is_empty() && !is_address && !name.contains('{')
    };
    all.retain(|(_, name)| is_name(name));
    all.truncate(NAMES_MAX);
    all
}

/// The host of a URL; empty where it has none, or where a socket stands in its place.
fn host_of(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    if scheme == "sqlite" || url.contains("?socket=") {
        return String::new();
    }
    // The last `@` ends the user, whose password may hold a slash.
    let rest = rest.split('?').next().unwrap_or_default();
    let authority = rest.rsplit('@').next().unwrap_or_default().split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.to_owned(),
        _ => authority.to_owned(),
    }
}

fn judge(names: &[(String, String)], answers: &[Answer]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ((key, name), answer) in names.iter().zip(answers) {
        let what = match answer {
            Answer::Addresses(count) if *count > 0 => continue,
            Answer::Addresses(_) => "it has no address".to_owned(),
            Answer::Fault(error) => error.clone(),
            Answer::Silence => format!("no answer within {PATIENCE:?}"),
        };
        let remedy = "correct the name, or what /etc/resolv.conf names; an address in its place needs no name server";
        findings.push(Finding::fail(format!("name {name}"), format!("{key}: {what}"), remedy));
    }
    if findings.is_empty() && !names.is_empty() {
        findings.push(Finding::ok("names", format!("{} of servers are resolved", names.len()), ""));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{Answer, host_of, judge, names};
    use crate::config::Config;
    use crate::doctor::Level;

    #[test]
    fn the_host_of_a_url() {
        let check = |url: &str, expect: &str| assert_eq!(host_of(url), expect, "{url}");
        check("mysql://u:p/@w@db.example:3306/x", "db.example");
        check("mysql://u@localhost/x?socket=/s", "");
        check("https://sms.ru", "sms.ru");
        check("smpp://smsc.example:2775", "smsc.example");
        check("https://[2001:db8::1]:8443/x", "[2001:db8::1]");
        check("sqlite:///a/b", "");
        check("", "");
    }

    #[test]
    fn only_names_are_asked_for() {
        let text = "[store]\nurl = \"mysql://u@192.0.2.1/x\"\n[notifier.email]\nserver = \"mail.example\"\n\
                    [[notifier.sms]]\nname = \"a\"\npreset = \"twilio\"\n[[notifier.sms]]\nname = \"b\"\nurl = \"https://{{user}}.x/\"\n\
                    [[notifier.sms]]\nname = \"c\"\nkind = \"gammu\"\n[[peer]]\nname = \"p\"\nurl = \"https://[::1]/\"\n";
        let config: Config = toml::from_str(text).expect("a configuration");
        let names: Vec<String> = names(&config).into_iter().map(|(key, name)| format!("{key} {name}")).collect();
        assert_eq!(names, ["notifier.email.server mail.example", "notifier.sms[a] api.twilio.com"]);
    }

    #[test]
    fn each_name_without_an_address_is_told() {
        let names = ["a", "b", "c", "d"].map(|name| (format!("key.{name}"), name.to_owned()));
        let fault = Answer::Fault("unknown".to_owned());
        let findings = judge(&names, &[Answer::Addresses(1), Answer::Addresses(0), fault, Answer::Silence]);
        let told: Vec<&str> = findings.iter().map(|finding| finding.subject.as_str()).collect();
        assert_eq!(told, ["name b", "name c", "name d"]);
        assert!(findings.iter().all(|finding| finding.level == Level::Fail && !finding.remedy.is_empty()));
        assert_eq!(judge(&names[..1], &[Answer::Addresses(2)])[0].level, Level::Ok);
        assert!(judge(&[], &[]).is_empty());
    }
}
