//! The two languages of the page. Texts of a page are a struct of its own with one constant for each language, so that
//! a missing translation does not compile.

pub mod number;
pub mod time;

use serde::{Deserialize, Serialize};

/// A language that people read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
}

impl Language {
    /// Its name in `lang` attributes and settings.
    pub const fn name(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Ru => "ru",
        }
    }

    /// The one of two texts.
    pub const fn pick<T: Copy>(self, en: T, ru: T) -> T {
        match self {
            Language::En => en,
            Language::Ru => ru,
        }
    }

    /// What a browser prefers by its `Accept-Language`: the first of ours in its list.
    pub fn preferred(accept: &str) -> Language {
        let codes = accept.split(',').map(|part| part.split([';', '-']).next().unwrap_or_default().trim());
        let known = |code: &str| match code.to_ascii_lowercase().as_str() {
            "en" => Some(Language::En),
            "ru" => Some(Language::Ru),
            _ => None,
        };
        codes.take(LANGUAGES_MAX).find_map(known).unwrap_or_default()
    }
}

/// Entries of `Accept-Language` that are looked at.
const LANGUAGES_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn the_first_language_of_ours_is_taken() {
        let check = |accept: &str, expect: Language| assert_eq!(Language::preferred(accept), expect, "{accept:?}");
        check("ru-RU,ru;q=0.9,en;q=0.8", Language::Ru);
        check("de-DE,de;q=0.9,ru;q=0.8,en;q=0.7", Language::Ru);
        check("en-GB", Language::En);
        check("", Language::En);
        check("*;q=0.1,,;;--", Language::En);
    }
}
