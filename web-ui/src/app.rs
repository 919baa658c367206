//! What every handler is given: one handle of each part.

use std::sync::Arc;

use crate::action::Actions;
use crate::ask::Questions;
use crate::feed::{Feed, Now};
use crate::hub::Hub;
use crate::labels::Labels;
use crate::page::{Askers, Uploads};
use crate::push::Push;
use crate::role::Options;
use crate::server::Door;
use crate::sign_in::{Sessions, SignIn};
use crate::state::State;
use crate::state::log::Log;
use crate::stored::Stored;

/// The parts, shared by all requests.
pub struct App {
    /// What the role was started with.
    pub options: Options,
    /// The push hub.
    pub hub: Arc<Hub>,
    /// What hears the roles.
    pub feed: Arc<Feed>,
    /// What the roles said last.
    pub now: Now,
    /// What the page itself remembers.
    pub state: State,
    /// What operators call addresses.
    pub labels: Labels,
    /// The server's connections.
    pub door: Arc<Door>,
    /// The transports of the hub, and the tokens of scripts.
    pub push: Push,
    /// The store, as the page asks it.
    pub stored: Arc<Stored>,
    /// What is asked of the roles.
    pub actions: Actions,
    /// Who did what.
    pub log: Log,
    /// Who is signed in.
    pub sessions: Arc<Sessions>,
    /// What signing in needs.
    pub sign_in: SignIn,
    /// What is asked of a role for one page.
    pub questions: Questions,
    /// Files that administrators send.
    pub uploads: Uploads,
    /// Who opens links of mails how often.
    pub askers: Askers,
}

/// What axum carries.
pub type Shared = Arc<App>;
