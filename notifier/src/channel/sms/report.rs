//! report: status reports that smstools keeps as files: which message each is of, and what it says.
//!
//! A report names the number and the modem's message id, which is one octet and comes again (3GPP 23.040 §9.2.3.2): it
//! is of the message to that number whose file was finished before it.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::folder::header;
use crate::words::line;

/// Reports that wait for their message, as many as messages are followed.
const KEPT_MAX: usize = 256;

/// Where reports are: `report` if it is set in smsd.conf, else among what was received.
const FOLDERS: [&str; 2] = ["report", "incoming"];

/// File times of one disk, rounded.
const SKEW: Duration = Duration::from_secs(2);

/// What a report tells.
struct Report {
    number: String,
    message_id: u32,
    status: u8,
    words: String,
    time: SystemTime,
}

/// A sent message whose report is awaited.
pub struct Awaited {
    number: String,
    message_id: u32,
    time: SystemTime,
}

/// Those that were read.
#[derive(Default)]
pub struct Reports {
    /// The newest first.
    kept: Vec<Report>,
    /// Of the files that are there, those that were read.
    seen: HashSet<String>,
}

/// Whether the text of a received file is a report.
pub fn is_report(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"SMS STATUS REPORT")
}

/// What to wait for after the file `sent`; `None` = no report was asked for.
pub fn awaited(sent: &Path, bytes: &[u8]) -> Option<Awaited> {
    let message_id = last_number(&header(bytes, "Message_id")?)?;
    let time = fs::symlink_metadata(sent).and_then(|file| file.modified()).ok()?;
    Some(Awaited { number: header(bytes, "To")?, message_id, time })
}

impl Reports {
    /// Reads the files that are new; of each folder `entries_max` at most.
    pub fn look(&mut self, root: &Path, entries_max: usize, read: impl Fn(&Path) -> io::Result<Vec<u8>>) {
        let mut seen = HashSet::new();
        for folder in FOLDERS {
            let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
            for entry in entries.take(entries_max).flatten() {
                let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
                if !self.seen.contains(&name) {
                    // What cannot be read yet is looked at again.
                    let Ok(bytes) = read(&entry.path()) else { continue };
                    let time = entry.metadata().and_then(|file| file.modified());
                    self.kept.extend(parse(&bytes).zip(time.ok()).map(|(report, time)| Report { time, ..report }));
                }
                seen.insert(name);
            }
        }
        self.seen = seen;
        self.kept.sort_by_key(|report| Reverse(report.time));
        self.kept.truncate(KEPT_MAX);
    }

    /// What the newest final report says of a message.
    pub fn of(&self, awaited: &Awaited) -> Option<(bool, String)> {
        let is_its = |report: &&Report| {
            report.number == awaited.number
                && report.message_id == awaited.message_id
                && report.time + SKEW >= awaited.time
        };
        self.kept.iter().filter(is_its).find_map(|report| Some((arrived(report.status)?, report.words.clone())))
    }
}

/// TP-Status (3GPP 23.040 §9.2.3.15): done, still trying, given up.
fn arrived(status: u8) -> Option<bool> {
    match status {
        0x00..=0x1f => Some(true),
        0x20..=0x3f => None,
        _ => Some(false),
    }
}

fn last_number(text: &str) -> Option<u32> {
    text.split(|char: char| !char.is_ascii_digit()).rfind(|digits| !digits.is_empty())?.parse().ok()
}

/// A report's file: headers as of a message, then lines of its own.
fn parse(bytes: &[u8]) -> Option<Report> {
    let begin = bytes.windows(2).position(|pair| pair == b"\n\n")? + 2;
    let body = bytes.get(begin..).filter(|body| is_report(body))?.trim_ascii_start();
    let status = header(body, "Status")?;
    Some(Report {
        number: header(bytes, "From")?.trim_start_matches('+').to_owned(),
        message_id: last_number(&header(body, "Message_id")?)?,
        status: status.split(',').next()?.trim().parse().ok()?,
        words: line(&format!("the network says: {status}"), 120),
        time: SystemTime::UNIX_EPOCH,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Reports, arrived, awaited, last_number};

    fn file(message_id: u32, status: &str) -> String {
        format!(
            "From: 79161234567\nFrom_SMSC: 1\nSubject: GSM1\n\nSMS STATUS REPORT\nMessage_id: {message_id}\n\
             Discharge_timestamp: 26-08-19 05:35:10\nStatus: {status}\n"
        )
    }

    fn of(reports: &mut Reports, root: &Path, message_id: u32) -> Option<(bool, String)> {
        reports.look(root, 100, |path| fs::read(path));
        let sent = root.join("sent");
        fs::write(&sent, format!("To: 79161234567\nMessage_id: {message_id}\n\nx")).expect("a file");
        reports.of(&awaited(&sent, &fs::read(&sent).expect("ours")).expect("a report was asked for"))
    }

    #[test]
    fn a_report_is_of_the_message_with_its_number_and_id() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let root = dir.path();
        fs::create_dir(root.join("incoming")).expect("a folder");
        let mut reports = Reports::default();
        assert_eq!(of(&mut reports, root, 7), None);
        let put = |name: &str, text: &str| fs::write(root.join("incoming").join(name), text).expect("a file");
        put("a", &file(7, "32,Congestion,still trying"));
        put("b", &file(8, "0,Ok,short message received by the SME"));
        put("c", "From: 79161234567\n\nStatus: 0");
        put("d", "SMS STATUS REPORT");
        assert_eq!(of(&mut reports, root, 7), None, "the network still tries");
        let told = of(&mut reports, root, 8).expect("it is there");
        assert_eq!(told, (true, "the network says: 0,Ok,short message received by the SME".to_owned()));
        put("e", &file(7, "70,Error,validity period expired"));
        assert!(of(&mut reports, root, 7).is_some_and(|(arrived, words)| !arrived && words.contains("expired")));
        assert_eq!(of(&mut reports, root, 9), None);
    }

    #[test]
    fn an_old_report_is_not_of_a_new_message_with_the_same_id() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        fs::create_dir(dir.path().join("report")).expect("a folder");
        let path = dir.path().join("report/a");
        fs::write(&path, file(7, "0,Ok,received")).expect("a file");
        let day = std::time::Duration::from_secs(86_400);
        let before = fs::metadata(&path).and_then(|file| file.modified()).expect("a time") - day;
        fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(before)).expect("ours");
        assert_eq!(of(&mut Reports::default(), dir.path(), 7), None);
    }

    #[test]
    fn states_and_ids_are_read() {
        assert_eq!(
            [0, 31, 32, 63, 64, 255].map(arrived),
            [Some(true), Some(true), None, None, Some(false), Some(false)]
        );
        assert_eq!([last_number("12 13 ."), last_number("117"), last_number("x")], [Some(13), Some(117), None]);
    }
}
