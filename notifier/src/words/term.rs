//! Names of things: severities, subjects, directions.

use live::incident::{Severity, Subject, SubjectKind};

use super::clean::line;
use crate::notice::Language;

/// A subject's name holds an IPv6 prefix or a mount point; more is of no use to a reader.
const SUBJECT_CHARS_MAX: usize = 80;

/// How bad it is: "Critical", "Критично".
pub const fn severity(severity: Severity, language: Language) -> &'static str {
    match (severity, language) {
        (Severity::Critical, Language::En) => "Critical",
        (Severity::Critical, Language::Ru) => "Критично",
        (Severity::Warning, Language::En) => "Warning",
        (Severity::Warning, Language::Ru) => "Внимание",
        (Severity::Info, Language::En) => "Notice",
        (Severity::Info, Language::Ru) => "К сведению",
    }
}

/// What it is about: "interface eth0", "диск /var"; the node itself by its name.
pub fn subject(subject: &Subject, node: &str, language: Language) -> String {
    let kind = match (subject.kind, language) {
        (SubjectKind::Node, Language::En) => "server",
        (SubjectKind::Node, Language::Ru) => "сервер",
        (SubjectKind::Host, Language::En) => "address",
        (SubjectKind::Host, Language::Ru) => "адрес",
        (SubjectKind::Prefix, Language::En) => "prefix",
        (SubjectKind::Prefix, Language::Ru) => "сеть",
        (SubjectKind::Interface, Language::En) => "interface",
        (SubjectKind::Interface, Language::Ru) => "интерфейс",
        (SubjectKind::Disk, Language::En) => "disk",
        (SubjectKind::Disk, Language::Ru) => "диск",
        (SubjectKind::Process, Language::En) => "process",
        (SubjectKind::Process, Language::Ru) => "процесс",
        (SubjectKind::Role, Language::En) => "part of Floodmark",
        (SubjectKind::Role, Language::Ru) => "часть Floodmark",
        (SubjectKind::Channel, Language::En) => "channel",
        (SubjectKind::Channel, Language::Ru) => "канал оповещения",
        (SubjectKind::Peer, Language::En) => "Floodmark on",
        (SubjectKind::Peer, Language::Ru) => "Floodmark на",
    };
    let name = if subject.name.is_empty() { node } else { &subject.name };
    format!("{kind} {}", line(name, SUBJECT_CHARS_MAX))
}

/// Of an attack: "in" is towards the target.
pub fn direction(direction: &str, language: Language) -> &'static str {
    match (direction, language) {
        ("out", Language::En) => "outgoing: from this network",
        ("out", Language::Ru) => "исходящее, из этой сети",
        (_, Language::En) => "incoming",
        (_, Language::Ru) => "входящее",
    }
}

/// The form that goes with the number: 1 инцидент, 2 инцидента, 5 инцидентов; English has `one` and `many`.
pub const fn plural<'a>(number: u64, language: Language, one: &'a str, few: &'a str, many: &'a str) -> &'a str {
    match (language, number % 100, number % 10) {
        (Language::En, _, _) if number == 1 => one,
        (Language::En, _, _) | (Language::Ru, 11..=14, _) => many,
        (Language::Ru, _, 1) => one,
        (Language::Ru, _, 2..=4) => few,
        (Language::Ru, _, _) => many,
    }
}

#[cfg(test)]
mod tests {
    use live::incident::{Subject, SubjectKind};

    use super::{plural, subject};
    use crate::notice::Language::{En, Ru};

    #[test]
    fn russian_numbers_choose_the_form() {
        let form = |number| plural(number, Ru, "инцидент", "инцидента", "инцидентов");
        for (number, expect) in [
            (1, "инцидент"),
            (2, "инцидента"),
            (5, "инцидентов"),
            (11, "инцидентов"),
            (21, "инцидент"),
            (112, "инцидентов"),
        ] {
            assert_eq!(form(number), expect, "{number}");
        }
        assert_eq!((plural(1, En, "a", "", "b"), plural(21, En, "a", "", "b")), ("a", "b"));
    }

    #[test]
    fn a_subject_is_named_with_its_kind() {
        let disk = Subject { kind: SubjectKind::Disk, name: "/var\r\n".to_owned() };
        assert_eq!(
            (subject(&disk, "n", En).as_str(), subject(&disk, "n", Ru).as_str()),
            ("disk /var??", "диск /var??")
        );
        assert_eq!(subject(&Subject::default(), "web1", Ru), "сервер web1");
    }
}
