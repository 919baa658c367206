//! Hostile names in every text of a notice: the mail has the same headers, parts and lines as with harmless ones.

use faults::hostile::strings;
use lettre::message::Mailbox;

use super::examples;
use crate::channel::Message;
use crate::channel::email::compose::{Sender, compose};
use crate::channel::email::render;
use crate::channel::testing::infect;
use crate::notice::{Language, Notice, NoticeKind};

/// What the issue asks for.
const STRINGS: u64 = 10_000;

fn composed(notice: Notice) -> Vec<u8> {
    let sender = Sender {
        from: "Floodmark <floodmark@example.org>".parse::<Mailbox>().expect("an address"),
        reply_to: None,
        node: notice.node.clone(),
    };
    let to = "admin@example.org".parse().expect("an address");
    let message = Message { id: "0123-1".to_owned(), thread: "0123".to_owned(), notice, ..Message::default() };
    let mail = render(&message.notice);
    assert!(mail.subject.chars().count() <= 200);
    assert!(mail.png.as_ref().is_none_or(|png| png.len() <= 40 << 10));
    compose(&sender, &to, &message, &mail, Some(vec![0xd4, 0xc3, 0xb2, 0xa1])).expect("a mail")
}

/// A part of a mail, read strictly: every line ends in CRLF, every header is a name and a value.
#[derive(Debug)]
pub(super) struct Part {
    headers: Vec<(String, String)>,
    body: String,
    pub(super) parts: Vec<Part>,
}

impl Part {
    pub(super) fn read(text: &str) -> Part {
        let (head, body) = text.split_once("\r\n\r\n").expect("headers end");
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in head.split("\r\n") {
            assert!(
                line.len() <= 998 && line.chars().all(|char| char == '\t' || (' '..='~').contains(&char)),
                "{line:?}"
            );
            match line.strip_prefix([' ', '\t']) {
                Some(more) => headers.last_mut().expect("a header before").1 += &format!(" {more}"),
                None => {
                    let (name, value) = line.split_once(':').expect("a header");
                    assert!(name.chars().all(|char| char.is_ascii_alphanumeric() || char == '-'), "{name:?}");
                    headers.push((name.to_owned(), value.trim().to_owned()));
                }
            }
        }
        let mut part = Part { headers, body: body.to_owned(), parts: Vec::new() };
        let kind = part.header("Content-Type").to_owned();
        if let Some((_, border)) = kind.split_once("boundary=") {
            let border = border.trim_matches('"');
            let (inner, _) = body.split_once(&format!("--{border}--")).expect("a last border");
            let between = format!("--{border}\r\n");
            let pieces = inner.split(&between).skip(1);
            part.parts = pieces.map(|piece| Part::read(piece.strip_suffix("\r\n").unwrap_or(piece))).collect();
        }
        part
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// The body as it was before it was encoded; nothing if that is no text.
    pub(super) fn decoded(&self) -> String {
        String::from_utf8(self.bytes()).unwrap_or_default()
    }

    /// The same in bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self.header("Content-Transfer-Encoding") {
            "base64" => {
                use base64::Engine;
                let packed: String = self.body.split_whitespace().collect();
                base64::engine::general_purpose::STANDARD.decode(packed).expect("base64")
            }
            "quoted-printable" => {
                let mut bytes = Vec::new();
                let joined = self.body.replace("=\r\n", "");
                let mut rest = joined.bytes();
                while let Some(byte) = rest.next() {
                    let mut digit = || char::from(rest.next().expect("a digit")).to_digit(16).expect("a digit") as u8;
                    bytes.push(if byte == b'=' { digit() * 16 + digit() } else { byte });
                }
                bytes
            }
            other => {
                assert_eq!(other, "7bit");
                self.body.clone().into_bytes()
            }
        }
    }

    /// Names of headers and kinds of parts, numbers of lines and tags: what an injection would change.
    fn skeleton(&self) -> String {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let kind = self.header("Content-Type").split(';').next().unwrap_or_default();
        let text = if kind.starts_with("text/") { self.decoded() } else { String::new() };
        let shape = match kind {
            "text/plain" => format!("{} lines", text.lines().count()),
            "text/html" => format!("{} lines, tags {}", text.lines().count(), tags(&text)),
            _ => String::new(),
        };
        let parts: String = self.parts.iter().map(Part::skeleton).collect();
        format!("{kind} {names:?} {shape}\n{parts}")
    }
}

/// The HTML without its words: names of tags and of their attributes.
fn tags(html: &str) -> String {
    let mut out = String::new();
    for piece in html.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a tag ends");
        assert!(!text.contains('>'), "{text:?}");
        // Within a tag every second piece between quotes is a value.
        out += &tag.split('"').step_by(2).collect::<Vec<_>>().join("\"");
        out.push(' ');
    }
    out
}

fn check(notice: &Notice, number: u64) {
    let read = |notice| {
        let bytes = composed(notice);
        let text = String::from_utf8(bytes).expect("a mail is ASCII");
        assert!(text.is_ascii() && !text.replace("\r\n", "").contains(['\r', '\n', '\0']), "{text:?}");
        Part::read(&text)
    };
    let expect = read(infect(notice.clone(), "name")).skeleton();
    let names = |part: &Part| part.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(expect.matches("text/").count(), 2, "{expect}");
    for text in strings(number) {
        let part = read(infect(notice.clone(), &text));
        assert_eq!(part.skeleton(), expect, "{text:?}");
        assert_eq!(part.header("To"), "admin@example.org", "{text:?}");
        assert_eq!(names(&part).iter().filter(|name| *name == "Subject").count(), 1);
    }
}

#[test]
fn hostile_names_inject_no_header_no_part_and_no_line() {
    // The chart's picture knows no texts: drawn once is enough, and each mail is far quicker without it.
    let mut notice = examples::notice(NoticeKind::Alert, Language::En);
    check(&notice, 25);
    notice.chart = None;
    notice.host = examples::notice(NoticeKind::Reminder, Language::En).host;
    let report = examples::notice(NoticeKind::Report, Language::En);
    (notice.timeline, notice.journal, notice.losses) = (report.timeline, report.journal, report.losses);
    notice.incidents.push(examples::load());
    notice.incidents.extend(vec![examples::attack(); 3]);
    check(&notice, faults::runs(STRINGS / 10, STRINGS));
    notice.language = Language::Ru;
    check(&notice, 200);
}

/// A mail server reads lines and dots, python's library the rest: what it finds is what was put in.
#[test]
fn another_parser_finds_what_was_put_in() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    const SCRIPT: &str = "import sys, email, email.policy\n\
        sizes = [int(size) for size in sys.stdin.buffer.readline().split()]\n\
        for size in sizes:\n    \
            mail = email.message_from_bytes(sys.stdin.buffer.read(size), policy=email.policy.default)\n    \
            parts = [part.get_content_type() for part in mail.walk()]\n    \
            defects = [str(defect) for part in mail.walk() for defect in part.defects]\n    \
            bad = [char for char in mail['Subject'] if ord(char) < 32]\n    \
            print(','.join(mail.keys()), ','.join(parts), len(defects), len(bad), str(mail['To']))\n";
    let mut notice = examples::notice(NoticeKind::Alert, Language::En);
    notice.chart = None;
    let mails: Vec<_> = strings(300).map(|text| composed(infect(notice.clone(), &text))).collect();
    let child = Command::new("python3").args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.expect("python3 runs; install the package python3");
    let mut stdin = child.stdin.take().expect("a pipe");
    let count = mails.len();
    let writer = std::thread::spawn(move || {
        let sizes: Vec<_> = mails.iter().map(|mail| mail.len().to_string()).collect();
        writeln!(stdin, "{}", sizes.join(" ")).expect("it reads");
        mails.iter().for_each(|mail| stdin.write_all(mail).expect("it reads"));
    });
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("all was written");
    let told = String::from_utf8(output.stdout).expect("text");
    let mut lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), count);
    lines.dedup();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].ends_with("multipart/mixed,multipart/alternative,text/plain,text/html,application/vnd.tcpdump.pcap 0 0 admin@example.org"), "{lines:?}");
}
