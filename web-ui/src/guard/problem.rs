//! What is wrong with a request, told once.

use std::borrow::Cow;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A refusal or a failure, in both languages.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: [Cow<'static, str>; 2],
}

impl Problem {
    /// With a status, and one sentence that says what is wrong and what helps, in English and in Russian.
    pub fn new(status: StatusCode, en: impl Into<Cow<'static, str>>, ru: impl Into<Cow<'static, str>>) -> Problem {
        Problem { status, detail: [en.into(), ru.into()] }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Problem");
        let body = serde_json::json!({
            "type": "about:blank", "title": title, "status": self.status.as_u16(), "detail": self.detail[0],
        });
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
    }
}
