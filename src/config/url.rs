//! Store URLs as text: whether one holds a password, and how it is shown without it.

/// Where the password of `url` stands, as byte positions. The last `@` ends the user part, because the database
/// driver takes a raw `@` for a part of the password too.
fn password_span(url: &str) -> Option<(usize, usize)> {
    let user_start = url.find("://")? + 3;
    let rest = url.get(user_start..)?;
    let user_end = user_start + rest.rfind('@')?;
    let colon = user_start + url.get(user_start..user_end)?.find(':')?;
    (colon + 1 < user_end).then_some((colon + 1, user_end))
}

/// Whether `url` holds a password.
pub fn has_password(url: &str) -> bool {
    password_span(url).is_some()
}

/// `url` with its password replaced by `***`: for messages, logs and `config print`.
pub fn masked(url: &str) -> String {
    match password_span(url) {
        Some((start, end)) => format!("{}***{}", &url[..start], &url[end..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{has_password, masked};

    #[test]
    fn a_password_is_never_shown() {
        let check = |url: &str, expect: &str| {
            assert_eq!(masked(url), expect, "{url}");
            assert_eq!(has_password(url), url != expect, "{url}");
        };
        check("mysql://floodmark:secret@db:3306/flood", "mysql://floodmark:***@db:3306/flood");
        check("mysql://u:p@ss:w/rd@db/flood", "mysql://u:***@db/flood");
        check("mysql://u:ä@db/x", "mysql://u:***@db/x");
        check("mysql://u@db/x", "mysql://u@db/x");
        check("mysql://u:@db/x", "mysql://u:@db/x");
        check("mysql://db:3306/x", "mysql://db:3306/x");
        check("sqlite:///var/lib/floodmark/a:b.db", "sqlite:///var/lib/floodmark/a:b.db");
        check("", "");
        check("nonsense:x@y", "nonsense:x@y");
    }
}
