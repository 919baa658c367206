//! The pages: one file or folder for each, with its routes, its texts in both languages and its template.

pub(crate) mod fields;
pub mod frame;
mod health;
pub mod icon;
pub mod incident;
mod incidents;
pub mod look;
mod now;
mod offline;
mod query;
mod sign_in;
pub mod spark;
mod traffic;
mod users;
mod when;

pub use frame::Frame;

use crate::routes::Route;

/// The routes of all pages.
pub fn routes() -> Vec<Route> {
    [
        now::routes(),
        incidents::routes(),
        traffic::routes(),
        users::routes(),
        sign_in::routes(),
        // What is no page of the navigation.
        health::routes(),
        look::routes(),
        offline::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
