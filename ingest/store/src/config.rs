//! The `[store]` section of floodmark.toml.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Whether a connection to MySQL/MariaDB is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Encrypted and the certificate verified, except to loopback and Unix sockets.
    #[default]
    Verify,
    /// Never encrypted: for a network that is trusted.
    Off,
}

/// The `[store]` section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `sqlite://PATH` or `mysql://USER@HOST:PORT/DATABASE` (`?socket=/path` for a Unix socket); empty = SQLite in the data directory.
    pub url: String,
    /// File that holds the password of a `mysql://` URL; must not be readable by others.
    pub password_file: Option<PathBuf>,
    /// Another account of the same database for whoever only reads; empty = the one of `url`.
    pub reader_user: String,
    /// File that holds the reader's password.
    pub reader_password_file: Option<PathBuf>,
    /// Another account for tables, partitions and retention; empty = the one of `url`.
    pub maintainer_user: String,
    /// File that holds the maintainer's password.
    pub maintainer_password_file: Option<PathBuf>,
    /// Whether a connection to MySQL/MariaDB is encrypted.
    pub tls: Tls,
    /// Certificate authority to trust for `tls = "verify"`; empty = the well-known ones.
    pub tls_ca_file: Option<PathBuf>,
}

impl Config {
    /// The same store by the account of whoever only reads.
    pub fn for_reading(&self) -> Config {
        self.by(&self.reader_user, &self.reader_password_file)
    }

    /// The same store by the account that makes tables and drops what is not kept.
    pub fn for_upkeep(&self) -> Config {
        self.by(&self.maintainer_user, &self.maintainer_password_file)
    }

    fn by(&self, user: &str, password_file: &Option<PathBuf>) -> Config {
        if user.is_empty() || !is_server(&self.url) {
            return self.clone();
        }
        let url = with_user(&self.url, user);
        Config {
            url,
            password_file: password_file.clone(),
            tls: self.tls,
            tls_ca_file: self.tls_ca_file.clone(),
            ..Config::default()
        }
    }
}

fn is_server(url: &str) -> bool {
    url.starts_with("mysql://") || url.starts_with("mariadb://")
}

/// `url` with another user and without the password of the first. The last `@` ends the user, as for the driver.
pub fn with_user(url: &str, user: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (place, query) = rest.split_once('?').map_or((rest, ""), |(place, query)| (place, query));
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{scheme}://{user}@{place}{query}")
}

/// `url` with another database.
pub fn with_database(url: &str, database: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (place, query) = rest.split_once('?').map_or((rest, ""), |(place, query)| (place, query));
    // A password may hold a slash; the address behind the last `@` does not.
    let address = place.rfind('@').map_or(0, |at| at + 1);
    let end = place[address..].find('/').map_or(place.len(), |at| address + at);
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{scheme}://{}/{database}{query}", &place[..end])
}

#[cfg(test)]
mod tests {
    use super::{Config, with_database, with_user};

    #[test]
    fn users_and_databases_are_exchanged() {
        assert_eq!(with_user("mysql://w:p/@w@h:1/d?socket=/s@x", "r"), "mysql://r@h:1/d?socket=/s@x");
        assert_eq!(with_user("mariadb://w@[::1]/d", "r"), "mariadb://r@[::1]/d");
        assert_eq!(with_database("mysql://w:p/q@h:1/d?socket=/s", "x"), "mysql://w:p/q@h:1/x?socket=/s");
        assert_eq!(with_database("mysql://w@h", "x"), "mysql://w@h/x");
        assert_eq!(with_database("none", "x"), "none");
    }

    #[test]
    fn each_part_has_its_account() {
        let url = "mysql://w@h/d".to_owned();
        let mut config = Config { url, password_file: Some("/w".into()), ..Config::default() };
        assert_eq!((config.for_reading(), config.for_upkeep()), (config.clone(), config.clone()));
        (config.reader_user, config.reader_password_file) = ("r".to_owned(), Some("/r".into()));
        config.maintainer_user = "m".to_owned();
        let (reading, upkeep) = (config.for_reading(), config.for_upkeep());
        assert_eq!((reading.url.as_str(), reading.password_file), ("mysql://r@h/d", Some("/r".into())));
        assert_eq!((upkeep.url.as_str(), upkeep.password_file), ("mysql://m@h/d", None));
        config.url = "sqlite:///x".to_owned();
        assert_eq!(config.for_reading(), config);
    }
}
