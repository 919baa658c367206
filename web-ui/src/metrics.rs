//! Metrics of the page: what its parts count, put into text when somebody asks.

use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};

use crate::app::App;
use crate::push::Transport;

/// Kind, labels, name and meaning of each, for `docs/metrics.md`.
pub const ALL: [(&str, &[&str], (&str, &str)); 5] = [
    (
        "counter",
        &["what"],
        (
            "floodmark_web_connections_total",
            "Connections and requests of the page: accepted; refused, evicted and timed out by why; taken over by push.",
        ),
    ),
    ("gauge", &["what"], ("floodmark_web_connections", "Connections now: all, and those that have asked nothing yet.")),
    (
        "counter",
        &["what"],
        (
            "floodmark_web_push_total",
            "Push hub: messages published, delivered, conflated; readers told resync, cut as slow or revoked; refusals.",
        ),
    ),
    ("gauge", &["transport"], ("floodmark_web_push_subscribers", "Subscribers now: events, poll, socket.")),
    (
        "gauge",
        &["role", "what"],
        (
            "floodmark_web_role",
            "At the page's /metrics only, per role: 1 = its metrics are in this answer, 1 = it calls itself well.",
        ),
    ),
];

/// The metrics' text now.
pub fn text(app: &App) -> String {
    let registry = Registry::new();
    let (hub, push) = (app.hub.counts(), &app.push.counts);
    let connections = app.door.counts.list().map(|(what, _, value)| (what, value));
    let places = [("all", app.door.places.taken()), ("young", app.door.places.young())];
    let messages = [
        ("published", hub.published.get()),
        ("delivered", hub.delivered.get()),
        ("conflated", hub.conflated.get()),
        ("resyncs", hub.resyncs.get()),
        ("refused", hub.refused.get()),
        ("evicted", hub.evicted.get()),
        ("closed", hub.closed.get()),
        ("slow", push.slow.get()),
        ("revoked", push.revoked.get()),
        ("limited", push.limited.get()),
    ];
    let subscribers = Transport::ALL.map(|transport| (transport.name(), push.subscribers(transport)));
    counter(&registry, 0, &connections);
    gauge(&registry, 1, &places.map(|(what, value)| (what, value as u64)));
    counter(&registry, 2, &messages);
    gauge(&registry, 3, &subscribers);
    TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_default()
}

/// Which roles answered, as a metric's text: name, whether its metrics are there, whether it is well.
pub(crate) fn roles(told: impl Iterator<Item = (&'static str, bool, bool)>) -> String {
    let family = IntGaugeVec::new(opts(4), ALL[4].1).expect(VALID);
    for (role, answers, is_healthy) in told {
        family.with_label_values(&[role, "answers"]).set(i64::from(answers));
        family.with_label_values(&[role, "healthy"]).set(i64::from(is_healthy));
    }
    let registry = Registry::new();
    registry.register(Box::new(family)).expect(VALID);
    TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_default()
}

const VALID: &str = "the names are literals, valid, and registered once";

fn opts(at: usize) -> Opts {
    Opts::new(ALL[at].2.0, ALL[at].2.1)
}

fn counter(registry: &Registry, at: usize, values: &[(&str, u64)]) {
    let family = IntCounterVec::new(opts(at), ALL[at].1).expect(VALID);
    values.iter().for_each(|(what, value)| family.with_label_values(&[*what]).inc_by(*value));
    registry.register(Box::new(family)).expect(VALID);
}

fn gauge(registry: &Registry, at: usize, values: &[(&str, u64)]) {
    let family = IntGaugeVec::new(opts(at), ALL[at].1).expect(VALID);
    values
        .iter()
        .for_each(|(what, value)| family.with_label_values(&[*what]).set(i64::try_from(*value).unwrap_or(i64::MAX)));
    registry.register(Box::new(family)).expect(VALID);
}

#[cfg(test)]
mod tests {
    use crate::testing::parts;

    #[tokio::test]
    async fn what_the_parts_count_is_told() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let app = parts(dir.path());
        app.hub.publish(&["traffic"], "{}", 1);
        let text = super::text(&app);
        for line in [
            "floodmark_web_push_total{what=\"published\"} 1",
            "floodmark_web_push_subscribers{transport=\"socket\"} 0",
            "floodmark_web_connections{what=\"all\"} 0",
            "floodmark_web_connections_total{what=\"accepted\"} 0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} in {text}");
        }
    }
}
