//! What the person asked for, and the bounds of it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};

/// How the demo goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Open a browser.
    pub is_open: bool,
    /// How long all of it lasts.
    pub length: Duration,
    /// Before the first attack.
    pub calm: Duration,
    /// An attack's length.
    pub attack: Duration,
    /// Between two attacks.
    pub pause: Duration,
    /// Visits a second, on average over the waves.
    pub visits: u64,
    /// For everything that looks random.
    pub seed: u64,
    /// The page's port; `None` = the usual one, or a free one.
    pub port: Option<u16>,
    /// Where the data lie; `None` = a folder that is removed.
    pub data: Option<PathBuf>,
    /// Folder of captures to replay.
    pub captures: Option<PathBuf>,
}

impl Plan {
    /// From the command line.
    ///
    /// # Errors
    /// A word is not known, or a number is out of its range.
    pub fn from_words(words: &[OsString]) -> anyhow::Result<Plan> {
        let seconds = Duration::from_secs;
        let mut plan = Plan {
            is_open: false,
            length: seconds(3_600),
            calm: seconds(90),
            attack: seconds(45),
            pause: seconds(300),
            visits: 40,
            seed: 1,
            port: None,
            data: None,
            captures: std::env::var_os("FLOODMARK_CORPUS").map(PathBuf::from),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let name = word.to_str().context("an option is not UTF-8")?;
            let mut value = || words.next().with_context(|| format!("{name} needs a value"));
            match name {
                "--open" => plan.is_open = true,
                "--minutes" => plan.length = seconds(60 * number(name, value()?, 1, 600)?),
                "--calm" => plan.calm = seconds(number(name, value()?, 0, 36_000)?),
                "--attack" => plan.attack = seconds(number(name, value()?, 1, 600)?),
                "--pause" => plan.pause = seconds(number(name, value()?, 10, 36_000)?),
                "--visits" => plan.visits = number(name, value()?, 1, 200)?,
                "--seed" => plan.seed = number(name, value()?, 0, u64::MAX)?,
                "--port" => plan.port = Some(u16::try_from(number(name, value()?, 1, 65_535)?)?),
                "--data" => plan.data = Some(PathBuf::from(value()?)),
                "--captures" => plan.captures = Some(PathBuf::from(value()?)),
                other => bail!("there is no option {other}"),
            }
        }
        Ok(plan)
    }

    /// The command line of it, for the part that runs inside.
    pub fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let mut put = |name: &str, value: OsString| words.extend([OsString::from(name), value]);
        let numbers = [
            ("--minutes", self.length.as_secs() / 60),
            ("--calm", self.calm.as_secs()),
            ("--attack", self.attack.as_secs()),
            ("--pause", self.pause.as_secs()),
            ("--visits", self.visits),
            ("--seed", self.seed),
        ];
        numbers.into_iter().for_each(|(name, number)| put(name, number.to_string().into()));
        for (name, path) in [("--data", &self.data), ("--captures", &self.captures)] {
            path.iter().for_each(|path| put(name, path.into()));
        }
        words
    }
}

fn number(name: &str, value: &OsString, min: u64, max: u64) -> anyhow::Result<u64> {
    let number = value.to_str().and_then(|text| text.parse().ok()).filter(|number| (min..=max).contains(number));
    number.with_context(|| format!("{name} takes a whole number from {min} to {max}, not {}", value.display()))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::time::Duration;

    use super::Plan;

    fn of(words: &[&str]) -> anyhow::Result<Plan> {
        Plan::from_words(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn words_become_a_plan_and_a_plan_words() {
        let words =
            ["--minutes", "3", "--calm", "5", "--visits", "7", "--data", "/d", "--captures", "/c", "--seed", "9"];
        let plan = of(&words).unwrap();
        assert_eq!((plan.length, plan.calm, plan.visits), (Duration::from_secs(180), Duration::from_secs(5), 7));
        assert_eq!(Plan::from_words(&plan.words()).unwrap(), plan);
        assert!(of(&["--open"]).unwrap().is_open);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for words in [&["--visits", "0"][..], &["--visits", "201"], &["--minutes", "x"], &["--minutes"], &["--loud"]] {
            let error = of(words).unwrap_err().to_string();
            assert!(error.contains(words[0]), "{error}");
        }
    }
}
