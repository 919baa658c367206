//! The fields of a form that was sent.

use axum::Form;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::guard::Problem;

/// Bytes of a form: the longest has a few hundred.
const BYTES_MAX: usize = 16 << 10;

/// The fields, typed. Handlers take it as their last argument.
#[derive(Debug)]
pub(crate) struct Fields<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Fields<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Fields<T>, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, BYTES_MAX).await.map_err(|_| {
            Problem::bad_request(
                "The form did not come whole, or has more than 16 KiB.",
                "Форма пришла не целиком или больше 16 КиБ.",
            )
        })?;
        let whole = Request::from_parts(parts, Body::from(bytes));
        let Form(fields) = Form::from_request(whole, state).await.map_err(|error| {
            Problem::bad_request(
                format!("The form's fields are not understood: {error}"),
                format!("Поля формы непонятны: {error}"),
            )
        })?;
        Ok(Fields(fields))
    }
}
