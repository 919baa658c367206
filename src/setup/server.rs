//! Where a database's server is, as a person writes it: a host, a host and a port, or the path of a socket.

use std::net::IpAddr;
use std::path::Path;

/// The usual port.
const PORT: u16 = 3306;

/// Where distributions put the socket.
const SOCKETS: [&str; 4] =
    ["/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// Name or address (IPv6 in brackets) and port.
    Tcp(String, u16),
    /// A path.
    Socket(String),
}

impl Server {
    /// Reads what a person wrote.
    pub fn parse(text: &str) -> Result<Server, String> {
        if text.starts_with('/') {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
            let wrong = "the path of a socket has letters, digits and / . _ - only".to_owned();
            return is_plain.then(|| Server::Socket(text.to_owned())).ok_or(wrong);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Server::Tcp(bracketed(address), PORT));
        }
        let (host, port) = host_and_port(text)?;
        Ok(Server::Tcp(host, port.unwrap_or(PORT)))
    }

    /// What is offered: a socket that is there, else this machine's port.
    pub fn offered() -> String {
        let socket = SOCKETS.into_iter().find(|path| Path::new(path).exists());
        socket.map_or_else(|| format!("127.0.0.1:{PORT}"), ToOwned::to_owned)
    }

    /// As a URL of the configuration.
    pub fn url(&self, user: &str, database: &str) -> String {
        match self {
            Server::Tcp(host, port) => format!("mysql://{user}@{host}:{port}/{database}"),
            Server::Socket(path) => format!("mysql://{user}@localhost/{database}?socket={path}"),
        }
    }

    /// Whether nothing between here and there can listen.
    pub fn is_near(&self) -> bool {
        match self {
            Server::Socket(_) => true,
            Server::Tcp(host, _) => {
                let host = host.trim_matches(['[', ']']);
                host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

/// `HOST`, `HOST:PORT`, `[ADDRESS]:PORT`; of a host's name only its characters are looked at.
pub fn host_and_port(text: &str) -> Result<(String, Option<u16>), String> {
    let inside = |host: &str| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let (host, port) = match text.rsplit_once(':') {
        _ if inside(text) => (text, None),
        Some((host, port)) => {
            let port = port.parse::<u16>().ok().filter(|port| *port != 0);
            (host, Some(port.ok_or_else(|| "a port is a number from 1 to 65535".to_owned())?))
        }
        None => (text, None),
    };
    let is_name = |host: &str| {
        (1..=253).contains(&host.len())
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
    };
    if inside(host) || is_name(host) {
        Ok((host.to_owned(), port))
    } else {
        Err(format!("{host:?} is no host; write a name or an address, and a port behind a colon"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Server, host_and_port};

    #[test]
    fn a_server_is_read_as_people_write_it() {
        let check = |text: &str, url: &str, near: bool| {
            let server = Server::parse(text).expect(text);
            assert_eq!((server.url("u", "d").as_str(), server.is_near()), (url, near), "{text}");
        };
        check("db.example", "mysql://u@db.example:3306/d", false);
        check("127.0.0.1:3307", "mysql://u@127.0.0.1:3307/d", true);
        check("::1", "mysql://u@[::1]:3306/d", true);
        check("[2001:db8::1]:3307", "mysql://u@[2001:db8::1]:3307/d", false);
        check("/run/mysqld/mysqld.sock", "mysql://u@localhost/d?socket=/run/mysqld/mysqld.sock", true);
        for wrong in ["", "db:0", "db:70000", "a b", "u@db", "/a?b", "db/x"] {
            assert!(Server::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hosts_and_ports() {
        assert_eq!(host_and_port("mail.example.org:465"), Ok(("mail.example.org".to_owned(), Some(465))));
        assert_eq!(host_and_port("2001:db8::1"), Ok(("2001:db8::1".to_owned(), None)));
        assert!(host_and_port("mail:").is_err());
    }
}
