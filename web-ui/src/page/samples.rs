//! Samples of packets: the files that capture and notifier keep, for administrators.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path as FilePath, PathBuf};
use std::time::UNIX_EPOCH;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use nix::fcntl::OFlag;

use super::download;
use crate::app::Shared;
use crate::guard::{Problem, Right, Standing};
use crate::role::Options;
use crate::routes::Route;

/// Files that are listed; capture keeps 16, notifier 256.
const LISTED_MAX: usize = 300;

pub fn routes() -> Vec<Route> {
    vec![Route::get("/samples/{name}", Right::User(Standing::Admin), download)]
}

/// A file that can be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its name: the id of the request, or of the incident.
    pub name: String,
    /// Bytes.
    pub bytes: u64,
    /// When it was written, ns since the epoch.
    pub time_ns: u64,
}

/// Those that are whole, the newest first.
pub fn list(options: &Options) -> Vec<Sample> {
    let entries = folders(options).into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let mut samples: Vec<Sample> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok().filter(|name| is_name(name))?;
            let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some(Sample { name, bytes: about.len(), time_ns: time_ns(&about) })
        })
        .take(LISTED_MAX)
        .collect();
    samples.sort_by_key(|sample| std::cmp::Reverse(sample.time_ns));
    samples
}

/// Where capture writes what is asked for, and where notifier keeps those of attacks.
fn folders(options: &Options) -> [PathBuf; 2] {
    [options.run_dir.join("samples"), options.data_dir.join("notifier/samples")]
}

/// An id of contract 4 with `.pcap`: no folder, and nothing that leads to one.
fn is_name(name: &str) -> bool {
    name.strip_suffix(".pcap").is_some_and(crate::action::is_id)
}

fn time_ns(about: &fs::Metadata) -> u64 {
    let modified = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    modified.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

async fn download(State(app): State<Shared>, headers: HeaderMap, Path(name): Path<String>) -> Response {
    let missing = || {
        Problem::not_found("There is no such sample; old ones are removed.", "Такой записи нет; старые удаляются.")
            .into_response()
    };
    if !is_name(&name) {
        return missing();
    }
    let found = folders(&app.options).into_iter().find_map(|folder| open(&folder.join(&name)).ok());
    let Some((file, about)) = found else { return missing() };
    let etag = format!("\"{:x}-{:x}\"", about.len(), time_ns(&about));
    match download::answer(&headers, file, &name, &etag, about.len()) {
        Ok(answer) => answer,
        Err(error) => Problem::internal(&error).into_response(),
    }
}

/// Opens a plain file, never by a link that somebody put there.
fn open(path: &FilePath) -> io::Result<(File, fs::Metadata)> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let about = file.metadata()?;
    if about.is_file() { Ok((file, about)) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use axum::Router;
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::{StatusCode, header};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::list;
    use crate::guard::Standing;
    use crate::testing::{get, parts, router, visitor};
    use crate::words::Language;

    async fn part(router: &Router, path: &str, range: &str, version: &str) -> (StatusCode, String, String, Vec<u8>) {
        let request = Request::builder().uri(path).header(header::RANGE, range);
        let request = if version.is_empty() { request } else { request.header(header::IF_RANGE, version) };
        let answer = router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("no failure");
        let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        let (status, range, etag) = (answer.status(), text(header::CONTENT_RANGE), text(header::ETAG));
        (status, range, etag, answer.into_body().collect().await.expect("a whole answer").to_bytes().to_vec())
    }

    #[tokio::test]
    async fn a_download_that_broke_goes_on_where_it_was() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let app = parts(dir.path());
        let folder = dir.path().join("run/samples");
        fs::create_dir_all(&folder).expect("a folder");
        let whole: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
        fs::write(folder.join("abc-1.pcap"), &whole).expect("a file");
        let router = router(&app, Some(visitor(Standing::Admin, Language::En)));
        let (status, range, etag, first) = part(&router, "/samples/abc-1.pcap", "bytes=0-149999", "").await;
        assert_eq!((status, range.as_str()), (StatusCode::PARTIAL_CONTENT, "bytes 0-149999/200000"));
        let (status, _, _, rest) = part(&router, "/samples/abc-1.pcap", "bytes=150000-", &etag).await;
        assert_eq!(status, StatusCode::PARTIAL_CONTENT);
        assert!([first, rest].concat() == whole, "both parts are the whole");
        let (status, range, ..) = part(&router, "/samples/abc-1.pcap", "bytes=200000-", "").await;
        assert_eq!((status, range.as_str()), (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */200000"));
        fs::write(folder.join("abc-1.pcap"), b"another").expect("a file");
        let (status, _, _, again) = part(&router, "/samples/abc-1.pcap", "bytes=150000-", &etag).await;
        assert_eq!((status, again.as_slice()), (StatusCode::OK, &b"another"[..]), "another version comes whole");
        assert_eq!(list(&app.options).len(), 1);
    }

    #[tokio::test]
    async fn names_lead_nowhere_and_only_administrators_get_packets() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let app = parts(dir.path());
        let folder = dir.path().join("run/samples");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(dir.path().join("run/secret.pcap"), b"secret").expect("a file");
        symlink(dir.path().join("run/secret.pcap"), folder.join("link.pcap")).expect("a link");
        fs::create_dir(folder.join("folder.pcap")).expect("a folder");
        fs::write(folder.join("half.pcap.new"), b"half").expect("a file");
        let admin = router(&app, Some(visitor(Standing::Admin, Language::En)));
        let names = [
            "link.pcap",
            "folder.pcap",
            "half.pcap.new",
            "..%2fsecret.pcap",
            "%2e%2e%2fsecret.pcap",
            "%2Fetc%2Fpasswd",
            "none.pcap",
            ".pcap",
            "a%00.pcap",
            "%ff.pcap",
        ];
        for name in names {
            let (status, text) = get(&admin, &format!("/samples/{name}")).await;
            assert!(
                status.is_client_error() && !text.contains("secret\n") && text != "secret",
                "{name}: {status} {text}"
            );
        }
        assert!(list(&app.options).is_empty());
        let operator = router(&app, Some(visitor(Standing::Operator, Language::En)));
        assert_eq!(get(&operator, "/samples/none.pcap").await.0, StatusCode::FORBIDDEN);
    }
}
