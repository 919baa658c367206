//! What one second of one direction of a target amounts to, by the metrics that have limits.

use live::reflection::SERVICES;
use live::target::{Side, Target};

use super::config::Limits;

/// What has a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of the limits")]
pub enum Metric {
    Packets,
    Bits,
    Flows,
    Syn,
    SynAck,
    Reset,
    Ack,
    Udp,
    Icmp,
    Fragments,
    Amplification,
    Scan,
}

/// In the order of [`Limits::named`].
pub const METRICS: [Metric; 12] = [
    Metric::Packets,
    Metric::Bits,
    Metric::Flows,
    Metric::Syn,
    Metric::SynAck,
    Metric::Reset,
    Metric::Ack,
    Metric::Udp,
    Metric::Icmp,
    Metric::Fragments,
    Metric::Amplification,
    Metric::Scan,
];

/// A flood comes from at least so many addresses, or in [`CHURN_MIN`] new flows a second: one stream without answers is
/// a camera, a log, a mirrored half of a conversation.
const REMOTES_MIN: u64 = 8;
const CHURN_MIN: u64 = 1_000;

/// One who scans tries so many addresses with ports for each address that it comes from.
const TRIED_PER_SOURCE: u64 = 64;

/// And sends so many packets to each of them at most; the estimate of how many there are is good to a quarter.
const PACKETS_PER_TRY: u64 = 4;

/// The direction that is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// Towards the target.
    In,
    /// From it.
    Out,
}

impl Way {
    /// As in [`live::incident::Attack::direction`].
    pub const fn name(self) -> &'static str {
        match self {
            Way::In => "in",
            Way::Out => "out",
        }
    }

    /// That side of a target, and the other.
    pub fn sides(self, target: &Target) -> (&Side, &Side) {
        match self {
            Way::In => (&target.inbound, &target.out),
            Way::Out => (&target.out, &target.inbound),
        }
    }
}

/// Values of one second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    values: [u64; 12],
    /// Packets outside of any conversation.
    pub lone: u64,
    /// The amplifying service with most packets, if one stands out.
    pub service: Option<usize>,
    /// Remote addresses.
    pub remotes: u64,
}

impl Measured {
    /// Measures one direction of a target.
    pub fn of(target: &Target, way: Way) -> Measured {
        let (side, other) = way.sides(target);
        // Where capture sees each direction apart (a mirror port, fanout by CPU), nothing seems to be answered: what the
        // two sides have alone of each other is taken for the halves of conversations.
        let lone = side.lone.packets.saturating_sub(other.lone.packets.saturating_mul(2));
        let part = |packets: u64| match side.lone.packets {
            0 => 0,
            all => u64::try_from(u128::from(packets) * u128::from(lone) / u128::from(all)).unwrap_or(u64::MAX),
        };
        // Many addresses that get what they did not ask for are customers; of one that attacks the flows are new.
        let is_spread = (way == Way::In && target.remote_addresses >= REMOTES_MIN) || side.flows >= CHURN_MIN;
        let spread = |packets: u64| if is_spread { part(packets) } else { 0 };
        let amplified = side.amplified.iter().map(|share| share.packets).sum();
        let lone_tcp = side.lone.packets.saturating_sub(side.lone_udp.packets + side.lone_icmp).min(side.tcp.packets);
        let marked = side.lone_syn + side.lone_syn_ack + side.lone_reset;
        Measured {
            values: [
                side.packets,
                side.bytes.saturating_mul(8),
                side.flows,
                part(side.lone_syn),
                part(side.lone_syn_ack),
                spread(side.lone_reset),
                spread(lone_tcp.saturating_sub(marked)),
                spread(side.lone_udp.packets),
                spread(side.lone_icmp),
                spread(side.lone_fragments),
                spread(amplified),
                if way == Way::In { tried(target) } else { reached(target) },
            ],
            lone,
            service: leading_service(side, amplified),
            remotes: target.remote_addresses,
        }
    }

    /// The value of a metric.
    pub fn value(&self, metric: Metric) -> u64 {
        self.values[metric as usize]
    }

    /// The metric that is furthest above its limit, with how many times; `None` = none is at it.
    pub fn worst(&self, limits: &Limits, among: impl Fn(Metric) -> bool) -> Option<(Metric, f64)> {
        let over = METRICS.into_iter().zip(limits.named()).filter(|(metric, (_, limit))| {
            let value = self.value(*metric);
            *limit > 0 && value >= *limit && among(*metric)
        });
        over.map(|(metric, (_, limit))| (metric, self.value(metric) as f64 / limit as f64))
            .max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// The limit of a metric.
pub fn limit(limits: &Limits, metric: Metric) -> u64 {
    limits.named()[metric as usize].1
}

/// Local addresses with ports that few sources try out; 0 = it is no scan.
fn tried(target: &Target) -> u64 {
    let side = &target.inbound;
    let tries = side.lone_syn + small_udp(side);
    let tried = target.local_endpoints;
    let by_few = target.remote_addresses.saturating_mul(TRIED_PER_SOURCE) <= tried;
    let is_thin = tries <= tried.saturating_mul(PACKETS_PER_TRY) && tries.saturating_mul(2) >= tried;
    if by_few && is_thin && tries.saturating_mul(5) >= side.lone.packets.saturating_mul(3) { tried } else { 0 }
}

/// Remote addresses, or ports of few of them, that a local one tries out; 0 = it is no scan.
fn reached(target: &Target) -> u64 {
    let side = &target.out;
    let tries = side.lone_syn + small_udp(side);
    let mostly = tries.saturating_mul(5) >= side.lone.packets.saturating_mul(3);
    // Each is another flow, and they were begun in this second.
    let is_thin = tries <= side.flows.saturating_mul(PACKETS_PER_TRY);
    let addresses = target.remote_addresses;
    let ports = side.detail.as_ref().map_or(0, |detail| {
        let every = side.packets.checked_div(detail.looked_at).unwrap_or(0).max(1);
        let few = detail.remotes_seen.saturating_mul(TRIED_PER_SOURCE) <= detail.remote_endpoints_seen;
        if few { detail.remote_endpoints_seen.saturating_mul(every).min(side.flows) } else { 0 }
    });
    let reached = addresses.min(side.flows).max(ports);
    if mostly && is_thin && tries <= reached.saturating_mul(PACKETS_PER_TRY) { reached } else { 0 }
}

/// UDP packets that carry next to nothing: who floods sends more.
fn small_udp(side: &Side) -> u64 {
    let volume = side.lone_udp;
    if volume.bytes <= volume.packets.saturating_mul(100) { volume.packets } else { 0 }
}

/// The service with most packets; both ports of one are one. `None` = none has three fifths.
fn leading_service(side: &Side, amplified: u64) -> Option<usize> {
    let place = |key: &str| live::reflection::place(key.strip_prefix("udp/")?.parse().ok()?);
    let mut sums: Vec<(&str, u64, usize)> = Vec::new();
    for share in &side.amplified {
        let Some(at) = place(&share.key) else { continue };
        match sums.iter_mut().find(|(name, _, _)| *name == SERVICES[at].name) {
            Some((_, packets, _)) => *packets += share.packets,
            None => sums.push((SERVICES[at].name, share.packets, at)),
        }
    }
    let (_, packets, at) = sums.into_iter().max_by_key(|(_, packets, _)| *packets)?;
    (packets.saturating_mul(5) >= amplified.saturating_mul(3)).then_some(at)
}
