//! What a provider's HTTP looks like: data, so that a preset is a table and `custom` is the user's own.

use serde_json::Value;

use crate::channel::http::Answer;
use crate::channel::{Receipt, SendError};
use crate::words::line;

/// Characters of an answer that a receipt keeps.
const ANSWER_CHARACTERS_MAX: usize = 200;

/// Characters of a provider's id.
const ID_CHARACTERS_MAX: usize = 80;

/// One kind of request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A GET has none.
    Nothing,
    /// Fields of a form, each value a template; one that renders to nothing is left out.
    Form(Vec<(String, String)>),
    /// A form as one template.
    Encoded(String),
    /// The same, JSON.
    Json(String),
    /// The same, plain text.
    Text(String),
}

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// "GET" or "POST".
    pub method: String,
    /// Template of the URL.
    pub url: String,
    /// Names, and templates of the values.
    pub headers: Vec<(String, String)>,
    /// User and secret go as HTTP's basic authentication.
    pub basic: bool,
    /// What is sent.
    pub body: Body,
    /// What the answer means.
    pub verdict: Verdict,
    /// How to ask what became of a message.
    pub status: Option<StatusCall>,
    /// How to read answers of people.
    pub inbox: Option<InboxCall>,
}

/// What an answer means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// JSON pointers to the provider's code; the first that is there counts. A token `*` is the first element.
    pub codes: Vec<String>,
    /// Codes of success; empty = HTTP's status decides. Without `codes`: how the body of a success begins.
    pub ok: Vec<String>,
    /// Codes that refuse this number.
    pub refused: Vec<String>,
    /// Codes that refuse the account, the sender or the settings.
    pub broken: Vec<String>,
    /// Codes of limits and of trouble that passes.
    pub passing: Vec<String>,
    /// JSON pointers to the message's id.
    pub id: Vec<String>,
    /// Text before the id in an answer that is no JSON.
    pub id_prefix: String,
    /// An answer without an id is no success.
    pub must_have_id: bool,
}

/// How to ask what became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCall {
    /// Template of the URL of a GET.
    pub url: String,
    /// JSON pointers to the state.
    pub states: Vec<String>,
    /// States of a message that arrived.
    pub arrived: Vec<String>,
    /// States of one that never will.
    pub failed: Vec<String>,
}

/// How to read answers of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxCall {
    /// Template of the URL of a GET.
    pub url: String,
    /// JSON pointer to the list.
    pub list: String,
    /// Keys of an entry: id, sender, text.
    pub keys: [String; 3],
    /// Key and value that an entry must have; empty = none.
    pub only: (String, String),
}

/// The scalar at a JSON pointer (RFC 6901), where `*` is the first element of an object or a list.
pub fn scalar(document: &Value, pointer: &str) -> Option<String> {
    let mut here = document;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        here = match here {
            Value::Object(object) if token == "*" => object.values().next()?,
            Value::Object(object) => object.get(&token)?,
            Value::Array(list) if token == "*" => list.first()?,
            Value::Array(list) => list.get(token.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    match here {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn first(document: Option<&Value>, pointers: &[String]) -> Option<String> {
    pointers.iter().find_map(|pointer| scalar(document?, pointer))
}

impl Verdict {
    /// What an answer to a message means. `whose` names the gateway.
    ///
    /// # Errors
    /// It is no success.
    pub fn judge(&self, answer: &Answer, whose: &str) -> Result<Receipt, SendError> {
        let document = serde_json::from_str::<Value>(&answer.body).ok();
        let code = match self.codes.is_empty() {
            true => self.begin(&answer.body),
            false => first(document.as_ref(), &self.codes),
        };
        let told = || format!("{whose}: {}", answer.quote());
        let is_in = |list: &[String]| code.as_ref().is_some_and(|code| list.contains(code));
        if is_in(&self.refused) {
            return Err(SendError::Refused(told()));
        } else if is_in(&self.broken) || answer.status == 402 {
            return Err(SendError::Broken(format!("{}; look at the account with the provider", told())));
        } else if is_in(&self.passing) {
            return Err(SendError::Passing(told()));
        } else if !(200..300).contains(&answer.status) {
            return Err(answer.refusal(whose));
        }
        let provider_id = self.id_of(document.as_ref(), &answer.body);
        let is_ok = self.ok.is_empty() || is_in(&self.ok);
        if !is_ok || self.must_have_id && provider_id.is_empty() {
            return Err(SendError::Passing(format!("{}; this answer is not known as a success", told())));
        }
        let text = line(answer.body.trim(), ANSWER_CHARACTERS_MAX);
        Ok(Receipt { provider_id, answer: text, is_followed: false })
    }

    /// Which of the known beginnings the body has.
    fn begin(&self, body: &str) -> Option<String> {
        let lists = [&self.refused, &self.broken, &self.passing, &self.ok];
        lists.into_iter().flatten().find(|begin| body.trim_start().starts_with(begin.as_str())).cloned()
    }

    fn id_of(&self, document: Option<&Value>, body: &str) -> String {
        let after = |prefix: &str| {
            let (_, rest) = body.split_once(prefix)?;
            let id: String =
                rest.trim_start().chars().take_while(|c| c.is_ascii_graphic() && !",;\"<".contains(*c)).collect();
            Some(id)
        };
        let by_prefix = if self.id_prefix.is_empty() { None } else { after(&self.id_prefix) };
        line(&first(document, &self.id).or(by_prefix).unwrap_or_default(), ID_CHARACTERS_MAX)
    }
}

impl StatusCall {
    /// Whether a message arrived (`Some(true)`), never will (`Some(false)`), or nobody knows yet; and the state.
    pub fn judge(&self, answer: &Answer) -> (Option<bool>, String) {
        let document = serde_json::from_str::<Value>(&answer.body).ok();
        let state = first(document.as_ref(), &self.states).unwrap_or_default();
        let arrived =
            if self.arrived.contains(&state) { Some(true) } else { self.failed.contains(&state).then_some(false) };
        (arrived, line(&state, ID_CHARACTERS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, scalar};
    use crate::channel::SendError;
    use crate::channel::http::Answer;

    fn list(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn pointers_find_scalars() {
        let document = serde_json::json!({"a": [{"b/c": 7}, 2], "m": {"+7": {"ok": true}}, "n": null});
        let check = |pointer: &str, expect: Option<&str>| {
            assert_eq!(scalar(&document, pointer).as_deref(), expect, "{pointer}");
        };
        check("/a/0/b~1c", Some("7"));
        check("/a/*/b~1c", Some("7"));
        check("/m/*/ok", Some("true"));
        check("/a/1", Some("2"));
        check("/a/9", None);
        check("/n", None);
        check("/m", None);
        check("", None);
    }

    #[test]
    fn an_answer_in_plain_text_is_judged_by_its_beginning() {
        let verdict = Verdict {
            ok: list(&["0: Accepted", "OK"]),
            refused: list(&["ERR number"]),
            id_prefix: "id=".to_owned(),
            ..Verdict::default()
        };
        let answer = |status: u16, body: &str| Answer { status, body: body.to_owned(), ..Answer::default() };
        let receipt = verdict.judge(&answer(202, "0: Accepted for delivery"), "x").expect("accepted");
        assert_eq!((receipt.provider_id.as_str(), receipt.answer.as_str()), ("", "0: Accepted for delivery"));
        assert_eq!(verdict.judge(&answer(200, "OK id=55, cost 2"), "x").expect("accepted").provider_id, "55");
        assert!(matches!(verdict.judge(&answer(200, "ERR number"), "x"), Err(SendError::Refused(_))));
        assert!(matches!(verdict.judge(&answer(200, "<html>"), "x"), Err(SendError::Passing(_))));
        assert!(matches!(verdict.judge(&answer(402, ""), "x"), Err(SendError::Broken(_))));
        assert!(matches!(verdict.judge(&answer(503, ""), "x"), Err(SendError::Passing(_))));
    }
}
