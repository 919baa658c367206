//! What every handler is given: one handle of each part.

use std::sync::Arc;

use crate::feed::Now;
use crate::hub::Hub;
use crate::role::Options;
use crate::sign_in::{Sessions, SignIn};
use crate::state::State;
use crate::state::log::Log;

/// The parts, shared by all requests.
pub struct App {
    /// What the role was started with.
    pub options: Options,
    /// The push hub.
    pub hub: Arc<Hub>,
    /// What the roles said last.
    pub now: Now,
    /// What the page itself remembers.
    pub state: State,
    /// Who did what.
    pub log: Log,
    /// Who is signed in.
    pub sessions: Arc<Sessions>,
    /// What signing in needs.
    pub sign_in: SignIn,
}

/// What axum carries.
pub type Shared = Arc<App>;
