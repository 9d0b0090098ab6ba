//! Connections: who may have one, for how long, and how much memory may wait for clients.
//!
//! `room` shares all of it out by source; `connection` is what is known of one; `stream` and `body` are what actix reads,
//! writes and sends through; `listener` accepts.

mod body;
mod connection;
mod files;
mod listener;
mod room;
mod stream;

pub(super) use body::in_pieces;
pub(super) use connection::Connection;
pub(super) use files::with_room_for_files;
pub(super) use listener::{Servers, Site};
pub(super) use room::Limits;
