//! wire: the stream under an SMTP conversation: what the server says is bounded and comes in turn.
//!
//! The mail library reads a line of any length, and keeps what comes behind an answer for the next question, also over
//! the change to TLS: what somebody on the way put behind the answer to STARTTLS would be believed as said under TLS
//! (the response injection of RFC 3207's implementations). Here both end the conversation.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that a server may say in one conversation, certificates included: a talkative one says 10 KiB.
pub(super) const SAID_BYTES_MAX: usize = 256 << 10;

/// First byte of a TLS handshake record (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// Where the server is in its answer.
#[derive(Debug)]
enum Turn {
    /// In a line, of which so many bytes were said, with this one as its fourth: `-` = more lines follow.
    Answering { column: usize, fourth: u8 },
    /// The last line is complete.
    Done,
    /// Under TLS: the library's business.
    Sealed,
}

/// The stream.
#[derive(Debug)]
pub(super) struct Wire<S> {
    inner: S,
    peer: SocketAddr,
    room: usize,
    turn: Turn,
}

impl<S> Wire<S> {
    /// The server speaks first.
    pub(super) fn new(inner: S, peer: SocketAddr) -> Wire<S> {
        Wire { inner, peer, room: SAID_BYTES_MAX, turn: Turn::new() }
    }
}

impl Turn {
    const fn new() -> Turn {
        Turn::Answering { column: 0, fourth: b'-' }
    }

    /// Takes what the server said.
    fn hear(&mut self, said: &[u8]) -> Result<()> {
        for &byte in said {
            *self = match (&*self, byte) {
                (Turn::Sealed, _) => return Ok(()),
                (Turn::Done, _) => return Err(Error::new(ErrorKind::InvalidData, "the server speaks out of turn")),
                (Turn::Answering { fourth: b'-', column: 4.. }, b'\n') => Turn::new(),
                (Turn::Answering { .. }, b'\n') => Turn::Done,
                (Turn::Answering { column, fourth }, byte) => {
                    Turn::Answering { column: column + 1, fourth: if *column == 3 { byte } else { *fourth } }
                }
            };
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let said = &buffer.filled()[before..];
        let Some(room) = self.room.checked_sub(said.len()) else {
            return Poll::Ready(Err(Error::new(ErrorKind::InvalidData, "the server says too much")));
        };
        self.room = room;
        Poll::Ready(self.turn.hear(said))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.turn = match (&self.turn, bytes.first()) {
            // No command and no line of a mail of ours begins with a control character.
            (Turn::Sealed, _) | (_, Some(&TLS_HANDSHAKE)) => Turn::Sealed,
            _ => Turn::new(),
        };
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> AsyncTokioStream for Wire<S> {
    fn peer_addr(&self) -> Result<SocketAddr> {
        Ok(self.peer)
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;

    #[test]
    fn one_answer_is_heard_and_nothing_behind_it() {
        let check = |said: &[&str], expect: bool| {
            let mut turn = Turn::new();
            let heard = said.iter().try_for_each(|part| turn.hear(part.as_bytes()));
            assert_eq!(heard.is_ok(), expect, "{said:?}");
        };
        check(&["220 mail.example ready\r\n"], true);
        check(&["250-a\r\n250-STARTTLS\r\n250 b\r\n"], true);
        check(&["25", "0-a\r", "\n250", " b\r\n"], true);
        check(&["250\r\n"], true);
        check(&["220 ready\r\n250 injected\r\n"], false);
        check(&["220 ready\r\n", "2"], false);
        check(&["250-a\r\n250 b\r\n220 ready\r\n"], false);
        check(&["-\n---\n250 x\n"], false);
    }
}
