//! One address: what it is called, how it goes now, with whom it spoke, its incidents.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use store::{AddressRange, Flow, Incident};

use super::ask::Asked;
use super::find::{self, Found};
use super::row::{self, End};
use super::texts::Texts;
use crate::app::Shared;
use crate::guard::{Right, Standing, Visitor};
use crate::page::frame::{Frame, Place, html};
use crate::random;
use crate::role::now_s;
use crate::routes::Route;
use crate::stored::search::Wanted;
use crate::stored::{StoredError, Told};
use crate::words::{Language, number, time};

/// How far back peers are looked for, seconds.
const HOUR: u32 = 3_600;

/// Incidents of so many days are listed.
const INCIDENTS_DAYS: u32 = 30;

/// Its newest flows, of which peers and ports are summed: a bound on work, told on the page.
const FLOWS_MAX: usize = 2_000;

/// How long the page looks for them.
const TIME_MAX: Duration = Duration::from_millis(100);

/// Entries of a list.
const TOP_MAX: usize = 10;

pub fn routes() -> Vec<Route> {
    vec![Route::get("/hosts/{address}", Right::User(Standing::Viewer), show)]
}

#[derive(Template)]
#[template(path = "host.html")]
struct Page {
    frame: Frame,
    say: &'static Texts,
    address: String,
    label: String,
    may_edit: bool,
    failed: Option<Told>,
    minutes: Vec<(time::Time, String, String)>,
    peers: Vec<(End, String)>,
    ports: Vec<(String, String)>,
    count: String,
    progress: String,
    incidents: Vec<(time::Time, String, String)>,
}

async fn show(State(app): State<Shared>, visitor: Visitor, Path(address): Path<String>) -> Response {
    let Ok(address) = address.parse::<IpAddr>().map(|address| address.to_canonical()) else {
        return (StatusCode::BAD_REQUEST, html(&unknown(&address, &visitor))).into_response();
    };
    app.labels.load(&app.state).await;
    let mut page = Page::of(address, &app, &visitor);
    if let Err(error) = page.fill(address, &app, visitor.language).await {
        page.failed = Some(error.told(visitor.language));
    }
    html(&page)
}

/// What is said about a text that is no address: the form of the search, with it in it.
fn unknown(address: &str, visitor: &Visitor) -> super::Page {
    let typed = address.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
    let wrong = super::Nonsense::Address(typed.clone()).words(visitor.language);
    let page = super::Page::of(&super::Typed::default(), visitor);
    super::Page { wrong: Some(wrong), form: super::Form { address: typed, ..page.form }, ..page }
}

impl Page {
    fn of(address: IpAddr, app: &Shared, visitor: &Visitor) -> Page {
        let label = app.labels.name_of(address).map(|label| label.to_string()).unwrap_or_default();
        Page {
            frame: Frame::of(Place::Hosts, visitor).titled(address.to_string()),
            say: Texts::of(visitor.language),
            address: address.to_string(),
            label,
            may_edit: visitor.standing >= Standing::Operator,
            failed: None,
            minutes: Vec::new(),
            peers: Vec::new(),
            ports: Vec::new(),
            count: String::new(),
            progress: String::new(),
            incidents: Vec::new(),
        }
    }

    async fn fill(&mut self, address: IpAddr, app: &Shared, language: Language) -> Result<(), StoredError> {
        let stored = &app.stored;
        let Ok(range) = address.to_string().parse::<AddressRange>() else { return Ok(()) };
        // Whole minutes: ten phones ask the same question.
        let now = now_s() / 60 * 60;
        let (minutes, incidents) = tokio::try_join!(
            stored.host_minutes(range.low, (now.saturating_sub(HOUR), now)),
            stored.incidents((now.saturating_sub(INCIDENTS_DAYS * 86_400), now + 60)),
        )?;
        let rate = |bytes: u64| number::bits_per_second(bytes as f64 * 8.0 / 60.0, language);
        let minute = |minute: &store::HostMinute| {
            let at = time::clock(u64::from(minute.ts) * 1_000_000_000, language);
            (at, rate(minute.bytes_in), rate(minute.bytes_out))
        };
        self.minutes = minutes.iter().rev().map(minute).collect();
        let own = incidents.iter().filter(|incident| is_of(incident, address)).take(TOP_MAX);
        self.incidents = own.map(|incident| told(incident, language)).collect();
        let wanted =
            Wanted { since: now.saturating_sub(HOUR), until: u32::MAX, host: Some(range), ..Wanted::default() };
        let found = find::find(stored, &Asked { wanted, cursor: None }, FLOWS_MAX, TIME_MAX).await;
        self.summed(&found, range.low, app, language);
        found.failed.map_or(Ok(()), Err)
    }

    fn summed(&mut self, found: &Found, own: [u8; 16], app: &Shared, language: Language) {
        let (peers, ports) = sums(&found.rows, own);
        let end = |bytes: [u8; 16]| {
            let address = row::address(bytes);
            let label = app.labels.name_of(address).map(|label| label.to_string()).unwrap_or_default();
            End { address: address.to_string(), port: String::new(), label }
        };
        self.peers = peers.into_iter().map(|(peer, bytes)| (end(peer), number::bytes(bytes, language))).collect();
        let port = |(protocol, port): (u8, u16)| match port {
            0 => row::protocol(protocol),
            port => format!("{} {port}", row::protocol(protocol)),
        };
        self.ports = ports.into_iter().map(|(of, bytes)| (port(of), number::bytes(bytes, language))).collect();
        self.count = number::count(found.rows.len() as u64, language);
        self.progress = found.search.as_ref().map(|search| super::progress(search, language)).unwrap_or_default();
    }
}

/// Whether an incident is about this address or a prefix around it.
fn is_of(incident: &Incident, address: IpAddr) -> bool {
    match incident.row.subject.split_once(':') {
        Some(("host", name)) => name.parse::<IpAddr>().is_ok_and(|host| host.to_canonical() == address),
        Some(("prefix", name)) => name.parse::<ipnet::IpNet>().is_ok_and(|prefix| prefix.contains(&address)),
        _ => false,
    }
}

/// When it began, what is said, and where it is.
fn told(incident: &Incident, language: Language) -> (time::Time, String, String) {
    let row = &incident.row;
    let id = random::hex_of(&row.incident);
    let text = if row.text.is_empty() { row.rule.clone() } else { row.text.clone() };
    (time::moment_s(row.opened.into(), language), text, id)
}

type Sums<K> = Vec<(K, u64)>;

/// Bytes by peer, and by protocol and service port (the lower of the two is the service's, mostly).
fn sums(flows: &[Flow], own: [u8; 16]) -> (Sums<[u8; 16]>, Sums<(u8, u16)>) {
    let (mut peers, mut ports) = (HashMap::new(), HashMap::new());
    for flow in flows {
        let row = &flow.row;
        let bytes = row.bytes_fwd.saturating_add(row.bytes_rev);
        let peer = if row.src_ip == own { row.dst_ip } else { row.src_ip };
        let sum: &mut u64 = peers.entry(peer).or_default();
        *sum = sum.saturating_add(bytes);
        let sum: &mut u64 = ports.entry((row.protocol, row.src_port.min(row.dst_port))).or_default();
        *sum = sum.saturating_add(bytes);
    }
    (largest(peers), largest(ports))
}

fn largest<K: Ord>(sums: HashMap<K, u64>) -> Sums<K> {
    let mut sums: Sums<K> = sums.into_iter().collect();
    sums.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    sums.truncate(TOP_MAX);
    sums
}
