//! The command line: every command and flag, and nothing that does not exist yet.

mod setup;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use store::AddressRange;

use crate::config::load::Overrides;

pub use setup::SetupArgs;

/// Captures every packet, keeps the flows, and its books balance.
#[derive(Debug, Parser)]
#[command(name = "floodmark", version, about, disable_help_subcommand = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 ok, 1 failed, 2 usage, 77 missing privilege, 78 bad configuration.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// First run: ask what matters, try each answer, write the configuration
    Setup(Box<SetupArgs>),
    /// Start all roles on this machine and supervise them
    Run(Settings),
    /// Role: take packets from the interfaces into the spool
    Capture(RoleArgs),
    /// Role: load the spool into the store
    Ingest(RoleArgs),
    /// Role: watch the host and warn
    Notifier(RoleArgs),
    /// Role: serve the page
    Web(RoleArgs),
    /// Read capture files as if they were live packets, into the store or only to count
    Replay(ReplayArgs),
    /// Show flows from the store
    Flows(FlowsArgs),
    /// Show the books: where every frame and packet is, and whether they balance
    Ledger(LedgerArgs),
    /// Tell how often rules would have fired on what is stored
    Backtest(BacktestArgs),
    /// Show what goes on now, once a second
    Top(Source),
    /// Show what goes on that somebody should know: the open incidents
    Alerts(AlertsArgs),
    /// Look after the notifications
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// Look after the users of the page
    #[command(subcommand)]
    User(UserCommand),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look for what would keep Floodmark from counting every packet
    Doctor(DoctorArgs),
    /// Look after the store
    #[command(subcommand)]
    Store(StoreCommand),
    /// Run the programs of [[notifier.script]]: what floodmark-script.socket starts
    #[command(hide = true)]
    ScriptRunner(RunnerArgs),
    /// Write the manual pages and the shells' completions: what the package is made with
    #[command(hide = true)]
    Manual(ManualArgs),
}

/// `floodmark manual`
#[derive(Debug, Args)]
pub struct ManualArgs {
    /// Folder for the manual pages
    #[arg(long, value_name = "DIR")]
    pub man: PathBuf,
    /// Folder for the completions, by the names that bash, zsh and fish look for
    #[arg(long, value_name = "DIR")]
    pub completions: PathBuf,
}

/// `floodmark notify failed`
#[derive(Debug, Args)]
pub struct FailedArgs {
    /// The unit's name
    pub unit: String,
    /// Configuration file [default: /etc/floodmark/floodmark.toml if it exists]
    #[arg(long, value_name = "F")]
    pub config: Option<PathBuf>,
    /// Folder that keeps how often it was told [default: notify-failed in the data directory]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

/// `floodmark script-runner`
#[derive(Debug, Args)]
pub struct RunnerArgs {
    /// Configuration file [default: /etc/floodmark/floodmark.toml if it exists]
    #[arg(long, value_name = "F")]
    pub config: Option<PathBuf>,
    /// Take the configuration from stdin, and listen: how `floodmark run` starts it
    #[arg(long, hide = true, conflicts_with = "config")]
    pub config_from_stdin: bool,
    /// Folder that keeps how often each program ran [default: script in the data directory]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

/// `floodmark store …`
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Make or update the tables
    Migrate {
        /// Where the store is.
        #[command(flatten)]
        source: Source,
        /// Only say which version the store has and what would be done; 0 = nothing to do, 1 = something, or it cannot be
        #[arg(long)]
        check: bool,
    },
    /// Print the statements that make MySQL/MariaDB accounts with few rights
    Grants(GrantsArgs),
    /// Copy the files of the store, of notifier and of web into a new folder, while all of them run
    Backup {
        /// Where the store is.
        #[command(flatten)]
        source: Source,
        /// The new folder
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Print views for MySQL/MariaDB under the names of pmacct's tables
    Views {
        /// Where the store is.
        #[command(flatten)]
        source: Source,
        /// Make them instead of printing them
        #[arg(long)]
        create: bool,
    },
    /// Show what the tables cost, and when their oldest rows go
    Size {
        /// Where the store is.
        #[command(flatten)]
        source: Source,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

/// `floodmark config …`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say whether the configuration is right
    Check(Settings),
    /// Print the configuration in effect
    Print(Settings),
    /// Print a file with every key, its meaning and its default
    Default,
    /// Print docs/configuration.md
    #[command(hide = true)]
    Reference,
}

/// The configuration file and what the command line lays over it.
#[derive(Clone, Debug, Default, Args)]
pub struct Settings {
    /// Configuration file [default: /etc/floodmark/floodmark.toml if it exists]
    #[arg(long, value_name = "F")]
    pub config: Option<PathBuf>,
    /// Interface to capture; may be given again [default: the one of the default route]
    #[arg(long, value_name = "NAME")]
    pub interface: Vec<String>,
    /// Folder of everything that is kept [default: ./floodmark-data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Database, as sqlite://FOLDER or mysql://USER@HOST:PORT/DATABASE [default: SQLite in the data directory]
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// Address and port of the page [default: 127.0.0.1:8443]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
}

impl Settings {
    /// What is laid over the file.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            interfaces: self.interface.clone(),
            data_dir: self.data_dir.clone(),
            store: self.store.clone(),
            listen: self.listen,
        }
    }
}

/// Arguments of a role.
#[derive(Clone, Debug, Args)]
pub struct RoleArgs {
    /// Configuration file [default: /etc/floodmark/floodmark.toml if it exists]
    #[arg(long, value_name = "F")]
    pub config: Option<PathBuf>,
    /// Take the configuration from stdin, and stop when it closes: how `floodmark run` starts a role
    #[arg(long, hide = true, conflicts_with = "config")]
    pub config_from_stdin: bool,
}

/// Where a command that reads the store finds it.
#[derive(Clone, Debug, Default, Args)]
pub struct Source {
    /// Configuration file [default: /etc/floodmark/floodmark.toml if it exists]
    #[arg(long, value_name = "F")]
    pub config: Option<PathBuf>,
    /// Folder of everything that is kept [default: ./floodmark-data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Database, as sqlite://FOLDER or mysql://USER@HOST:PORT/DATABASE [default: SQLite in the data directory]
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

impl Source {
    /// What is laid over the file.
    pub fn overrides(&self) -> Overrides {
        Overrides { data_dir: self.data_dir.clone(), store: self.store.clone(), ..Overrides::default() }
    }
}

/// `floodmark store grants`
#[derive(Debug, Args)]
pub struct GrantsArgs {
    /// Where the store is.
    #[command(flatten)]
    pub source: Source,
    /// Host that the accounts connect from; % = any
    #[arg(long, default_value = "localhost")]
    pub host: String,
}

/// `floodmark flows`
#[derive(Debug, Args)]
pub struct FlowsArgs {
    /// Where the store is.
    #[command(flatten)]
    pub source: Source,
    /// How far back, such as 90s, 15m, 1h, 2days
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = humantime::parse_duration)]
    pub since: Duration,
    /// Only flows with this address or prefix at either end
    #[arg(long, value_name = "A")]
    pub host: Option<AddressRange>,
    /// Only flows with this port at either end
    #[arg(long, value_name = "P")]
    pub port: Option<u16>,
    /// Show at most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `floodmark replay`
#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// Capture files: pcap or pcapng, gzip'd or not
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where the store is.
    #[command(flatten)]
    pub source: Source,
    /// Count only: write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// One JSON object a line and file
    #[arg(long)]
    pub json: bool,
    /// Write the flow records as CSV; "-" = stdout
    #[arg(long, value_name = "OUT.csv|-")]
    pub flows: Option<PathBuf>,
    /// A flow without packets for this long is closed; seconds, or with a unit; 0 = never [default: as configured]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub flow_idle_timeout: Option<Duration>,
    /// A live flow is written at least this often; seconds, or with a unit; 0 = never [default: as configured]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub flow_active_timeout: Option<Duration>,
    /// Threads that share the work of a file
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: u16,
    /// Write every flow by itself, also in a flood
    #[arg(long)]
    pub no_fold: bool,
    /// Key flows by the innermost addresses of tunnels
    #[arg(long)]
    pub decapsulate: bool,
}

/// A number of seconds, or a duration with its unit.
fn seconds(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string());
    }
    humantime::parse_duration(text).map_err(|error| error.to_string())
}

/// `floodmark ledger`
#[derive(Clone, Debug, Args)]
pub struct LedgerArgs {
    /// Where the store is.
    #[command(flatten)]
    pub source: Source,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// `floodmark alerts`
#[derive(Clone, Debug, Args)]
pub struct AlertsArgs {
    /// Where the notifier's state lies.
    #[command(flatten)]
    pub source: Source,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `floodmark backtest`
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// Where the store is.
    #[command(flatten)]
    pub source: Source,
    /// File with one or more `[[rule]]`, written as `[[notifier.rule]]`
    #[arg(long, value_name = "F")]
    pub rule: PathBuf,
    /// How far back, such as 90m, 24h, 7days
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = humantime::parse_duration)]
    pub since: Duration,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// `floodmark notify …`
#[derive(Debug, Subcommand)]
pub enum NotifyCommand {
    /// Send a test message by a channel, and say what became of it
    Test(NotifyTestArgs),
    /// Tell every receiver that a unit has failed, without notifier: what OnFailure= of the units starts
    #[command(hide = true)]
    Failed(FailedArgs),
}

/// `floodmark notify test`
#[derive(Clone, Debug, Args)]
pub struct NotifyTestArgs {
    /// The channel: email, or the name of its entry
    #[arg(value_name = "CHANNEL")]
    pub channel: String,
    /// Only to this receiver [default: each that uses the channel]
    #[arg(long, value_name = "NAME", default_value = "")]
    pub receiver: String,
    /// How long the outcome is waited for
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = humantime::parse_duration)]
    pub wait: Duration,
    /// Where the notifier is found.
    #[command(flatten)]
    pub source: Source,
}

/// `floodmark user …`
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a user, and print a link to set a password by; it holds once and for 10 minutes
    Add {
        /// Name: letters, digits, `.`, `_`, `-`, `@`
        name: String,
        /// What the user may do [default: the first user is an admin, others are viewers]
        #[arg(long, value_name = "RIGHT", value_parser = ["viewer", "operator", "admin"])]
        standing: Option<String>,
        /// Where the page's data lie.
        #[command(flatten)]
        source: Source,
    },
    /// Print a new link for a user whose password is forgotten
    Passwd {
        /// Name
        name: String,
        /// Where the page's data lie.
        #[command(flatten)]
        source: Source,
    },
    /// Show all users
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        /// Where the page's data lie.
        #[command(flatten)]
        source: Source,
    },
    /// Remove a user; all sessions of the user end
    Remove {
        /// Name
        name: String,
        /// Where the page's data lie.
        #[command(flatten)]
        source: Source,
    },
}

/// `floodmark doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// What to look at.
    #[command(flatten)]
    pub settings: Settings,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Take the configuration from stdin and leave out what depends on who asks: how the page asks
    #[arg(long, hide = true, conflicts_with = "config")]
    pub for_page: bool,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Cli, Command, ConfigCommand};

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn run_takes_what_the_design_names() {
        let line = "floodmark run --config f.toml --interface eth0 --interface eth1 --data-dir d --store sqlite://x.db \
                    --listen [::1]:9000";
        let Command::Run(settings) = Cli::try_parse_from(line.split(' ')).expect("a valid line").command else {
            panic!("not run");
        };
        let overrides = settings.overrides();
        assert_eq!(overrides.interfaces, ["eth0", "eth1"]);
        assert_eq!(overrides.data_dir.as_deref(), Some("d".as_ref()));
        assert_eq!(overrides.store.as_deref(), Some("sqlite://x.db"));
        assert_eq!(overrides.listen, "[::1]:9000".parse().ok());
        assert_eq!(settings.config.as_deref(), Some("f.toml".as_ref()));
    }

    #[test]
    fn every_command_parses() {
        for line in [
            "capture --config f",
            "ingest",
            "notifier --config f",
            "flows --since 2h --host 192.0.2.0/24 --port 53 --json",
            "store migrate --check",
            "store backup /tmp/b --data-dir d",
            "store views --create",
            "store size --json",
            "store grants --host %",
            "web --config-from-stdin",
            "config check",
            "config print",
            "doctor --json",
            "alerts --json",
            "notify test email --receiver anna --wait 5s",
            "user add anna --standing operator",
            "user passwd anna --data-dir d",
            "user list --json",
            "user remove anna",
            "setup --yes --interface a --interface b --network 192.0.2.0/24 --store sqlite --mail-server - --phone -",
            "setup --mysql-admin-url-file f --mysql-database d --listen all --no-admin",
        ] {
            let words = std::iter::once("floodmark").chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{line}");
        }
        let default = Cli::try_parse_from(["floodmark", "config", "default"]).expect("a valid line");
        assert!(matches!(default.command, Command::Config(ConfigCommand::Default)));
    }

    #[test]
    fn wrong_lines_are_usage_errors() {
        for line in [
            "",
            "frobnicate",
            "run --listen nowhere",
            "web --config f --config-from-stdin",
            "config",
            "run extra",
            "flows --since soon",
            "flows --host x",
            "flows --port 70000",
            "flows --limit 0",
            "setup --store sqlite --mysql-admin-url-file f",
            "setup --store-password-file f",
            "setup --store-tls perhaps",
        ] {
            let words = std::iter::once("floodmark").chain(line.split(' ').filter(|word| !word.is_empty()));
            let error = Cli::try_parse_from(words).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn the_hidden_flag_stays_hidden() {
        let mut command = Cli::command();
        let web = command.find_subcommand_mut("web").expect("the web command");
        assert!(!web.render_long_help().to_string().contains("stdin"));
    }
}
