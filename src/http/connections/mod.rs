//! Connections: who may have one, for how long, and how much memory may wait for clients.
//!
//! `room` shares all of it out by source; `connection` is what is known of one; `stream` and `body` are what actix reads,
//! writes and sends through, `bare` what it answers by itself, and `expect` when it asks for a body
//! (`interim`); `listener` accepts; `pulse` asks whether the threads that do all this still do.

mod bare;
mod body;
mod connection;
mod expect;
mod files;
mod interim;
mod limits;
mod listener;
mod pulse;
mod room;
mod stream;

pub(super) use files::with_room_for_files;
pub(super) use limits::Limits;
pub(super) use listener::{MetricsDoor, Respond, Servers, Site};
pub(super) use pulse::Pulse;
pub(super) use room::Place;
