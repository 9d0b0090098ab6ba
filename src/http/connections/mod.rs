//! Connections: who may have one, for how long, and how much memory may wait for clients.
//!
//! `room` shares all of it out by source; `connection` is what is known of one; `stream` and `body` are what actix reads,
//! writes and sends through, and `bare` what it answers by itself; `listener` accepts.

mod bare;
mod body;
mod connection;
mod files;
mod limits;
mod listener;
mod room;
mod stream;

pub(super) use files::with_room_for_files;
pub(super) use limits::Limits;
pub(super) use listener::{Respond, Servers, Site};
pub(super) use room::Place;
