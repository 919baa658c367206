//! The kinds of attack, and by what they are told apart.

use live::incident::Words;
use live::reflection::SERVICES;
use live::target::{Side, Target};

use super::measure::{Measured, Metric, Way};

/// A kind of attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SYN without an end of the handshake.
    SynFlood,
    /// SYN with ACK from servers that were asked in the target's name.
    SynAckReflection,
    /// TCP outside of any connection.
    AckFlood,
    /// RST or FIN outside of any connection.
    ResetFlood,
    /// UDP without answers.
    UdpFlood,
    /// Answers of a UDP service that was asked in the target's name: its place in the list; `None` = several.
    Amplification(Option<usize>),
    /// Fragments.
    FragmentFlood,
    /// ICMP.
    IcmpFlood,
    /// Ports or addresses are tried out.
    Scan,
}

/// Of what is outside of conversations, this share must be of the kind, percent.
const OF_LONE_MIN: u64 = 50;

/// A volume limit is crossed by an attack if this share of all packets is outside of conversations, percent.
const LONE_MIN: u64 = 50;

/// Sources are taken for forged from so many addresses on.
const FORGED_FROM: u64 = 1_000;

/// So few values of TTL account for [`TTL_SHARE`] percent where one machine forges the sources: real ones are near and
/// far.
const TTL_VALUES: usize = 3;
const TTL_SHARE: u64 = 80;

impl Kind {
    /// What the second is, if it is an attack: `crossed` metrics are at their limits.
    pub fn of(side: &Side, measured: &Measured, crossed: impl Fn(Metric) -> bool) -> Option<Kind> {
        let value = |metric| measured.value(metric);
        if crossed(Metric::Scan) {
            return Some(Kind::Scan);
        }
        let volume = crossed(Metric::Packets) || crossed(Metric::Bits) || crossed(Metric::Flows);
        let mostly_lone = measured.lone.saturating_mul(100) >= side.packets.saturating_mul(LONE_MIN);
        let is_wrong = |metric| crossed(metric) || (volume && mostly_lone);
        // The answers of an amplifier are larger than a packet: their later fragments have no ports.
        let (amplified, fragments) = (value(Metric::Amplification), value(Metric::Fragments));
        let of_udp = |packets: u64, percent: u64| {
            packets.saturating_mul(100) >= value(Metric::Udp).saturating_mul(percent) && packets > 0
        };
        if is_wrong(Metric::Amplification) && of_udp(amplified, 30) && of_udp(amplified.saturating_add(fragments), 60) {
            return Some(Kind::Amplification(measured.service));
        }
        let of_lone =
            |packets: u64| packets.saturating_mul(100) >= measured.lone.saturating_mul(OF_LONE_MIN) && packets > 0;
        if is_wrong(Metric::Fragments) && of_lone(fragments) {
            return Some(Kind::FragmentFlood);
        }
        let kinds = [
            (Metric::Syn, Kind::SynFlood),
            (Metric::SynAck, Kind::SynAckReflection),
            (Metric::Reset, Kind::ResetFlood),
            (Metric::Ack, Kind::AckFlood),
            (Metric::Udp, Kind::UdpFlood),
            (Metric::Icmp, Kind::IcmpFlood),
        ];
        let wrong = kinds.into_iter().filter(|(metric, _)| is_wrong(*metric) && value(*metric) > 0);
        wrong.max_by_key(|(metric, _)| value(*metric)).map(|(_, kind)| kind)
    }

    /// The metric by which it is told.
    pub const fn metric(self) -> Metric {
        match self {
            Kind::SynFlood => Metric::Syn,
            Kind::SynAckReflection => Metric::SynAck,
            Kind::AckFlood => Metric::Ack,
            Kind::ResetFlood => Metric::Reset,
            Kind::UdpFlood => Metric::Udp,
            Kind::Amplification(_) => Metric::Amplification,
            Kind::FragmentFlood => Metric::Fragments,
            Kind::IcmpFlood => Metric::Icmp,
            Kind::Scan => Metric::Scan,
        }
    }

    /// Its name for programs.
    pub fn name(self) -> String {
        match self {
            Kind::SynFlood => "syn_flood",
            Kind::SynAckReflection => "syn_ack_reflection",
            Kind::AckFlood => "ack_flood",
            Kind::ResetFlood => "reset_flood",
            Kind::UdpFlood => "udp_flood",
            Kind::Amplification(Some(at)) => return format!("{}_amplification", SERVICES[at].name),
            Kind::Amplification(None) => "mixed_amplification",
            Kind::FragmentFlood => "fragment_flood",
            Kind::IcmpFlood => "icmp_flood",
            Kind::Scan => "scan",
        }
        .to_owned()
    }

    /// Its name for people.
    pub fn title(self, spoofed: Option<bool>) -> Words {
        let words = |en: &str, ru: &str| Words { en: en.to_owned(), ru: ru.to_owned() };
        match self {
            Kind::SynFlood if spoofed == Some(true) => {
                words("SYN flood from forged addresses", "SYN-флуд с подменой адресов")
            }
            Kind::SynFlood => words("SYN flood", "SYN-флуд"),
            Kind::SynAckReflection => words("SYN-ACK reflection", "отражённый SYN-ACK-флуд"),
            Kind::AckFlood => words("ACK flood", "ACK-флуд"),
            Kind::ResetFlood => words("RST/FIN flood", "RST/FIN-флуд"),
            Kind::UdpFlood => words("UDP flood", "UDP-флуд"),
            Kind::Amplification(Some(at)) => {
                let title = SERVICES[at].title;
                Words { en: format!("{title} amplification"), ru: format!("{title}-амплификация") }
            }
            Kind::Amplification(None) => {
                words("UDP amplification by several services", "UDP-амплификация, разные службы")
            }
            Kind::FragmentFlood => words("fragment flood", "флуд фрагментами"),
            Kind::IcmpFlood => words("ICMP flood", "ICMP-флуд"),
            Kind::Scan => words("scan", "сканирование"),
        }
    }

    /// Whether the remote addresses are forged; `None` = it cannot be told.
    pub fn spoofed(self, target: &Target, way: Way) -> Option<bool> {
        if way == Way::Out {
            return None;
        }
        match self {
            // These answer to somebody; who scans wants to hear the answer.
            Kind::SynAckReflection | Kind::Amplification(_) | Kind::Scan => Some(false),
            Kind::SynFlood
            | Kind::AckFlood
            | Kind::ResetFlood
            | Kind::UdpFlood
            | Kind::IcmpFlood
            | Kind::FragmentFlood => {
                let side = way.sides(target).0;
                let remotes = target.remote_addresses;
                let once_each = remotes.saturating_mul(2) >= side.lone.packets;
                (remotes >= FORGED_FROM && (once_each || one_distance(side))).then_some(true)
            }
        }
    }
}

/// Nearly all packets have come the same way far.
fn one_distance(side: &Side) -> bool {
    let Some(detail) = &side.detail else { return false };
    let all: u64 = detail.ttls.iter().map(|share| share.packets).sum();
    let few: u64 = detail.ttls.iter().take(TTL_VALUES).map(|share| share.packets).sum();
    all > 0 && few.saturating_mul(100) >= all.saturating_mul(TTL_SHARE)
}
