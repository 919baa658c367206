//! Numbers and names for people, in both languages, and the small templates of summaries.

use live::incident::Unit;

use crate::notice::Language;
use crate::words::plain;

/// At most `chars` characters of a text, none of them one that is not seen.
pub fn cut(text: &str, chars: usize) -> String {
    plain(text, chars, '\u{fffd}')
}

/// A value with its unit: `75 %`, `1.2 GiB`, `34.5 Mbit/s`, `2 h`.
pub fn told(value: f64, unit: Unit, language: Language) -> String {
    if value.is_nan() {
        return "?".to_owned();
    }
    let pick = |en: &'static str, ru: &'static str| if language == Language::Ru { ru } else { en };
    match unit {
        Unit::Count => number(value),
        Unit::Percent => format!("{} %", number(value)),
        Unit::Bytes => scaled(
            value,
            1024.0,
            &[pick("B", "Б"), pick("KiB", "КиБ"), pick("MiB", "МиБ"), pick("GiB", "ГиБ"), pick("TiB", "ТиБ")],
        ),
        Unit::BitsPerSecond => scaled(
            value,
            1000.0,
            &[
                pick("bit/s", "бит/с"),
                pick("kbit/s", "кбит/с"),
                pick("Mbit/s", "Мбит/с"),
                pick("Gbit/s", "Гбит/с"),
                pick("Tbit/s", "Тбит/с"),
            ],
        ),
        Unit::Seconds => duration(value, pick),
        Unit::Hours => format!("{} {}", number(value), pick("h", "ч")),
        Unit::Celsius => format!("{} °C", number(value)),
        Unit::PacketsPerSecond => format!("{} {}", grouped(value), pick("packets/s", "пакетов/с")),
        Unit::FlowsPerSecond => format!("{} {}", grouped(value), pick("flows/s", "потоков/с")),
        Unit::PerSecond => format!("{} {}", grouped(value), pick("per second", "в секунду")),
    }
}

/// One digit after the point below 100, none for a whole number.
fn number(value: f64) -> String {
    if value.abs() < 100.0 && (value - value.round()).abs() >= 0.05 { format!("{value:.1}") } else { grouped(value) }
}

/// A whole number in groups of three digits.
fn grouped(value: f64) -> String {
    if value.abs() >= 1e15 {
        return format!("{value:e}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{a0}');
        }
        out.push(digit);
    }
    if value <= -0.5 { format!("-{out}") } else { out }
}

fn scaled(value: f64, step: f64, units: &[&str]) -> String {
    let mut value = value;
    let mut at = 0;
    while value.abs() >= step && at + 1 < units.len() {
        value /= step;
        at += 1;
    }
    format!("{} {}", number(value), units[at])
}

fn duration(seconds: f64, pick: impl Fn(&'static str, &'static str) -> &'static str) -> String {
    let (value, unit) = match seconds.abs() {
        below if below < 120.0 => (seconds, pick("s", "с")),
        below if below < 7_200.0 => (seconds / 60.0, pick("min", "мин")),
        below if below < 172_800.0 => (seconds / 3_600.0, pick("h", "ч")),
        _ => (seconds / 86_400.0, pick("d", "дн.")),
    };
    format!("{} {unit}", number(value))
}
