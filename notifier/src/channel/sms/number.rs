//! Phone numbers: E.164, as people write them and as gateways want them.

/// What a number may be, for a problem.
pub const ALLOWED: &str = "`+`, country code and number: 7 to 15 digits, such as `+79161234567`";

/// The number as `+` and digits, if it is one: spaces, dashes, dots and parentheses between the digits are dropped.
pub fn parse(text: &str) -> Option<String> {
    let rest = text.trim().strip_prefix('+')?;
    let mut digits = String::with_capacity(15);
    for character in rest.chars() {
        match character {
            '0'..='9' => digits.push(character),
            ' ' | '-' | '.' | '(' | ')' => {}
            _ => return None,
        }
        if digits.len() > 15 {
            return None;
        }
    }
    // No country code begins with 0 (ITU-T E.164 §6.2.1).
    ((7..=15).contains(&digits.len()) && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

/// Whether a gateway may send under this name: a number, a short code, or up to eleven letters and digits.
pub fn is_sender(text: &str) -> bool {
    parse(text).is_some()
        || (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        || (1..=11).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" .-_&".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{is_sender, parse};

    #[test]
    fn a_number_has_its_country() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(parse(text).as_deref(), expect, "{text}");
        check("+79161234567", Some("+79161234567"));
        check(" +7 (916) 123-45-67 ", Some("+79161234567"));
        check("+1.202.555.0100", Some("+12025550100"));
        check("89161234567", None);
        check("+0123456789", None);
        check("+123456", None);
        check("+1234567890123456", None);
        check("+7916\r\nTo: 1", None);
        check("+7916123456७", None);
        check("", None);
    }

    #[test]
    fn a_sender_is_a_number_a_code_or_a_name() {
        for sender in ["+79161234567", "4321", "Floodmark", "My-Shop"] {
            assert!(is_sender(sender), "{sender}");
        }
        for sender in ["", "TwelveLetters", "a\nb", "Имя"] {
            assert!(!is_sender(sender), "{sender}");
        }
    }
}
