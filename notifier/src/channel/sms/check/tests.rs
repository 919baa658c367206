//! Each key out of its range, told with its place.

use std::time::Duration;

use super::super::config::{Custom, Gateway, Kind, Preset, Smpp};
use super::check;

fn told(list: &[Gateway]) -> Vec<String> {
    let mut problems = Vec::new();
    check(list, &mut problems);
    assert!(problems.iter().all(|problem| !problem.allowed.is_empty() && !problem.remedy.is_empty()));
    problems.into_iter().map(|problem| problem.key.replace("notifier.sms[g].", "")).collect()
}

fn smsru() -> Gateway {
    Gateway { name: "g".to_owned(), preset: Preset::Smsru, secret_file: "/etc/x".into(), ..Gateway::default() }
}

fn with(change: impl Fn(&mut Gateway)) -> Vec<String> {
    let mut gateway = smsru();
    change(&mut gateway);
    told(&[gateway])
}

#[test]
fn good_ones_are_accepted() {
    assert!(told(&[smsru()]).is_empty());
    let smpp = Smpp { server: "smsc.example:2775".to_owned(), ..Smpp::default() };
    let (name, user) = ("b".to_owned(), "user".to_owned());
    assert!(told(&[smsru(), Gateway { name, user, kind: Kind::Smpp, smpp, ..Gateway::default() }]).is_empty());
    let folder =
        Gateway { name: "m".to_owned(), kind: Kind::Gammu, folder: "/var/spool/gammu".into(), ..Gateway::default() };
    assert!(told(&[folder]).is_empty());
    let custom = Custom { body: "to={{to}}&text={{text}}".to_owned(), ..Custom::default() };
    let url = "http://127.0.0.1:8080/send".to_owned();
    assert!(told(&[Gateway { name: "c".to_owned(), url, custom, ..Gateway::default() }]).is_empty());
}

#[test]
fn each_value_that_is_wrong_is_told() {
    assert_eq!(with(|gateway| gateway.name = "a b".to_owned()), ["notifier.sms[a b].name"]);
    assert_eq!(told(&[smsru(), smsru()]), ["name"]);
    assert_eq!(with(|gateway| gateway.secret_file = Default::default()), ["secret_file"]);
    assert_eq!(with(|gateway| gateway.from = "no phone number".to_owned()), ["from"]);
    assert_eq!(with(|gateway| gateway.time_limit = Duration::ZERO), ["time_limit"]);
    assert_eq!(with(|gateway| gateway.validity = Duration::ZERO), ["validity"]);
    assert_eq!(with(|gateway| gateway.segments_max = 0), ["segments_max"]);
    assert_eq!(with(|gateway| gateway.bind = "a b".to_owned()), ["bind"]);
    assert_eq!(with(|gateway| gateway.url = "ftp://sms.example".to_owned()), ["url"]);
    assert_eq!(with(|gateway| gateway.url = "http://sms.example".to_owned()), ["url"]);
    assert!(with(|gateway| (gateway.url, gateway.insecure) = ("http://sms.example".to_owned(), true)).is_empty());
    assert_eq!(with(|gateway| gateway.receipt_url = "http://x/{{txet}}".to_owned()), ["receipt_url"]);
    assert_eq!(with(|gateway| gateway.custom.body = "x".to_owned()), ["custom"]);
    assert_eq!(with(|gateway| gateway.preset = Preset::Twilio), ["user", "from"]);
    assert_eq!(with(|gateway| gateway.kind = Kind::Smstools), ["folder"]);
    assert_eq!(with(|gateway| gateway.kind = Kind::Smpp), ["smpp.server", "user"]);
    let smpp = |change: fn(&mut Smpp)| {
        with(|gateway| {
            (gateway.kind, gateway.user) = (Kind::Smpp, "u".to_owned());
            gateway.smpp.server = "smsc:2775".to_owned();
            change(&mut gateway.smpp);
        })
    };
    assert!(smpp(|_| {}).is_empty());
    assert_eq!(smpp(|smpp| smpp.server = "smsc".to_owned()), ["smpp.server"]);
    assert_eq!(smpp(|smpp| smpp.window = 0), ["smpp.window"]);
    assert_eq!(smpp(|smpp| smpp.system_type = "x".repeat(13)), ["smpp.system_type"]);
    assert_eq!(smpp(|smpp| smpp.enquire_interval = Duration::ZERO), ["smpp.enquire_interval"]);
}

#[test]
fn a_custom_gateway_is_checked_by_trying_its_templates() {
    let custom = |change: fn(&mut Custom)| {
        with(|gateway| {
            (gateway.preset, gateway.url) = (Preset::Custom, "https://sms.example/send".to_owned());
            gateway.custom.body = "to={{to}}&text={{text}}".to_owned();
            change(&mut gateway.custom);
        })
    };
    assert!(custom(|_| {}).is_empty());
    assert_eq!(custom(|custom| custom.body = "to={{to}}&text={{txet}}".to_owned()), ["custom.body"]);
    assert_eq!(custom(|custom| custom.body = "to={{to}}&text={{text".to_owned()), ["custom.body"]);
    assert_eq!(custom(|custom| custom.body = "nothing".to_owned()), ["custom.body"]);
    assert_eq!(custom(|custom| custom.method = "PUT".to_owned()), ["custom.method"]);
    assert_eq!(custom(|custom| custom.headers = vec!["no colon".to_owned()]), ["custom.headers"]);
    assert_eq!(custom(|custom| custom.ok_pointer = "status".to_owned()), ["custom.ok_pointer", "custom.ok_values"]);
    let json = |custom: &mut Custom| {
        custom.body_type = "json".to_owned();
        custom.body = r#"{"to":{{to}},"text":"{{text}}"}"#.to_owned();
    };
    assert_eq!(custom(json), ["custom.body"]);
}
