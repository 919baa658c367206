//! Every route in one table: path, method, the right it needs, and who answers. A handler that is not in the table of
//! its part cannot be reached, and an entry cannot be made without a right.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::app::Shared;
use crate::guard::{self, Right};
use crate::{action, asset, page};

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
        let handler = on(filter, handler).layer(from_fn(move |request, next| guard::admit(right, request, next)));
        Route { path, method, right, handler }
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
    [page::routes(), asset::routes(), action::routes()].into_iter().flatten().collect()
}

/// The router over all routes.
pub fn router(app: Shared) -> Router {
    let router = Router::new();
    all()
        .into_iter()
        .fold(router, |router, route| router.route(route.path, route.handler))
        .layer(from_fn(page::look::around))
        .with_state(app)
}
