//! The supervisor's metrics, read from its last line when somebody asks.

use std::sync::{Arc, Mutex, PoisonError};

use capture::metrics::Definition;
use live::RunLine;
use live::line::RoleState;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};

/// The last line; `None` before the first.
pub type Latest = Arc<Mutex<Option<RunLine>>>;

const TOTAL: Definition = (
    "counter",
    &["role", "what"],
    ("floodmark_run_role_total", "Per role: starts, planned restarts, failures, and of those the silent ones killed."),
);

const NOW: Definition = (
    "gauge",
    &["role", "what"],
    (
        "floodmark_run_role",
        "Per role, now: 1 = ready, 1 = overloaded, failures in a row, milliseconds from start to ready, age of the \
         heartbeat, lag, percent of queue and spool in use.",
    ),
);

const ALERTS: Definition =
    ("gauge", &["role"], ("floodmark_run_alerts", "Per role: alerts that stand; `/live` has their text."));

/// Every metric of the supervisor; `docs/metrics.md` lists them too.
#[cfg(test)]
pub const ALL: [Definition; 3] = [TOTAL, NOW, ALERTS];

struct LineCollector {
    latest: Latest,
    total: IntCounterVec,
    now: IntGaugeVec,
    alerts: IntGaugeVec,
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl LineCollector {
    fn refresh(&self) {
        let Some(line) = self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return };
        for role in &line.roles {
            self.refresh_role(role);
            let alerts = line.alerts.iter().filter(|alert| alert.role == role.role).count();
            self.alerts.with_label_values(&[&role.role]).set(signed(alerts as u64));
        }
    }

    fn refresh_role(&self, role: &RoleState) {
        let totals = [
            ("starts", role.starts),
            ("restarts_planned", role.restarts_planned),
            ("failures", role.failures),
            ("silences", role.silences),
        ];
        for (what, value) in totals {
            let counter = self.total.with_label_values(&[role.role.as_str(), what]);
            counter.inc_by(value.saturating_sub(counter.get()));
        }
        let is = |state: &str| u64::from(role.state == state);
        let now = [
            ("ready", is("ready") + is("overloaded")),
            ("overloaded", is("overloaded")),
            ("failures_in_row", role.failures_in_row),
            ("ready_ms", role.ready_ms.unwrap_or(0)),
            ("heartbeat_ms", role.heartbeat_ms.unwrap_or(0)),
            ("lag_ms", role.lag_ms),
            ("queue_percent", role.queue.fill.percent()),
            ("spool_percent", role.spool.fill.percent()),
        ];
        for (what, value) in now {
            self.now.with_label_values(&[role.role.as_str(), what]).set(signed(value));
        }
    }
}

impl Collector for LineCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.total.desc().into_iter().chain(self.now.desc()).chain(self.alerts.desc()).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.refresh();
        self.total.collect().into_iter().chain(self.now.collect()).chain(self.alerts.collect()).collect()
    }
}

/// A function that renders the metrics text.
pub fn renderer(latest: Latest) -> impl Fn() -> String + Send + Sync + 'static {
    let valid = "names and labels are literals and valid";
    let gauges = |(_, labels, (name, help)): Definition| IntGaugeVec::new(Opts::new(name, help), labels).expect(valid);
    let counters =
        |(_, labels, (name, help)): Definition| IntCounterVec::new(Opts::new(name, help), labels).expect(valid);
    let collector = LineCollector { latest, total: counters(TOTAL), now: gauges(NOW), alerts: gauges(ALERTS) };
    let registry = Registry::new();
    registry.register(Box::new(collector)).expect("the registry is new: no name is taken");
    move || TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_default()
}
