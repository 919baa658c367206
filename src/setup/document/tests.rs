//! What an edit changes, and that it changes nothing else.

use notifier::channel::sms::config::{Gateway, Preset};
use notifier::incident::config::Receiver;
use proptest::prelude::{ProptestConfig, any, proptest};

use super::lay;
use crate::config::{Config, SHIPPED};

fn laid(text: &str, change: impl Fn(&mut Config)) -> String {
    let before: Config = toml::from_str(text).expect("a configuration");
    let mut after = before.clone();
    change(&mut after);
    let text = lay(text, &before, &after).expect("it can be changed");
    let says: Config = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(says, after, "{text}");
    text
}

/// Lines of `new` that `old` does not have, in order.
fn added<'a>(old: &str, new: &'a str) -> Vec<&'a str> {
    let old: Vec<&str> = old.lines().collect();
    new.lines().filter(|line| !old.contains(line)).collect()
}

#[test]
fn nothing_changed_is_the_same_to_the_byte() {
    assert_eq!(laid(SHIPPED, |_| ()), SHIPPED);
}

#[test]
fn a_value_changes_in_its_line_and_comments_stay() {
    let text = laid(SHIPPED, |config| {
        config.capture.interfaces = vec!["eth0".to_owned()];
        config.web.listen = "192.0.2.7:8443".parse().expect("an address");
        config.store.url = "mysql://w@h/d".to_owned();
        config.store.password_file = Some("/etc/floodmark/store.password".into());
        config.store.reader_password_file = Some("/r".into());
    });
    let lines = [
        "interfaces = [\"eth0\"]",
        "url = \"mysql://w@h/d\"",
        "password_file = \"/etc/floodmark/store.password\"",
        "reader_password_file = \"/r\"",
        "listen = \"192.0.2.7:8443\"",
    ];
    assert_eq!(added(SHIPPED, &text), lines);
    assert_eq!(text.lines().count(), SHIPPED.lines().count());
}

#[test]
fn first_entries_stand_behind_the_comment_that_explains_them() {
    let text = laid(SHIPPED, |config| {
        let channels = vec!["sms".to_owned()];
        config.notifier.receiver = vec![Receiver {
            name: "admin".to_owned(),
            phone: "+79161234567".to_owned(),
            channels,
            ..Receiver::default()
        }];
        let (name, preset) = ("sms".to_owned(), Preset::Smsru);
        config.notifier.sms = vec![Gateway { name, preset, secret_file: "/s".into(), ..Gateway::default() }];
    });
    let at = |line: &str| text.lines().position(|other| other == line).unwrap_or_else(|| panic!("{line}\n{text}"));
    assert!(at("# [[notifier.receiver]]") < at("[[notifier.receiver]]"));
    assert!(at("[[notifier.receiver]]") < at("[notifier.email]"));
    assert!(at("# [[notifier.sms]]") < at("[[notifier.sms]]") && at("[[notifier.sms]]") < at("[notifier.watch]"));
    let entry: Vec<&str> = text.lines().skip(at("[[notifier.sms]]")).take_while(|line| !line.is_empty()).collect();
    assert_eq!(entry, ["[[notifier.sms]]", "name = \"sms\"", "preset = \"smsru\"", "secret_file = \"/s\""]);
    for line in SHIPPED.lines() {
        assert!(text.lines().any(|other| other == line), "{line} is lost");
    }
}

#[test]
fn a_person_s_own_file_keeps_its_shape() {
    let own = "# mine\nnode = { name = \"n\" } # short\n[capture]\ninterfaces = [\n  \"eth0\", # the uplink\n]\n\n\
               [[notifier.receiver]] # night\nname = \"ann\"\nmail = \"a@x.org\" # work\n[[notifier.receiver]]\nname = \"bob\"\n";
    let text = laid(own, |config| {
        config.node.data_dir = "/d".into();
        config.notifier.receiver[0].mail = "b@x.org".to_owned();
        config.notifier.receiver.push(Receiver { name: "eve".to_owned(), ..Receiver::default() });
        config.web.public_url = "https://x".to_owned();
    });
    for kept in ["# mine", "# short", "# the uplink", "# night", "mail = \"b@x.org\" # work", "name = \"eve\"", "[web]"]
    {
        assert!(text.contains(kept), "{kept}\n{text}");
    }
}

#[test]
fn what_is_taken_away_is_gone() {
    let text = "[store]\nurl = \"mysql://u@h/d\"\npassword_file = \"/p\"\n[[notifier.receiver]]\nname = \"a\"\n";
    let text = laid(text, |config| {
        config.store.url.clear();
        config.store.password_file = None;
        config.notifier.receiver.clear();
    });
    assert!(!text.contains("password_file") && !text.contains("receiver"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn any_answer_comes_back_as_it_was_given(name in any::<String>(), port in any::<u16>(), one in any::<bool>()) {
        laid(SHIPPED, |config| {
            config.node.name.clone_from(&name);
            config.notifier.email.server.clone_from(&name);
            config.notifier.email.port = port;
            config.capture.promiscuous = one;
            let mail = name.clone();
            config.notifier.receiver = vec![Receiver { name: "r".to_owned(), mail, critical_at_any_hour: one, ..Receiver::default() }];
        });
    }
}
