//! Parameters of a link or a GET form, as they were typed: bounded, and never refused before they are understood.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use crate::guard::percent_encoded;

/// Longest value that is looked at, characters: an address, a time, the name of an interface fit well.
const VALUE_MAX: usize = 200;

/// Parameters that are looked at.
const VALUES_MAX: usize = 32;

/// The parameters, in the order of the link; of one name the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed(Vec<(String, String)>);

impl Typed {
    /// What was typed for `name`, without blanks around it; empty if nothing.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// The same query with `name` set to `value` (left out if that is empty), as text behind a `?`.
    pub fn with(&self, changes: &[(&str, &str)]) -> String {
        let kept = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = kept.filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        let mut query = String::new();
        for (name, value) in kept.chain(changes.iter().copied()).filter(|(_, value)| !value.is_empty()) {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(&percent_encoded(name, b""));
            query.push('=');
            query.push_str(&percent_encoded(value, b""));
        }
        query
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Typed {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Typed, std::convert::Infallible> {
        // What is not UTF-8 has become U+FFFD, which is no address, no number and no time.
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|Query(pairs)| pairs);
        let short = |text: String| text.chars().filter(|c| !c.is_control()).take(VALUE_MAX).collect();
        let pairs = pairs.unwrap_or_default().into_iter().take(VALUES_MAX);
        Ok(Typed(pairs.map(|(name, value)| (short(name), short(value))).collect()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Typed;

    /// As a link would bring them.
    pub(crate) fn typed(pairs: &[(&str, &str)]) -> Typed {
        Typed(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_query_is_written_with_its_changes() {
        let typed = typed(&[("range", "1d"), ("interface", "a b&<ж>"), ("range", "1w")]);
        assert_eq!(typed.get("range"), "1d");
        assert_eq!(typed.get("none"), "");
        assert_eq!(typed.with(&[("range", "1y"), ("empty", "")]), "interface=a%20b%26%3C%D0%B6%3E&range=1y");
    }
}
