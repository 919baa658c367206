//! Which processes serve the web, a database, or ssh: by their names.

/// What a process is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A web server, what stands before one, or what makes its pages.
    Web,
    /// A database server.
    Database,
    /// A server of ssh, or a session of one.
    Ssh,
}

/// Names as the kernel has them, 15 characters at most; a trailing `*` stands for any version.
const NAMES: [(Kind, &[&str]); 3] = [
    (
        Kind::Web,
        &[
            "nginx",
            "apache2",
            "httpd",
            "php-fpm*",
            "php-cgi*",
            "caddy",
            "lighttpd",
            "haproxy",
            "varnishd",
            "cache-main",
            "traefik",
            "envoy",
            "litespeed",
            "lshttpd",
            "openlitespeed",
            "lsphp*",
            "uwsgi*",
            "gunicorn*",
            "unicorn*",
            "puma*",
            "h2o",
            "squid",
            "angie",
            "openresty",
            "freenginx",
            "tengine",
        ],
    ),
    (
        Kind::Database,
        &[
            "mariadbd",
            "mysqld",
            "postgres",
            "postmaster",
            "redis-server",
            "valkey-server",
            "keydb-server",
            "mongod",
            "mongos",
            "memcached",
            "clickhouse-serv*",
            "influxd",
            "etcd",
            "cockroach",
            "beam.smp",
            "rethinkdb",
            "firebird",
            "oracle",
            "sqlservr",
            "tarantool*",
            "proxysql",
            "pgbouncer",
            "dragonfly",
            "cassandra",
            "scylla",
        ],
    ),
    (Kind::Ssh, &["sshd*", "dropbear"]),
];

/// What a process of this name is for; `None` = something else.
pub fn of(name: &str) -> Option<Kind> {
    let is = |pattern: &&str| match pattern.strip_suffix('*') {
        Some(head) => name.starts_with(head),
        None => name == *pattern,
    };
    NAMES.iter().find(|(_, names)| names.iter().any(&is)).map(|(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    use super::{Kind, of};

    #[test]
    fn servers_are_known_by_their_names() {
        let check = |name: &str, expect: Option<Kind>| assert_eq!(of(name), expect, "{name}");
        check("nginx", Some(Kind::Web));
        check("php-fpm8.2", Some(Kind::Web));
        check("mariadbd", Some(Kind::Database));
        check("clickhouse-serv", Some(Kind::Database));
        check("sshd", Some(Kind::Ssh));
        check("sshd-session", Some(Kind::Ssh));
        check("ssh", None);
        check("nginx2", None);
        check("", None);
    }
}
