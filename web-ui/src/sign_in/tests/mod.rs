//! Signing in as people and attackers do it: through all that stands around the routes.

mod attacks;
pub(crate) mod browser;
mod life;
mod rights;
