//! `./scripts/run --demo`: all roles over a network of their own, with visitors, a mail server and attacks in it.
//!
//! Outside run the page, for the browser of this machine, and this program. Inside a user and network namespace, which
//! needs no root, run capture, ingest and notifier on `eth0`, five servers behind it, and, in a second namespace at the
//! other end of the wire, the world. Nothing of it reaches a real interface. Bounds: `plan.rs`.
#![forbid(unsafe_code)]

mod attack;
mod captures;
mod clock;
mod inside;
mod mail;
mod network;
mod outside;
mod plan;
mod random;
mod roles;
mod servers;
mod visitors;

use std::ffi::OsString;
use std::process::ExitCode;

use plan::Plan;

const USAGE: &str = "usage: ./scripts/run --demo [OPTION...]
  --open             open the page in the browser of this desktop
  --minutes N        end after so long (60; 1 to 600)
  --calm N           seconds before the first attack (90)
  --attack N         seconds that an attack lasts (45)
  --pause N          seconds from one attack's end to the next one's beginning (300)
  --visits N         visits a second (40; 1 to 200)
  --seed N           another run of the same kind (1)
  --port N           port of the page on 127.0.0.1 (8443, or a free one)
  --data DIR         keep the data there (a folder of its own, removed at the end)
  --captures DIR     also replay small pcap files of Ethernet from there (FLOODMARK_CORPUS, if it is set)";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let told = match arguments.first().and_then(|first| first.to_str()) {
        Some("inside") => Plan::from_words(&arguments[1..]).and_then(|plan| inside::run(&plan)),
        Some("--help" | "-h") => {
            say(USAGE);
            return ExitCode::SUCCESS;
        }
        _ => match Plan::from_words(&arguments) {
            Ok(plan) => outside::run(&plan),
            Err(error) => {
                eprintln!("demo: {error:#}\n{USAGE}");
                return ExitCode::from(2);
            }
        },
    };
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A line for the person who looks.
#[expect(clippy::disallowed_macros, reason = "this program talks to a person")]
fn say(line: &str) {
    println!("{line}");
}
