//! What the search form asks for.

use store::AddressRange;

use crate::page::query::Typed;
use crate::page::when;
use crate::stored::search::{Cursor, Wanted};
use crate::words::Language;

/// Names of protocols that may be typed and that are shown; others are their number.
pub const PROTOCOLS: [(u8, &str); 8] =
    [(6, "tcp"), (17, "udp"), (1, "icmp"), (58, "icmp6"), (132, "sctp"), (47, "gre"), (50, "esp"), (2, "igmp")];

/// A question that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What is searched for.
    pub wanted: Wanted,
    /// Where to go on.
    pub cursor: Option<Cursor>,
}

/// Why a question makes no sense, with what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nonsense {
    Address(String),
    Port(String),
    Protocol(String),
    Time(String),
    Backwards,
    Future,
    Cursor,
}

impl Nonsense {
    /// For people, with what would be right.
    pub fn words(&self, language: Language) -> String {
        let (text, en, ru) = match self {
            Nonsense::Address(text) => (
                text,
                "is not an address or a prefix: write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32.",
                "— не адрес и не префикс: пишите 192.0.2.7, 192.0.2.0/24 или 2001:db8::/32.",
            ),
            Nonsense::Port(text) => {
                (text, "is not a port: write a number from 0 to 65535.", "— не порт: пишите число от 0 до 65535.")
            }
            Nonsense::Protocol(text) => (
                text,
                "is not a protocol: write tcp, udp, icmp or a number from 0 to 255.",
                "— не протокол: пишите tcp, udp, icmp или число от 0 до 255.",
            ),
            Nonsense::Time(text) => (
                text,
                "is not a time: write it as 2026-11-22T06:30 or 2026-11-22.",
                "— не время: пишите так: 2026-11-22T06:30 или 2026-11-22.",
            ),
            Nonsense::Backwards => {
                return language.pick("The time ends before it begins.", "Конец времени раньше начала.").to_owned();
            }
            Nonsense::Future => {
                return language.pick("The time begins in the future.", "Начало времени — в будущем.").to_owned();
            }
            Nonsense::Cursor => {
                return language
                    .pick(
                        "The place to go on from makes no sense: search again.",
                        "Место, с которого продолжать, непонятно: начните поиск заново.",
                    )
                    .to_owned();
            }
        };
        match language {
            Language::En => format!("“{text}” {en}"),
            Language::Ru => format!("«{text}» {ru}"),
        }
    }
}

impl Asked {
    /// Understands what was typed; `now` in UNIX seconds.
    ///
    /// # Errors
    /// What makes no sense.
    pub fn of(typed: &Typed, now: u32) -> Result<Asked, Nonsense> {
        let field = |name: &str| Some(typed.get(name).to_owned()).filter(|text| !text.is_empty());
        let host = |text: String| text.parse::<AddressRange>().map_err(|_| Nonsense::Address(text));
        let port = |text: String| text.parse::<u16>().map_err(|_| Nonsense::Port(text));
        let time = |text: String| when::parse(&text).ok_or(Nonsense::Time(text));
        let since = field("from").map(time).transpose()?.unwrap_or(0);
        // Rows of a machine whose clock is ahead are found too.
        let until = field("to").map(time).transpose()?.unwrap_or(u32::MAX);
        if since > now {
            return Err(Nonsense::Future);
        }
        if since >= until {
            return Err(Nonsense::Backwards);
        }
        Ok(Asked {
            wanted: Wanted {
                since,
                until,
                host: field("address").map(host).transpose()?,
                port: field("port").map(port).transpose()?,
                protocol: field("protocol").map(protocol).transpose()?,
            },
            cursor: field("cursor").map(|text| text.parse().map_err(|_| Nonsense::Cursor)).transpose()?,
        })
    }
}

/// A protocol by name or number.
fn protocol(text: String) -> Result<u8, Nonsense> {
    let name = text.to_ascii_lowercase();
    let known = PROTOCOLS.iter().find(|(_, known)| *known == name).map(|&(number, _)| number);
    known.or_else(|| name.parse().ok()).ok_or(Nonsense::Protocol(text))
}

#[cfg(test)]
mod tests {
    use super::{Asked, Nonsense};
    use crate::page::query::tests::typed;

    const NOW: u32 = 1_795_329_016;

    #[test]
    fn what_was_typed_is_understood() {
        let asked = Asked::of(
            &typed(&[
                ("address", " 192.0.2.0/24 "),
                ("port", "443"),
                ("protocol", "TCP"),
                ("cursor", "1700000000.1.2.3.4"),
            ]),
            NOW,
        );
        let asked = asked.expect("a question");
        assert_eq!((asked.wanted.port, asked.wanted.protocol), (Some(443), Some(6)));
        assert!(asked.wanted.host.is_some() && asked.cursor.is_some());
        assert_eq!(Asked::of(&typed(&[("protocol", "255")]), NOW).map(|asked| asked.wanted.protocol), Ok(Some(255)));
    }

    #[test]
    fn nonsense_is_told_by_its_field() {
        let check = |pairs: &[(&str, &str)], expect: Nonsense| {
            assert_eq!(Asked::of(&typed(pairs), NOW), Err(expect), "{pairs:?}");
        };
        for text in ["host", "1.2.3.4/33", "::/129", "\u{fffd}", "=1+1"] {
            check(&[("address", text)], Nonsense::Address(text.to_owned()));
        }
        for text in ["65536", "-1", "http"] {
            check(&[("port", text)], Nonsense::Port(text.to_owned()));
        }
        check(&[("protocol", "256")], Nonsense::Protocol("256".to_owned()));
        check(&[("from", "soon")], Nonsense::Time("soon".to_owned()));
        check(&[("from", "2100-01-01")], Nonsense::Future);
        check(&[("from", "1795329000"), ("to", "1795328000")], Nonsense::Backwards);
        check(&[("cursor", "99999999999999999999")], Nonsense::Cursor);
    }
}
