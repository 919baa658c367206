//! Without a person: each flag, what it must not be, and the exit codes.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use faults::recorder::Recorder;

use crate::desk::{Desk, Traffic, network};
use crate::namespace::in_namespace;

#[test]
fn flags_answer_all_questions() {
    in_namespace("flags::flags_answer_all_questions", || {
        network();
        let _traffic = Traffic::begin();
        let (mail, sms) = (Recorder::smtp(), Recorder::http("ok"));
        let desk = Desk::new();
        let (server, url) = (mail.address().to_string(), format!("http://{}/send", sms.address()));
        let password = desk.secret("given.password", "sesame\n");
        let flags = [
            "--interface",
            "va",
            "--interface",
            "lo",
            "--network",
            "10.77.0.0/24",
            "--store",
            "sqlite",
            "--listen",
            "all",
            "--public-url",
            "https://flood.example:8443",
            "--language",
            "ru",
            "--mail-server",
            &server,
            "--mail-user",
            "me",
            "--mail-password-file",
            &password,
            "--mail-from",
            "Floodmark <f@example.org>",
            "--mail-to",
            "ann@example.org",
            "--phone",
            "+79161234567",
            "--sms-gateway",
            "http",
            "--sms-url",
            &url,
            "--sms-body",
            "to={{to}}&text={{text}}",
            "--status",
            "09:00,21:00",
            "--admin",
            "root-of-it",
        ];
        let told = desk.by_flags(&flags);
        told.check(
            0,
            &[
                "packets passed",
                "a row was written and read back",
                "ann@example.org was accepted",
                "+79161234567 was accepted",
                "every day at 09:00, 21:00 by sms",
                "https://flood.example:8443/enrol/",
            ],
        );
        assert!(!told.text.contains("sesame"), "{}", told.text);
        assert!(mail.taken()[0].text.contains("Floodmark <f@example.org>"), "{}", mail.taken()[0].text);
        assert_eq!(sms.taken().len(), 1);
        let text = desk.text();
        for line in ["interfaces = [\"va\", \"lo\"]", "listen = \"0.0.0.0:8443\"", "language = \"ru\"", "user = \"me\""]
        {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
        assert!(text.contains(&format!("password_file = \"{password}\"")), "a given file is named, not copied");
        // Again with nothing new: no message twice that nobody asked for, no change, and the user is there.
        let told = desk.run(&["setup", "--yes", "--no-tests"], "");
        told.check(0, &["says all this already", "there is root-of-it (admin)"]);
        assert_eq!((desk.text(), mail.taken().len()), (text, 1));
    });
}

#[test]
fn nothing_but_yes_is_a_beginning() {
    in_namespace("flags::nothing_but_yes_is_a_beginning", || {
        network();
        let desk = Desk::new();
        desk.by_flags(&[]).check(0, &["va opens", "no e-mail", "no short messages", "admin may sign in as admin"]);
        let text = desk.text();
        assert!(text.contains("interfaces = [\"va\"]") && text.contains("listen = \"10.77.0.7:8443\""), "{text}");
        desk.run(&["config", "check"], "").check(0, &[]);
    });
}

#[test]
fn answers_that_cannot_be_are_2_and_write_nothing() {
    in_namespace("flags::answers_that_cannot_be_are_2_and_write_nothing", || {
        network();
        let desk = Desk::new();
        let open = desk.dir().join("open").to_str().unwrap().to_owned();
        fs::write(&open, "mysql://root@localhost/").unwrap();
        fs::set_permissions(&open, Permissions::from_mode(0o644)).unwrap();
        let nothing = desk.secret("nothing", "hello\n");
        let before = desk.names();
        let mail = ["--mail-server", "127.0.0.1:25", "--mail-to", "a@example.org"];
        let sms = ["--phone", "+79161234567"];
        let cases: [(&[&str], &str); 26] = [
            (&["--interface", "eth99"], "there is no interface"),
            (&["--interface", "a/b"], "there is no interface"),
            (&["--network", "10.0.0.0/33"], "is no network"),
            (&["--store", "oracle://x"], "store.url"),
            (&["--store", "mysql://u@h"], "store.url"),
            (&["--store", "mysql://u:pw@h/d"], "--store-password-file"),
            (&["--mysql-admin-url-file", "/nowhere"], "/nowhere"),
            (&["--mysql-admin-url-file", &open], "can be read by others"),
            (&["--mysql-admin-url-file", &nothing], "holds no mysql://"),
            (&["--mysql-print-sql", "a b"], "is no host"),
            (&["--mysql-print-sql", "db", "--mysql-database", "a`b"], "letters, digits"),
            (&["--listen", "somewhere"], "write local, all"),
            (&["--public-url", "flood.example"], "beginning of an address"),
            (&["--language", "fr"], "one of en, ru"),
            (&["--mail-server", "a b"], "is no host"),
            (&["--mail-server", "mail.example", "--mail-security", "rot13"], "one of starttls"),
            (
                &["--mail-server", "mail.example", "--mail-security", "off", "--mail-to", "a@b.c"],
                "notifier.email.security",
            ),
            (
                &["--mail-server", "mail.example", "--mail-to", "a@b.c", "--mail-user", "u"],
                "notifier.email.password_file",
            ),
            (&[&mail[..2], &["--mail-from", "x@example.org"]].concat(), "it is needed"),
            (&[&mail[..], &["--mail-from", "nobody"]].concat(), "notifier.email.from"),
            (&["--phone", "12"], "country code"),
            (&[&sms[..], &["--sms-gateway", "pigeon"]].concat(), "one of twilio"),
            (&[&sms[..], &["--sms-gateway", "twilio"]].concat(), "notifier.sms[sms].user"),
            (&[&sms[..], &["--sms-gateway", "smpp", "--sms-server", "x"]].concat(), "notifier.sms[sms].smpp.server"),
            (
                &[&sms[..], &["--sms-gateway", "http", "--sms-url", "http://gw.example/?t={{text}}&n={{to}}"]].concat(),
                "https://",
            ),
            (&["--status", "09:00"], "somebody who is told"),
        ];
        for (flags, part) in cases {
            let told = desk.by_flags(&[&["--no-tests"], flags].concat());
            assert_eq!(told.code, Some(2), "{flags:?}: {}", told.text);
            told.check(2, &[part, "nothing is written"]);
            assert_eq!(desk.names(), before, "{flags:?}");
        }
        desk.by_flags(&["--store", "sqlite", "--mysql-print-sql", "h"]).check(2, &["cannot be used with"]);
    });
}

#[test]
fn a_failed_test_is_1_and_writes_nothing_unless_it_is_kept() {
    in_namespace("flags::a_failed_test_is_1_and_writes_nothing_unless_it_is_kept", || {
        network();
        let taken = TcpListener::bind("10.77.0.7:0").unwrap();
        let taken = taken.local_addr().unwrap().to_string();
        let away = "127.0.0.1:1";
        let mail = ["--mail-server", away, "--mail-from", "f@example.org", "--mail-to", "a@example.org"];
        let desk = Desk::new();
        let occupied = desk.secret("occupied", "a file");
        let token = desk.secret("token", "x");
        let sms = [
            "--phone",
            "+79161234567",
            "--sms-gateway",
            "twilio",
            "--sms-user",
            "AC1",
            "--sms-secret-file",
            &token,
            "--sms-from",
            "+12025550100",
            "--sms-url",
            "http://127.0.0.1:1",
        ];
        let cases: [(&[&str], &[&str]); 5] = [
            (&["--listen", &taken], &["another program has", "Page: the test failed"]),
            (&["--listen", "10.9.9.9:8443"], &["does not have the address", "web.listen"]),
            (&mail, &["Connection refused", "E-mail: the test failed", "--keep-failed"]),
            (&sms, &["FAILED", "Short messages: the test failed"]),
            (&["--store", &format!("sqlite://{occupied}")], &["Store: the test failed", &occupied]),
        ];
        for (flags, parts) in cases {
            let told = desk.by_flags(flags);
            assert_eq!(told.code, Some(1), "{flags:?}: {}", told.text);
            told.check(1, parts).check(1, &["FAILED", "nothing is written"]);
            assert!(!desk.file().exists(), "{flags:?}");
        }
        desk.by_flags(&[&["--keep-failed"], &mail[..]].concat())
            .check(0, &["FAILED", "kept all the same", "FAIL mail server"]);
        assert!(desk.text().contains("server = \"127.0.0.1\""), "{}", desk.text());
    });
}

#[test]
fn a_file_that_is_wrong_is_78_and_stays() {
    let desk = Desk::new();
    for wrong in ["[capture]\nsnaplen = 1\n", "[capture\n", "[nonsense]\n", "[store]\nurl = \"mysql://u:pw@h/d\"\n"] {
        fs::write(desk.file(), wrong).unwrap();
        desk.by_flags(&["--no-tests"]).check(78, &["floodmark.toml"]);
        assert_eq!(desk.text(), wrong);
    }
}

#[test]
fn a_folder_that_may_not_be_written_is_77() {
    let desk = Desk::new();
    let closed = desk.dir().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(desk.dir(), Permissions::from_mode(0o755)).unwrap();
    let mut command = if nix::unistd::geteuid().is_root() {
        // Nothing is closed to root.
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_floodmark")]);
        command
    } else {
        Command::new(env!("CARGO_BIN_EXE_floodmark"))
    };
    let output = command.args(["setup", "--yes", "--config"]).arg(closed.join("f.toml")).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if told.contains("setpriv:") {
        eprintln!("a_folder_that_may_not_be_written_is_77: skipped: {told}");
        return;
    }
    assert_eq!(output.status.code(), Some(77), "{told}");
    assert!(told.contains("run it as root") && told.contains("--config"), "{told}");
}

#[test]
fn without_the_right_to_capture_the_interface_is_taken_untried() {
    in_namespace("flags::without_the_right_to_capture_the_interface_is_taken_untried", || {
        network();
        let desk = Desk::new();
        let command = desk.command(&["setup", "--yes", "--no-admin"]);
        let mut without = Command::new("setpriv");
        without
            .args(["--bounding-set=-net_raw", "--inh-caps=-net_raw"])
            .arg(command.get_program())
            .args(command.get_args());
        let output = without.current_dir(desk.dir()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{told}{}", String::from_utf8_lossy(&output.stderr));
        assert!(told.contains("not tried: va") && told.contains("CAP_NET_RAW"), "{told}");
        assert!(desk.text().contains("interfaces = [\"va\"]"), "{}", desk.text());
    });
}

#[test]
fn help_explains_every_flag() {
    let desk = Desk::new();
    let output =
        Command::new(env!("CARGO_BIN_EXE_floodmark")).args(["setup", "--help"]).current_dir(desk.dir()).output();
    let told = String::from_utf8(output.unwrap().stdout).unwrap();
    for flag in
        ["--yes", "--interface", "--mysql-admin-url-file", "--sms-gateway", "--keep-failed", "Exit codes: 0 written"]
    {
        assert!(told.contains(flag), "{flag}\n{told}");
    }
}
