//! A server's administrator: the login that is used once, or the SQL that does the same; three accounts with made-up
//! passwords, each in a file of its own.

use std::path::Path;
use std::time::Duration;

use store::config::{Config as StoreConfig, Tls, with_database, with_user};
use store::grants::{self, Passwords};
use store::{Store, Wish};

use super::console::Console;
use super::draft::{Draft, in_memory};
use super::server::Server;
use super::stop::Stop;
use crate::cli::SetupArgs;
use crate::commands::{now_s, wait_for_store};
use crate::config::{Config, url};
use crate::doctor::{Finding, Level, database};

/// The database's usual name.
const DATABASE: &str = "floodmark";

/// A login between its question and its one use. It is written nowhere.
#[derive(Clone)]
pub struct Admin {
    url: String,
    password: Option<String>,
    database: String,
    passwords: Passwords,
}

/// Asks for the login, and lays the accounts that it will make into the draft.
pub fn ask_login(console: &mut Console, draft: &mut Draft, given: &mut SetupArgs) -> Result<(), Stop> {
    let (login, password) = match given.store.mysql_admin_url_file.take() {
        Some(file) => (login_of(&file).map_err(Stop::Wrong)?, None),
        None => {
            let question = "Server: HOST, HOST:PORT or the path of its socket";
            let server = console.ask(question, None, &Server::offered(), Server::parse)?;
            let user = console.ask("Administrator", None, "root", name)?;
            let password = console.secret("Password, used once and kept nowhere (Enter = none)")?;
            (server.url(&user, ""), password)
        }
    };
    let database = ask_database(console, given)?;
    let passwords = lay_accounts(draft, &login, &database);
    set_tls(draft, given.store.store_tls.take().as_deref());
    ask_tls(console, draft)?;
    draft.admin = Some(Admin { url: login, password, database, passwords });
    Ok(())
}

/// Prints what an administrator would run, in two steps, because rights on tables need the tables.
pub fn print_sql(console: &mut Console, draft: &mut Draft, given: &mut SetupArgs) -> Result<(), Stop> {
    let flag = given.store.mysql_print_sql.take();
    let server =
        console.ask("Server: HOST, HOST:PORT or the path of its socket", flag, &Server::offered(), Server::parse)?;
    let database = ask_database(console, given)?;
    let passwords = lay_accounts(draft, &server.url("root", ""), &database);
    set_tls(draft, given.store.store_tls.take().as_deref());
    ask_tls(console, draft)?;
    let host = if server.is_near() { "localhost" } else { "%" };
    let sql = |statements: Vec<String>| statements.iter().map(|line| format!("{line};\n")).collect::<String>();
    console.say("\n-- To be run as the server's administrator:")?;
    if host == "%" {
        console.say(
            "-- '%' is any host: write this machine's address, as the server sees it, in its place if you know it.",
        )?;
    }
    console.say(&sql(grants::before_tables(&database, host, &passwords)))?;
    if console.asks() {
        console.ask("Enter when it is done", None, "", |_| Ok(()))?;
        let trial = draft.clone();
        match console.wait(move || make_tables(&trial))? {
            Ok(()) => console.say("  ok: the tables are made")?,
            Err(why) => console.say(&format!("  {why}"))?,
        }
    } else {
        console.say("-- Then run `floodmark store migrate`, which makes the tables, and:")?;
        draft.waits_for_sql = true;
    }
    console.say(&sql(grants::for_writer(&database, host)))?;
    if console.asks() {
        console.ask("Enter when that is done too", None, "", |_| Ok(()))?;
    }
    Ok(())
}

fn make_tables(draft: &Draft) -> Result<(), String> {
    let (config, _held) = draft.for_trial().map_err(|error| format!("no memory for a password: {error}"))?;
    let upkeep = config.store.for_upkeep();
    let made = wait_for_store(async {
        let store = Store::connect(&upkeep, &config.node.data_dir).await?;
        store.migrate().await?;
        store.prepare(config.ingest.retention.flows, now_s()).await
    });
    made.map_err(|failure| failure.error.to_string())
}

fn ask_database(console: &mut Console, given: &mut SetupArgs) -> Result<String, Stop> {
    console.ask("Database that is made", given.store.mysql_database.take(), DATABASE, name)
}

fn name(text: &str) -> Result<String, String> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let is_name = (1..=32).contains(&text.len()) && is_plain;
    is_name.then(|| text.to_owned()).ok_or_else(|| "1 to 32 letters, digits, `_`, `-`, `.`".to_owned())
}

/// The administrator's URL, from a file that others cannot read.
fn login_of(file: &Path) -> Result<String, String> {
    let text = notifier::secret::read(file).map_err(|error| format!("--mysql-admin-url-file: {error}"))?;
    let is_whole = text.starts_with("mysql://") && text.contains('@');
    is_whole
        .then_some(text)
        .ok_or_else(|| format!("--mysql-admin-url-file: {} holds no mysql://ADMIN:PASSWORD@HOST:PORT/", file.display()))
}

/// Three accounts with new passwords, as the configuration names them.
fn lay_accounts(draft: &mut Draft, login: &str, database: &str) -> Passwords {
    let passwords = Passwords { writer: made_up(), reader: made_up(), maintainer: made_up() };
    let mut file = |what: &str, password: &str| Some(draft.keep_secret(what, password.to_owned()));
    let password_file = file("store", &passwords.writer);
    let reader_password_file = file("store-reader", &passwords.reader);
    let maintainer_password_file = file("store-maintainer", &passwords.maintainer);
    let (tls, tls_ca_file) = (draft.config.store.tls, draft.config.store.tls_ca_file.clone());
    draft.config.store = StoreConfig {
        url: with_database(&with_user(login, &grants::user("writer")), database),
        password_file,
        reader_user: grants::user("reader"),
        reader_password_file,
        maintainer_user: grants::user("maintainer"),
        maintainer_password_file,
        tls,
        tls_ca_file,
    };
    passwords
}

/// 256 random bits; the end is for servers whose policy wants each kind of character.
fn made_up() -> String {
    web_ui::sign_in::new_secret() + "-Aa1"
}

/// By a flag.
pub fn set_tls(draft: &mut Draft, wanted: Option<&str>) {
    match wanted {
        Some("off") => draft.config.store.tls = Tls::Off,
        Some(_) => draft.config.store.tls = Tls::Verify,
        None => {}
    }
}

/// Asked only where somebody may listen between here and the server.
pub fn ask_tls(console: &mut Console, draft: &mut Draft) -> Result<(), Stop> {
    let store = &draft.config.store;
    if !console.asks() || store.url.contains("?socket=") || is_loopback(&store.url) {
        return Ok(());
    }
    let options = [
        ("verify", "encrypted, and the server's certificate verified"),
        ("off", "not encrypted: only for a network that you trust"),
    ];
    let default = if store.tls == Tls::Off { "off" } else { "verify" };
    let wanted = console.choose("Connection to the server", &options, None, default)?;
    set_tls(draft, Some(&wanted));
    Ok(())
}

fn is_loopback(url: &str) -> bool {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest).rsplit('@').next().unwrap_or_default();
    let place = authority.split(['/', '?']).next().unwrap_or_default();
    Server::parse(place).is_ok_and(|server| server.is_near())
}

/// Looks at the server and makes everything; gives what is worth knowing.
///
/// # Errors
/// What is wrong, with its remedy.
pub fn establish(admin: &Admin, config: &Config) -> Result<Vec<String>, String> {
    let file = admin.password.as_deref().map(in_memory).transpose();
    let file = file.map_err(|error| format!("no memory for a password: {error}"))?;
    let password_file = file.as_ref().map(|file| {
        use std::os::fd::AsRawFd;
        format!("/proc/self/fd/{}", file.as_raw_fd()).into()
    });
    let (tls, tls_ca_file) = (config.store.tls, config.store.tls_ca_file.clone());
    let login = StoreConfig { url: admin.url.clone(), password_file, tls, tls_ca_file, ..StoreConfig::default() };
    let told = |failure: crate::exit::Failure| failure.error.to_string();
    let inspection = wait_for_store(store::inspect_server(&login)).map_err(told)?;
    let findings = database::judge_server(&inspection);
    // A version that nobody has tried is no beginning.
    let is_bad = |finding: &&Finding| {
        finding.level == Level::Fail || (finding.level == Level::Warn && finding.subject == "database")
    };
    if let Some(bad) = findings.iter().find(is_bad) {
        return Err(format!("{}: {}; {}", bad.subject, bad.what, bad.remedy));
    }
    let flows_kept: Duration = config.ingest.retention.flows;
    let wish = Wish { database: &admin.database, passwords: &admin.passwords, flows_kept, now: now_s() };
    let host = wait_for_store(store::establish(&login, &wish))
        .map_err(|failure| format!("{}: {}", url::masked(&admin.url), failure.error))?;
    let mut remarks: Vec<String> =
        findings.iter().filter(|finding| finding.subject == "database").map(|finding| finding.what.clone()).collect();
    remarks.push(format!("database {} and three accounts for '{host}' are made", admin.database));
    Ok(remarks)
}

#[cfg(test)]
mod tests {
    use super::{is_loopback, made_up, name};

    #[test]
    fn passwords_are_made_up_anew_and_need_no_quoting() {
        let (one, other) = (made_up(), made_up());
        assert!(one != other && one.len() > 40, "{one}");
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)), "{one}");
    }

    #[test]
    fn names_and_places() {
        assert!(name("flood_mark-1.x").is_ok());
        for wrong in ["", "a b", "a`b", "a'b", &"x".repeat(33)] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
        assert!(is_loopback("mysql://w@127.0.0.1:3306/d") && is_loopback("mysql://w@[::1]:1/d"));
        assert!(!is_loopback("mysql://w@db.example:3306/d"));
    }
}
