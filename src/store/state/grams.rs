//! What a few names are made of: a small summary that says which texts are in none of them.

/// Characters that names have, and one for all others.
const SYMBOLS: u64 = 41;
/// Words of a bit for each pair of them.
const PAIRS: usize = 27;
/// Lengths of the longer parts that are noted. A text of such a length is found as surely as it is there; of others,
/// parts might be in several names.
const LENGTHS: [usize; 3] = [3, 4, 6];
const LONGEST: usize = 6;
/// Bits for longer parts, of which each sets two. Of 64 random names of 24 characters, one part in seven seems to be
/// there and is not; names that people give are more alike.
const BITS: usize = 1 << 14;

fn symbol(byte: u8) -> u64 {
    u64::from(match byte {
        b'a'..=b'z' => byte - b'a',
        b'0'..=b'9' => byte - b'0' + 26,
        b'.' => 36,
        b'_' => 37,
        b'-' => 38,
        b'/' => 39,
        _ => 40,
    })
}

fn letters(text: &str) -> u64 {
    text.bytes().fold(0, |letters, byte| letters | 1 << symbol(byte))
}

/// Calls `note` with each part of a text: its length, and the part as a number.
fn each_part(text: &str, mut note: impl FnMut(usize, u64)) {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let mut part = 0;
        for (before, byte) in rest.iter().take(LONGEST).enumerate() {
            part = part * SYMBOLS + symbol(*byte);
            note(before + 1, part);
        }
        rest = rest.get(1..).unwrap_or_default();
    }
}

fn pair_place(pair: u64) -> usize {
    usize::try_from(pair).unwrap_or(0)
}

fn places(length: usize, part: u64) -> [usize; 2] {
    let mixed = (part * 8 + length as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let place = |shift: u32| usize::try_from(mixed >> shift).unwrap_or(0) % BITS;
    [place(50), place(36)]
}

fn set(bits: &mut [u64], place: usize) {
    if let Some(word) = bits.get_mut(place / 64) {
        *word |= 1 << (place % 64);
    }
}

fn has(bits: &[u64], place: usize) -> bool {
    bits.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
}

/// The parts of some names: single characters and pairs exactly, longer ones so that one that is there is never missed.
#[derive(Clone)]
pub(super) struct Grams {
    letters: u64,
    pairs: [u64; PAIRS],
    longer: [u64; BITS / 64],
}

impl Grams {
    /// Of no names.
    pub(super) fn new() -> Self {
        Self { letters: 0, pairs: [0; PAIRS], longer: [0; BITS / 64] }
    }

    pub(super) fn add(&mut self, name: &str) {
        self.letters |= letters(name);
        each_part(name, |length, part| match length {
            2 => set(&mut self.pairs, pair_place(part)),
            _ if LENGTHS.contains(&length) => {
                places(length, part).into_iter().for_each(|place| set(&mut self.longer, place));
            }
            _ => {}
        });
    }
}

/// A text that is looked for in names.
#[derive(Clone, Debug)]
pub struct Sought {
    text: String,
    letters: u64,
    pairs: Vec<usize>,
    /// Longest parts first, which are in the fewest names.
    longer: Vec<usize>,
}

impl Sought {
    /// Names are in lower case, and compared byte for byte.
    #[must_use]
    pub fn new(text: String) -> Self {
        let (mut pairs, mut longer) = (Vec::new(), Vec::new());
        each_part(&text, |length, part| match length {
            2 => pairs.push(pair_place(part)),
            _ if LENGTHS.contains(&length) => longer.push((length, places(length, part))),
            _ => {}
        });
        longer.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
        let longer = longer.into_iter().flat_map(|(_, places)| places).collect();
        Self { letters: letters(&text), text, pairs, longer }
    }

    /// Whether it is in a name.
    #[must_use]
    pub fn is_in(&self, name: &str) -> bool {
        name.contains(&self.text)
    }

    /// Whether it may be in one of these names.
    pub(super) fn may_be_in(&self, grams: &Grams) -> bool {
        self.letters & !grams.letters == 0
            && self.longer.iter().all(|place| has(&grams.longer, *place))
            && self.pairs.iter().all(|place| has(&grams.pairs, *place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grams(names: &[&str]) -> Grams {
        let mut grams = Grams::new();
        names.iter().for_each(|name| grams.add(name));
        grams
    }

    fn may_be(text: &str, names: &[&str]) -> bool {
        Sought::new(text.to_owned()).may_be_in(&grams(names))
    }

    #[test]
    fn what_is_in_no_name_is_mostly_seen_at_once() {
        let names = ["alice/app", "alice/app-2", "bob/web.site", "busybox"];
        for there in ["", "a", "e/", "app", "pp-2", "alice/app", "b/web.", "x"] {
            assert!(may_be(there, &names), "{there}");
        }
        for not_there in ["z", "7", "A", "é", "ax", "xb", "app-3", "web/site", "zzzzzz", "alice-app", "pp-2b"] {
            assert!(!may_be(not_there, &names), "{not_there}");
        }
        // Parts of several names are taken for one, and the names themselves decide.
        assert!(may_be("xyz", &["1xyz"]) && !may_be("wxyz", &["wxy", "xyz"]));
    }

    #[test]
    fn a_full_block_still_tells_most_texts_apart() {
        let names: Vec<String> =
            (0..64_u64).map(|number| format!("team-{}/service-{}", number / 8, number * 977)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let grams = grams(&names);
        let seems = (0..10_000_u64).filter(|number| {
            let text: String =
                (0..4).map(|place| char::from(b'a' + u8::try_from((number >> (4 * place)) % 16).unwrap())).collect();
            Sought::new(text).may_be_in(&grams)
        });
        assert!(seems.count() < 100);
    }

    proptest! {
        #[test]
        fn what_is_there_is_never_missed(
            names in proptest::collection::vec("[a-z0-9]{1,6}([._/-][a-z0-9]{1,6}){0,3}", 1..70),
            pick in 0..70_usize,
            start in 0..30_usize,
            length in 0..30_usize,
        ) {
            let name = &names[pick % names.len()];
            let start = start % name.len();
            let text = &name[start..name.len().min(start + length)];
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            prop_assert!(may_be(text, &names));
        }

        #[test]
        fn any_text_can_be_looked_for(text in ".{0,300}") {
            prop_assert!(may_be(&text, &["alice/app"]) || !"alice/app".contains(&text));
        }
    }
}
