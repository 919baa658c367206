//! Who comes: each request's cookie, looked up in memory.

use std::sync::Weak;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::cookie::Kind;
use super::session::stored;
use crate::app::{App, Shared};
use crate::guard::IsFresh;
use crate::random;
use crate::role;
use crate::server::Peer;

/// Characters of a session's cookie.
const TOKEN_CHARS: usize = 43;

/// How often sessions and links whose time is over are looked for; a stream of such a session ends soon after.
const SWEEP_EVERY: Duration = Duration::from_secs(2);

/// Puts the [`crate::guard::Visitor`] of the request's session into its extensions; without a session that is open,
/// nothing.
pub async fn recognise(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let is_tls = request.extensions().get::<Peer>().is_some_and(|peer| peer.is_tls);
    let token =
        app.sign_in.jar.read(request.headers(), is_tls, Kind::Session).filter(|token| token.len() == TOKEN_CHARS);
    let now_ns = role::now_ns();
    let visitor = token.and_then(|token| app.sessions.find(&random::hash(token), now_ns));
    let Some(visitor) = visitor else { return next.run(request).await };
    request.extensions_mut().insert(IsFresh(app.sessions.is_fresh(visitor.session, now_ns)));
    request.extensions_mut().insert(visitor.clone());
    let mut response = next.run(request).await;
    // For who writes the page about a problem, further out.
    response.extensions_mut().insert(visitor);
    response
}

/// Ends what is over, until the app is gone.
pub async fn sweep(app: Weak<App>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let Some(app) = app.upgrade() else { return };
        let now_ns = role::now_ns();
        app.sessions.sweep(now_ns);
        let now = stored(now_ns);
        // What could not be deleted does not hold all the same.
        let _ = app.state.tell(move |db| {
            let _ = db.execute("DELETE FROM links WHERE expires_ns <= ?1", [now]);
        });
    }
}
