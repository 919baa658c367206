//! What changes something must come from a page of ours: browsers say where a request began (`Sec-Fetch-Site`, and the
//! older `Origin`). Programs say neither, and no other site can make them carry a visitor's cookie.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Problem;

/// Refuses what another site has begun.
pub async fn same_origin(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && !is_ours(request.headers(), request.uri().authority().map(|authority| authority.as_str())) {
        return Problem::new(
            StatusCode::FORBIDDEN,
            "The request comes from a page of another site; open this page itself and try again.",
            "Запрос пришёл со страницы другого сайта; откройте саму страницу и повторите.",
        )
        .into_response();
    }
    next.run(request).await
}

fn is_ours(headers: &HeaderMap, authority: Option<&str>) -> bool {
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
    if let Some(site) = site {
        // `none`: a person's own act, such as a bookmark.
        return matches!(site, b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = authority.or_else(|| headers.get(header::HOST).and_then(|host| host.to_str().ok()));
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    matches!((origin, host), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::is_ours;

    #[test]
    fn another_site_is_told_by_either_header() {
        let check = |site: &str, origin: &str, expect: bool| {
            let mut headers = HeaderMap::new();
            headers.insert("host", "flood.example:8443".parse().expect("a value"));
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                if !value.is_empty() {
                    headers.insert(name, value.parse().expect("a value"));
                }
            }
            assert_eq!(is_ours(&headers, None), expect, "{site:?} {origin:?}");
        };
        check("same-origin", "https://flood.example:8443", true);
        check("none", "", true);
        check("", "https://flood.example:8443", true);
        check("", "", true);
        check("cross-site", "https://flood.example:8443", false);
        check("same-site", "", false);
        check("", "https://evil.example", false);
        check("", "https://flood.example", false);
        check("", "null", false);
        check("x", "", false);
    }
}
