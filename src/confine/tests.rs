//! A process confines itself and then tries what it must not do: each case runs this test binary again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::{Profile, confine};
use crate::config::Config;
use crate::config::node::Confinement;

/// Names the scratch folder in the environment of the second run.
const MARKER: &str = "FLOODMARK_CONFINE";

/// Runs `body` with a scratch folder in a process of its own. `test` is the name of the calling test in this module.
fn alone(test: &str, body: fn(&Path)) {
    if let Some(folder) = std::env::var_os(MARKER) {
        return body(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a scratch folder");
    let name = format!("confine::tests::{test}");
    let output = Command::new(std::env::current_exe().expect("path of this test binary"))
        .args(["--exact", &name, "--nocapture", "--test-threads=1"])
        .env(MARKER, folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}");
    // A misspelt name runs nothing, and succeeds.
    assert!(text.contains("1 passed"), "{name} is not the name of a test: {text}");
}

fn config(folder: &Path) -> Config {
    let mut config = Config::default();
    config.node.data_dir = folder.join("data");
    config.node.run_dir = folder.join("run");
    config
}

fn enter(profile: &Profile) {
    confine(profile, Confinement::Possible).expect("it is confined");
}

/// The value of a line of /proc/self/status.
fn status(name: &str) -> String {
    let text = fs::read_to_string("/proc/thread-self/status").expect("/proc is mounted and readable");
    let value = text.lines().find_map(|line| line.strip_prefix(name)).expect("the kernel tells it");
    value.trim_start_matches(':').trim().to_owned()
}

fn assert_no_rights() {
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(u64::from_str_radix(&status(set), 16), Ok(0), "{set}");
    }
    assert_eq!((status("NoNewPrivs").as_str(), status("Seccomp").as_str()), ("1", "2"));
}

/// False where the kernel has no Landlock, so that there is nothing to be seen.
fn has_landlock() -> bool {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let profile = Profile { write: Some(vec![folder.path().to_path_buf()]), ..Profile::default() };
    // Asked in a thread, because it restricts who asks.
    let has = thread::spawn(move || super::folders::restrict(&profile).is_ok()).join().expect("no panic");
    if !has {
        eprintln!("this kernel has no Landlock: files and ports are not looked at");
    }
    has
}

fn refused<T: std::fmt::Debug>(what: &str, result: io::Result<T>, expect: &[i32]) {
    let error = result.expect_err(what);
    assert!(error.raw_os_error().is_some_and(|errno| expect.contains(&errno)), "{what}: {error}");
}

const EPERM: &[i32] = &[libc::EPERM];
const EACCES: &[i32] = &[libc::EACCES];

#[test]
fn no_program_is_started_and_no_packet_socket_opened() {
    alone("no_program_is_started_and_no_packet_socket_opened", |folder| {
        // The file of a capability that a program would be given is not needed: nothing is executed at all.
        let mut program = Command::new("/bin/true");
        assert!(program.status().expect("before").success());
        // A profile makes its folders, which the one before it would not let it.
        ["data/web", "data/store"]
            .iter()
            .for_each(|made| fs::create_dir_all(folder.join(made)).expect("a scratch folder"));
        let profiles = |config: &Config| [super::capture(config), super::ingest(config), super::web(config)];
        for profile in profiles(&config(folder)) {
            // Filters and sets only shrink: each profile is tried in a thread of its own below the last.
            enter(&profile);
            assert_no_rights();
            // Without `clone` for processes the library cannot even fork; `exec` alone is tried as well.
            program.status().expect_err("a program");
            refused(
                "exec",
                Err::<(), _>(std::os::unix::process::CommandExt::exec(&mut Command::new("/bin/true"))),
                EPERM,
            );
            let packet = socket(AddressFamily::Packet, SockType::Raw, SockFlag::empty(), None);
            assert_eq!(packet.expect_err("a packet socket"), Errno::EPERM);
            let raw =
                socket(AddressFamily::Inet, SockType::Raw, SockFlag::empty(), nix::sys::socket::SockProtocol::Icmp);
            assert_eq!(raw.expect_err("a raw socket"), Errno::EPERM);
            thread::spawn(assert_no_rights).join().expect("a thread has no more rights");
        }
    });
}

#[test]
fn the_kernel_and_other_processes_are_out_of_reach() {
    alone("the_kernel_and_other_processes_are_out_of_reach", |folder| {
        enter(&super::ingest(&config(folder)));
        assert_eq!(nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER), Err(Errno::EPERM));
        assert_eq!(nix::sys::signal::kill(nix::unistd::getppid(), None), Err(Errno::EPERM));
        assert_eq!(nix::unistd::chroot("/"), Err(Errno::EPERM));
        assert_eq!(nix::unistd::setuid(nix::unistd::getuid()), Err(Errno::EPERM));
        let zero = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_CORE);
        assert_eq!(zero, Ok((0, 0)), "no core dump");
        assert_eq!(nix::sys::prctl::get_dumpable(), Ok(false));
    });
}

#[test]
fn a_role_writes_to_its_own_folders_only() {
    alone("a_role_writes_to_its_own_folders_only", |folder| {
        if !has_landlock() {
            return;
        }
        let secret = folder.join("secret");
        fs::write(&secret, "x").expect("before");
        let config = config(folder);
        enter(&super::capture(&config));
        let spool = config.node.data_dir.join("spool/capture");
        fs::write(spool.join("one"), "x").expect("its spool is its own");
        fs::rename(spool.join("one"), spool.join("two")).expect("and what lies in it");
        File::open(&spool).expect("the folder too").sync_all().expect("is made durable");
        drop(UnixListener::bind(config.node.run_dir.join("s")).expect("its socket"));
        UnixStream::connect(config.node.run_dir.join("s")).expect_err("nobody listens");
        fs::remove_file(config.node.run_dir.join("s")).expect("its socket goes with it");
        fs::read_to_string("/proc/meminfo").expect("the kernel's files are read");
        refused("the store", fs::create_dir(config.node.data_dir.join("store")), EACCES);
        refused("a file of others", fs::read(&secret), EACCES);
        refused("for writing", OpenOptions::new().append(true).open(&secret), EACCES);
        refused("shadow", OpenOptions::new().append(true).open("/etc/shadow"), EACCES);
        refused("users", fs::read("/etc/passwd"), EACCES);
        refused("a folder", fs::read_dir("/").map(drop), EACCES);
    });
}

#[test]
fn ingest_opens_no_port_but_reaches_a_database() {
    alone("ingest_opens_no_port_but_reaches_a_database", |folder| {
        if !has_landlock() {
            return;
        }
        let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
        enter(&super::ingest(&config(folder)));
        TcpStream::connect(server.local_addr().expect("a bound socket")).expect("ingest reaches a database");
        refused("a port", TcpListener::bind("127.0.0.1:0"), EACCES);
    });
}

#[test]
fn capture_and_web_connect_to_nobody() {
    for role in [super::capture, super::web] {
        let profile = role(&config(Path::new("/nowhere")));
        assert!(!profile.may_connect && profile.write.is_some());
    }
    alone("capture_and_web_connect_to_nobody", |folder| {
        if !has_landlock() {
            return;
        }
        let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
        enter(&super::web(&config(folder)));
        refused("a connection", TcpStream::connect(server.local_addr().expect("a bound socket")), EACCES);
        server.set_nonblocking(true).expect("an open port");
        let waiting = server.accept().expect_err("a port that is open already goes on listening; nobody came");
        assert_eq!(waiting.kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn memory_is_not_executable_and_threads_go_on() {
    alone("memory_is_not_executable_and_threads_go_on", |folder| {
        enter(&super::web(&config(folder)));
        let fine = thread::Builder::new().stack_size(8 << 20).spawn(|| vec![7_u8; 64 << 20].len());
        assert_eq!(fine.expect("a thread").join().expect("no panic"), 64 << 20);
        // What panics is caught as before: unwinding needs no call that is missing.
        assert!(thread::spawn(|| panic!("on purpose")).join().is_err());
    });
}

#[test]
fn what_is_off_changes_nothing_and_a_second_thread_is_refused() {
    alone("what_is_off_changes_nothing_and_a_second_thread_is_refused", |folder| {
        let profile = super::capture(&config(folder));
        let before = (status("CapEff"), status("NoNewPrivs"), status("Seccomp"));
        confine(&profile, Confinement::Off).expect("nothing is done");
        assert_eq!((status("CapEff"), status("NoNewPrivs"), status("Seccomp")), before);
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let second = thread::spawn(move || ended.recv());
        let error = super::apply(&profile, Confinement::Possible).expect_err("a thread would keep its rights");
        assert!(matches!(error, super::ConfineError::Threads(2..)), "{error}");
        drop(end);
        second.join().expect("no panic").expect_err("the channel closed");
    });
}

#[test]
fn root_without_capabilities_is_told_whose_folder_it_cannot_write_to() {
    alone("root_without_capabilities_is_told_whose_folder_it_cannot_write_to", |folder| {
        let config = config(folder);
        fs::create_dir_all(&config.node.run_dir).expect("a folder");
        let readonly = std::os::unix::fs::PermissionsExt::from_mode(0o500);
        fs::set_permissions(&config.node.run_dir, readonly).expect("its mode");
        let error = confine(&super::web(&config), Confinement::Possible).expect_err("it cannot write there");
        let message = error.to_string();
        assert!(message.contains(&config.node.run_dir.display().to_string()) && message.contains("chown"), "{message}");
        let denied = File::create(config.node.run_dir.join("x")).expect_err("so it is");
        assert_eq!(denied.kind(), ErrorKind::PermissionDenied);
    });
}

#[test]
fn notifier_sees_all_processes_and_disks_and_keeps_to_its_own_folders() {
    alone("notifier_sees_all_processes_and_disks_and_keeps_to_its_own_folders", |folder| {
        use ::notifier::host::{Roots, Sampler};
        use ::notifier::record::{Options, Recorder};

        let config = config(folder);
        let has_landlock = has_landlock();
        enter(&super::notifier(&config));
        assert_no_rights();
        #[expect(clippy::disallowed_methods, reason = "the test gives the clock that the role would")]
        let now = std::time::Instant::now();
        let mut sampler = Sampler::new(Roots::default(), Default::default());
        let mut sample = sampler.sample(1, now);
        for _ in 0..100 {
            if sample.disks.iter().any(|disk| disk.total > 0) {
                break;
            }
            sample = sampler.sample(1, now);
        }
        assert!(sample.disks.iter().any(|disk| disk.total > 0), "{:?}", sample.disks);
        assert!(sample.processes.total >= 2 && !sample.processes.hidden, "{:?}", sample.processes);
        assert!(!sample.processes.by_memory.is_empty());
        let parent = nix::unistd::getppid();
        fs::read_to_string(format!("/proc/{parent}/stat")).expect("others are seen");
        let data = &config.node.data_dir;
        let state = ::notifier::state::open(&data.join("notifier")).expect("its state");
        let spool = Default::default();
        let node = spool_node(&[3; 16]);
        let mut recorder =
            Recorder::open(Options { dir: data.join("spool/notifier"), node, spool }, &state, 1_000, now);
        recorder.event(&state, ("test", Default::default()), "", "its spool is its own", 1_000);
        recorder.tend(&state, 1_000, now);
        recorder.finish(&state, 1_000, now);
        assert!(recorder.counters().rows >= 1 && recorder.standing().trouble.is_empty(), "{:?}", recorder.standing());
        refused("a program", Command::new("/bin/true").status(), &[libc::EPERM, libc::ENOSYS, libc::EACCES]);
        if has_landlock {
            refused("capture's spool", fs::create_dir_all(data.join("spool/capture")), EACCES);
            refused("the store", fs::create_dir(data.join("store")), EACCES);
            refused("the data directory", fs::read_dir(data).map(drop), EACCES);
            refused("a port", TcpListener::bind("127.0.0.1:0"), EACCES);
        }
    });
}

fn spool_node(bytes: &[u8; 16]) -> spool::NodeId {
    spool::NodeId::from_bytes(*bytes)
}
