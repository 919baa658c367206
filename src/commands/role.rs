//! What every role does before its work: configuration, log, signals, the parent's pipe.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::cli::RoleArgs;
use crate::config::Config;
use crate::config::check::Machine;
use crate::config::load::{Effective, Overrides};
use crate::exit::Failure;
use crate::signals::Hangups;
use crate::{logging, parent, signals};

use spool::NodeId;

/// This machine's identity, from the data directory, which is made if it is not there.
pub fn node_of(config: &Config) -> Result<NodeId, Failure> {
    let remedy =
        "node.data_dir must be a folder in which this user may write; name another one there, or by --data-dir";
    NodeId::load_or_create(&config.node.data_dir).map_err(|error| Failure::failed(anyhow::anyhow!("{error}; {remedy}")))
}

/// A role that is about to begin.
pub struct Start {
    /// Its configuration.
    pub config: Config,
    /// This machine's identity, from the data directory.
    pub node: NodeId,
    /// Raised when it shall stop.
    pub stop: Arc<AtomicBool>,
    /// Raised before that, when nobody will start it again.
    pub ends_for_good: Arc<AtomicBool>,
    /// Raised when the configuration is to be read again (SIGHUP). Only notifier can; the others say so.
    pub reread: Arc<AtomicBool>,
    /// The file that the configuration comes from, also by way of a supervisor; absolute.
    pub file: Option<PathBuf>,
    /// The whole configuration as a child reads it.
    pub document: String,
    from_parent: bool,
    name: &'static str,
    hangups: Option<Hangups>,
}

impl Start {
    /// Reads the configuration, starts logging, takes the signals. Starts no thread.
    pub fn new(name: &'static str, args: &RoleArgs) -> Result<Start, Failure> {
        let machine = Machine::read();
        let effective = if args.config_from_stdin {
            let text = parent::read_configuration(io::stdin()).map_err(Failure::failed)?;
            Effective::from_parent(&text, &machine)?
        } else {
            Effective::load(args.config.as_deref(), &Overrides::default(), &machine)?
        };
        logging::start(&effective.config.log, name);
        let stop = Arc::new(AtomicBool::new(false));
        signals::raise_on_stop(&stop).map_err(Failure::failed)?;
        let reread = Arc::new(AtomicBool::new(false));
        signals::raise_on_hangup(&reread).map_err(Failure::failed)?;
        let hangups = Some(Hangups::take().map_err(Failure::failed)?);
        let node = node_of(&effective.config)?;
        let document = effective.handover();
        let file = effective.file.filter(|file| !file.as_os_str().is_empty());
        let ends_for_good = Arc::new(AtomicBool::new(false));
        let (config, from_parent) = (effective.config, args.config_from_stdin);
        Ok(Start { config, node, stop, ends_for_good, reread, file, document, from_parent, name, hangups })
    }

    /// Follows the parent's pipe, if there is one, and SIGHUP, by threads: to be called when rights have been given up.
    pub fn follow(&mut self) -> Result<(), Failure> {
        let name = self.name;
        let text = match name {
            "notifier" => "SIGHUP: the configuration is read again".to_owned(),
            _ => format!(
                "SIGHUP: {name} reads its configuration at its start only; what was changed for it counts after a \
                 restart (systemctl restart floodmark-{name}, or POST /control). notifier follows the file by itself"
            ),
        };
        if let Some(hangups) = self.hangups.take() {
            hangups.answer_by(text).map_err(Failure::failed)?;
        }
        if !self.from_parent {
            return Ok(());
        }
        parent::watch(Arc::clone(&self.stop), Arc::clone(&self.ends_for_good)).map_err(Failure::failed)
    }
}
