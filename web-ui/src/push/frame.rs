//! WebSocket frames (RFC 6455 §5), as far as a subscriber needs them: ours are whole text frames, the peer's are pings,
//! pongs, a close, and data that nobody asked for.

/// Text, whole.
const TEXT: u8 = 0x81;
/// Close.
const CLOSE: u8 = 0x88;
/// Ping.
const PING: u8 = 0x89;
/// Pong.
const PONG: u8 = 0x8a;

/// Bytes that are kept of a frame that has not come whole: a control frame with head and mask.
const CONTROL_MAX: usize = 125 + 6;

/// Bytes of data frames that a peer may send in all: subscribers have nothing to say.
const IDLE_TALK_MAX: u64 = 64 << 10;

/// Bytes of pongs that wait at most: more pings than that are not answered, which RFC 6455 §5.5.3 allows.
pub const PONGS_MAX: usize = 1 << 10;

/// Why a peer is let go, as close codes name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 1002: no WebSocket frame of a client.
    Protocol,
    /// 1009: it talks too much.
    TooLong,
}

/// What the peer wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// An answer to its ping: this frame.
    Pong(Vec<u8>),
    /// To go.
    Close,
}

/// Head of a text frame of `length` bytes, and the length of the head.
pub fn head(length: usize) -> ([u8; 10], usize) {
    let mut head = [0; 10];
    head[0] = TEXT;
    match length {
        0..126 => {
            head[1] = length as u8;
            (head, 2)
        }
        126..=0xffff => {
            head[1] = 126;
            head[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            (head, 4)
        }
        _ => {
            head[1] = 127;
            head[2..10].copy_from_slice(&(length as u64).to_be_bytes());
            (head, 10)
        }
    }
}

/// A text frame.
pub fn text(text: &str) -> Vec<u8> {
    let (head, length) = head(text.len());
    [&head[..length], text.as_bytes()].concat()
}

/// A ping without a body.
pub fn ping() -> Vec<u8> {
    vec![PING, 0]
}

/// A close with its code.
pub fn close(code: u16) -> Vec<u8> {
    let [high, low] = code.to_be_bytes();
    vec![CLOSE, 2, high, low]
}

/// What has come from the peer.
#[derive(Debug, Default)]
pub struct Inbox {
    /// The beginning of a frame.
    kept: Vec<u8>,
    /// Bytes of a data frame that are still to come.
    skip: u64,
    talked: u64,
}

impl Inbox {
    /// Takes bytes in; gives what the peer wants, the last of each kind.
    ///
    /// # Errors
    /// What came is no frame, or too much.
    pub fn take(&mut self, mut bytes: &[u8]) -> Result<Vec<Wanted>, Fault> {
        let mut wanted = Vec::new();
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len() as u64);
                self.skip -= skipped;
                bytes = &bytes[skipped as usize..];
                continue;
            }
            // A byte at a time until a head or a control frame is whole: both are short.
            self.kept.push(bytes[0]);
            bytes = &bytes[1..];
            match self.whole()? {
                Whole::Not => {}
                Whole::Data(length) => {
                    self.talked = self.talked.saturating_add(length);
                    if self.talked > IDLE_TALK_MAX {
                        return Err(Fault::TooLong);
                    }
                    self.skip = length;
                    self.kept = Vec::new();
                }
                Whole::Control => {
                    let frame = std::mem::take(&mut self.kept);
                    wanted.extend(control(&frame));
                }
            }
        }
        Ok(wanted)
    }

    fn whole(&self) -> Result<Whole, Fault> {
        let kept = &self.kept;
        let [first, second, rest @ ..] = kept.as_slice() else { return Ok(Whole::Not) };
        let (is_control, is_final) = (first & 0x08 != 0, first & 0x80 != 0);
        let is_known = matches!(first & 0x0f, 0 | 1 | 2 | 8 | 9 | 10);
        let length = second & 0x7f;
        // Clients mask; nobody agreed on the three spare bits; control frames are short and whole.
        if first & 0x70 != 0 || !is_known || second & 0x80 == 0 || (is_control && (!is_final || length > 125)) {
            return Err(Fault::Protocol);
        }
        if is_control {
            debug_assert!(kept.len() <= CONTROL_MAX);
            return Ok(if rest.len() == 4 + usize::from(length) { Whole::Control } else { Whole::Not });
        }
        let (extra, length) = match length {
            126 => (2, rest.get(..2).map(|bytes| u64::from(u16::from_be_bytes([bytes[0], bytes[1]])))),
            127 => (8, rest.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))),
            short => (0, Some(u64::from(short))),
        };
        match length {
            Some(length) if rest.len() == extra + 4 => Ok(Whole::Data(length)),
            _ => Ok(Whole::Not),
        }
    }
}

enum Whole {
    Not,
    /// A data frame's head, and the length of what follows.
    Data(u64),
    Control,
}

/// What a whole control frame asks for.
fn control(frame: &[u8]) -> Option<Wanted> {
    let (mask, body) = (&frame[2..6], &frame[6..]);
    match frame[0] & 0x0f {
        0x8 => Some(Wanted::Close),
        0x9 => {
            let plain = body.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
            Some(Wanted::Pong([PONG, body.len() as u8].into_iter().chain(plain).collect()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{Fault, Inbox, PONG, Wanted, head};

    fn masked(first: u8, body: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let (head, length) = head(body.len());
        let mut frame = vec![first, head[1] | 0x80];
        frame.extend_from_slice(&head[2..length]);
        frame.extend_from_slice(&mask);
        frame.extend(body.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    #[test]
    fn pings_are_answered_between_idle_talk() {
        let frames = [masked(0x81, &[b'a'; 300]), masked(0x89, b"hi"), masked(0x82, b""), masked(0x88, b"")].concat();
        let expect = vec![Wanted::Pong(vec![PONG, 2, b'h', b'i']), Wanted::Close];
        assert_eq!(Inbox::default().take(&frames), Ok(expect.clone()));
        let mut inbox = Inbox::default();
        let bytewise: Vec<Wanted> = frames.chunks(1).flat_map(|byte| inbox.take(byte).expect("frames")).collect();
        assert_eq!(bytewise, expect);
    }

    #[test]
    fn what_no_client_sends_is_refused() {
        let check = |bytes: &[u8], expect: Fault| assert_eq!(Inbox::default().take(bytes), Err(expect), "{bytes:x?}");
        check(b"GET / HTTP/1.1", Fault::Protocol);
        check(&[0x81, 0x02, b'h', b'i'], Fault::Protocol);
        check(&[0x83, 0x80], Fault::Protocol);
        check(&[0x09, 0x80], Fault::Protocol);
        check(&[0x89, 0xfe], Fault::Protocol);
        check(&[&[0x82, 0xff][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat(), Fault::TooLong);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_little_is_kept(chunks in proptest::collection::vec(any::<Vec<u8>>(), 0..20)) {
            let mut inbox = Inbox::default();
            for chunk in chunks {
                if inbox.take(&chunk).is_err() {
                    break;
                }
                assert!(inbox.kept.len() <= super::CONTROL_MAX);
            }
        }
    }
}
