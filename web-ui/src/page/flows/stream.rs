//! Answers that grow while the search goes on: lines of JSON for the page, CSV for files. Who goes away ends the search.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::Instant;

use super::ask::Asked;
use super::csv;
use super::row::{Names, Shown};
use crate::app::Shared;
use crate::stored::{Search, StoredError};
use crate::words::Language;

/// Rows of one JSON answer: the page asks on at its cursor.
const LINES_ROWS_MAX: usize = 200;

/// Rows of one CSV file: about 20 MB.
const CSV_ROWS_MAX: usize = 100_000;

/// Rows of one slice: what a phone draws at once, and what one query brings for a file.
const LINES_SLICE: u32 = 50;
const CSV_SLICE: u32 = 5_000;

/// How long one answer may go on searching.
const TIME_MAX: Duration = Duration::from_secs(60);

/// Pieces that wait for a slow reader; the search waits then too.
const PIECES_MAX: usize = 2;

type Pieces = mpsc::Sender<Bytes>;

/// A body of pieces that are made while it is sent.
struct Growing(mpsc::Receiver<Bytes>);

impl HttpBody for Growing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// What every search that streams needs.
pub struct Job {
    /// The parts.
    pub app: Shared,
    /// What is asked.
    pub asked: Asked,
    /// For whom.
    pub language: Language,
    /// Its place among the searches that may run at once.
    #[expect(dead_code, reason = "it is given back when the job ends")]
    pub place: OwnedSemaphorePermit,
}

/// One JSON object a line: `rows` as they are shown, and `read_to`, `end` (UNIX seconds), `cursor`, `done`; or `error`.
pub fn lines(job: Job) -> Response {
    let (pieces, growing) = mpsc::channel(PIECES_MAX);
    tokio::spawn(async move {
        let search = tell_lines(&job, &pieces);
        tokio::select! {
            _ = search => {}
            () = pieces.closed() => {}
        }
    });
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::new(Growing(growing))).into_response()
}

/// The rows as a file.
pub fn file(job: Job) -> Response {
    let (pieces, growing) = mpsc::channel(PIECES_MAX);
    tokio::spawn(async move {
        let search = tell_csv(&job, &pieces);
        tokio::select! {
            _ = search => {}
            () = pieces.closed() => {}
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"flows.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::new(Growing(growing))).into_response()
}

async fn tell_lines(job: &Job, pieces: &Pieces) -> Option<()> {
    let begun = Instant::now();
    let stored = &job.app.stored;
    let failed = |error: StoredError| json!({"error": error.words(job.language)});
    let names = stored.interfaces().await.map(|names| Names::of(&names));
    let begin = Search::begin(stored, job.asked.wanted.clone(), job.asked.cursor).await;
    let (names, mut search) = match (names, begin) {
        (Ok(names), Ok(search)) => (names, search),
        (Err(error), _) | (_, Err(error)) => return line(pieces, &failed(error)).await,
    };
    let mut count = 0;
    loop {
        let rows = match search.step(stored, LINES_SLICE).await {
            Ok(rows) => rows,
            Err(error) => return line(pieces, &failed(error)).await,
        };
        count += rows.len();
        let rows: Vec<Shown> = rows.iter().map(|flow| Shown::of(flow, &names, &job.app.labels, job.language)).collect();
        let progress = super::progress(&search, job.language);
        let told = json!({
            "rows": rows, "read_to": search.cursor().time(), "end": search.end(), "progress": progress,
            "cursor": search.cursor().to_string(), "done": search.is_done(),
        });
        line(pieces, &told).await?;
        if search.is_done() || count >= LINES_ROWS_MAX || begun.elapsed() > TIME_MAX {
            return Some(());
        }
    }
}

/// `None` = the reader is gone.
async fn line(pieces: &Pieces, told: &serde_json::Value) -> Option<()> {
    pieces.send(Bytes::from(format!("{told}\n"))).await.ok()
}

async fn tell_csv(job: &Job, pieces: &Pieces) -> Option<()> {
    let begun = Instant::now();
    let stored = &job.app.stored;
    pieces.send(csv::head().into()).await.ok()?;
    let failed = |error: StoredError| csv::note(&error.words(job.language));
    let names = stored.interfaces().await.map(|names| Names::of(&names));
    let begin = Search::begin(stored, job.asked.wanted.clone(), job.asked.cursor).await;
    let (names, mut search) = match (names, begin) {
        (Ok(names), Ok(search)) => (names, search),
        (Err(error), _) | (_, Err(error)) => return pieces.send(failed(error).into()).await.ok(),
    };
    let mut count = 0;
    while !search.is_done() {
        if count >= CSV_ROWS_MAX || begun.elapsed() > TIME_MAX {
            // A file that is cut says so itself: who opens it later does not see the page.
            return pieces.send(csv::note(&super::progress(&search, job.language)).into()).await.ok();
        }
        let left = u32::try_from(CSV_ROWS_MAX - count).unwrap_or(u32::MAX);
        match search.step(stored, CSV_SLICE.min(left)).await {
            Ok(rows) => {
                count += rows.len();
                let text: String = rows.iter().map(|flow| csv::row(flow, &names, &job.app.labels)).collect();
                if !text.is_empty() {
                    pieces.send(text.into()).await.ok()?;
                }
            }
            Err(error) => return pieces.send(failed(error).into()).await.ok(),
        }
    }
    Some(())
}
