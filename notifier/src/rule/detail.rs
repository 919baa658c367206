//! The rules at work as the page shows them.

use live::detail::RuleDetail;

use super::compile::Rule;
use super::words::cut;
use super::{Rules, builtin};
use crate::limits::SUMMARY_CHARS_MAX;

const SECOND_NS: u64 = 1_000_000_000;

impl Rules {
    /// Each rule: what it says, its levels, what it sees now.
    pub fn details(&self) -> Vec<RuleDetail> {
        let configured = self.configured();
        let of = |name: &str| configured.iter().find(|rule| rule.head.name == name);
        self.rules().iter().map(|rule| self.detail(rule, of(&rule.head.name))).collect()
    }

    fn detail(&self, rule: &Rule, configured: Option<&Rule>) -> RuleDetail {
        let name = &rule.head.name;
        let changed = self.changed().get(name);
        let (firing, pending): (Vec<_>, Vec<_>) =
            self.machine().subjects_of(name).partition(|subject| self.machine().fires(name, subject));
        RuleDetail {
            is_built_in: builtin::find(name).is_some() && self.when(name).is_none(),
            subject: rule.subject,
            severity: rule.head.severity,
            when: cut(
                self.when(name).or_else(|| Some(builtin::find(name)?.when)).unwrap_or_default(),
                SUMMARY_CHARS_MAX,
            ),
            limit: rule.when.limit(),
            clear: level(rule),
            limit_configured: configured.and_then(|rule| rule.when.limit()),
            clear_configured: configured.and_then(level),
            unit: rule.when.unit(),
            is_upward: rule.when.is_upward(),
            for_s: rule.head.for_ns / SECOND_NS,
            keep_s: rule.head.keep_ns / SECOND_NS,
            firing: firing.len() as u64,
            pending: pending.len() as u64,
            why: rule.head.why.clone(),
            changed_by: changed.map(|changed| changed.by.clone()).unwrap_or_default(),
            changed_ns: changed.map_or(0, |changed| changed.time_ns),
            name: name.clone(),
        }
    }
}

/// The level to clear, where it is one of the same value.
fn level(rule: &Rule) -> Option<f64> {
    rule.when.levels(rule.clear.as_ref()?).map(|(_, level)| level)
}
