//! A few changes to an input: the kinds that break parsers.

use faults::Seed;

/// No input grows beyond it.
pub const BYTES_MAX: usize = 64 << 10;

/// Numbers at which lengths and counters turn over.
const NUMBERS: [u64; 18] = [
    0,
    1,
    2,
    16,
    127,
    128,
    255,
    256,
    4095,
    4096,
    65_535,
    65_536,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    1 << 63,
    u64::MAX,
];

/// Words that text formats trip over.
const WORDS: [&[u8]; 20] = [
    b"\"",
    b"\\u0000",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"null",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"\n",
    b"\r\n",
    b"'''",
    b"=",
    b".",
    b"\xff\xfe",
    b"nan",
    b"0s",
    b"999999999999999TiB",
];

/// Changes `input` one to eight times.
pub fn mutate(input: &mut Vec<u8>, seed: &mut Seed, seeds: &[Vec<u8>]) {
    for _ in 0..=seed.below(8) {
        change(input, seed, seeds);
    }
    input.truncate(BYTES_MAX);
}

fn change(input: &mut Vec<u8>, seed: &mut Seed, seeds: &[Vec<u8>]) {
    if input.is_empty() {
        input.extend((0..seed.below(64)).map(|_| seed.draw() as u8).collect::<Vec<_>>());
        return;
    }
    // Headers stand in front: half of all changes are there.
    let reach = if seed.below(2) == 0 { input.len() } else { input.len().min(128) };
    let at = seed.below(reach as u64) as usize;
    match seed.below(10) {
        0 => input[at] ^= 1 << seed.below(8),
        1 => input[at] = seed.draw() as u8,
        2 => input[at] = input[at].wrapping_add(seed.below(5) as u8).wrapping_sub(2),
        3 => write_number(input, at, seed),
        4 => {
            let end = at + 1 + seed.below((input.len() - at) as u64) as usize;
            input.drain(at..end);
        }
        5 => {
            let noise: Vec<u8> = (0..1 + seed.below(32)).map(|_| seed.draw() as u8).collect();
            input.splice(at..at, noise);
        }
        6 => {
            let end = at + 1 + seed.below((input.len() - at).min(256) as u64) as usize;
            let piece = input[at..end].to_vec();
            let to = seed.below(input.len() as u64) as usize;
            input.splice(to..to, piece);
        }
        7 => input.truncate(at),
        8 => {
            let word = *seed.pick(&WORDS);
            input.splice(at..at, word.iter().copied());
        }
        _ => {
            let other = seed.pick(seeds);
            let from = seed.below(other.len() as u64 + 1) as usize;
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
    }
}

/// Writes a number of one, two, four or eight bytes, in either order.
fn write_number(input: &mut [u8], at: usize, seed: &mut Seed) {
    let width = 1usize << seed.below(4);
    let number = *seed.pick(&NUMBERS);
    let little = number.to_le_bytes();
    let mut bytes = little[..width].to_vec();
    if seed.below(2) == 0 {
        bytes.reverse();
    }
    for (place, byte) in input[at..].iter_mut().zip(bytes) {
        *place = byte;
    }
}
