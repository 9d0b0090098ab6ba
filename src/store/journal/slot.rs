//! The slots of the journal: whole blocks with a checksum each, so that a torn or damaged one leaves the others.
//!
//! A slot begins with `dkpj`, the length of its content, and the first 24 bytes of the BLAKE3 of both; the rest of its
//! last block is zero. Its content is a record with a version ([`crate::store::codec`]).

/// The unit of the file, in bytes: no disk writes less, so that a torn write harms no other slot.
pub(super) const BLOCK: usize = 4_096;

const MAGIC: &[u8] = b"dkpj";
const LENGTH: usize = 4;
const CHECK: usize = 24;

/// The slot of this content.
pub(super) fn framed(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes();
    let check = check(length, content);
    let mut slot = [MAGIC, &length, &check, content].concat();
    slot.resize(slot.len().next_multiple_of(BLOCK), 0);
    slot
}

/// The content of the slot that these bytes begin with; none if there is none, or it is not whole.
pub(super) fn content(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<LENGTH>()?;
    let (found, rest) = rest.split_first_chunk::<CHECK>()?;
    let content = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    (check(*length, content) == *found).then_some(content)
}

/// How many blocks a slot with this content has.
pub(super) fn blocks(content: &[u8]) -> usize {
    (MAGIC.len() + LENGTH + CHECK + content.len()).div_ceil(BLOCK)
}

fn check(length: [u8; LENGTH], content: &[u8]) -> [u8; CHECK] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&length);
    hasher.update(content);
    let mut check = [0; CHECK];
    hasher.finalize_xof().fill(&mut check);
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_has_whole_blocks_and_gives_back_its_content() {
        for length in [0, 1, BLOCK - 33, BLOCK - 32, BLOCK - 31, 3 * BLOCK] {
            let filling = vec![7; length];
            let slot = framed(&filling);
            assert_eq!((slot.len() % BLOCK, slot.len() / BLOCK), (0, blocks(&filling)), "{length}");
            assert_eq!(content(&slot), Some(filling.as_slice()));
            assert_eq!(content(&[slot, vec![1; BLOCK]].concat()), Some(filling.as_slice()));
        }
    }

    /// Slots are read for ever.
    #[test]
    fn a_slot_has_the_bytes_that_it_always_had() {
        let slot = framed(b"record");
        let first = blake3::hash(b"\x06\0\0\0record");
        assert_eq!(slot.get(..8), Some(&b"dkpj\x06\0\0\0"[..]));
        assert_eq!(slot.get(8..32), first.as_bytes().get(..24));
        assert_eq!(slot.get(32..39), Some(&b"record\0"[..]));
    }

    #[test]
    fn any_changed_bit_and_any_missing_byte_is_noticed() {
        let slot = framed(&[7; 40]);
        for bit in 0..72 * 8 {
            let mut damaged = slot.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(content(&damaged), None, "bit {bit}");
        }
        assert!((0..72).all(|length| content(&slot[..length]).is_none()));
        assert_eq!(content(&[0; BLOCK]), None);
    }
}
