//! The judge: from capture's line of a second to readings, one for each target and direction that is over a limit, or
//! was until lately.
//!
//! Bounded: [`ACTIVE_MAX`] targets at the same time. Those that find no place are counted; the largest come first.

use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::IpNet;
use live::CaptureLine;
use live::incident::{Severity, Subject, SubjectKind, Unit, Words};
use live::target::Target;

use super::config::{Config, Limits, Scope};
use super::facts;
use super::kind::Kind;
use super::measure::{Measured, Metric, Way, limit};
use super::words::{self, Told};
use crate::judgement::{self, Class, Level, Reading, RuleHead};

/// Targets and directions that are over a limit, or were until lately.
pub const ACTIVE_MAX: usize = 1024;

/// How much longer than `keep` a target is spoken of: the state machine must hear that it is calm.
const AFTER_KEEP_NS: u64 = 5_000_000_000;

/// A larger target is explained by a smaller one that has this share of what makes it stand out, percent.
const EXPLAINED: u64 = 60;

/// What is too much about a target, in one second.
struct Finding<'a> {
    target: &'a Target,
    network: IpNet,
    way: Way,
    measured: Measured,
    kind: Option<Kind>,
    metric: Metric,
    limit: u64,
    /// The value against the limit.
    ratio: f64,
}

/// A target and direction that is spoken of.
struct Active {
    subject: Subject,
    way: Way,
    metric: Metric,
    limit: u64,
    unit: Unit,
    summary: Words,
    remedy: Words,
    attack: Option<Box<live::incident::Attack>>,
    /// The highest value against the limit so far: its second tells the kind.
    worst: f64,
    /// When it was over the limit last.
    above_ns: u64,
}

type ActiveKey = (String, Way, bool);

/// See the module.
pub struct Detector {
    config: Config,
    networks: Vec<(IpNet, Scope, usize)>,
    heads: [Arc<RuleHead>; 4],
    active: BTreeMap<ActiveKey, Active>,
    left_out: u64,
}

impl Detector {
    /// Nothing was seen yet.
    pub fn new(config: &Config) -> Detector {
        let network = |(at, entry): (usize, &super::config::Network)| Some((entry.range()?, entry.scope, at));
        let mut networks: Vec<(IpNet, Scope, usize)> = config.network.iter().enumerate().filter_map(network).collect();
        // The smallest network that holds an address has the word.
        networks.sort_by_key(|(network, _, _)| std::cmp::Reverse(network.prefix_len()));
        let keep_ns = u64::try_from(config.keep.as_nanos()).unwrap_or(u64::MAX);
        Detector { heads: heads(keep_ns), networks, active: BTreeMap::new(), left_out: 0, config: config.clone() }
    }

    /// Judges the second of a line; to be called once for each line.
    pub fn judge(&mut self, now_ns: u64, line: &CaptureLine) -> Vec<Reading> {
        if !self.config.enabled {
            return Vec::new();
        }
        let networks = self.named_networks(&line.targets);
        let targets: Vec<(&Target, IpNet)> =
            line.targets.iter().chain(&networks).filter_map(|target| Some((target, judged(&target.name)?))).collect();
        let mut findings: Vec<Finding<'_>> = Vec::new();
        for (target, network) in &targets {
            for way in [Way::In, Way::Out] {
                findings.extend(self.find(target, *network, way));
            }
        }
        let carpets = leave_explained_out(&mut findings, &targets);
        for (finding, is_carpet) in findings.iter().zip(carpets) {
            self.note(now_ns, finding, is_carpet);
        }
        self.read(now_ns, &targets)
    }

    /// What is said while capture is silent: nothing is known of those that were over their limits.
    pub fn unknown(&self) -> Vec<Reading> {
        self.active.values().map(|active| self.reading(active, Level::Unknown, 0.0)).collect()
    }

    /// Targets that found no place, since the start.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The limits towards an address or prefix, for [`super::baseline::Baseline::suggestions`].
    pub fn limits_of(&self, target: &str) -> Limits {
        range(target).map_or(self.config.host, |network| self.limits(&network, Way::In))
    }

    /// Targets that are over a limit now, for [`super::baseline::Baseline::learn`].
    pub fn above(&self, now_ns: u64) -> Vec<&str> {
        let above = self.active.values().filter(|active| active.above_ns == now_ns);
        above.map(|active| active.subject.name.as_str()).collect()
    }

    /// An attack goes on.
    pub fn is_attacked(&self, now_ns: u64) -> bool {
        self.active.values().any(|active| active.attack.is_some() && active.above_ns == now_ns)
    }

    /// Networks with limits of their own of which capture knows parts only: their sums.
    fn named_networks(&self, targets: &[Target]) -> Vec<Target> {
        let own = self.networks.iter().filter(|(network, scope, _)| {
            *scope == Scope::Network
                && !is_host(network)
                && !targets.iter().any(|target| range(&target.name) == Some(*network))
        });
        own.filter_map(|(network, _, _)| facts::sum(network, targets)).collect()
    }

    pub(super) fn limits(&self, network: &IpNet, way: Way) -> Limits {
        let scope = if is_host(network) { Scope::Host } else { Scope::Network };
        let others = match (scope, way) {
            (Scope::Host, Way::In) => &self.config.host,
            (Scope::Host, Way::Out) => &self.config.out,
            (Scope::Network, _) => &self.config.prefix,
        };
        let own = self.networks.iter().find(|(named, of, _)| match scope {
            Scope::Host => *of == Scope::Host && named.contains(network),
            Scope::Network => *of == Scope::Network && named == network,
        });
        own.and_then(|(_, _, at)| self.config.network.get(*at)).map_or(*others, |entry| entry.over(others))
    }

    fn find<'a>(&self, target: &'a Target, network: IpNet, way: Way) -> Option<Finding<'a>> {
        let side = way.sides(target).0;
        if side.packets == 0 {
            return None;
        }
        let limits = self.limits(&network, way);
        let measured = Measured::of(target, way);
        let (worst, _) = measured.worst(&limits, |_| true)?;
        let crossed = |metric| {
            let limit = limit(&limits, metric);
            limit > 0 && measured.value(metric) >= limit
        };
        let kind = Kind::of(side, &measured, crossed);
        // Its own metric tells an attack, if that has crossed its limit, or what has.
        let metric = kind.map(Kind::metric).filter(|metric| crossed(*metric)).unwrap_or(worst);
        let volume = [Metric::Packets, Metric::Bits, Metric::Flows];
        if kind.is_none() && !volume.contains(&metric) {
            return None;
        }
        let limit = limit(&limits, metric);
        let ratio = measured.value(metric) as f64 / limit.max(1) as f64;
        Some(Finding { target, network, way, measured, kind, metric, limit, ratio })
    }

    fn note(&mut self, now_ns: u64, finding: &Finding<'_>, is_carpet: bool) {
        let target = finding.target;
        let key = (target.name.clone(), finding.way, finding.kind.is_some());
        if !self.active.contains_key(&key) && self.active.len() >= ACTIVE_MAX {
            self.left_out += 1;
            return;
        }
        let side = finding.way.sides(target).0;
        let told = Told {
            target: &target.name,
            way: finding.way,
            packets: side.packets,
            bits: side.bytes.saturating_mul(8),
            remotes: finding.measured.remotes,
        };
        let active = self.active.entry(key).or_insert_with(|| Active {
            subject: subject(target, &finding.network),
            way: finding.way,
            metric: finding.metric,
            limit: finding.limit,
            unit: unit(finding.metric),
            summary: Words::default(),
            remedy: words::remedy(finding.kind, finding.way),
            attack: None,
            worst: 0.0,
            above_ns: now_ns,
        });
        active.above_ns = now_ns;
        let is_worst = finding.ratio >= active.worst;
        if is_worst {
            (active.worst, active.metric, active.limit) = (finding.ratio, finding.metric, finding.limit);
            active.unit = unit(finding.metric);
            active.remedy = words::remedy(finding.kind, finding.way);
        }
        let Some(kind) = finding.kind else {
            active.summary = words::traffic(&told);
            return;
        };
        let spoofed = kind.spoofed(target, finding.way);
        let title = words::title(kind, spoofed, is_carpet, finding.way);
        let attack = active.attack.get_or_insert_default();
        if is_worst || attack.kind.is_empty() {
            attack.kind = if is_carpet { "carpet_bombing".to_owned() } else { kind.name() };
            attack.title = title;
            // What was told once by how far the packets came is not taken back for want of a look at them.
            attack.spoofed = spoofed.or(attack.spoofed);
        }
        facts::add(attack, target, finding.way, is_worst);
        active.summary = words::attack(&attack.title, &told);
    }

    /// A reading for each target that is spoken of; those that have been calm for long enough are forgotten.
    fn read(&mut self, now_ns: u64, targets: &[(&Target, IpNet)]) -> Vec<Reading> {
        let forget_ns = self.heads[0].keep_ns.saturating_add(AFTER_KEEP_NS);
        self.active.retain(|_, active| now_ns.saturating_sub(active.above_ns) <= forget_ns);
        let mut readings = Vec::with_capacity(self.active.len());
        for active in self.active.values() {
            let found = targets.iter().find(|(target, _)| target.name == active.subject.name);
            let value = found.map_or(0, |(target, _)| Measured::of(target, active.way).value(active.metric));
            let clear = active.limit as f64 * f64::from(self.config.clear_percent) / 100.0;
            let level = match value as f64 {
                _ if active.above_ns == now_ns => Level::Above,
                value if value >= clear => Level::Between,
                _ => Level::Below,
            };
            readings.push(self.reading(active, level, value as f64));
        }
        readings
    }

    fn reading(&self, active: &Active, level: Level, value: f64) -> Reading {
        let is_attack = active.attack.is_some();
        let head = &self.heads[usize::from(active.way == Way::Out) + if is_attack { 0 } else { 2 }];
        Reading {
            rule: Arc::clone(head),
            subject: active.subject.clone(),
            level,
            value,
            limit: active.limit as f64,
            unit: active.unit,
            summary: if level == Level::Below { words::over(&active.subject.name) } else { active.summary.clone() },
            remedy: active.remedy.clone(),
            attack: active.attack.clone(),
        }
    }
}

/// Takes out what a smaller target, or an attack on the same one, explains; tells of each that is left whether it is an
/// attack that is spread over a prefix.
fn leave_explained_out(findings: &mut Vec<Finding<'_>>, targets: &[(&Target, IpNet)]) -> Vec<bool> {
    // The smallest targets first, of one size those that are furthest above their limits.
    findings.sort_by(|a, b| {
        let length = |finding: &Finding<'_>| u32::from(finding.network.prefix_len()) + v4_offset(&finding.network);
        length(b).cmp(&length(a)).then(b.ratio.total_cmp(&a.ratio))
    });
    let mut kept: Vec<Finding<'_>> = Vec::new();
    let mut carpets = Vec::new();
    for finding in findings.drain(..) {
        let inside = |other: &&Finding<'_>| {
            other.way == finding.way && other.network != finding.network && finding.network.contains(&other.network)
        };
        let explained: u64 =
            kept.iter().filter(inside).map(|other| weight(other, &finding)).fold(0, u64::saturating_add);
        if explained.saturating_mul(100) >= weight(&finding, &finding).saturating_mul(EXPLAINED) {
            continue;
        }
        carpets.push(!is_host(&finding.network) && finding.kind != Some(Kind::Scan) && is_spread(&finding, targets));
        kept.push(finding);
    }
    *findings = kept;
    carpets
}

/// How much of what makes `about` stand out a finding has: what is outside of conversations, or all of it.
fn weight(finding: &Finding<'_>, about: &Finding<'_>) -> u64 {
    if about.kind.is_some() { finding.measured.lone } else { finding.measured.value(about.metric) }
}

/// No address of the prefix has most of it.
fn is_spread(finding: &Finding<'_>, targets: &[(&Target, IpNet)]) -> bool {
    let of_hosts = targets.iter().filter(|(_, network)| is_host(network) && finding.network.contains(network));
    let most = of_hosts.map(|(target, _)| finding.way.sides(target).0.lone.packets).max().unwrap_or(0);
    most.saturating_mul(2) < finding.measured.lone
}

pub(super) fn range(name: &str) -> Option<IpNet> {
    name.parse::<IpNet>().ok().or_else(|| name.parse::<std::net::IpAddr>().ok().map(IpNet::from))
}

/// Groups and broadcast are nobody's: what is sent to them is many hosts' own business.
fn judged(name: &str) -> Option<IpNet> {
    let is_nobodys = |network: &IpNet| match network.addr() {
        // 224.0.0.0 and all above it: groups, reserved, broadcast; 0.0.0.0/8 is this network.
        std::net::IpAddr::V4(address) => matches!(address.octets()[0], 0 | 224..),
        std::net::IpAddr::V6(address) => address.is_multicast() || address.is_unspecified(),
    };
    range(name).filter(|network| !is_nobodys(network))
}

fn is_host(network: &IpNet) -> bool {
    network.prefix_len() == network.max_prefix_len()
}

/// Makes lengths of both families comparable: an IPv4 address is as small as an IPv6 one.
fn v4_offset(network: &IpNet) -> u32 {
    if network.addr().is_ipv4() { 96 } else { 0 }
}

fn subject(target: &Target, network: &IpNet) -> Subject {
    let kind = if is_host(network) { SubjectKind::Host } else { SubjectKind::Prefix };
    Subject { kind, name: target.name.clone() }
}

const fn unit(metric: Metric) -> Unit {
    match metric {
        Metric::Bits => Unit::BitsPerSecond,
        Metric::Flows => Unit::FlowsPerSecond,
        Metric::Scan => Unit::PerSecond,
        _ => Unit::PacketsPerSecond,
    }
}

/// Attacks in and out, then volume in and out.
fn heads(keep_ns: u64) -> [Arc<RuleHead>; 4] {
    let head = |name: &str, severity, class, en: &str, ru: &str| {
        Arc::new(RuleHead {
            name: name.to_owned(),
            severity,
            class,
            keep_ns,
            why: Words { en: en.to_owned(), ru: ru.to_owned() },
            ..RuleHead::default()
        })
    };
    [
        head(
            judgement::ATTACK,
            Severity::Critical,
            Class::Attack,
            "Packets that belong to no conversation wear out the target and fill the link",
            "Пакеты вне соединений изматывают цель и забивают канал",
        ),
        head(
            judgement::ATTACK_OUT,
            Severity::Critical,
            Class::Attack,
            "A host that attacks others is probably broken into, and the provider will cut it off",
            "Узел, атакующий других, вероятно взломан, и провайдер его отключит",
        ),
        head(
            judgement::TRAFFIC_LIMIT,
            Severity::Warning,
            Class::Network,
            "More than was planned for reaches this address: it may be wanted, and it costs",
            "На адрес идёт больше трафика, чем рассчитано: он может быть нужен, но он стоит денег",
        ),
        head(
            judgement::TRAFFIC_LIMIT_OUT,
            Severity::Warning,
            Class::Network,
            "More than was planned for leaves this address: it may be wanted, and it costs",
            "С адреса уходит больше трафика, чем рассчитано: он может быть нужен, но он стоит денег",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use live::target::{Side, Target};

    use super::{ACTIVE_MAX, Config, Detector};
    use crate::attack::testing::line;
    use crate::judgement::Level;

    const SECOND_NS: u64 = 1_000_000_000;

    /// SYN towards an address, none of them answered.
    fn flooded(name: &str, syn: u64) -> Target {
        let mut side = Side { packets: syn, bytes: syn * 60, syn, lone_syn: syn, ..Side::default() };
        side.tcp.packets = syn;
        side.lone.packets = syn;
        Target { name: name.to_owned(), inbound: side, remote_addresses: syn, ..Target::default() }
    }

    #[test]
    fn it_clears_below_its_own_level_and_is_spoken_of_until_it_has_been_calm_for_long_enough() {
        let mut detector = Detector::new(&Config::default());
        let mut level = |second: u64, syn: u64| {
            let readings = detector.judge(second * SECOND_NS, &line(vec![flooded("192.0.2.1", syn)]));
            readings.first().map(|reading| (reading.level, reading.value))
        };
        assert_eq!(level(1, 4_999), None);
        assert_eq!(level(2, 5_000), Some((Level::Above, 5_000.0)));
        assert_eq!(level(3, 3_600), Some((Level::Between, 3_600.0)));
        assert_eq!(level(4, 3_400), Some((Level::Below, 3_400.0)));
        assert_eq!(level(60, 0), Some((Level::Below, 0.0)), "its absence is calm");
        assert_eq!(level(62, 9_000), Some((Level::Above, 9_000.0)));
        assert_eq!(level(62 + 66, 0), None, "and is forgotten after the time that it is kept for");
    }

    #[test]
    fn while_capture_is_silent_nothing_is_known() {
        let mut detector = Detector::new(&Config::default());
        assert!(detector.unknown().is_empty());
        detector.judge(SECOND_NS, &line(vec![flooded("192.0.2.1", 9_000)]));
        assert!(detector.is_attacked(SECOND_NS) && !detector.is_attacked(2 * SECOND_NS));
        let unknown = detector.unknown();
        assert_eq!((unknown.len(), unknown[0].level), (1, Level::Unknown));
        assert_eq!(unknown[0].attack.as_ref().map(|attack| attack.kind.as_str()), Some("syn_flood"));
    }

    #[test]
    fn peaks_and_totals_are_kept_and_the_worst_second_tells_the_kind() {
        let mut detector = Detector::new(&Config::default());
        let mut last = Vec::new();
        for (second, syn) in [(1, 6_000), (2, 90_000), (3, 7_000)] {
            last = detector.judge(second * SECOND_NS, &line(vec![flooded("192.0.2.1", syn)]));
        }
        let attack = last[0].attack.as_ref().expect("an attack");
        assert_eq!((attack.packets, attack.packets_per_second_peak), (103_000, 90_000));
        assert_eq!((attack.bits_per_second_peak, attack.bytes), (90_000 * 480, 103_000 * 60));
        assert!(last[0].summary.en.contains("SYN flood") && last[0].summary.ru.contains("SYN-флуд"), "{:?}", last[0]);
    }

    #[test]
    fn a_crowd_of_targets_is_bounded_and_counted() {
        let mut detector = Detector::new(&Config::default());
        let crowd = (0..2_000).map(|n| flooded(&format!("10.{}.{}.1", n / 250, n % 250), 9_000)).collect();
        let readings = detector.judge(SECOND_NS, &line(crowd));
        assert_eq!((readings.len(), detector.left_out() as usize), (ACTIVE_MAX, 2_000 - ACTIVE_MAX));
    }

    #[test]
    fn names_that_are_no_addresses_are_passed_over() {
        let mut detector = Detector::new(&Config::default());
        let targets = ["", "x", "10.0.0.0/99", "\n", "255.255.255.0/24", "224.0.0.251", "ff02::fb"]
            .map(|name| flooded(name, 9_000))
            .to_vec();
        assert!(detector.judge(SECOND_NS, &line(targets)).is_empty());
    }
}
