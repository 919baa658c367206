//! The part outside: the folder, the configuration, the namespace, the page, its first user, and the end of it all.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::clock::{await_some, now};
use crate::plan::Plan;
use crate::roles::Roles;
use crate::{mail, say};

/// How the inner part knows its folder and the program.
pub const FOLDER: &str = "FLOODMARK_DEMO_FOLDER";
pub const PROGRAM: &str = "FLOODMARK_DEMO_PROGRAM";

/// How long the roles may take to begin, and the inner part to end.
const START_WAIT: Duration = Duration::from_secs(30);
const END_WAIT: Duration = Duration::from_secs(70);

/// Runs the demo to its end.
///
/// # Errors
/// What the machine does not permit, and the remedy; or a role that ends.
pub fn run(plan: &Plan) -> anyhow::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    check_namespaces()?;
    let program = program()?;
    let folder = Folder::make(plan.data.as_deref())?;
    let port = port(plan.port)?;
    fs::write(folder.path.join("floodmark.toml"), configuration(&folder.path, port))?;
    let mut inner = Inner(start_inside(plan, &program, &folder.path)?);
    let mut page = Roles::default();
    page.start(&program, &folder.path, "web")?;
    await_some("the page and the live data", START_WAIT, || {
        inner.check()?;
        page.check(&folder.path)?;
        let is_up = ["capture", "ingest", "notifier", "web"]
            .iter()
            .all(|role| folder.path.join(format!("data/run/{role}.sock")).exists());
        Ok((is_up && TcpStream::connect(("127.0.0.1", port)).is_ok()).then_some(()))
    })?;
    let link = enrol(&program, &folder.path)?;
    tell(plan, &link, &folder.path);
    if plan.is_open {
        open(&link);
    }
    let end = now() + plan.length;
    while !stop.load(Ordering::Relaxed) && now() < end {
        inner.check()?;
        page.check(&folder.path)?;
        sleep(Duration::from_millis(200));
    }
    say("the demo ends");
    inner.end();
    page.end();
    Ok(())
}

/// The inner part; it ends when its stdin does.
struct Inner(Child);

impl Inner {
    fn check(&mut self) -> anyhow::Result<()> {
        match self.0.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the part in the namespace has ended ({status}); it says above why"),
        }
    }

    fn end(&mut self) {
        drop(self.0.stdin.take());
        if await_some("its end", END_WAIT, || Ok(self.0.try_wait()?)).is_err() {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.end();
    }
}

/// A network of one's own needs the right to make namespaces, which some systems keep from their users.
fn check_namespaces() -> anyhow::Result<()> {
    let mut trial = Command::new("unshare");
    trial.args(["--user", "--map-root-user", "--net", "--", "ip", "link", "set", "lo", "up"]).stdin(Stdio::null());
    let output = trial.output().context("cannot start `unshare` (package util-linux)")?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    bail!(
        "this machine does not permit a network of the demo's own ({said}).\nDebian: `sysctl kernel.unprivileged_userns_clone=1`; \
         Ubuntu: `sysctl kernel.apparmor_restrict_unprivileged_userns=0`; a container: start it with --privileged; \
         or run the demo as root. `ip` is of the package iproute2."
    )
}

/// The program beside this one.
fn program() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("floodmark");
    if !program.is_file() {
        bail!("there is no {}: ./scripts/run --demo builds it", program.display());
    }
    Ok(program)
}

/// Where the data lie.
struct Folder {
    path: PathBuf,
    is_ours: bool,
}

impl Folder {
    fn make(wanted: Option<&Path>) -> anyhow::Result<Folder> {
        let made = std::env::temp_dir().join(format!("floodmark-demo-{}", std::process::id()));
        let path = std::path::absolute(wanted.unwrap_or(&made))?;
        fs::create_dir_all(path.join("data")).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Folder { path, is_ours: wanted.is_none() })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_ours {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn port(wanted: Option<u16>) -> anyhow::Result<u16> {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).and_then(|listener| listener.local_addr());
    let address = match wanted {
        Some(port) => free(port).with_context(|| format!("port {port} is taken; name another by --port"))?,
        None => free(8_443).or_else(|_| free(0)).context("no free port on 127.0.0.1")?,
    };
    Ok(address.port())
}

/// The page is on this machine's loopback alone: it needs no certificate, and the browser shows no warning.
fn configuration(folder: &Path, port: u16) -> String {
    let data = folder.join("data");
    format!(
        "[node]\nname = \"demo\"\ndata_dir = {data:?}\n\
         [capture]\ninterfaces = [\"eth0\"]\n\
         [ingest.retention]\nflows_bytes = \"512MiB\"\n\
         [web]\nlisten = \"127.0.0.1:{port}\"\ntls = \"off\"\n\
         [notifier.email]\nserver = \"127.0.0.1\"\nport = {mail}\nsecurity = \"off\"\nfrom = \"floodmark@demo.example\"\n\
         [[notifier.receiver]]\nname = \"you\"\nmail = \"you@demo.example\"\nchannels = [\"email\"]\n",
        mail = mail::PORT
    )
}

fn start_inside(plan: &Plan, program: &Path, folder: &Path) -> anyhow::Result<Child> {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "--"]).arg(std::env::current_exe()?).arg("inside");
    command.args(plan.words()).env(FOLDER, folder).env(PROGRAM, program).stdin(Stdio::piped());
    command.spawn().context("cannot start `unshare` (package util-linux)")
}

/// A user, and the link by which it sets its password.
fn enrol(program: &Path, folder: &Path) -> anyhow::Result<String> {
    let config = folder.join("floodmark.toml");
    let ask =
        |words: &[&str]| Command::new(program).args(words).arg("--config").arg(&config).stdin(Stdio::null()).output();
    let mut output = ask(&["user", "add", "you", "--standing", "admin"])?;
    if !output.status.success() {
        // Of an earlier run on the same data.
        output = ask(&["user", "passwd", "you"])?;
    }
    let told = String::from_utf8_lossy(&output.stdout);
    let link = told.lines().map(str::trim).find(|line| line.contains("/enrol/"));
    link.map(str::to_owned).with_context(|| format!("no enrolment link: {}", String::from_utf8_lossy(&output.stderr)))
}

fn tell(plan: &Plan, link: &str, folder: &Path) {
    say(&format!(
        "\nThe page is open. Set a password by this link (once, within 10 minutes), and look:\n\n  {link}\n\n\
         An attack comes after {} s. Logs and mails are in {}.\nCtrl-C ends the demo; it ends by itself after {} minutes.\n",
        plan.calm.as_secs(),
        folder.display(),
        plan.length.as_secs() / 60
    ));
}

fn open(link: &str) {
    let mut browser = Command::new("xdg-open");
    browser.arg(link).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if browser.spawn().is_err() {
        eprintln!("demo: no `xdg-open` here (package xdg-utils); open the link by hand");
    }
}
