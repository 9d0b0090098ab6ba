//! Every operation of the API, one file for each kind of thing. The type of an operation is its name.

pub mod access_tokens;
pub mod accounts;
pub mod audit;
pub mod grants;
pub mod organizations;
pub mod pages;
pub mod registry;
pub mod repositories;
pub mod search;
pub mod server;

use super::Described;

/// All of them, in the order of the OpenAPI document.
#[must_use]
pub fn all() -> Vec<Described> {
    let kinds = [
        access_tokens::all(),
        repositories::all(),
        grants::all(),
        accounts::all(),
        organizations::all(),
        search::all(),
        audit::all(),
        registry::all(),
        server::all(),
        pages::all(),
    ];
    kinds.into_iter().flatten().collect()
}
