//! `floodmark alerts`: the open incidents, from notifier's live line; where it does not run, from its state file.

use std::fmt::Write;
use std::time::Duration;

use live::incident::Incident;
use live::{Line, Role, Subscriber};
use notifier::limits::SUMMARY_CHARS_MAX;
use notifier::words::plain;

use super::print;
use super::store::configuration;
use crate::cli::AlertsArgs;
use crate::exit::{Failure, Outcome};

/// Two lines that did not come: notifier is gone or stands still.
const LINE_WAIT: Duration = Duration::from_secs(3);

pub fn run(args: &AlertsArgs) -> Outcome {
    let config = configuration(&args.source)?;
    let (incidents, open, is_live) = match newest(&config.node.run_dir) {
        Some(line) => (line.incidents, line.incidents_open, true),
        None => {
            let state_dir = config.node.data_dir.join("notifier");
            let incidents = match notifier::incident::stored(&state_dir) {
                Ok(incidents) => incidents,
                // Nothing has ever fired here.
                Err(_) if !state_dir.join("state.db").exists() => Vec::new(),
                Err(error) => {
                    let told =
                        anyhow::anyhow!("{}: {error}; run it as root or as the user of notifier", state_dir.display());
                    return Err(Failure::failed(told));
                }
            };
            let open = incidents.len() as u64;
            (incidents, open, false)
        }
    };
    if args.json {
        let line =
            |incident: &Incident| serde_json::to_string(incident).expect("incidents hold only numbers and text") + "\n";
        return print::out(&incidents.iter().map(line).collect::<String>());
    }
    print::out(&text(&incidents, open, is_live))
}

fn newest(run_dir: &std::path::Path) -> Option<Box<live::NotifierLine>> {
    match Subscriber::connect(run_dir, Role::Notifier, LINE_WAIT).ok()?.receive().ok()? {
        Line::Notifier(line) => Some(line),
        _ => None,
    }
}

fn text(incidents: &[Incident], open: u64, is_live: bool) -> String {
    let mut out = String::new();
    for incident in incidents {
        let seconds = u32::try_from(incident.fired_ns / 1_000_000_000).unwrap_or(u32::MAX);
        let who = match incident.acknowledged_by.as_str() {
            "" => String::new(),
            by => format!("  (acknowledged by {by})"),
        };
        // Writing to a String does not fail. What was seen on the network may hold anything.
        let summary = plain(&incident.summary.en, SUMMARY_CHARS_MAX, ' ');
        let _ = writeln!(
            out,
            "{}  {:<8}  {:<24}  {summary}{who}  {}",
            print::seconds(seconds),
            incident.severity.name(),
            incident.rule,
            incident.id
        );
    }
    let more = open.saturating_sub(incidents.len() as u64);
    if more > 0 {
        let _ = writeln!(out, "and {more} more");
    }
    let place = if is_live { "" } else { " when notifier was last running; it does not run now, and nobody is warned" };
    let _ = writeln!(out, "{open} open incidents{place}");
    out
}

#[cfg(test)]
mod tests {
    use live::incident::{Incident, Severity, Words};

    use super::text;

    #[test]
    fn incidents_are_lines_whatever_their_summary_holds() {
        let incident = Incident {
            id: "00ff".to_owned(),
            rule: "disk_full".to_owned(),
            severity: Severity::Critical,
            summary: Words { en: "/ is\nfull\x1b[2J".to_owned(), ru: String::new() },
            acknowledged_by: "anna".to_owned(),
            ..Incident::default()
        };
        let shown = text(&[incident], 3, true);
        assert_eq!(
            shown,
            "1970-01-01T00:00:00Z  critical  disk_full                 / is full [2J  (acknowledged by anna)  00ff\n\
             and 2 more\n3 open incidents\n"
        );
        assert!(text(&[], 0, false).contains("nobody is warned"));
    }
}
