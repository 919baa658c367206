//! Every route × {nobody, a session that is over, viewer, operator, admin} against this table. A route that is not in
//! it fails the test: whoever adds one says here who may use it.

use axum::http::{Method, StatusCode};

use super::browser::{Browser, enrolled};
use crate::guard::{Right, Standing};
use crate::routes;
use crate::testing::parts;

const ANYONE: Right = Right::Anyone;
const TOKEN: Right = Right::Token;
const VIEWER: Right = Right::User(Standing::Viewer);
const OPERATOR: Right = Right::User(Standing::Operator);
const ADMIN: Right = Right::User(Standing::Admin);

/// Path, method, who may.
const TABLE: &[(&str, Method, Right)] = &[
    ("/", Method::GET, VIEWER),
    ("/healthz", Method::GET, ANYONE),
    ("/assets/{file}", Method::GET, ANYONE),
    ("/manifest.webmanifest", Method::GET, ANYONE),
    ("/sw.js", Method::GET, ANYONE),
    ("/robots.txt", Method::GET, ANYONE),
    ("/offline", Method::GET, ANYONE),
    ("/look", Method::POST, ANYONE),
    ("/ca.crt", Method::GET, ANYONE),
    ("/act", Method::POST, OPERATOR),
    ("/api/actions", Method::POST, OPERATOR),
    ("/api/actions", Method::GET, VIEWER),
    ("/api/actions/{id}", Method::GET, VIEWER),
    ("/api/openapi.json", Method::GET, ANYONE),
    ("/api/tokens", Method::GET, ADMIN),
    ("/api/tokens", Method::POST, ADMIN),
    ("/api/tokens/{id}/revoke", Method::POST, ADMIN),
    ("/api/traffic", Method::GET, VIEWER),
    ("/traffic", Method::GET, VIEWER),
    ("/api/uploads", Method::GET, ADMIN),
    ("/api/uploads", Method::POST, ADMIN),
    ("/api/uploads/{id}", Method::GET, ADMIN),
    ("/api/uploads/{id}", Method::PATCH, ADMIN),
    ("/api/uploads/{id}", Method::DELETE, ADMIN),
    ("/metrics", Method::GET, TOKEN),
    ("/push/channels", Method::GET, TOKEN),
    ("/push/channels", Method::POST, TOKEN),
    ("/push/publish", Method::POST, TOKEN),
    ("/push/events", Method::GET, TOKEN),
    ("/push/poll", Method::GET, TOKEN),
    ("/push/socket", Method::GET, TOKEN),
    ("/rules", Method::GET, VIEWER),
    ("/channels", Method::GET, VIEWER),
    ("/system", Method::GET, VIEWER),
    ("/system/restart", Method::GET, ADMIN),
    ("/samples/{name}", Method::GET, ADMIN),
    ("/a/{token}", Method::GET, ANYONE),
    ("/a/{token}", Method::POST, ANYONE),
    ("/api/flows", Method::GET, VIEWER),
    ("/api/now", Method::GET, VIEWER),
    ("/flows", Method::GET, VIEWER),
    ("/flows.csv", Method::GET, VIEWER),
    ("/incidents", Method::GET, VIEWER),
    ("/incidents/{id}", Method::GET, VIEWER),
    ("/labels", Method::GET, VIEWER),
    ("/labels", Method::POST, OPERATOR),
    ("/hosts/{address}", Method::GET, VIEWER),
    ("/sign-in", Method::GET, ANYONE),
    ("/sign-in", Method::POST, ANYONE),
    ("/sign-out", Method::POST, VIEWER),
    ("/confirm", Method::GET, VIEWER),
    ("/confirm", Method::POST, VIEWER),
    ("/enrol/{token}", Method::GET, ANYONE),
    ("/enrol/{token}", Method::POST, ANYONE),
    ("/account", Method::GET, VIEWER),
    ("/account/language", Method::POST, VIEWER),
    ("/account/password", Method::POST, VIEWER),
    ("/account/second-factor", Method::POST, VIEWER),
    ("/account/second-factor/remove", Method::POST, VIEWER),
    ("/account/sessions/close", Method::POST, VIEWER),
    ("/users", Method::GET, VIEWER),
    ("/users/add", Method::POST, ADMIN),
    ("/users/link", Method::POST, ADMIN),
    ("/users/standing", Method::POST, ADMIN),
    ("/users/remove", Method::POST, ADMIN),
    ("/users/sign-out", Method::POST, ADMIN),
    ("/users/tokens/revoke", Method::POST, ADMIN),
];

fn expected(path: &str, method: &Method) -> Option<Right> {
    TABLE.iter().find(|(known, by, _)| *known == path && by == method).map(|(_, _, right)| *right)
}

#[test]
fn every_route_is_in_the_table_with_its_right() {
    let routes = routes::all();
    for route in &routes {
        let right = expected(route.path, &route.method);
        assert_eq!(right, Some(route.right), "{} {} is not so in the table", route.method, route.path);
    }
    for (path, method, _) in TABLE {
        assert!(routes.iter().any(|route| route.path == *path && route.method == *method), "{method} {path} is gone");
    }
}

#[tokio::test]
async fn every_route_admits_whom_it_should_and_nobody_else() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let nobody = Browser::new(&app);
    let over = {
        let browser = enrolled(&app, "over", Standing::Admin).await;
        app.sessions.close("over", |_| true).await.expect("closed");
        browser
    };
    let mut visitors = vec![("nobody", nobody, None), ("over", over, None)];
    for standing in Standing::ALL {
        visitors.push((standing.name(), enrolled(&app, standing.name(), standing).await, Some(standing)));
    }
    for route in routes::all() {
        let path = route.path.replace(['{', '}'], "");
        for (name, browser, standing) in &visitors {
            // A copy of the browser each time, and a form without fields: nothing is changed, but for the sign-out.
            if route.path == "/sign-out" && standing.is_some()
                || route.path.starts_with("/account/second-factor/") && standing.is_some()
            {
                continue;
            }
            // Whoever is signed in may read the page's own channels, and that answer has no end.
            if route.right == Right::Token && standing.is_some() {
                continue;
            }
            let mut program = browser.with("accept", "application/json");
            let status = program.ask(route.method.clone(), &path, &[]).await.status;
            let is_refused = status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN;
            let is_admitted = route.right.admits(*standing).is_ok();
            match route.right {
                // The token is judged by the handler.
                Right::Token => assert!(is_refused, "{name} without a token: {} {path} {status}", route.method),
                _ => assert_eq!(is_refused, !is_admitted, "{name}: {} {path} {status}", route.method),
            }
            if route.right.admits(*standing).is_err() {
                let expect = if standing.is_none() { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
                assert_eq!(status, expect, "{name}: {} {path}", route.method);
                let page = browser.with("accept", "text/html").ask(route.method.clone(), &path, &[]).await;
                let leads = page.header("location").starts_with("/sign-in?next=");
                assert_eq!(leads, standing.is_none() && route.method == Method::GET, "{name}: {path}");
            }
        }
    }
}
