//! Names of subjects, which others choose: made harmless before anything else sees them.

use std::borrow::Cow;

use crate::words::{is_hidden, plain};

/// Characters of a subject's name.
const CHARS_MAX: usize = 255;

/// What stands for a character that is not shown.
const SHOWN: char = '\u{fffd}';

/// The name without what is not seen, ends a line or turns the direction of writing; cut at 255 characters.
pub fn clean(name: &str) -> Cow<'_, str> {
    if name.len() <= CHARS_MAX && !name.chars().any(is_hidden) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(plain(name, CHARS_MAX, SHOWN))
}
