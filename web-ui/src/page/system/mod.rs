//! *System*: each role and its restart, workers, interfaces, spool, database, tables, the doctor, packet samples.

mod card;
mod parts;
mod words;

use std::fmt::Write;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use live::Role;
use serde::Deserialize;

use super::samples;
use crate::action::{Notice, new_id, refused};
use crate::app::Shared;
use crate::guard::{Right, Standing, Visitor};
use crate::page::frame::{Frame, Place, html};
use crate::routes::Route;
use crate::words::Language;
use crate::words::number::{bytes, count};
use crate::words::time::{Time, moment};

use card::Card;
use words::{EN, RU, Texts};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/system", Right::User(Standing::Viewer), show),
        Route::get("/system/restart", Right::User(Standing::Admin), ask_restart),
    ]
}

struct TakingView {
    id: String,
    sample: String,
    text: String,
    is_taking: bool,
}

struct FileView {
    name: String,
    bytes: String,
    at: Time,
}

#[derive(Template)]
#[template(path = "system.html")]
struct Page {
    frame: Frame,
    notice: Option<Notice>,
    w: &'static Texts,
    is_admin: bool,
    cards: Vec<Card>,
    taking: Vec<TakingView>,
    interfaces: Vec<String>,
    sample_id: String,
    samples: Vec<FileView>,
}

async fn show(State(app): State<Shared>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let (notice, sizes) = tokio::join!(Notice::of(&app.actions, &visitor, query.as_deref()), app.stored.sizes());
    let language = visitor.language;
    let w = language.pick(&EN, &RU);
    let is_admin = visitor.standing == Standing::Admin;
    let snapshot = app.now.borrow().clone();
    let capture = snapshot.capture.as_ref().map(|heard| &*heard.line);
    let mut cards = vec![parts::roles(&snapshot, is_admin, w, language)];
    cards.extend(parts::alerts(&snapshot, w));
    match capture {
        Some(line) => {
            cards.push(parts::workers(line, w, language));
            cards.push(parts::interfaces(line, w, language));
            cards.push(parts::spool(line, &snapshot, w, language));
        }
        None => cards.push(Card::saying(w.workers, "warn", w.no_capture)),
    }
    cards.push(parts::database(&snapshot, w, language));
    cards.push(match sizes {
        Ok(sizes) => parts::tables(&sizes, w, language),
        Err(error) => Card::saying(w.tables, "warn", &format!("{} {error}", w.no_sizes)),
    });
    cards.push(parts::findings(&app.options.tools.findings, w));
    let taking = capture.map(|line| line.samples.iter().map(|one| taking(one, language)).collect());
    // A folder of some hundred names at most, in memory or the cache.
    let files = if is_admin { samples::list(&app.options) } else { Vec::new() };
    html(&Page {
        frame: Frame::of(Place::System, &visitor),
        notice,
        w,
        is_admin,
        cards,
        taking: taking.unwrap_or_default(),
        interfaces: capture
            .map(|line| line.interfaces.iter().map(|one| one.name.clone()).collect())
            .unwrap_or_default(),
        sample_id: new_id(),
        samples: files
            .into_iter()
            .map(|file| FileView {
                name: file.name,
                bytes: bytes(file.bytes, language),
                at: moment(file.time_ns, language),
            })
            .collect(),
    })
}

fn taking(sample: &live::line::SampleState, language: Language) -> TakingView {
    let packets = count(sample.packets, language);
    let (name, rest) = sample.state.split_once(": ").map_or((sample.state.as_str(), ""), |(name, rest)| (name, rest));
    let state = match name {
        "taking" => language.pick("packets are being taken", "идёт запись"),
        "whole" => language.pick("whole", "готово"),
        "failed" => language.pick("failed", "не удалось"),
        other => other,
    };
    let mut text = format!("{}: {state}", sample.id.chars().take(12).collect::<String>());
    if !rest.is_empty() {
        // Writing to a String does not fail.
        let _ = write!(text, ", {rest}");
    }
    if name == "whole" {
        let _ = write!(text, ", {packets}");
    }
    TakingView { id: new_id(), sample: sample.id.clone(), text, is_taking: name == "taking" }
}

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    role: String,
}

#[derive(Template)]
#[template(path = "restart.html")]
struct Restart {
    frame: Frame,
    w: &'static Texts,
    about: String,
    role: &'static str,
    id: String,
}

async fn ask_restart(visitor: Visitor, which: Result<Query<Which>, QueryRejection>) -> Response {
    let language = visitor.language;
    let name = which.map(|Query(which)| which.role).unwrap_or_default();
    let Some(role) = Role::ALL.into_iter().find(|role| role.name() == name && *role != Role::Run) else {
        let why = language.pick("There is no such role.", "Такой службы нет.");
        return refused(&visitor, StatusCode::NOT_FOUND, why, "/system");
    };
    let w = language.pick(&EN, &RU);
    let about = match language {
        Language::En => format!("Restart {}?", role.name()),
        Language::Ru => format!("Перезапустить {}?", role.name()),
    };
    let frame = Frame::of(Place::System, &visitor).titled(w.restart);
    html(&Restart { frame, w, about, role: role.name(), id: new_id() })
}

#[cfg(test)]
mod tests;
