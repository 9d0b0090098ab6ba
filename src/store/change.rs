//! What is written: one key of one table.

use super::table::Table;

/// One key of one table and its new value; none removes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowChange {
    pub(super) table: Table,
    pub(super) key: Vec<u8>,
    pub(super) value: Option<Vec<u8>>,
}
