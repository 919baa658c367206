//! The order-free key of a flow, and its seeded hash.

use crate::wire::Packet;

/// Both endpoints in sorted order, with protocol, VLAN and interface: both directions of a flow have the same key.
///
/// | word | content |
/// |---|---|
/// | 0–1 | one address, its bytes as they are |
/// | 2–3 | the other; which is first is the machine's business, only that it is always the same one counts |
/// | 4 | bits 0–15 port of the lower, 16–31 of the higher, 32–39 protocol, 40–51 VLAN, 52–63 interface |
#[derive(Clone, Copy, Debug, Default, Eq, Hash, bytemuck::Zeroable, bytemuck::Pod)]
#[expect(clippy::derived_hash_with_manual_eq, reason = "the same equality, without a call to memcmp")]
#[repr(C)]
pub struct FlowKey([u64; 5]);

impl PartialEq for FlowKey {
    #[inline(always)]
    fn eq(&self, other: &FlowKey) -> bool {
        let (a, b) = (&self.0, &other.0);
        ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) | (a[4] ^ b[4])) == 0
    }
}

/// Whether a packet went from the lower endpoint of its key to the higher one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Way {
    /// From the lower endpoint.
    Up = 0,
    /// From the higher endpoint.
    Down = 1,
}

impl Way {
    /// The other way.
    pub const fn opposite(self) -> Way {
        match self {
            Way::Up => Way::Down,
            Way::Down => Way::Up,
        }
    }
}

impl FlowKey {
    /// The key of `packet` seen on `interface`, and the way that the packet went.
    #[inline]
    pub fn of(packet: &Packet, interface: u16) -> (FlowKey, Way) {
        let src = words(&packet.src);
        let dst = words(&packet.dst);
        let ports = (packet.src_port, packet.dst_port);
        let up = if src == dst { ports.0 <= ports.1 } else { src < dst };
        let (low, low_port, high, high_port, way) = if up {
            (src, packet.src_port, dst, packet.dst_port, Way::Up)
        } else {
            (dst, packet.dst_port, src, packet.src_port, Way::Down)
        };
        let last = u64::from(low_port)
            | u64::from(high_port) << 16
            | u64::from(packet.protocol) << 32
            | u64::from(packet.vlan & 0xfff) << 40
            | u64::from(interface) << 52;
        (FlowKey([low.0, low.1, high.0, high.1, last]), way)
    }

    /// Address and port of the endpoint that sends on `way`.
    pub fn sender(&self, way: Way) -> ([u8; 16], u16) {
        match way {
            Way::Up => (bytes(self.0[0], self.0[1]), self.0[4] as u16),
            Way::Down => (bytes(self.0[2], self.0[3]), (self.0[4] >> 16) as u16),
        }
    }

    /// IP protocol number.
    pub fn protocol(&self) -> u8 {
        (self.0[4] >> 32) as u8
    }

    /// Outermost VLAN id.
    pub fn vlan(&self) -> u16 {
        (self.0[4] >> 40) as u16 & 0xfff
    }

    /// Interface number.
    pub fn interface(&self) -> u16 {
        (self.0[4] >> 52) as u16
    }

    /// The key without VLAN and interface: the unordered 5-tuple.
    pub fn five_tuple(&self) -> FlowKey {
        let mut words = self.0;
        words[4] &= (1 << 40) - 1;
        FlowKey(words)
    }
}

#[inline(always)]
fn words(address: &[u8; 16]) -> (u64, u64) {
    let [first, second]: [u64; 2] = bytemuck::cast(*address);
    // The second word tells IPv4 addresses apart, and most IPv6 ones: compare it first.
    (second, first)
}

#[inline(always)]
fn bytes(second: u64, first: u64) -> [u8; 16] {
    bytemuck::cast([first, second])
}

/// Secret words of the hash: without them nobody can choose colliding flows. Folded multiplication of whole words, as
/// in the wyhash family; five rounds would be more than 40 bytes need, three hold.
#[derive(Clone, Copy)]
pub struct HashSeed([u64; 6]);

impl HashSeed {
    /// New secrets from the system's random source.
    ///
    /// # Errors
    /// The source is not there (a very early boot).
    pub fn random() -> Result<HashSeed, getrandom::Error> {
        let mut words = [0u64; 6];
        for word in &mut words {
            *word = getrandom::u64()?;
        }
        Ok(HashSeed(words))
    }

    /// Fixed words, for tests and for figures that must repeat.
    pub const fn fixed(words: [u64; 6]) -> HashSeed {
        HashSeed(words)
    }

    /// 64 well-mixed bits of `key`.
    #[inline(always)]
    pub fn hash(&self, key: &FlowKey) -> u64 {
        let [a, b, c, d, e] = key.0;
        let s = &self.0;
        let first = fold(a ^ s[0], b ^ s[1]);
        let second = fold(c ^ s[2], d ^ s[3]);
        fold(first.wrapping_add(e) ^ s[4], second.rotate_left(32).wrapping_add(e) ^ s[5])
    }

    /// 64 well-mixed bits of an address and a small number beside it.
    #[inline(always)]
    pub fn hash_address(&self, address: &[u8; 16], beside: u64) -> u64 {
        let (high, low) = words(address);
        let s = &self.0;
        fold(fold(high ^ s[0], low ^ s[1]) ^ beside, s[4])
    }
}

/// The 128-bit product, its halves added by XOR.
#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(src: u8, src_port: u16, dst: u8, dst_port: u16) -> Packet {
        let mut packet = Packet { src_port, dst_port, protocol: 6, vlan: 7, ..Packet::default() };
        packet.src[15] = src;
        packet.dst[15] = dst;
        packet
    }

    #[test]
    fn both_directions_have_one_key_and_opposite_ways() {
        for (a, ap, b, bp) in [(1, 10, 2, 20), (2, 20, 1, 10), (1, 20, 1, 10), (5, 5, 5, 5)] {
            let (key, way) = FlowKey::of(&packet(a, ap, b, bp), 3);
            let (back, back_way) = FlowKey::of(&packet(b, bp, a, ap), 3);
            assert_eq!(key, back);
            assert!(way != back_way || (a, ap) == (b, bp));
            let (address, port) = key.sender(way);
            assert_eq!((address[15], port), (a, ap));
            assert_eq!((key.protocol(), key.vlan(), key.interface()), (6, 7, 3));
            assert_eq!(key.five_tuple().interface(), 0);
        }
    }

    #[test]
    fn hash_spreads_keys_that_differ_in_one_place_evenly() {
        let seed = HashSeed::fixed([
            0x9e37_79b9_7f4a_7c15,
            0xbf58_476d_1ce4_e5b9,
            0x94d0_49bb_1331_11eb,
            0xd6e8_feb8_6659_fd93,
            0xa076_1d64_78bd_642f,
            0xe703_7ed1_a0b4_28db,
        ]);
        let mut buckets = [0u32; 256];
        for port in 0..=u16::MAX {
            let (key, _) = FlowKey::of(&packet(1, port, 2, 80), 1);
            buckets[(seed.hash(&key) >> 56) as usize] += 1;
        }
        // 256 on average; five standard deviations are 80.
        assert!(buckets.iter().all(|&n| (176..=336).contains(&n)), "{buckets:?}");
    }
}
