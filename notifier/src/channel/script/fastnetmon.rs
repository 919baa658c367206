//! fastnetmon: the arguments of FastNetMon's notify script: address, direction, packets/s, action; details on stdin.
//!
//! A script written for it works unchanged. One that does not read its stdin is not harmed by that.

use std::net::IpAddr;

use super::Event;
use crate::notice::NoticeKind;

/// The arguments, or why it is not run.
pub fn arguments(event: &Event) -> Result<Vec<String>, &'static str> {
    let action = match event.kind {
        NoticeKind::Alert => "ban",
        NoticeKind::Resolved => "unban",
        NoticeKind::Report => "attack_details",
        _ => return Err("this style knows the begin, the end and the report of an attack"),
    };
    if !event.is_attack {
        return Err("this style is for attacks");
    }
    let address = event.subject.parse::<IpAddr>().map_err(|_| "this style is for single addresses")?;
    let direction = if event.direction == "out" { "outgoing" } else { "incoming" };
    Ok(vec![address.to_string(), direction.to_owned(), event.packets_per_second.to_string(), action.to_owned()])
}

/// What it reads on stdin, in the manner of FastNetMon's details.
pub fn details(event: &Event) -> String {
    format!(
        "IP: {}\nAttack type: {}\nAttack severity: {}\nAttack direction: {}\nPeak attack power: {} packets per second\n",
        event.subject, event.rule, event.severity, event.direction, event.packets_per_second
    )
}

#[cfg(test)]
mod tests {
    use super::arguments;
    use crate::channel::script::Event;
    use crate::notice::NoticeKind;

    #[test]
    fn the_arguments_are_those_of_its_script() {
        let event = |kind, subject: &str| Event {
            kind,
            subject: subject.to_owned(),
            is_attack: true,
            direction: "in".to_owned(),
            packets_per_second: 1_234_567,
            ..Event::default()
        };
        let check = |event: &Event, expect: Option<&[&str]>| {
            let arguments = arguments(event).ok();
            let arguments = arguments.as_ref().map(|list| list.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(arguments.as_deref(), expect);
        };
        check(&event(NoticeKind::Alert, "203.0.113.7"), Some(&["203.0.113.7", "incoming", "1234567", "ban"]));
        check(&event(NoticeKind::Resolved, "2001:db8::1"), Some(&["2001:db8::1", "incoming", "1234567", "unban"]));
        check(
            &event(NoticeKind::Report, "203.0.113.7"),
            Some(&["203.0.113.7", "incoming", "1234567", "attack_details"]),
        );
        check(&event(NoticeKind::Reminder, "203.0.113.7"), None);
        check(&event(NoticeKind::Alert, "203.0.113.0/24"), None);
        check(&event(NoticeKind::Alert, "-rf"), None);
        check(&Event { is_attack: false, ..event(NoticeKind::Alert, "203.0.113.7") }, None);
    }
}
