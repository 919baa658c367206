//! What the command line asks of users: by contract 4 of the role that runs, or of its file when none runs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use live::Role;
use live::action::Action;
use live::control::{self, ControlError, Execute, Request};
use serde::{Deserialize, Serialize};

use super::address::reach;
use super::user::{self, Change, Link};
use crate::app::Shared;
use crate::config::Config;
use crate::guard::Standing;
use crate::role;
use crate::state::log::{self, Entry};
use crate::state::{State, StateError};

/// Carries out requests, each in the thread of the peer that asks.
pub fn execute(app: Shared, stop: &Arc<AtomicBool>) -> Execute {
    let restart = control::restart_by(Role::Web, Arc::clone(stop));
    Box::new(move |request: &Request| {
        if request.role.is_some_and(|role| role != Role::Web) || request.action == Action::Restart {
            return restart(request);
        }
        let done = carry_out(&app.state, &app.options.config, &request.action, role::now_ns());
        if let (Ok(_), Action::UserRemove(gone)) = (&done, &request.action)
            && let Some(name) = user::name_of(&gone.name)
        {
            app.sessions.drop_from_memory(&name, |_| true);
        }
        done.map_err(|error| match error {
            CommandError::State(error) => ControlError::NotNow(error.to_string()),
            CommandError::Told(told) => ControlError::Arguments(told),
        })
    })
}

/// As the role would do it, where none runs: the file is opened, changed, and closed.
///
/// # Errors
/// The file is another process's, cannot be written, or the request is refused.
pub fn without_role(data_dir: &Path, config: &Config, action: &Action, now_ns: u64) -> Result<String, CommandError> {
    let state = State::open(&data_dir.join("web"))?;
    carry_out(&state, config, action, now_ns)
}

/// The answer to a change, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The user's name as it is kept.
    pub name: String,
    /// `viewer`, `operator`, `admin`.
    pub standing: String,
    /// Where the page is reached: the beginning of the link.
    pub url: String,
    /// Only this machine itself reaches it.
    pub is_loopback: bool,
}

/// One user of the answer to [`Action::UserList`], a list as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Name.
    pub name: String,
    /// `viewer`, `operator`, `admin`.
    pub standing: String,
    /// False = the first link has not been used yet.
    pub has_password: bool,
    /// A code is asked for at sign-in.
    pub has_second_factor: bool,
    /// When the user signed in last, UNIX seconds; 0 = never.
    pub seen_s: u64,
}

/// Why a command about users is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The page's own file.
    #[error(transparent)]
    State(#[from] StateError),
    /// In its own words.
    #[error("{0}")]
    Told(String),
}

fn carry_out(state: &State, config: &Config, action: &Action, now_ns: u64) -> Result<String, CommandError> {
    let (name, by, word, change) = match action {
        Action::UserList => {
            let users = state.wait(|db| user::list(db))?;
            return json(&users.into_iter().map(told).collect::<Vec<_>>());
        }
        Action::UserAdd(add) => {
            let standing = add.standing.as_deref().map(standing_of).transpose()?;
            let change = Change::Add(standing, link(&add.token_hash, add.expires_s, now_ns)?);
            (&add.name, &add.by, "user.add", change)
        }
        Action::UserLink(link_to) => {
            let change = Change::Link(link(&link_to.token_hash, link_to.expires_s, now_ns)?);
            (&link_to.name, &link_to.by, "user.link", change)
        }
        Action::UserRemove(gone) => (&gone.name, &gone.by, "user.remove", Change::Remove),
        other => return Err(CommandError::Told(format!("web does not know the action {other:?}"))),
    };
    let entry = Entry { who: by.clone(), action: word, subject: name.clone(), ..Entry::default() };
    let name = name.clone();
    let done = state.wait(move |db| {
        let done = user::change(db, &name, &change, now_ns)?;
        let result = done.map_or_else(|fault| fault.to_string(), |standing| format!("done: {}", standing.name()));
        log::add(db, &Entry { result, is_refusal: done.is_err(), ..entry }, now_ns)?;
        Ok(done.map(|standing| (user::name_of(&name).unwrap_or_default(), standing)))
    })?;
    let (name, standing) = done.map_err(|fault| CommandError::Told(fault.to_string()))?;
    let reach = reach(config);
    json(&Changed { name, standing: standing.name().to_owned(), url: reach.url, is_loopback: reach.is_loopback })
}

fn json(answer: &impl Serialize) -> Result<String, CommandError> {
    serde_json::to_string(answer).map_err(|error| CommandError::Told(error.to_string()))
}

fn told(user: user::User) -> Listed {
    Listed {
        name: user.name,
        standing: user.standing.name().to_owned(),
        has_password: user.has_password,
        has_second_factor: user.has_totp,
        seen_s: user.seen_ns / 1_000_000_000,
    }
}

fn standing_of(name: &str) -> Result<Standing, CommandError> {
    let found = Standing::ALL.into_iter().find(|standing| standing.name() == name);
    found.ok_or_else(|| CommandError::Told(format!("there is no standing {name:?}; there are viewer, operator, admin")))
}

/// A link that the command made; one that holds longer than ours do is not taken.
fn link(token_hash: &str, expires_s: u64, now_ns: u64) -> Result<Link, CommandError> {
    let wrong = || CommandError::Told("token_hash is not a SHA-256 of 64 hexadecimal digits".to_owned());
    let mut hash = [0; 32];
    if token_hash.len() != 64 || !token_hash.is_ascii() {
        return Err(wrong());
    }
    for (byte, digits) in hash.iter_mut().zip(token_hash.as_bytes().chunks(2)) {
        let digits = str::from_utf8(digits).map_err(|_| wrong())?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
    }
    let latest_ns = now_ns.saturating_add(user::LINK_S * 1_000_000_000);
    Ok(Link { token_hash: hash, expires_ns: expires_s.saturating_mul(1_000_000_000).min(latest_ns) })
}
