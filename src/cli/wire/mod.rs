//! The API client: paths and queries of operations; requests and answers over the socket, over TLS or in this
//! process; lists read page by page.

mod client;
mod connection;
mod list;
mod path;
mod remote;
mod socket;

pub(in crate::cli) use client::ApiAnswer;
pub(in crate::cli) use connection::{Api, is_served};
pub(in crate::cli) use list::List;
#[cfg(test)]
pub(in crate::cli) use path::ApiPath;
pub(in crate::cli) use path::parts;
pub(in crate::cli) use remote::{Remote, Trusted, canonical};
