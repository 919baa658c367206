//! runner: the other end of the socket: checks a request against the configuration and runs the program.
//!
//! Not confined by seccomp: it starts programs. It never takes a program, an option or a limit from the request.

use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ipnet::IpNet;

use super::config::{Script, Style};
use super::{Answer, Event, REQUEST_BYTES_MAX, Request, cap, fastnetmon};
use crate::notice::NoticeKind;
use crate::words::line;

/// What is kept of what a program prints; the rest is read and dropped, so that it does not wait for us.
const OUTPUT_BYTES_MAX: u64 = 8 << 10;

/// How often it is looked whether the program has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Characters of an argument that comes from outside.
const ARGUMENT_CHARACTERS_MAX: usize = 255;

/// Where programs of programs are looked for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Serves one request of `input` on `output`. `state_dir` keeps the caps; `clock` gives UNIX seconds.
///
/// # Errors
/// The connection broke.
pub fn serve(
    scripts: &[Script],
    state_dir: &Path,
    now_s: u64,
    input: impl Read,
    mut output: impl Write,
) -> io::Result<()> {
    let answer = match read_request(input)? {
        Ok(request) => {
            let answer = obey(scripts, state_dir, now_s, &request);
            tracing::info!(script = line(&request.script, 40), id = line(&request.id, 80), ?answer, "asked to run");
            answer
        }
        Err(told) => Answer::Broken(told),
    };
    let mut bytes = serde_json::to_vec(&answer).map_err(io::Error::other)?;
    bytes.push(b'\n');
    output.write_all(&bytes)?;
    output.flush()
}

/// One line of JSON.
fn read_request(input: impl Read) -> io::Result<Result<Request, String>> {
    let mut reader = io::BufReader::new(input.take(REQUEST_BYTES_MAX as u64));
    let mut text = String::new();
    io::BufRead::read_line(&mut reader, &mut text)?;
    Ok(serde_json::from_str(&text).map_err(|error| format!("a request that cannot be read: {error}")))
}

fn obey(scripts: &[Script], state_dir: &Path, now_s: u64, request: &Request) -> Answer {
    let Some(script) = scripts.iter().find(|script| script.name == request.script) else {
        return Answer::Broken(format!("no [[notifier.script]] has the name {}", line(&request.script, 40)));
    };
    let event = &request.event;
    if script.only_attacks && !event.is_attack && event.kind != NoticeKind::Test {
        return Answer::Skipped("it is no attack".to_owned());
    }
    if let Err(told) = trusted(&script.program, nix::unistd::geteuid().as_raw()) {
        return Answer::Broken(told);
    }
    if let Some(never) = never(&script.never, &event.subject) {
        return Answer::Refused(format!("{} is in never ({never})", line(&event.subject, 80)));
    }
    let (arguments, details) = match script.style {
        Style::Plain => (plain_arguments(event), request.details.clone()),
        Style::Fastnetmon => match fastnetmon::arguments(event) {
            Ok(arguments) => (arguments, fastnetmon::details(event)),
            Err(told) => return Answer::Skipped(told.to_owned()),
        },
    };
    // Taking a block back must always be possible.
    if event.kind != NoticeKind::Resolved {
        match cap::take(&state_dir.join(format!("script-{}.cap", script.name)), script.per_hour, now_s) {
            Ok(true) => {}
            Ok(false) => return Answer::Failed(format!("its {} runs of this hour are used up", script.per_hour)),
            Err(error) => return Answer::Failed(format!("cannot count its runs in {}: {error}", state_dir.display())),
        }
    }
    run(script, &arguments, details)
}

/// The entry of the never-list that `subject` touches, in either direction: a prefix that holds a listed address too.
fn never(list: &[IpNet], subject: &str) -> Option<IpNet> {
    let subject = match subject.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => subject.parse::<IpNet>().ok()?,
    };
    list.iter().copied().find(|net| net.contains(&subject) || subject.contains(net))
}

fn plain_arguments(event: &Event) -> Vec<String> {
    let (kind, subject_kind) = (name_of(&event.kind), name_of(&event.subject_kind));
    [kind, event.severity.clone(), event.rule.clone(), subject_kind, event.subject.clone()]
        .into_iter()
        .map(|text| harmless(&text))
        .chain([event.value.to_string(), event.limit.to_string()])
        .collect()
}

/// The name that an enum has in JSON.
fn name_of(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// A text from outside as an argument: no control characters, bounded, never an option.
fn harmless(text: &str) -> String {
    let text = line(text, ARGUMENT_CHARACTERS_MAX);
    if text.starts_with('-') { format!("_{text}") } else { text }
}

/// Whether nobody but root or this user can change the file: a configuration, or a program.
///
/// # Errors
/// Who else can, and what to do.
pub fn trusted(path: &Path, user: u32) -> Result<(), String> {
    let shown = path.display();
    let metadata = std::fs::metadata(path).map_err(|error| format!("{shown}: {error}"))?;
    if !metadata.is_file() {
        return Err(format!("{shown} is not a file"));
    }
    if metadata.uid() != 0 && metadata.uid() != user {
        return Err(format!("{shown} belongs to user {}; it must belong to root (chown root)", metadata.uid()));
    }
    // A group of root's may write what root gave it only if the group is root's too.
    if metadata.mode() & 0o002 != 0 || metadata.mode() & 0o020 != 0 && metadata.gid() != 0 {
        return Err(format!("{shown} can be written by others (mode {:03o}); chmod go-w", metadata.mode() & 0o777));
    }
    Ok(())
}

fn run(script: &Script, arguments: &[String], details: String) -> Answer {
    let program = script.program.display();
    let child = Command::new(&script.program)
        .args(&script.arguments)
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("LANG", "C.UTF-8")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // What it starts is in its group, and ends with it.
        .process_group(0)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            return Answer::Failed(format!("cannot start {program}: {error}"));
        }
        Err(error) => return Answer::Broken(format!("cannot start {program}: {error}")),
    };
    let stdin = child.stdin.take();
    // On threads: a program that does not read, or prints without end, holds nobody.
    thread::spawn(move || {
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(details.as_bytes());
        }
    });
    let printed = [child.stdout.take().map(last_words), child.stderr.take().map(last_words)];
    let status = wait(&mut child, script.time_limit);
    let told: Vec<String> = printed
        .into_iter()
        .flatten()
        .filter_map(|words| words.recv_timeout(LOOK * 10).ok())
        .filter(|text| !text.is_empty())
        .collect();
    let told = line(&told.join(" "), 400);
    match status {
        Ok(Some(status)) if status.success() => Answer::Done(told),
        Ok(Some(status)) => Answer::Failed(format!("{program} ended with {status}: {told}")),
        Ok(None) => Answer::Failed(format!("{program} was ended after {:?}: {told}", script.time_limit)),
        Err(error) => Answer::Failed(format!("{program}: {error}")),
    }
}

/// Reads to the end and keeps the beginning.
fn last_words(mut from: impl Read + Send + 'static) -> std::sync::mpsc::Receiver<String> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut kept = Vec::new();
        let _ = (&mut from).take(OUTPUT_BYTES_MAX).read_to_end(&mut kept);
        let _ = sender.send(String::from_utf8_lossy(&kept).trim().to_owned());
        let _ = io::copy(&mut from, &mut io::sink());
    });
    receiver
}

#[expect(clippy::disallowed_methods, reason = "the time limit of a process, which no caller can measure")]
fn wait(child: &mut Child, time_limit: Duration) -> io::Result<Option<ExitStatus>> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begin.elapsed() >= time_limit {
            if let Ok(group) = i32::try_from(child.id()) {
                let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
            }
            let _ = child.kill();
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK);
    }
}
