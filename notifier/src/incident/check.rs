//! What is wrong with the pipeline's configuration, each with its remedy.

use std::time::Duration;

use super::config::{Config, Maintenance, Receiver, severity, subject_kind};
use super::window::{Moment, Week};
use super::{LADDER_STEPS_MAX, RECEIVERS_MAX};
use crate::channel::sms::number;
use crate::config::Problem;

/// What is wrong with `[notifier.pipeline]`.
pub fn check(config: &Config, problems: &mut Vec<Problem>) {
    let day = 24 * 3600;
    let second = Duration::from_secs;
    let mut span = |key: &str, value: Duration, low: u64, high: u64| {
        if value < second(low) || value > second(high) {
            let told = format!("{:?}", format!("{}s", value.as_secs_f64()));
            let allowed = format!("\"{low}s\" to \"{high}s\"");
            problems.push(problem(&format!("pipeline.{key}"), told, allowed, "choose a time within the range"));
        }
    };
    span("group_wait", config.group_wait, 0, 600);
    span("group_wait_critical", config.group_wait_critical, 0, 60);
    span("group_interval", config.group_interval, 1, day);
    span("follow_wait", config.follow_wait, 1, 3600);
    span("resolved_wait", config.resolved_wait, 0, 3600);
    span("repeat", config.repeat, 0, 30 * day);
    span("repeat_critical", config.repeat_critical, 0, 30 * day);
    span("flap_window", config.flap_window, 60, day);
    span("report_after", config.report_after, 60, 30 * day);
    span("digest_after", config.digest_after, 10, day);
    span("fallback_after", config.fallback_after, 10, day);
    span("late_after", config.late_after, 10, day);
    span("email_expiry", config.email_expiry, 60, 7 * day);
    span("sms_expiry", config.sms_expiry, 60, 7 * day);
    span("other_expiry", config.other_expiry, 60, 7 * day);
    span("status_expiry", config.status_expiry, 60, day);
    if !config.status_every.is_zero() {
        span("status_every", config.status_every, 900, day);
    }
    let mut number = |key: &str, value: u64, low: u64, high: u64, remedy: &str| {
        if !(low..=high).contains(&value) {
            let key = format!("pipeline.{key}");
            problems.push(problem(&key, value.to_string(), format!("{low} to {high}"), remedy));
        }
    };
    number("flap_crossings", config.flap_crossings, 2, 100, "4 crossings in ten minutes are flapping");
    number("email_per_hour", config.email_per_hour.into(), 2, 1000, "a cap of 0 would mute; use a silence for that");
    number("sms_per_hour", config.sms_per_hour.into(), 2, 1000, "a cap of 0 would mute; use a silence for that");
    number("other_per_hour", config.other_per_hour.into(), 2, 10_000, "a cap of 0 would mute; use a silence for that");
    let smallest = config.email_per_hour.min(config.sms_per_hour).min(config.other_per_hour);
    let reserve = config.critical_reserve;
    number("critical_reserve", reserve.into(), 0, u64::from(smallest.max(1) - 1), "it is a part of each cap");
    for time in config.status_at.iter().filter(|time| super::window::minute_of_day(time).is_none()) {
        let allowed = "a time of the day such as \"09:00\"".to_owned();
        problems.push(problem("pipeline.status_at", format!("{time:?}"), allowed, "write hours and minutes"));
    }
    check_zone("pipeline.zone", &config.zone, problems);
}

/// What is wrong with receivers and maintenance windows, of which the whole section must be known.
pub fn check_people(config: &crate::config::Config, problems: &mut Vec<Problem>) {
    if config.receiver.len() > RECEIVERS_MAX {
        let count = config.receiver.len().to_string();
        problems.push(problem("receiver", count, format!("at most {RECEIVERS_MAX}"), "let a mailing list fan out"));
    }
    for (index, receiver) in config.receiver.iter().enumerate() {
        let at =
            format!("receiver[{}]", if receiver.name.is_empty() { index.to_string() } else { receiver.name.clone() });
        if receiver.name.is_empty() || receiver.name.chars().count() > 64 || receiver.name.chars().any(char::is_control)
        {
            problems.push(problem(
                &format!("{at}.name"),
                format!("{:?}", receiver.name),
                "1 to 64 characters".to_owned(),
                "name the person or the team",
            ));
        } else if config.receiver[..index].iter().any(|other| other.name == receiver.name) {
            let value = format!("{:?}", receiver.name);
            problems.push(problem(
                &format!("{at}.name"),
                value,
                "a name used once".to_owned(),
                "rename one of the two",
            ));
        }
        check_addresses(&at, receiver, problems);
        check_channels(&at, receiver, config, problems);
        check_ladder(&at, receiver, config, problems);
    }
    for (index, window) in config.maintenance.iter().enumerate() {
        check_maintenance(&format!("maintenance[{index}]"), window, problems);
    }
}

fn check_addresses(at: &str, receiver: &Receiver, problems: &mut Vec<Problem>) {
    if !receiver.phone.is_empty() && !is_phone(&receiver.phone) {
        problems.push(problem(
            &format!("{at}.phone"),
            format!("{:?}", receiver.phone),
            "a number in the international form: \"+\", country, number, 8 to 15 digits, no blanks".to_owned(),
            "write +79161234567, not 8 (916) 123-45-67",
        ));
    }
    if !receiver.mail.is_empty() && receiver.mail.parse::<lettre::Address>().is_err() {
        problems.push(problem(
            &format!("{at}.mail"),
            format!("{:?}", receiver.mail),
            "one mail address".to_owned(),
            "write name@domain without a display name; another person is another receiver",
        ));
    }
    if !["", "en", "ru"].contains(&receiver.language.as_str()) {
        let allowed = "\"en\", \"ru\" or \"\"".to_owned();
        problems.push(problem(
            &format!("{at}.language"),
            format!("{:?}", receiver.language),
            allowed,
            "other languages are not spoken yet",
        ));
    }
    check_zone(&format!("{at}.zone"), &receiver.zone, problems);
    for text in receiver.hours.iter().filter(|text| Week::parse(text).is_none()) {
        problems.push(bad_week(&format!("{at}.hours"), text));
    }
}

fn check_channels(at: &str, receiver: &Receiver, config: &crate::config::Config, problems: &mut Vec<Problem>) {
    let known = super::settings::channels(config, &[]);
    let lists = [
        ("channels", &receiver.channels),
        ("critical_channels", &receiver.critical_channels),
        ("status_channels", &receiver.status_channels),
    ];
    let steps = receiver.ladder.iter().map(|step| ("ladder.channels", &step.channels));
    for (key, name) in lists.into_iter().chain(steps).flat_map(|(key, names)| names.iter().map(move |name| (key, name)))
    {
        let Some(channel) = known.iter().find(|channel| channel.name == *name) else {
            let names: Vec<_> = known.iter().map(|channel| format!("{:?}", channel.name)).collect();
            problems.push(problem(
                &format!("{at}.{key}"),
                format!("{name:?}"),
                names.join(", "),
                "name a channel that is configured",
            ));
            continue;
        };
        let is_own = key != "ladder.channels"
            || receiver.ladder.iter().any(|step| step.receivers.is_empty() && step.channels.contains(name));
        let missing = match channel.kind {
            super::settings::ChannelKind::Email if receiver.mail.is_empty() => "mail",
            super::settings::ChannelKind::Sms if receiver.phone.is_empty() => "phone",
            _ => continue,
        };
        if is_own {
            let allowed = format!("a channel for which the receiver has an address: it has no `{missing}`");
            problems.push(problem(
                &format!("{at}.{key}"),
                format!("{name:?}"),
                allowed,
                &format!("set `{missing}` of the receiver"),
            ));
        }
    }
}

fn check_ladder(at: &str, receiver: &Receiver, config: &crate::config::Config, problems: &mut Vec<Problem>) {
    let key = format!("{at}.ladder");
    if receiver.ladder.len() > LADDER_STEPS_MAX {
        problems.push(problem(
            &key,
            format!("{} steps", receiver.ladder.len()),
            format!("at most {LADDER_STEPS_MAX}"),
            "join some",
        ));
    }
    for step in &receiver.ladder {
        if step.channels.is_empty() && step.receivers.is_empty() {
            problems.push(problem(
                &key,
                "a step without channels and receivers".to_owned(),
                "one of the two".to_owned(),
                "name a channel or a receiver",
            ));
        }
        for name in step.receivers.iter().filter(|name| !config.receiver.iter().any(|other| other.name == **name)) {
            problems.push(problem(
                &format!("{key}.receivers"),
                format!("{name:?}"),
                "names of receivers".to_owned(),
                "add the receiver, or correct the name",
            ));
        }
        if step.after.as_secs() > 7 * 86_400 {
            problems.push(problem(
                &format!("{key}.after"),
                format!("\"{}s\"", step.after.as_secs()),
                "at most 7 days".to_owned(),
                "nobody waits so long",
            ));
        }
    }
    if !receiver.ladder.is_sorted_by_key(|step| step.after) {
        problems.push(problem(
            &format!("{key}.after"),
            "steps out of order".to_owned(),
            "each step later than the one before".to_owned(),
            "sort the steps by `after`",
        ));
    }
}

fn check_maintenance(at: &str, window: &Maintenance, problems: &mut Vec<Problem>) {
    for text in window.weekly.iter().filter(|text| Week::parse(text).is_none()) {
        problems.push(bad_week(&format!("{at}.weekly"), text));
    }
    let (from, until) = (Moment::parse(&window.from), Moment::parse(&window.until));
    for (key, text, time) in [("from", &window.from, &from), ("until", &window.until, &until)] {
        if time.is_none() && (window.weekly.is_empty() || !text.is_empty()) {
            let allowed = "a local time such as \"2026-12-24 22:00\", or weekly times".to_owned();
            problems.push(problem(&format!("{at}.{key}"), format!("{text:?}"), allowed, "write the day and the time"));
        }
    }
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        problems.push(problem(
            &format!("{at}.until"),
            format!("{:?}", window.until),
            "later than `from`".to_owned(),
            "swap the two",
        ));
    }
    if !window.subject_kind.is_empty() && subject_kind(&window.subject_kind).is_none() {
        let allowed = "node, host, prefix, interface, disk, process, role, channel, peer".to_owned();
        problems.push(problem(
            &format!("{at}.subject_kind"),
            format!("{:?}", window.subject_kind),
            allowed,
            "leave it empty for all",
        ));
    }
    if !window.severity_max.is_empty() && severity(&window.severity_max).is_none() {
        let allowed = "info, warning, critical".to_owned();
        problems.push(problem(
            &format!("{at}.severity_max"),
            format!("{:?}", window.severity_max),
            allowed,
            "leave it empty for all",
        ));
    }
}

fn check_zone(key: &str, zone: &str, problems: &mut Vec<Problem>) {
    // Whether this machine knows the zone is seen at the start: a check reads no files.
    let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-+".contains(c));
    if !zone.is_empty() && (zone.len() > 64 || !zone.split('/').all(is_name)) {
        let allowed = "a zone such as \"Europe/Moscow\"".to_owned();
        problems.push(problem(key, format!("{zone:?}"), allowed, "`timedatectl list-timezones` has the names"));
    }
}

fn bad_week(key: &str, text: &str) -> Problem {
    let allowed = "days and a span of time such as \"mon-fri 08:00-20:00\", \"sat,sun 10:00-18:00\", \"22:00-06:00\"";
    problem(key, format!("{text:?}"), allowed.to_owned(), "a span may pass midnight; without days it is every day")
}

/// E.164 as it is sent: `+`, then 8 to 15 digits, the first not 0.
pub fn is_phone(text: &str) -> bool {
    number::parse(text).is_some_and(|number| number == text && number.len() > 8)
}

fn problem(key: &str, value: String, allowed: String, remedy: &str) -> Problem {
    Problem { key: format!("notifier.{key}"), value, allowed, remedy: remedy.to_owned() }
}
