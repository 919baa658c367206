//! What every handler is given: one handle of each part.

use std::sync::Arc;

use crate::feed::Now;
use crate::hub::Hub;
use crate::push::Push;
use crate::role::Options;
use crate::server::Door;
use crate::state::State;
use crate::stored::Stored;

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
    /// The server's connections.
    pub door: Door,
    /// The transports of the hub, and the tokens of scripts.
    pub push: Push,
    /// The store, as the page asks it.
    pub stored: Arc<Stored>,
}

/// What axum carries.
pub type Shared = Arc<App>;
