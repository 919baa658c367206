//! Numbers with their units, as people read them: three digits, SI thousands, a decimal comma in Russian.
//!
//! The digits of a rate keep their number (`8.00`, `12.0`, `812`), so that a live value does not jump about. Number and
//! unit are held together by a narrow no-break space. `assets/words.js` says the same of live values.

use std::time::Duration;

use live::incident::Unit;

use super::Language;

/// Between number and unit, and between groups of three digits: narrow, and no line ends there.
pub const SPACE: char = '\u{202f}';

/// How far a number goes before it is scaled.
const SCALES: [f64; 5] = [1e0, 1e3, 1e6, 1e9, 1e12];

/// What a scaled count is followed by.
const THOUSANDS: [[&str; 5]; 2] = [["", "k", "M", "G", "T"], ["", "тыс.", "млн", "млрд", "трлн"]];

const BITS: [[&str; 5]; 2] =
    [["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"], ["бит/с", "кбит/с", "Мбит/с", "Гбит/с", "Тбит/с"]];

const BYTES: [[&str; 5]; 2] = [["B", "kB", "MB", "GB", "TB"], ["Б", "кБ", "МБ", "ГБ", "ТБ"]];

/// Bits a second: "812 Mbit/s", "8,12 Гбит/с".
pub fn bits_per_second(value: f64, language: Language) -> String {
    united(value, language, BITS)
}

/// Wire bytes of a time as bits a second.
pub fn bytes_as_bits(bytes: u64, seconds: f64, language: Language) -> String {
    bits_per_second(bytes as f64 * 8.0 / seconds, language)
}

/// Anything a second: "118 k/s", "118 тыс./с".
pub fn per_second(value: f64, language: Language) -> String {
    suffixed(value, language, "/s", "/с")
}

/// Packets a second: "118 k packets/s", "118 тыс. пак/с".
pub fn packets_per_second(value: f64, language: Language) -> String {
    suffixed(value, language, "packets/s", "пак/с")
}

/// Bytes: "9.00 TB", "512 B". Thousands are 1000, as on the wire.
pub fn bytes(value: u64, language: Language) -> String {
    united(value as f64, language, BYTES)
}

/// A whole number, every digit of it: "1 234 567".
pub fn count(value: u64, _language: Language) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(SPACE);
        }
        text.push(digit);
    }
    text
}

/// A count in three digits: "1.23 M", "1,23 млн".
pub fn about(value: f64, language: Language) -> String {
    let (number, scale) = scaled(value, language);
    joined(&number, THOUSANDS[place(language)][scale])
}

/// Percent: "5.2 %", "75 %".
pub fn percent(value: f64, language: Language) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    let places = usize::from(value.abs() < 9.95);
    joined(&pointed(format!("{value:.places$}"), language), "%")
}

/// A plain number with up to two places, such as a load of "5.32".
pub fn decimal(value: f64, places: usize, language: Language) -> String {
    if value.is_finite() { pointed(format!("{value:.places$}"), language) } else { "?".to_owned() }
}

/// How long, in its two largest units: "14 s", "2 h 5 min", "3 d 4 h".
pub fn duration(value: Duration, language: Language) -> String {
    let seconds = value.as_secs();
    let [day, hour, minute, second] = language.pick(["d", "h", "min", "s"], ["д", "ч", "мин", "с"]);
    let [days, hours, minutes] = [seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60];
    match (days, hours, minutes) {
        (0, 0, 0) if seconds == 0 && !value.is_zero() => {
            joined(&value.as_millis().to_string(), language.pick("ms", "мс"))
        }
        (0, 0, 0) => joined(&seconds.to_string(), second),
        (0, 0, _) => two(minutes, minute, seconds % 60, second),
        (0, _, _) => two(hours, hour, minutes, minute),
        _ => two(days, day, hours, hour),
    }
}

/// A value of an incident with its unit.
pub fn amount(value: f64, unit: Unit, language: Language) -> String {
    let seconds = |value: f64| Duration::from_secs_f64(value.clamp(0.0, 1e12));
    if !value.is_finite() {
        return "?".to_owned();
    }
    match unit {
        Unit::Count if value.abs() >= 1e5 => about(value, language),
        Unit::Count => trimmed(value, language),
        Unit::Percent => percent(value, language),
        Unit::Bytes => united(value, language, BYTES),
        Unit::Seconds => duration(seconds(value), language),
        Unit::Hours => duration(seconds(value * 3600.0), language),
        Unit::Celsius => joined(&trimmed(value, language), "°C"),
        Unit::PacketsPerSecond => packets_per_second(value, language),
        Unit::BitsPerSecond => bits_per_second(value, language),
        Unit::FlowsPerSecond => suffixed(value, language, "flows/s", "потоков/с"),
        Unit::PerSecond => per_second(value, language),
    }
}

const fn place(language: Language) -> usize {
    match language {
        Language::En => 0,
        Language::Ru => 1,
    }
}

/// Up to two places, without zeros at the end.
fn trimmed(value: f64, language: Language) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    pointed(if text == "-0" { "0" } else { text }.to_owned(), language)
}

fn pointed(text: String, language: Language) -> String {
    match language {
        Language::En => text,
        Language::Ru => text.replace('.', ","),
    }
}

/// Three digits, and how many thousands were taken out. What is not scaled is whole: there is no half packet.
fn scaled(value: f64, language: Language) -> (String, usize) {
    if !value.is_finite() {
        return ("?".to_owned(), 0);
    }
    // 999.6 k is shown as 1.00 M, not as 1000 k.
    let scale = SCALES.iter().rposition(|scale| value.abs() >= scale * 0.9995).unwrap_or(0);
    let value = value / SCALES[scale];
    let places = match value.abs() {
        _ if scale == 0 => 0,
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        _ => 2,
    };
    // No "-0".
    let value = if scale == 0 { value.round() + 0.0 } else { value };
    (pointed(format!("{value:.places$}"), language), scale)
}

fn united(value: f64, language: Language, units: [[&str; 5]; 2]) -> String {
    let (number, scale) = scaled(value, language);
    joined(&number, units[place(language)][scale])
}

fn suffixed(value: f64, language: Language, en: &str, ru: &str) -> String {
    let text = about(value, language);
    let suffix = language.pick(en, ru);
    if suffix.starts_with('/') { format!("{text}{suffix}") } else { joined(&text, suffix) }
}

fn joined(number: &str, unit: &str) -> String {
    if unit.is_empty() { number.to_owned() } else { format!("{number}{SPACE}{unit}") }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    let text = joined(&large.to_string(), large_unit);
    if small == 0 { text } else { format!("{text} {}", joined(&small.to_string(), small_unit)) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use live::incident::Unit;

    use super::{amount, bits_per_second, bytes, count, duration, packets_per_second, per_second, percent};
    use crate::words::Language::{self, En, Ru};

    fn plain(text: &str) -> String {
        text.replace('\u{202f}', " ")
    }

    #[test]
    fn rates_keep_three_digits() {
        let check = |say: fn(f64, Language) -> String, value: f64, en: &str, ru: &str| {
            assert_eq!((plain(&say(value, En)), plain(&say(value, Ru))), (en.to_owned(), ru.to_owned()));
        };
        check(bits_per_second, 812e6, "812 Mbit/s", "812 Мбит/с");
        check(bits_per_second, 8e9, "8.00 Gbit/s", "8,00 Гбит/с");
        check(bits_per_second, 999_600.0, "1.00 Mbit/s", "1,00 Мбит/с");
        check(bits_per_second, 0.0, "0 bit/s", "0 бит/с");
        check(bits_per_second, -0.2, "0 bit/s", "0 бит/с");
        check(bits_per_second, f64::NAN, "? bit/s", "? бит/с");
        check(packets_per_second, 118_400.0, "118 k packets/s", "118 тыс. пак/с");
        check(packets_per_second, 12.3, "12 packets/s", "12 пак/с");
        check(per_second, 3512.0, "3.51 k/s", "3,51 тыс./с");
        check(percent, 5.25, "5.2 %", "5,2 %");
        check(percent, 99.96, "100 %", "100 %");
        check(percent, f64::INFINITY, "?", "?");
    }

    #[test]
    fn counts_are_whole_and_grouped() {
        assert_eq!(plain(&count(1_234_567, En)), "1 234 567");
        assert_eq!(plain(&count(u64::MAX, Ru)), "18 446 744 073 709 551 615");
        assert_eq!((count(999, En), plain(&count(1000, En))), ("999".to_owned(), "1 000".to_owned()));
        assert_eq!((plain(&bytes(9_000_000_000_000, En)), plain(&bytes(512, Ru))), ("9.00 TB".into(), "512 Б".into()));
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let check = |value: Duration, en: &str, ru: &str| {
            assert_eq!((plain(&duration(value, En)), plain(&duration(value, Ru))), (en.to_owned(), ru.to_owned()));
        };
        check(Duration::ZERO, "0 s", "0 с");
        check(Duration::from_millis(41), "41 ms", "41 мс");
        check(Duration::from_secs(14), "14 s", "14 с");
        check(Duration::from_secs(120), "2 min", "2 мин");
        check(Duration::from_secs(7_500), "2 h 5 min", "2 ч 5 мин");
        check(Duration::from_secs(3 * 86_400 + 4 * 3_600 + 59), "3 d 4 h", "3 д 4 ч");
    }

    #[test]
    fn values_of_incidents_have_their_unit() {
        let check = |value: f64, unit: Unit, en: &str, ru: &str| {
            assert_eq!((plain(&amount(value, unit, En)), plain(&amount(value, unit, Ru))), (en.into(), ru.into()));
        };
        check(5.321, Unit::Count, "5.32", "5,32");
        check(-0.001, Unit::Count, "0", "0");
        check(123_456_789.0, Unit::Count, "123 M", "123 млн");
        check(5.5, Unit::Hours, "5 h 30 min", "5 ч 30 мин");
        check(-1e300, Unit::Hours, "0 s", "0 с");
        check(71.0, Unit::Celsius, "71 °C", "71 °C");
        check(3500.0, Unit::FlowsPerSecond, "3.50 k flows/s", "3,50 тыс. потоков/с");
        check(f64::NAN, Unit::Bytes, "?", "?");
    }
}
