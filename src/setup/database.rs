//! Where rows are kept: files of SQLite, or a server, with an administrator's login, by printed SQL, or by an account
//! that is there. Tried by a row that is written and read back.

use std::path::PathBuf;

use spool::NodeId;
use store::{NodeIdentity, StoreError};

use super::console::Console;
use super::draft::{Draft, absolute};
use super::stop::Stop;
use super::{Seen, mysql};
use crate::cli::SetupArgs;
use crate::commands::{now_s, wait_for_store};
use crate::config::{Config, url};

pub use super::mysql::Admin;

pub fn ask(console: &mut Console, draft: &mut Draft, given: &mut SetupArgs) -> Result<(), Stop> {
    if given.data_dir.take().is_none() {
        let default = draft.config.node.data_dir.display().to_string();
        let question = "Folder of everything that is kept";
        draft.config.node.data_dir = console.ask(question, None, &default, |text| match text {
            "" => Err("name a folder on a disk with room".to_owned()),
            text if text.contains(char::is_control) => Err("a path has no such characters".to_owned()),
            text => Ok(PathBuf::from(text)),
        })?;
    }
    draft.waits_for_sql = false;
    let flags = &given.store;
    if let Some(store) = flags.store.clone() {
        return by_flag(console, draft, given, &store);
    }
    let flag = match (&flags.mysql_admin_url_file, &flags.mysql_print_sql) {
        (Some(_), _) => Some("mysql".to_owned()),
        (None, Some(_)) => Some("sql".to_owned()),
        (None, None) => None,
    };
    let is_server = is_server(&draft.config);
    let mut options = vec![
        ("sqlite", "files in that folder: nothing to install"),
        ("mysql", "MySQL or MariaDB: an administrator's login, used once, makes database and accounts"),
        ("sql", "MySQL or MariaDB: the SQL for its administrator is printed"),
        ("account", "MySQL or MariaDB: a database and an account that are there already"),
    ];
    let present = format!("as it is: {}", url::masked(&draft.config.store.url));
    if is_server {
        options.push(("present", &present));
    }
    let default = if is_server { "present" } else { "sqlite" };
    match console.choose("Store", &options, flag, default)?.as_str() {
        "present" => Ok(()),
        "mysql" => mysql::ask_login(console, draft, given),
        "sql" => mysql::print_sql(console, draft, given),
        "account" => ask_account(console, draft),
        _ => {
            use_sqlite(draft, None);
            Ok(())
        }
    }
}

fn is_server(config: &Config) -> bool {
    config.store.url.starts_with("mysql://") || config.store.url.starts_with("mariadb://")
}

fn by_flag(console: &mut Console, draft: &mut Draft, given: &mut SetupArgs, store: &str) -> Result<(), Stop> {
    given.store.store = None;
    console.say(&format!("Store: {}", url::masked(store)))?;
    match store {
        "sqlite" => use_sqlite(draft, None),
        store if store.starts_with("sqlite://") => use_sqlite(draft, Some(store.to_owned())),
        store if url::has_password(store) => {
            let told = "--store: a password on the command line can be read by every user of this machine; write it into \
                        a file with mode 0600 and name that in --store-password-file";
            return Err(Stop::Wrong(told.to_owned()));
        }
        store => {
            let file = given.store.store_password_file.take().map(|file| absolute(&file));
            use_account(draft, store.to_owned(), file);
            mysql::set_tls(draft, given.store.store_tls.take().as_deref());
        }
    }
    Ok(())
}

/// An account that is there: one that may do everything with its database.
fn ask_account(console: &mut Console, draft: &mut Draft) -> Result<(), Stop> {
    let default = if is_server(&draft.config) { draft.config.store.url.clone() } else { String::new() };
    let question = "mysql://USER@HOST:PORT/DATABASE, with ?socket=PATH for a socket";
    let wanted = console.ask(question, None, &default, |text| match text {
        "" => Err("it is needed".to_owned()),
        text if url::has_password(text) => Err("leave the password out: it is asked for next".to_owned()),
        text if text.starts_with("mysql://") || text.starts_with("mariadb://") => Ok(text.to_owned()),
        _ => Err("it begins with mysql://".to_owned()),
    })?;
    let kept = draft.config.store.password_file.clone().filter(|_| wanted == default);
    let hint = if kept.is_some() { "Enter = the one in its file" } else { "Enter = none" };
    let file = match console.secret(&format!("Password ({hint})"))? {
        Some(password) => Some(draft.keep_secret("store", password)),
        None => kept,
    };
    use_account(draft, wanted, file);
    mysql::ask_tls(console, draft)
}

fn use_sqlite(draft: &mut Draft, url: Option<String>) {
    let store = &mut draft.config.store;
    let present = Some(store.url.clone()).filter(|url| url.starts_with("sqlite://"));
    *store = store::config::Config { url: url.or(present).unwrap_or_default(), ..store::config::Config::default() };
}

fn use_account(draft: &mut Draft, url: String, password_file: Option<PathBuf>) {
    let (tls, tls_ca_file) = (draft.config.store.tls, draft.config.store.tls_ca_file.clone());
    draft.config.store =
        store::config::Config { url, password_file, tls, tls_ca_file, ..store::config::Config::default() };
}

pub fn test(draft: Draft) -> Seen {
    let mut remarks = Vec::new();
    if draft.waits_for_sql {
        return Seen::Untried("the SQL is to be run first; then `floodmark doctor` tries the accounts".to_owned());
    }
    if let Some(admin) = &draft.admin {
        match mysql::establish(admin, &draft.config) {
            Ok(told) => remarks.extend(told),
            Err(told) => return Seen::Bad(told),
        }
    }
    match prove(&draft) {
        Ok(told) => {
            remarks.push(told);
            Seen::Good(remarks.join("; "))
        }
        Err(told) => Seen::Bad(told),
    }
}

/// Writes this machine's row and reads it back.
fn prove(draft: &Draft) -> Result<String, String> {
    let (config, _held) = draft.for_trial().map_err(|error| format!("no memory for a password: {error}"))?;
    let data_dir = &config.node.data_dir;
    let node = NodeId::load_or_create(data_dir)
        .map_err(|error| format!("{error}; name a folder in which this user may write"))?;
    let name = if config.node.name.is_empty() {
        crate::config::check::Machine::read().host_name
    } else {
        config.node.name.clone()
    };
    let identity = NodeIdentity { uuid: *node.as_bytes(), name, version: env!("CARGO_PKG_VERSION").to_owned() };
    let kept = config.ingest.retention.flows;
    let proven = wait_for_store(async { Ok(store::prove(&config.store, data_dir, &identity, kept, now_s()).await) });
    let place = match config.store.url.as_str() {
        "" => format!("SQLite in {}", data_dir.join("store").display()),
        url => url::masked(url),
    };
    match proven.map_err(|failure| failure.error.to_string())? {
        Ok(number) => Ok(format!("{place}: a row was written and read back; this machine is node {number} there")),
        // Whoever writes has proven it.
        Err(StoreError::Locked { .. }) => Ok(format!("{place}: ingest runs and writes to it now")),
        Err(error) => Err(error.to_string()),
    }
}
