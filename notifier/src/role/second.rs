//! One second of notifier: sample and lines in, readings, transitions, incidents, rows and messages out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use live::control::Execute;
use live::host::HostState;
use live::incident::{Incident, IncidentPhase, Severity, SubjectKind, Unit, Words};
use live::line::RulesState;
use live::publisher::Detail;
use prometheus::Registry;
use rusqlite::Connection;
use tokio::runtime::{Builder, Runtime};

use super::Options;
use super::clock::{self, Now};
use super::detail;
use super::metrics::Metrics;
use super::obey::{self, Happened};
use super::sampler::Host;
use super::senders::{Places, Senders, answered};
use crate::attack::Detector;
use crate::attack::baseline::Baseline;
use crate::attack::sample::Samples;
use crate::chronicle::{self, Chronicle};
use crate::config::Config;
use crate::config::reload::Watcher;
use crate::error::NotifierError;
use crate::host::History;
use crate::incident::id::Ids;
use crate::incident::month::Traffic;
use crate::incident::{Desk, Facts, Settings};
use crate::judgement::{Reading, Transition};
use crate::lines::Lines;
use crate::metric::{Gatherer, Own};
use crate::notice::Chart;
use crate::record::{self, Recorder};
use crate::rule::{Rules, threshold};
use crate::state;
use crate::watch::Watch;
use crate::watch::config::Peer;

/// Things that happened and wait for the loop.
const HAPPENED_MAX: usize = 64;

/// What the loop owns.
pub struct Second {
    options: Options,
    config: Config,
    peers: Vec<Peer>,
    desk: Arc<Desk>,
    rules: Arc<Mutex<Rules>>,
    state: Connection,
    detector: Detector,
    baseline: Baseline,
    samples: Samples,
    registry: Registry,
    metrics: Metrics,
    gatherer: Gatherer,
    chronicle: Chronicle,
    recorder: Recorder,
    host: Host,
    history: History,
    sampled_ns: u64,
    watcher: Option<Watcher>,
    watch: Watch,
    watch_stop: Arc<AtomicBool>,
    is_healthy: Arc<AtomicBool>,
    runtime: Runtime,
    senders: Senders,
    happened: (SyncSender<Happened>, Receiver<Happened>),
    /// Of rules that a new configuration has no more.
    gone: Vec<Transition>,
}

impl Second {
    /// Opens everything and starts the threads; those end when `stop` is raised.
    pub fn new(options: &Options, stop: &Arc<AtomicBool>) -> Result<Second, NotifierError> {
        let now = Now::read();
        let config = options.config.clone();
        let state = state::open(&options.state_dir)?;
        let settings = settings(&config, options);
        let desk = Arc::new(Desk::open(state::open(&options.state_dir)?, settings, Ids::Random, now.ns)?);
        let mut rules = Rules::new(&config, threshold::load(&state)?).map_err(NotifierError::rules)?;
        rules.restore(&desk.open_incidents());
        let node = record::node(&options.node).ok_or_else(|| NotifierError::Node(options.node.clone()))?;
        let spool = record::Options { dir: options.spool_dir.clone(), node, spool: options.spool.clone() };
        let is_healthy = Arc::new(AtomicBool::new(true));
        let watch_stop = Arc::<AtomicBool>::default();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().thread_name("channels").build();
        let runtime = runtime.map_err(NotifierError::Thread)?;
        let senders = Senders::start(&runtime, &config, &places(options), &desk);
        let registry = Registry::new();
        Ok(Second {
            metrics: Metrics::new(&registry),
            registry,
            detector: Detector::new(&config.detection),
            baseline: Baseline::load(&state)?,
            samples: Samples::open(&options.run_dir, &options.state_dir, &config.detection, stop)
                .map_err(NotifierError::Thread)?,
            gatherer: Gatherer::new(now.instant),
            chronicle: Chronicle::default(),
            recorder: Recorder::open(spool, &state, now.ns, now.instant),
            host: Host::open(&config.host, stop).map_err(NotifierError::Thread)?,
            history: History::default(),
            sampled_ns: 0,
            watcher: options.config_file.as_deref().map(|path| Watcher::new(path, options.parser.clone())),
            watch: Watch::start(&config.watch, &options.peers, &is_healthy, &watch_stop)
                .map_err(NotifierError::Thread)?,
            watch_stop,
            happened: sync_channel(HAPPENED_MAX),
            gone: Vec::new(),
            rules: Arc::new(Mutex::new(rules)),
            peers: options.peers.clone(),
            options: options.clone(),
            config,
            desk,
            state,
            is_healthy,
            runtime,
            senders,
        })
    }

    /// Who carries out requests.
    pub fn obedience(&self, stop: &Arc<AtomicBool>) -> Result<Execute, NotifierError> {
        let state = state::open(&self.options.state_dir)?;
        Ok(obey::execute(self.desk(), Arc::clone(&self.rules), state, self.happened.0.clone(), stop))
    }

    /// Who tells what the line has no room for.
    pub fn details(&self) -> Result<Vec<Detail>, NotifierError> {
        Ok(detail::details(self.desk(), Arc::clone(&self.rules), state::open(&self.options.state_dir)?))
    }

    /// Incidents and outbox.
    pub fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk)
    }

    /// The newest sample.
    pub fn host(&self) -> Arc<HostState> {
        self.host.newest()
    }

    /// The metrics of this role.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// For the line.
    pub fn rules_state(&self) -> RulesState {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).state()
    }

    /// Bytes of the spool, and their bound.
    pub fn spool(&self) -> (u64, u64) {
        let standing = self.recorder.standing();
        (standing.used_bytes, standing.bytes_max)
    }

    /// What is at work, for the log.
    pub fn summary(&self) -> String {
        let rules = self.rules_state().rules;
        let (receivers, sms) = (self.config.receiver.len(), self.config.sms.len());
        let mail =
            if self.config.email.server.is_empty() { "no mail server" } else { self.config.email.server.as_str() };
        format!("{rules} rules, {receivers} receivers, {mail}, {sms} SMS gateways")
    }

    /// Whether anybody can be told.
    pub fn has_receivers(&self) -> bool {
        !self.config.receiver.is_empty()
    }

    /// Some ten times a second: rows on their way to the spool.
    pub fn tend(&mut self, now: Now) {
        self.recorder.tend(&self.state, now.ns, now.instant);
    }

    /// Something happened: a row of the table `events`.
    pub fn note(&mut self, kind: &str, text: &str) {
        self.recorder.event(&self.state, (kind, Severity::Info), "", text, clock::now_ns());
    }

    /// The second. `is_new`: capture's line was not judged yet.
    pub fn pass(&mut self, now: Now, lines: &Lines, is_new: bool) {
        self.reload(now);
        let host = self.host.newest();
        let is_sampled = host.time_ns != 0 && host.time_ns != self.sampled_ns;
        if is_sampled {
            self.sampled_ns = host.time_ns;
            self.history.add(&host);
            self.recorder.host(&host, now.instant);
        }
        let mut others = if is_new { self.judge_capture(now, lines) } else { self.detector.unknown() };
        others.extend(self.desk.readings(now.ns));
        others.extend(self.watch.readings());
        let outbox = self.desk.outbox(now.ns);
        let mut transitions = std::mem::take(&mut self.gone);
        let imbalance = {
            let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
            let own = Own { outbox: &outbox, config_refused: rules.is_refused() };
            let snapshot = self.gatherer.snapshot((now.ns, now.instant), &host, lines, own);
            transitions.extend(rules.tick(&snapshot, clock::utc_offset_s(now.ns), others));
            snapshot.get("ledger_imbalance")
        };
        self.decide(now, lines, &host, imbalance, &transitions);
        self.recorder.look(&self.state);
        let (rows, spool) = (self.recorder.counters(), self.recorder.standing());
        self.metrics.set(&rows, &spool, self.watch.counts(), self.samples.counts());
        self.is_healthy.store(self.desk.health(now.ns).is_ok(), Ordering::Relaxed);
    }

    fn judge_capture(&mut self, now: Now, lines: &Lines) -> Vec<Reading> {
        let Some(capture) = lines.capture.as_ref().map(|capture| &*capture.line) else { return Vec::new() };
        self.host.set_captured(capture.interfaces.iter().map(|interface| interface.name.clone()).collect());
        let second = capture.envelope.time_ns / 1_000_000_000;
        let sum = |of: fn(&live::line::Rates) -> u64| {
            capture.interfaces.iter().map(|interface| of(&interface.inbound)).fold(0, u64::saturating_add) as f64
        };
        let title = |en: &str, ru: &str| Words { en: en.to_owned(), ru: ru.to_owned() };
        let packets = title("packets received a second", "принято пакетов в секунду");
        self.history.add_value("packets_in", &packets, Unit::PacketsPerSecond, (second, sum(|rates| rates.packets)));
        let bits = title("received", "принято");
        self.history.add_value("bits_in", &bits, Unit::BitsPerSecond, (second, sum(|rates| rates.bytes) * 8.0));
        let readings = self.detector.judge(now.ns, capture);
        if self.baseline.learn(now.ns, capture, &self.detector.above(now.ns))
            && let Err(error) = self.baseline.save(&mut self.state)
        {
            tracing::warn!(%error, "what is usual cannot be kept; it is learned anew after a restart");
        }
        for share in self.detector.shares(capture) {
            self.recorder.subject(share.network, share.metric, share.value, share.limit);
        }
        readings
    }

    fn decide(
        &mut self,
        now: Now,
        lines: &Lines,
        host: &HostState,
        imbalance: Option<f64>,
        transitions: &[Transition],
    ) {
        let happened = self.chronicle.look(now.ns, lines);
        let history = &self.history;
        let chart = |incident: &Incident| chart(history, incident);
        let links = host.links.iter().filter_map(|link| link.used_percent);
        let traffic = lines.capture.as_ref().map(|capture| Traffic {
            epoch: capture.line.envelope.epoch,
            bytes_in: capture.line.bytes_in,
            bytes_out: capture.line.bytes_out,
        });
        let facts = Facts {
            host: (host.time_ns > 0).then_some(host),
            load_percent: links.fold(host.cpu.busy, f64::max),
            imbalance: imbalance.unwrap_or(0.0) as i64,
            traffic,
            losses: chronicle::losses(lines),
            happened: &happened,
            chart: &chart,
        };
        let changed = self.desk.tick(now.ns, transitions, &facts);
        for incident in &changed.incidents {
            if let Some(attack) = &incident.attack
                && incident.phase == IncidentPhase::Firing
                && attack.sample.is_empty()
                && !self.samples.want(&incident.id, &attack.target)
            {
                tracing::warn!(incident = incident.id, "too many attacks wait for a sample; none is taken");
            }
        }
        for kept in self.samples.take() {
            self.desk.keep_sample(&kept.incident, &kept.path.to_string_lossy(), kept.packets);
        }
        let asked: Vec<Happened> = self.happened.1.try_iter().collect();
        for event in asked {
            self.recorder.event(&self.state, (event.kind, Severity::Info), &event.subject, &event.text, now.ns);
        }
        self.host.set_firing(self.desk.is_firing());
    }

    /// The file has changed: what can follow it does, at once.
    fn reload(&mut self, now: Now) {
        if self.options.reread.swap(false, Ordering::AcqRel)
            && let Some(watcher) = &mut self.watcher
        {
            watcher.forget();
        }
        let Some(parsed) = self.watcher.as_mut().and_then(Watcher::look) else { return };
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let (config, peers) = match parsed {
            Ok(parsed) => parsed,
            Err(why) => {
                tracing::error!("{why}; what was read before stays at work");
                rules.refuse(&why);
                return;
            }
        };
        // The first look finds what the role began with.
        if config == self.config && peers == self.peers {
            if rules.is_refused()
                && let Ok(gone) = rules.replace(now.ns, &config)
            {
                self.gone.extend(gone);
            }
            return;
        }
        match rules.replace(now.ns, &config) {
            Ok(gone) => self.gone.extend(gone),
            // `replace` remembers why.
            Err(_) => return,
        }
        drop(rules);
        tracing::info!("the configuration was read again");
        self.desk.configure(settings(&config, &self.options));
        if config.detection != self.config.detection {
            self.detector = Detector::new(&config.detection);
        }
        let channels = |of: &Config| (of.email.clone(), of.sms.clone(), of.webhook.clone(), of.script.clone());
        if channels(&config) != channels(&self.config) {
            self.senders.stop();
            self.senders = Senders::start(&self.runtime, &config, &places(&self.options), &self.desk);
        }
        if config.host != self.config.host {
            self.host.configure(&config.host);
        }
        if config.watch != self.config.watch || peers != self.peers {
            self.watch_stop.store(true, Ordering::Relaxed);
            self.watch_stop = Arc::default();
            match Watch::start(&config.watch, &peers, &self.is_healthy, &self.watch_stop) {
                Ok(watch) => self.watch = watch,
                Err(error) => tracing::error!(%error, "the new peers are not asked: no thread can be started"),
            }
        }
        (self.config, self.peers) = (config, peers);
        self.note("config.reload", "the configuration was read again");
    }

    /// Everything that is open becomes durable. Messages that are not answered by then are sent again.
    pub fn finish(mut self) {
        self.senders.stop();
        self.watch_stop.store(true, Ordering::Relaxed);
        // Threads that hear and ask have seen the stop, or see it soon; nothing waits for them.
        self.runtime.shutdown_timeout(std::time::Duration::from_secs(4));
        let now = Now::read();
        self.recorder.finish(&self.state, now.ns, now.instant);
    }
}

fn settings(config: &Config, options: &Options) -> Settings {
    Settings::new(config, &options.node_name, &options.public_url, &answered(config))
}

fn places(options: &Options) -> Places {
    Places { node: options.node_name.clone(), state_dir: options.state_dir.clone(), run_dir: options.run_dir.clone() }
}

/// The last hour of what an incident is about.
fn chart(history: &History, incident: &Incident) -> Option<Chart> {
    let name = &incident.subject.name;
    let series = match incident.subject.kind {
        SubjectKind::Disk => format!("disk:{name}"),
        SubjectKind::Interface => format!("received:{name}"),
        SubjectKind::Host | SubjectKind::Prefix if incident.unit == Unit::BitsPerSecond => "bits_in".to_owned(),
        SubjectKind::Host | SubjectKind::Prefix => "packets_in".to_owned(),
        SubjectKind::Node => match incident.rule.as_str() {
            "memory" | "oom-kill" => "memory",
            "swap" => "swap",
            "softirq" | "softirq-core" => "softirq",
            "packets-dropped" | "pre-tap-loss" => "packets_in",
            _ => "load1",
        }
        .to_owned(),
        SubjectKind::Process => "cpu".to_owned(),
        SubjectKind::Role | SubjectKind::Channel | SubjectKind::Peer => return None,
    };
    let mut chart = history.chart(&series, None)?;
    // A limit is a line in the picture if it is one of the same thing; of an attack it is one target's.
    if chart.unit == incident.unit && incident.attack.is_none() {
        chart.limit = Some(incident.limit);
    }
    Some(chart)
}
