//! Names of subjects, which others choose: made harmless before anything else sees them.

use std::borrow::Cow;

/// Characters of a subject's name.
const CHARS_MAX: usize = 255;

/// What stands for a character that is not shown.
const SHOWN: char = '\u{fffd}';

/// The name without control characters, line ends and marks that turn the direction of writing; cut at 255 characters.
pub fn clean(name: &str) -> Cow<'_, str> {
    if name.len() <= CHARS_MAX && !name.chars().any(is_hostile) {
        return Cow::Borrowed(name);
    }
    let mut out: String =
        name.chars().take(CHARS_MAX).map(|char| if is_hostile(char) { SHOWN } else { char }).collect();
    if name.chars().nth(CHARS_MAX).is_some() {
        out.pop();
        out.push('…');
    }
    Cow::Owned(out)
}

/// Control characters, line and paragraph separators, direction marks and overrides, the byte order mark.
pub fn is_hostile(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}
