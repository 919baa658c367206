//! The page that the service worker shows when the server is not reached. It holds no data and knows no visitor.

use askama::Template;
use axum::http::{HeaderMap, header};
use axum::response::Response;

use crate::guard::Right;
use crate::page::frame::{Frame, html};
use crate::routes::Route;
use crate::words::Language;

struct Words {
    title: &'static str,
    verdict: &'static str,
    what: &'static str,
    again: &'static str,
}

const EN: Words = Words {
    title: "Not reached",
    verdict: "The server is not reached from here",
    what: "Either this device has no network, or the server or its uplink is down. Warnings by e-mail and SMS go their \
           own way: watch for those.",
    again: "Try again",
};

const RU: Words = Words {
    title: "Нет связи",
    verdict: "Сервер отсюда недоступен",
    what: "Либо у этого устройства нет сети, либо не работает сервер или его канал. Оповещения по почте и SMS идут \
           своим путём: следите за ними.",
    again: "Повторить",
};

pub fn routes() -> Vec<Route> {
    vec![Route::get("/offline", Right::Anyone, show)]
}

#[derive(Template)]
#[template(path = "offline.html")]
struct Page {
    frame: Frame,
    words: &'static Words,
}

async fn show(headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let language = Language::preferred(accepted);
    let words = language.pick(&EN, &RU);
    html(&Page { frame: Frame::outside(words.title, language), words })
}
