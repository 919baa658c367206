//! Figures for short texts: two or three digits and the unit's sign, in both languages.

use live::incident::Unit;

use crate::notice::Language;
use crate::words::{compact, decimal, duration};

/// What is larger is an error of somebody's, and three hundred digits of it help nobody.
const VALUE_MAX: f64 = 1e16;

/// A value with its unit, such as `1.25Gb/s`.
pub fn with_unit(value: f64, unit: Unit, language: Language) -> String {
    compact(value.clamp(-VALUE_MAX, VALUE_MAX), unit, language)
}

/// A value and the limit that it crossed, the unit once: `75%>60`, `1.23Mpps>50k`, `3h30min<1d`.
pub fn crossing(value: f64, limit: f64, unit: Unit, language: Language) -> String {
    let relation = if value < limit { '<' } else { '>' };
    let limit = limit.clamp(-VALUE_MAX, VALUE_MAX);
    let limit = match unit {
        Unit::Percent | Unit::Celsius => decimal(limit, language),
        Unit::Seconds | Unit::Hours => compact(limit, unit, language),
        _ => compact(limit, Unit::Count, language),
    };
    format!("{}{relation}{limit}", with_unit(value, unit, language))
}

/// Seconds as `45s`, `12min`, `1h12min`.
pub fn short_duration(seconds: u64, language: Language) -> String {
    duration(seconds, language).replace(' ', "")
}

#[cfg(test)]
mod tests {
    use live::incident::Unit;

    use super::{crossing, short_duration, with_unit};
    use crate::notice::Language::{En, Ru};

    #[test]
    fn figures_are_short_and_have_their_unit() {
        assert_eq!(with_unit(34e12, Unit::Bytes, Ru), "34ТБ");
        assert_eq!(with_unit(1e300, Unit::Bytes, En), "10000TB");
        assert_eq!(crossing(75.0, 60.0, Unit::Percent, Ru), "75%>60");
        assert_eq!(crossing(1_234_567.0, 50_000.0, Unit::PacketsPerSecond, En), "1.23Mpps>50k");
        assert_eq!(crossing(3.5, 24.0, Unit::Hours, En), "3h30min<1d");
        assert_eq!(crossing(-3.0, 0.0, Unit::Count, En), "-3<0");
        assert_eq!(short_duration(4_320, Ru), "1ч12мин");
    }
}
