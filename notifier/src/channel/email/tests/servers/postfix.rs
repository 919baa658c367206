//! The real Postfix on a port of its own, with a queue and a mailbox in a scratch folder.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::unistd::{Group, User, getuid};

use super::super::hostile::Part;
use super::real::{free_port, path_variable, wait};
use super::tls::identity;
use super::{config, deliver, examples, message};
use crate::channel::Message;
use crate::channel::email::Email;
use crate::channel::email::config::{Config, Security};
use crate::channel::email::render;
use crate::notice::{Language, NoticeKind};

/// The head of a file of packets, and octets that a careless server would change.
const SAMPLE: [u8; 28] =
    [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0, b'\r', b'\n', b'.', b'\n'];

/// Ends the server with its test.
struct Postfix {
    master: Child,
    etc: PathBuf,
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // It ends its own children.
        let stopped = command(&self.etc, "stop").status();
        if !stopped.is_ok_and(|status| status.success()) {
            drop(self.master.kill());
        }
        drop(self.master.wait());
    }
}

fn command(etc: &Path, word: &str) -> Command {
    let mut command = Command::new("postfix");
    command.env("PATH", format!("{}:/usr/sbin:/sbin", path_variable())).arg("-c").arg(etc).arg(word);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Takes mail for example.org under TLS only, and puts it into `root/mail/NAME/`.
fn start(root: &Path, port: u16) -> Postfix {
    let owner = User::from_name("postfix").ok().flatten().expect("the user postfix; install the package postfix");
    let nobody = User::from_name("nobody").ok().flatten().expect("the user nobody");
    Group::from_name("postdrop").ok().flatten().expect("the group postdrop");
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).expect("its mode");
    let [etc, queue, data, mail] = ["etc", "queue", "data", "mail"].map(|name| root.join(name));
    for folder in [&etc, &queue, &data, &mail] {
        fs::create_dir(folder).expect("a folder");
    }
    chown(&data, Some(owner.uid.as_raw()), None).expect("its owner");
    chown(&mail, Some(nobody.uid.as_raw()), None).expect("its owner");
    let (certificate, key) = identity("localhost", 2100, &root.join("ca.pem"));
    fs::write(etc.join("cert.pem"), certificate.pem()).expect("a file");
    fs::write(etc.join("key.pem"), key.serialize_pem()).expect("a file");
    fs::set_permissions(etc.join("key.pem"), fs::Permissions::from_mode(0o600)).expect("its mode");
    let (place, user) = (root.display(), nobody.uid);
    let main = format!(
        "compatibility_level = 3.6\nqueue_directory = {place}/queue\ndata_directory = {place}/data\n\
         daemon_directory = /usr/lib/postfix/sbin\ncommand_directory = /usr/sbin\nmail_owner = postfix\n\
         setgid_group = postdrop\nmyhostname = localhost\nmydestination =\ninet_interfaces = 127.0.0.1\n\
         inet_protocols = ipv4\nmynetworks = 127.0.0.0/8\nalias_maps =\nalias_database =\n\
         smtpd_relay_restrictions = reject_unauth_destination\nvirtual_mailbox_domains = example.org\n\
         virtual_mailbox_base = {place}/mail\nvirtual_mailbox_maps = inline:{{admin@example.org=admin/}}\n\
         virtual_uid_maps = static:{user}\nvirtual_gid_maps = static:{}\nsmtpd_tls_security_level = encrypt\n\
         smtpd_tls_cert_file = {place}/etc/cert.pem\nsmtpd_tls_key_file = {place}/etc/key.pem\n\
         smtpd_tls_received_header = yes\nmaillog_file = {place}/log\nmaillog_file_prefixes = {place}\n",
        nobody.gid
    );
    // Service, type, private, unprivileged, chroot, wake-up, processes, program.
    let services = "cleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\ntlsmgr unix - - n 1000? 1 tlsmgr\n\
         rewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\n\
         trace unix - - n - 0 bounce\nvirtual unix - n n - - virtual\nanvil unix - - n - 1 anvil\n\
         error unix - - n - - error\nretry unix - - n - - error\nproxymap unix - - n - - proxymap\n\
         postlog unix-dgram n - n - 1 postlogd\n";
    fs::write(etc.join("main.cf"), main).expect("a file");
    fs::write(etc.join("master.cf"), format!("127.0.0.1:{port} inet n - n - - smtpd\n{services}")).expect("a file");
    let master = command(&etc, "start-fg").spawn().expect("postfix runs; install the package postfix");
    Postfix { master, etc }
}

/// The mails of a mailbox, once there is one.
fn mailbox(root: &Path) -> Vec<String> {
    let new = root.join("mail/admin/new");
    for _ in 0..1_500 {
        let files: Vec<_> =
            fs::read_dir(&new).map(|files| files.flatten().map(|file| file.path()).collect()).unwrap_or_default();
        if !files.is_empty() {
            return files.iter().map(|path| fs::read_to_string(path).expect("a mail")).collect();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("no mail came; the log:\n{}", fs::read_to_string(root.join("log")).unwrap_or_default());
}

#[test]
fn postfix_puts_each_part_into_the_mailbox() {
    if !getuid().is_root() {
        // Its master changes to other users.
        eprintln!("postfix_puts_each_part_into_the_mailbox: skipped: the master of Postfix needs root");
        return;
    }
    let dir = tempfile::tempdir().expect("a scratch folder");
    let port = free_port();
    let _postfix = start(dir.path(), port);
    wait(port);
    let config = Config {
        server: "localhost".to_owned(),
        security: Security::StartTls,
        tls_ca_file: dir.path().join("ca.pem"),
        // The server has this family alone.
        bind: "127.0.0.1".to_owned(),
        ..config(port)
    };
    let message = Message { notice: examples::notice(NoticeKind::Alert, Language::Ru), ..message() };
    fs::create_dir(dir.path().join("samples")).expect("a folder");
    fs::write(dir.path().join("samples/0123.pcap"), SAMPLE).expect("a file");
    let email = Email::new(&config, "web1", dir.path().to_path_buf()).expect("a channel");
    let (outcome, _) = deliver(&email, &message);
    let log = || fs::read_to_string(dir.path().join("log")).unwrap_or_default();
    let receipt = outcome.unwrap_or_else(|error| panic!("{error}\n{}", log()));
    assert!(receipt.answer.contains("queued as"), "{receipt:?}");

    let mails = mailbox(dir.path());
    assert_eq!(mails.len(), 1);
    let whole = mails[0].replace('\n', "\r\n");
    let mail = Part::read(&whole);
    let same = render(&message.notice);
    for (name, value) in [
        ("Delivered-To", "admin@example.org"),
        ("To", "admin@example.org"),
        ("Message-ID", "<0123-1@example.org>"),
        ("X-Priority", "1"),
    ] {
        assert_eq!(mail.header(name), value, "{whole}");
    }
    assert!(mail.header("Received").contains("using TLSv1.3"), "{whole}");
    let mut leaves = Vec::new();
    collect(&mail, &mut leaves);
    let kinds: Vec<_> = leaves.iter().filter_map(|part| part.header("Content-Type").split(';').next()).collect();
    assert_eq!(kinds, ["text/plain", "text/html", "image/png", "application/vnd.tcpdump.pcap"]);
    let lines = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
    assert_eq!(lines(&leaves[0].decoded()), lines(&same.text));
    assert_eq!(lines(&leaves[1].decoded()), lines(&same.html));
    assert_eq!(Some(leaves[2].bytes()), same.png, "the chart, to the byte");
    assert_eq!(leaves[3].bytes(), SAMPLE, "the sample, to the byte");
}

/// Parts that hold no parts.
fn collect<'a>(part: &'a Part, leaves: &mut Vec<&'a Part>) {
    if part.parts.is_empty() {
        leaves.push(part);
    }
    part.parts.iter().for_each(|part| collect(part, leaves));
}
