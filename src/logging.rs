//! Log lines on stderr: text for people, priority-prefixed for the journal, or JSON.

use std::fmt;

use nix::sys::stat::fstat;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::config::log::{Config, Format};

/// Starts logging for the process `role`. The second call in one process does nothing.
pub fn start(config: &Config, role: &'static str) {
    // The level was checked with the rest of the configuration; sqlx tells every statement at info.
    let filter = EnvFilter::new(format!("sqlx=warn,{}", config.level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    let line = |journal| Line { role, journal };
    let started = match config.format {
        Format::Json => builder.json().flatten_event(true).try_init(),
        Format::Text => builder.event_format(line(false)).try_init(),
        Format::Journal => builder.event_format(line(true)).try_init(),
        Format::Auto => builder.event_format(line(journal_reads_stderr())).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging has already been started");
    }
}

/// The service manager names the journal's stream by its device and inode. The variable is inherited by those whose
/// stderr goes elsewhere, so that both are compared.
#[expect(clippy::disallowed_methods, reason = "systemd tells it by this variable and by nothing else")]
fn journal_reads_stderr() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    fstat(std::io::stderr()).is_ok_and(|about| named == format!("{}:{}", about.st_dev, about.st_ino))
}

/// One event as one line: `[time LEVEL | <priority>]role: message fields`.
struct Line {
    role: &'static str,
    journal: bool,
}

/// The syslog priority of a level, as the journal reads it.
fn priority(level: &Level) -> u8 {
    match *level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let level = event.metadata().level();
        if self.journal {
            write!(out, "<{}>", priority(level))?;
        } else {
            SystemTime.format_time(&mut out)?;
            write!(out, " {level:>5} ")?;
        }
        write!(out, "{}: ", self.role)?;
        let mut fields = String::new();
        context.field_format().format_fields(Writer::new(&mut fields), event)?;
        for char in fields.chars() {
            if is_told(char) { out.write_char(char)? } else { write!(out, "{}", char.escape_default())? }
        }
        writeln!(out)
    }
}

/// A value may hold anything: names of processes, answers of servers. What would begin another line, or move or hide
/// what stands beside it, is told by its number.
fn is_told(char: char) -> bool {
    !notifier::words::is_hidden(char)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::Line;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no writer panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(journal: bool) -> String {
        captured(journal, || tracing::warn!(rows = 7, "store is slow"))
    }

    fn captured(journal: bool, log: impl FnOnce()) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .event_format(Line { role: "ingest", journal })
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let bytes = captured.0.lock().expect("no writer panics").clone();
        String::from_utf8(bytes).expect("log lines are UTF-8")
    }

    #[test]
    fn the_journal_gets_a_priority_and_no_time() {
        assert_eq!(logged(true), "<4>ingest: store is slow rows=7\n");
    }

    #[test]
    fn people_get_time_level_and_role() {
        let line = logged(false);
        assert!(line.ends_with("  WARN ingest: store is slow rows=7\n"), "{line}");
        assert!(line.starts_with("20") && line.contains('T'), "{line}");
    }
    #[test]
    fn hostile_values_make_no_line_of_their_own() {
        for journal in [false, true] {
            let mut count = 0;
            let log = captured(journal, || {
                for name in faults::hostile::strings(faults::runs(1_000, 10_000)) {
                    tracing::info!(name, "a process");
                    tracing::warn!(error = %name, "it failed");
                    tracing::error!("{name}; what was read before stays at work");
                    count += 3;
                }
            });
            assert_eq!(log.lines().count(), count);
            assert!(!log.replace('\n', "").chars().any(|char| !super::is_told(char)));
            let begins = |line: &str| line.starts_with(if journal { '<' } else { '2' }) && line.contains("ingest: ");
            assert_eq!(log.lines().find(|line| !begins(line)), None);
        }
    }
}
