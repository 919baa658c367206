//! Attack detection on real traffic, without a wire: captures are looped through a worker at the rate of an attack, and
//! what it tells each second is judged.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod captures;
mod feed;
mod made;
