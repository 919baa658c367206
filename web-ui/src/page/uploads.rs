//! Uploads that go on where they broke: capture files of an administrator, kept for `floodmark replay`.
//!
//! `POST /api/uploads` announces name, bytes and SHA-256; `PATCH /api/uploads/{id}` with `Upload-Offset` appends, as far
//! as the body comes; `HEAD` tells the offset; with the last byte the whole is checked, and gets its name. What is not
//! finished within a day goes. Files: `DATA/web/uploads/<id>.part`, then `<id>-<name>`.

mod keep;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::action::{answer, problem};
use crate::app::Shared;
use crate::guard::{Right, Standing};
use crate::role::now_ns;
use crate::routes::Route;

pub use keep::Uploads;
use keep::{Announced, Kept, UploadError};

/// Bytes of an announcement, at most.
const ANNOUNCEMENT_MAX: usize = 4 << 10;

/// Bytes of one PATCH, at most: a server in front, and the time of a request, bound it anyway.
const PATCH_MAX: u64 = 64 << 20;

/// Bytes that are written at once.
const WRITE: usize = 256 << 10;

const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");

pub fn routes() -> Vec<Route> {
    let admin = Right::User(Standing::Admin);
    vec![
        Route::post("/api/uploads", admin, announce),
        Route::get("/api/uploads", admin, list),
        Route::get("/api/uploads/{id}", admin, look),
        Route::new(Method::PATCH, "/api/uploads/{id}", admin, append),
        Route::new(Method::DELETE, "/api/uploads/{id}", admin, remove),
    ]
}

fn refuse(error: &UploadError) -> Response {
    let status = match error {
        UploadError::Announcement(_) => StatusCode::BAD_REQUEST,
        UploadError::Unknown => StatusCode::NOT_FOUND,
        UploadError::Offset(_) => StatusCode::CONFLICT,
        UploadError::TooLong | UploadError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        UploadError::Differs => StatusCode::UNPROCESSABLE_ENTITY,
        UploadError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        UploadError::Full | UploadError::Disk(_) => StatusCode::INSUFFICIENT_STORAGE,
    };
    let mut response = problem(status, &error.to_string());
    if let UploadError::Offset(offset) = error {
        response.headers_mut().insert(OFFSET, HeaderValue::from(*offset));
    }
    response
}

/// Does `work`, which waits for the disk, on a thread for that.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, UploadError> + Send + 'static,
) -> Result<T, UploadError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(UploadError::Busy))
}

fn shown(kept: &Kept) -> Value {
    json!({"id": kept.id, "name": kept.name, "bytes": kept.bytes, "offset": kept.offset, "whole": kept.is_whole,
        "path": kept.path.display().to_string()})
}

fn with_offset(status: StatusCode, kept: &Kept) -> Response {
    let mut response = answer(status, &shown(kept));
    response.headers_mut().insert(OFFSET, HeaderValue::from(kept.offset));
    response.headers_mut().insert(LENGTH, HeaderValue::from(kept.bytes));
    response
}

async fn announce(State(app): State<Shared>, request: Request) -> Response {
    let Ok(bytes) = to_bytes(request.into_body(), ANNOUNCEMENT_MAX).await else {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "an announcement has 4 KiB at most");
    };
    let announced: Announced = match serde_json::from_slice(&bytes) {
        Ok(announced) => announced,
        Err(error) => {
            let why = format!("the announcement is not {{\"name\":\"…\",\"bytes\":1,\"sha256\":\"…\"}}: {error}");
            return problem(StatusCode::BAD_REQUEST, &why);
        }
    };
    let uploads = app.uploads.clone();
    match blocking(move || uploads.announce(&announced, now_ns())).await {
        Ok(kept) => {
            let mut response = with_offset(StatusCode::CREATED, &kept);
            if let Ok(place) = HeaderValue::from_str(&format!("/api/uploads/{}", kept.id)) {
                response.headers_mut().insert(header::LOCATION, place);
            }
            response
        }
        Err(error) => refuse(&error),
    }
}

async fn list(State(app): State<Shared>) -> Response {
    let uploads = app.uploads.clone();
    match blocking(move || uploads.list()).await {
        Ok(kept) => answer(StatusCode::OK, &Value::Array(kept.iter().map(shown).collect())),
        Err(error) => refuse(&error),
    }
}

async fn look(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    let uploads = app.uploads.clone();
    match blocking(move || uploads.get(&id)).await {
        Ok(kept) => with_offset(StatusCode::OK, &kept),
        Err(error) => refuse(&error),
    }
}

async fn remove(State(app): State<Shared>, Path(id): Path<String>) -> Response {
    let uploads = app.uploads.clone();
    match blocking(move || uploads.remove(&id)).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refuse(&error),
    }
}

async fn append(State(app): State<Shared>, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let given = headers.get(OFFSET).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    let Some(offset) = given else {
        return problem(StatusCode::BAD_REQUEST, "Upload-Offset is missing; HEAD tells where to go on");
    };
    match take(&app, id, offset, body).await {
        Ok(kept) => with_offset(StatusCode::OK, &kept),
        Err(error) => refuse(&error),
    }
}

/// Appends what comes, in pieces: what has come before the line breaks is kept.
async fn take(app: &Shared, id: String, offset: u64, mut body: Body) -> Result<Kept, UploadError> {
    let (mut at, mut piece, mut taken) = (offset, Vec::new(), 0u64);
    loop {
        let frame = match body.frame().await {
            Some(Ok(frame)) => frame,
            // Broken: what is here is kept, and the client asks where it was.
            Some(Err(_)) | None => break,
        };
        let Ok(data) = frame.into_data() else { continue };
        taken += data.len() as u64;
        if taken > PATCH_MAX {
            return Err(UploadError::TooLong);
        }
        piece.extend_from_slice(&data);
        if piece.len() >= WRITE {
            let (uploads, id, full) = (app.uploads.clone(), id.clone(), std::mem::take(&mut piece));
            at = blocking(move || uploads.write(&id, at, &full)).await?;
        }
    }
    let uploads = app.uploads.clone();
    blocking(move || {
        uploads.write(&id, at, &piece)?;
        uploads.finish(&id)
    })
    .await
}

#[cfg(test)]
mod tests;
