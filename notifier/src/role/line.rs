//! What the role tells: its live line, its metrics, its health.

use live::incident::IncidentPhase;
use live::line::NotifierLine;
use live::{Health, Publisher};
use prometheus::{Encoder, TextEncoder};
use std::sync::Arc;

use super::clock::{self, Now};
use super::second::Second;
use crate::incident;

/// Renders the metrics of this role when they are asked for.
pub fn metrics(second: &Second) -> impl Fn() -> String + Send + Sync + 'static {
    let registry = second.registry().clone();
    incident::metrics::register(&registry, second.desk(), Arc::new(clock::now_ns));
    move || {
        let mut text = Vec::new();
        match TextEncoder::new().encode(&registry.gather(), &mut text) {
            Ok(()) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => {
                tracing::error!(%error, "the metrics cannot be told");
                String::new()
            }
        }
    }
}

impl Second {
    /// The line of this second, and whether all is well.
    pub fn line(&self, now: Now, publisher: &mut Publisher) -> (NotifierLine, Health) {
        let standing = self.desk().standing(now.ns);
        let health = self.desk().health(now.ns);
        let line = NotifierLine {
            envelope: publisher.envelope(now.ns),
            mode: if standing.is_attack { "attack" } else { "normal" }.to_owned(),
            host: (*self.host()).clone(),
            incidents: standing.incidents.into_iter().filter(|i| i.phase != IncidentPhase::Resolved).collect(),
            incidents_open: standing.incidents_open,
            outbox: standing.outbox,
            rules: self.rules_state(),
        };
        (line, health)
    }
}
