//! The chart without scripts: lines in a box without text, so that it may be stretched; labels stand beside it as text.

use std::fmt::Write;

use super::data::{Chart, Line};

/// Width and height of the drawing, in its own units.
pub const WIDTH: u32 = 800;
/// See [`WIDTH`].
pub const HEIGHT: u32 = 200;

/// Parts between the horizontal lines.
pub const PARTS: u32 = 4;

/// The end of the scale: at least the largest value, and easily divided by [`PARTS`].
pub fn scale(chart: &Chart) -> f64 {
    let largest = chart.lines.iter().map(Line::largest).fold(0.0, f64::max);
    if !largest.is_finite() || largest <= 0.0 {
        return 4.0;
    }
    let power = 10f64.powf(largest.log10().floor());
    let steps = [1.0, 1.2, 1.6, 2.0, 3.2, 4.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|&end| end >= largest).unwrap_or(10.0 * power)
}

/// The path of a line; holes stay holes, and a point between two holes is a dash.
pub fn path(line: &Line, end: f64) -> String {
    let mut path = String::new();
    let width = f64::from(WIDTH) / line.values.len().max(1) as f64;
    let mut is_drawing = false;
    for (at, value) in line.values.iter().enumerate() {
        let Some(value) = value else {
            is_drawing = false;
            continue;
        };
        let y = f64::from(HEIGHT) * (1.0 - (value / end).clamp(0.0, 1.0));
        let x = width * at as f64;
        let command = if is_drawing { 'L' } else { 'M' };
        // Writing to a String does not fail.
        let _ = write!(path, "{command}{x:.1} {y:.1}");
        let is_alone = !is_drawing && line.values.get(at + 1).is_none_or(Option::is_none);
        if is_alone {
            let _ = write!(path, "h{width:.1}");
        }
        is_drawing = true;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{path, scale};
    use crate::page::traffic::data::{Chart, Line};

    fn line(values: Vec<Option<f64>>) -> Line {
        Line { values, ..Line::default() }
    }

    #[test]
    fn holes_stay_holes() {
        let drawn = path(&line(vec![Some(0.0), Some(50.0), None, Some(100.0), None]), 100.0);
        assert_eq!(drawn, "M0.0 200.0L160.0 100.0M480.0 0.0h160.0");
        assert_eq!(path(&line(vec![]), 4.0), "");
    }

    #[test]
    fn the_scale_ends_above_the_largest() {
        let check = |largest: f64, expect: f64| {
            let chart = Chart { lines: vec![line(vec![Some(largest), Some(0.0)])], ..Chart::default() };
            assert!((scale(&chart) - expect).abs() < expect * 1e-9, "{largest}: {}", scale(&chart));
        };
        check(0.0, 4.0);
        check(1.0, 1.0);
        check(95.0, 100.0);
        check(812e6, 1e9);
        check(3.3e9, 4e9);
        check(f64::INFINITY, 4.0);
    }
}
