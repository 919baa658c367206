//! What stands around every page: title, navigation, language, theme.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::guard::Visitor;
use crate::words::Language;

/// A place of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the page of its name")]
pub enum Place {
    Now,
    Traffic,
    Hosts,
    Incidents,
    Rules,
    Channels,
    System,
    Users,
}

impl Place {
    /// All, in the order of the navigation.
    pub const ALL: [Place; 8] = [
        Place::Now,
        Place::Incidents,
        Place::Traffic,
        Place::Hosts,
        Place::Rules,
        Place::Channels,
        Place::System,
        Place::Users,
    ];

    /// Where it is.
    pub const fn path(self) -> &'static str {
        match self {
            Place::Now => "/",
            Place::Traffic => "/traffic",
            Place::Hosts => "/flows",
            Place::Incidents => "/incidents",
            Place::Rules => "/rules",
            Place::Channels => "/channels",
            Place::System => "/system",
            Place::Users => "/users",
        }
    }

    /// Its name.
    pub const fn name(self, language: Language) -> &'static str {
        match self {
            Place::Now => language.pick("Now", "Сейчас"),
            Place::Traffic => language.pick("Traffic", "Трафик"),
            Place::Hosts => language.pick("Hosts and flows", "Узлы и потоки"),
            Place::Incidents => language.pick("Incidents", "Инциденты"),
            Place::Rules => language.pick("Rules", "Правила"),
            Place::Channels => language.pick("Channels", "Каналы"),
            Place::System => language.pick("System", "Система"),
            Place::Users => language.pick("Users and log", "Пользователи и журнал"),
        }
    }
}

/// The frame of one page; every page's template has it as `frame`.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The page's own title.
    pub title: String,
    /// Where it stands in the navigation; `None` = outside, such as the sign-in.
    pub place: Option<Place>,
    /// Its language.
    pub language: Language,
    /// Who looks; `None` = nobody is signed in.
    pub visitor: Option<Visitor>,
}

impl Frame {
    /// The frame of a page of the navigation.
    pub fn of(place: Place, visitor: &Visitor) -> Frame {
        let language = visitor.language;
        Frame { title: place.name(language).to_owned(), place: Some(place), language, visitor: Some(visitor.clone()) }
    }

    /// The name of a place in the page's language.
    pub fn name_of(&self, place: &Place) -> &'static str {
        place.name(self.language)
    }
}

/// The answer with a page.
pub fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
