//! How long a text is on the air: GSM-7 with its extension table, UCS-2, and the parts of a long one.
//!
//! 3GPP 23.038 §6.2.1 (alphabets), 23.040 §9.2.3.24.1 (parts): 140 octets are 160 septets or 70 UTF-16 units; a part of
//! several gives 6 octets to its header, so 153 or 67. A pair (escape and its character, or two surrogates) never
//! straddles two parts.

/// The escape character of the extension table.
const ESCAPE: u8 = 0x1b;

/// The base table by code; the escape's own place holds a character that no text has.
const BASE: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', //
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{ffff}', 'Æ', 'æ', 'ß', 'É', //
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', //
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// The extension table: what follows the escape.
const EXTENSION: [(char, u8); 10] = [
    ('\u{c}', 0x0a),
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2f),
    ('[', 0x3c),
    ('~', 0x3d),
    (']', 0x3e),
    ('|', 0x40),
    ('€', 0x65),
];

/// The alphabet that a text needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// Seven bits; a unit is a septet.
    Gsm7,
    /// Sixteen bits; a unit is a UTF-16 unit.
    Ucs2,
}

impl Alphabet {
    /// Units of a message of one part.
    pub const fn single(self) -> usize {
        match self {
            Alphabet::Gsm7 => 160,
            Alphabet::Ucs2 => 70,
        }
    }

    /// Units of each part of several.
    pub const fn part(self) -> usize {
        match self {
            Alphabet::Gsm7 => 153,
            Alphabet::Ucs2 => 67,
        }
    }

    fn units(self, character: char) -> usize {
        match self {
            Alphabet::Gsm7 => septets(character).map_or(1, |(_, units)| units),
            Alphabet::Ucs2 => character.len_utf16(),
        }
    }
}

/// Code and number of septets of a character, if the alphabet has it.
fn septets(character: char) -> Option<(u8, usize)> {
    if let Some(&(_, code)) = EXTENSION.iter().find(|(extended, _)| *extended == character) {
        return Some((code, 2));
    }
    let place = BASE.iter().position(|base| *base == character && character != '\u{ffff}')?;
    u8::try_from(place).ok().map(|code| (code, 1))
}

/// Whether the seven-bit alphabet has it.
pub fn is_gsm7(character: char) -> bool {
    septets(character).is_some()
}

/// The alphabet of a text.
pub fn alphabet(text: &str) -> Alphabet {
    if text.chars().all(is_gsm7) { Alphabet::Gsm7 } else { Alphabet::Ucs2 }
}

/// Units that a text takes in its alphabet.
pub fn units(text: &str) -> usize {
    let alphabet = alphabet(text);
    text.chars().map(|character| alphabet.units(character)).sum()
}

/// The parts in which a text travels, in order; one if it fits.
pub fn parts(text: &str) -> Vec<&str> {
    let alphabet = alphabet(text);
    if units(text) <= alphabet.single() {
        return vec![text];
    }
    let (mut parts, mut begin, mut used) = (Vec::new(), 0, 0);
    for (at, character) in text.char_indices() {
        let units = alphabet.units(character);
        if used + units > alphabet.part() {
            parts.push(&text[begin..at]);
            (begin, used) = (at, 0);
        }
        used += units;
    }
    parts.push(&text[begin..]);
    parts
}

/// Whether a text needs at most so many parts.
pub fn fits(text: &str, segments_max: usize) -> bool {
    parts(text).len() <= segments_max
}

/// One septet an octet, as SMPP takes the default alphabet; what the alphabet lacks is a question mark.
pub fn gsm7_octets(text: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    for character in text.chars() {
        match septets(character) {
            Some((code, 1)) => octets.push(code),
            Some((code, _)) => octets.extend([ESCAPE, code]),
            None => octets.push(b'?'),
        }
    }
    octets
}

/// The text of octets with one septet each; what stands in no table is a question mark.
pub fn from_gsm7_octets(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    let mut octets = octets.iter();
    while let Some(&octet) = octets.next() {
        let character = if octet == ESCAPE {
            octets.next().and_then(|next| EXTENSION.iter().find(|(_, code)| code == next)).map(|(found, _)| *found)
        } else {
            BASE.get(usize::from(octet)).copied()
        };
        text.push(character.unwrap_or('?'));
    }
    text
}

/// UTF-16, big end first.
pub fn ucs2_octets(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// The text of UTF-16 octets, big end first; a broken pair or a lone last octet is a replacement mark.
pub fn from_ucs2_octets(octets: &[u8]) -> String {
    let units = octets.chunks(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0xfffd,
    });
    char::decode_utf16(units).map(|character| character.unwrap_or('\u{fffd}')).collect()
}

/// Replaces what only looks different in the seven-bit alphabet, so that one curly quote does not halve the room.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{2032}' | '`' | '´' => plain.push('\''),
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '«' | '»' | '\u{2033}' => plain.push('"'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => plain.push('-'),
            '\u{2026}' => plain.push_str("..."),
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => plain.push(' '),
            '\u{2192}' => plain.push_str("->"),
            '≥' => plain.push_str(">="),
            '≤' => plain.push_str("<="),
            '×' => plain.push('x'),
            '·' | '•' => plain.push('*'),
            'º' | '°' => {}
            'µ' | 'μ' => plain.push('u'),
            other => plain.push(other),
        }
    }
    plain
}

/// Cyrillic in Latin letters (as passports have it, ISO 9 without its marks); what has none is a question mark.
pub fn transliterated(text: &str) -> String {
    let mut latin = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut was_upper = false;
    while let Some(character) = characters.next() {
        // A word in capitals stays one: СРОЧНО is SROCHNO, and Чита is Chita.
        let is_shouted = was_upper || characters.peek().is_some_and(|next| next.is_uppercase());
        was_upper = character.is_uppercase();
        let lower = character.to_lowercase().next().unwrap_or(character);
        let Some(letters) = latin_of(lower) else {
            latin.push(if is_gsm7(character) { character } else { '?' });
            continue;
        };
        if lower == character {
            latin.push_str(letters);
        } else if is_shouted {
            latin.push_str(&letters.to_ascii_uppercase());
        } else {
            let mut letters = letters.chars();
            latin.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            latin.push_str(letters.as_str());
        }
    }
    latin
}

const fn latin_of(lower: char) -> Option<&'static str> {
    Some(match lower {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' => "g",
        'д' => "d",
        'е' | 'э' => "e",
        'ё' => "e",
        'є' => "ie",
        'ж' => "zh",
        'з' => "z",
        'и' => "i",
        'і' => "i",
        'ї' | 'й' => "i",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' | 'ў' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ъ' | 'ь' => "",
        'ы' => "y",
        'ю' => "iu",
        'я' => "ia",
        '№' => "No",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

    use super::{
        Alphabet, alphabet, fits, from_gsm7_octets, from_ucs2_octets, gsm7_octets, parts, plain, transliterated,
        ucs2_octets, units,
    };

    #[test]
    fn units_and_parts_are_those_of_the_standard() {
        let check = |text: &str, expect: Alphabet, expect_units: usize, expect_parts: usize| {
            assert_eq!(
                (alphabet(text), units(text), parts(text).len()),
                (expect, expect_units, expect_parts),
                "{text}"
            );
        };
        check("", Alphabet::Gsm7, 0, 1);
        check("a@£$", Alphabet::Gsm7, 4, 1);
        check("^{}\\[~]|€", Alphabet::Gsm7, 18, 1);
        check("\u{201c}", Alphabet::Ucs2, 1, 1);
        check("💥", Alphabet::Ucs2, 2, 1);
        check(&"a".repeat(160), Alphabet::Gsm7, 160, 1);
        check(&"a".repeat(161), Alphabet::Gsm7, 161, 2);
        check(&"a".repeat(306), Alphabet::Gsm7, 306, 2);
        check(&"a".repeat(307), Alphabet::Gsm7, 307, 3);
        check(&"€".repeat(80), Alphabet::Gsm7, 160, 1);
        // 153 is odd: an escape pair never straddles, so a part has 76 of them.
        check(&"€".repeat(152), Alphabet::Gsm7, 304, 2);
        check(&"€".repeat(153), Alphabet::Gsm7, 306, 3);
        check(&"я".repeat(70), Alphabet::Ucs2, 70, 1);
        check(&"я".repeat(71), Alphabet::Ucs2, 71, 2);
        check(&"я".repeat(134), Alphabet::Ucs2, 134, 2);
        // 67 is odd too: 33 surrogate pairs in a part.
        check(&"💥".repeat(66), Alphabet::Ucs2, 132, 2);
        check(&"💥".repeat(67), Alphabet::Ucs2, 134, 3);
        // What is in Latin-1 but not in the alphabet.
        check("ç", Alphabet::Ucs2, 1, 1);
        check("Ç", Alphabet::Gsm7, 1, 1);
    }

    #[test]
    fn look_alikes_and_cyrillic_have_seven_bits() {
        let check = |text: &str, expect: &str| {
            assert_eq!(transliterated(&plain(text)), expect);
            assert_eq!(alphabet(expect), Alphabet::Gsm7);
        };
        check("\u{201c}it\u{2019}s\u{201d} \u{2013} \u{2026}", "\"it's\" - ...");
        check("Щука ест сырьё, №5", "Shchuka est syre, No5");
        check("СРОЧНО! Код", "SROCHNO! Kod");
        check("文\u{200b}", "??");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn parts_are_the_text_and_each_fits_the_air(text in ".{0,400}") {
            let (alphabet, parts) = (alphabet(&text), parts(&text));
            prop_assert_eq!(parts.concat(), text.clone());
            let room = if parts.len() == 1 { alphabet.single() } else { alphabet.part() };
            for part in &parts {
                let octets = match alphabet {
                    Alphabet::Gsm7 => gsm7_octets(part).len(),
                    Alphabet::Ucs2 => ucs2_octets(part).len() / 2,
                };
                prop_assert!(octets <= room);
            }
            prop_assert!(fits(&text, parts.len()) && (parts.len() == 1 || !fits(&text, parts.len() - 1)));
            match alphabet {
                Alphabet::Gsm7 => prop_assert_eq!(from_gsm7_octets(&gsm7_octets(&text)), text),
                Alphabet::Ucs2 => prop_assert_eq!(from_ucs2_octets(&ucs2_octets(&text)), text),
            }
        }

        #[test]
        fn octets_of_anybody_are_read(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(from_gsm7_octets(&octets).chars().count() <= octets.len());
            prop_assert!(from_ucs2_octets(&octets).chars().count() <= octets.len());
        }
    }
}
