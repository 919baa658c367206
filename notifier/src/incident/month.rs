//! The traffic since the billing day, over restarts of capture and notifier, without the database.

use serde::{Deserialize, Serialize};

/// Between two times that the counters are made durable, ns. What came since is in capture's own columns.
const SAVE_NS: u64 = 60 * 1_000_000_000;

/// Capture's cumulative wire bytes since the start of its epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Traffic {
    /// Life of capture.
    pub epoch: u64,
    /// Towards the local networks.
    pub bytes_in: u64,
    /// From them.
    pub bytes_out: u64,
}

/// The month's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Month {
    /// Its first day, UNIX seconds, local midnight.
    pub since_s: u64,
    /// Towards the local networks.
    pub bytes_in: u64,
    /// From them.
    pub bytes_out: u64,
    /// Capture's columns when they were last added.
    pub last: Traffic,
    /// They were read before; without it the first reading of a running epoch is taken whole.
    pub is_read: bool,
    #[serde(skip)]
    saved_ns: u64,
}

impl Month {
    /// Takes capture's columns in the month that began at `since_s`; `true` = it should be made durable.
    ///
    /// A new epoch counts from its start: all of it is new. What an epoch counted between the last look and its end is
    /// lost if this process did not see it, a second's worth as a rule.
    pub fn observe(&mut self, since_s: u64, traffic: Option<Traffic>, now_ns: u64) -> bool {
        let is_new = since_s != self.since_s;
        if is_new {
            (self.since_s, self.bytes_in, self.bytes_out) = (since_s, 0, 0);
        }
        let Some(traffic) = traffic else { return is_new };
        // Counters never fall within an epoch; one that did is not an epoch that was seen.
        let is_same = self.is_read
            && traffic.epoch == self.last.epoch
            && traffic.bytes_in >= self.last.bytes_in
            && traffic.bytes_out >= self.last.bytes_out;
        let base = if is_same { self.last } else { Traffic::default() };
        self.bytes_in = self.bytes_in.saturating_add(traffic.bytes_in - base.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(traffic.bytes_out - base.bytes_out);
        let is_epoch = !is_same;
        (self.last, self.is_read) = (traffic, true);
        let is_due = is_new || is_epoch || now_ns.saturating_sub(self.saved_ns) >= SAVE_NS;
        if is_due {
            self.saved_ns = now_ns;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::{Month, Traffic};

    #[test]
    fn a_month_adds_up_over_epochs_restarts_and_its_end() {
        let mut month = Month::default();
        let mut see = |month: &mut Month, since: u64, epoch, bytes_in, bytes_out| {
            month.observe(since, Some(Traffic { epoch, bytes_in, bytes_out }), 1);
        };
        see(&mut month, 100, 1, 10, 1);
        see(&mut month, 100, 1, 30, 2);
        assert_eq!((month.bytes_in, month.bytes_out), (30, 2));
        // Capture begins anew.
        see(&mut month, 100, 2, 5, 5);
        assert_eq!((month.bytes_in, month.bytes_out), (35, 7));
        // This process begins anew, from what is durable.
        let json = serde_json::to_string(&month).expect("JSON");
        let mut again: Month = serde_json::from_str(&json).expect("as written");
        see(&mut again, 100, 2, 9, 6);
        assert_eq!((again.bytes_in, again.bytes_out), (39, 8));
        // The billing day.
        see(&mut again, 200, 2, 10, 6);
        assert_eq!((again.bytes_in, again.bytes_out, again.since_s), (1, 0, 200));
        assert!(again.observe(200, None, 2) == false && again.bytes_in == 1);
    }
}
