//! Paths of this page that came in a request: where a visitor is sent on to after a form.

/// Characters of a path that is followed.
const CHARS_MAX: usize = 1_024;

/// The path, if it is one of ours: no other host (`//host`, `/\host`), no control characters, not too long.
pub fn own_path(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('/')?;
    let is_ours = !rest.starts_with(['/', '\\']) && text.len() <= CHARS_MAX;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (is_ours && is_plain).then_some(text)
}

/// A path as the value of a query.
pub fn encoded(text: &str) -> String {
    percent_encoded(text, b"/")
}

/// A text in which all but RFC 3986's unreserved characters, and those of `also`, are percent-encoded.
pub fn percent_encoded(text: &str, also: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ if also.contains(&byte) => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{encoded, own_path};

    #[test]
    fn only_own_paths_are_followed() {
        let check = |text: &str, expect: bool| assert_eq!(own_path(text).is_some(), expect, "{text:?}");
        check("/", true);
        check("/flows?host=192.0.2.1&since=1h", true);
        check("", false);
        check("flows", false);
        check("//evil.example/", false);
        check("/\\evil.example", false);
        check("/a\\b", false);
        check("/\t/evil.example", false);
        check("/a\r\nSet-Cookie: x=y", false);
        check("https://evil.example/", false);
        check("javascript:alert(1)", false);
        check(&format!("/{}", "x".repeat(2_000)), false);
    }

    #[test]
    fn a_query_value_is_one_value() {
        assert_eq!(encoded("/a?b=c&d=é #"), "/a%3Fb%3Dc%26d%3D%C3%A9%20%23");
    }
}
