//! The ways into the store, and the audit log: what is done is a deed, and each change and each denial leaves a record.

mod audit;
mod budget;
mod change;
mod deed;
mod sums;
mod target;
mod waiting;

pub use audit::AuditFilter;

pub(in crate::service) use change::{Change, Upkeep, Writing};
pub(in crate::service) use deed::Deed;
pub(in crate::service) use waiting::AuditBuffer;
