//! How it stands: the state of each role, and what somebody should look at, the worst first. Pure: the time is an
//! argument, and words are the page's.

use live::Role;
use live::incident::{Incident, IncidentPhase, Severity};

use super::{Books, Snapshot};
use crate::page::icon::Tone;

/// The roles that are heard.
pub const ROLES: [Role; 4] = [Role::Capture, Role::Ingest, Role::Notifier, Role::Run];

/// A role speaks once a second; after so long without a word it is silent, ns.
pub const SILENT_AFTER: u64 = 5_000_000_000;

/// A role that was never heard is not called silent before this, ns: the page may have started first.
const PATIENCE: u64 = 8_000_000_000;

/// How a role is heard.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleHealth {
    /// Which.
    pub role: Role,
    /// When it was heard last, ns since the epoch; `None` = never.
    pub heard_ns: Option<u64>,
    /// Whether it is heard now.
    pub is_heard: bool,
    /// The page has just begun: a role that was not heard yet may still come.
    pub is_awaited: bool,
    /// Its version.
    pub version: String,
    /// What the supervisor says of its state, if `floodmark run` supervises; else empty.
    pub state: String,
    /// Times it failed, if `floodmark run` supervises.
    pub failures: Option<u64>,
    /// Times it was started, if `floodmark run` supervises.
    pub starts: Option<u64>,
    /// Age of its oldest work that waits, ms.
    pub lag_ms: u64,
}

impl RoleHealth {
    /// How it stands.
    pub const fn tone(&self) -> Tone {
        match (self.is_heard, self.is_awaited) {
            (true, _) => Tone::Good,
            (false, true) => Tone::Warn,
            (false, false) => Tone::Bad,
        }
    }
}

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Incidents go on; how many, and the worst severity.
    Incidents(u64, Severity),
    /// A role is not heard.
    Silent(Role),
    /// An interface receives packets, and capture sees none.
    Blind(String),
    /// An interface is down or gone.
    Interface(String, String),
    /// The books do not balance.
    Imbalance(u64),
    /// The database does not take rows; they wait in the spool.
    Database(String),
    /// A channel of notifications fails.
    Channel(String),
    /// What the supervisor says, in its own words.
    Supervisor(String),
    /// The rules of the configuration are refused.
    Rules(String),
}

impl Finding {
    /// How bad it is.
    pub const fn tone(&self) -> Tone {
        match self {
            Finding::Silent(Role::Capture | Role::Notifier) | Finding::Blind(_) | Finding::Imbalance(_) => Tone::Bad,
            Finding::Incidents(_, Severity::Critical) => Tone::Bad,
            Finding::Incidents(_, Severity::Info) => Tone::Good,
            _ => Tone::Warn,
        }
    }

    /// Its name for scripts.
    pub const fn name(&self) -> &'static str {
        match self {
            Finding::Incidents(..) => "incidents",
            Finding::Silent(Role::Capture) => "capture_silent",
            Finding::Silent(Role::Ingest) => "ingest_silent",
            Finding::Silent(Role::Notifier) => "notifier_silent",
            Finding::Silent(_) => "role_silent",
            Finding::Blind(_) => "capture_blind",
            Finding::Interface(..) => "interface_down",
            Finding::Imbalance(_) => "imbalance",
            Finding::Database(_) => "database_down",
            Finding::Channel(_) => "channel_failing",
            Finding::Supervisor(_) => "supervisor_alert",
            Finding::Rules(_) => "rules_refused",
        }
    }
}

/// The one answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The worst of the findings'; [`Tone::Good`] if there are none.
    pub tone: Tone,
    /// Nothing was heard yet, and may still come.
    pub is_awaited: bool,
    /// The worst first.
    pub findings: Vec<Finding>,
}

impl Snapshot {
    /// How `role` is heard at `now_ns`.
    pub fn health(&self, role: Role, now_ns: u64) -> RoleHealth {
        let heard = match role {
            Role::Capture => self.capture.as_ref().map(|heard| (heard.at_ns, &heard.line.envelope)),
            Role::Ingest => self.ingest.as_ref().map(|heard| (heard.at_ns, &heard.line.envelope)),
            Role::Notifier => self.notifier.as_ref().map(|heard| (heard.at_ns, &heard.line.envelope)),
            Role::Run => self.run.as_ref().map(|heard| (heard.at_ns, &heard.line.envelope)),
            Role::Web => None,
        };
        let supervised = self.run.as_ref().and_then(|run| run.line.of(role));
        let own_lag = self.ingest.as_ref().filter(|_| role == Role::Ingest).map_or(0, |ingest| ingest.line.lag_ms);
        RoleHealth {
            role,
            heard_ns: heard.map(|(at_ns, _)| at_ns),
            is_heard: heard.is_some_and(|(at_ns, _)| now_ns.saturating_sub(at_ns) < SILENT_AFTER),
            is_awaited: heard.is_none() && now_ns.saturating_sub(self.begun_ns) < PATIENCE,
            version: heard.map(|(_, envelope)| envelope.version.clone()).unwrap_or_default(),
            state: supervised.map(|state| state.state.clone()).unwrap_or_default(),
            failures: supervised.map(|state| state.failures),
            starts: supervised.map(|state| state.starts),
            lag_ms: supervised.map_or(own_lag, |state| state.lag_ms.max(own_lag)),
        }
    }

    /// The roles whose health is shown: `run` only where it is heard, as systemd supervises elsewhere.
    pub fn roles(&self, now_ns: u64) -> Vec<RoleHealth> {
        let shown = |role: &Role| *role != Role::Run || self.run.is_some();
        ROLES.into_iter().filter(shown).map(|role| self.health(role, now_ns)).collect()
    }

    /// The incidents that go on, as notifier said last; the list may be shorter than their number.
    pub fn incidents(&self) -> &[Incident] {
        self.notifier.as_ref().map_or(&[], |heard| &heard.line.incidents)
    }

    /// The ledger, if capture was ever heard.
    pub fn books(&self) -> Option<Books> {
        let ingest = self.ingest.as_ref().map(|heard| heard.line.as_ref());
        self.capture.as_ref().map(|heard| Books::join(&heard.line, ingest))
    }

    /// What somebody should look at, at `now_ns`.
    pub fn verdict(&self, now_ns: u64) -> Verdict {
        let roles = self.roles(now_ns);
        let mut findings: Vec<Finding> = roles
            .iter()
            .filter(|health| health.tone() == Tone::Bad)
            .map(|health| Finding::Silent(health.role))
            .collect();
        self.capture_findings(&mut findings);
        self.notifier_findings(&mut findings);
        if let Some(ingest) = &self.ingest
            && (ingest.line.database.starts_with("down") || ingest.line.database.starts_with("slow"))
        {
            findings.push(Finding::Database(ingest.line.database.clone()));
        }
        let alerts = self.run.iter().flat_map(|run| &run.line.alerts);
        findings.extend(alerts.map(|alert| Finding::Supervisor(alert.text.clone())));
        // Stable: of equal tone the order above stands.
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.tone()));
        let tone = findings.first().map_or(Tone::Good, Finding::tone);
        let is_awaited = roles.iter().any(|health| health.is_awaited && health.role != Role::Run);
        Verdict { tone, is_awaited, findings }
    }

    fn capture_findings(&self, findings: &mut Vec<Finding>) {
        for interface in self.capture.iter().flat_map(|capture| &capture.line.interfaces) {
            let state = interface.state.as_str();
            if interface.blind_since_ns.is_some() || state.starts_with("blind") {
                findings.push(Finding::Blind(interface.name.clone()));
            } else if matches!(state, "down" | "absent") {
                findings.push(Finding::Interface(interface.name.clone(), state.to_owned()));
            }
        }
        if let Some(books) = self.books()
            && books.ledger.imbalance > 0
        {
            findings.push(Finding::Imbalance(books.ledger.imbalance));
        }
    }

    fn notifier_findings(&self, findings: &mut Vec<Finding>) {
        let Some(notifier) = &self.notifier else { return };
        // One that somebody cares for still goes on; it is told, and does not cry.
        let open = self.incidents().iter().filter(|incident| incident.phase != IncidentPhase::Resolved);
        if let Some(worst) = open.map(severity_now).max() {
            findings.insert(0, Finding::Incidents(notifier.line.incidents_open.max(1), worst));
        }
        let failing = notifier.line.outbox.channels.iter().filter(|channel| channel.state.starts_with("failing"));
        findings.extend(failing.map(|channel| Finding::Channel(channel.channel.clone())));
        if !notifier.line.rules.refused.is_empty() {
            findings.push(Finding::Rules(notifier.line.rules.refused.clone()));
        }
    }
}

/// The severity for the verdict: what was acknowledged is no more than a warning.
fn severity_now(incident: &Incident) -> Severity {
    if incident.acknowledged_by.is_empty() { incident.severity } else { incident.severity.min(Severity::Warning) }
}
