//! `GET /metrics`: the metrics of all roles in one answer, for scrapers with a token whose right is `metrics`.

use std::fmt::Write;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use live::client::{AskError, read};
use live::{LiveError, Role};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::guard::Script;
use super::problem::Problem;
use super::token::METRICS;
use crate::app::{App, Shared};
use crate::metrics;

/// How long each step of a question to a role may take.
const STEP: Duration = Duration::from_millis(1_500);

/// How long all roles together may take: far below the 10 s that scrapers wait.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long an answer is given to others too: many scrapers cost the roles no more than one.
const KEPT: Duration = Duration::from_secs(1);

/// The roles that are asked; web is here.
const ASKED: [Role; 4] = [Role::Run, Role::Ingest, Role::Capture, Role::Notifier];

/// The last answer, and who may ask for the next.
pub struct Scrapes {
    /// Locked while roles are asked, so that one asks at a time.
    last: Mutex<Option<(Instant, String)>>,
    /// A role that hangs keeps one thread, and no more.
    room: [Arc<Semaphore>; ASKED.len()],
}

impl Default for Scrapes {
    fn default() -> Scrapes {
        Scrapes { last: Mutex::default(), room: std::array::from_fn(|_| Arc::new(Semaphore::new(1))) }
    }
}

/// What a role said.
struct Told {
    role: Role,
    /// Its metrics; `None` = no answer.
    text: Option<String>,
    /// Whether it calls itself well.
    is_healthy: bool,
}

/// Answers the joined metrics.
pub async fn metrics(State(app): State<Shared>, Script(token): Script) -> Result<Response, Problem> {
    if token.subscribe.as_deref() != Some(METRICS) {
        let words =
            "this token does not have the right to read metrics; an admin can make one with \"subscribe\":\"metrics\"";
        return Err(Problem::new(StatusCode::FORBIDDEN, words));
    }
    let mut last = app.push.scrapes.last.lock().await;
    let text = match &*last {
        Some((at, text)) if at.elapsed() < KEPT => text.clone(),
        _ => {
            let text = gathered(&app).await;
            *last = Some((Instant::now(), text.clone()));
            text
        }
    };
    drop(last);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// Asks all roles at the same time.
async fn gathered(app: &App) -> String {
    let deadline = Instant::now() + PATIENCE;
    let run_dir = &app.options.run_dir;
    let rooms = ASKED.into_iter().zip(&app.push.scrapes.room);
    // Tasks of their own: a scraper that goes away must not leave a question whose end nobody sees.
    let asked: Vec<_> = rooms
        .map(|(role, room)| tokio::spawn(timeout_at(deadline, answer(run_dir.clone(), role, Arc::clone(room)))))
        .collect();
    let mut told = Vec::new();
    for (role, asked) in ASKED.into_iter().zip(asked) {
        let answer = asked.await.ok().and_then(Result::ok).flatten();
        told.extend(answer.unwrap_or(Some(Told { role, text: None, is_healthy: false })));
    }
    told.push(Told { role: Role::Web, text: Some(metrics::text(app)), is_healthy: true });
    joined(&told)
}

/// Asks one role on a thread, when the last question to it has ended. `None` = the thread failed, else as [`ask`].
async fn answer(run_dir: PathBuf, role: Role, room: Arc<Semaphore>) -> Option<Option<Told>> {
    let place = room.acquire_owned().await.ok()?;
    let asked = spawn_blocking(move || {
        let _place = place;
        ask(&run_dir, role)
    });
    asked.await.ok()
}

/// What a role says; `None` = it is a supervisor, and there is none.
fn ask(run_dir: &Path, role: Role) -> Option<Told> {
    let text = match read(run_dir, role, "/metrics", STEP) {
        Ok(text) => Some(text),
        // Units of systemd have no supervisor of ours.
        Err(AskError::Socket(LiveError::Socket { source, .. }))
            if role == Role::Run && source.kind() == ErrorKind::NotFound =>
        {
            return None;
        }
        Err(_) => None,
    };
    let is_healthy = text.is_some() && read(run_dir, role, "/healthz", STEP).is_ok();
    Some(Told { role, text, is_healthy })
}

/// One text of all: each metric stands once, with the lines of all roles that have it, as the format wants it.
fn joined(told: &[Told]) -> String {
    let mut families: Vec<Family<'_>> = Vec::new();
    for text in told.iter().filter_map(|told| told.text.as_deref()) {
        for family in families_of(text) {
            match families.iter_mut().find(|known| known.name == family.name) {
                Some(known) => known.lines.extend(family.lines),
                None => families.push(family),
            }
        }
    }
    let mut joined = metrics::roles(told.iter().map(|told| (told.role.name(), told.text.is_some(), told.is_healthy)));
    for line in families.iter().flat_map(|family| family.head.iter().chain(&family.lines)) {
        // Writing to a String does not fail.
        let _ = writeln!(joined, "{line}");
    }
    joined
}

/// A metric: what is said about it, and its values.
struct Family<'a> {
    name: &'a str,
    head: Vec<&'a str>,
    lines: Vec<&'a str>,
}

fn families_of(text: &str) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let about = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE "));
        let name = about.unwrap_or(line).split([' ', '{']).next().unwrap_or_default();
        if about.is_some() && families.last().is_none_or(|family| family.name != name) {
            families.push(Family { name, head: Vec::new(), lines: Vec::new() });
        }
        // A line before any head has no metric to belong to: it is none of ours.
        let Some(family) = families.last_mut() else { continue };
        if about.is_some() {
            family.head.push(line);
        } else {
            family.lines.push(line);
        }
    }
    families
}

#[cfg(test)]
mod tests {
    use live::Role;

    use super::{Told, joined};

    #[test]
    fn each_metric_stands_once_with_the_lines_of_all_roles() {
        let told = |role, text: &str| Told { role, text: Some(text.to_owned()), is_healthy: role == Role::Web };
        let text = joined(&[
            told(Role::Capture, "# HELP a A.\n# TYPE a gauge\na{role=\"x\"} 1\n# HELP b B.\n# TYPE b counter\nb 2\n"),
            Told { role: Role::Ingest, text: None, is_healthy: false },
            told(Role::Web, "lost 1\n# HELP a A.\n# TYPE a gauge\na{role=\"y\"} 3\n"),
        ]);
        let rest =
            "# HELP a A.\n# TYPE a gauge\na{role=\"x\"} 1\na{role=\"y\"} 3\n# HELP b B.\n# TYPE b counter\nb 2\n";
        assert!(text.ends_with(rest), "{text}");
        for line in [
            "floodmark_web_role{role=\"capture\",what=\"answers\"} 1",
            "floodmark_web_role{role=\"capture\",what=\"healthy\"} 0",
            "floodmark_web_role{role=\"ingest\",what=\"answers\"} 0",
            "floodmark_web_role{role=\"web\",what=\"healthy\"} 1",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} in {text}");
        }
    }
}
