//! The providers that are known: where they are, what they take, what their answers mean.
//!
//! Twilio: Messages resource and its error dictionary. Vonage: SMS API, status codes. SMS.ru: "sms/send" and
//! "sms/status", codes. SMSC.ru: send.php, status.php, get.php with fmt=3. Kannel: user guide, "Sending SMS by HTTP".

use super::spec::{Body, InboxCall, Spec, StatusCall, Verdict};
use crate::channel::sms::config::{Custom, Gateway, Preset};

fn list(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn form(pairs: &[(&str, &str)]) -> Body {
    Body::Form(pairs.iter().map(|(key, template)| ((*key).to_owned(), (*template).to_owned())).collect())
}

/// Where a preset's provider is, unless `url` says otherwise.
pub const fn home(preset: Preset) -> &'static str {
    match preset {
        Preset::Twilio => "https://api.twilio.com",
        Preset::Vonage => "https://rest.nexmo.com",
        Preset::Smsru => "https://sms.ru",
        Preset::Smscru => "https://smsc.ru",
        Preset::Kannel => "http://127.0.0.1:13013",
        Preset::Custom => "",
    }
}

/// What the gateway's HTTP looks like.
pub fn spec(config: &Gateway) -> Spec {
    let home = if config.url.is_empty() { home(config.preset) } else { config.url.trim_end_matches('/') };
    match config.preset {
        Preset::Twilio => twilio(home),
        Preset::Vonage => vonage(home),
        Preset::Smsru => smsru(home),
        Preset::Smscru => smscru(home),
        Preset::Kannel => kannel(home),
        Preset::Custom => custom(&config.url, &config.custom),
    }
}

fn twilio(home: &str) -> Spec {
    let messages = format!("{home}/2010-04-01/Accounts/{{{{user}}}}/Messages");
    Spec {
        method: "POST".to_owned(),
        url: format!("{messages}.json"),
        headers: Vec::new(),
        basic: true,
        // An alert that waits for hours in a queue is noise.
        body: form(&[
            ("To", "{{to}}"),
            ("From", "{{from}}"),
            ("Body", "{{text}}"),
            ("ValidityPeriod", "{% if validity_s > 36000 %}36000{% else %}{{validity_s}}{% endif %}"),
        ]),
        verdict: Verdict {
            codes: list(&["/code"]),
            refused: list(&["21211", "21214", "21217", "21265", "21604", "21610", "21612", "21614", "21635"]),
            broken: list(&[
                "20001", "20003", "20005", "20008", "20403", "20404", "21212", "21219", "21266", "21408", "21601",
                "21602", "21603", "21606", "21617", "21659", "21660", "21661", "63007",
            ]),
            passing: list(&["14107", "20429", "20500", "20503", "21611", "30001"]),
            id: list(&["/sid"]),
            must_have_id: true,
            ..Verdict::default()
        },
        status: Some(StatusCall {
            url: format!("{messages}/{{{{provider_id}}}}.json"),
            states: list(&["/status"]),
            arrived: list(&["delivered", "read"]),
            failed: list(&["failed", "undelivered", "canceled"]),
        }),
        inbox: Some(InboxCall {
            url: format!("{messages}.json?To={{{{from}}}}&PageSize=50"),
            list: "/messages".to_owned(),
            keys: ["sid".to_owned(), "from".to_owned(), "body".to_owned()],
            only: ("direction".to_owned(), "inbound".to_owned()),
        }),
    }
}

fn vonage(home: &str) -> Spec {
    Spec {
        method: "POST".to_owned(),
        url: format!("{home}/sms/json"),
        headers: Vec::new(),
        basic: false,
        body: form(&[
            ("api_key", "{{user}}"),
            ("api_secret", "{{secret}}"),
            ("from", "{{from}}"),
            ("to", "{{digits}}"),
            ("text", "{{text}}"),
            ("type", "{% if alphabet == \"ucs2\" %}unicode{% else %}text{% endif %}"),
            ("ttl", "{% if validity_s < 20 %}20000{% else %}{{validity_s * 1000}}{% endif %}"),
            ("client-ref", "{{number}}"),
        ]),
        verdict: Verdict {
            codes: list(&["/messages/*/status"]),
            ok: list(&["0"]),
            refused: list(&["3", "6", "7", "22", "29", "33"]),
            broken: list(&["2", "4", "8", "9", "11", "12", "14", "15", "23"]),
            passing: list(&["1", "5", "10"]),
            id: list(&["/messages/*/message-id"]),
            must_have_id: true,
            ..Verdict::default()
        },
        // Its receipts come as calls to a public URL, which a server under attack need not have.
        status: None,
        inbox: None,
    }
}

fn smsru(home: &str) -> Spec {
    let account = "api_id={{secret}}&json=1";
    Spec {
        method: "POST".to_owned(),
        url: format!("{home}/sms/send"),
        headers: Vec::new(),
        basic: false,
        body: form(&[
            ("api_id", "{{secret}}"),
            ("json", "1"),
            ("to", "{{digits}}"),
            ("msg", "{{text}}"),
            ("from", "{{from}}"),
            ("ttl", "{% if validity_min > 1440 %}1440{% else %}{{validity_min}}{% endif %}"),
        ]),
        verdict: Verdict {
            codes: list(&["/sms/*/status_code", "/status_code"]),
            ok: list(&["100"]),
            refused: list(&["202", "207", "209"]),
            broken: list(&[
                "200", "201", "203", "204", "205", "208", "210", "211", "212", "213", "214", "300", "301", "302",
                "303", "304", "305",
            ]),
            passing: list(&["206", "215", "216", "217", "220", "221", "230", "231", "232", "233", "500", "507"]),
            id: list(&["/sms/*/sms_id"]),
            must_have_id: true,
            ..Verdict::default()
        },
        status: Some(StatusCall {
            url: format!("{home}/sms/status?{account}&sms_id={{{{provider_id}}}}"),
            states: list(&["/sms/*/status_code"]),
            arrived: list(&["103", "110"]),
            failed: list(&["104", "105", "106", "107", "108", "150"]),
        }),
        inbox: None,
    }
}

fn smscru(home: &str) -> Spec {
    let account = "login={{user}}&psw={{secret}}&charset=utf-8&fmt=3";
    Spec {
        method: "POST".to_owned(),
        url: format!("{home}/sys/send.php"),
        headers: Vec::new(),
        basic: false,
        body: form(&[
            ("login", "{{user}}"),
            ("psw", "{{secret}}"),
            ("charset", "utf-8"),
            ("fmt", "3"),
            ("phones", "{{digits}}"),
            ("mes", "{{text}}"),
            ("sender", "{{from}}"),
            // The same number for the same message, so that a repeat is known as one.
            ("id", "{{number}}"),
            (
                "valid",
                "{% if validity_min < 60 %}00:{% if validity_min < 10 %}0{% endif %}{{validity_min}}{% else %}01:00{% endif %}",
            ),
        ]),
        verdict: Verdict {
            codes: list(&["/error_code"]),
            refused: list(&["6", "7", "8"]),
            broken: list(&["1", "2", "3", "5"]),
            passing: list(&["4", "9"]),
            id: list(&["/id"]),
            must_have_id: true,
            ..Verdict::default()
        },
        status: Some(StatusCall {
            url: format!("{home}/sys/status.php?{account}&phone={{{{digits}}}}&id={{{{provider_id}}}}"),
            states: list(&["/status"]),
            arrived: list(&["1", "2", "4"]),
            failed: list(&["3", "20", "22", "23", "24", "25"]),
        }),
        inbox: Some(InboxCall {
            url: format!("{home}/sys/get.php?get_answers=1&{account}"),
            list: String::new(),
            keys: ["id".to_owned(), "phone".to_owned(), "message".to_owned()],
            only: Default::default(),
        }),
    }
}

fn kannel(home: &str) -> Spec {
    let query = "username={{user}}&password={{secret}}&to={{to}}&from={{from}}&charset=UTF-8&text={{text}}\
                 &coding={% if alphabet == \"ucs2\" %}2{% else %}0{% endif %}&validity={{validity_min}}\
                 {% if receipt_url %}&dlr-mask=31&dlr-url={{receipt_url}}{% endif %}";
    Spec {
        method: "GET".to_owned(),
        url: format!("{home}/cgi-bin/sendsms?{query}"),
        headers: Vec::new(),
        basic: false,
        body: Body::Nothing,
        verdict: Verdict {
            ok: list(&["0: Accepted", "3: Queued", "Sent."]),
            broken: list(&["Authorization failed", "Sender missing", "Empty text"]),
            passing: list(&["Temporal failure"]),
            ..Verdict::default()
        },
        status: None,
        inbox: None,
    }
}

fn custom(url: &str, custom: &Custom) -> Spec {
    let body = || custom.body.clone();
    let headers = custom.headers.iter().filter_map(|header| header.split_once(':'));
    Spec {
        method: custom.method.to_ascii_uppercase(),
        url: url.to_owned(),
        headers: headers.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect(),
        basic: false,
        body: match custom.body_type.as_str() {
            _ if custom.body.is_empty() => Body::Nothing,
            "json" => Body::Json(body()),
            "text" => Body::Text(body()),
            _ => Body::Encoded(body()),
        },
        verdict: Verdict {
            codes: if custom.ok_pointer.is_empty() { Vec::new() } else { vec![custom.ok_pointer.clone()] },
            ok: custom.ok_values.clone(),
            refused: custom.refused_values.clone(),
            broken: custom.broken_values.clone(),
            id: if custom.id_pointer.is_empty() { Vec::new() } else { vec![custom.id_pointer.clone()] },
            id_prefix: custom.id_prefix.clone(),
            ..Verdict::default()
        },
        status: None,
        inbox: None,
    }
}
