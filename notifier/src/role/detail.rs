//! What is told of rules and outbox when somebody asks: [`live::detail`].

use std::sync::{Arc, Mutex, PoisonError};

use live::detail::{OUTBOX, OutboxDetail, RULES, RulesDetail};
use live::publisher::Detail;
use rusqlite::Connection;

use super::clock;
use crate::incident::Desk;
use crate::outbox;
use crate::rule::{Rules, threshold};

/// Changes of limits that are told.
const CHANGES_MAX: u32 = 100;

/// Messages that are told.
const MESSAGES_MAX: u32 = 200;

/// Who tells; `state` is a connection of its own, so that a reader never waits for the desk's transaction.
pub fn details(desk: Arc<Desk>, rules: Arc<Mutex<Rules>>, state: Connection) -> Vec<Detail> {
    let state = Arc::new(Mutex::new(state));
    let (of_rules, of_outbox) = (Arc::clone(&state), Arc::clone(&desk));
    let rules = move || {
        let now_ns = clock::now_ns();
        let (rules, refused) = {
            let rules = rules.lock().unwrap_or_else(PoisonError::into_inner);
            (rules.details(), rules.state().refused)
        };
        let changes = threshold::newest(&of_rules.lock().unwrap_or_else(PoisonError::into_inner), CHANGES_MAX);
        let (silences, maintenance) = desk.mutes(now_ns);
        json(&RulesDetail { rules, refused, silences, maintenance, changes: told(changes) })
    };
    let outbox = move || {
        let messages = outbox::table::newest(&state.lock().unwrap_or_else(PoisonError::into_inner), MESSAGES_MAX);
        json(&OutboxDetail { channels: of_outbox.channels(), messages: told(messages) })
    };
    vec![(RULES, Box::new(rules)), (OUTBOX, Box::new(outbox))]
}

/// A list that cannot be read is empty, aloud: the rest of the answer is worth having.
fn told<T>(read: rusqlite::Result<Vec<T>>) -> Vec<T> {
    read.unwrap_or_else(|error| {
        tracing::warn!(%error, "the state file cannot be read for somebody who asks");
        Vec::new()
    })
}

fn json<T: serde::Serialize>(detail: &T) -> String {
    serde_json::to_string(detail).unwrap_or_else(|error| {
        tracing::error!(%error, "a detail cannot be written as JSON");
        "{}".to_owned()
    })
}
