//! Our two cookies: the session's, and the one that tells a device from which somebody has signed in before.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

/// A device is known for so long.
const DEVICE_AGE: Duration = Duration::from_secs(400 * 86_400);

/// Cookies of one request that are looked at.
const COOKIES_MAX: usize = 64;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Who is signed in.
    Session,
    /// A known device.
    Device,
}

/// Names and attributes of the cookies.
#[derive(Clone, Copy, Debug)]
pub struct Jar {
    /// A session's age, at most.
    pub max_age: Duration,
}

/// The names, by which a cookie that came over TLS is not known where there is none, and the other way round.
///
/// Under TLS the cookies are `Secure`, and by the prefix `__Host-` bound to this host and path `/`. Over plain HTTP, which
/// is served to this machine itself or where TLS is off, browsers would not keep such a cookie.
fn name(kind: Kind, is_tls: bool) -> &'static str {
    match (kind, is_tls) {
        (Kind::Session, true) => "__Host-floodmark",
        (Kind::Session, false) => "floodmark",
        (Kind::Device, true) => "__Host-floodmark-device",
        (Kind::Device, false) => "floodmark-device",
    }
}

impl Jar {
    /// The value of ours in a request; `None` also when there are two.
    pub fn read<'a>(&self, headers: &'a HeaderMap, is_tls: bool, kind: Kind) -> Option<&'a str> {
        let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        let pairs =
            lines.flat_map(|line| line.split(';')).take(COOKIES_MAX).filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(known, _)| *known == name(kind, is_tls)).map(|(_, value)| value);
        ours.next().filter(|_| ours.next().is_none())
    }

    /// A `Set-Cookie` that keeps `value`, which has only characters of base64 and dots.
    ///
    /// `SameSite=Lax`: a link in a mail opens the page signed in. What changes something is a POST, of which another
    /// site's carries no such cookie and is refused by its origin besides.
    pub fn keep(&self, is_tls: bool, kind: Kind, value: &str) -> HeaderValue {
        let age = if kind == Kind::Session { self.max_age } else { DEVICE_AGE };
        line(is_tls, kind, value, age.as_secs())
    }

    /// A `Set-Cookie` that takes it away.
    pub fn forget(&self, is_tls: bool, kind: Kind) -> HeaderValue {
        line(is_tls, kind, "", 0)
    }
}

fn line(is_tls: bool, kind: Kind, value: &str, age_s: u64) -> HeaderValue {
    let secure = if is_tls { "; Secure" } else { "" };
    let line = format!("{}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}", name(kind, is_tls));
    HeaderValue::from_str(&line).expect("the value has only characters of base64 and dots")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::{HeaderMap, HeaderValue};

    use super::{Jar, Kind};

    const JAR: Jar = Jar { max_age: Duration::from_secs(60) };

    #[test]
    fn flags_fit_the_way_browsers_come() {
        let line = JAR.keep(true, Kind::Session, "abc");
        assert_eq!(line, "__Host-floodmark=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        let line = JAR.keep(false, Kind::Device, "abc");
        assert_eq!(line, "floodmark-device=abc; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax");
        let line = JAR.forget(true, Kind::Session);
        assert_eq!(line, "__Host-floodmark=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    }

    #[test]
    fn ours_is_found_among_others_and_two_are_none() {
        let check = |lines: &[&str], expect: Option<&str>| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("cookie", HeaderValue::from_bytes(line.as_bytes()).expect("a value"));
            }
            assert_eq!(JAR.read(&headers, false, Kind::Session), expect, "{lines:?}");
        };
        check(&["a=b; floodmark=x; c"], Some("x"));
        check(&["a=b", "floodmark=x"], Some("x"));
        check(&["floodmark-device=x; __Host-floodmark=y"], None);
        check(&["floodmark=x; floodmark=y"], None);
        check(&["floodmark"], None);
        check(&[&format!("{}floodmark=x", "a=b;".repeat(100))], None);
        check(&[], None);
    }
}
