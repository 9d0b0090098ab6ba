//! Requests of the registry's API that are decided here one by one: those that go through the gateway, and those that a
//! proxy asks about.
//!
//! `admission` decides what may go on, from what the caller may at this moment, within the registry token that it showed.
//! `uploads` lets an upload go on that was begun with a right. `seen` records what went through.

mod admission;
mod seen;
mod uploads;

pub use admission::{Admission, Admitted};
pub(in crate::service) use uploads::Uploads;
