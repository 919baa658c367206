//! Ranges of `[store]`.

use store::config::{Config, Tls};

use super::{Problem, Report};
use crate::config::url;

pub fn check(config: &Config, report: &mut Report) {
    let known = ["", "sqlite://", "mysql://", "mariadb://"];
    let scheme = config.url.find("://").map_or(config.url.as_str(), |at| &config.url[..at + 3]);
    let is_server = matches!(scheme, "mysql://" | "mariadb://");
    if !known.contains(&scheme)
        || (!scheme.is_empty() && config.url.len() == scheme.len())
        || (is_server && !names_user_and_database(&config.url[scheme.len()..]))
    {
        report.problem(
            "store.url",
            format_args!("{:?}", url::masked(&config.url)),
            "sqlite://FOLDER, mysql://USER@HOST:PORT/DATABASE, or empty (SQLite in the data directory)",
            "mariadb:// is taken too",
        );
    }
    if config.tls == Tls::Off && config.tls_ca_file.is_some() {
        report.problem(
            "store.tls",
            "\"off\"",
            "\"verify\" together with store.tls_ca_file",
            "remove store.tls_ca_file, or set store.tls = \"verify\"",
        );
    }
    let accounts = [
        ("store.reader_user", &config.reader_user, &config.reader_password_file),
        ("store.maintainer_user", &config.maintainer_user, &config.maintainer_password_file),
    ];
    for (key, user, file) in accounts {
        if !is_user(user) || (user.is_empty() && file.is_some()) {
            report.problem(
                key,
                format_args!("{user:?}"),
                "empty (no file for its password then), or up to 32 letters, digits, `_`, `-`, `.`",
                "name an account of the database's server, such as \"floodmark_reader\"",
            );
        }
    }
}

fn is_user(user: &str) -> bool {
    user.len() <= 32 && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// Whether `USER@HOST/DATABASE` has all of its parts. The last `@` ends the user, as for the driver.
fn names_user_and_database(rest: &str) -> bool {
    let rest = rest.split('?').next().unwrap_or_default();
    rest.rsplit_once('@').is_some_and(|(user, place)| {
        let database = place.split_once('/').map_or("", |(_, database)| database);
        !user.is_empty() && !user.starts_with(':') && !database.is_empty()
    })
}

/// A password belongs into a file of its own, which the service manager can hand over as a credential.
pub fn password_in_file(config: &Config) -> Option<Problem> {
    url::has_password(&config.url).then(|| Problem {
        key: "store.url".into(),
        value: format!("{:?}", url::masked(&config.url)),
        allowed: "a URL without a password".to_owned(),
        remedy: "write the password alone into a file with mode 0600 and name that in store.password_file".to_owned(),
    })
}
