//! A machine with Floodmark on it: a scratch data directory, a configuration file, and the built program.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use live::ledger::Ledger;
use live::line::{CaptureLine, Envelope, IngestLine, RunLine};
use live::{Line, Role, Subscriber};
use serde_json::Value;
use tempfile::TempDir;

use crate::link::ip;
use crate::process::{await_some, children, has_ended, send};

/// See the module.
pub struct Machine {
    dir: TempDir,
    running: Option<Child>,
    /// Armed failpoints of the next start (`FAILPOINTS`).
    pub failpoints: String,
}

impl Machine {
    /// A machine that does not run yet; `config` is laid below `[node]`, `[web]` and `[log]`.
    pub fn new(config: &str) -> Machine {
        let dir = tempfile::tempdir().unwrap();
        let head =
            format!("[node]\ndata_dir = \"{}\"\n[web]\nlisten = \"127.0.0.1:0\"\n", dir.path().join("data").display());
        fs::write(dir.path().join("floodmark.toml"), head + config).unwrap();
        Machine { dir, running: None, failpoints: String::new() }
    }

    /// Starts `floodmark run` and waits until every named interface is captured and ingest stores.
    pub fn start(config: &str, interfaces: &[&str]) -> Machine {
        let mut machine = Machine::new(config);
        machine.run(interfaces);
        machine
    }

    /// Starts `floodmark run`, also again on the same data, and waits as [`Machine::start`] does.
    pub fn run(&mut self, interfaces: &[&str]) {
        self.start_unready(interfaces);
        await_some("capture and ingest", || {
            let capture = self.capture_line()?;
            let up = capture.interfaces.iter().all(|interface| interface.state == "up");
            (up && self.ingest_line()?.database == "connected").then_some(())
        });
    }

    /// Starts `floodmark run` and does not wait.
    pub fn start_unready(&mut self, interfaces: &[&str]) {
        // The page listens on loopback, which is down in a new namespace.
        ip("link set lo up");
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        let mut command = self.command(&["run"]);
        for interface in interfaces {
            command.args(["--interface", interface]);
        }
        command.env("FAILPOINTS", &self.failpoints);
        self.running = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
    }

    /// Starts one role without a supervisor.
    pub fn spawn_role(&self, name: &str) -> Child {
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        let mut command = self.command(&[name]);
        command.env("FAILPOINTS", &self.failpoints).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.spawn().unwrap()
    }

    /// The program with arguments and this machine's configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        // A soak may run a program that was built for release elsewhere.
        let program = std::env::var_os("FLOODMARK_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_floodmark").into());
        let mut command = Command::new(program);
        command.args(arguments).arg("--config").arg(self.dir.path().join("floodmark.toml")).current_dir(&self.dir);
        command
    }

    /// Runs a command to its end.
    pub fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// The stdout of a command that succeeds.
    pub fn told(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}\n{}", self.log());
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn ledger(&self) -> Ledger {
        serde_json::from_str(&self.told(&["ledger", "--json"])).unwrap()
    }

    /// Flow rows, at most 10,000; more fail the test, because they would not be all.
    pub fn flows(&self, more: &[&str]) -> Vec<Value> {
        let text = self.told(&[&["flows", "--json", "--limit", "10000"], more].concat());
        let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(rows.len() < 10_000, "more rows than a query answers");
        rows
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// What all roles have told so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn subscribe(&self, role: Role) -> Option<Subscriber> {
        Subscriber::connect(&self.data_dir().join("run"), role, Duration::from_secs(5)).ok()
    }

    /// The newest line of a role; `None` while it does not run.
    pub fn line(&self, role: Role) -> Option<Line> {
        self.subscribe(role)?.receive().ok()
    }

    /// The newest line of capture; `None` while it does not run.
    pub fn capture_line(&self) -> Option<CaptureLine> {
        match self.subscribe(Role::Capture)?.receive().ok()? {
            Line::Capture(line) => Some(*line),
            other => panic!("{other:?}"),
        }
    }

    /// The newest line of ingest; `None` while it does not run.
    pub fn ingest_line(&self) -> Option<IngestLine> {
        match self.subscribe(Role::Ingest)?.receive().ok()? {
            Line::Ingest(line) => Some(*line),
            other => panic!("{other:?}"),
        }
    }

    /// The newest line of the supervisor.
    pub fn run_line(&self) -> Option<RunLine> {
        match self.line(Role::Run)? {
            Line::Run(line) => Some(*line),
            other => panic!("{other:?}"),
        }
    }

    /// What a role's newest line begins with; `None` while it does not run.
    pub fn envelope(&self, role: Role) -> Option<Envelope> {
        self.line(role).map(envelope)
    }

    /// Time and number of `count` lines in a row.
    pub fn lines(&self, role: Role, count: usize) -> Vec<(u64, u64)> {
        let mut live = self.subscribe(role).unwrap();
        (0..count).map(|_| envelope(live.receive().unwrap())).map(|e| (e.time_ns, e.seq)).collect()
    }

    /// The answer of a role's socket to a GET: head and body.
    pub fn get(&self, role: Role, path: &str) -> String {
        let mut stream =
            UnixStream::connect(self.data_dir().join("run").join(format!("{}.sock", role.name()))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The answer of a role's socket to a control request: head and body.
    pub fn ask(&self, role: Role, request: &str) -> String {
        let mut stream =
            UnixStream::connect(self.data_dir().join("run").join(format!("{}.sock", role.name()))).unwrap();
        let length = request.len();
        write!(stream, "POST /control HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{request}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The supervisor's process.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().unwrap().id()
    }

    /// The process of a role, waited for.
    pub fn role(&self, name: &str) -> u32 {
        let marker = format!("\0{name}\0");
        let command_of = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        await_some(name, || children(self.pid()).into_iter().find(|pid| command_of(pid).contains(&marker)))
    }

    /// Sends a signal to the supervisor and waits for the end of it and its roles; gives the exit code.
    pub fn end(&mut self, signal: &str) -> Option<i32> {
        let mut running = self.running.take().unwrap();
        let roles = children(running.id());
        send(signal, running.id());
        let status = await_some("the end of floodmark run", || running.try_wait().unwrap());
        await_some("the end of the roles", || roles.iter().all(|pid| has_ended(*pid)).then_some(()));
        status.code()
    }

    /// Stops by SIGTERM, which must go well.
    pub fn stop(&mut self) {
        assert_eq!(self.end("TERM"), Some(0), "{}", self.log());
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // After a failed assertion nothing may stay behind: the roles end with their supervisor.
        if let Some(mut running) = self.running.take() {
            eprintln!("{}", self.log());
            let _ = running.kill();
            let _ = running.wait();
        }
    }
}

fn envelope(line: Line) -> Envelope {
    match line {
        Line::Capture(line) => line.envelope,
        Line::Ingest(line) => line.envelope,
        Line::Notifier(line) => line.envelope,
        Line::Plain(line) => line.envelope,
        Line::Run(line) => line.envelope,
    }
}

/// Sum of the packets, and of the bytes, of both directions.
pub fn sums(rows: &[Value]) -> (u64, u64) {
    let sum = |names: [&str; 2]| rows.iter().flat_map(|row| names.map(|name| row[name].as_u64().unwrap())).sum();
    (sum(["packets_fwd", "packets_rev"]), sum(["bytes_fwd", "bytes_rev"]))
}

/// The books after the end: everything that was parsed is stored, and they balance.
pub fn assert_settled(ledger: &Ledger, packets: u64, bytes: u64) {
    assert_eq!(ledger.imbalance, 0, "{ledger:?}");
    assert_eq!((ledger.stored, ledger.stored_bytes), (packets, bytes), "{ledger:?}");
    assert_eq!((ledger.in_memory, ledger.in_spool, ledger.in_ring), (0, 0, 0), "{ledger:?}");
    assert_eq!((ledger.shed, ledger.parked, ledger.gap), (0, 0, 0), "{ledger:?}");
}
