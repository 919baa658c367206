//! For load balancers and probes: the role answers.

use crate::guard::Right;
use crate::routes::Route;

pub fn routes() -> Vec<Route> {
    vec![Route::get("/healthz", Right::Anyone, healthz)]
}

async fn healthz() -> &'static str {
    "ok\n"
}
