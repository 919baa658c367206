//! Names that others chose (processes, mounts, sensors), made fit for a line of text.

/// `text` without what moves or hides other text: control characters, line ends, marks of direction and width become
/// `?`. At most `chars_max` characters; a longer one ends in `…`.
pub fn name(text: &str, chars_max: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(4 * chars_max));
    let mut chars = text.chars().map(|c| if is_harmful(c) { '?' } else { c });
    for at in 0..chars_max {
        let Some(c) = chars.next() else { return clean };
        let is_cut = at + 1 == chars_max && chars.next().is_some();
        clean.push(if is_cut { '…' } else { c });
    }
    clean
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn what_moves_or_hides_text_is_replaced_and_long_names_are_cut() {
        let check = |text: &str, expect: &str| assert_eq!(name(text, 8), expect, "{text:?}");
        check("nginx", "nginx");
        check("a\r\nb\0c", "a??b?c");
        check("\u{202e}cod.exe", "?cod.exe");
        check("базаДанных", "базаДан…");
        check("12345678", "12345678");
        check("123456789", "1234567…");
        check("", "");
        assert_eq!(name(&"x".repeat(8 << 10), 64).chars().count(), 64);
    }
}
