//! The pages: one file or folder for each, with its routes, its texts in both languages and its template.

pub mod frame;
mod health;
pub mod icon;
pub mod incident;
pub mod look;
mod now;
mod offline;
pub mod spark;

pub use frame::Frame;

use crate::routes::Route;

/// The routes of all pages.
pub fn routes() -> Vec<Route> {
    [now::routes(), health::routes(), look::routes(), offline::routes()].into_iter().flatten().collect()
}
