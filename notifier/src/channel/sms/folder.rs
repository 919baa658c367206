//! folder: the spool of a modem's program: smstools, or gammu-smsd with the service "files".
//!
//! A file is written whole under a name that the program does not look at, made durable, and renamed into its place.
//! What became of it is where the program moves it, and what a status report of smstools says. A message that the
//! program does not take is taken back: a modem that is dead must not look like a warning that was given.

use std::collections::{HashSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::config::{Gateway, Kind};
use super::encode::{Alphabet, alphabet, from_ucs2_octets, ucs2_octets};
use super::report::{self, Reports};
use super::{AT_ONCE_MAX, Inbound, Short};
use crate::channel::{Delivery, Receipt, SendError};
use crate::words::line;

/// Files whose fate is watched.
const FOLLOWED_MAX: usize = 256;

/// Entries of a folder that one look takes in: somebody may have kept years of messages there.
const ENTRIES_MAX: usize = 10_000;

/// A status report that has not come by then will not come.
const REPORT_WAIT: Duration = Duration::from_secs(24 * 3_600);

/// Bytes of a file of the program that are read.
const FILE_BYTES_MAX: u64 = 16 << 10;

/// Characters of a received text: a code has six.
const TEXT_CHARACTERS_MAX: usize = 160;

/// A modem's spool.
pub struct Folder {
    whose: String,
    is_gammu: bool,
    root: PathBuf,
    reports: bool,
    validity: Duration,
    followed: Mutex<VecDeque<Followed>>,
    /// Received files that are there and were read.
    seen: Mutex<HashSet<String>>,
    told: Mutex<Reports>,
}

/// A file whose fate is watched.
struct Followed {
    name: String,
    since: Instant,
}

impl Folder {
    /// Looks at nothing yet.
    pub fn new(config: &Gateway) -> Folder {
        Folder {
            whose: format!("sms {}", config.name),
            is_gammu: config.kind == Kind::Gammu,
            root: config.folder.clone(),
            reports: config.reports,
            validity: config.validity,
            followed: Mutex::default(),
            seen: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// Leaves one message for the modem.
    ///
    /// # Errors
    /// [`SendError::Passing`] if the disk is full or the folder is away, [`SendError::Broken`] if it may not be written.
    pub fn send(&self, short: &Short) -> Result<Receipt, SendError> {
        let (folder, name, bytes) = match self.is_gammu {
            true => gammu_file(short, self.reports),
            false => smstools_file(short, self.reports, self.validity),
        };
        let folder = self.root.join(folder);
        place(&folder, &name, &bytes).map_err(|error| {
            let told = format!("{}: cannot write to {}: {error}", self.whose, folder.display());
            match error.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory | io::ErrorKind::ReadOnlyFilesystem => {
                    SendError::Broken(format!("{told}; the user of notifier must be able to write there"))
                }
                _ => SendError::Passing(told),
            }
        })?;
        self.follow(&name);
        Ok(Receipt { provider_id: name, answer: "in the modem's spool".to_owned(), is_followed: true })
    }

    /// Watches this file too.
    pub fn follow(&self, name: &str) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        // The name becomes part of a path.
        if !name.contains('/') && !name.starts_with('.') && !followed.iter().any(|known| known.name == name) {
            followed.truncate(FOLLOWED_MAX - 1);
            followed.push_front(Followed { name: name.to_owned(), since: Instant::now() });
        }
    }

    /// The files that were sent or given up since.
    pub fn receipts(&self) -> Vec<Delivery> {
        self.receipts_at(Instant::now())
    }

    fn receipts_at(&self, now: Instant) -> Vec<Delivery> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if self.reports && !self.is_gammu && !followed.is_empty() {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).look(&self.root, ENTRIES_MAX, read);
        }
        let mut deliveries = Vec::new();
        followed.retain(|one| match self.fate(one, now) {
            Some((arrived, answer)) => {
                deliveries.push(Delivery { provider_id: one.name.clone(), arrived, answer });
                false
            }
            None => true,
        });
        deliveries
    }

    /// Whether it arrived, in words; `None` = nobody knows yet.
    fn fate(&self, one: &Followed, now: Instant) -> Option<(bool, String)> {
        let failed = self.root.join(if self.is_gammu { "error" } else { "failed" }).join(&one.name);
        if failed.exists() {
            let reason = header(&read(&failed).unwrap_or_default(), "Fail_reason").unwrap_or_default();
            return Some((false, line(&format!("given up by the modem {reason}"), 120).trim_end().to_owned()));
        }
        let waited = now.saturating_duration_since(one.since);
        let sent = self.root.join("sent").join(&one.name);
        if sent.exists() {
            return self.after_sent(&sent, waited);
        }
        (waited >= self.validity).then(|| self.take_back(&one.name)).flatten()
    }

    /// It is on the air: a report may tell more.
    fn after_sent(&self, sent: &Path, waited: Duration) -> Option<(bool, String)> {
        let by_modem = || Some((true, "sent by the modem".to_owned()));
        if self.is_gammu || !self.reports || waited >= REPORT_WAIT {
            return by_modem();
        }
        let Some(awaited) = report::awaited(sent, &read(sent).unwrap_or_default()) else { return by_modem() };
        self.told.lock().unwrap_or_else(PoisonError::into_inner).of(&awaited)
    }

    /// The modem's program has not taken it for as long as it was of use, or has it and does not send it.
    fn take_back(&self, name: &str) -> Option<(bool, String)> {
        let (folder, program) = if self.is_gammu { ("outbox", "gammu-smsd") } else { ("outgoing", "smsd") };
        let minutes = self.validity.as_secs() / 60;
        if fs::remove_file(self.root.join(folder).join(name)).is_ok() {
            return Some((
                false,
                format!("{program} has not taken it for {minutes} min and it is taken back; does it run?"),
            ));
        }
        let waits = self.root.join("checked").join(name).exists();
        waits.then(|| (false, format!("{program} has not sent it for {minutes} min; look at its log and the modem")))
    }

    /// Received files that were not seen yet; they stay where they are.
    pub fn inbound(&self) -> Vec<Inbound> {
        let folder = self.root.join(if self.is_gammu { "inbox" } else { "incoming" });
        let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut inbound, mut there) = (Vec::new(), HashSet::new());
        for entry in entries.take(ENTRIES_MAX).flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            if !seen.contains(&name) {
                if inbound.len() >= AT_ONCE_MAX {
                    continue;
                }
                let Ok(bytes) = read(&entry.path()) else { continue };
                inbound.extend(if self.is_gammu { gammu_message(&name, &bytes) } else { smstools_message(&bytes) });
            }
            there.insert(name);
        }
        *seen = there;
        inbound
    }
}

/// `text` without what has a meaning in a file name.
fn safe(text: &str) -> String {
    text.bytes().filter(u8::is_ascii_alphanumeric).take(40).map(char::from).collect()
}

/// Folder, name and bytes for smstools: headers, an empty line, the text.
pub(super) fn smstools_file(short: &Short, reports: bool, validity: Duration) -> (&'static str, String, Vec<u8>) {
    let report = if reports { "Report: yes\n" } else { "" };
    let digits = short.to.trim_start_matches('+');
    let (alphabet, text) = match alphabet(&short.text) {
        // Every version knows it.
        Alphabet::Gsm7 if short.text.is_ascii() => ("ISO", short.text.as_bytes().to_vec()),
        // From 3.1.16 on; ISO would lose the Greek letters and the euro of the seven-bit alphabet.
        Alphabet::Gsm7 => ("UTF-8", short.text.as_bytes().to_vec()),
        Alphabet::Ucs2 => ("UCS", ucs2_octets(&short.text)),
    };
    let minutes = validity.as_secs().div_ceil(60);
    let mut bytes = format!("To: {digits}\nAlphabet: {alphabet}\nValidity: {minutes} min\n{report}\n").into_bytes();
    bytes.extend(text);
    ("outgoing", format!("floodmark-{}", safe(&short.id)), bytes)
}

/// Folder, name and bytes for gammu-smsd: everything but the text stands in the name (files backend of its manual).
pub(super) fn gammu_file(short: &Short, reports: bool) -> (&'static str, String, Vec<u8>) {
    let option = if reports { "d" } else { "" };
    // Date, time and serial order the queue only: the id makes the name the same for a repeat.
    let name = format!("OUTA20000101_000000_00_{}_{}.txt{option}", short.to, safe(&short.id));
    let bytes = if short.text.is_ascii() {
        short.text.as_bytes().to_vec()
    } else {
        let mut bytes = vec![0xfe, 0xff];
        bytes.extend(ucs2_octets(&short.text));
        bytes
    };
    ("outbox", name, bytes)
}

/// A whole file or none.
fn place(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let parent = folder.parent().unwrap_or(folder);
    // Beside the folder, so that the program never sees it half written; on the same disk.
    let temporary = parent.join(format!(".floodmark-{name}"));
    let written = write_new(&temporary, bytes).or_else(|error| match error.kind() {
        // The spool's root may belong to another user: smstools leaves alone names that end in LOCK.
        io::ErrorKind::PermissionDenied => write_new(&folder.join(format!(".{name}.LOCK")), bytes),
        _ => Err(error),
    });
    let temporary = written?;
    let placed = fs::rename(&temporary, folder.join(name));
    if placed.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    placed?;
    File::open(folder)?.sync_all()
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    // The program runs as another user and must be able to read it; its folder decides who else can.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o664).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written.map(|()| path.to_path_buf())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // Not through links, and not from a pipe that somebody put there.
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A header's value of smstools' file.
pub(super) fn header(bytes: &[u8], name: &str) -> Option<String> {
    let head = bytes.split(|byte| *byte == b'\n').take_while(|row| !row.is_empty());
    head.filter_map(|row| std::str::from_utf8(row).ok())
        .filter_map(|row| row.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
}

fn received(from: &str, text: &str) -> Option<Inbound> {
    let from = format!("+{}", from.trim().trim_start_matches('+'));
    let from = super::number::parse(&from)?;
    Some(Inbound { from, text: line(text.trim(), TEXT_CHARACTERS_MAX) })
}

fn smstools_message(bytes: &[u8]) -> Option<Inbound> {
    let begin = bytes.windows(2).position(|pair| pair == b"\n\n")? + 2;
    let body = &bytes[begin..];
    // The network's word on one of ours, not a person's.
    if report::is_report(body) {
        return None;
    }
    let text = match header(bytes, "Alphabet").unwrap_or_default().as_str() {
        "UCS" | "UCS2" => from_ucs2_octets(body),
        "UTF-8" | "UTF8" => String::from_utf8_lossy(body).into_owned(),
        _ => body.iter().map(|byte| char::from(*byte)).collect(),
    };
    received(&header(bytes, "From")?, &text)
}

/// `IN20260819_053500_00_+79161234567_00.txt`: the sender stands in the name.
fn gammu_message(name: &str, bytes: &[u8]) -> Option<Inbound> {
    let from = name.strip_prefix("IN")?.split('_').nth(3)?;
    let text = match bytes {
        [0xfe, 0xff, rest @ ..] => from_ucs2_octets(rest),
        [0xff, 0xfe, rest @ ..] => {
            let swapped: Vec<u8> = rest.chunks_exact(2).flat_map(|pair| [pair[1], pair[0]]).collect();
            from_ucs2_octets(&swapped)
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    received(from, &text)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use super::super::config::{Gateway, Kind};
    use super::{Folder, Short};
    use crate::channel::SendError;

    fn folder(root: &Path, kind: Kind) -> Folder {
        for name in ["outgoing", "sent", "failed", "incoming", "outbox", "error", "inbox"] {
            fs::create_dir_all(root.join(name)).expect("a scratch folder");
        }
        Folder::new(&Gateway { name: "m".to_owned(), kind, folder: root.to_path_buf(), ..Gateway::default() })
    }

    fn short(text: &str) -> Short {
        Short { id: "../a-1/b".to_owned(), to: "+79161234567".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn smstools_gets_a_whole_file_and_its_fate_is_followed() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let folder = folder(dir.path(), Kind::Smstools);
        let receipt = folder.send(&short("Тест")).expect("written");
        assert_eq!(receipt.provider_id, "floodmark-a1b");
        let path = dir.path().join("outgoing/floodmark-a1b");
        let bytes = fs::read(&path).expect("in its place");
        let head = b"To: 79161234567\nAlphabet: UCS\nValidity: 30 min\nReport: yes\n\n";
        assert!(bytes.starts_with(head));
        assert_eq!(bytes[head.len()..], [0x04, 0x22, 0x04, 0x35, 0x04, 0x41, 0x04, 0x42]);
        assert_eq!(fs::read_dir(dir.path().join("outgoing")).expect("a folder").count(), 1);
        assert!(folder.receipts().is_empty());
        fs::write(&path, "To: 7\nFail_reason: no\r network\n\nx").expect("ours");
        fs::rename(&path, dir.path().join("failed/floodmark-a1b")).expect("as smstools does");
        let deliveries = folder.receipts();
        assert_eq!(deliveries.len(), 1);
        assert!(!deliveries[0].arrived && deliveries[0].answer.contains("network"), "{deliveries:?}");
        assert!(!deliveries[0].answer.contains('\r') && folder.receipts().is_empty());
    }

    #[test]
    fn a_repeat_has_the_same_name() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let folder = folder(dir.path(), Kind::Gammu);
        for _ in 0..2 {
            let receipt = folder.send(&short("Тест")).expect("written");
            assert_eq!(receipt.provider_id, "OUTA20000101_000000_00_+79161234567_a1b.txtd");
        }
        assert_eq!(fs::read_dir(dir.path().join("outbox")).expect("a folder").count(), 1);
        fs::rename(
            dir.path().join("outbox").join("OUTA20000101_000000_00_+79161234567_a1b.txtd"),
            dir.path().join("sent/OUTA20000101_000000_00_+79161234567_a1b.txtd"),
        )
        .expect("as gammu does");
        assert!(folder.receipts().iter().all(|delivery| delivery.arrived));
    }

    #[test]
    fn what_was_received_is_read_once() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let smstools = folder(dir.path(), Kind::Smstools);
        let incoming = dir.path().join("incoming");
        fs::write(incoming.join("GSM1.a"), "From: 79161234567\nAlphabet: ISO\n\nK7F2Q9\r\n").expect("a file");
        fs::write(incoming.join("GSM1.b"), "From: Bank\nAlphabet: ISO\n\nspam").expect("a file");
        fs::write(incoming.join("GSM1.c"), [0xffu8; 300]).expect("a file");
        std::os::unix::fs::symlink("/etc/passwd", incoming.join("GSM1.d")).expect("a link");
        let inbound = smstools.inbound();
        assert_eq!(inbound.len(), 1, "{inbound:?}");
        assert_eq!((inbound[0].from.as_str(), inbound[0].text.as_str()), ("+79161234567", "K7F2Q9"));
        assert!(smstools.inbound().is_empty());
        let gammu = folder(dir.path(), Kind::Gammu);
        fs::write(dir.path().join("inbox/IN20260819_053500_00_+79161234567_00.txt"), [0xfe, 0xff, 0, b'K', 0, b'7'])
            .expect("a file");
        assert_eq!(gammu.inbound().first().map(|inbound| inbound.text.clone()).as_deref(), Some("K7"));
    }

    #[test]
    fn a_folder_that_is_away_is_told() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let gone =
            Gateway { name: "m".to_owned(), kind: Kind::Gammu, folder: dir.path().join("x"), ..Gateway::default() };
        let error = Folder::new(&gone).send(&short("a")).expect_err("no folder");
        assert!(matches!(&error, SendError::Passing(told) if told.contains("outbox")), "{error:?}");
    }
    #[test]
    fn what_the_program_does_not_take_is_taken_back_and_told() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        for (kind, place) in [(Kind::Smstools, "outgoing"), (Kind::Gammu, "outbox")] {
            let folder = folder(dir.path(), kind);
            let receipt = folder.send(&short("a")).expect("written");
            let path = dir.path().join(place).join(&receipt.provider_id);
            let now = tokio::time::Instant::now();
            assert!(folder.receipts_at(now + Duration::from_secs(1_700)).is_empty() && path.exists());
            let told = folder.receipts_at(now + Duration::from_secs(1_801));
            assert!(matches!(&told[..], [one] if !one.arrived && one.answer.contains("does it run?")), "{told:?}");
            assert!(!path.exists() && folder.receipts_at(now + Duration::from_secs(1_900)).is_empty());
        }
    }

    #[test]
    fn a_report_is_awaited_where_one_was_asked_for() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let folder = folder(dir.path(), Kind::Smstools);
        let receipt = folder.send(&short("a")).expect("written");
        let sent = dir.path().join("sent").join(&receipt.provider_id);
        fs::rename(dir.path().join("outgoing").join(&receipt.provider_id), &sent).expect("as smstools does");
        fs::write(&sent, "To: 79161234567\nMessage_id: 5\n\na").expect("as smstools does");
        assert!(folder.receipts().is_empty(), "the network has not said anything");
        let report = "From: 79161234567\n\nSMS STATUS REPORT\nMessage_id: 5\nStatus: 64,Error,no such number\n";
        fs::write(dir.path().join("incoming/GSM1.x"), report).expect("a file");
        let told = folder.receipts();
        assert!(matches!(&told[..], [one] if !one.arrived && one.answer.contains("no such number")), "{told:?}");
        assert!(folder.inbound().is_empty(), "a report is nobody's answer");
    }
}
