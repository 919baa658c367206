//! The sentences of attack detection, in both languages.

use live::incident::Words;

use super::kind::Kind;
use super::measure::Way;

/// What a sentence tells.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The target.
    pub target: &'a str,
    /// Which way.
    pub way: Way,
    /// Packets a second.
    pub packets: u64,
    /// Bits a second.
    pub bits: u64,
    /// Remote addresses.
    pub remotes: u64,
}

/// The title of an attack: its kind, spread over a prefix or not, towards us or from us.
pub fn title(kind: Kind, spoofed: Option<bool>, is_carpet: bool, way: Way) -> Words {
    let title = kind.title(spoofed);
    let title = match is_carpet {
        true => Words {
            en: format!("carpet bombing ({})", title.en), ru: format!("ковровая атака ({})", title.ru)
        },
        false => title,
    };
    match way {
        Way::In => Words { en: upper(&title.en), ru: upper(&title.ru) },
        Way::Out => {
            Words { en: format!("Outgoing {}", title.en), ru: format!("Исходящая атака: {}", title.ru) }
        }
    }
}

/// What happens.
pub fn attack(title: &Words, told: &Told<'_>) -> Words {
    let Told { target, way, packets, bits, remotes } = *told;
    let (to, addresses) = match way {
        Way::In => ("against", "from"),
        Way::Out => ("by", "to"),
    };
    Words {
        en: format!(
            "{} {to} {target}: {} packets/s, {}, {addresses} {remotes} addresses",
            title.en,
            packets,
            bits_en(bits)
        ),
        ru: format!("{}, {target}: {} пакетов/с, {}, удалённых адресов: {remotes}", title.ru, packets, bits_ru(bits)),
    }
}

/// A limit of volume is crossed, by what looks like ordinary traffic.
pub fn traffic(told: &Told<'_>) -> Words {
    let Told { target, way, packets, bits, .. } = *told;
    let (en, ru) = match way {
        Way::In => ("to", "входящий трафик"),
        Way::Out => ("from", "исходящий трафик"),
    };
    Words {
        en: format!("Traffic {en} {target} is above its limit: {packets} packets/s, {}", bits_en(bits)),
        ru: format!("{target}: {ru} выше порога: {packets} пакетов/с, {}", bits_ru(bits)),
    }
}

/// Nothing of it is left.
pub fn over(target: &str) -> Words {
    Words { en: format!("{target} is quiet again"), ru: format!("{target}: снова спокойно") }
}

/// What to do.
pub fn remedy(kind: Option<Kind>, way: Way) -> Words {
    let words = |en: &str, ru: &str| Words { en: en.to_owned(), ru: ru.to_owned() };
    match (way, kind) {
        (_, None) => words(
            "Look whether this is wanted (a backup, many visitors); if so, raise the limit of this address",
            "Проверьте, нужен ли этот трафик (резервная копия, наплыв посетителей); если да, поднимите порог для адреса",
        ),
        (Way::Out, Some(_)) => words(
            "The host is probably broken into: cut it off the network and look at its processes",
            "Вероятно, узел взломан: отключите его от сети и проверьте процессы",
        ),
        (Way::In, Some(Kind::SynFlood)) => words(
            "Switch SYN cookies on (net.ipv4.tcp_syncookies=1); ask the provider to filter if the link is full",
            "Включите SYN cookies (net.ipv4.tcp_syncookies=1); если канал забит, просите провайдера о фильтрации",
        ),
        (Way::In, Some(Kind::Amplification(_))) => words(
            "Ask the provider to drop UDP from this source port to the target, or to black-hole the target",
            "Попросите провайдера отбрасывать UDP с этого исходного порта к цели или увести цель в blackhole",
        ),
        (Way::In, Some(Kind::Scan)) => words(
            "Block the source if it goes on; see that nothing answers that should not",
            "Если не прекратится, заблокируйте источник; проверьте, что лишние службы не отвечают",
        ),
        (Way::In, Some(_)) => words(
            "Drop what belongs to no connection at the firewall; ask the provider to filter if the link is full",
            "Отбрасывайте на межсетевом экране пакеты вне соединений; если канал забит, просите провайдера о фильтрации",
        ),
    }
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn bits_en(bits: u64) -> String {
    bits_in(bits, ["Gbit/s", "Mbit/s", "kbit/s"])
}

fn bits_ru(bits: u64) -> String {
    bits_in(bits, ["Гбит/с", "Мбит/с", "кбит/с"]).replace('.', ",")
}

fn bits_in(bits: u64, units: [&str; 3]) -> String {
    match bits {
        1_000_000_000.. => format!("{:.1} {}", bits as f64 / 1e9, units[0]),
        1_000_000.. => format!("{:.1} {}", bits as f64 / 1e6, units[1]),
        _ => format!("{:.1} {}", bits as f64 / 1e3, units[2]),
    }
}
