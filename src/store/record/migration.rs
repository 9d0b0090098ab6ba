//! How far a migration has come: only in a store that is being made.

use serde::{Deserialize, Serialize};

use crate::store::codec::{self, DecodeError};
use crate::store::row::frozen;

frozen!(MigrationV1 is 19, 1;; {
    table: String,
    key: Vec<u8>,
});

/// What such a record says.
///
/// # Errors
/// [`DecodeError`]
pub(in crate::store) fn progress(bytes: &[u8]) -> Result<MigrationV1, DecodeError> {
    codec::decode(bytes)
}
