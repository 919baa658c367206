//! Replays capture files without a spool and prints each file's report: for profilers and quick figures.

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a tool for the terminal")]

use std::path::PathBuf;
use std::process::ExitCode;

use capture::config::Config;
use capture::replay::{Options, run};
use capture::spooler::closing::Past;
use capture::spooler::sink::Sink;

fn main() -> ExitCode {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let options = Options { config: Config::default(), workers: 1, past: Past::default() };
    let mut failed = false;
    let ended = run(&options, &files, Sink::nowhere(), &mut |report| match report {
        Ok(report) => println!(
            "{}: {} records, {} flows (exact: {}), {} rows, {} folded, {:.1} ns a record",
            report.file,
            report.records,
            report.flows,
            report.flows_exact,
            report.flow_records,
            report.folded,
            report.elapsed_ns as f64 / report.records.max(1) as f64
        ),
        Err(error) => {
            failed = true;
            println!("{error}");
        }
    });
    if ended.is_err() || failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
