//! floodmark: the command. It reads arguments and the configuration, and starts a role or answers a question; the work
//! is done in the crates.
#![forbid(unsafe_code)]

mod books;
mod cli;
mod commands;
mod config;
mod confine;
mod doctor;
#[cfg(test)]
mod documents;
mod exit;
mod logging;
#[cfg(test)]
mod metrics_page;
mod parent;
mod setup;
mod signals;
mod supervisor;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    let _armed = faults::arm_by_environment();
    match commands::dispatch(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("floodmark: {}", told(&failure.error));
            failure.exit.into()
        }
    }
}

/// The error and its causes; a cause that a message above it quotes is not told twice.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |mut told, cause| {
        if !told.contains(&cause) {
            told += if told.is_empty() { "" } else { ": " };
            told += &cause;
        }
        told
    })
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::told;

    #[test]
    fn causes_are_told_once() {
        let outer =
            |message: &'static str| Err::<(), _>(anyhow!("no such file")).context(message).expect_err("an error");
        assert_eq!(
            told(&outer("cannot read x: no such file; name another")),
            "cannot read x: no such file; name another"
        );
        assert_eq!(told(&outer("cannot read x")), "cannot read x: no such file");
    }
}
