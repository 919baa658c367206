//! chart: the last hour as a picture: the values as a line, the limit as another.
//!
//! Its labels are digits and scales alone, drawn from an own small face (`glyph`): so it needs no font of the system
//! and no library for fonts, and is the same to the byte everywhere. Words stand around it, in the HTML.

mod glyph;

use plotters::backend::BitMapBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{PathElement, Polygon};
use plotters::style::{Color, RGBColor};

use crate::notice;
use crate::words::clock;

/// Size in pixels; shown at two thirds on a desk, at a third on a phone.
const SIZE: (u32, u32) = (960, 330);

/// Room for the labels.
const LEFT: u32 = 118;
const BELOW: u32 = 48;
const MARGIN: u32 = 16;

/// Points that are drawn: a notice has at most 720.
const POINTS_MAX: usize = 2_000;

/// Values beyond are drawn there: differences of larger ones lose their digits.
const VALUE_MAX: f64 = 1e15;

const PAPER: RGBColor = RGBColor(255, 255, 255);
const GRID: RGBColor = RGBColor(222, 222, 222);
const INK: RGBColor = RGBColor(97, 97, 97);
const LINE: RGBColor = RGBColor(21, 101, 192);
const LIMIT: RGBColor = RGBColor(198, 40, 40);

type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
type Plot<'a, 'b> = ChartContext<'b, BitMapBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// The picture as PNG; `None` = there are not two points.
pub(super) fn draw(chart: &notice::Chart, utc_offset_s: i32) -> Option<Vec<u8>> {
    let points: Vec<(f64, f64)> = chart
        .points
        .iter()
        .take(POINTS_MAX)
        .filter(|(_, value)| value.is_finite())
        .map(|&(time_s, value)| (time_s as f64, value.clamp(-VALUE_MAX, VALUE_MAX)))
        .collect();
    let limit = chart.limit.filter(|limit| limit.is_finite()).map(|limit| limit.clamp(-VALUE_MAX, VALUE_MAX));
    if points.len() < 2 {
        return None;
    }
    let mut pixels = vec![0; (SIZE.0 * SIZE.1 * 3) as usize];
    paint(&mut pixels, &points, limit, utc_offset_s)?;
    encode(&pixels)
}

fn paint(pixels: &mut [u8], points: &[(f64, f64)], limit: Option<f64>, utc_offset_s: i32) -> Option<()> {
    let area = BitMapBackend::with_buffer(pixels, SIZE).into_drawing_area();
    area.fill(&PAPER).ok()?;
    let times = || points.iter().map(|point| point.0);
    let (first, last) = (times().reduce(f64::min)?, times().reduce(f64::max)?.max(times().reduce(f64::min)? + 1.0));
    let values = || points.iter().map(|point| point.1).chain(limit);
    let (low, high) = (values().reduce(f64::min)?.min(0.0), values().reduce(f64::max)?.max(0.0));
    let high = if high - low > 0.0 { high + (high - low) * 0.08 } else { low + 1.0 };
    let mut plot = ChartBuilder::on(&area)
        .margin(MARGIN)
        .set_left_and_bottom_label_area_size(0)
        .margin_left(LEFT)
        .margin_bottom(BELOW)
        .build_cartesian_2d(first..last, low..high)
        .ok()?;
    grid(&area, &mut plot, (first, last), (low, high), utc_offset_s)?;
    for run in runs(points) {
        let mut shape = vec![(run.first()?.0, low.max(0.0))];
        shape.extend_from_slice(run);
        shape.push((run.last()?.0, low.max(0.0)));
        plot.draw_series([Polygon::new(shape, LINE.mix(0.15))]).ok()?;
        plot.draw_series([PathElement::new(run.to_vec(), LINE.stroke_width(3))]).ok()?;
    }
    if let Some(limit) = limit {
        plot.draw_series([PathElement::new(vec![(first, limit), (last, limit)], LIMIT.stroke_width(3))]).ok()?;
    }
    drop(plot);
    area.present().ok()
}

/// Lines at round values and times, with their labels.
fn grid(
    area: &Area<'_>,
    plot: &mut Plot<'_, '_>,
    (first, last): (f64, f64),
    (low, high): (f64, f64),
    utc_offset_s: i32,
) -> Option<()> {
    let place = |plot: &Plot<'_, '_>, at: (f64, f64)| plot.backend_coord(&at);
    for value in ticks(low, high, step_of(high - low)) {
        plot.draw_series([PathElement::new(vec![(first, value), (last, value)], GRID.stroke_width(2))]).ok()?;
        let label = scaled(value);
        let (_, y) = place(plot, (first, value));
        let x = i32::try_from(LEFT).ok()? - 12 - glyph::width(&label);
        glyph::write(area, &label, (x, y - glyph::HEIGHT / 2), &INK)?;
    }
    // Round by the receiver's clock.
    let zone = f64::from(utc_offset_s);
    for time in ticks(first + zone, last + zone, time_step(last - first)) {
        let time = time - zone;
        plot.draw_series([PathElement::new(vec![(time, low), (time, high)], GRID.stroke_width(1))]).ok()?;
        let label = clock((time.max(0.0) as u64).saturating_mul(1_000_000_000), utc_offset_s);
        let (x, y) = place(plot, (time, low));
        glyph::write(area, &label, (x - glyph::width(&label) / 2, y + 12), &INK)?;
    }
    Some(())
}

/// Multiples of `step` from `low` to `high`, at most a dozen.
fn ticks(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let first = (low / step).ceil();
    (0..12).map(move |number| (first + f64::from(number)) * step).take_while(move |value| *value <= high)
}

/// A round step that makes two to five of `span`.
fn step_of(span: f64) -> f64 {
    let rough = span / 4.0;
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|part| part * power).find(|step| *step >= rough).unwrap_or(10.0 * power)
}

/// Minutes, quarters, hours: at most seven of `span_s`.
fn time_step(span_s: f64) -> f64 {
    let steps = [60.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 10_800.0, 21_600.0, 86_400.0];
    steps.into_iter().find(|step| span_s / step <= 7.0).unwrap_or(span_s / 4.0)
}

/// A number as the face has it: "812k", "0.5", "-3M".
fn scaled(value: f64) -> String {
    let (scale, letter) = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
        .into_iter()
        .find(|(scale, _)| value.abs() >= *scale * 0.9995)
        .unwrap_or((1.0, ""));
    let text = format!("{:.3}", value / scale);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{}{letter}", if text == "-0" { "0" } else { text })
}

/// Points without a hole between them: a hole is three times the usual distance.
fn runs(points: &[(f64, f64)]) -> impl Iterator<Item = &[(f64, f64)]> {
    let mut steps: Vec<f64> = points.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    steps.sort_by(f64::total_cmp);
    let usual = steps[steps.len() / 2].max(1.0);
    points.chunk_by(move |one, next| next.0 - one.0 <= usual * 3.0)
}

fn encode(pixels: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, SIZE.0, SIZE.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(pixels).ok()?;
    writer.finish().ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use crate::notice::Chart;

    use super::{draw, scaled, step_of};

    /// Of the mail; mail programs and phones load it at once.
    const PNG_BYTES_MAX: usize = 40 << 10;

    fn hour(value: impl Fn(u64) -> f64, limit: Option<f64>) -> Chart {
        let points = (0..720).map(|number| (1_787_106_900 + number * 5, value(number))).collect();
        Chart { limit, points, ..Chart::default() }
    }

    #[test]
    fn the_picture_is_small_and_the_same_each_time() {
        // The worst for the packer: noise over the whole height.
        let noise = |number: u64| ((number * 2_654_435_761) % 1_000) as f64;
        let chart = hour(noise, Some(750.0));
        let png = draw(&chart, 10_800).expect("a picture");
        assert_eq!(png[..8], [0x89, b'P', b'N', b'G', 13, 10, 26, 10]);
        assert!(png.len() <= PNG_BYTES_MAX, "{} bytes", png.len());
        assert_eq!(png, draw(&chart, 10_800).expect("a picture"));
        let decoder = png::Decoder::new(std::io::Cursor::new(&png));
        let info = decoder.read_info().expect("a header");
        assert_eq!(info.info().size(), super::SIZE);
    }

    #[test]
    fn the_limit_and_the_line_are_seen() {
        let count = |chart: &Chart, colour: [u8; 3]| {
            let png = draw(chart, 0).expect("a picture");
            let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().expect("a header");
            let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
            reader.next_frame(&mut pixels).expect("pixels");
            pixels.chunks_exact(3).filter(|pixel| **pixel == colour).count()
        };
        let (line, red) = ([21, 101, 192], [198, 40, 40]);
        assert!(count(&hour(|_| 5.0, Some(10.0)), red) > 2_000);
        assert_eq!(count(&hour(|_| 5.0, None), red), 0);
        assert!(count(&hour(|_| 5.0, None), line) > 2_000);
    }

    #[test]
    fn strange_values_are_drawn_or_left_out() {
        for value in [0.0, -5.0, 1e-300, f64::MAX, f64::MIN] {
            assert!(draw(&hour(|_| value, Some(value)), i32::MIN).is_some(), "{value}");
        }
        assert!(draw(&hour(|_| f64::NAN, None), 0).is_none());
        assert!(draw(&hour(|number| if number < 2 { 1.0 } else { f64::INFINITY }, Some(f64::NAN)), 0).is_some());
        let same = Chart { points: vec![(u64::MAX, 1.0); 5], ..Chart::default() };
        assert!(draw(&same, 0).is_some());
        let wild = Chart { points: vec![(u64::MAX, 1.0), (0, 2.0), (7, 3.0)], ..Chart::default() };
        assert!(draw(&wild, 0).is_some());
    }

    #[test]
    fn labels_are_round_and_short() {
        let check = |value: f64, expect: &str| assert_eq!(scaled(value), expect);
        check(0.0, "0");
        check(812_000.0, "812k");
        check(2.5e9, "2.5G");
        check(-3e6, "-3M");
        check(0.25, "0.25");
        assert_eq!((step_of(100.0), step_of(1.0), step_of(8e5)), (50.0, 0.5, 2e5));
    }
}
