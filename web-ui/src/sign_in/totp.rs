//! The second factor: six digits of RFC 6238, as every authenticator app makes them (SHA-1, 30 s).

use totp_rs::{Builder, Secret, Totp};

use crate::random;

/// Bytes of a secret: 160 bits, as RFC 4226 advises.
pub const SECRET_BYTES: usize = 20;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret.
pub fn secret() -> [u8; SECRET_BYTES] {
    random::bytes()
}

/// The step of the code, if it is one of `now_s` or of the step before or after. A step that was used before must be
/// refused by the caller.
pub fn step(secret: &[u8; SECRET_BYTES], code: &str, now_s: u64) -> Option<u64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).take(8).collect();
    totp(secret)?.check(&code, now_s)
}

fn totp(secret: &[u8; SECRET_BYTES]) -> Option<Totp> {
    Builder::new().with_secret(Secret::new_stack(*secret)).build().ok()
}

/// The code of a moment: what the tests' phone shows.
#[cfg(test)]
pub(crate) fn code(secret: &[u8; SECRET_BYTES], now_s: u64) -> String {
    totp(secret).expect("a secret of full length").generate(now_s).to_string()
}

/// What an authenticator app scans.
pub fn link(secret: &[u8; SECRET_BYTES], user: &str) -> String {
    format!("otpauth://totp/Floodmark:{user}?secret={}&issuer=Floodmark", base32(secret))
}

/// As people type it: RFC 4648.
pub fn base32(secret: &[u8; SECRET_BYTES]) -> String {
    let groups = secret.chunks(5).map(|five| five.iter().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte)));
    let digits = groups.flat_map(|bits| (0..8).rev().map(move |place| bits >> (5 * place) & 31));
    digits.map(|digit| char::from(BASE32[digit as usize])).collect()
}

/// From the text of [`base32`].
pub fn from_base32(text: &str) -> Option<[u8; SECRET_BYTES]> {
    let mut secret = [0; SECRET_BYTES];
    if text.len() != SECRET_BYTES / 5 * 8 {
        return None;
    }
    for (eight, five) in text.as_bytes().chunks(8).zip(secret.chunks_mut(5)) {
        let mut bits = 0u64;
        for byte in eight {
            bits = bits << 5 | BASE32.iter().position(|digit| digit == byte)? as u64;
        }
        five.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(secret)
}

#[cfg(test)]
mod tests {
    use super::{base32, code, from_base32, link, secret, step};

    /// RFC 6238, appendix B, of which the last six of eight digits are ours.
    const RFC: [u8; 20] = *b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standard() {
        let check = |time: u64, digits: &str| {
            assert_eq!(code(&RFC, time), digits, "{time}");
            assert_eq!(step(&RFC, digits, time), Some(time / 30), "{time}");
        };
        check(59, "287082");
        check(1_111_111_109, "081804");
        check(20_000_000_000, "353130");
    }

    #[test]
    fn one_step_before_and_after_and_no_more() {
        let at = |time: u64| step(&RFC, &code(&RFC, 900), time);
        assert_eq!([at(840), at(870), at(900), at(930), at(960)], [None, Some(30), Some(30), Some(30), None]);
        assert_eq!(step(&RFC, " 287 082\n", 59), Some(1));
        for wrong in ["", "28708", "2870822", "+28708", "２８７０８２", "abcdef"] {
            assert_eq!(step(&RFC, wrong, 59), None, "{wrong:?}");
        }
    }

    #[test]
    fn secrets_go_to_the_phone_as_text() {
        assert_eq!(base32(&RFC), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let made = secret();
        assert_eq!(from_base32(&base32(&made)), Some(made));
        assert!(from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1").is_none() && from_base32("").is_none());
        assert!(from_base32(&"é".repeat(16)).is_none());
        assert!(link(&RFC, "anna").starts_with("otpauth://totp/Floodmark:anna?secret=GEZ"));
    }
}
