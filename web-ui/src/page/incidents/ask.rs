//! What of the list is asked for.

use live::incident::{Incident, Severity};

use crate::guard::Problem;
use crate::page::query::Typed;

/// Characters of a rule's name.
const RULE_CHARS_MAX: usize = 64;

/// By state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    All,
    Open,
    Past,
}

/// The filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub show: Show,
    /// `None` = all.
    pub severity: Option<Severity>,
    /// Empty = all.
    pub rule: String,
    /// Days back.
    pub days: u32,
}

/// Ranges that are offered, days.
pub(super) const DAYS: [u32; 4] = [1, 7, 30, 365];

impl Asked {
    /// Reads the address; what is left out is all of the last 30 days.
    pub(super) fn of(typed: &Typed) -> Result<Asked, Problem> {
        let show = match typed.get("state") {
            "" | "all" => Show::All,
            "open" => Show::Open,
            "past" => Show::Past,
            _ => {
                return Err(Problem::bad_request(
                    "“state” is all, open or past.",
                    "«state» может быть all, open или past.",
                ));
            }
        };
        let severity = match typed.get("severity") {
            "" => None,
            "info" => Some(Severity::Info),
            "warning" => Some(Severity::Warning),
            "critical" => Some(Severity::Critical),
            _ => {
                return Err(Problem::bad_request(
                    "“severity” is info, warning or critical.",
                    "«severity» может быть info, warning или critical.",
                ));
            }
        };
        let days = match typed.get("days") {
            "" => Some(30),
            text => text.parse().ok().filter(|days| DAYS.contains(days)),
        };
        let days = days
            .ok_or_else(|| Problem::bad_request("“days” is 1, 7, 30 or 365.", "«days» может быть 1, 7, 30 или 365."))?;
        let rule = typed.get("rule");
        if rule.chars().count() > RULE_CHARS_MAX {
            return Err(Problem::bad_request(
                "A rule’s name has 64 characters at most.",
                "Имя правила не длиннее 64 символов.",
            ));
        }
        Ok(Asked { show, severity, rule: rule.to_owned(), days })
    }

    pub(super) fn is_wanted(&self, incident: &Incident) -> bool {
        self.severity.is_none_or(|severity| incident.severity == severity)
            && (self.rule.is_empty() || incident.rule == self.rule)
    }
}

/// The bytes of an id; `None` = it is none.
pub(super) fn id(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes)
}
