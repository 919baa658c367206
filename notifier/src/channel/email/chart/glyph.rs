//! The face of a chart's labels: digits, signs and scales, five dots wide and seven high.

use plotters::drawing::DrawingArea;
use plotters::element::Rectangle;
use plotters::style::{Color, RGBColor};

use super::Area;

/// Pixels of a dot.
const DOT: i32 = 3;

/// Dots from one character to the next.
const ADVANCE: i32 = 6;

/// Pixels of a line.
pub(super) const HEIGHT: i32 = 7 * DOT;

/// Rows from the top, the highest of five bits is the left dot.
const fn rows(char: char) -> [u8; 7] {
    match char {
        '0' => [0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
        '1' => [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        '2' => [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111],
        '3' => [0b11110, 0b00001, 0b00001, 0b01110, 0b00001, 0b00001, 0b11110],
        '4' => [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
        '5' => [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
        '6' => [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
        '7' => [0b11111, 0b00001, 0b00010, 0b00100, 0b00100, 0b01000, 0b01000],
        '8' => [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
        '9' => [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
        '.' => [0, 0, 0, 0, 0, 0b01100, 0b01100],
        ':' => [0, 0b01100, 0b01100, 0, 0b01100, 0b01100, 0],
        '-' => [0, 0, 0, 0b01110, 0, 0, 0],
        'k' => [0b10000, 0b10000, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010],
        'M' => [0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001],
        'G' => [0b01110, 0b10001, 0b10000, 0b10111, 0b10001, 0b10001, 0b01110],
        'T' => [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100],
        _ => [0; 7],
    }
}

/// Pixels that `text` takes.
pub(super) fn width(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 64) * ADVANCE * DOT
}

/// Writes `text` with its left upper corner at `at`; what does not fit into the area is cut.
pub(super) fn write(area: &Area<'_>, text: &str, at: (i32, i32), colour: &RGBColor) -> Option<()> {
    let mut left = at.0;
    for char in text.chars() {
        for (row, bits) in (0..).zip(rows(char)) {
            for column in (0..5).filter(|column| bits >> (4 - column) & 1 == 1) {
                dot(area, (left + column * DOT, at.1 + row * DOT), colour)?;
            }
        }
        left += ADVANCE * DOT;
    }
    Some(())
}

fn dot(area: &Area<'_>, (x, y): (i32, i32), colour: &RGBColor) -> Option<()> {
    DrawingArea::draw(area, &Rectangle::new([(x, y), (x + DOT - 1, y + DOT - 1)], colour.filled())).ok()
}
