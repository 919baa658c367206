//! Templates of requests: strict (an unknown field is an error), each value escaped for the place where it stands.

use std::fmt::Write;

use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use serde::Serialize;

/// Longest result of a template, bytes: the longest message is a few hundred characters.
const BYTES_MAX: usize = 64 << 10;

/// The place where values stand, and so how they are escaped. No template can switch it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Query, path or form: percent signs.
    Url,
    /// Within the quotes of a JSON string.
    Json,
    /// A header's value: no control characters.
    Header,
    /// As it is: the receiving side has no syntax, or somebody else escapes.
    Nothing,
}

/// What templates may name.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Fields {
    /// Number with `+`.
    pub to: String,
    /// Number without `+`.
    pub digits: String,
    /// The text.
    pub text: String,
    /// "gsm7" or "ucs2".
    pub alphabet: String,
    /// Ours; stable over repeats.
    pub id: String,
    /// The same as a number from 1 to 2147483647.
    pub number: u32,
    /// The provider's, in a question after a message.
    pub provider_id: String,
    /// Sender.
    pub from: String,
    /// Account.
    pub user: String,
    /// Its secret.
    pub secret: String,
    /// Seconds after which the message is of no use.
    pub validity_s: u64,
    /// The same in minutes, at least 1.
    pub validity_min: u64,
    /// Key `receipt_url`, rendered.
    pub receipt_url: String,
}

impl Fields {
    /// Values that let a template be tried.
    pub fn example() -> Fields {
        let text = |text: &str| text.to_owned();
        Fields {
            to: text("+79161234567"),
            digits: text("79161234567"),
            text: text("text"),
            alphabet: text("gsm7"),
            id: text("id"),
            number: 1,
            provider_id: text("id"),
            from: text("from"),
            user: text("user"),
            secret: text("secret"),
            validity_s: 60,
            validity_min: 1,
            receipt_url: text("http://127.0.0.1/"),
        }
    }
}

/// `template` with its fields.
///
/// # Errors
/// What is wrong with the template, without the values.
pub fn render(template: &str, escape: Escape, fields: &Fields) -> Result<String, String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(move |output, _, value: &Value| {
        if value.is_undefined() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        output.write_str(&escaped(&text, escape)).map_err(Error::from)
    });
    let told = |error: Error| match error.line() {
        Some(line) => format!("line {line}: {}", error.kind_and_detail()),
        None => error.kind_and_detail(),
    };
    let rendered = environment.render_str(template, Value::from(Serde(fields))).map_err(told)?;
    if rendered.len() > BYTES_MAX {
        return Err(format!("it makes {} bytes, at most {BYTES_MAX} are sent", rendered.len()));
    }
    Ok(rendered)
}

/// An error of a template in one line.
trait Told {
    fn kind_and_detail(&self) -> String;
}

impl Told for Error {
    fn kind_and_detail(&self) -> String {
        match self.detail() {
            Some(detail) => format!("{}: {detail}", self.kind()),
            None => self.kind().to_string(),
        }
    }
}

/// `text` as it may stand in that place.
pub fn escaped(text: &str, escape: Escape) -> String {
    match escape {
        Escape::Nothing => text.to_owned(),
        Escape::Header => text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect(),
        Escape::Url => text.bytes().fold(String::with_capacity(text.len()), |mut url, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                url.push(char::from(byte));
            } else {
                // Writing into a String cannot fail.
                let _ = write!(url, "%{byte:02X}");
            }
            url
        }),
        Escape::Json => {
            let quoted = serde_json::to_string(text).unwrap_or_default();
            quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Escape, Fields, escaped, render};

    fn fields(text: &str) -> Fields {
        Fields { text: text.to_owned(), ..Fields::example() }
    }

    #[test]
    fn values_are_escaped_for_their_place() {
        let check = |template: &str, escape: Escape, text: &str, expect: &str| {
            assert_eq!(render(template, escape, &fields(text)).as_deref(), Ok(expect));
        };
        check("to={{to}}&text={{ text }}", Escape::Url, "a&b=c d+й", "to=%2B79161234567&text=a%26b%3Dc%20d%2B%D0%B9");
        check(r#"{"t":"{{text}}"}"#, Escape::Json, "\"},{\"x\":\"\n", r#"{"t":"\"},{\"x\":\"\n"}"#);
        check(r#"{"t":"{{text|safe}}"}"#, Escape::Json, "\"\"", r#"{"t":"\"\""}"#);
        check("{{text}}", Escape::Header, "a\r\nBcc: x", "a  Bcc: x");
        check("{{text}}", Escape::Nothing, "{{secret}}", "{{secret}}");
        check("{% if alphabet == 'gsm7' %}text{% else %}unicode{% endif %}", Escape::Nothing, "", "text");
        check("{{number}}", Escape::Json, "", "1");
    }

    #[test]
    fn quotes_at_the_ends_of_json_stay() {
        assert_eq!(escaped("\"", Escape::Json), "\\\"");
        assert_eq!(escaped("", Escape::Json), "");
    }

    #[test]
    fn what_is_wrong_is_told_without_values() {
        let check = |template: &str, told: &str| {
            let error = render(template, Escape::Url, &fields("hunter2")).expect_err(template);
            assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
        };
        check("{{ txet }}", "undefined");
        check("{{ text", "line 1");
        check("{% for x in range(10) %}", "syntax");
        check("{{ text|nothing }}", "unknown filter");
        check("{% for a in text %}{{ missing }}{% endfor %}", "undefined");
    }
}
