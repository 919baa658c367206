//! Whether the page can have its port, and its certificate.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;

use web_ui::config::{Config, TlsMode};

use super::Finding;
use crate::config::node;

pub fn examine(config: &Config, node: &node::Config) -> Vec<Finding> {
    let bound = TcpListener::bind(config.listen).err().map(|error| error.kind());
    let mut findings = vec![judge(config.listen, bound, || UnixStream::connect(node.run_dir.join("web.sock")).is_ok())];
    if config.tls == TlsMode::Files {
        let files = [("web.tls_cert_file", &config.tls_cert_file), ("web.tls_key_file", &config.tls_key_file)];
        for (key, file) in files {
            if let Err(error) = std::fs::File::open(file) {
                let what = format!("{key} = {}: {error}", file.display());
                findings.push(Finding::fail("page", what, "name a file that web can read, or set web.tls = \"own\""));
            }
        }
    }
    findings
}

/// `bound` = why the port cannot be opened, if so; `is_ours` tells whether our own page runs.
pub fn judge(listen: SocketAddr, bound: Option<ErrorKind>, is_ours: impl FnOnce() -> bool) -> Finding {
    let subject = "page";
    match bound {
        None if listen.ip().is_loopback() => {
            Finding::ok(subject, format!("{listen} is free"), "for this machine alone")
        }
        None => Finding::ok(subject, format!("{listen} is free"), ""),
        Some(ErrorKind::AddrInUse) if is_ours() => {
            Finding::ok(subject, format!("the page runs, {listen} is in use"), "")
        }
        Some(ErrorKind::AddrInUse) => {
            let remedy = format!(
                "`ss -ltnp sport = :{}` shows which; stop it, or set another port in web.listen",
                listen.port()
            );
            Finding::fail(subject, format!("another program has {listen}"), remedy)
        }
        Some(ErrorKind::AddrNotAvailable) => {
            let remedy = "set web.listen to one that `ip -brief address` lists, or to 0.0.0.0 for all";
            Finding::fail(subject, format!("this machine does not have the address {}", listen.ip()), remedy)
        }
        Some(ErrorKind::PermissionDenied) => {
            let remedy = "set a port from 1024 up in web.listen, or start it by the service, which may open it";
            Finding::fail(subject, format!("this user may not open port {}", listen.port()), remedy)
        }
        Some(kind) => Finding::fail(subject, format!("{listen}: {kind}"), "set another address in web.listen"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::judge;
    use crate::doctor::Level;

    #[test]
    fn a_port_that_cannot_be_opened_is_told_with_its_remedy() {
        let check = |bound: Option<ErrorKind>, ours: bool, level: Level, told: &str| {
            let finding = judge("192.0.2.7:443".parse().expect("an address"), bound, || ours);
            assert_eq!(finding.level, level, "{finding:?}");
            assert!(finding.what.contains(told), "{finding:?}");
            assert!(level == Level::Ok || finding.remedy.contains("web.listen"), "{finding:?}");
        };
        check(None, false, Level::Ok, "free");
        check(Some(ErrorKind::AddrInUse), true, Level::Ok, "runs");
        check(Some(ErrorKind::AddrInUse), false, Level::Fail, "another program");
        check(Some(ErrorKind::AddrNotAvailable), false, Level::Fail, "does not have the address 192.0.2.7");
        check(Some(ErrorKind::PermissionDenied), false, Level::Fail, "may not open port 443");
        check(Some(ErrorKind::OutOfMemory), false, Level::Fail, "192.0.2.7:443");
    }
}
