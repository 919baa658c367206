//! A person answers: wrongly at first, then rightly; or leaves.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use faults::recorder::Recorder;

use crate::desk::{Desk, Traffic, network};
use crate::namespace::in_namespace;
use crate::terminal::Terminal;

#[test]
fn every_answer_is_tried_and_wrong_ones_are_asked_again() {
    in_namespace("interactive::every_answer_is_tried_and_wrong_ones_are_asked_again", || {
        network();
        let _traffic = Traffic::begin();
        let (mail, sms) = (Recorder::smtp(), Recorder::http("ok"));
        let desk = Desk::new();
        let mut person = Terminal::start(&desk.command(&["setup"]));
        person.expect("will be written at the end");
        // The default route's interface is the first, and offered.
        person.expect("1  va");
        person.answer("commas [va]: ", "eth99");
        person.answer("there is no interface \"eth99\"", "1");
        person.expect("packets passed within a second");
        person.answer("Own networks [auto]: ", "10.77.0.0/99");
        person.answer("is no network", "10.77.0.0/16");
        person.expect("ok: 1 of this machine's addresses");
        person.answer("Folder of everything that is kept [./floodmark-data]: ", "");
        person.answer("Store [sqlite]: ", "oracle");
        person.answer("one of sqlite, mysql", "1");
        person.expect("a row was written and read back");
        answer_page(&mut person);
        answer_mail(&mut person, &mail);
        answer_phone(&mut person, &sms);
        person.answer("or times of the day such as 09:00,21:00 [no]: ", "25:00");
        person.answer("is no time of the day", "09:00");
        person.expect("every day at 09:00 by sms");
        person.answer("[yes]: ", "perhaps");
        person.answer("yes or no", "yes");
        person.expect("is written and checked");
        person.answer("Name (- = make none) [admin]: ", "anna");
        person.expect("https://10.77.0.7:8443/enrol/");
        person.expect("█");
        let told = person.finish();
        told.check(0, &["anna may sign in as admin", "floodmark run --config", "open https://10.77.0.7:8443/"]);
        assert!(!told.text.contains("sesame") && !told.text.contains("t0ken"), "a secret is shown: {}", told.text);
        assert_written(&desk, &mail, &sms);
    });
}

fn answer_page(person: &mut Terminal) {
    let _taken = TcpListener::bind("10.77.0.7:9443").unwrap();
    person.answer("Address and port of the page [10.77.0.7:8443]: ", "somewhere");
    person.answer("write local, all", "10.77.0.7:9443");
    person.answer("begin with [https://10.77.0.7:9443]: ", "");
    person.expect("FAILED: another program has 10.77.0.7:9443");
    person.answer("again, skip or keep [again]: ", "");
    person.answer("Address and port of the page", "10.9.9.9:8443");
    person.answer("begin with", "");
    person.expect("FAILED: this machine does not have the address 10.9.9.9");
    person.answer("again, skip or keep [again]: ", "1");
    person.answer("Address and port of the page", "10.77.0.7:8443");
    person.answer("begin with", "gopher://x");
    person.answer("beginning of an address", "");
    person.expect("ok: 10.77.0.7:8443 is free");
}

fn answer_mail(person: &mut Terminal, mail: &Recorder) {
    person.answer("Language of messages [en]: ", "");
    person.answer("(empty = no e-mail): ", "127.0.0.1:1");
    person.answer("Way to it [off]: ", "");
    person.answer("(empty = none): ", "");
    person.answer("Sender, as the server lets you send", "nobody");
    person.answer("Mails go to: ", "ann");
    person.answer("NAME@DOMAIN", "ann@example.org");
    // A value that the configuration's own check refuses: all of it is asked again.
    person.expect("notifier.email.from");
    person.answer("(empty = no e-mail): ", "127.0.0.1:1");
    person.answer("Way to it [off]: ", "");
    person.answer("(empty = none): ", "");
    person.answer("Sender, as the server lets you send", "floodmark@example.org");
    person.answer("Mails go to: ", "ann@example.org");
    person.expect("FAILED: ");
    person.answer("again, skip or keep [again]: ", "again");
    person.answer("(empty = no e-mail) [127.0.0.1:1]: ", &mail.address().to_string());
    person.answer("Way to it [off]: ", "3");
    person.answer("(empty = none): ", "floodmark");
    person.expect("Password of floodmark: ");
    // Typed before it is asked for it would be shown.
    crate::process::await_some("a terminal that hides", || (!person.shows_keys()).then_some(()));
    person.keys("sesame\n");
    person.answer("Sender, as the server lets you send", "");
    person.answer("Mails go to [ann@example.org]: ", "");
    person.expect("a test message to ann@example.org was accepted");
    assert!(person.shows_keys(), "the terminal shows keys again");
}

fn answer_phone(person: &mut Terminal, sms: &Recorder) {
    person.answer("(empty = no short messages): ", "8 916 123-45-67");
    person.answer("country code", "+7 916 123-45-67");
    person.answer("Gateway [twilio]: ", "pigeon");
    person.answer("one of twilio", "http");
    person.answer("URL, a template", "ftp://x/{{to}}");
    person.answer("(empty = nothing, by GET): ", "to={{to}}&text={{text}}&key={{secret}}");
    person.answer("User (empty = none): ", "");
    person.expect("Secret: ");
    crate::process::await_some("a terminal that hides", || (!person.shows_keys()).then_some(()));
    person.keys("t0ken\n");
    person.answer("Sender (empty = none): ", "");
    person.expect("notifier.sms[sms].url");
    person.answer("(empty = no short messages): ", "+79161234567");
    person.answer("Gateway [twilio]: ", "6");
    person.answer("URL, a template", &format!("http://{}/send", sms.address()));
    person.answer("(empty = nothing, by GET): ", "to={{to}}&text={{text}}&key={{secret}}");
    person.answer("User (empty = none): ", "");
    person.expect("Secret: ");
    crate::process::await_some("a terminal that hides", || (!person.shows_keys()).then_some(()));
    person.keys("t0ken\n");
    person.answer("Sender (empty = none): ", "");
    person.expect("a test message to +79161234567 was accepted");
}

fn assert_written(desk: &Desk, mail: &Recorder, sms: &Recorder) {
    let mails = mail.taken();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "ann@example.org"));
    assert!(mails[0].text.contains("Test of e-mail"), "{}", mails[0].text);
    let messages = sms.taken();
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].text.contains("to=%2B79161234567") && messages[0].text.contains("key=t0ken"), "{messages:?}");
    let text = desk.text();
    for line in [
        "interfaces = [\"va\"]",
        "local_networks = [\"10.77.0.0/16\"]",
        "listen = \"10.77.0.7:8443\"",
        "public_url = \"https://10.77.0.7:8443\"",
        "status_at = [\"09:00\"]",
        "phone = \"+79161234567\"",
        "critical_channels = [\"sms\"]",
        // Comments of the shipped file.
        "# Bytes kept of each frame, 64 to 65535. Only headers are read, so more costs time and adds nothing,",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
    for (name, secret) in [("mail.secret", "sesame"), ("sms.secret", "t0ken")] {
        let path = desk.dir().join(name);
        assert_eq!(fs::read_to_string(&path).unwrap().trim_end(), secret);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        assert!(!text.contains(secret), "{name} stands in the configuration");
    }
    assert_eq!(fs::metadata(desk.file()).unwrap().permissions().mode() & 0o777, 0o640);
    desk.run(&["config", "check"], "").check(0, &["ok"]);
    let users = desk.run(&["user", "list"], "");
    users.check(0, &["anna", "admin"]);
}

#[test]
fn whoever_leaves_finds_the_configuration_as_it_was() {
    in_namespace("interactive::whoever_leaves_finds_the_configuration_as_it_was", || {
        network();
        let desk = Desk::new();
        // The input ends at each question in turn.
        let answers = "va\nauto\n\nsqlite\nlocal\n-\nen\n-\n-\n";
        for end in 0..answers.lines().count() {
            let some: String = answers.lines().take(end).map(|line| format!("{line}\n")).collect();
            desk.run(&["setup"], &some).check(1, &["the input ended", "nothing is written"]);
            assert!(desk.names().iter().all(|name| name == "floodmark-data"), "{end}: {:?}", desk.names());
        }
        // Ctrl-C at the first question, and while a password is typed.
        let mut person = Terminal::start(&desk.command(&["setup"]));
        person.expect("Interfaces to capture");
        person.keys("\x03");
        person.finish().check(1, &["interrupted; nothing is written"]);
        let mut person = Terminal::start(&desk.command(&["setup", "--no-tests"]));
        for question in ["Interfaces to capture", "Own networks", "Folder of everything", "Store [sqlite]"] {
            person.answer(question, "");
        }
        person.answer("Address and port of the page", "local");
        person.answer("Links in messages", "");
        person.answer("Language of messages", "");
        person.answer("Mail server", "127.0.0.1");
        person.answer("Way to it", "");
        person.answer("(empty = none): ", "me");
        person.expect("Password of me: ");
        crate::process::await_some("a terminal that hides", || (!person.shows_keys()).then_some(()));
        person.keys("half\x03");
        person.finish().check(1, &["interrupted; nothing is written"]);
        assert!(person.shows_keys(), "the terminal is as it was");
        assert!(desk.names().iter().all(|name| name == "floodmark-data"), "{:?}", desk.names());
    });
}

#[test]
fn a_second_run_offers_what_stands_there_and_keeps_the_old_text() {
    in_namespace("interactive::a_second_run_offers_what_stands_there_and_keeps_the_old_text", || {
        network();
        let desk = Desk::new();
        let own =
            "# mine\n[capture]\ninterfaces = [\"vb\"] # the tap\nsnaplen = 96\n[web]\nlisten = \"127.0.0.1:9999\"\n";
        fs::write(desk.file(), own).unwrap();
        let told = desk.run(&["setup", "--no-tests", "--no-admin"], "va\n\n\n\n\n\n\n\n\nno\n");
        told.check(1, &["its values are offered", "[vb]", "[127.0.0.1:9999]", "not agreed to; nothing is written"]);
        assert_eq!(desk.text(), own);
        // Every default: nothing is to be changed.
        let told = desk.run(&["setup", "--no-tests", "--no-admin"], "\n\n\n\n\n\n\n\n\n");
        told.check(0, &["says all this already"]);
        assert_eq!(desk.text(), own);
        let told = desk.run(&["setup", "--no-tests", "--no-admin"], "va\n\n\n\n\n\n\n\n\nyes\n");
        told.check(0, &["the old text is in"]);
        assert_eq!(desk.text(), own.replace("[\"vb\"] # the tap", "[\"va\"] # the tap"));
        let kept: Vec<String> = desk.names().into_iter().filter(|name| name.starts_with("floodmark.toml.")).collect();
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!(fs::read_to_string(desk.dir().join(&kept[0])).unwrap(), own);
    });
}
