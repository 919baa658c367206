//! One harmless line of whatever a text from outside holds.

/// What stands for a character that must not be shown.
const STAND_IN: char = '?';

/// `text` as one line of at most `chars_max` characters: no control character, no line or paragraph separator, nothing
/// that turns the direction of writing or is invisible. What is longer ends in "…".
pub fn line(text: &str, chars_max: usize) -> String {
    let blank = |char| if matches!(char, '\t' | '\u{a0}') { ' ' } else { shown(char, STAND_IN) };
    fit(text, chars_max, blank)
}

/// At most `chars_max` characters of a text, with `stand_in` for each that is not seen, moves or hides others, or ends a
/// line. What is longer ends in "…".
pub fn plain(text: &str, chars_max: usize, stand_in: char) -> String {
    fit(text, chars_max, |char| shown(char, stand_in))
}

fn fit(text: &str, chars_max: usize, shown: impl Fn(char) -> char) -> String {
    // Looks at a bounded part of a text of any length: one more than is kept, to know whether there is more.
    let clean: String = text.chars().take(chars_max.saturating_add(1)).map(shown).collect();
    shorten(&clean, chars_max)
}

fn shown(char: char, stand_in: char) -> char {
    if is_hidden(char) { stand_in } else { char }
}

/// The first `chars_max` characters; what is longer ends in "…" within them.
pub fn shorten(text: &str, chars_max: usize) -> String {
    if text.chars().nth(chars_max).is_none() {
        return text.to_owned();
    }
    text.chars().take(chars_max.saturating_sub(1)).chain((chars_max > 0).then_some('…')).collect()
}

/// Control characters, and those that change how their neighbours look without being seen (Unicode 15, chapters 23.2
/// to 23.9): separators of lines, marks of direction, joiners, byte order marks, tags, noncharacters.
pub fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(u32::from(char),
            0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f
            | 0xfeff | 0xfff0..=0xfffb | 0xe0000..=0xe0fff)
        || u32::from(char) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::{line, plain, shorten};

    #[test]
    fn whatever_comes_is_one_line_within_its_bound() {
        let check = |text: &str, max: usize, expect: &str| assert_eq!(line(text, max), expect, "{text:?}");
        check("plain", 10, "plain");
        check("a\r\nBcc: x", 20, "a??Bcc: x");
        check("a\tb\u{a0}c\0", 20, "a b c?");
        check("\u{202e}txt.exe\u{2028}\u{2066}x\u{feff}", 40, "?txt.exe??x?");
        check("\u{85}\u{7f}\u{1b}[31m", 40, "???[31m");
        check("сервер", 4, "сер…");
        check("", 0, "");
        check("x", 0, "");
        assert_eq!(line(&"x".repeat(1 << 20), 300).chars().count(), 300);
    }

    #[test]
    fn what_moves_or_hides_text_is_replaced_and_long_names_are_cut() {
        let check = |text: &str, expect: &str| assert_eq!(plain(text, 8, '?'), expect, "{text:?}");
        check("nginx", "nginx");
        check("a\r\nb\0c", "a??b?c");
        check("\u{202e}cod.exe", "?cod.exe");
        check("базаДанных", "базаДан…");
        check("12345678", "12345678");
        check("123456789", "1234567…");
        check("", "");
        assert_eq!(plain(&"x".repeat(8 << 10), 64, '?').chars().count(), 64);
    }

    #[test]
    fn a_text_that_fits_is_not_shortened() {
        assert_eq!(shorten("abc", 3), "abc");
        assert_eq!(shorten("abcd", 3), "ab…");
    }
}
