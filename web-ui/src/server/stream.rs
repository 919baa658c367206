//! A connection's bytes: plain or TLS, together with the place that it takes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::places::Place;

/// A connection. While it lives it has its place among all connections; dropped, it is closed.
pub struct Stream {
    wire: Wire,
    place: Place,
}

enum Wire {
    Plain(TcpStream),
    // Boxed: the state of TLS is some hundred bytes that a plain connection need not have.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// A connection without TLS.
    pub(super) fn plain(wire: TcpStream, place: Place) -> Stream {
        Stream { wire: Wire::Plain(wire), place }
    }

    /// A connection whose TLS handshake is done.
    pub(super) fn tls(wire: TlsStream<TcpStream>, place: Place) -> Stream {
        Stream { wire: Wire::Tls(Box::new(wire)), place }
    }

    /// Whether it is under TLS.
    pub fn is_tls(&self) -> bool {
        matches!(self.wire, Wire::Tls(_))
    }

    /// Its place among all connections.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The stream as one of the event loop that calls. Under TLS it stays with the loop that accepted it, which wakes it.
    pub(super) fn moved(self) -> io::Result<Stream> {
        let Stream { wire, place } = self;
        let wire = match wire {
            Wire::Plain(wire) => Wire::Plain(TcpStream::from_std(wire.into_std()?)?),
            tls @ Wire::Tls(_) => tls,
        };
        Ok(Stream { wire, place })
    }

    /// Waits until there is something to read, or the peer has closed. Takes no buffer. Under TLS what has been
    /// decrypted already is not seen: ask only when a read would wait.
    pub(super) async fn readable(&self) -> io::Result<()> {
        match &self.wire {
            Wire::Plain(wire) => wire.readable().await,
            Wire::Tls(wire) => wire.get_ref().0.readable().await,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(wire) => Pin::new(wire).poll_read(cx, into),
            Wire::Tls(wire) => Pin::new(wire).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(wire) => Pin::new(wire).poll_write(cx, bytes),
            Wire::Tls(wire) => Pin::new(wire).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(wire) => Pin::new(wire).poll_write_vectored(cx, slices),
            Wire::Tls(wire) => Pin::new(wire).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Plain(wire) => wire.is_write_vectored(),
            Wire::Tls(wire) => wire.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(wire) => Pin::new(wire).poll_flush(cx),
            Wire::Tls(wire) => Pin::new(wire).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(wire) => Pin::new(wire).poll_shutdown(cx),
            Wire::Tls(wire) => Pin::new(wire).poll_shutdown(cx),
        }
    }
}
