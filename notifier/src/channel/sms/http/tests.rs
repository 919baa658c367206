//! Each preset against a server of the test's own, with the provider's answers, and one that hangs and breaks off.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::super::config::{Custom, Gateway, Preset};
use super::super::{Inbound, Short, Sms};
use super::{Http, check, number_of};
use crate::channel::{Delivery, Message, Receipt, SendError};

/// What the server does with one request.
#[derive(Clone, Copy)]
enum Act {
    /// Status and body.
    Answer(u16, &'static str),
    /// Takes the request and says nothing.
    Hang,
    /// Takes the request and resets the connection.
    Reset,
}

struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// Does what `acts` say, one after the other; the last one for ever.
fn server(acts: Vec<Act>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let requests = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&requests);
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let Some(request) = read(&stream) else { continue };
            let number = {
                let mut kept = kept.lock().expect("no panic");
                kept.push(request);
                kept.len() - 1
            };
            match acts.get(number).or(acts.last()).copied().unwrap_or(Act::Hang) {
                Act::Answer(status, body) => {
                    let length = body.len();
                    let _ = write!(
                        stream,
                        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                    );
                }
                Act::Hang => held.push(stream),
                // Unread bytes at a close make the kernel send a reset.
                Act::Reset => drop(stream),
            }
        }
    });
    Server { url, requests }
}

fn read(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0usize);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
        head += &line;
    }
    let mut body = vec![0; length.min(1 << 16)];
    reader.read_exact(&mut body).ok()?;
    Some(format!("{head}\n{}", String::from_utf8_lossy(&body)))
}

fn secret() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let path = dir.path().join("secret");
    std::fs::write(&path, "s&cret\n").expect("a file");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("its mode");
    (dir, path)
}

fn gateway(preset: Preset, url: &str, secret_file: &std::path::Path) -> Gateway {
    Gateway {
        name: "g".to_owned(),
        preset,
        url: url.to_owned(),
        user: "AC1".to_owned(),
        from: "+12025550100".to_owned(),
        secret_file: secret_file.to_path_buf(),
        time_limit: Duration::from_millis(600),
        ..Gateway::default()
    }
}

fn short(text: &str) -> Short {
    Short { id: "m-1".to_owned(), to: "+79161234567".to_owned(), text: text.to_owned() }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}

fn send(preset: Preset, act: Act, text: &str) -> (Result<Receipt, SendError>, String) {
    let (_dir, secret) = secret();
    let server = server(vec![act]);
    let http = Http::new(&gateway(preset, &server.url, &secret)).expect("a gateway");
    let outcome = wait(http.send(&short(text)));
    let request = server.requests.lock().expect("no panic").first().cloned().unwrap_or_default();
    assert!(!format!("{outcome:?}").contains("s&cret"), "{outcome:?}");
    (outcome, request)
}

/// The class of an outcome, in a letter.
fn class(outcome: &Result<Receipt, SendError>) -> &'static str {
    match outcome {
        Ok(_) => "ok",
        Err(SendError::Passing(_)) => "passing",
        Err(SendError::Unknown(_)) => "unknown",
        Err(SendError::Refused(_)) => "refused",
        Err(SendError::Broken(_)) => "broken",
    }
}

#[test]
fn every_answer_of_every_provider_has_its_class() {
    let check = |preset: Preset, status: u16, body: &'static str, expect: &str, id: &str| {
        let (outcome, _) = send(preset, Act::Answer(status, body), "text");
        assert_eq!(class(&outcome), expect, "{preset:?} {body}: {outcome:?}");
        if let Ok(receipt) = outcome {
            assert_eq!(receipt.provider_id, id, "{preset:?}");
        }
    };
    let twilio = Preset::Twilio;
    check(twilio, 201, r#"{"sid":"SM1","status":"queued","error_code":null}"#, "ok", "SM1");
    check(twilio, 400, r#"{"code":21211,"message":"Invalid 'To'","status":400}"#, "refused", "");
    check(twilio, 401, r#"{"code":20003,"message":"Authenticate","status":401}"#, "broken", "");
    check(twilio, 400, r#"{"code":21606,"message":"not a valid From","status":400}"#, "broken", "");
    check(twilio, 429, r#"{"code":20429,"message":"Too Many Requests","status":429}"#, "passing", "");
    check(twilio, 503, "<html>", "passing", "");
    let vonage = Preset::Vonage;
    check(vonage, 200, r#"{"message-count":"1","messages":[{"status":"0","message-id":"0A"}]}"#, "ok", "0A");
    check(vonage, 200, r#"{"messages":[{"status":"6","error-text":"unroutable"}]}"#, "refused", "");
    check(vonage, 200, r#"{"messages":[{"status":"9","error-text":"Quota Exceeded"}]}"#, "broken", "");
    check(vonage, 200, r#"{"messages":[{"status":"4","error-text":"Bad Credentials"}]}"#, "broken", "");
    check(vonage, 200, r#"{"messages":[{"status":"1","error-text":"Throttled"}]}"#, "passing", "");
    let smsru = Preset::Smsru;
    let ok =
        r#"{"status":"OK","status_code":100,"sms":{"79161234567":{"status":"OK","status_code":100,"sms_id":"000-1"}}}"#;
    check(smsru, 200, ok, "ok", "000-1");
    let wrong = r#"{"status":"OK","status_code":100,"sms":{"79161234567":{"status":"ERROR","status_code":207}}}"#;
    check(smsru, 200, wrong, "refused", "");
    check(smsru, 200, r#"{"status":"ERROR","status_code":200,"status_text":"api_id"}"#, "broken", "");
    check(smsru, 200, r#"{"status":"ERROR","status_code":201}"#, "broken", "");
    check(smsru, 200, r#"{"status":"ERROR","status_code":206}"#, "passing", "");
    check(smsru, 200, r#"{"status":"ERROR","status_code":220}"#, "passing", "");
    let smscru = Preset::Smscru;
    check(smscru, 200, r#"{"id":1234,"cnt":1}"#, "ok", "1234");
    check(smscru, 200, r#"{"error":"invalid number","error_code":7,"id":1}"#, "refused", "");
    check(smscru, 200, r#"{"error":"no money","error_code":3}"#, "broken", "");
    check(smscru, 200, r#"{"error":"authorise error","error_code":2}"#, "broken", "");
    check(smscru, 200, r#"{"error":"duplicate","error_code":9}"#, "passing", "");
    check(smscru, 200, "<html>maintenance</html>", "passing", "");
    let kannel = Preset::Kannel;
    check(kannel, 202, "0: Accepted for delivery", "ok", "");
    check(kannel, 202, "3: Queued for later delivery", "ok", "");
    check(kannel, 403, "Authorization failed for sendsms", "broken", "");
    check(kannel, 503, "Temporal failure, try again later.", "passing", "");
}

#[test]
fn a_hang_and_a_reset_may_have_been_delivered() {
    for act in [Act::Hang, Act::Reset] {
        let (outcome, request) = send(Preset::Smsru, act, "text");
        assert_eq!(class(&outcome), "unknown", "{outcome:?}");
        assert!(request.contains("msg=text"));
    }
    let (_dir, secret) = secret();
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let http = Http::new(&gateway(Preset::Smsru, &format!("http://{closed}"), &secret)).expect("a gateway");
    assert_eq!(class(&wait(http.send(&short("text")))), "passing");
}

#[test]
fn requests_are_what_the_providers_take() {
    let answer = Act::Answer(200, "{}");
    let check = |preset: Preset, text: &str, expect: &[&str]| {
        let (_, request) = send(preset, answer, text);
        assert!(request.contains("idempotency-key: m-1\r\n"), "{request}");
        for part in expect {
            assert!(request.contains(part), "{preset:?}: {part} is not in {request}");
        }
    };
    check(
        Preset::Twilio,
        "a+б",
        &[
            "POST /2010-04-01/Accounts/AC1/Messages.json HTTP/1.1",
            "authorization: Basic QUMxOnMmY3JldA==",
            "\nTo=%2B79161234567&From=%2B12025550100&Body=a%2B%D0%B1&ValidityPeriod=1800",
        ],
    );
    check(
        Preset::Vonage,
        "б",
        &["POST /sms/json", "api_secret=s%26cret", "to=79161234567", "type=unicode", "ttl=1800000"],
    );
    check(Preset::Vonage, "b", &["type=text"]);
    check(
        Preset::Smsru,
        "a&to=1",
        &["POST /sms/send", "api_id=s%26cret&json=1&to=79161234567&msg=a%26to%3D1&from=%2B12025550100&ttl=30"],
    );
    let id = format!("&id={}", number_of("m-1"));
    check(
        Preset::Smscru,
        "б",
        &["POST /sys/send.php", "login=AC1&psw=s%26cret", "charset=utf-8", "mes=%D0%B1", &id, "valid=00%3A30"],
    );
    check(
        Preset::Kannel,
        "б г",
        &[
            "GET /cgi-bin/sendsms?username=AC1&password=s%26cret&to=%2B79161234567",
            "text=%D0%B1%20%D0%B3&coding=2&validity=30 HTTP",
        ],
    );
}

#[test]
fn a_custom_gateway_is_what_its_templates_say() {
    let (_dir, secret) = secret();
    let server = server(vec![Act::Answer(200, r#"{"state":"queued","ref":{"id":77}}"#)]);
    let custom = Custom {
        method: "POST".to_owned(),
        headers: vec!["X-Token: {{secret}}".to_owned(), "X-Ref: {{number}}".to_owned()],
        body_type: "json".to_owned(),
        body: r#"{"msisdn":"{{digits}}","body":"{{text}}"}"#.to_owned(),
        ok_pointer: "/state".to_owned(),
        ok_values: vec!["queued".to_owned()],
        id_pointer: "/ref/id".to_owned(),
        ..Custom::default()
    };
    let config = Gateway { custom, ..gateway(Preset::Custom, &format!("{}/x?u={{{{user}}}}", server.url), &secret) };
    let mut problems = Vec::new();
    check(&config, "k", &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    let http = Http::new(&config).expect("a gateway");
    let receipt = wait(http.send(&short("a\"b\r\nc"))).expect("accepted");
    assert_eq!(receipt.provider_id, "77");
    let request = server.requests.lock().expect("no panic")[0].clone();
    assert!(request.starts_with("POST /x?u=AC1 HTTP/1.1\r\n") && request.contains("x-token: s&cret\r\n"), "{request}");
    assert!(request.ends_with(r#"{"msisdn":"79161234567","body":"a\"b\r\nc"}"#), "{request}");
}

#[test]
fn deliveries_and_answers_are_asked_for() {
    let (_dir, secret) = secret();
    let state = |code: u16| match code {
        102 => Act::Answer(200, r#"{"status":"OK","sms":{"000-1":{"status":"OK","status_code":102}}}"#),
        _ => Act::Answer(200, r#"{"status":"OK","sms":{"000-1":{"status":"OK","status_code":103}}}"#),
    };
    let provider = server(vec![state(102), state(103)]);
    let http = Http::new(&gateway(Preset::Smsru, &provider.url, &secret)).expect("a gateway");
    let found = wait(async {
        let now = tokio::time::Instant::now();
        http.follow("000-1", "+79161234567");
        assert!(http.receipts_at(now).await.is_empty(), "not due yet");
        let at = |seconds: u64| http.receipts_at(now + Duration::from_secs(seconds));
        assert!(at(6).await.is_empty(), "on its way");
        assert!(at(10).await.is_empty(), "not due again");
        at(20).await
    });
    assert_eq!(found, [Delivery { provider_id: "000-1".to_owned(), arrived: true, answer: "103".to_owned() }]);
    assert!(
        provider.requests.lock().expect("no panic")[0]
            .starts_with("GET /sms/status?api_id=s%26cret&json=1&sms_id=000-1 ")
    );

    let list = r#"{"messages":[{"sid":"SM1","direction":"inbound","from":"+79161234567","body":"K7F2Q9\n"},
        {"sid":"SM2","direction":"outbound-api","from":"+1","body":"x"},{"sid":7,"direction":"inbound"}]}"#;
    let twilio = server(vec![Act::Answer(200, list)]);
    let http = Http::new(&gateway(Preset::Twilio, &twilio.url, &secret)).expect("a gateway");
    let inbound = wait(http.inbound());
    assert_eq!(inbound.first(), Some(&Inbound { from: "+79161234567".to_owned(), text: "K7F2Q9?".to_owned() }));
    assert!(wait(http.inbound()).is_empty(), "once");
    // Answers are read only where `inbound` is set.
    let sms = Sms::new(&gateway(Preset::Twilio, &twilio.url, &secret)).expect("a gateway");
    assert!(wait(sms.inbound()).is_empty());
    assert_eq!(twilio.requests.lock().expect("no panic").len(), 2);
}

#[test]
fn a_number_that_is_none_is_refused_before_anything_is_sent() {
    let (_dir, secret) = secret();
    let provider = server(vec![Act::Answer(200, "{}")]);
    let sms = Sms::new(&gateway(Preset::Smsru, &provider.url, &secret)).expect("a gateway");
    for to in ["", "ann@example.org", "+7916\r\nTo: 1", "123"] {
        let outcome = wait(sms.deliver(&Message { to: to.to_owned(), ..Message::default() }));
        assert_eq!(class(&outcome), "refused", "{to}");
    }
    assert!(provider.requests.lock().expect("no panic").is_empty());
    let gone = Gateway { secret_file: "/nowhere/secret".into(), ..gateway(Preset::Smsru, &provider.url, &secret) };
    assert!(matches!(Sms::new(&gone).err(), Some(SendError::Broken(told)) if told.contains("/nowhere/secret")));
}

#[test]
fn ids_have_a_number_that_stays() {
    assert_eq!(number_of("m-1"), number_of("m-1"));
    assert_ne!(number_of("m-1"), number_of("m-2"));
    assert!((0..1_000).all(|id| (1..=0x7fff_ffff).contains(&number_of(&id.to_string()))));
}
