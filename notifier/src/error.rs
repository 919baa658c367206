//! Why the role ended.

/// notifier cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum NotifierError {
    /// The live socket.
    #[error(transparent)]
    Live(#[from] live::LiveError),
}
