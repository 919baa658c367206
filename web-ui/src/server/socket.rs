//! Options of an accepted socket.

use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use tokio::net::TcpStream;

/// What the kernel may hold for a peer that does not read. Linux keeps twice as much. With its own choice a stalled
/// subscriber held 4 MB.
const SEND_BUFFER: usize = 32 << 10;

/// A peer that acknowledges nothing for so long is gone, ms.
const USER_TIMEOUT_MS: u32 = 30_000;

/// A phone that lost its network says nothing: a connection that is silent for so long is asked, and again.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEPALIVE_BETWEEN: Duration = Duration::from_secs(10);

/// Sets the options. What the system refuses is left: the connection works without.
pub(super) fn set(stream: &TcpStream) {
    let socket = stream.as_fd();
    let _ = stream.set_nodelay(true);
    let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    let _ = setsockopt(&socket, sockopt::SndBuf, &SEND_BUFFER);
    let _ = setsockopt(&socket, sockopt::TcpUserTimeout, &USER_TIMEOUT_MS);
    let _ = setsockopt(&socket, sockopt::KeepAlive, &true);
    let _ = setsockopt(&socket, sockopt::TcpKeepIdle, &seconds(KEEPALIVE_IDLE));
    let _ = setsockopt(&socket, sockopt::TcpKeepInterval, &seconds(KEEPALIVE_BETWEEN));
    let _ = setsockopt(&socket, sockopt::TcpKeepCount, &3);
}
