//! A real MariaDB server for tests: own folder, own socket, durable settings, ended by its process id.

mod session;
mod totals;

use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, raw_sql};
use tempfile::TempDir;

use crate::config::Config;

pub use session::Session;
pub use totals::FlowTotals;

/// Steps of 20 ms that a server may take to come up: 60 s, on a machine that is busy.
const START_STEPS: u32 = 3_000;
const STEP: Duration = Duration::from_millis(20);

/// A server that lives as long as this value. Anybody on this machine who can enter its folder is its root.
pub struct MariaDb {
    folder: TempDir,
    options: Vec<String>,
    server: Option<Child>,
}

impl MariaDb {
    /// Starts a server, or says on stderr why the test is skipped: the programs are not installed.
    pub fn start_or_skip() -> Option<MariaDb> {
        match MariaDb::start(&[]) {
            Ok(server) => Some(server),
            Err(Unavailable::NotInstalled(program)) => {
                eprintln!("skipped: `{program}` is not installed (Debian: apt install mariadb-server)");
                None
            }
            Err(Unavailable::Failed(reason)) => panic!("MariaDB does not start: {reason}"),
        }
    }

    /// Starts a server with further options, such as `--innodb-buffer-pool-size=1G`.
    pub fn start(options: &[&str]) -> Result<MariaDb, Unavailable> {
        let folder = tempfile::Builder::new().prefix("floodmark-db-").tempdir().map_err(failed)?;
        let mut database =
            MariaDb { folder, options: options.iter().map(|option| (*option).to_owned()).collect(), server: None };
        let mut install = Command::new(find("mariadb-install-db")?);
        install
            .arg("--no-defaults")
            .arg(format!("--datadir={}", database.data().display()))
            .arg(format!("--tmpdir={}", database.folder.path().display()))
            .args(["--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=16M"]);
        let output = database.as_user(&mut install).output().map_err(failed)?;
        if !output.status.success() {
            return Err(Unavailable::Failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        database.run()?;
        Ok(database)
    }

    /// Starts the server again after [`MariaDb::stop`].
    pub fn run(&mut self) -> Result<(), Unavailable> {
        self.stop();
        let mut command = Command::new(find("mariadbd")?);
        command
            .arg("--no-defaults")
            .arg(format!("--datadir={}", self.data().display()))
            // A server that starts removes the temporary tables of others from a shared folder.
            .arg(format!("--tmpdir={}", self.folder.path().display()))
            .arg(format!("--socket={}", self.socket().display()))
            .arg(format!("--pid-file={}", self.folder.path().join("pid").display()))
            .arg(format!("--log-error={}", self.log().display()))
            .args(["--skip-networking", "--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=ON"])
            .args(["--local-infile=ON", "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M"])
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.server = Some(self.as_user(&mut command).spawn().map_err(failed)?);
        for _ in 0..START_STEPS {
            if UnixStream::connect(self.socket()).is_ok() {
                return Ok(());
            }
            if let Some(Ok(Some(status))) = self.server.as_mut().map(Child::try_wait) {
                let log = std::fs::read_to_string(self.log()).unwrap_or_default();
                return Err(Unavailable::Failed(format!("{status}\n{log}")));
            }
            sleep(STEP);
        }
        Err(Unavailable::Failed("it does not open its socket".to_owned()))
    }

    /// Kills the server (SIGKILL): what it acknowledged must be there after the next start.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // Failing means that it is gone already.
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// The server's socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("sock")
    }

    /// A `[store]` section for a user without password.
    pub fn config(&self, user: &str, database: &str) -> Config {
        let url = format!("mysql://{user}@localhost/{database}?socket={}", self.socket().display());
        Config { url, ..Config::default() }
    }

    /// Runs statements as root.
    pub async fn admin(&self, sql: &str) -> Result<(), sqlx::Error> {
        let options = MySqlConnectOptions::new().socket(self.socket()).username("root");
        let mut connection = MySqlConnection::connect_with(&options).await?;
        raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        connection.close().await
    }

    /// A number from the first column of the first row of a query, as root.
    pub async fn number(&self, sql: &str) -> Result<i64, sqlx::Error> {
        let options = MySqlConnectOptions::new().socket(self.socket()).username("root");
        let mut connection = MySqlConnection::connect_with(&options).await?;
        let text: String = sqlx::query_scalar(AssertSqlSafe(format!("SELECT CAST(({sql}) AS CHAR)")))
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
    }

    /// The client program, to be given further arguments.
    pub fn client(&self) -> Result<Command, Unavailable> {
        let mut command = Command::new(find("mariadb")?);
        command.args(["--no-defaults", "--user=root", "--local-infile=1"]);
        command.arg(format!("--socket={}", self.socket().display()));
        Ok(command)
    }

    /// The server's process, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The server refuses to run as root unless it is told to.
    fn as_user<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let root = std::fs::metadata(self.folder.path()).is_ok_and(|metadata| metadata.uid() == 0);
        if root { command.arg("--user=root") } else { command }
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Holds the write lock of a SQLite file until the value is dropped.
///
/// # Errors
/// Somebody else holds it.
pub async fn hold(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(file);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await?;
    Ok(connection)
}

/// Makes a SQLite file by statements.
///
/// # Errors
/// A statement fails.
pub async fn make_sqlite(file: &Path, sql: &str) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
    connection.close().await
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// A program is missing.
    #[error("`{0}` is not installed")]
    NotInstalled(&'static str),
    /// It is there, but does not work.
    #[error("{0}")]
    Failed(String),
}

fn failed(error: impl ToString) -> Unavailable {
    Unavailable::Failed(error.to_string())
}

/// Servers lie in `sbin`, which is not in the path of an ordinary user.
fn find(program: &'static str) -> Result<PathBuf, Unavailable> {
    ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/local/mysql/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.exists())
        .ok_or(Unavailable::NotInstalled(program))
}
