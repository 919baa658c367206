//! Network devices: /sys/class/net and /proc/net/dev.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use live::host::Link;

use super::clean;
use super::read::{Files, names};

/// Devices that are told, at most.
const LINKS_MAX: usize = 64;

/// Which devices there are is looked at so often.
const LOOK_INTERVAL: Duration = Duration::from_secs(30);

/// What a device counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    received: u64,
    sent: u64,
    errors: u64,
}

/// Reads /proc/net/dev: name and counters of each device.
pub fn parse(text: &str) -> HashMap<String, Counts> {
    let mut devices = HashMap::new();
    for line in text.lines() {
        // A name may hold a colon; what follows the last one are numbers.
        let Some((name, columns)) = line.rsplit_once(':') else { continue };
        let columns: Vec<u64> =
            columns.split_ascii_whitespace().map(|column| column.parse().unwrap_or(0)).take(16).collect();
        if columns.len() < 12 {
            continue;
        }
        let errors = [2, 3, 10, 11].iter().fold(0_u64, |sum, &at| sum.saturating_add(columns[at]));
        devices.insert(name.trim_start().to_owned(), Counts { received: columns[0], sent: columns[8], errors });
    }
    devices
}

/// What is known of the devices.
#[derive(Debug, Default)]
pub struct Links {
    devices: Vec<String>,
    looked: Option<Instant>,
    before: HashMap<String, Counts>,
    before_at: Option<Instant>,
    were_up: HashSet<String>,
}

impl Links {
    /// The devices now. `captured` are told also if they are virtual.
    pub fn sample(&mut self, files: &mut Files, roots: (&Path, &Path), captured: &[String], at: Instant) -> Vec<Link> {
        let (proc, class) = (roots.0, roots.1.join("class/net"));
        if self.looked.is_none_or(|looked| at.duration_since(looked) >= LOOK_INTERVAL) {
            (self.devices, self.looked) = (devices(files, &class, captured), Some(at));
        }
        let now = files.text(&proc.join("self/net/dev")).map(|text| parse(&text)).unwrap_or_default();
        let seconds = self.before_at.map(|before| at.saturating_duration_since(before).as_secs_f64());
        let mut links = Vec::new();
        for name in &self.devices {
            let folder = class.join(name);
            // Not there any more: as one without a carrier, until the next look.
            let up = is_up(files, &folder);
            if up {
                self.were_up.insert(name.clone());
            }
            let speed_mbps =
                files.number(&folder.join("speed")).and_then(|speed| u64::try_from(speed).ok()).unwrap_or(0);
            // Some drivers say "unknown" as a number of 32 bits.
            let speed_mbps = if speed_mbps >= u64::from(u32::MAX) { 0 } else { speed_mbps };
            let rates = Rates::between(self.before.get(name), now.get(name), seconds);
            links.push(link(name, (up, self.were_up.contains(name)), speed_mbps, &rates));
        }
        self.were_up.retain(|name| self.devices.contains(name));
        (self.before, self.before_at) = (now, Some(at));
        links
    }
}

fn link(name: &str, (up, was_up): (bool, bool), speed_mbps: u64, rates: &Rates) -> Link {
    let busier = rates.received_bps.max(rates.sent_bps);
    Link {
        name: clean::name(name, 64),
        up,
        was_up,
        speed_mbps,
        received_bps: rates.received_bps,
        sent_bps: rates.sent_bps,
        used_percent: (speed_mbps > 0).then(|| busier / (speed_mbps as f64 * 10_000.0)),
        errors_per_second: rates.errors,
    }
}

#[derive(Default)]
struct Rates {
    received_bps: f64,
    sent_bps: f64,
    errors: f64,
}

impl Rates {
    /// A counter that fell was set back by the driver: nothing is known of this interval.
    fn between(before: Option<&Counts>, now: Option<&Counts>, seconds: Option<f64>) -> Rates {
        let (Some(before), Some(now), Some(seconds)) = (before, now, seconds.filter(|seconds| *seconds > 0.0)) else {
            return Rates::default();
        };
        let rate = |before: u64, now: u64| now.saturating_sub(before) as f64 / seconds;
        Rates {
            received_bps: rate(before.received, now.received) * 8.0,
            sent_bps: rate(before.sent, now.sent) * 8.0,
            errors: rate(before.errors, now.errors),
        }
    }
}

/// Those with a device behind them, and those that are captured; where there are none (a container), all but loopback.
fn devices(files: &mut Files, class: &Path, captured: &[String]) -> Vec<String> {
    let all: Vec<String> = names(class).into_iter().filter(|name| class.join(name).is_dir()).collect();
    let is_real = |name: &&String| class.join(name).join("device").exists() || captured.contains(name);
    let mut taken: Vec<String> = all.iter().filter(is_real).cloned().collect();
    if taken.is_empty() {
        // ARPHRD_LOOPBACK
        taken = all.into_iter().filter(|name| files.number(&class.join(name).join("type")) != Some(772)).collect();
    }
    taken.truncate(LINKS_MAX);
    taken
}

/// A carrier, by the device's word; a device that is switched off gives an error instead.
fn is_up(files: &mut Files, folder: &Path) -> bool {
    files.number(&folder.join("carrier")) == Some(1)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests give the clock that a caller would")]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::{Links, parse};
    use crate::host::read::Files;

    const HEAD: &str = "Inter-|   Receive                            |  Transmit\n face |bytes    packets errs drop\n";

    fn device(class: &Path, name: &str, files: &[(&str, &str)]) {
        for (file, text) in files {
            let path = class.join(name).join(file);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
    }

    #[test]
    fn rates_shares_and_a_link_that_goes_down() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let (proc, sys) = (dir.path().join("proc"), dir.path().join("sys"));
        let class = sys.join("class/net");
        device(&class, "eth0", &[("carrier", "1\n"), ("speed", "1000\n"), ("device/x", ""), ("type", "1")]);
        device(&class, "eth1", &[("carrier", "0\n"), ("speed", "-1\n"), ("device/x", ""), ("type", "1")]);
        device(&class, "veth9", &[("carrier", "1\n"), ("type", "1")]);
        device(&class, "br0", &[("carrier", "1\n"), ("type", "1")]);
        fs::create_dir_all(proc.join("self/net")).expect("a folder");
        let counters = |bytes: u64, drops: u64| {
            let text = format!("{HEAD} eth0: {bytes} 1 0 {drops} 0 0 0 0 {bytes} 9 0 0 0 0 0 0\n");
            fs::write(proc.join("self/net/dev"), text).expect("a file");
        };
        let (mut links, mut files, at) = (Links::default(), Files::default(), Instant::now());
        let captured = ["br0".to_owned()];
        counters(1_000, 5);
        let first = links.sample(&mut files, (&proc, &sys), &captured, at);
        assert_eq!(first.iter().map(|link| link.name.as_str()).collect::<Vec<_>>(), ["br0", "eth0", "eth1"]);
        assert!((first[1].received_bps, first[1].errors_per_second) == (0.0, 0.0), "nothing to compare with yet");
        counters(1_000 + 62_500_000, 15);
        fs::write(class.join("eth0/carrier"), "0").expect("a file");
        let second = links.sample(&mut files, (&proc, &sys), &captured, at + Duration::from_secs(5));
        let eth0 = &second[1];
        assert!((eth0.received_bps - 1e8).abs() < 1.0 && (eth0.errors_per_second - 2.0).abs() < 1e-9, "{eth0:?}");
        assert!((eth0.used_percent.expect("its speed is known") - 10.0).abs() < 1e-6, "{eth0:?}");
        assert!(!eth0.up && eth0.was_up && !second[2].was_up, "{second:?}");
        assert_eq!((second[2].speed_mbps, second[2].used_percent), (0, None));
    }

    #[test]
    fn without_real_devices_all_but_loopback_are_told() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let class = dir.path().join("class/net");
        device(&class, "lo", &[("carrier", "1"), ("type", "772")]);
        device(&class, "eth0", &[("carrier", "1"), ("type", "1")]);
        let found = Links::default().sample(&mut Files::default(), (dir.path(), dir.path()), &[], Instant::now());
        assert_eq!(found.iter().map(|link| link.name.as_str()).collect::<Vec<_>>(), ["eth0"]);
    }

    #[test]
    fn hostile_texts_are_read_or_left_out() {
        for text in [
            "",
            ":",
            "a:",
            " a: 1 2",
            "a:b: 1 2 3 4 5 6 7 8 9 10 11 12",
            "x: -1 z 99999999999999999999 4 5 6 7 8 9 1 1 1",
        ] {
            parse(text);
        }
        assert!(parse("a:b: 1 2 3 4 5 6 7 8 9 10 11 12").contains_key("a:b"));
        let many: String = (0..12).map(|_| format!(" {}", u64::MAX)).collect();
        assert_eq!(parse(&format!("e:{many}"))["e"].errors, u64::MAX);
    }
}
