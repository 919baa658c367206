//! The first bytes of a connection: TLS, or plain HTTP where that is allowed.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::places::Place;
use super::{Server, Stream, connection, tls};

/// The first byte of a TLS handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// Opens an accepted connection and serves it.
pub(super) fn begin(wire: TcpStream, place: Place, server: Arc<Server>) {
    let number = place.number();
    let (places, loops) = (Arc::clone(&server.places), Arc::clone(&server.loops));
    let task = loops.requests(wire, move |wire| async move {
        let mut stopping = server.stopping.clone();
        let opened = tokio::select! {
            opened = open(wire, place, &server) => opened,
            _ = stopping.wait_for(|stopping| *stopping) => None,
        };
        if let Some(stream) = opened {
            let number = stream.place().number();
            let places = Arc::clone(&server.places);
            let task = connection::begin(stream, Bytes::new(), server);
            places.served_by(number, task);
        }
    });
    places.served_by(number, task.abort_handle());
}

/// The stream, once it is known whether it is under TLS; `None` = it is not served, which is counted.
async fn open(wire: TcpStream, place: Place, server: &Server) -> Option<Stream> {
    let Some(tls) = server.door.tls() else { return Some(Stream::plain(wire, place)) };
    let mut first = [0];
    match timeout(server.door.times.idle, wire.peek(&mut first)).await {
        Ok(Ok(1)) => (),
        Ok(_) => return None,
        Err(_) => {
            server.counts.head_timeouts.add(1);
            return None;
        }
    }
    if first[0] != HANDSHAKE {
        // A reverse proxy, a tunnel or a probe on this machine: nobody else hears what it says.
        if place.address().is_loopback() {
            return Some(Stream::plain(wire, place));
        }
        server.counts.plain_on_tls.add(1);
        let _ = timeout(server.door.times.head, refuse(wire, server)).await;
        return None;
    }
    match timeout(server.door.times.head, tls.accept(wire)).await {
        Ok(Ok(wire)) => Some(Stream::tls(wire, place)),
        Ok(Err(_)) | Err(_) => {
            server.counts.handshake_errors.add(1);
            None
        }
    }
}

/// Says how to come, after reading what was said: else the answer is lost when the connection is closed.
async fn refuse(mut wire: TcpStream, server: &Server) -> io::Result<()> {
    let mut said = [0; 4096];
    wire.readable().await?;
    let _ = wire.try_read(&mut said);
    wire.write_all(tls::use_https(server.listen).as_bytes()).await?;
    wire.shutdown().await
}
