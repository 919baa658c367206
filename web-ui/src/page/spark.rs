//! A small line of the last minutes, drawn by the server; `now.js` goes on with it.

use std::fmt::{self, Write};

/// Height of the field that is drawn in.
const HEIGHT: f64 = 40.0;

/// One or two lines over the same steps, on one scale from 0. Safe in a page as it is: numbers, and a name of ours.
#[derive(Clone, Debug, PartialEq)]
pub struct Spark {
    /// Its name for `now.js`.
    pub name: &'static str,
    /// The lines: values of each step, the oldest first; `None` = not known.
    pub lines: Vec<Vec<Option<u64>>>,
}

impl Spark {
    /// The largest value.
    pub fn peak(&self) -> u64 {
        self.lines.iter().flatten().filter_map(|value| *value).max().unwrap_or(0)
    }

    fn path(line: &[Option<u64>], peak: u64) -> String {
        let mut path = String::new();
        let mut is_down = false;
        for (x, value) in line.iter().enumerate() {
            match value {
                Some(value) => {
                    let y = HEIGHT - *value as f64 / peak.max(1) as f64 * (HEIGHT - 2.0) - 1.0;
                    // Writing to a String does not fail.
                    let _ = write!(path, "{}{x} {y:.1}", if is_down { "L" } else { "M" });
                    is_down = true;
                }
                None => is_down = false,
            }
        }
        path
    }
}

impl fmt::Display for Spark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.lines.first().map_or(1, |line| line.len().max(2) - 1);
        let peak = self.peak();
        write!(
            f,
            r#"<svg class="spark" data-spark="{}" viewBox="0 0 {steps} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">"#,
            self.name
        )?;
        for (at, line) in self.lines.iter().enumerate() {
            let values: Vec<String> =
                line.iter().map(|value| value.map(|value| value.to_string()).unwrap_or_default()).collect();
            write!(f, r#"<path class="s{at}" d="{}" data-values="{}"/>"#, Spark::path(line, peak), values.join(","))?;
        }
        f.write_str("</svg>")
    }
}

impl askama::filters::HtmlSafe for Spark {}

#[cfg(test)]
mod tests {
    use super::Spark;

    #[test]
    fn a_gap_in_the_data_is_a_gap_in_the_line() {
        let spark = Spark { name: "bits", lines: vec![vec![Some(0), Some(100), None, Some(50), Some(50)]] };
        let svg = spark.to_string();
        assert!(svg.contains(r#"d="M0 39.0L1 1.0M3 20.0L4 20.0""#), "{svg}");
        assert!(svg.contains(r#"data-values="0,100,,50,50""#) && svg.contains("viewBox=\"0 0 4 40\""), "{svg}");
        let empty = Spark { name: "bits", lines: vec![vec![None; 120], Vec::new()] };
        assert!(empty.to_string().contains("d=\"\"") && empty.peak() == 0);
        assert!(Spark { name: "bits", lines: Vec::new() }.to_string().contains("viewBox=\"0 0 1 40\""));
    }
}
