//! Metrics of incidents and outbox, read from the desk when somebody asks.

use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry};

use super::desk::Desk;
use crate::outbox::dispatch::Clock;

/// Kind, labels, name and meaning of each, for `docs/metrics.md`.
pub const ALL: [(&str, &[&str], (&str, &str)); 6] = [
    ("gauge", &["severity"], ("floodmark_notifier_incidents_open", "Incidents that go on.")),
    (
        "counter",
        &["what"],
        (
            "floodmark_notifier_incidents_total",
            "Incidents opened, resolved, silenced, inhibited, left out for want of room; messages held back by a cap; transactions not written.",
        ),
    ),
    ("counter", &["kind"], ("floodmark_notifier_notifications_total", "Notifications made, by what they are for.")),
    (
        "counter",
        &["channel", "what"],
        (
            "floodmark_notifier_outbox_total",
            "By channel: notifications sent, refused for good, expired, superseded by another.",
        ),
    ),
    ("gauge", &["channel"], ("floodmark_notifier_outbox_waiting", "By channel: notifications not sent yet.")),
    ("gauge", &[], ("floodmark_notifier_outbox_oldest_ms", "Age of the oldest notification that is not sent yet.")),
];

enum Family {
    Gauge(IntGaugeVec),
    Counter(IntCounterVec),
}

impl Family {
    fn new((kind, labels, (name, meaning)): (&str, &[&str], (&str, &str))) -> Family {
        let (opts, valid) = (Opts::new(name, meaning), "the names are literals and valid");
        match kind {
            "counter" => Family::Counter(IntCounterVec::new(opts, labels).expect(valid)),
            _ => Family::Gauge(IntGaugeVec::new(opts, labels).expect(valid)),
        }
    }

    fn collector(&self) -> &dyn Collector {
        match self {
            Family::Gauge(family) => family,
            Family::Counter(family) => family,
        }
    }

    /// The values stand in the desk; a counter is moved to where it stands there.
    fn set(&self, labels: &[&str], value: u64) {
        match self {
            Family::Gauge(family) => family.with_label_values(labels).set(i64::try_from(value).unwrap_or(i64::MAX)),
            Family::Counter(family) => {
                let counter = family.with_label_values(labels);
                counter.inc_by(value.saturating_sub(counter.get()));
            }
        }
    }
}

struct DeskCollector {
    desk: Arc<Desk>,
    clock: Clock,
    families: [Family; 6],
}

impl DeskCollector {
    fn values(&self) -> Vec<(usize, Vec<String>, u64)> {
        let standing = self.desk.standing((self.clock)());
        let mut values = Vec::new();
        for (severity, count) in ["info", "warning", "critical"].into_iter().zip(standing.open_by_severity) {
            values.push((0, vec![severity.to_owned()], count));
        }
        let p = standing.pipeline;
        for (what, count) in [
            ("opened", p.opened),
            ("resolved", p.resolved),
            ("silenced", p.silenced),
            ("inhibited", p.inhibited),
            ("left_out", p.left_out),
            ("capped", p.capped),
            ("not_written", standing.faults),
        ] {
            values.push((1, vec![what.to_owned()], count));
        }
        values.extend(standing.sending.by_kind.iter().map(|(kind, count)| (2, vec![(*kind).to_owned()], *count)));
        for (channel, counts) in &standing.sending.by_channel {
            for (what, count) in ["sent", "failed", "expired", "superseded"].into_iter().zip(counts) {
                values.push((3, vec![channel.clone(), what.to_owned()], *count));
            }
        }
        values.extend(standing.outbox.channels.iter().map(|c| (4, vec![c.channel.clone()], c.waiting)));
        values.push((5, Vec::new(), standing.outbox.oldest_ms));
        values
    }
}

impl Collector for DeskCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.families.iter().flat_map(|family| family.collector().desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        for (family, labels, value) in self.values() {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            self.families[family].set(&labels, value);
        }
        self.families.iter().flat_map(|family| family.collector().collect()).collect()
    }
}

/// Adds the metrics of incidents and outbox to a role's registry.
///
/// # Panics
/// One of the names is taken already.
pub fn register(registry: &Registry, desk: Arc<Desk>, clock: Clock) {
    let collector = DeskCollector { desk, clock, families: ALL.map(Family::new) };
    registry.register(Box::new(collector)).expect("each part registers its own names, once");
}
