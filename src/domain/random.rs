//! Randomness from the operating system: the only place that draws it.
//!
//! There is no generator of our own whose state could be guessed or repeated: bytes are handed out as they were drawn, each once.
//! What a thread keeps of them is for identifiers alone (`of_identifier`). It belongs to the thread, not to a caller, as the call
//! that it saves was as dear as the rest of an identifier, wherever one is made; a pool that every maker of an identifier had to
//! be given would be the same with more arguments, and one for all threads would make them wait for each other.

use std::cell::RefCell;

use rand::TryRng;
use rand::rngs::SysRng;

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness: {0}")]
pub struct NoRandomness(String);

/// Bytes for identifiers that a thread draws at a time.
const DRAWN: usize = 1_024;

thread_local! {
    /// What this thread has drawn, and how many of these bytes are used.
    static READY: RefCell<([u8; DRAWN], usize)> = const { RefCell::new(([0; DRAWN], DRAWN)) };
}

/// `N` random bytes from the operating system for an identifier, which is no secret: they are drawn many at a time, since the
/// call alone costs as much as all the rest of making one, and wait in memory. At most 1,024.
///
/// # Errors
/// [`NoRandomness`] if the operating system refuses.
pub fn of_identifier<const N: usize>() -> Result<[u8; N], NoRandomness> {
    const { assert!(N <= DRAWN) };
    READY.with_borrow_mut(|(ready, used)| {
        if DRAWN - *used < N {
            (*ready, *used) = (bytes()?, 0);
        }
        let taken = ready.get(*used..).and_then(|rest| rest.first_chunk()).copied();
        *used += N;
        // There are so many left, as was just looked after.
        taken.ok_or_else(|| NoRandomness("too few bytes".to_owned()))
    })
}

/// `N` random bytes from the operating system, fit for secrets.
///
/// # Errors
/// [`NoRandomness`] if the operating system refuses; nothing weaker is used instead.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| NoRandomness(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_bytes_are_given_twice_however_many_are_drawn_at_a_time() {
        let taken: HashSet<[u8; 10]> = (0..10_000).map(|_| of_identifier().unwrap()).collect();
        assert_eq!(taken.len(), 10_000);
        let halves: HashSet<[u8; 8]> = taken.iter().map(|bytes| *bytes.first_chunk().unwrap()).collect();
        assert_eq!(halves.len(), 10_000, "nor in part");
        assert!(
            std::thread::spawn(|| of_identifier::<10>().unwrap()).join().is_ok_and(|other| !taken.contains(&other))
        );
    }
}
