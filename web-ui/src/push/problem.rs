//! What is wrong with a request to the push API: `application/problem+json` (RFC 9457).

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::guard::for_programs;
use crate::hub::HubError;

/// A refusal, with the sentence that says what is wrong and what helps.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    retry_after_s: Option<u64>,
}

impl Problem {
    /// With a status and its sentence.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem { status, detail: detail.into(), retry_after_s: None }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    /// After so many seconds it may be tried again.
    pub fn retry_after(self, seconds: u64) -> Problem {
        Problem { retry_after_s: Some(seconds), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut response = for_programs(self.status, "about:blank", title, &self.detail);
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<HubError> for Problem {
    fn from(error: HubError) -> Problem {
        let status = match error {
            HubError::NoChannel(_) => StatusCode::NOT_FOUND,
            HubError::BadName(_) | HubError::TooManyNames | HubError::BadLifetime => StatusCode::BAD_REQUEST,
            HubError::TooManyChannels => StatusCode::SERVICE_UNAVAILABLE,
            HubError::BodyTooLong => StatusCode::PAYLOAD_TOO_LARGE,
        };
        Problem::new(status, error.to_string())
    }
}
