//! The servers under load, each a process of its own: the role `web`, nginx with nchan, a thread for each request.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, bail};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use web_ui::config::{Config, Model, TlsMode};
use web_ui::push::token::{Tokens, Wish};
use web_ui::state::State;

use crate::wire::{self, CHANNEL, Dialect};

/// Connections that the server takes: more than any run has.
const CONNECTIONS_MAX: usize = 19_500;

/// What the server is started for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub threads: usize,
    pub apart: bool,
    pub tls: bool,
    /// With the limits that floodmark.toml has, not with those of a load test.
    pub usual_limits: bool,
}

/// A server that runs; ended when dropped.
pub struct Server {
    child: Child,
    folder: PathBuf,
    pub name: &'static str,
    pub dialect: Dialect,
    pub address: SocketAddr,
    pub token: String,
    pub tls: Option<TlsConnector>,
}

impl Server {
    /// The role `web`.
    pub async fn floodmark(wanted: Wanted) -> anyhow::Result<Server> {
        let (folder, port) = (folder()?, free_port()?);
        let (threads, port_word) = (wanted.threads.to_string(), port.to_string());
        let words = [
            port_word.as_str(),
            threads.as_str(),
            if wanted.tls { "own" } else { "off" },
            if wanted.usual_limits { "usual" } else { "open" },
            if wanted.apart { "apart" } else { "alike" },
        ];
        let child = Command::new(std::env::current_exe()?).arg("serve").arg(&folder).args(words).spawn()?;
        let mut server = Server {
            child,
            name: "floodmark",
            dialect: Dialect::Floodmark,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            token: String::new(),
            tls: None,
            folder,
        };
        server.is_ready("/healthz").await?;
        server.token = fs::read_to_string(server.folder.join("token"))?;
        let open = format!("{{\"do\":\"open\",\"channel\":\"{CHANNEL}\",\"lifetime_s\":3600}}");
        server.post("/push/channels", &open).await?;
        if wanted.tls {
            server.tls = Some(connector(&server.get("/ca.crt").await?)?);
        }
        Ok(server)
    }

    /// nginx with nchan, one worker.
    pub async fn nginx() -> anyhow::Result<Server> {
        let (folder, port) = (folder()?, free_port()?);
        let file = folder.join("nginx.conf");
        fs::write(&file, nginx_conf(&folder, port))?;
        let mut command = Command::new("nginx");
        command.arg("-c").arg(&file).arg("-p").arg(&folder).stderr(Stdio::null());
        let child = command.spawn().context("nginx; install the packages nginx-light and libnginx-mod-nchan")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (token, dialect) = (String::new(), Dialect::Nchan);
        let server = Server { child, folder, name: "nginx+nchan", dialect, address, token, tls: None };
        server.is_ready("/health").await?;
        Ok(server)
    }

    /// A thread for each request that waits.
    pub async fn threads() -> anyhow::Result<Server> {
        let (folder, port) = (folder()?, free_port()?);
        let child = Command::new(std::env::current_exe()?).arg("serve-threads").arg(port.to_string()).spawn()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (token, dialect) = (String::new(), Dialect::Floodmark);
        let server = Server { child, folder, name: "thread/request", dialect, address, token, tls: None };
        server.is_ready("/healthz").await?;
        Ok(server)
    }

    /// Memory of its processes, bytes: pages that several share count once.
    pub fn memory(&self) -> u64 {
        let own = self.child.id();
        let mut processes = vec![own.to_string()];
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        processes.extend(children.split_whitespace().map(str::to_owned));
        let pss = |process: &String| {
            let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        processes.iter().filter_map(pss).sum::<u64>() * 1_024
    }

    /// Publishes one message.
    pub async fn publish(&self, body: &str) -> anyhow::Result<()> {
        match self.dialect {
            Dialect::Floodmark => self.post(&format!("/push/publish?channels={CHANNEL}"), body).await,
            Dialect::Nchan => self.post("/pub", body).await,
        }
    }

    async fn is_ready(&self, path: &str) -> anyhow::Result<()> {
        for _ in 0..600 {
            if self.get(path).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("{} did not answer in 30 s", self.name)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")).await
    }

    async fn post(&self, path: &str, body: &str) -> anyhow::Result<()> {
        let (token, length) = (&self.token, body.len());
        let head = format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n");
        let request = format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        self.ask(&request).await.map(|_| ())
    }

    /// One request on a connection of its own; the body of its answer.
    async fn ask(&self, request: &str) -> anyhow::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let (head, length) = wire::head(&answer).context("no answer")?;
        if !(200..300).contains(&head.status) {
            bail!("{}: {}", request.lines().next().unwrap_or_default(), String::from_utf8_lossy(&answer));
        }
        Ok(answer.split_off(length))
    }

    /// The hub's cursor now.
    pub async fn cursor(&self) -> anyhow::Result<String> {
        let path = format!("/push/poll?channels={CHANNEL}&wait=0");
        let head = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n", self.token);
        let body = self.ask(&format!("{head}Connection: close\r\n\r\n")).await?;
        wire::cursor(wire::Transport::Poll, &body).context("no cursor")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // nginx's master ends its worker when it is asked, not when it is killed.
        let process = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(i32::MAX));
        let _ = nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM);
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The child that is the role: makes a token for the clients, then serves.
pub fn serve(folder: &Path, words: &[&str]) -> anyhow::Result<()> {
    let [port, threads, tls, limits, model] = words else { bail!("serve takes five words") };
    let mut config = Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse()?)),
        threads: threads.parse()?,
        model: if *model == "apart" { Model::Apart } else { Model::Alike },
        tls: if *tls == "own" { TlsMode::Own } else { TlsMode::Off },
        ..Config::default()
    };
    if *limits == "open" {
        config.connections_max = CONNECTIONS_MAX;
        config.connections_per_address_max = CONNECTIONS_MAX;
    }
    let options = web_ui::Options {
        store: store::config::Config::default(),
        data_dir: folder.join("data"),
        run_dir: folder.join("run"),
        node: "load".to_owned(),
        config,
        billing_day: 1,
        tools: web_ui::tools::Tools::default(),
    };
    fs::create_dir_all(&options.run_dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let token = runtime.block_on(async {
        let state = State::open(&options.data_dir.join("web"))?;
        let wish = Wish {
            name: "load".to_owned(),
            publish: Some(CHANNEL.to_owned()),
            subscribe: Some(CHANNEL.to_owned()),
            rate: 100.0,
            lifetime_s: None,
        };
        anyhow::Ok(Tokens::load(&state)?.make(wish, "load", 1).await?.1)
    })?;
    drop(runtime);
    fs::write(folder.join("token"), token)?;
    let port = web_ui::listen(options.config.listen)?;
    Ok(web_ui::run(&options, port, Arc::new(AtomicBool::new(false)))?)
}

fn folder() -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("floodmark-push-{}-{}", std::process::id(), free_port()?));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A client that trusts the server's own authority.
fn connector(der: &[u8]) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(der.to_vec()))?;
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The least that does the work; buffers of messages as large as the hub's.
fn nginx_conf(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    let subscriber = |path: &str, kind: &str| {
        format!(
            "location = /{path} {{ nchan_subscriber {kind}; nchan_channel_id load; \
             nchan_subscriber_first_message newest; nchan_subscriber_timeout 600s; }}\n"
        )
    };
    let subscribers = [subscriber("sse", "eventsource"), subscriber("ws", "websocket"), subscriber("poll", "longpoll")];
    format!(
        "load_module /usr/lib/nginx/modules/ngx_nchan_module.so;\n\
         daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log crit;\n\
         worker_processes 1;\nworker_rlimit_nofile 20000;\nevents {{ worker_connections 20000; }}\n\
         http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;\n\
         fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n\
         keepalive_timeout 75s; keepalive_requests 1000000; nchan_shared_memory_size 512M;\n\
         server {{ listen 127.0.0.1:{port} backlog=4096;\n{}\
         location = /health {{ return 200; }}\n\
         location = /pub {{ nchan_publisher; nchan_channel_id load; nchan_message_buffer_length 1000; \
         nchan_message_timeout 600s; }}\n}} }}\n",
        subscribers.concat()
    )
}
