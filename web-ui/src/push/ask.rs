//! What a reader asks for: channels, and where to begin.

use std::time::Duration;

use axum::extract::Query;
use axum::http::{HeaderMap, Uri};
use jiff::Timestamp;
use serde::Deserialize;

use super::problem::Problem;
use crate::hub::{Cursor, Start};

/// How long a long-poll waits if it is not said.
pub const WAIT: Duration = Duration::from_secs(50);

/// How long it may wait: what proxies and phones' networks bear.
pub const WAIT_MAX: Duration = Duration::from_secs(120);

/// How much a time may be ahead of this machine's clock.
const AHEAD_MAX_NS: u64 = 60_000_000_000;

/// The query of all three transports.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    channels: String,
    since: Option<String>,
    last_event_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    wait: Option<String>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Names, as they were written.
    pub channels: Vec<String>,
    /// Where to begin.
    pub start: Start,
    /// Nothing newer than this, ns since the epoch; only for a long-poll, which does not wait then.
    pub until_ns: Option<u64>,
    /// How long a long-poll waits.
    pub wait: Duration,
}

impl Ask {
    /// Reads the query and the `Last-Event-ID` header, which wins: a browser that comes back sends it with the URL of
    /// its first visit.
    ///
    /// # Errors
    /// What is wrong in it, with the remedy.
    pub fn of(uri: &Uri, headers: &HeaderMap, now_ns: u64) -> Result<Ask, Problem> {
        let Query(raw) = Query::<Raw>::try_from_uri(uri).map_err(|error| Problem::bad_request(error.body_text()))?;
        let header = match headers.get("last-event-id") {
            Some(value) => {
                Some(value.to_str().map_err(|_| Problem::bad_request("Last-Event-ID is no text"))?.to_owned())
            }
            None => None,
        };
        let cursor = header.or(raw.last_event_id).or(raw.since).filter(|text| !text.is_empty());
        let start = match (cursor, raw.from) {
            (Some(cursor), None) => {
                let parsed = cursor.parse::<Cursor>();
                Start::After(parsed.map_err(|error| Problem::bad_request(format!("since: {error}")))?)
            }
            (None, Some(from)) => Start::Since(moment("from", &from, now_ns)?),
            (None, None) => Start::Now,
            (Some(_), Some(_)) => return Err(Problem::bad_request("give a cursor or from=, not both")),
        };
        let until_ns = raw.to.map(|to| moment("to", &to, now_ns)).transpose()?;
        match (start, until_ns) {
            (Start::Since(from), Some(to)) if from <= to => {}
            (Start::Since(_), Some(_)) => return Err(Problem::bad_request("to= is before from=")),
            (_, Some(_)) => return Err(Problem::bad_request("to= needs from=")),
            (_, None) => {}
        }
        let channels = raw.channels.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Ok(Ask { channels, start, until_ns, wait: raw.wait.map_or(Ok(WAIT), |wait| seconds(&wait))? })
    }

    /// The names.
    pub fn names(&self) -> Vec<&str> {
        self.channels.iter().map(String::as_str).collect()
    }
}

fn seconds(text: &str) -> Result<Duration, Problem> {
    let number = text.strip_suffix('s').unwrap_or(text).parse::<u64>().ok().map(Duration::from_secs);
    number.filter(|wait| *wait <= WAIT_MAX).ok_or_else(|| {
        Problem::bad_request(format!("wait= takes whole seconds from 0 to {}, as in wait=50s", WAIT_MAX.as_secs()))
    })
}

/// A time: RFC 3339, or seconds since the epoch.
fn moment(name: &str, text: &str, now_ns: u64) -> Result<u64, Problem> {
    let parsed = match text.parse::<i64>() {
        Ok(seconds) => Timestamp::from_second(seconds).ok(),
        Err(_) => text.parse::<Timestamp>().ok(),
    };
    let time_ns = parsed.and_then(|time| u64::try_from(time.as_nanosecond()).ok()).ok_or_else(|| {
        Problem::bad_request(format!("{name}= takes a time as 2026-11-22T06:30:00Z, or seconds since 1970"))
    })?;
    if time_ns > now_ns.saturating_add(AHEAD_MAX_NS) {
        return Err(Problem::bad_request(format!("{name}= is in the future by this machine's clock")));
    }
    Ok(time_ns)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::{HeaderMap, HeaderValue, Uri};

    use super::{Ask, WAIT};
    use crate::hub::{Cursor, Start};

    /// 2023-11-14T22:13:20Z.
    const NOW_NS: u64 = 1_700_000_000_000_000_000;

    fn ask(query: &str, last: Option<&'static str>) -> Option<Ask> {
        let uri = format!("/push/poll?{query}").parse::<Uri>().expect("a path");
        let last = last.map(|last| ("last-event-id".parse().expect("a name"), HeaderValue::from_static(last)));
        Ask::of(&uri, &last.into_iter().collect::<HeaderMap>(), NOW_NS).ok()
    }

    #[test]
    fn a_query_says_where_to_begin() {
        let check = |query: &str, last: Option<&'static str>, expect: Start| {
            assert_eq!(ask(query, last).map(|ask| ask.start), Some(expect), "{query} {last:?}");
        };
        let after = |seq| Start::After(Cursor { epoch: 0x5f, seq });
        check("channels=load", None, Start::Now);
        check("channels=load&since=", None, Start::Now);
        check("channels=load&since=5f-3", None, after(3));
        check("last_event_id=5f-4&since=5f-3", None, after(4));
        check("since=5f-3", Some("5f-9"), after(9));
        check("from=1699999999", None, Start::Since(NOW_NS - 1_000_000_000));
        check("from=2023-11-14T22:13:19Z&to=2023-11-14T22:13:20Z", None, Start::Since(NOW_NS - 1_000_000_000));
    }

    #[test]
    fn a_wait_is_bounded_and_has_a_default() {
        let check = |query: &str, expect: Option<Duration>| assert_eq!(ask(query, None).map(|ask| ask.wait), expect);
        check("channels=load", Some(WAIT));
        check("wait=0", Some(Duration::ZERO));
        check("wait=7s", Some(Duration::from_secs(7)));
        check("wait=121", None);
        check("wait=-1", None);
        check("wait=soon", None);
    }

    #[test]
    fn nonsense_is_refused() {
        for query in [
            "since=5f",
            "since=x-1",
            "channel=load",
            "from=tomorrow",
            "from=1700000100",
            "from=2106-02-07T06:28:16Z",
            "to=1",
            "from=2&to=1",
            "since=5f-3&from=1",
            "from=-5",
            "from=99999999999999999999",
            "channels=a&channels=b",
        ] {
            assert_eq!(ask(query, None), None, "{query}");
        }
        assert_eq!(ask("", Some("no cursor")), None);
    }
}
