//! Every route in one table: path, method, the right it needs, and who answers. A handler that is not in the table of
//! its part cannot be reached, and an entry cannot be made without a right.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::app::Shared;
use crate::guard::{self, Right};
use crate::{action, asset, page, push, server};

/// The body of a request: forms and actions are smaller.
pub const BODY_BYTES_MAX: usize = 64 << 10;

/// One route.
pub struct Route {
    /// Path, with axum's `{names}`.
    pub path: &'static str,
    /// GET (which also answers HEAD), POST, PUT or DELETE.
    pub method: Method,
    /// What it needs.
    pub right: Right,
    handler: MethodRouter<Shared>,
}

impl Route {
    /// A route that `handler` answers.
    pub fn new<H, T>(method: Method, path: &'static str, right: Right, handler: H) -> Route
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("a method of HTTP's nine");
        let handler = on(filter, handler).layer(from_fn(move |request, next| {
            server::note_visitor(&request);
            guard::admit(right, request, next)
        }));
        Route { path, method, right, handler }
    }

    /// The same with a bound of its own on the body of a request, instead of [`BODY_BYTES_MAX`]. A handler that reads
    /// the body as a stream holds its own bound.
    pub fn body_max(mut self, bytes: usize) -> Route {
        self.handler = self.handler.layer(DefaultBodyLimit::max(bytes));
        self
    }

    /// A route of GET.
    pub fn get<H, T>(path: &'static str, right: Right, handler: H) -> Route
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        Route::new(Method::GET, path, right, handler)
    }

    /// A route of POST.
    pub fn post<H, T>(path: &'static str, right: Right, handler: H) -> Route
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        Route::new(Method::POST, path, right, handler)
    }
}

/// All routes of all parts.
pub fn all() -> Vec<Route> {
    let parts = [page::routes(), asset::routes(), action::routes(), push::routes(), server::tls::routes()];
    parts.into_iter().flatten().collect()
}

/// The router over all routes.
pub fn router(app: Shared) -> Router {
    let router = Router::new().fallback(guard::nowhere).method_not_allowed_fallback(guard::no_method);
    all()
        .into_iter()
        .fold(router, |router, route| router.route(route.path, route.handler))
        .layer(from_fn(guard::present))
        .layer(from_fn(page::look::around))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(app)
}
