//! Numbers with their units.

use live::incident::Unit;

use super::time::duration;
use crate::notice::Language;

/// How far a number goes before it is scaled.
const SCALES: [f64; 5] = [1e0, 1e3, 1e6, 1e9, 1e12];

/// Counts are written out up to here.
const COUNT_PLAIN_MAX: f64 = 99_999.0;

/// Three significant digits, without zeros at the end; a comma in Russian.
pub fn decimal(value: f64, language: Language) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    let places = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{value:.places$}");
    let text = if places > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    match (text, language) {
        ("-0", _) => "0".to_owned(),
        (_, Language::En) => text.to_owned(),
        (_, Language::Ru) => text.replace('.', ","),
    }
}

/// The value with its unit, for a sentence or a table: "812 kpps", "34,2 Гбит/с", "75 %", "5 h 30 min".
pub fn amount(value: f64, unit: Unit, language: Language) -> String {
    let number = |value: f64| decimal(value, language);
    if !value.is_finite() {
        return "?".to_owned();
    }
    match unit {
        Unit::Percent => format!("{} %", number(value)),
        Unit::Celsius => format!("{} °C", number(value)),
        Unit::Seconds if value >= 1.0 => duration(seconds(value), language),
        Unit::Seconds => format!("{} {}", number(value), pick(language, "s", "с")),
        Unit::Hours => duration(seconds(value * 3600.0), language),
        Unit::Count if value.abs() <= COUNT_PLAIN_MAX => count(value, language),
        Unit::Count => {
            let (number, scale) = scaled(value, language);
            format!("{number} {}", pick(language, ["", "k", "M", "G", "T"], COUNTS_RU)[scale])
        }
        Unit::Bytes => join(value, language, ["B", "kB", "MB", "GB", "TB"], ["Б", "кБ", "МБ", "ГБ", "ТБ"]),
        Unit::BitsPerSecond => join(
            value,
            language,
            ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"],
            ["бит/с", "кбит/с", "Мбит/с", "Гбит/с", "Тбит/с"],
        ),
        Unit::PacketsPerSecond => rate(value, language, ["pps", "kpps", "Mpps", "Gpps", "Tpps"], "пак/с"),
        Unit::FlowsPerSecond => {
            rate(value, language, ["flows/s", "k flows/s", "M flows/s", "G flows/s", "T flows/s"], "потоков/с")
        }
        Unit::PerSecond => rate(value, language, ["/s", "k/s", "M/s", "G/s", "T/s"], "в секунду"),
    }
}

/// The same without a space, as short as it can be understood: "34TB", "75%", "812kpps", "34Гб/с".
pub fn compact(value: f64, unit: Unit, language: Language) -> String {
    let (number, scale) = scaled(value, language);
    let (en, ru): ([&str; 5], [&str; 5]) = match unit {
        Unit::Percent => return format!("{}%", decimal(value, language)),
        Unit::Celsius => return format!("{}C", decimal(value, language)),
        Unit::Seconds => return duration(seconds(value), language).replace(' ', ""),
        Unit::Hours => return duration(seconds(value * 3600.0), language).replace(' ', ""),
        Unit::Count => (["", "k", "M", "G", "T"], ["", "т", "млн", "млрд", "трлн"]),
        Unit::Bytes => (["B", "kB", "MB", "GB", "TB"], ["Б", "кБ", "МБ", "ГБ", "ТБ"]),
        Unit::BitsPerSecond => (["b/s", "kb/s", "Mb/s", "Gb/s", "Tb/s"], ["б/с", "кб/с", "Мб/с", "Гб/с", "Тб/с"]),
        Unit::PacketsPerSecond => (["pps", "kpps", "Mpps", "Gpps", "Tpps"], ["п/с", "кп/с", "Мп/с", "Гп/с", "Тп/с"]),
        Unit::FlowsPerSecond | Unit::PerSecond => {
            (["/s", "k/s", "M/s", "G/s", "T/s"], ["/с", "к/с", "М/с", "Г/с", "Т/с"])
        }
    };
    format!("{number}{}", pick(language, en, ru)[scale])
}

const COUNTS_RU: [&str; 5] = ["", "тыс.", "млн", "млрд", "трлн"];

fn pick<T>(language: Language, en: T, ru: T) -> T {
    match language {
        Language::En => en,
        Language::Ru => ru,
    }
}

/// Three digits, and how many thousands are taken out.
fn scaled(value: f64, language: Language) -> (String, usize) {
    // 999.6 k is shown as 1 M, not as 1000 k.
    let scale = SCALES.iter().rposition(|scale| value.abs() >= scale * 0.9995).unwrap_or(0);
    (decimal(value / SCALES[scale], language), scale)
}

fn join(value: f64, language: Language, en: [&str; 5], ru: [&str; 5]) -> String {
    let (number, scale) = scaled(value, language);
    format!("{number} {}", pick(language, en, ru)[scale])
}

fn rate(value: f64, language: Language, en: [&str; 5], ru: &str) -> String {
    let (number, scale) = scaled(value, language);
    match (language, scale) {
        (Language::En, _) if en[scale].starts_with('/') => format!("{number}{}", en[scale]),
        (Language::En, _) => format!("{number} {}", en[scale]),
        (Language::Ru, 0) => format!("{number} {ru}"),
        (Language::Ru, _) => format!("{number} {} {ru}", COUNTS_RU[scale]),
    }
}

/// A count as it is: a load of 5.32, but 65535 whole.
fn count(value: f64, language: Language) -> String {
    if value.abs() >= 1000.0 { format!("{value:.0}") } else { decimal(value, language) }
}

fn seconds(value: f64) -> u64 {
    // What is negative or no number is 0, what is too large is the largest.
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use live::incident::Unit;

    use super::{amount, compact};
    use crate::notice::Language::{En, Ru};

    #[test]
    fn a_value_is_told_with_three_digits_and_its_unit() {
        let check = |value: f64, unit: Unit, en: &str, ru: &str| {
            assert_eq!((amount(value, unit, En).as_str(), amount(value, unit, Ru).as_str()), (en, ru));
        };
        check(812_345.0, Unit::PacketsPerSecond, "812 kpps", "812 тыс. пак/с");
        check(12.0, Unit::PacketsPerSecond, "12 pps", "12 пак/с");
        check(34.2e9, Unit::BitsPerSecond, "34.2 Gbit/s", "34,2 Гбит/с");
        check(9.0e12, Unit::Bytes, "9 TB", "9 ТБ");
        check(999_600.0, Unit::Bytes, "1 MB", "1 МБ");
        check(75.0, Unit::Percent, "75 %", "75 %");
        check(5.321, Unit::Count, "5.32", "5,32");
        check(65_535.0, Unit::Count, "65535", "65535");
        check(123_456_789.0, Unit::Count, "123 M", "123 млн");
        check(5.5, Unit::Hours, "5 h 30 min", "5 ч 30 мин");
        check(0.25, Unit::Seconds, "0.25 s", "0,25 с");
        check(3500.0, Unit::FlowsPerSecond, "3.5 k flows/s", "3,5 тыс. потоков/с");
        check(7.0, Unit::PerSecond, "7/s", "7 в секунду");
        check(f64::NAN, Unit::Count, "?", "?");
        check(f64::INFINITY, Unit::BitsPerSecond, "?", "?");
        check(-0.001, Unit::Celsius, "0 °C", "0 °C");
        check(-1e300, Unit::Hours, "0 s", "0 с");
    }

    #[test]
    fn the_compact_form_has_no_spaces() {
        let check = |value: f64, unit: Unit, en: &str, ru: &str| {
            assert_eq!((compact(value, unit, En).as_str(), compact(value, unit, Ru).as_str()), (en, ru));
        };
        check(34.0e12, Unit::Bytes, "34TB", "34ТБ");
        check(75.4, Unit::Percent, "75.4%", "75,4%");
        check(812_345.0, Unit::PacketsPerSecond, "812kpps", "812кп/с");
        check(34.2e9, Unit::BitsPerSecond, "34.2Gb/s", "34,2Гб/с");
        check(5400.0, Unit::Seconds, "1h30min", "1ч30мин");
    }
}
