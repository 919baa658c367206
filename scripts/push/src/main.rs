//! `cargo x push`: thousands of subscribers of one channel, a message a second to each, and what that costs: memory,
//! time of a trip, what arrives. The server is the role `web` in a process of its own, or nginx with nchan beside it.
#![forbid(unsafe_code)]

mod arguments;
mod attack;
mod books;
mod client;
mod report;
mod run;
mod server;
mod threads;
mod wire;

use std::process::ExitCode;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use arguments::Arguments;

fn main() -> ExitCode {
    match start() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("{}", arguments::USAGE);
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("push: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> anyhow::Result<bool> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve", folder, rest @ ..] => server::serve(folder.as_ref(), rest).map(|()| true),
        ["serve-threads", port] => threads::serve(port).map(|()| true),
        _ => {
            let Some(arguments) = Arguments::parse(&words) else { return Ok(false) };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run::all(&arguments))?;
            Ok(true)
        }
    }
}
