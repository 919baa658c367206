//! Sensors: /sys/class/hwmon, and where there are none, /sys/class/thermal.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use live::host::Temperature;

use super::clean;
use super::read::{Files, names};

/// Sensors that are told, at most.
const SENSORS_MAX: usize = 64;

/// Which sensors there are is looked at so often.
const LOOK_INTERVAL: Duration = Duration::from_secs(300);

/// Sensors are read so often: some answer over a slow bus, and heat takes its time.
const READ_INTERVAL: Duration = Duration::from_secs(30);

/// Beyond these, °C, a sensor is broken or not connected.
const BELIEVED: std::ops::RangeInclusive<f64> = -60.0..=250.0;

#[derive(Debug)]
struct Sensor {
    name: String,
    input: PathBuf,
    critical: f64,
}

/// What is known of the sensors.
#[derive(Debug, Default)]
pub struct Temperatures {
    sensors: Vec<Sensor>,
    looked: Option<Instant>,
    read: Option<Instant>,
    newest: Vec<Temperature>,
}

impl Temperatures {
    /// The temperatures, at most [`READ_INTERVAL`] old.
    pub fn sample(&mut self, files: &mut Files, sys: &Path, at: Instant) -> Vec<Temperature> {
        if self.looked.is_none_or(|looked| at.duration_since(looked) >= LOOK_INTERVAL) {
            (self.sensors, self.looked) = (look(files, sys), Some(at));
        }
        if self.read.is_none_or(|read| at.duration_since(read) >= READ_INTERVAL) {
            let read = |sensor: &Sensor| {
                let celsius = degrees(files.number(&sensor.input)?)?;
                Some(Temperature { sensor: sensor.name.clone(), celsius, critical: sensor.critical })
            };
            self.newest = self.sensors.iter().filter_map(read).collect();
            self.read = Some(at);
        }
        self.newest.clone()
    }
}

fn degrees(thousandths: i64) -> Option<f64> {
    Some(thousandths as f64 / 1000.0).filter(|celsius| BELIEVED.contains(celsius))
}

fn look(files: &mut Files, sys: &Path) -> Vec<Sensor> {
    let hwmon = sys.join("class/hwmon");
    let mut sensors = Vec::new();
    for chip in names(&hwmon) {
        let folder = hwmon.join(&chip);
        let chip = files.line(&folder.join("name")).unwrap_or(chip);
        for file in names(&folder) {
            let Some(number) = file.strip_prefix("temp").and_then(|rest| rest.strip_suffix("_input")) else { continue };
            let label = files.line(&folder.join(format!("temp{number}_label"))).unwrap_or_else(|| number.to_owned());
            let critical = files.number(&folder.join(format!("temp{number}_crit"))).and_then(degrees).unwrap_or(0.0);
            let name = clean::name(&format!("{chip} {label}"), 64);
            sensors.push(Sensor { name, input: folder.join(&file), critical });
        }
    }
    if sensors.is_empty() {
        let thermal = sys.join("class/thermal");
        for zone in names(&thermal).into_iter().filter(|name| name.starts_with("thermal_zone")) {
            let folder = thermal.join(&zone);
            let kind = files.line(&folder.join("type")).unwrap_or_default();
            let name = clean::name(&format!("{kind} {zone}"), 64);
            sensors.push(Sensor { name, input: folder.join("temp"), critical: 0.0 });
        }
    }
    sensors.truncate(SENSORS_MAX);
    sensors
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests give the clock that a caller would")]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::Temperatures;
    use crate::host::read::Files;

    fn write(folder: &Path, file: &str, text: &str) {
        fs::create_dir_all(folder).expect("a folder");
        fs::write(folder.join(file), text).expect("a file");
    }

    #[test]
    fn sensors_are_read_now_and_then_and_broken_ones_left_out() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let chip = dir.path().join("class/hwmon/hwmon0");
        write(&chip, "name", "coretemp\n");
        write(&chip, "temp1_input", "45500\n");
        write(&chip, "temp1_label", "Package\u{7} id 0\n");
        write(&chip, "temp1_crit", "100000\n");
        write(&chip, "temp2_input", "-273000\n");
        write(&chip, "temp3_input", "hot\n");
        let (mut sensors, mut files, at) = (Temperatures::default(), Files::default(), Instant::now());
        let found = sensors.sample(&mut files, dir.path(), at);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].sensor, "coretemp Package? id 0");
        assert!((found[0].celsius, found[0].critical) == (45.5, 100.0));
        write(&chip, "temp1_input", "99999999999999");
        assert_eq!(sensors.sample(&mut files, dir.path(), at + Duration::from_secs(5)), found, "not read yet");
        assert!(sensors.sample(&mut files, dir.path(), at + Duration::from_secs(31)).is_empty());
    }

    #[test]
    fn thermal_zones_stand_in_for_a_missing_chip() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        write(&dir.path().join("class/thermal/thermal_zone0"), "temp", "51000");
        write(&dir.path().join("class/thermal/thermal_zone0"), "type", "acpitz");
        let found = Temperatures::default().sample(&mut Files::default(), dir.path(), Instant::now());
        assert_eq!(found[0].sensor, "acpitz thermal_zone0");
        assert!(
            Temperatures::default().sample(&mut Files::default(), &dir.path().join("x"), Instant::now()).is_empty()
        );
    }
}
