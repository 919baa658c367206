//! Why the role ended.

use crate::config::Problem;
use crate::state::StateError;

/// notifier cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum NotifierError {
    /// The live socket.
    #[error(transparent)]
    Live(#[from] live::LiveError),
    /// The state file cannot be opened.
    #[error(transparent)]
    State(#[from] StateError),
    /// The state file cannot be read.
    #[error("notifier's state.db: {0}; if it stays so, move the file away: a new one is begun")]
    Database(#[from] rusqlite::Error),
    /// No thread can be started.
    #[error("no thread can be started: {0}; raise the limit of tasks (TasksMax, ulimit -u)")]
    Thread(std::io::Error),
    /// The rules of the configuration.
    #[error("{0}")]
    Rules(String),
    /// The node's identity is no UUID.
    #[error("the node's identity {0:?} is not a UUID; see the file `node` in the data directory")]
    Node(String),
}

impl NotifierError {
    pub(crate) fn rules(problems: Vec<Problem>) -> NotifierError {
        let told = problems.iter().map(|p| format!("{} = {}: allowed is {}; {}", p.key, p.value, p.allowed, p.remedy));
        NotifierError::Rules(told.collect::<Vec<_>>().join("\n"))
    }
}
