//! An attack on the port: connections that say nothing, and requests that come a byte at a time; and how long a small
//! request of an authorised client takes meanwhile, each on a connection of its own from another address.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::books::Trips;
use crate::client;
use crate::server::Server;
use crate::wire;

const HALF_OPEN: usize = 10_000;
const SLOW: usize = 1_000;

/// Requests that are measured, each way.
const REQUESTS: usize = 200;

/// How long a request may take before it counts as refused.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the user comes from.
const USER: Ipv4Addr = Ipv4Addr::new(127, 0, 9, 9);

/// Measures before and under attack; gives the table.
pub async fn run(server: &Server) -> anyhow::Result<String> {
    let (calm, _) = requests(server).await?;
    let opened = Arc::new(AtomicUsize::default());
    let mut attackers = JoinSet::new();
    let address = server.address;
    for index in 0..HALF_OPEN + SLOW {
        let opened = Arc::clone(&opened);
        attackers.spawn(async move {
            loop {
                // Cut or refused: it comes again.
                let _ = attacker(address, index, &opened).await;
                sleep(Duration::from_secs(1)).await;
            }
        });
    }
    sleep(Duration::from_secs(5)).await;
    let before = opened.load(Ordering::Relaxed);
    let (attacked, failed) = requests(server).await?;
    let after = opened.load(Ordering::Relaxed);
    attackers.abort_all();
    let row = |name: &str, trips: Trips, failed: usize| {
        format!("| {name} | {:.1} | {:.1} | {:.1} | {failed} |\n", trips.mean_ms, trips.p99_ms, trips.max_ms)
    };
    let head = "| condition | mean, ms | p99 | max | failed |\n|---|---:|---:|---:|---:|\n";
    let name = format!("{HALF_OPEN} half-open, {SLOW} slow ({} connections opened meanwhile)", after - before);
    Ok([head.to_owned(), row("calm", calm, 0), row(&name, attacked, failed)].concat())
}

/// One connection of the attack; those from [`HALF_OPEN`] on send a byte a second.
async fn attacker(address: std::net::SocketAddr, index: usize, opened: &AtomicUsize) -> anyhow::Result<()> {
    let mut stream = client::tcp(address, index).await?;
    opened.fetch_add(1, Ordering::Relaxed);
    let mut space = [0; 16];
    if index < HALF_OPEN {
        ensure!(stream.read(&mut space).await? > 0, "cut");
        return Ok(());
    }
    stream.write_all(b"GET / HTTP/1.1\r\nX-Slow: ").await?;
    loop {
        stream.write_all(b"a").await?;
        if let Ok(read) = timeout(Duration::from_secs(1), stream.read(&mut space)).await {
            ensure!(read? > 0, "cut");
        }
    }
}

/// Times of requests, and how many failed.
#[expect(clippy::disallowed_methods, reason = "what is measured is time")]
async fn requests(server: &Server) -> anyhow::Result<(Trips, usize)> {
    let (mut times, mut failed) = (Vec::new(), 0);
    for _ in 0..REQUESTS {
        let began = Instant::now();
        match timeout(PATIENCE, request(server)).await {
            Ok(Ok(())) => times.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX)),
            _ => failed += 1,
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok((Trips::of(times), failed))
}

async fn request(server: &Server) -> anyhow::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((USER, 0).into())?;
    let mut stream = socket.connect(server.address).await?;
    let head = format!("GET /push/channels HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n", server.token);
    stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let (head, _) = wire::head(&answer).context("no answer")?;
    ensure!(head.status == 200, "status {}", head.status);
    Ok(())
}
