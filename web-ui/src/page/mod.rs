//! The pages: one file or folder for each, with its routes, its texts in both languages and its template.

mod channels;
mod download;
pub(crate) mod fields;
mod flows;
pub mod frame;
mod health;
pub mod icon;
pub mod incident;
mod incidents;
mod link;
pub mod look;
mod now;
mod offline;
mod query;
mod rules;
mod samples;
mod sign_in;
pub mod spark;
mod system;
mod traffic;
mod uploads;
mod users;
mod when;

pub use frame::Frame;
pub use link::Askers;
pub use uploads::Uploads;

use crate::routes::Route;

/// The routes of all pages.
pub fn routes() -> Vec<Route> {
    [
        now::routes(),
        incidents::routes(),
        traffic::routes(),
        flows::routes(),
        users::routes(),
        sign_in::routes(),
        rules::routes(),
        channels::routes(),
        system::routes(),
        link::routes(),
        samples::routes(),
        uploads::routes(),
        // What is no page of the navigation.
        health::routes(),
        look::routes(),
        offline::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
