//! What the command gives to the page because the page may not reach it itself: the doctor's findings, the back-test.

use std::fmt;
use std::sync::Arc;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    /// What the doctor found when this process began, before it gave up its rights: some checks start programs.
    pub findings: Vec<Finding>,
    /// How often a rule would have fired on what is stored.
    pub backtest: Option<Backtest>,
}

/// One thing that the doctor looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// "ok", "warn", "fail".
    pub level: &'static str,
    /// What was looked at.
    pub subject: String,
    /// What was found.
    pub what: String,
    /// What to do, or what is worth knowing.
    pub remedy: String,
}

/// A question to the back-test.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The rule's name.
    pub rule: String,
    /// The limit to try; `None` = as configured.
    pub limit: Option<f64>,
    /// The level to clear to try; `None` = as configured, or in proportion.
    pub clear: Option<f64>,
    /// Stored data from the last so many seconds.
    pub seconds: u32,
}

/// What the back-test found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tried {
    /// Times that the rule would have fired.
    pub fired: u64,
    /// How long in all, seconds.
    pub fired_seconds: u64,
    /// Seconds that could be judged, and could not.
    pub judged_seconds: u64,
    /// See there.
    pub unknown_seconds: u64,
    /// Metrics the rule speaks of that are not stored.
    pub not_stored: Vec<String>,
    /// The first times, UNIX seconds: from, to (`None` = to the end), the subject's name.
    pub firings: Vec<(u64, Option<u64>, String)>,
}

/// Runs the back-test; blocks for as long as the store takes, a minute at most.
pub type Run = Arc<dyn Fn(&Trial) -> Result<Tried, String> + Send + Sync>;

/// See [`Run`].
#[derive(Clone)]
pub struct Backtest(pub Run);

impl fmt::Debug for Backtest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Backtest")
    }
}
