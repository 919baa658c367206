//! Connections cut at any byte, and between COMMIT and its answer: every row is stored once.

use std::path::Path;
use std::time::{Duration, Instant};

use faults::proxy::{Cut, Mode, Proxy, Side, Upstream, Word};
use faults::report::Row;
use faults::{Seed, runs};
use live::{IngestLine, Line, Role, Subscriber};
use spool::Writer;
use store::testing::{FlowTotals, MariaDb};

use crate::place::{PATIENCE, Place, block_on, within};
use crate::write::{flows, open};

/// A server behind a proxy.
pub struct Far {
    pub server: MariaDb,
    pub proxy: Proxy,
    pub place: Place,
}

impl Far {
    /// `None` where MariaDB is not installed.
    pub fn start() -> Option<Far> {
        let server = MariaDb::start_or_skip()?;
        let mut place = Place::mariadb(&server, "root", "floodmark");
        let proxy = Proxy::start(Upstream::Unix(server.socket())).unwrap();
        place.store.url = format!("mysql://root@{}/floodmark", proxy.address());
        Some(Far { server, proxy, place })
    }

    /// Rows of the database itself, held against what was written; answers (missing, doubled).
    pub fn count(&self, writer: &Writer) -> (u64, u64) {
        let totals = block_on(FlowTotals::of_server(&self.server, "floodmark")).unwrap();
        let (mut rows, mut packets, mut bytes) = (0, 0, 0);
        for (stream, written) in writer.streams().filter(|(stream, _)| *stream > 0) {
            (rows, packets, bytes) = (rows + written.last_seq, packets + written.packets, bytes + written.bytes);
            // As many different numbers as were written, from the first to the last: each of them is there.
            let number = |what: &str| {
                let sql = format!("SELECT {what} FROM floodmark.flows WHERE stream = {stream}");
                block_on(self.server.number(&sql)).unwrap()
            };
            assert_eq!((number("MIN(seq)"), number("MAX(seq)")), (1, written.last_seq as i64));
        }
        assert_eq!((totals.packets, totals.bytes), (packets, bytes), "{totals:?}");
        (rows.saturating_sub(totals.distinct), totals.rows - totals.distinct)
    }
}

/// Rows that the store has of all streams.
pub fn stored(place: &Place) -> u64 {
    spool::Ack::load(&place.spool()).streams.iter().map(|ack| ack.last_seq).sum()
}

/// Waits until everything that was written is acknowledged; gives the time it took.
#[expect(clippy::disallowed_methods, reason = "recovery is measured")]
pub fn await_all(place: &Place, writer: &Writer) -> Duration {
    let begun = Instant::now();
    let all: u64 = writer.streams().map(|(_, totals)| totals.last_seq).sum();
    within("every row to be stored", || stored(place) == all);
    begun.elapsed()
}

/// ingest's next live line.
pub fn line(data_dir: &Path) -> Option<IngestLine> {
    let mut live = Subscriber::connect(&data_dir.join("run"), Role::Ingest, PATIENCE).ok()?;
    match live.receive().ok()? {
        Line::Ingest(line) => Some(*line),
        _ => None,
    }
}

/// Waits until ingest says of the database what begins so.
pub fn await_told(place: &Place, word: &str) -> IngestLine {
    let mut told = None;
    within(word, || {
        told = line(place.data_dir()).filter(|line| line.database.contains(word));
        told.is_some()
    });
    told.unwrap()
}

/// A cut somewhere in the traffic of about two batches, or behind a COMMIT.
fn draw(seed: &mut Seed) -> Cut {
    match seed.below(10) {
        0..3 => Cut::BeforeAnswer(Word::MySqlCommit),
        // The handshake and the first statements, among others.
        3 => Cut::After(Side::ToServer, seed.below(2_000)),
        4 => Cut::After(Side::ToClient, seed.below(2_000)),
        5 => Cut::After(Side::ToClient, seed.below(200)),
        _ => Cut::After(Side::ToServer, seed.below(400_000)),
    }
}

#[test]
fn a_connection_cut_at_any_byte_loses_and_doubles_nothing() {
    let Some(far) = Far::start() else { return };
    let mut seed = Seed::of("connection cuts");
    let cuts = runs(40, 1_000);
    let mut writer = open(&far.place.spool());
    let role = far.place.start(&far.place.options());
    flows(&mut writer, 1, 1_000);
    await_all(&far.place, &writer);
    let (mut at_commit, mut worst) = (0, Duration::ZERO);
    for n in 1..=cuts {
        // Three of ten, exactly, whatever is drawn besides.
        let cut = if n % 10 < 3 { Cut::BeforeAnswer(Word::MySqlCommit) } else { draw(&mut seed) };
        at_commit += u64::from(matches!(cut, Cut::BeforeAnswer(_)));
        let before = far.proxy.cuts();
        far.proxy.arm(cut);
        within("the cut", || {
            flows(&mut writer, 1 + seed.below(4) as u16, 100 + seed.below(900) as u32);
            writer.trim(&spool::Ack::load(&far.place.spool())).unwrap();
            far.proxy.cuts() > before
        });
        // Not every time: a cut may meet rows of many batches, and the reconnect after the last one.
        if n % 4 == 0 {
            worst = worst.max(await_all(&far.place, &writer));
        }
    }
    far.proxy.disarm();
    worst = worst.max(await_all(&far.place, &writer));
    let told = line(far.place.data_dir()).unwrap();
    let summary = role.stop().unwrap();
    assert_eq!((summary.rows_parked, summary.rows_left, told.rows_gap), (0, 0, 0));
    let (lost, doubled) = far.count(&writer);
    let row = Row {
        fault: "connection cut".into(),
        load: format!("{} flow rows, 2 connections, MariaDB", writer.streams().map(|(_, t)| t.last_seq).sum::<u64>()),
        runs: far.proxy.cuts(),
        lost,
        doubled,
        imbalance: None,
        worst_recovery_ms: Some(worst.as_millis() as u64),
        note: format!("{at_commit} of them between COMMIT and its answer; {} reconnects", told.reconnects),
    };
    row.tell();
    assert_eq!((lost, doubled), (0, 0));
    assert!(at_commit * 10 >= cuts * 3 && told.reconnects > 0);
}

#[test]
fn a_black_hole_is_told_bounded_and_forgotten() {
    let Some(far) = Far::start() else { return };
    let mut writer = open(&far.place.spool());
    let role = far.place.start(&far.place.options());
    flows(&mut writer, 1, 1_000);
    await_all(&far.place, &writer);
    let mut worst = Duration::ZERO;
    for mode in [Mode::Silence, Mode::Refuse, Mode::Delay(Duration::from_millis(20)), Mode::Throttle(200_000)] {
        far.proxy.set(mode);
        if mode == Mode::Refuse {
            // Those that stand would go on.
            far.proxy.arm(Cut::After(Side::ToServer, 10));
        }
        for stream in 1..=4 {
            flows(&mut writer, stream, 3_000);
        }
        match mode {
            Mode::Silence => {
                let told = await_told(&far.place, "slow: no answer for");
                assert!(told.database_since > 0 && told.lag_ms > 0, "{told:?}");
            }
            Mode::Refuse => {
                let told = await_told(&far.place, "down: ");
                assert!(told.database_since > 0 && told.retries > 0, "{told:?}");
            }
            // Late, but it comes.
            _ => {
                await_all(&far.place, &writer);
            }
        }
        far.proxy.disarm();
        far.proxy.set(Mode::Pass);
        worst = worst.max(await_all(&far.place, &writer));
        await_told(&far.place, "connected");
    }
    let summary = role.stop().unwrap();
    assert_eq!((summary.rows_parked, summary.rows_left), (0, 0));
    let (lost, doubled) = far.count(&writer);
    let row = Row {
        fault: "black hole, refused, late and slow network".into(),
        load: "49,000 flow rows, 2 connections, MariaDB".into(),
        runs: 4,
        lost,
        doubled,
        imbalance: None,
        worst_recovery_ms: Some(worst.as_millis() as u64),
        note: "each is told in the live line".into(),
    };
    row.tell();
    assert_eq!((lost, doubled), (0, 0));
}

/// A connection that the network has swallowed: the server believes in it, and in its transaction, which holds the fence.
#[test]
fn a_transaction_that_the_server_still_believes_in_is_ended() {
    let Some(far) = Far::start() else { return };
    let mut writer = open(&far.place.spool());
    flows(&mut writer, 1, 100);
    let store = block_on(store::Store::connect(&far.place.store, far.place.data_dir())).unwrap();
    block_on(store.migrate()).unwrap();
    let node = store::NodeIdentity { uuid: [7; 16], name: "n".into(), version: "0".into() };
    let batch = |first: u64| store::Batch {
        epoch: 5,
        stream: 1,
        first_seq: first,
        last_seq: first,
        gap: store::Counts { rows: 1, ..Default::default() },
        ..store::Batch::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut writer = store.writer(&node, 1).await.unwrap();
        writer.commit(&batch(1)).await.unwrap();
        // The fence's row is locked by the writer's own transaction, whose COMMIT does not come through.
        far.proxy.arm(Cut::After(Side::ToServer, 20));
        assert!(writer.commit(&batch(2)).await.unwrap_err().is_transient());
        far.proxy.set(Mode::Silence);
        let given_up = tokio::time::timeout(Duration::from_millis(300), writer.commit(&batch(2))).await;
        assert!(given_up.is_err(), "nothing passes");
        far.proxy.set(Mode::Pass);
        let again = tokio::time::timeout(Duration::from_secs(8), async {
            loop {
                if writer.commit(&batch(2)).await.is_ok() {
                    break;
                }
            }
        });
        again.await.expect("it must not wait for the lock of its own dead transaction");
    });
}
