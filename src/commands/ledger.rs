//! `floodmark ledger`: the books of every epoch, and whether they balance.

use std::fmt::Write;

use serde::Serialize;

use super::print;
use super::store::configuration;
use crate::books::{self, EpochBooks, Standing};
use crate::cli::LedgerArgs;
use crate::exit::Outcome;

use live::ledger::Ledger;

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    total: &'a Ledger,
    epochs: &'a [EpochBooks],
}

pub fn run(args: &LedgerArgs) -> Outcome {
    let config = configuration(&args.source)?;
    let epochs = books::read(&config)?;
    let mut total = Ledger::default();
    epochs.iter().for_each(|epoch| total.add(&epoch.ledger));
    if args.json {
        let shown = Shown { total: &total, epochs: &epochs };
        return print::out(&(serde_json::to_string(&shown).expect("books hold only numbers and text") + "\n"));
    }
    print::out(&text(&total, &epochs))
}

fn text(total: &Ledger, epochs: &[EpochBooks]) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    let l = total;
    line(format!(
        "frames   kernel_seen {} = kernel_dropped {} + in_ring {} + taken {}",
        l.kernel_seen, l.kernel_dropped, l.in_ring, l.taken
    ));
    line(format!(
        "frames   taken {} = parsed_frames {} + non_ip {} + malformed {} + unsupported {}",
        l.taken, l.parsed_frames, l.non_ip, l.malformed, l.unsupported
    ));
    line(format!("packets  parsed {} = parsed_frames {} + coalesced {}", l.parsed, l.parsed_frames, l.coalesced));
    line(format!(
        "packets  parsed {} = in_memory {} + in_spool {} + stored {} + coarsened {} + shed {} + parked {} + gap {}",
        l.parsed, l.in_memory, l.in_spool, l.stored, l.coarsened, l.shed, l.parked, l.gap
    ));
    line(format!(
        "bytes    parsed {} = in_memory {} + in_spool {} + stored {} + coarsened {} + shed {} + parked {} + gap {}",
        l.parsed_bytes,
        l.in_memory_bytes,
        l.in_spool_bytes,
        l.stored_bytes,
        l.coarsened_bytes,
        l.shed_bytes,
        l.parked_bytes,
        l.gap_bytes
    ));
    line(format!("beside   pre_tap {:+}, blind {}", l.pre_tap, l.blind));
    for epoch in epochs.iter().filter(|epoch| epoch.standing != Standing::Final || epoch.ledger.imbalance != 0) {
        let began = u32::try_from(epoch.epoch / 1_000_000).unwrap_or(u32::MAX);
        line(format!(
            "epoch    {} ({}) is {}: imbalance {}",
            epoch.epoch,
            print::seconds(began),
            epoch.standing.name(),
            epoch.ledger.imbalance
        ));
    }
    line(format!("{} epochs, imbalance {}", epochs.len(), l.imbalance));
    out
}
