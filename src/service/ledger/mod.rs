//! The ways to the state, and the audit log: what is done is a deed, and every change and every denial has its record.

mod audit;
mod change;
mod deed;
mod waiting;

pub use audit::AuditFilter;

pub(in crate::service) use change::{Change, Upkeep, Writing};
pub(in crate::service) use deed::Deed;
pub(in crate::service) use waiting::AuditBuffer;
