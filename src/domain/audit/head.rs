//! The end of the audit chain, and the text by which it is noted elsewhere.

use std::fmt;
use std::str::FromStr;

use crate::domain::time::Timestamp;

/// The end of the audit chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct AuditHead {
    /// Number of the last record; 0 if there is none.
    pub seq: u64,
    /// Its hash; zeros if there is none.
    pub hash: [u8; 32],
}

/// The end of the part of the log that was removed and summed up: it begins with the first record, and nothing of it is left
/// but this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditAnchor {
    /// Where the chain is there.
    pub head: AuditHead,
    /// When it was summed up.
    pub at: Timestamp,
}

/// What a head that was noted elsewhere is to a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotedHead {
    /// The log has it.
    There,
    /// It lies within the part that is summed up, of which no single hash is left: nobody can tell.
    SummedUp,
    /// The log does not have it: it was cut, or is another.
    Missing,
}

/// Why a text names no place in the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected SEQ:HASH as `dockpass audit head` prints it: a number, a colon, 64 hexadecimal digits")]
pub struct InvalidHead;

impl AuditHead {
    /// The hash in lower-case hexadecimal.
    #[must_use]
    pub fn hash_text(&self) -> String {
        blake3::Hash::from_bytes(self.hash).to_hex().to_string()
    }
}

impl fmt::Display for AuditHead {
    /// `SEQ:HASH`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash_text())
    }
}

impl FromStr for AuditHead {
    type Err = InvalidHead;

    fn from_str(text: &str) -> Result<Self, InvalidHead> {
        let (number, hash) = text.split_once(':').ok_or(InvalidHead)?;
        let digits = Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        let seq = digits.and_then(|digits| digits.parse().ok()).ok_or(InvalidHead)?;
        let hash = blake3::Hash::from_hex(hash).map_err(|_| InvalidHead)?;
        Ok(Self { seq, hash: *hash.as_bytes() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_a_number_and_a_hash() {
        let hash = "AB".repeat(32);
        let head: AuditHead = format!("12:{hash}").parse().unwrap();
        assert_eq!((head.seq, head.to_string()), (12, format!("12:{}", hash.to_lowercase())));
        for text in ["12", "12:", ":", "x:ab", &format!("+1:{hash}"), &format!(":{hash}"), &format!("1:{hash}0")] {
            assert_eq!(text.parse::<AuditHead>(), Err(InvalidHead), "{text}");
        }
    }
}
