//! How far a migration has come: only in a store that is being made.

use serde::{Deserialize, Serialize};

use crate::store::row::frozen;

frozen!(MigrationV1 is 19, 1;; {
    table: String,
    key: Vec<u8>,
});
