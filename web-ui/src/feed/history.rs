//! The last ten minutes of what *Now* draws, in memory: a point for each line of capture.

use std::collections::VecDeque;

/// Seconds that are kept.
pub const SECONDS: u64 = 600;

/// Seconds of one step of a drawing.
pub const STEP_S: u64 = 5;

/// Points that are kept: one a second, and room for a role that speaks twice in a second after its start.
const POINTS_MAX: usize = 700;

/// One second. Rates, a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// When, UNIX seconds.
    pub time_s: u64,
    /// Wire bytes towards the local networks.
    pub bytes_in: u64,
    /// Wire bytes from them.
    pub bytes_out: u64,
    /// Wire packets of all directions.
    pub packets: u64,
    /// Frames that the kernel dropped.
    pub dropped: u64,
}

/// The ring.
#[derive(Debug, Default)]
pub struct History {
    points: VecDeque<Point>,
}

impl History {
    /// Adds the newest second; one that is not newer than the last is left out.
    pub fn push(&mut self, point: Point) {
        if self.points.back().is_some_and(|last| last.time_s >= point.time_s) {
            return;
        }
        self.points.push_back(point);
        while self.points.len() > POINTS_MAX
            || self.points.front().is_some_and(|first| first.time_s + SECONDS <= point.time_s)
        {
            self.points.pop_front();
        }
    }

    /// Means of `what` over steps of five seconds up to `now_s`, the oldest first; `None` = nothing was heard then.
    pub fn steps(&self, now_s: u64, what: impl Fn(&Point) -> u64) -> Vec<Option<u64>> {
        let count = SECONDS / STEP_S;
        let end = now_s / STEP_S + 1;
        let mut sums = vec![(0u64, 0u64); count as usize];
        for point in &self.points {
            let step = point.time_s / STEP_S;
            if let Some(at) = (step + count).checked_sub(end).filter(|_| step < end) {
                let (sum, points) = &mut sums[at as usize];
                *sum = sum.saturating_add(what(point));
                *points += 1;
            }
        }
        sums.into_iter().map(|(sum, points)| sum.checked_div(points)).collect()
    }

    /// The points, the oldest first.
    pub fn points(&self) -> impl Iterator<Item = &Point> {
        self.points.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{History, Point};

    #[test]
    fn ten_minutes_are_kept_and_told_in_steps() {
        let mut history = History::default();
        for time_s in 1_000..2_000 {
            history.push(Point { time_s, bytes_in: time_s, ..Point::default() });
        }
        history.push(Point { time_s: 5, ..Point::default() });
        assert_eq!(history.points().count(), 600);
        let steps = history.steps(1_999, |point| point.bytes_in);
        assert_eq!((steps.len(), steps[119], steps[0]), (120, Some(1_997), Some(1_402)));
        let later = history.steps(2_004, |point| point.bytes_in);
        assert_eq!((later[119], later[118]), (None, Some(1_997)));
        assert_eq!(history.steps(9_000_000, |point| point.bytes_in), vec![None; 120]);
        assert_eq!(history.steps(0, |point| point.bytes_in), vec![None; 120]);
    }
}
