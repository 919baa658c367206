//! Hostile names in every text of a notice: each way hands over one message, to the one number, with the text that was
//! put in, and nothing beside it differs from what a harmless name gives.

use std::time::Duration;

use bytes::BytesMut;
use faults::hostile::strings;
use live::incident::SubjectKind;
use reqwest::{Request, Url};
use rusmpp::{Command, CommandStatus, Pdu};

use super::super::Short;
use super::super::config::{Custom, Gateway, Preset};
use super::super::encode::{Alphabet, alphabet, from_gsm7_octets, from_ucs2_octets, parts};
use super::super::folder::{gammu_file, smstools_file};
use super::super::http::Http;
use super::super::smpp::pdu::{Manner, bytes_of, submits, take};
use super::super::text::{Budget, render};
use crate::channel::testing::{examples, infect};
use crate::notice::{Language, Notice};

/// What the issue asks for.
const STRINGS: u64 = 10_000;

/// What a name may be of.
const SUBJECTS: [SubjectKind; 6] = [
    SubjectKind::Node,
    SubjectKind::Host,
    SubjectKind::Interface,
    SubjectKind::Disk,
    SubjectKind::Process,
    SubjectKind::Prefix,
];

const VALIDITY: Duration = Duration::from_secs(1_800);

const TO: &str = "+79161234567";

fn short(text: &str) -> Short {
    Short { id: "0123-1".to_owned(), to: TO.to_owned(), text: text.to_owned() }
}

/// A text of the same alphabet that is harmless.
fn harmless(text: &str) -> &'static str {
    if alphabet(text) == Alphabet::Gsm7 { "name" } else { "имя" }
}

/// A notice of some kind, language and subject, with `text` in it.
pub(super) fn notice(at: usize, text: &str) -> Notice {
    let kind = examples::KINDS[at % examples::KINDS.len()];
    let language = if (at / examples::KINDS.len()).is_multiple_of(2) { Language::En } else { Language::Ru };
    let mut notice = examples::notice(kind, language);
    notice.code = "K7F2Q9".to_owned();
    for incident in &mut notice.incidents {
        incident.subject.kind = SUBJECTS[at % SUBJECTS.len()];
    }
    // The words of an attack come before those of a rule: every second notice tells of a rule.
    if at.is_multiple_of(2) {
        notice.incidents.reverse();
    }
    infect(notice, text)
}

/// The gateways that send a request: each preset, and each kind of body of one's own.
fn gateways() -> Vec<Http> {
    let custom = |method: &str, body_type: &str, body: &str| Custom {
        method: method.to_owned(),
        body_type: body_type.to_owned(),
        body: body.to_owned(),
        headers: vec!["X-Text: {{text}}".to_owned()],
        ..Custom::default()
    };
    let form = custom("POST", "form", "to={{digits}}&text={{text}}&end=1");
    let json = custom("POST", "json", r#"{"to":"{{to}}","text":"{{text}}","end":1}"#);
    let none = custom("GET", "form", "");
    let presets = [Preset::Twilio, Preset::Vonage, Preset::Smsru, Preset::Smscru, Preset::Kannel];
    let known = presets.map(|preset| (preset, Custom::default()));
    let own = [form, json, none].map(|custom| (Preset::Custom, custom));
    known
        .into_iter()
        .chain(own)
        .map(|(preset, custom)| {
            let url = match preset {
                Preset::Custom => "http://127.0.0.1:1/send?to={{to}}&text={{text}}&end=1",
                _ => "http://127.0.0.1:1",
            };
            let receipt_url = "http://127.0.0.1:1/?id={{id}}&type=%d".to_owned();
            let config = Gateway { preset, custom, url: url.to_owned(), receipt_url, ..Gateway::default() };
            Http::new(&config).expect("a gateway")
        })
        .collect()
}

/// What a server reads in a request: method and place; names and values of headers; pairs of the query and the body.
fn read(request: &Request) -> Vec<(String, String)> {
    let url = request.url();
    let mut pairs = vec![(request.method().to_string(), format!("{} {}", url.authority(), url.path()))];
    for (name, value) in request.headers() {
        let value = String::from_utf8(value.as_bytes().to_vec()).expect("text");
        assert!(!value.contains(char::is_control), "{value:?}");
        pairs.push((name.to_string(), value));
    }
    pairs.extend(url.query_pairs().into_owned());
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    let body = std::str::from_utf8(body).expect("text");
    if body.starts_with('{') {
        let document: serde_json::Value = serde_json::from_str(body).expect("JSON");
        for (key, value) in document.as_object().expect("an object") {
            pairs.push((key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
        }
    } else {
        let mut form = Url::parse("http://form/").expect("a URL");
        form.set_query(Some(body));
        pairs.extend(form.query_pairs().into_owned());
    }
    pairs
}

fn by_http(http: &Http, text: &str) {
    let pairs = |text: &str| read(&http.request_of(&short(text)).expect("a request"));
    let mut expect = pairs(harmless(text));
    let is_text = |(_, value): &&mut (String, String)| value == harmless(text);
    let count = expect.iter_mut().filter(is_text).map(|(_, value)| text.clone_into(value)).count();
    assert!(count >= 1, "{expect:?}");
    assert_eq!(pairs(text), expect, "{text:?}");
}

/// Head and text of smstools' file, as its manual says: headers up to the first empty line.
fn by_smstools(text: &str) {
    let (folder, name, bytes) = smstools_file(&short(text), true, VALIDITY);
    // Beyond ASCII the file names another alphabet.
    let calm = |text: &str| match alphabet(text) {
        Alphabet::Gsm7 if !text.is_ascii() => "é".to_owned(),
        _ => harmless(text).to_owned(),
    };
    let (_, same, calm) = smstools_file(&short(&calm(text)), true, VALIDITY);
    assert_eq!((folder, &name), ("outgoing", &same));
    let end = |bytes: &[u8]| bytes.windows(2).position(|pair| pair == b"\n\n").expect("an empty line") + 2;
    let (head, body) = bytes.split_at(end(&bytes));
    assert_eq!(head, &calm[..end(&calm)], "{text:?}");
    let told = match alphabet(text) {
        Alphabet::Gsm7 => String::from_utf8(body.to_vec()).expect("UTF-8"),
        Alphabet::Ucs2 => from_ucs2_octets(body),
    };
    assert_eq!(told, text);
}

fn by_gammu(text: &str) {
    let (folder, name, bytes) = gammu_file(&short(text), true);
    let (_, same, _) = gammu_file(&short("name"), true);
    assert_eq!((folder, name), ("outbox", same), "{text:?}");
    let told = match bytes.strip_prefix(&[0xfe, 0xff]) {
        Some(rest) => from_ucs2_octets(rest),
        None => String::from_utf8(bytes).expect("ASCII"),
    };
    assert_eq!(told, text);
}

/// As many units as parts, each to the number; their texts are the text.
fn by_smpp(text: &str) {
    let manner = Manner { from: "4321".to_owned(), validity_min: 30, reports: true, payload: false };
    let units = submits(&short(text), &manner).expect("it fits");
    assert_eq!(units.len(), parts(text).len());
    let mut wire = BytesMut::new();
    let count = units.len();
    units
        .into_iter()
        .for_each(|unit| wire.extend_from_slice(&bytes_of(&Command::new(CommandStatus::EsmeRok, 1, unit))));
    let mut told = String::new();
    for _ in 0..count {
        let unit = take(&mut wire).expect("SMPP").expect("a whole unit");
        let Some(Pdu::SubmitSm(unit)) = unit.pdu() else { panic!("a message") };
        assert_eq!(unit.destination_addr.as_str(), TO.trim_start_matches('+'), "{text:?}");
        let octets: &[u8] = unit.short_message().as_ref();
        let octets = if count > 1 { &octets[6..] } else { octets };
        told += &if alphabet(text) == Alphabet::Gsm7 { from_gsm7_octets(octets) } else { from_ucs2_octets(octets) };
    }
    assert!(wire.is_empty() && told == text, "{told:?}, not {text:?}");
}

#[test]
fn hostile_names_inject_no_message_and_no_field() {
    let gateways = gateways();
    let count = gateways.len();
    for (at, name) in strings(faults::runs(STRINGS / 10, STRINGS)).enumerate() {
        let wide = Budget { segments_max: 3, translit: at % 2 == 0, plain: at % 4 == 0 };
        let budget = if at % 5 == 0 { wide } else { Budget::default() };
        let text = render(&notice(at, &name), budget);
        let is_shown = |char: char| !char.is_control() && !crate::words::is_hidden(char);
        assert!(!text.is_empty() && text.chars().all(is_shown), "{text:?}");
        assert!(parts(&text).len() <= budget.segments_max, "{text:?}");
        // Each text goes by one of the gateways, and by every other way.
        by_http(&gateways[at % count], &text);
        by_smstools(&text);
        by_gammu(&text);
        by_smpp(&text);
    }
}
