//! What is wrong with `[[notifier.sms]]`.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::config::{Gateway, Kind, Preset};
use super::{http, number};
use crate::channel::uplink::{self, Uplink};
use crate::config::Problem;

/// More parts cost more and arrive in any order.
const SEGMENTS_MAX: usize = 10;

const HEADERS_MAX: usize = 16;

/// Of one gateway.
struct Checks<'a> {
    key: String,
    problems: &'a mut Vec<Problem>,
}

impl Checks<'_> {
    fn no(&mut self, name: &str, value: impl ToString, allowed: &str, remedy: &str) {
        self.problems.push(Problem {
            key: format!("{}.{name}", self.key),
            value: value.to_string(),
            allowed: allowed.to_owned(),
            remedy: remedy.to_owned(),
        });
    }

    fn is_there(&mut self, name: &str, value: &str, why: &str) {
        if value.is_empty() {
            self.no(name, "\"\"", "not empty", why);
        }
    }

    fn within(&mut self, name: &str, value: Duration, least: Duration, most: Duration, allowed: &str) {
        if !(least..=most).contains(&value) {
            self.no(name, format!("{value:?}"), allowed, "the default is a good beginning");
        }
    }
}

/// What is wrong with them.
pub fn check(list: &[Gateway], problems: &mut Vec<Problem>) {
    let mut names = BTreeSet::new();
    for (number, gateway) in list.iter().enumerate() {
        let name = if gateway.name.is_empty() { (number + 1).to_string() } else { gateway.name.clone() };
        let mut checks = Checks { key: format!("notifier.sms[{name}]"), problems };
        let is_name = |text: &str| {
            (1..=32).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        if !is_name(&gateway.name) {
            checks.no(
                "name",
                &gateway.name,
                "1 to 32 letters, digits, `-`, `_`, `.`",
                "receivers name it in `channels`",
            );
        } else if !names.insert(gateway.name.as_str()) {
            checks.no("name", &gateway.name, "a name of its own", "rename one of the two");
        }
        common(gateway, &mut checks);
        match gateway.kind {
            Kind::Http => by_http(gateway, &mut checks),
            Kind::Smstools | Kind::Gammu => by_folder(gateway, &mut checks),
            Kind::Smpp => by_smpp(gateway, &mut checks),
        }
    }
}

fn common(gateway: &Gateway, checks: &mut Checks<'_>) {
    let second = Duration::from_secs(1);
    checks.within("time_limit", gateway.time_limit, second, 60 * second, "1s to 1m");
    checks.within("validity", gateway.validity, 60 * second, 86_400 * second, "1m to 1day");
    if !(1..=SEGMENTS_MAX).contains(&gateway.segments_max) {
        checks.no("segments_max", gateway.segments_max, "1 to 10", "one part is what a person reads at once");
    }
    if Uplink::parse(&gateway.bind).is_none() {
        checks.no("bind", &gateway.bind, uplink::ALLOWED, "leave it empty to leave as the routes say");
    }
    if !gateway.from.is_empty() && !number::is_sender(&gateway.from) {
        let allowed = "a number, or up to 11 letters and digits";
        checks.no("from", &gateway.from, allowed, "use what the provider has registered for you");
    }
}

fn by_http(gateway: &Gateway, checks: &mut Checks<'_>) {
    let needs = |preset: Preset| match preset {
        Preset::Twilio => (true, true, true),
        Preset::Vonage => (true, true, true),
        Preset::Smsru => (false, true, false),
        Preset::Smscru | Preset::Kannel => (true, true, false),
        Preset::Custom => (false, false, false),
    };
    let (user, secret, from) = needs(gateway.preset);
    if user {
        checks.is_there("user", &gateway.user, "the provider's account, login or API key");
    }
    if secret {
        let file = &gateway.secret_file;
        checks.is_there(
            "secret_file",
            &file.to_string_lossy(),
            "a file that holds the password, token or key, mode 600",
        );
    }
    if from {
        checks.is_there("from", &gateway.from, "the number or name that the provider has registered for you");
    }
    if gateway.preset == Preset::Custom {
        by_custom(gateway, checks);
    } else if gateway.custom != Default::default() {
        checks.no("custom", "{…}", "nothing", "it is read with preset = \"custom\" only");
    }
    http::check(gateway, &checks.key, checks.problems);
}

fn by_custom(gateway: &Gateway, checks: &mut Checks<'_>) {
    let custom = &gateway.custom;
    if gateway.url.is_empty() {
        checks.no("url", "\"\"", "an http:// or https:// URL", "say where the gateway is, or name a preset");
    }
    if !["GET", "POST"].contains(&custom.method.as_str()) {
        checks.no("custom.method", &custom.method, "\"GET\" or \"POST\"", "most gateways take POST");
    }
    if !["form", "json", "text"].contains(&custom.body_type.as_str()) {
        let remedy = "it says how placeholders are escaped";
        checks.no("custom.body_type", &custom.body_type, "\"form\", \"json\" or \"text\"", remedy);
    }
    if custom.headers.len() > HEADERS_MAX || custom.headers.iter().any(|header| !is_header(header)) {
        checks.no(
            "custom.headers",
            format!("{:?}", custom.headers),
            "up to 16 of \"Name: value\"",
            "letters, digits and `-` in names",
        );
    }
    let is_pointer = |text: &str| text.is_empty() || text.starts_with('/');
    for (name, pointer) in [("custom.ok_pointer", &custom.ok_pointer), ("custom.id_pointer", &custom.id_pointer)] {
        if !is_pointer(pointer) {
            checks.no(name, pointer, "a JSON pointer such as \"/status\"", "begin it with `/`");
        }
    }
    if !custom.ok_pointer.is_empty() && custom.ok_values.is_empty() {
        checks.no("custom.ok_values", "[]", "at least one value", "say what stands there for a success");
    }
    let whole = format!("{}{}", gateway.url, custom.body);
    if !whole.contains("text") || !(whole.contains("to") || whole.contains("digits")) {
        checks.no("custom.body", &custom.body, "with {{to}} and {{text}}", "put both into url or body");
    }
}

fn is_header(header: &str) -> bool {
    header.split_once(':').is_some_and(|(name, value)| {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !name.trim().is_empty() && name.trim().bytes().all(is_token) && !value.contains(['\r', '\n'])
    })
}

fn by_folder(gateway: &Gateway, checks: &mut Checks<'_>) {
    if !gateway.folder.is_absolute() || gateway.folder == Path::new("/") {
        let remedy = "the folder that holds `outgoing` (smstools) or `outbox` (gammu-smsd)";
        checks.no("folder", gateway.folder.display(), "an absolute path, such as \"/var/spool/sms\"", remedy);
    }
}

fn by_smpp(gateway: &Gateway, checks: &mut Checks<'_>) {
    let smpp = &gateway.smpp;
    let port =
        smpp.server.rsplit_once(':').filter(|(host, _)| !host.is_empty()).and_then(|(_, port)| port.parse().ok());
    if port.is_none_or(|port: u16| port == 0) {
        checks.no("smpp.server", &smpp.server, "HOST:PORT", "the provider's SMSC, often port 2775");
    }
    // SMPP 3.4 §5.2.1 to 5.2.3: sizes with the zero at the end.
    for (name, value, most) in [("user", &gateway.user, 15), ("smpp.system_type", &smpp.system_type, 12)] {
        if value.len() > most || !value.is_ascii() {
            checks.no(name, value, &format!("at most {most} ASCII characters"), "SMPP has no room for more");
        }
    }
    checks.is_there("user", &gateway.user, "the system_id that the provider gave you");
    if !(1..=32).contains(&smpp.window) {
        checks.no("smpp.window", smpp.window, "1 to 32", "providers rarely take more than 10");
    }
    let second = Duration::from_secs(1);
    checks.within("smpp.enquire_interval", smpp.enquire_interval, 5 * second, 600 * second, "5s to 10m");
}

#[cfg(test)]
mod tests;
