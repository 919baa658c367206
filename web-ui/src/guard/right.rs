//! The right that a route needs, and the standing that a user has.

use serde::{Deserialize, Serialize};

use super::Refusal;

/// What a user may do. Each includes those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Look.
    Viewer,
    /// Acknowledge, silence, change thresholds, test channels.
    Operator,
    /// Restart roles, see packets, manage users.
    Admin,
}

impl Standing {
    /// All, the least first.
    pub const ALL: [Standing; 3] = [Standing::Viewer, Standing::Operator, Standing::Admin];

    /// Its name in commands and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Viewer => "viewer",
            Standing::Operator => "operator",
            Standing::Admin => "admin",
        }
    }
}

/// What a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Nothing: the sign-in itself, assets, `/healthz`, and links that carry their own token.
    Anyone,
    /// A user of at least this standing.
    User(Standing),
    /// A token of a script: the handler checks which channel or part it is for.
    Token,
}

impl Right {
    /// Whether a visitor with `standing` (`None` = not signed in) is let through.
    ///
    /// # Errors
    /// Why not.
    pub fn admits(self, standing: Option<Standing>) -> Result<(), Refusal> {
        match (self, standing) {
            (Right::Anyone | Right::Token, _) => Ok(()),
            (Right::User(_), None) => Err(Refusal::SignIn),
            (Right::User(needed), Some(has)) if has >= needed => Ok(()),
            (Right::User(needed), Some(_)) => Err(Refusal::Standing(needed.name())),
        }
    }
}
