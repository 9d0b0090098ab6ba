//! What a few names are made of: a small summary that says which texts are in none of them.

/// Characters that names have, and one for all others.
const SYMBOLS: u64 = 41;
const PAIRS: usize = (SYMBOLS * SYMBOLS).div_ceil(64) as usize;
/// Longer parts that are noted. A text of such a length is found as surely as it is there; of others, parts might be in
/// several names.
const LENGTHS: [usize; 3] = [6, 4, 3];
/// Bits for longer parts, of which each sets two: 256 to a name where they are fewest. Of random names of 24 characters that
/// differ in all, one in seven parts seems to be there and is not; of such as people give, one in fifty.
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

/// The parts of a text that have this length, each as a number.
fn parts(text: &str, length: usize) -> impl Iterator<Item = u64> {
    text.as_bytes().windows(length).map(|part| part.iter().fold(0, |number, byte| number * SYMBOLS + symbol(*byte)))
}

fn letters(text: &str) -> u64 {
    text.bytes().fold(0, |letters, byte| letters | 1 << symbol(byte))
}

/// The places of pairs of characters.
fn pairs(text: &str) -> impl Iterator<Item = usize> {
    parts(text, 2).filter_map(|pair| usize::try_from(pair).ok())
}

/// The places of longer parts, longest first.
fn longer(text: &str) -> impl Iterator<Item = usize> {
    LENGTHS.into_iter().flat_map(move |length| parts(text, length).flat_map(move |part| places(length, part)))
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
        pairs(name).for_each(|place| set(&mut self.pairs, place));
        longer(name).for_each(|place| set(&mut self.longer, place));
    }
}

/// A text that is looked for in names.
#[derive(Clone, Debug)]
pub struct Sought {
    text: String,
    letters: u64,
    pairs: Vec<usize>,
    longer: Vec<usize>,
}

impl Sought {
    /// Names are in lower case, and compared byte for byte.
    #[must_use]
    pub fn new(text: String) -> Self {
        let (letters, pairs, longer) = (letters(&text), pairs(&text).collect(), longer(&text).collect());
        Self { text, letters, pairs, longer }
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
            prop_assert_eq!(may_be(&text, &["alice/app"]), "alice/app".contains(&text) || may_be(&text, &["alice/app"]));
        }
    }
}
