//! A real MariaDB: an administrator's login makes everything, or the printed SQL does; wrong servers are told.

use std::fs;

use store::testing::MariaDb;

use crate::desk::{Desk, network};
use crate::namespace::in_namespace;
use crate::terminal::Terminal;

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn rows(server: &MariaDb, sql: &str) -> i64 {
    block_on(server.number(sql)).unwrap()
}

/// The administrator's login of a test server, in a file.
fn login(desk: &Desk, server: &MariaDb, user: &str) -> String {
    desk.secret("admin.url", &format!("mysql://{user}@localhost/?socket={}\n", server.socket().display()))
}

/// Lines that a role or a command told in the end.
fn doctor(desk: &Desk, part: &str) -> Vec<String> {
    let told = desk.run(&["doctor", "--json"], "");
    told.text.lines().filter(|line| line.contains(part)).map(ToOwned::to_owned).collect()
}

#[test]
fn an_administrator_s_login_makes_database_tables_and_accounts() {
    in_namespace("mysql::an_administrator_s_login_makes_database_tables_and_accounts", || {
        let Some(server) = MariaDb::start_or_skip() else { return };
        network();
        let desk = Desk::new();
        let file = login(&desk, &server, "root");
        let told = desk.by_flags(&["--mysql-admin-url-file", &file, "--mysql-database", "flood"]);
        told.check(
            0,
            &["database flood and three accounts for 'localhost' are made", "a row was written and read back"],
        );
        assert_eq!(rows(&server, "SELECT COUNT(*) FROM flood.nodes"), 1);
        assert_eq!(rows(&server, "SELECT COUNT(*) FROM mysql.user WHERE User LIKE 'floodmark%'"), 3);
        let text = desk.text();
        for part in [
            "mysql://floodmark_writer@localhost/flood?socket=",
            "reader_user = \"floodmark_reader\"",
            "maintainer_user = \"floodmark_maintainer\"",
            "store.secret",
            "store-reader.secret",
            "store-maintainer.secret",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains("root@"), "the administrator's login is kept nowhere: {text}");
        let password = fs::read_to_string(desk.dir().join("store.secret")).unwrap();
        assert!(!told.text.contains(password.trim()), "{}", told.text);
        // Each command by the account that may: the page's, ingest's, the retention's.
        desk.run(&["flows"], "").check(0, &[]);
        desk.run(&["store", "migrate"], "").check(0, &["up to date"]);
        assert!(
            doctor(&desk, "\"fail\"").iter().all(|line| !line.contains("database")),
            "{:?}",
            doctor(&desk, "database")
        );
        // Again: new passwords, the same accounts, and all still works.
        let told = desk.by_flags(&["--mysql-admin-url-file", &file, "--mysql-database", "flood", "--no-admin"]);
        told.check(0, &["a row was written and read back", "this machine is node 1 there"]);
        assert_ne!(fs::read_to_string(desk.dir().join("store.secret")).unwrap(), password);
        desk.run(&["flows"], "").check(0, &[]);
    });
}

#[test]
fn what_the_server_refuses_is_told_and_nothing_is_written() {
    in_namespace("mysql::what_the_server_refuses_is_told_and_nothing_is_written", || {
        let Some(server) = MariaDb::start_or_skip() else { return };
        network();
        let desk = Desk::new();
        block_on(server.admin("CREATE USER poor@localhost; CREATE USER locked@localhost IDENTIFIED BY 'right'"))
            .unwrap();
        let check = |user: &str, parts: &[&str]| {
            let file = login(&desk, &server, user);
            desk.by_flags(&["--mysql-admin-url-file", &file])
                .check(1, parts)
                .check(1, &["FAILED", "nothing is written"]);
            assert!(!desk.file().exists() && !desk.dir().join("store.secret").exists(), "{user}");
        };
        check("poor", &["denied", "mysql://poor@localhost"]);
        check("locked", &["refuses user `locked`"]);
        check("locked:wrong", &["refuses user `locked`"]);
        check("nobody", &["refuses user"]);
        let socket = server.socket().display().to_string();
        let url = format!("mysql://poor@localhost/none?socket={socket}");
        desk.by_flags(&["--store", &url]).check(1, &["FAILED", "none"]);
        desk.by_flags(&["--store", "mysql://u@127.0.0.1:1/d"]).check(1, &["cannot reach 127.0.0.1:1"]);
        // An account that may only look.
        block_on(server.admin("CREATE DATABASE d; GRANT SELECT ON d.* TO poor@localhost")).unwrap();
        let url = format!("mysql://poor@localhost/d?socket={socket}");
        desk.by_flags(&["--store", &url]).check(1, &["floodmark store migrate", "CREATE"]);
        desk.by_flags(&["--store", &url, "--keep-failed", "--no-admin"]).check(0, &["kept all the same"]);
        let lacks = doctor(&desk, "database rights");
        assert!(
            lacks.len() == 1 && lacks[0].contains("INSERT on flows") && lacks[0].contains("store grants"),
            "{lacks:?}"
        );
    });
}

#[test]
fn an_old_server_a_narrow_database_and_a_lenient_one_are_told() {
    in_namespace("mysql::an_old_server_a_narrow_database_and_a_lenient_one_are_told", || {
        let lenient = ["--sql-mode=", "--character-set-server=latin1"];
        let Ok(server) = MariaDb::start(&lenient) else { return };
        network();
        let desk = Desk::new();
        block_on(server.admin("CREATE DATABASE narrow")).unwrap();
        let file = login(&desk, &server, "root");
        let told = desk.by_flags(&["--mysql-admin-url-file", &file, "--mysql-database", "narrow"]);
        told.check(0, &["a row was written and read back"]);
        let narrow = doctor(&desk, "database characters");
        assert!(
            narrow.len() == 1 && narrow[0].contains("latin1") && narrow[0].contains("ALTER DATABASE"),
            "{narrow:?}"
        );
        let mode = doctor(&desk, "database sql_mode");
        assert!(mode.len() == 1 && mode[0].contains("\"ok\"") && mode[0].contains("lenient"), "{mode:?}");
        // A name that latin1 does not have is kept whole all the same.
        let wide = "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'narrow' \
                    AND TABLE_COLLATION NOT LIKE 'utf8mb4%'";
        assert_eq!(rows(&server, wide), 0);
        block_on(server.admin("ALTER TABLE narrow.events CONVERT TO CHARACTER SET latin1")).unwrap();
        let narrow = doctor(&desk, "database characters");
        assert!(narrow[0].contains("\"fail\"") && narrow[0].contains("events (latin1"), "{narrow:?}");
        drop(server);

        let Ok(server) = MariaDb::start(&["--version=5.7.44-log"]) else { return };
        let desk = Desk::new();
        let file = login(&desk, &server, "root");
        desk.by_flags(&["--mysql-admin-url-file", &file]).check(1, &["5.7.44", "older than what is tested", "upgrade"]);
        assert_eq!(
            rows(&server, "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'floodmark'"),
            0
        );
    });
}

#[test]
fn the_printed_sql_does_what_the_login_would() {
    in_namespace("mysql::the_printed_sql_does_what_the_login_would", || {
        let Some(server) = MariaDb::start_or_skip() else { return };
        network();
        let desk = Desk::new();
        let socket = server.socket().display().to_string();
        let flags = [
            "setup",
            "--interface",
            "va",
            "--network",
            "auto",
            "--mysql-print-sql",
            &socket,
            "--listen",
            "local",
            "--public-url",
            "-",
            "--language",
            "en",
            "--mail-server",
            "-",
            "--phone",
            "-",
            "--no-admin",
        ];
        let mut person = Terminal::start(&desk.command(&flags));
        person.answer("Folder of everything", "");
        person.answer("Database that is made", "");
        person.expect("To be run as the server's administrator");
        person.expect("Enter when it is done");
        block_on(server.admin(&statements(&person.shown()))).unwrap();
        let before = person.shown().len();
        person.keys("\n");
        person.expect("the tables are made");
        person.expect("Enter when that is done too");
        block_on(server.admin(&statements(&person.shown()[before..]))).unwrap();
        person.keys("\n");
        person.expect("a row was written and read back");
        person.answer("Write ", "yes");
        person.finish().check(0, &["is written and checked"]);
        desk.run(&["flows"], "").check(0, &[]);
        // Without a person it is printed, and not tried.
        let other = Desk::new();
        let told = other.by_flags(&["--mysql-print-sql", "db.example:3307", "--no-admin"]);
        told.check(
            0,
            &["CREATE DATABASE IF NOT EXISTS `floodmark`", "'floodmark_writer'@'%'", "floodmark store migrate"],
        );
        assert!(other.text().contains("mysql://floodmark_writer@db.example:3307/floodmark"), "{}", other.text());
    });
}

/// The statements among what a terminal shows.
fn statements(shown: &str) -> String {
    let is_statement = |line: &&str| ["CREATE", "ALTER", "GRANT"].iter().any(|word| line.starts_with(word));
    shown.lines().map(str::trim_end).filter(is_statement).collect::<Vec<_>>().join("\n")
}
