//! Randomness from the operating system: the only place that draws it.

use rand::TryRng;
use rand::rngs::SysRng;

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness: {0}")]
pub struct NoRandomness(String);

/// `N` random bytes from the operating system, fit for secrets.
///
/// # Errors
/// [`NoRandomness`] if the operating system refuses; nothing weaker is used instead.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| NoRandomness(error.to_string()))?;
    Ok(bytes)
}
