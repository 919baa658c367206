//! Questions to a role that are asked for one page view: details of notifier, what a mail's link would do.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use live::Role;
use live::client::{AskError, ask, read};
use live::control::{Answer, Request};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

/// Questions at the same time: a role that hangs keeps so many threads for [`PATIENCE`], and no more.
const ASKING_MAX: usize = 8;

/// How long each step of a question may take: a page waits for it.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// A question without an answer.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// The role does not run, is silent, or says no.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// Too many ask.
    #[error("{ASKING_MAX} questions wait for an answer already; try again")]
    Busy,
    /// The answer is of another version.
    #[error("the answer is not understood ({0}); are all roles of one version?")]
    Shape(String),
}

/// Asks; one for the process.
pub struct Questions {
    run_dir: PathBuf,
    room: Arc<Semaphore>,
}

impl Questions {
    /// `run_dir` has the roles' sockets.
    pub fn new(run_dir: PathBuf) -> Questions {
        Questions { run_dir, room: Arc::new(Semaphore::new(ASKING_MAX)) }
    }

    /// A detail of notifier, see [`live::detail`].
    ///
    /// # Errors
    /// There is no answer.
    pub async fn detail<T: DeserializeOwned>(&self, path: &'static str) -> Result<T, QuestionError> {
        let run_dir = self.run_dir.clone();
        let text = self.blocking(move || read(&run_dir, Role::Notifier, path, PATIENCE)).await?;
        serde_json::from_str(&text).map_err(|error| QuestionError::Shape(error.to_string()))
    }

    /// A request to notifier, and its answer.
    ///
    /// # Errors
    /// There is no answer, or it is no.
    pub async fn notifier(&self, request: Request) -> Result<Answer, QuestionError> {
        let run_dir = self.run_dir.clone();
        self.blocking(move || ask(&run_dir, Role::Notifier, &request, PATIENCE)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AskError> + Send + 'static,
    ) -> Result<T, QuestionError> {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else { return Err(QuestionError::Busy) };
        let asked = tokio::task::spawn_blocking(move || {
            // Held by the thread: a visitor who goes away does not free it.
            let _place = place;
            work()
        });
        match asked.await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(QuestionError::Busy),
        }
    }
}
