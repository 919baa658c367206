//! Where the store is: reads `store.url`, the password file and the TLS setting.

use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use crate::config::{Config, Tls};
use crate::error::StoreError;
use crate::limits::STATEMENTS_MAX;

/// A store that can be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A folder with `main.db` and the day files.
    Sqlite(PathBuf),
    /// A database on a server.
    MySql(Box<ServerAddress>),
}

/// A server, a user and a database.
#[derive(Clone)]
pub(crate) struct ServerAddress {
    pub(crate) options: MySqlConnectOptions,
    /// Address or socket, for messages: without user and password.
    pub(crate) name: String,
    pub(crate) user: String,
    pub(crate) database: String,
}

// The options hold the password and print it.
impl std::fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "mysql://{}@{}/{}", self.user, self.name, self.database)
    }
}

impl PartialEq for ServerAddress {
    fn eq(&self, other: &ServerAddress) -> bool {
        (&self.name, &self.user, &self.database) == (&other.name, &other.user, &other.database)
    }
}

impl Eq for ServerAddress {}

impl Target {
    /// Reads the configuration; `data_dir` is for an empty URL. Touches nothing but the password file.
    pub(crate) fn of(config: &Config, data_dir: &Path) -> Result<Target, StoreError> {
        if config.url.is_empty() {
            return Ok(Target::Sqlite(data_dir.join("store")));
        }
        match config.url.split_once("://") {
            Some(("sqlite", "")) => Err(wrong("the folder is missing")),
            Some(("sqlite", folder)) => Ok(Target::Sqlite(PathBuf::from(folder))),
            Some(("mysql" | "mariadb", rest)) => Ok(Target::MySql(Box::new(server(rest, config)?))),
            Some((scheme, _)) => Err(StoreError::UnknownScheme { scheme: scheme.to_owned() }),
            None => Err(wrong("there is no scheme")),
        }
    }
}

fn wrong(reason: &str) -> StoreError {
    StoreError::Url { reason: reason.to_owned() }
}

/// Reads what follows `mysql://`.
fn server(rest: &str, config: &Config) -> Result<ServerAddress, StoreError> {
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split('=').next().unwrap_or_default();
        if name != "socket" {
            return Err(wrong(&format!("`?{name}=` is not known; only `socket` is")));
        }
    }
    let parsed: Result<MySqlConnectOptions, _> = format!("mysql://{rest}").parse();
    // The parser's message may quote the URL, and with it a password.
    let mut options = parsed.map_err(|_| wrong("it cannot be read"))?;
    let database = options.get_database().unwrap_or_default().to_owned();
    if database.is_empty() {
        return Err(wrong("the database is missing"));
    }
    if !rest.contains('@') {
        return Err(wrong("the user is missing"));
    }
    // An IPv6 address stands in brackets in a URL, but not in a socket address.
    let host = options.get_host().trim_start_matches('[').trim_end_matches(']').to_owned();
    options = options.host(&host);
    if let Some(path) = &config.password_file {
        options = options.password(&password(path)?);
    }
    let name = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{host}:{}", options.get_port()),
    };
    let local = options.get_socket().is_some() || is_loopback(&host);
    options = match config.tls {
        Tls::Off => options.ssl_mode(MySqlSslMode::Disabled),
        Tls::Verify if local => options.ssl_mode(MySqlSslMode::Disabled),
        Tls::Verify => options.ssl_mode(MySqlSslMode::VerifyIdentity),
    };
    if let Some(authority) = &config.tls_ca_file {
        options = options.ssl_ca(authority);
    }
    let user = options.get_username().to_owned();
    // The session's modes are set by our own statement, and statements of 20 kB are not to be logged.
    let options = options
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .statement_cache_capacity(STATEMENTS_MAX)
        .disable_statement_logging();
    Ok(ServerAddress { options, name, user, database })
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Reads a password file. Others must not be able to read it; the group only if root owns it, as packages and
/// systemd's credentials have it.
fn password(path: &Path) -> Result<String, StoreError> {
    let failed = |reason: String| StoreError::PasswordFile { path: path.to_owned(), reason };
    let metadata = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o007 != 0 || (mode & 0o070 != 0 && metadata.uid() != 0) {
        return Err(failed(format!("mode {mode:04o} lets other users read it: run `chmod 600` on it")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(failed("is empty: write the password into its first line".to_owned()));
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn of(url: &str) -> Result<Target, StoreError> {
        Target::of(&Config { url: url.to_owned(), ..Config::default() }, Path::new("/data"))
    }

    fn server_of(url: &str) -> ServerAddress {
        match of(url).unwrap() {
            Target::MySql(server) => *server,
            Target::Sqlite(folder) => panic!("{folder:?}"),
        }
    }

    #[test]
    fn an_empty_url_is_sqlite_in_the_data_folder() {
        assert_eq!(of("").unwrap(), Target::Sqlite("/data/store".into()));
        assert_eq!(of("sqlite:///var/x").unwrap(), Target::Sqlite("/var/x".into()));
    }

    #[test]
    fn what_cannot_be_right_is_refused_with_its_reason() {
        for (url, words) in [
            ("postgres://a@b/c", "postgres"),
            ("just a word", "no scheme"),
            ("sqlite://", "folder"),
            ("mysql://root@localhost", "database is missing"),
            ("mysql://localhost/db", "user is missing"),
            ("mysql://a@h/db?sslmode=off", "sslmode"),
            ("mysql://a:secret@h:notaport/db", "cannot be read"),
        ] {
            let message = of(url).unwrap_err().to_string();
            assert!(message.contains(words), "{url}: {message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn tls_is_verified_off_loopback_only() {
        let mode = |url: &str| format!("{:?}", server_of(url).options.get_ssl_mode());
        assert_eq!(mode("mysql://a@db.example/x"), "VerifyIdentity");
        assert_eq!(mode("mysql://a@127.0.0.1/x"), "Disabled");
        assert_eq!(mode("mysql://a@[::1]:3307/x"), "Disabled");
        assert_eq!(mode("mysql://a@localhost/x?socket=/run/s.sock"), "Disabled");
        assert_eq!(server_of("mysql://a@[::1]:3307/x").name, "::1:3307");
    }

    #[test]
    fn no_message_shows_the_password() {
        let server = server_of("mysql://writer:topsecret@h/db");
        assert_eq!(format!("{server:?}"), "mysql://writer@h:3306/db");
    }

    #[test]
    fn a_password_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "pass\n").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(password(&path).unwrap_err().to_string().contains("0644"));
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(password(&path).unwrap(), "pass");
    }
}
