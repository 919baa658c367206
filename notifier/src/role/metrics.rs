//! Metrics of rows, pings and samples: the loop moves them once a second to where its parts stand.

use prometheus::core::Collector;
use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::attack::sample;
use crate::record::{Counters, Standing};

/// Kind, labels, name and meaning of each, for `docs/metrics.md`.
pub const ALL: [(&str, &[&str], (&str, &str)); 5] = [
    (
        "counter",
        &["what"],
        (
            "floodmark_notifier_rows_total",
            "Rows taken by notifier's spool; of samples, shed; of incidents and events, failed; values of addresses left out.",
        ),
    ),
    (
        "gauge",
        &[],
        ("floodmark_notifier_rows_waiting", "Rows of incidents and events that are not durable in the spool yet."),
    ),
    ("gauge", &["what"], ("floodmark_notifier_spool_bytes", "Notifier's spool: bytes used and allowed; 0 = not open.")),
    (
        "counter",
        &["what"],
        ("floodmark_notifier_watch_total", "Pings and questions to peers: answered well, and failed."),
    ),
    (
        "counter",
        &["what"],
        (
            "floodmark_notifier_samples_total",
            "Samples of attacks' packets: kept, not given by capture in time, refused for want of room.",
        ),
    ),
];

/// A counter that follows a number, which may begin anew.
struct Follower {
    counter: IntCounter,
    last: u64,
}

impl Follower {
    fn follow(&mut self, now: u64) {
        // Another watch, after the configuration was read again, counts from 0.
        self.counter.inc_by(now.checked_sub(self.last).unwrap_or(now));
        self.last = now;
    }
}

/// The metrics, and where their sources stood last.
pub struct Metrics {
    rows: [Follower; 4],
    waiting: IntGauge,
    spool: [IntGauge; 2],
    watch: [Follower; 2],
    samples: [Follower; 3],
}

impl Metrics {
    /// Adds them to a registry.
    ///
    /// # Panics
    /// One of the names is taken already.
    pub fn new(registry: &Registry) -> Metrics {
        let valid = "the names are literals, valid, and registered once";
        let opts = |at: usize| Opts::new(ALL[at].2.0, ALL[at].2.1);
        let add = |family: Box<dyn Collector>| registry.register(family).expect(valid);
        let counters = |at: usize| {
            let family = IntCounterVec::new(opts(at), ALL[at].1).expect(valid);
            add(Box::new(family.clone()));
            move |what: &str| Follower { counter: family.with_label_values(&[what]), last: 0 }
        };
        let waiting = IntGauge::with_opts(opts(1)).expect(valid);
        add(Box::new(waiting.clone()));
        let spool = IntGaugeVec::new(opts(2), ALL[2].1).expect(valid);
        add(Box::new(spool.clone()));
        Metrics {
            rows: ["taken", "shed", "failed", "left_out"].map(counters(0)),
            waiting,
            spool: ["used", "allowed"].map(|what| spool.with_label_values(&[what])),
            watch: ["well", "failed"].map(counters(3)),
            samples: ["kept", "missed", "refused"].map(counters(4)),
        }
    }

    /// Where all stands now; `watch` = well and failed.
    pub fn set(&mut self, rows: &Counters, spool: &Standing, watch: (u64, u64), samples: sample::Counts) {
        let gauge = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let follow = |followers: &mut [Follower], counts: &[u64]| {
            followers.iter_mut().zip(counts).for_each(|(follower, count)| follower.follow(*count));
        };
        follow(&mut self.rows, &[rows.rows, rows.shed, rows.failed, rows.subjects_left_out]);
        self.waiting.set(gauge(rows.waiting));
        self.spool.iter().zip([spool.used_bytes, spool.bytes_max]).for_each(|(of, bytes)| of.set(gauge(bytes)));
        follow(&mut self.watch, &[watch.0, watch.1]);
        follow(&mut self.samples, &[samples.kept, samples.missed, samples.refused]);
    }
}

#[cfg(test)]
mod tests {
    use prometheus::{Registry, TextEncoder};

    use super::{ALL, Metrics};
    use crate::attack::sample::Counts;
    use crate::record::{Counters, Standing};

    #[test]
    fn every_metric_is_told_and_a_source_that_begins_anew_goes_on() {
        let registry = Registry::new();
        let mut metrics = Metrics::new(&registry);
        let rows = Counters { rows: 5, shed: 1, waiting: 7, failed: 2, subjects_left_out: 3 };
        let spool = Standing { used_bytes: 10, bytes_max: 20, ..Standing::default() };
        let samples = Counts { kept: 1, missed: 2, refused: 3 };
        for watch in [(4, 1), (6, 1), (1, 0)] {
            metrics.set(&rows, &spool, watch, samples);
        }
        let text = TextEncoder::new().encode_to_string(&registry.gather()).expect("text");
        for (kind, _, (name, _)) in ALL {
            assert!(text.contains(&format!("# TYPE {name} {kind}")), "{name}: {text}");
        }
        for line in [
            "rows_total{what=\"taken\"} 5",
            "rows_total{what=\"shed\"} 1",
            "rows_total{what=\"failed\"} 2",
            "rows_total{what=\"left_out\"} 3",
            "rows_waiting 7",
            "spool_bytes{what=\"used\"} 10",
            "spool_bytes{what=\"allowed\"} 20",
            "watch_total{what=\"well\"} 7",
            "watch_total{what=\"failed\"} 1",
            "samples_total{what=\"kept\"} 1",
            "samples_total{what=\"missed\"} 2",
            "samples_total{what=\"refused\"} 3",
        ] {
            assert!(text.contains(&format!("floodmark_notifier_{line}\n")), "{line}: {text}");
        }
    }
}
