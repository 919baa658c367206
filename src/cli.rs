//! The command line: every command and flag, and nothing that does not exist yet.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::load::Overrides;

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
    /// Start all roles on this machine and supervise them
    Run(Settings),
    /// Role: watch the host and warn
    Notifier(RoleArgs),
    /// Role: serve the page
    Web(RoleArgs),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look for what would keep Floodmark from counting every packet
    Doctor(DoctorArgs),
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
    /// Database, as sqlite://PATH or mysql://USER@HOST:PORT/DATABASE [default: SQLite in the data directory]
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

/// `floodmark doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// What to look at.
    #[command(flatten)]
    pub settings: Settings,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
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
        for line in ["notifier --config f", "web --config-from-stdin", "config check", "config print", "doctor --json"]
        {
            let words = std::iter::once("floodmark").chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{line}");
        }
        let default = Cli::try_parse_from(["floodmark", "config", "default"]).expect("a valid line");
        assert!(matches!(default.command, Command::Config(ConfigCommand::Default)));
    }

    #[test]
    fn wrong_lines_are_usage_errors() {
        for line in
            ["", "frobnicate", "run --listen nowhere", "web --config f --config-from-stdin", "config", "run extra"]
        {
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
