//! The ways into the store, and the audit log: what is done is a deed, and each change and each denial leaves a record.
//! What is refused has room by the hour (`budget`), and is summed beyond it (`sums`); an account may change so much a minute
//! (`pace`). The server's log tells of refusals, too (`told`). How much of the log is kept, the store sees to.

mod audit;
mod audit_filter;
mod budget;
mod change;
mod deed;
mod ending;
mod outgoing;
mod pace;
mod sums;
mod target;
mod told;
mod waiting;

pub use audit::{AuditPage, AuditPlace};
pub use audit_filter::AuditFilter;

pub(in crate::service) use audit::AuditWalk;
pub(in crate::service) use audit_filter::Filter;
pub(in crate::service) use change::{Change, Upkeep, Writing};
pub(in crate::service) use deed::Deed;
pub(in crate::service) use pace::Pace;
pub(in crate::service) use told::LinePace;
pub(in crate::service) use waiting::AuditBuffer;
