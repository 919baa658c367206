//! The event loops that serve connections: one, several alike, or one for each function.

use std::future::Future;
use std::io;
use std::thread;

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{STOP_GRACE, Stream};
use crate::config::{Config, Model};

/// Which loops there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    threads: usize,
    model: Model,
}

impl Layout {
    /// As `[web]` says.
    pub fn of(config: &Config) -> Layout {
        Layout { threads: config.threads, model: config.model }
    }
}

/// The loops besides the one that calls.
pub(super) struct Loops {
    /// Each accepts and serves, as the calling one does.
    pub alike: Vec<Handle>,
    apart: Option<Apart>,
}

/// One loop for each function; the calling one accepts.
struct Apart {
    requests: Handle,
    push: Handle,
}

impl Loops {
    /// Starts the threads; they end a moment after `stopping` turns true.
    pub fn start(layout: &Layout, stopping: &watch::Receiver<bool>) -> io::Result<Loops> {
        let mut loops = Loops { alike: Vec::new(), apart: None };
        match layout.model {
            Model::Alike => {
                for number in 1..layout.threads {
                    let handle = thread(&format!("web-{number}"), stopping)?;
                    loops.alike.push(handle);
                }
            }
            Model::Apart => {
                let requests = thread("web-requests", stopping)?;
                loops.apart = Some(Apart { requests, push: thread("web-push", stopping)? });
            }
        }
        Ok(loops)
    }

    /// Does `work` on an accepted connection where requests are served.
    pub fn requests<W, F>(&self, wire: TcpStream, work: W) -> JoinHandle<()>
    where
        W: FnOnce(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        match &self.apart {
            None => tokio::spawn(work(wire)),
            Some(apart) => apart.requests.spawn(async move {
                if let Ok(wire) = wire.into_std().and_then(TcpStream::from_std) {
                    work(wire).await;
                }
            }),
        }
    }

    /// Does `work` on a stream where requests are served.
    pub fn again<W, F>(&self, stream: Stream, work: W) -> JoinHandle<()>
    where
        W: FnOnce(Stream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        on(self.apart.as_ref().map(|apart| &apart.requests), stream, work)
    }

    /// Does `work` on a stream where push streams are.
    pub fn push<W, F>(&self, stream: Stream, work: W) -> JoinHandle<()>
    where
        W: FnOnce(Stream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        on(self.apart.as_ref().map(|apart| &apart.push), stream, work)
    }
}

/// A thread with a loop, which ends some time after the stop.
fn thread(name: &str, stopping: &watch::Receiver<bool>) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let mut stopping = stopping.clone();
    let work = move || {
        runtime.block_on(async {
            let _ = stopping.wait_for(|stopping| *stopping).await;
            tokio::time::sleep(STOP_GRACE).await;
        });
    };
    thread::Builder::new().name(name.to_owned()).spawn(work)?;
    Ok(handle)
}

fn on<W, F>(handle: Option<&Handle>, stream: Stream, work: W) -> JoinHandle<()>
where
    W: FnOnce(Stream) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    match handle {
        None => tokio::spawn(work(stream)),
        Some(handle) => handle.spawn(async move {
            if let Ok(stream) = stream.moved() {
                work(stream).await;
            }
        }),
    }
}
