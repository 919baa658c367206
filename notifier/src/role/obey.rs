//! What people ask for: acknowledging, silences, limits, tests of channels.

use std::sync::atomic::AtomicBool;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use live::Role;
use live::action::Action;
use live::control::{self, ControlError, Execute, Request};
use rusqlite::Connection;

use super::clock;
use crate::incident::Desk;
use crate::rule::Rules;

/// Something that happened, for a row of the table `events`.
#[derive(Clone, Debug)]
pub struct Happened {
    /// Dotted.
    pub kind: &'static str,
    /// Whom it is about.
    pub subject: String,
    /// One sentence.
    pub text: String,
}

/// Carries out requests, each in the thread of the peer that asks.
pub fn execute(
    desk: Arc<Desk>,
    rules: Arc<Mutex<Rules>>,
    state: Connection,
    happened: SyncSender<Happened>,
    stop: &Arc<AtomicBool>,
) -> Execute {
    let restart = control::restart_by(Role::Notifier, Arc::clone(stop));
    let state = Mutex::new(state);
    Box::new(move |request: &Request| {
        if request.role.is_some_and(|role| role != Role::Notifier) {
            return Err(ControlError::Role("this is the socket of notifier; ask the role itself".to_owned()));
        }
        let now_ns = clock::now_ns();
        let done = match &request.action {
            Action::Restart => return restart(request),
            Action::Threshold(change) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                let mut rules = rules.lock().unwrap_or_else(PoisonError::into_inner);
                rules.threshold(now_ns, change, &mut state).map(|()| "changed".to_owned()).map_err(|e| e.to_string())
            }
            action => desk.act(&request.id, action, now_ns),
        };
        let answer = done.map_err(ControlError::Arguments)?;
        if let Some(event) = event(&request.action) {
            // Full: the loop stands still, and its supervisor is about to notice.
            let _ = happened.try_send(event);
        }
        Ok(answer)
    })
}

/// Who did what, for the log of the page.
fn event(action: &Action) -> Option<Happened> {
    let (kind, subject, text) = match action {
        Action::Acknowledge(a) => {
            ("action.acknowledge", &a.incident, format!("{} acknowledged it {}", a.by, a.comment))
        }
        Action::Silence(s) => {
            ("action.silence", &s.subject, format!("{} silenced {:?} until {} {}", s.by, s.rule, s.until_s, s.comment))
        }
        Action::Unsilence(u) => ("action.unsilence", &u.silence, format!("{} ended the silence", u.by)),
        Action::Threshold(t) => {
            ("action.threshold", &t.rule, format!("{} set limit {:?}, clear {:?}", t.by, t.limit, t.clear))
        }
        Action::TestChannel(t) => ("action.test_channel", &t.channel, format!("{} tested it", t.by)),
        _ => return None,
    };
    Some(Happened { kind, subject: subject.clone(), text: text.trim_end().to_owned() })
}
