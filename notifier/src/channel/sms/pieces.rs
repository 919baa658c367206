//! Pieces of a short text: each has shorter forms, and those that matter least give way first.

/// One piece of a text, its forms from the longest to the shortest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    forms: Vec<String>,
    /// Pieces with a higher rank are shortened first; 0 never is.
    rank: u8,
}

impl Piece {
    /// With these forms; an empty last one means that the piece may go.
    pub fn new(rank: u8, forms: Vec<String>) -> Piece {
        Piece { forms, rank }
    }

    /// What stays as it is.
    pub fn fixed(text: impl Into<String>) -> Piece {
        Piece::new(0, vec![text.into()])
    }

    /// What is there whole, or not at all.
    pub fn whole(rank: u8, text: impl Into<String>) -> Piece {
        Piece::new(rank, vec![text.into(), String::new()])
    }

    /// A name: cut to fewer and fewer characters, with a mark; at last it goes, or stays with the last of `sizes`.
    pub fn name(rank: u8, name: &str, sizes: &[usize], may_go: bool) -> Piece {
        let mut forms: Vec<String> = sizes.iter().map(|size| cut_name(name, *size)).collect();
        forms.dedup();
        if may_go {
            forms.push(String::new());
        }
        Piece::new(rank, forms)
    }

    /// A sentence: whole, then fewer and fewer of its words, then nothing. A word, and so a number or an address, is
    /// never cut.
    pub fn sentence(rank: u8, sentence: &str) -> Piece {
        let words: Vec<&str> = sentence.split_whitespace().take(WORDS_MAX).collect();
        let mut forms = Vec::with_capacity(words.len() + 1);
        for count in (1..=words.len()).rev() {
            if count < words.len().min(PART_WORDS_MIN) {
                break;
            }
            // A sentence does not end in a word that only leads to the next one.
            let mut kept = &words[..count];
            while let [rest @ .., last] = kept
                && count < words.len()
                && last.trim_end_matches(',').chars().count() < SHORT_WORD
                && last.chars().all(char::is_alphabetic)
            {
                kept = rest;
            }
            let text = kept.join(" ");
            let text = if count < words.len() { text.trim_end_matches([',', ';', ':', '(', '-']) } else { &text };
            forms.push(text.to_owned());
        }
        forms.push(String::new());
        forms.dedup();
        Piece::new(rank, forms)
    }
}

/// Words of a sentence that a short text looks at.
const WORDS_MAX: usize = 60;

/// Fewer words of a longer sentence say nothing.
const PART_WORDS_MIN: usize = 3;

/// Prepositions and the like.
const SHORT_WORD: usize = 4;

/// The first characters of a name; what was cut is marked.
fn cut_name(name: &str, characters_max: usize) -> String {
    if name.chars().count() <= characters_max {
        return name.to_owned();
    }
    let cut: String = name.chars().take(characters_max.saturating_sub(1)).collect();
    format!("{}*", cut.trim_end())
}

/// The pieces in their order with a space between them, as long as `fits` takes it: the longest forms that do, or of the
/// shortest ones as many whole words as fit.
pub fn compose(pieces: &[Piece], fits: impl Fn(&str) -> bool) -> String {
    try_compose(pieces, &fits).unwrap_or_else(|shortest| clip(&shortest, &fits))
}

/// The same; an error, the shortest forms, if even these do not fit.
///
/// Which piece gives way next depends on the ranks alone, so that the same notice is always the same text.
pub fn try_compose(pieces: &[Piece], fits: &impl Fn(&str) -> bool) -> Result<String, String> {
    let mut chosen = vec![0usize; pieces.len()];
    loop {
        let text = join(pieces, &chosen);
        if fits(&text) {
            return Ok(grown(pieces, chosen, text, fits));
        }
        let shorter = pieces
            .iter()
            .enumerate()
            .filter(|(at, piece)| piece.rank > 0 && chosen[*at] + 1 < piece.forms.len())
            // Of equal ranks the last one goes first.
            .max_by_key(|(at, piece)| (piece.rank, *at));
        match shorter {
            Some((at, _)) => chosen[at] += 1,
            None => return Err(text),
        }
    }
}

/// What gave way for nothing, because something larger had to go after it, comes back: what matters most first.
fn grown(pieces: &[Piece], mut chosen: Vec<usize>, text: String, fits: &impl Fn(&str) -> bool) -> String {
    let mut by_rank: Vec<usize> = (0..pieces.len()).filter(|at| chosen[*at] > 0).collect();
    by_rank.sort_by_key(|at| pieces[*at].rank);
    let mut best = text;
    for at in by_rank {
        let given = chosen[at];
        for form in 0..given {
            chosen[at] = form;
            let text = join(pieces, &chosen);
            if fits(&text) {
                best = text;
                break;
            }
            chosen[at] = given;
        }
    }
    best
}

fn join(pieces: &[Piece], chosen: &[usize]) -> String {
    let forms = pieces.iter().zip(chosen).filter_map(|(piece, at)| piece.forms.get(*at));
    forms.filter(|form| !form.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// For pieces that cannot be shortened and are too long all the same: as many whole words as fit.
fn clip(text: &str, fits: &impl Fn(&str) -> bool) -> String {
    let mut clipped = text;
    while !fits(clipped) {
        match clipped.rfind(' ') {
            Some(space) => clipped = &clipped[..space],
            None => return clipped.chars().take(1).collect(),
        }
    }
    clipped.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Piece, compose};

    #[test]
    fn what_matters_least_gives_way_first_and_words_stay_whole() {
        let pieces = [
            Piece::fixed("19.08 05:35"),
            Piece::name(3, "a-very-long-node-name", &[20, 8], false),
            Piece::sentence(9, "CPU 92.5% busy on web1, at 203.0.113.7"),
            Piece::fixed("Code K7F2Q9"),
        ];
        let check = |room: usize, expect: &str| {
            assert_eq!(compose(&pieces, |text| text.chars().count() <= room), expect, "{room}");
        };
        check(200, "19.08 05:35 a-very-long-node-na* CPU 92.5% busy on web1, at 203.0.113.7 Code K7F2Q9");
        check(80, "19.08 05:35 a-very-long-node-na* CPU 92.5% busy on web1 Code K7F2Q9");
        check(64, "19.08 05:35 a-very-long-node-na* CPU 92.5% busy Code K7F2Q9");
        check(50, "19.08 05:35 a-very-long-node-na* Code K7F2Q9");
        check(33, "19.08 05:35 a-very-* Code K7F2Q9");
        check(15, "19.08 05:35");
    }
}
