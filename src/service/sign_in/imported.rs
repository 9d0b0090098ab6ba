//! Passwords whose hashes came from elsewhere: bcrypt, until the first sign-in hashes them anew.
//!
//! While there is one, every password that is not found right costs the same: the work of argon2id, and that of bcrypt at
//! the highest cost that any account has. So nobody can tell by the time whose password was imported, and who is there at
//! all. A right one of argon2id costs its own hash alone. Others never wait for the work of bcrypt, which has a gate of its
//! own ([`super::passwords`]).

use crate::domain::bcrypt_hash::{BCRYPT_BYTES, BcryptHash};
use crate::domain::secret::Password;

/// Whether this is the password of the hash, as far as bcrypt looks at it.
pub(super) fn is_same(password: &Password, hash: &BcryptHash) -> bool {
    let found = work(password, hash.cost(), hash.salt());
    // `blake3::Hash` compares in constant time.
    let whole = |bytes: &[u8]| {
        let mut whole = [0; 32];
        whole.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        blake3::Hash::from_bytes(whole)
    };
    let expected = hash.expected();
    whole(found.get(..expected.len()).unwrap_or_default()) == whole(&expected)
}

/// Works as long as is missing from `done`, the cost of what was compared, if anything was, to the cost `whole`: both are costs
/// of hashes that were read, and so within bounds.
pub(super) fn make_up(password: &Password, done: Option<u32>, whole: u32) {
    // Each cost is twice the one before: those from `done` up to `whole` make the difference of the two.
    let missing = done.map_or(whole..whole + 1, |done| done..whole);
    for cost in missing {
        std::hint::black_box(work(password, cost, [0x5a; 16]));
    }
}

#[cfg(test)]
thread_local! {
    /// How many rounds of bcrypt this thread has worked.
    static ROUNDS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// How many rounds of bcrypt a work takes.
#[cfg(test)]
pub(in crate::service) fn rounds_of<T>(work: impl FnOnce() -> T) -> u64 {
    let before = ROUNDS.get();
    let _ = work();
    ROUNDS.get() - before
}

/// bcrypt's work. It looks at the first bytes, and at the zero behind a shorter password.
fn work(password: &Password, cost: u32, salt: [u8; 16]) -> [u8; 24] {
    let mut bytes = [0; BCRYPT_BYTES];
    let typed = password.reveal().as_bytes();
    bytes.iter_mut().zip(typed).for_each(|(to, from)| *to = *from);
    let looked_at = bytes.get(..(typed.len() + 1).min(BCRYPT_BYTES)).unwrap_or(&bytes);
    let found = bcrypt::bcrypt(cost, salt, looked_at);
    #[cfg(test)]
    ROUNDS.set(ROUNDS.get() + (1 << cost));
    zeroize::Zeroize::zeroize(&mut bytes);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_it(password: &str, hash: &str) -> bool {
        is_same(&Password::new(password.to_owned()), &BcryptHash::parse(hash).unwrap())
    }

    /// Of Apache's htpasswd (`$2y$`) and of crypt(3) (`$2b$`).
    #[test]
    fn hashes_of_other_programs_are_compared() {
        let horse = [
            "$2y$05$4Sd.snqoD8rdoTzWgQChE.T4aRSKZdLSDyTKJgsa2Vijhe0OuiEKO",
            "$2b$05$WKpRk3iHwVqDyDvXcx0qEOhXp9S5mInjDQBnGJD0PY/5L.bdgTTVC",
        ];
        for hash in horse {
            assert!(is_it("correct horse", hash));
            for other in ["", "correct hors", "correct horse ", "Correct horse", "correct horse\0"] {
                assert!(!is_it(other, hash), "{other}");
            }
        }
        assert!(is_it("short", "$2y$04$kae3Aq/4ENhRmnwWmgSW1uUH5cEC.tOoS5F25iFeJJ4c2.cn3tQ56"));
    }

    #[test]
    fn the_first_72_bytes_count() {
        let hash = "$2y$04$tmHWcUS5ZouqHzp8hYnzEOD8lnxuD/2irSF6Y8B46.7mpofF5HOIm";
        assert!(is_it(&"x".repeat(72), hash) && is_it(&"x".repeat(200), hash));
        assert!(!is_it(&"x".repeat(71), hash));
    }
}
