//! Ids, tokens and codes: random in the program, counted in tests.

use ring::digest::{SHA256, digest};

/// Letters of a code: none that is taken for another.
const LETTERS: &[u8; 30] = b"ABCDEFGHJKMNPQRSTVWXYZ23456789";

/// Letters of a code; 30^6 = 7 × 10^8 of them, of which five may be tried.
pub const CODE_CHARS: usize = 6;

/// Where ids come from.
#[derive(Clone, Debug)]
pub enum Ids {
    /// The kernel.
    Random,
    /// The next number: for tests, so that they repeat.
    Counted(u64),
}

impl Ids {
    fn draw(&mut self) -> Option<[u8; 16]> {
        match self {
            Ids::Random => {
                let mut bytes = [0; 16];
                getrandom::fill(&mut bytes).ok().map(|()| bytes)
            }
            Ids::Counted(next) => {
                *next += 1;
                Some(u128::from(*next).to_be_bytes())
            }
        }
    }

    /// A new id: 32 hexadecimal digits. Without randomness it is made of the time, which is unique enough for an id.
    pub fn id(&mut self, now_ns: u64) -> String {
        let bytes = self.draw().unwrap_or_else(|| {
            let hash = digest(&SHA256, &[now_ns.to_be_bytes(), u64::from(std::process::id()).to_be_bytes()].concat());
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&hash.as_ref()[..16]);
            bytes
        });
        hex(&bytes)
    }

    /// A token of 128 bit; `None` = there is no randomness: no link, rather than one that can be guessed.
    pub fn token(&mut self) -> Option<String> {
        self.draw().map(|bytes| hex(&bytes))
    }

    /// A code of six letters.
    pub fn code(&mut self) -> Option<String> {
        let mut number = u128::from_be_bytes(self.draw()?);
        let letters = (0..CODE_CHARS).map(|_| {
            let letter = LETTERS[(number % 30) as usize];
            number /= 30;
            char::from(letter)
        });
        Some(letters.collect())
    }
}

/// SHA-256 of a token's or code's letters, hexadecimal: what is kept of it.
pub fn hash(text: &str) -> String {
    hex(digest(&SHA256, text.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
