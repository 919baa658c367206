//! The runs: a server, its subscribers, the messages, the row.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::task::JoinSet;
use tokio::time::{Instant as Moment, sleep, sleep_until};

use crate::arguments::{Arguments, Baseline};
use crate::attack;
use crate::books::{Books, until};
use crate::client::{self, Plan};
use crate::report::{Row, table};
use crate::server::{Server, Wanted};
use crate::wire::{self, Dialect, Place, Transport};

/// Subscribers that are being opened at once: a server's backlog is longer.
const OPENING_MAX: usize = 256;

/// How long all may take to stand.
const OPEN_LIMIT: Duration = Duration::from_secs(60);

/// How long the last message may take to all.
const LAST_LIMIT: Duration = Duration::from_secs(15);

/// Until memory that is given back is seen to be.
const SETTLE: Duration = Duration::from_secs(2);

/// What is special about a run, in words.
fn condition(arguments: &Arguments) -> String {
    let many = format!("{} threads", arguments.threads);
    let flags = [
        (arguments.apart, "functions apart"),
        (!arguments.apart && arguments.threads > 1, many.as_str()),
        (arguments.tls, "TLS"),
        (arguments.kill, "10 % killed/s"),
        (arguments.stalled, "1 % stalled"),
    ];
    let words: Vec<&str> = flags.iter().filter(|(is_on, _)| *is_on).map(|(_, word)| *word).collect();
    if words.is_empty() { "even".to_owned() } else { words.join(", ") }
}

/// All that is asked for; prints the table.
#[expect(clippy::disallowed_macros, reason = "the table is this command's output")]
pub async fn all(arguments: &Arguments) -> anyhow::Result<()> {
    let wanted = Wanted { threads: arguments.threads, apart: arguments.apart, tls: arguments.tls, usual_limits: false };
    if arguments.attack {
        let wanted = Wanted { usual_limits: true, ..wanted };
        println!("{}", attack::run(&Server::floodmark(wanted).await?).await?);
        return Ok(());
    }
    let mut rows = Vec::new();
    match arguments.baseline {
        Some(Baseline::Pull) => {
            let server = Server::floodmark(wanted).await?;
            rows.push(row(arguments, server, Transport::Poll, Wish { is_pull: true }).await?);
        }
        Some(Baseline::Threads) => {
            let server = Server::threads().await?;
            rows.push(row(arguments, server, Transport::Poll, Wish { is_pull: false }).await?);
        }
        None => {
            for &transport in &arguments.transports {
                let server = Server::floodmark(wanted).await?;
                rows.push(row(arguments, server, transport, Wish { is_pull: false }).await?);
                if arguments.nginx {
                    rows.push(row(arguments, Server::nginx().await?, transport, Wish { is_pull: false }).await?);
                }
            }
        }
    }
    println!("{}", table(&rows));
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_vec_pretty(&rows)?)?;
    }
    Ok(())
}

/// What a baseline changes.
#[derive(Clone, Copy)]
struct Wish {
    is_pull: bool,
}

/// A message a second.
async fn publish(arguments: &Arguments, server: &Server, books: &Books) -> anyhow::Result<()> {
    let first = Moment::now();
    for number in 0..arguments.messages {
        sleep_until(first + Duration::from_secs(u64::from(number))).await;
        server.publish(&wire::body(number, books.now_us())).await?;
    }
    Ok(())
}

/// Messages that all who read get together.
fn expected(arguments: &Arguments, plan: &Plan) -> u64 {
    let readers = (0..arguments.connections).filter(|index| !plan.is_stalled(*index)).count();
    readers as u64 * u64::from(arguments.messages)
}

#[expect(clippy::disallowed_methods, reason = "what is measured is time")]
async fn row(arguments: &Arguments, server: Server, transport: Transport, wish: Wish) -> anyhow::Result<Row> {
    let cursor = if server.dialect == Dialect::Floodmark { server.cursor().await? } else { String::new() };
    let plan = Arc::new(Plan {
        address: server.address,
        dialect: server.dialect,
        transport,
        token: server.token.clone(),
        tls: server.tls.clone(),
        books: Books::new(Instant::now()),
        kill: arguments.kill,
        stalled: arguments.stalled,
        is_pull: wish.is_pull,
        begin: Place { cursor, etag: String::new() },
    });
    let books = &plan.books;
    sleep(SETTLE).await;
    let (memory_before, began) = (server.memory(), Instant::now());
    let mut clients = JoinSet::new();
    for index in 0..arguments.connections {
        clients.spawn(client::subscribe(Arc::clone(&plan), index));
        let is_room = || index.saturating_sub(books.open.load(Ordering::Relaxed)) < OPENING_MAX;
        if !is_room() {
            ensure!(
                until(OPEN_LIMIT, is_room).await,
                "only {:?} of {index} subscribers stand: {:?}",
                books.open,
                books.fault
            );
        }
    }
    ensure!(
        until(OPEN_LIMIT, || books.open.load(Ordering::Relaxed) >= arguments.connections).await,
        "only {:?} subscribers stand: {:?}",
        books.open,
        books.fault
    );
    let opened_s = began.elapsed().as_secs_f64();
    sleep(SETTLE).await;
    let memory_open = server.memory();
    let (bytes_before, sending) = (books.bytes.load(Ordering::Relaxed), Instant::now());
    publish(arguments, &server, books).await?;
    let expected = expected(arguments, &plan);
    until(LAST_LIMIT, || books.received.load(Ordering::Relaxed) >= expected).await;
    let bytes = (books.bytes.load(Ordering::Relaxed) - bytes_before) as f64;
    let bytes_per_second = (bytes / sending.elapsed().as_secs_f64()) as u64;
    // A message that comes twice comes soon after.
    sleep(SETTLE).await;
    let memory_end = server.memory();
    clients.abort_all();
    let (received, doubled) = (books.received.load(Ordering::Relaxed), books.doubled.load(Ordering::Relaxed));
    let grown = memory_open.max(memory_end).saturating_sub(memory_before);
    Ok(Row {
        server: server.name.to_owned(),
        transport: if wish.is_pull { "pull 1/s" } else { transport.name() }.to_owned(),
        condition: condition(arguments),
        connections: arguments.connections,
        opened_s,
        memory_before,
        memory_open,
        memory_end,
        kib_per_connection: grown as f64 / 1_024.0 / arguments.connections as f64,
        trips: books.trips(),
        received_percent: received as f64 * 100.0 / expected as f64,
        missed: expected.saturating_sub(received),
        doubled,
        resumed: books.resumed.load(Ordering::Relaxed),
        lost: books.lost.load(Ordering::Relaxed),
        bytes_per_second,
    })
}
