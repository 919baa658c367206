//! `[notifier.host]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Problem;

/// How the host is sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Between two samples.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
    /// Between two samples while something fires.
    #[serde(with = "humantime_serde")]
    pub interval_firing: Duration,
    /// Mount points that are not looked at.
    pub ignored_mounts: Vec<String>,
}

impl Default for Config {
    fn default() -> Config {
        Config { interval: Duration::from_secs(5), interval_firing: Duration::from_secs(1), ignored_mounts: Vec::new() }
    }
}

/// What is wrong with it.
pub fn check(config: &Config, problems: &mut Vec<Problem>) {
    let mut refuse = |key: &str, value: String, allowed: &str, remedy: &str| {
        problems.push(Problem {
            key: format!("notifier.host.{key}"),
            value,
            allowed: allowed.to_owned(),
            remedy: remedy.to_owned(),
        });
    };
    let bounds = Duration::from_secs(1)..=Duration::from_secs(60);
    if !bounds.contains(&config.interval) {
        let value = humantime_serde::re::humantime::format_duration(config.interval).to_string();
        refuse("interval", value, "1s to 60s", "5s is what the rules are made for");
    }
    if !bounds.contains(&config.interval_firing) || config.interval_firing > config.interval {
        let value = humantime_serde::re::humantime::format_duration(config.interval_firing).to_string();
        refuse("interval_firing", value, "1s to notifier.host.interval", "while something fires, more is to be seen");
    }
    for mount in config.ignored_mounts.iter().filter(|mount| !mount.starts_with('/')) {
        refuse("ignored_mounts", mount.clone(), "mount points, such as /srv/old", "write it as `findmnt` shows it");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Config, check};

    #[test]
    fn values_out_of_range_are_refused() {
        let wrong = |change: fn(&mut Config)| {
            let (mut config, mut problems) = (Config::default(), Vec::new());
            change(&mut config);
            check(&config, &mut problems);
            problems.iter().map(|problem| problem.key.clone()).collect::<Vec<_>>()
        };
        assert!(wrong(|_| {}).is_empty());
        assert_eq!(wrong(|c| c.interval = Duration::from_secs(61)), ["notifier.host.interval"]);
        assert_eq!(wrong(|c| c.interval_firing = Duration::from_secs(6)), ["notifier.host.interval_firing"]);
        assert_eq!(wrong(|c| c.interval_firing = Duration::ZERO), ["notifier.host.interval_firing"]);
        assert_eq!(wrong(|c| c.ignored_mounts = vec!["srv".to_owned()]), ["notifier.host.ignored_mounts"]);
    }
}
