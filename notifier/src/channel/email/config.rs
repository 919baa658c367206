//! `[notifier.email]`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

use crate::channel::uplink::{self, Uplink};
use crate::config::Problem;

/// How the way to the server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Plain at first, TLS before anything of ours is said; without it nothing is sent.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// None: to this machine, or where [`Config::allow_plain`] says so.
    Off,
}

/// The mail server; `server` empty = no e-mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Its name, the one in its certificate, or its address.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is protected.
    pub security: Security,
    /// `security = "off"` also for a server that is not this machine.
    pub allow_plain: bool,
    /// Who signs in; empty = nobody does.
    pub user: String,
    /// File with the password.
    pub password_file: PathBuf,
    /// The sender: "Floodmark <floodmark@example.org>" or the address alone.
    pub from: String,
    /// Where answers go; empty = to the sender.
    pub reply_to: String,
    /// One more authority to trust.
    pub tls_ca_file: PathBuf,
    /// How this machine calls itself to the server; empty = by the node's name.
    pub hello: String,
    /// For one mail, from the connection to the server's last word.
    #[serde(with = "humantime_serde")]
    pub time_limit: Duration,
    /// By which address or interface to leave.
    pub bind: String,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            server: String::new(),
            port: 587,
            security: Security::StartTls,
            allow_plain: false,
            user: String::new(),
            password_file: PathBuf::new(),
            from: String::new(),
            reply_to: String::new(),
            tls_ca_file: PathBuf::new(),
            hello: String::new(),
            time_limit: Duration::from_secs(30),
            bind: String::new(),
        }
    }
}

impl Config {
    /// Whether the server is this machine, by its name alone.
    pub fn is_loopback(&self) -> bool {
        let name = self.server.trim_start_matches('[').trim_end_matches(']');
        name.parse::<IpAddr>().map_or_else(|_| is_localhost(name), |address| address.is_loopback())
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The shortest time in which a mail server across the world can be talked to, and the longest that an alert may take
/// before the outbox turns to another channel.
const TIME_LIMITS: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(300);

/// Whether a server may be called so, and may be told so: a name, or an address.
fn is_host(name: &str) -> bool {
    let is_name =
        |name: &str| name.len() <= 253 && name.chars().all(|char| char.is_ascii_alphanumeric() || "-._".contains(char));
    name.parse::<IpAddr>().is_ok() || is_name(name)
}

/// What is wrong with it.
pub fn check(config: &Config, problems: &mut Vec<Problem>) {
    let mut tell = |is_wrong: bool, key: &str, value: &str, allowed: &str, remedy: &str| {
        if is_wrong {
            problems.push(Problem {
                key: format!("notifier.email.{key}"),
                value: value.to_owned(),
                allowed: allowed.to_owned(),
                remedy: remedy.to_owned(),
            });
        }
    };
    let quoted = |text: &str| format!("{text:?}");
    let is_mailbox = |text: &str| text.parse::<Mailbox>().is_ok() && !text.contains(char::is_control);
    let has_server = !config.server.is_empty();
    let port = config.port.to_string();
    tell(
        !is_host(&config.server),
        "server",
        &quoted(&config.server),
        "a host name or an address",
        "name the server as its certificate does",
    );
    tell(config.port == 0, "port", &port, "1 to 65535", "587 for starttls, 465 for tls, 25 for off are usual");
    let is_swapped = matches!((config.security, config.port), (Security::StartTls, 465) | (Security::Tls, 587));
    tell(
        has_server && is_swapped,
        "port",
        &port,
        "465 with security = \"tls\", 587 with \"starttls\"",
        "set security to what the port speaks",
    );
    let is_bare = config.security == Security::Off && has_server && !config.is_loopback() && !config.allow_plain;
    tell(
        is_bare,
        "security",
        "\"off\"",
        "\"starttls\" or \"tls\" for a server that is not this machine",
        "set allow_plain = true if everybody on the way may read and change the mails",
    );
    let (user, file) = (&config.user, config.password_file.display().to_string());
    tell(
        user.is_empty() != file.is_empty(),
        "password_file",
        &quoted(&file),
        "set together with user, or neither",
        "name the user and the file that holds its password",
    );
    tell(user.contains(char::is_control), "user", &quoted(user), "a name", "remove what cannot be seen");
    let from_is_wrong = if config.from.is_empty() { has_server } else { !is_mailbox(&config.from) };
    tell(
        from_is_wrong,
        "from",
        &quoted(&config.from),
        "an e-mail address, such as \"floodmark@example.org\"",
        "use an address that the server lets you send from",
    );
    tell(
        !config.reply_to.is_empty() && !is_mailbox(&config.reply_to),
        "reply_to",
        &quoted(&config.reply_to),
        "empty or an e-mail address",
        "leave it empty for the sender's",
    );
    tell(
        !is_host(&config.hello),
        "hello",
        &quoted(&config.hello),
        "empty or a host name",
        "leave it empty for the node's name",
    );
    tell(
        Uplink::parse(&config.bind).is_none(),
        "bind",
        &quoted(&config.bind),
        uplink::ALLOWED,
        "leave it empty for the usual route",
    );
    tell(
        !TIME_LIMITS.contains(&config.time_limit),
        "time_limit",
        &format!("{:?}", config.time_limit),
        "1s to 5m",
        "30s suits nearly every server",
    );
}

#[cfg(test)]
mod tests {
    use super::{Config, check};

    #[test]
    fn what_cannot_work_is_told_by_its_key() {
        let check = |change: &dyn Fn(&mut Config), expect: &[&str]| {
            let (server, from) = ("mail.example.org".to_owned(), "Floodmark <f@example.org>".to_owned());
            let mut config = Config { server, from, ..Config::default() };
            change(&mut config);
            let mut problems = Vec::new();
            check(&config, &mut problems);
            let keys: Vec<_> =
                problems.iter().map(|problem| problem.key.trim_start_matches("notifier.email.")).collect();
            assert_eq!(keys, expect, "{config:?}");
            assert!(problems.iter().all(|problem| !problem.allowed.is_empty() && !problem.remedy.is_empty()));
        };
        check(&|_| {}, &[]);
        check(&|config| *config = Config::default(), &[]);
        check(&|config| config.server = "mail example".to_owned(), &["server"]);
        check(&|config| config.server = "a\r\nb".to_owned(), &["server"]);
        check(&|config| config.port = 0, &["port"]);
        check(&|config| config.port = 465, &["port"]);
        check(&|config| config.security = super::Security::Tls, &["port"]);
        check(&|config| config.security = super::Security::Off, &["security"]);
        check(&|config| (config.security, config.allow_plain) = (super::Security::Off, true), &[]);
        for loopback in ["localhost", "127.0.0.9", "::1", "mail.LOCALHOST"] {
            check(&|config| (config.security, config.server) = (super::Security::Off, loopback.to_owned()), &[]);
        }
        check(&|config| config.user = "u".to_owned(), &["password_file"]);
        check(&|config| config.password_file = "/p".into(), &["password_file"]);
        check(&|config| (config.user, config.password_file) = ("u".to_owned(), "/p".into()), &[]);
        check(&|config| config.from.clear(), &["from"]);
        check(&|config| config.from = "nobody".to_owned(), &["from"]);
        check(&|config| config.from = "a@b.c\r\nBcc: x@y.z".to_owned(), &["from"]);
        check(&|config| config.reply_to = "x@".to_owned(), &["reply_to"]);
        check(&|config| config.hello = "a b".to_owned(), &["hello"]);
        check(&|config| config.bind = "a/b".to_owned(), &["bind"]);
        check(&|config| config.time_limit = std::time::Duration::from_secs(301), &["time_limit"]);
        check(&|config| config.time_limit = std::time::Duration::ZERO, &["time_limit"]);
    }
}
