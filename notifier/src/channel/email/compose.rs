//! compose: the mail as it goes over the wire, the same to the byte each time it is sent.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, MultiPartBuilder, MultiPartKind, SinglePart};
use live::incident::Severity;
use ring::digest::{SHA256, digest};

use super::render::Mail;
use crate::channel::Message;
use crate::notice::NoticeKind;
use crate::words::line;

/// Characters of a Message-ID's left side: a line must hold it, with the domain.
const ID_CHARS_MAX: usize = 64;

/// The chart is shown where the HTML names this.
pub(super) const CHART_ID: &str = "chart";

/// Who sends.
pub(super) struct Sender {
    pub(super) from: Mailbox,
    pub(super) reply_to: Option<Mailbox>,
    pub(super) node: String,
}

/// The bytes of `mail` for `to`.
///
/// # Errors
/// The library cannot build it; its reason.
pub(super) fn compose(
    sender: &Sender,
    to: &Address,
    message: &Message,
    mail: &Mail,
    sample: Option<Vec<u8>>,
) -> Result<Vec<u8>, lettre::error::Error> {
    let notice = &message.notice;
    let domain = sender.from.email.domain();
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(notice.time_ns / 1_000_000_000));
    let mut builder = lettre::Message::builder()
        .from(sender.from.clone())
        .to(Mailbox::new(None, to.clone()))
        .date(time.unwrap_or(SystemTime::UNIX_EPOCH))
        .message_id(Some(format!("<{}@{domain}>", token(&message.id))))
        // What looks like an encoded word would be decoded by the reader's program.
        .subject(mail.subject.replace("=?", "= ?"))
        .raw_header(raw("Auto-Submitted", "auto-generated"))
        .raw_header(raw("X-Auto-Response-Suppress", "All"))
        .raw_header(raw("List-Id", &format!("<floodmark.{}.{domain}>", label(&sender.node))));
    if let Some(mailbox) = &sender.reply_to {
        builder = builder.reply_to(mailbox.clone());
    }
    if !message.thread.is_empty() {
        // No mail has this id: those that name it as their origin are shown as one thread.
        let thread = format!("<thread.{}@{domain}>", token(&message.thread));
        builder = builder.in_reply_to(thread.clone()).references(thread);
    }
    let is_over =
        matches!(notice.kind, NoticeKind::Resolved | NoticeKind::Report | NoticeKind::Status | NoticeKind::Test);
    if notice.severity == Severity::Critical && !is_over {
        builder = builder.raw_header(raw("X-Priority", "1")).raw_header(raw("Importance", "high"));
    }
    Ok(builder.multipart(body(message, mail, sample))?.formatted())
}

/// mixed { alternative { text, related { HTML, chart } }, sample }, without the levels that hold one part.
fn body(message: &Message, mail: &Mail, sample: Option<Vec<u8>>) -> MultiPart {
    let html = SinglePart::html(mail.html.clone());
    let alternative = part(MultiPartKind::Alternative, "a", message).singlepart(SinglePart::plain(mail.text.clone()));
    let alternative = match &mail.png {
        None => alternative.singlepart(html),
        Some(png) => {
            let kind = ContentType::parse("image/png").expect("a type of RFC 2083");
            let chart =
                Attachment::new_inline_with_name(CHART_ID.to_owned(), "chart.png".to_owned()).body(png.clone(), kind);
            alternative.multipart(part(MultiPartKind::Related, "r", message).singlepart(html).singlepart(chart))
        }
    };
    match sample {
        None => alternative,
        Some(pcap) => {
            let kind = ContentType::parse("application/vnd.tcpdump.pcap").expect("a registered type");
            let sample = Attachment::new("sample.pcap".to_owned()).body(pcap, kind);
            part(MultiPartKind::Mixed, "m", message).multipart(alternative).singlepart(sample)
        }
    }
}

/// The border between parts is a hash of the message's id: the same each time, and nobody who chooses a name that the
/// mail tells can know it.
fn part(kind: MultiPartKind, level: &str, message: &Message) -> MultiPartBuilder {
    MultiPart::builder().kind(kind).boundary(format!("floodmark-{level}-{}", hash(&message.id)))
}

fn hash(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `id` as the left side of a Message-ID; one that cannot stand there is stood for by its hash.
fn token(id: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
    if (1..=ID_CHARS_MAX).contains(&id.len()) && id.chars().all(is_plain) { id.to_owned() } else { hash(id) }
}

/// A node's name as a part of a List-Id.
fn label(node: &str) -> String {
    let plain = node.chars().map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' });
    let plain: String = plain.take(63).collect();
    if plain.is_empty() { "node".to_owned() } else { plain }
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), line(value, 998))
}
