//! What stands around every page: title, navigation, language, theme.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::guard::Visitor;
use crate::page::icon::{self, Icon};
use crate::page::look;
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

    /// Those of the phone's bar: two taps lead to each, and one to these.
    pub const BAR: [Place; 4] = [Place::Now, Place::Incidents, Place::Traffic, Place::Hosts];

    /// The others, which the bar keeps under "more".
    pub const MORE: [Place; 4] = [Place::Rules, Place::Channels, Place::System, Place::Users];

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

    /// Its name where there is little room.
    pub const fn short(self, language: Language) -> &'static str {
        match self {
            Place::Hosts => language.pick("Hosts", "Узлы"),
            Place::Users => language.pick("Users", "Журнал"),
            other => other.name(language),
        }
    }

    /// Its drawing.
    pub const fn icon(self) -> Icon {
        match self {
            Place::Now => icon::NOW,
            Place::Traffic => icon::TRAFFIC,
            Place::Hosts => icon::HOSTS,
            Place::Incidents => icon::INCIDENTS,
            Place::Rules => icon::RULES,
            Place::Channels => icon::CHANNELS,
            Place::System => icon::SYSTEM,
            Place::Users => icon::USERS,
        }
    }
}

/// The frame's own texts.
#[derive(Debug)]
pub struct Texts {
    pub(crate) skip: &'static str,
    pub(crate) places: &'static str,
    pub(crate) more: &'static str,
    pub(crate) look: &'static str,
    pub(crate) account: &'static str,
}

const EN: Texts = Texts { skip: "To the content", places: "Places", more: "More", look: "Look", account: "account" };

const RU: Texts =
    Texts {
        skip: "К содержанию", places: "Разделы", more: "Ещё", look: "Вид", account: "учётная запись"
    };

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

    /// The frame of a page outside of the navigation, for whoever looks.
    pub fn outside(title: impl Into<String>, language: Language) -> Frame {
        Frame { title: title.into(), place: None, language, visitor: None }
    }

    /// The same with another title, such as that of one incident.
    #[must_use]
    pub fn titled(self, title: impl Into<String>) -> Frame {
        Frame { title: title.into(), ..self }
    }

    /// The frame's own texts.
    pub fn texts(&self) -> &'static Texts {
        self.language.pick(&EN, &RU)
    }

    /// The short name of a place.
    pub fn short_of(&self, place: &Place) -> &'static str {
        place.short(self.language)
    }

    /// The name of a theme.
    pub fn title_of(&self, theme: &look::Theme) -> &'static str {
        theme.title(self.language)
    }

    /// Where forms of this page return to.
    pub fn path(&self) -> String {
        look::path()
    }

    /// Whether the page is one that the bar keeps under "more".
    pub fn is_more(&self) -> bool {
        self.place.is_some_and(|place| Place::MORE.contains(&place))
    }

    /// The name of a place in the page's language.
    pub fn name_of(&self, place: &Place) -> &'static str {
        place.name(self.language)
    }
}

/// The answer with a page.
pub fn html(page: &impl Template) -> Response {
    match page.render() {
        // A page is of its moment: after "back" it is asked for again, and no cache keeps what a visitor may see.
        Ok(text) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], text)
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
