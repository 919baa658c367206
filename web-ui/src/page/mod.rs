//! The pages: one file or folder for each, with its routes, its texts in both languages and its template.

pub(crate) mod fields;
pub mod frame;
mod health;
mod now;
mod sign_in;
mod users;

pub use frame::Frame;

use crate::routes::Route;

/// The routes of all pages.
pub fn routes() -> Vec<Route> {
    [now::routes(), users::routes(), sign_in::routes(), health::routes()].into_iter().flatten().collect()
}
