//! What each role needs once it has begun.

use std::path::{Path, PathBuf};

use ::capture::role::spool_dir;
use caps::Capability;

use super::Profile;
use crate::config::Config;

/// The kernel's own files: CPU times, memory, limits of the control group.
const KERNEL: [&str; 2] = ["/proc", "/sys"];

/// What resolving a host's name reads. Folders, not files: `resolv.conf` is replaced when a network changes, and a rule
/// for the old file does not hold for the new one.
const NAMES: [&str; 6] = ["/etc", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/run"];

/// Time zones of receivers.
const ZONES: [&str; 1] = ["/usr/share/zoneinfo"];

/// Randomness and places for what SQLite does not keep in memory.
const SQLITE: [&str; 1] = ["/dev/urandom"];
const SCRATCH: [&str; 2] = ["/var/tmp", "/tmp"];

fn paths(of: &[&str]) -> Vec<PathBuf> {
    of.iter().map(PathBuf::from).collect()
}

/// Its spool and its socket; no connection, no name, no database.
pub fn capture(config: &Config) -> Profile {
    let node = &config.node;
    Profile {
        write: Some(vec![spool_dir(&node.data_dir, "capture"), node.run_dir.clone()]),
        read: paths(&KERNEL),
        io_uring: true,
        ..Profile::default()
    }
}

/// The data directory, the store, and a way to the database.
pub fn ingest(config: &Config) -> Profile {
    let mut write = vec![config.node.data_dir.clone(), config.node.run_dir.clone()];
    let mut read = paths(&KERNEL);
    match Store::of(&config.store.url) {
        Store::Files(folder) => {
            write.extend(folder);
            write.extend(SCRATCH.iter().map(PathBuf::from).filter(|folder| folder.is_dir()));
            read.extend(paths(&SQLITE));
        }
        Store::Server => read.extend(server_files(config)),
    }
    Profile { write: Some(write), read, may_connect: true, ..Profile::default() }
}

/// Its state, its spool and its socket; the kernel's files (the load, all processes), names of servers and users, and the
/// certificate authorities, which lie below `/etc`. Asking a disk how full it is needs no right to read it.
pub fn notifier(config: &Config) -> Profile {
    let node = &config.node;
    let mut write = vec![node.data_dir.join("notifier"), spool_dir(&node.data_dir, "notifier"), node.run_dir.clone()];
    // Where a modem's program takes its messages. One that is not there is told when a message waits for it.
    let folders = config.notifier.sms.iter().map(|gateway| gateway.folder.clone());
    write.extend(folders.filter(|folder| folder.is_dir()));
    let mut read = paths(&[&KERNEL[..], &NAMES[..], &SQLITE[..], &ZONES[..]].concat());
    // The folder of a secret, not the file: a new one may be put in its place.
    read.extend(secrets(config).filter_map(|file| Some(file.parent()?.to_path_buf())).filter(|folder| folder.is_dir()));
    Profile { write: Some(write), read, may_connect: true, ..Profile::default() }
}

/// Passwords, tokens and authorities of the channels and peers.
fn secrets(config: &Config) -> impl Iterator<Item = &Path> {
    let notifier = &config.notifier;
    let email = [&notifier.email.password_file, &notifier.email.tls_ca_file];
    let sms = notifier.sms.iter().flat_map(|gateway| [&gateway.secret_file, &gateway.tls_ca_file]);
    let hooks = notifier.webhook.iter().flat_map(|hook| [&hook.secret_file, &hook.tls_ca_file]);
    let peers = config.peer.iter().map(|peer| &peer.token_file);
    email.into_iter().chain(sms).chain(hooks).chain(peers).map(|file| file.as_path())
}

/// Its own folder and its socket; the port of the page is open already. The store is read: from files, which SQLite must
/// be able to lock and map, or from a server.
pub fn web(config: &Config) -> Profile {
    let node = &config.node;
    let mut write = vec![node.data_dir.join("web"), node.run_dir.clone()];
    let mut read = paths(&[&KERNEL[..], &SQLITE[..], &ZONES[..]].concat());
    // The folder of the certificate, not the file: a new one is put in its place when it is renewed.
    let certificate = [&config.web.tls_cert_file, &config.web.tls_key_file];
    read.extend(
        certificate.iter().filter_map(|file| Some(file.parent()?.to_path_buf())).filter(|folder| folder.is_dir()),
    );
    // Packets of attacks, for administrators.
    read.push(node.data_dir.join("notifier/samples"));
    let store = Store::of(&config.store.url);
    let may_connect = matches!(store, Store::Server);
    match store {
        Store::Files(folder) => write.push(folder.unwrap_or_else(|| node.data_dir.join("store"))),
        Store::Server => read.extend(server_files(config)),
    }
    Profile { write: Some(write), read, may_connect, ..Profile::default() }
}

/// A command of the administrator, who names files of anybody anywhere: it can read them still, but the parser that
/// reads a hostile one cannot start a program or reach another process.
pub fn replay() -> Profile {
    let capabilities = vec![Capability::CAP_DAC_OVERRIDE, Capability::CAP_DAC_READ_SEARCH];
    Profile { capabilities, may_connect: true, io_uring: true, ..Profile::default() }
}

enum Store {
    /// SQLite; `None` = in the data directory.
    Files(Option<PathBuf>),
    Server,
}

impl Store {
    fn of(url: &str) -> Store {
        match url.strip_prefix("sqlite://") {
            Some(folder) => Store::Files(Some(PathBuf::from(folder))),
            None if url.is_empty() => Store::Files(None),
            None => Store::Server,
        }
    }
}

/// The password and the authority are read again at each connection, after they may have been replaced.
fn server_files(config: &Config) -> Vec<PathBuf> {
    let store = &config.store;
    let secrets = [&store.password_file, &store.reader_password_file, &store.maintainer_password_file];
    let named = secrets.into_iter().chain([&store.tls_ca_file]).flatten();
    let around = named.filter_map(|file| file.parent()).map(|parent| match parent.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => parent.to_path_buf(),
    });
    let names: &[&str] = if needs_names(&store.url) { &NAMES } else { &[] };
    around.chain(names.iter().map(|path| Path::new(path).to_path_buf())).collect()
}

/// False where the server is given by its address or its socket.
fn needs_names(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return true };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(host, _)| host);
    let is_address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    !is_address && !url.contains("socket=")
}

#[cfg(test)]
mod tests {
    use super::needs_names;

    #[test]
    fn names_are_resolved_only_for_a_server_with_a_name() {
        let check = |url: &str, expect: bool| assert_eq!(needs_names(url), expect, "{url}");
        check("mysql://u@db.example/x", true);
        check("mysql://u:p@db.example:3306/x", true);
        check("mysql://u@localhost/x", true);
        check("mysql://u@192.0.2.1:3306/x", false);
        check("mysql://u:p/w@192.0.2.1/x", true);
        check("mysql://u@[2001:db8::1]:3306/x", false);
        check("mysql://u@[2001:db8::1]/x", false);
        check("mysql://u@localhost/x?socket=/run/mysqld/mysqld.sock", false);
    }
}
