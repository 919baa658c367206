//! `GET /api/openapi.json`: the API for programs, as OpenAPI 3.1, written from the tables of its parts.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// One operation of the API.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// `get` or `post`.
    pub method: &'static str,
    /// Path with `{names}`.
    pub path: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Its parameters: name, where (`query`, `path`, `header`), whether it must be there, what it means.
    pub parameters: &'static [(&'static str, &'static str, bool, &'static str)],
    /// What the body is: type, and an example.
    pub body: Option<(&'static str, &'static str)>,
    /// What is answered if all is well: status, type, what it says. Problems are the same everywhere.
    pub answer: (&'static str, &'static str, &'static str),
    /// Who may: `session`, `token` or both; none = anyone.
    pub security: &'static [&'static str],
}

const CHANNELS: (&str, &str, bool, &str) = (
    "channels",
    "query",
    true,
    "Names with commas between, 32 at most: traffic, load, workers, ledger, incidents, host:<address>, x/…",
);
const SINCE: (&str, &str, bool, &str) =
    ("since", "query", false, "Cursor: id of the last message, or cursor of the last answer. Without it: from now on.");
const LAST: (&str, &str, bool, &str) = ("last_event_id", "query", false, "The same as since.");
const LAST_HEADER: (&str, &str, bool, &str) = ("Last-Event-ID", "header", false, "The same; wins over the query.");
const FROM: (&str, &str, bool, &str) =
    ("from", "query", false, "Instead of a cursor: messages of this time or later, RFC 3339 or seconds since 1970.");
const BOTH: &[&str] = &["session", "token"];

/// Operations of the push API.
pub const OPERATIONS: [Operation; 11] = [
    Operation {
        method: "get",
        path: "/push/events",
        summary: "Follow channels by server-sent events",
        parameters: &[CHANNELS, SINCE, LAST, LAST_HEADER, FROM],
        body: None,
        answer: (
            "200",
            "text/event-stream",
            "Messages; event: resync = some are missing, event: closed = a channel has ended",
        ),
        security: BOTH,
    },
    Operation {
        method: "get",
        path: "/push/poll",
        summary: "Ask for what came since a cursor, and wait for the first message if nothing did",
        parameters: &[
            CHANNELS,
            SINCE,
            LAST,
            LAST_HEADER,
            FROM,
            ("to", "query", false, "With from: messages up to this time; nothing is waited for."),
            ("wait", "query", false, "Seconds to wait for a message, 0 to 120; 50 if it is not said."),
        ],
        body: None,
        answer: ("200", "application/json", "cursor and messages; resync, more or closed if they apply"),
        security: BOTH,
    },
    Operation {
        method: "get",
        path: "/push/socket",
        summary: "Follow channels by WebSocket",
        parameters: &[CHANNELS, SINCE, LAST, LAST_HEADER, FROM],
        body: None,
        answer: ("101", "application/json", "A text frame of JSON for each message"),
        security: BOTH,
    },
    Operation {
        method: "post",
        path: "/push/publish",
        summary: "Publish the body as one message to all channels named",
        parameters: &[("channels", "query", true, "Names below x/ with commas between, 32 at most")],
        body: Some(("application/json", "{\"backup\":\"done\",\"bytes\":123}")),
        answer: ("200", "application/json", "id of the message"),
        security: &["token"],
    },
    Operation {
        method: "get",
        path: "/push/channels",
        summary: "List the channels that the reader may read",
        parameters: &[],
        body: None,
        answer: ("200", "application/json", "cursor and channels"),
        security: BOTH,
    },
    Operation {
        method: "post",
        path: "/push/channels",
        summary: "Open a channel, renew it, or close it",
        parameters: &[],
        body: Some(("application/json", "{\"do\":\"open\",\"channel\":\"x/backup\",\"lifetime_s\":3600}")),
        answer: ("200", "application/json", "channel and expires; 201 if it is new, 204 if it was closed"),
        security: &["token"],
    },
    Operation {
        method: "get",
        path: "/metrics",
        summary: "Metrics of all roles, for a scraper",
        parameters: &[],
        body: None,
        answer: ("200", "text/plain", "Prometheus' text format; floodmark_web_role says which roles answered"),
        security: &["token"],
    },
    Operation {
        method: "get",
        path: "/api/tokens",
        summary: "List the tokens of scripts, without their texts",
        parameters: &[],
        body: None,
        answer: ("200", "application/json", "tokens"),
        security: &["session"],
    },
    Operation {
        method: "post",
        path: "/api/tokens",
        summary: "Make a token for a script; its text is answered once and kept nowhere",
        parameters: &[],
        body: Some((
            "application/json",
            "{\"name\":\"backup\",\"publish\":\"x/backup/\",\"rate\":10,\"lifetime_s\":31536000}",
        )),
        answer: ("201", "application/json", "id and token"),
        security: &["session"],
    },
    Operation {
        method: "post",
        path: "/api/tokens/{id}/revoke",
        summary: "Revoke a token; what reads by it ends",
        parameters: &[("id", "path", true, "Number of the token")],
        body: None,
        answer: ("204", "", "It is revoked"),
        security: &["session"],
    },
    Operation {
        method: "get",
        path: "/api/openapi.json",
        summary: "This document",
        parameters: &[],
        body: None,
        answer: ("200", "application/json", "OpenAPI 3.1"),
        security: &[],
    },
];

/// Answers with the document.
pub async fn document() -> Response {
    Json(written(&OPERATIONS)).into_response()
}

/// The document of `operations`.
pub fn written(operations: &[Operation]) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = entry(operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Floodmark", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "session": { "type": "apiKey", "in": "cookie", "name": "session", "description": "A user who is signed in" },
                "token": { "type": "http", "scheme": "bearer", "description": "A script: fmp_…" },
            },
            "responses": { "Problem": {
                "description": "What is wrong, and what helps (RFC 9457)",
                "content": { "application/problem+json": { "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": { "type": "string" },
                        "title": { "type": "string" },
                        "status": { "type": "integer" },
                        "detail": { "type": "string" },
                    },
                } } },
            } },
        },
    })
}

fn entry(operation: &Operation) -> Value {
    let parameter = |&(name, place, required, meaning): &(&str, &str, bool, &str)| json!({ "name": name, "in": place, "required": required, "description": meaning, "schema": { "type": "string" } });
    let (status, kind, meaning) = operation.answer;
    let mut answer = json!({ "description": meaning });
    if !kind.is_empty() {
        answer["content"] = json!({ kind: {} });
    }
    let mut entry = json!({
        "summary": operation.summary,
        "parameters": operation.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "responses": { status: answer, "default": { "$ref": "#/components/responses/Problem" } },
        "security": operation.security.iter().map(|&scheme| json!({ scheme: [] })).collect::<Vec<_>>(),
    });
    if let Some((kind, example)) = operation.body {
        let example = serde_json::from_str::<Value>(example).unwrap_or_default();
        entry["requestBody"] = json!({ "required": true, "content": { kind: { "example": example } } });
    }
    entry
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{OPERATIONS, written};
    use crate::push::routes;

    #[test]
    fn the_document_has_each_route_and_no_other() {
        let told: BTreeSet<_> = OPERATIONS.iter().map(|op| (op.method.to_owned(), op.path)).collect();
        let routed: BTreeSet<_> =
            routes().iter().map(|route| (route.method.as_str().to_lowercase(), route.path)).collect();
        assert_eq!(told, routed);
        let document = written(&OPERATIONS);
        assert_eq!(document["paths"]["/push/channels"].as_object().map(serde_json::Map::len), Some(2));
        assert_eq!(document["paths"]["/push/poll"]["get"]["parameters"][0]["name"], "channels");
        let examples = OPERATIONS.iter().filter_map(|op| op.body);
        assert!(
            examples.clone().count() == 3
                && examples.into_iter().all(|(_, text)| serde_json::from_str::<serde_json::Value>(text).is_ok())
        );
    }
}
