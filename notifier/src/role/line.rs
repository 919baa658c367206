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
    /// One sentence for `systemctl status`: what keeps warnings from reaching somebody, if anything does.
    pub fn status(&self, line: &NotifierLine) -> String {
        let failing: Vec<String> = line
            .outbox
            .channels
            .iter()
            .filter(|channel| channel.state.starts_with("failing"))
            .map(|channel| format!("{} is {}", channel.channel, channel.state))
            .collect();
        status(self.summary(), self.has_receivers(), &line.rules.refused, &failing, line.incidents_open)
    }

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

fn status(summary: String, has_receivers: bool, refused: &str, failing: &[String], incidents: u64) -> String {
    let mut parts = Vec::new();
    if !refused.is_empty() {
        parts.push(format!("the changed configuration is not at work: {refused}"));
    }
    if !has_receivers {
        parts.push("nobody is warned: name yourself in [[notifier.receiver]]".to_owned());
    }
    parts.extend_from_slice(failing);
    if incidents > 0 {
        parts.push(format!("{incidents} incidents are open"));
    }
    parts.push(summary);
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn what_keeps_warnings_from_somebody_stands_first() {
        let summary = || "31 rules, 1 receivers".to_owned();
        assert_eq!(status(summary(), true, "", &[], 0), "31 rules, 1 receivers");
        let told = status(summary(), false, "line 3", &["email is failing: refused".to_owned()], 2);
        let expect = "the changed configuration is not at work: line 3; nobody is warned: name yourself in \
                      [[notifier.receiver]]; email is failing: refused; 2 incidents are open; 31 rules, 1 receivers";
        assert_eq!(told, expect);
    }
}
