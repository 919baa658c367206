//! The message that all is well: whether, when, and by which channels.

use super::Seen;
use super::console::Console;
use super::draft::Draft;
use super::mail::receiver;
use super::stop::Stop;
use crate::cli::SetupArgs;

pub fn ask(console: &mut Console, draft: &mut Draft, given: &mut SetupArgs) -> Result<(), Stop> {
    let flag = given.messages.status.take();
    let ways = ways(draft);
    if ways.is_empty() {
        return match flag.as_deref() {
            None | Some("no" | "-") => Ok(()),
            Some(_) => Err(Stop::Wrong("--status needs somebody who is told: --mail-server or --phone".to_owned())),
        };
    }
    let pipeline = &draft.config.notifier.pipeline;
    let is_on = draft.config.notifier.receiver.iter().any(|receiver| !receiver.status_channels.is_empty());
    let present = match pipeline.status_at.join(",") {
        times if is_on && !times.is_empty() => times,
        _ if is_on && !pipeline.status_every.is_zero() => "as it is".to_owned(),
        _ => "no".to_owned(),
    };
    let question = "\"All is well\" with traffic and load: no, or times of the day such as 09:00,21:00";
    let times = console.ask(question, flag, &present, parse)?;
    let Some(times) = times else { return Ok(()) };
    draft.config.notifier.pipeline.status_at = times;
    let is_off = draft.config.notifier.pipeline.status_at.is_empty();
    if is_off {
        draft.config.notifier.pipeline.status_every = std::time::Duration::ZERO;
    }
    let told = receiver(draft);
    told.status_channels = match (is_off, told.status_channels.is_empty()) {
        (true, _) => Vec::new(),
        (false, false) => told.status_channels.clone(),
        // A phone is looked at; its absence is noticed.
        (false, true) => ways.last().cloned().into_iter().collect(),
    };
    Ok(())
}

/// Channels of the one who is told; that of short messages is last.
fn ways(draft: &Draft) -> Vec<String> {
    let Some(receiver) = draft.config.notifier.receiver.first() else { return Vec::new() };
    receiver.channels.iter().chain(&receiver.critical_channels).cloned().collect()
}

/// `None` = leave it as it is.
fn parse(text: &str) -> Result<Option<Vec<String>>, String> {
    match text {
        "no" | "" => Ok(Some(Vec::new())),
        "as it is" => Ok(None),
        text => {
            let times = text.split([',', ' ']).map(str::trim).filter(|time| !time.is_empty());
            let is_time = |time: &str| {
                let parts =
                    time.split_once(':').and_then(|(hour, minute)| Some((hour.parse().ok()?, minute.parse().ok()?)));
                matches!(parts, Some((0_u8..24, 0_u8..60)))
            };
            times
                .map(|time| {
                    is_time(time).then(|| time.to_owned()).ok_or_else(|| format!("{time:?} is no time of the day"))
                })
                .collect::<Result<Vec<_>, _>>()
                .map(Some)
        }
    }
}

pub fn test(draft: Draft) -> Seen {
    let pipeline = &draft.config.notifier.pipeline;
    let receiver = draft.config.notifier.receiver.first().filter(|receiver| !receiver.status_channels.is_empty());
    Seen::Good(match receiver {
        Some(receiver) if !pipeline.status_at.is_empty() => {
            let by = receiver.status_channels.join(", ");
            format!("every day at {} by {by}; if it does not come, something is wrong", pipeline.status_at.join(", "))
        }
        Some(receiver) => format!("as configured, by {}", receiver.status_channels.join(", ")),
        None => "none".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_of_the_day_are_read() {
        let times = |text: &str| parse(text).expect(text).expect("a change");
        assert_eq!(times("09:00, 21:30"), ["09:00", "21:30"]);
        assert!(times("no").is_empty() && times("").is_empty());
        assert_eq!(parse("as it is"), Ok(None));
        for wrong in ["9", "25:00", "12:60", "soon"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
