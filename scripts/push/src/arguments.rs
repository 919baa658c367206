//! What the command line asks for.

use std::path::PathBuf;

use crate::wire::Transport;

pub const USAGE: &str = "usage: cargo x push [OPTION...]
  --connections N     subscribers at once (16000; a limit of open files bounds it)
  --transports LIST   of sse, ws, poll (all)
  --messages N        messages, one a second (8; at most 64)
  --threads N         threads of the server (1)
  --apart             the server's functions on threads of their own
  --tls               under TLS, by the server's own certificate
  --kill              a tenth of the clients is killed each second and resumes by its cursor
  --stalled           one client of a hundred never reads
  --nginx             nginx with nchan on the same work, after each row
  --baseline pull     clients ask once a second
  --baseline threads  a thread for each request that waits
  --attack            10,000 half-open and 1,000 slow requests; how long a small request takes meanwhile
  --json FILE         the rows as JSON too";

/// The command line, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Arguments {
    pub connections: usize,
    pub transports: Vec<Transport>,
    pub messages: u32,
    pub threads: usize,
    pub apart: bool,
    pub tls: bool,
    pub kill: bool,
    pub stalled: bool,
    pub nginx: bool,
    pub baseline: Option<Baseline>,
    pub attack: bool,
    pub json: Option<PathBuf>,
}

/// What the hub is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    Pull,
    Threads,
}

impl Arguments {
    /// `None` = not understood.
    pub fn parse(words: &[String]) -> Option<Arguments> {
        let mut read = Arguments {
            connections: 16_000,
            transports: Transport::ALL.to_vec(),
            messages: 8,
            threads: 1,
            apart: false,
            tls: false,
            kill: false,
            stalled: false,
            nginx: false,
            baseline: None,
            attack: false,
            json: None,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--connections" => read.connections = words.next()?.parse().ok().filter(|n| *n > 0)?,
                "--transports" => {
                    read.transports = words.next()?.split(',').map(Transport::named).collect::<Option<_>>()?;
                }
                "--messages" => read.messages = words.next()?.parse().ok().filter(|n| (1..=64).contains(n))?,
                "--threads" => read.threads = words.next()?.parse().ok().filter(|n| *n > 0)?,
                "--apart" => read.apart = true,
                "--tls" => read.tls = true,
                "--kill" => read.kill = true,
                "--stalled" => read.stalled = true,
                "--nginx" => read.nginx = true,
                "--attack" => read.attack = true,
                "--baseline" => {
                    read.baseline = Some(match words.next()?.as_str() {
                        "pull" => Baseline::Pull,
                        "threads" => Baseline::Threads,
                        _ => return None,
                    });
                }
                "--json" => read.json = Some(PathBuf::from(words.next()?)),
                _ => return None,
            }
        }
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Baseline};
    use crate::wire::Transport;

    fn parse(line: &str) -> Option<Arguments> {
        Arguments::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_are_understood_or_not() {
        let read = parse("--connections 10 --transports ws,sse --baseline threads").expect("understood");
        assert_eq!(read.transports, [Transport::Socket, Transport::Events]);
        assert_eq!((read.connections, read.baseline), (10, Some(Baseline::Threads)));
        for line in ["--connections 0", "--transports x", "--baseline", "--messages 65", "nonsense"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
