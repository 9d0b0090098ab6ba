//! Every operation of the API, one file for each kind of thing. The type's name is the operation's name.

pub mod access_tokens;
pub mod accounts;
pub mod answers;
pub mod audit;
pub mod grants;
pub mod keeping;
pub mod organizations;
pub mod pages;
pub mod registry;
pub mod repositories;
pub mod robots;
pub mod search;
pub mod server;

use super::Described;

/// All operations, in the order of the OpenAPI document.
#[must_use]
pub fn all() -> Vec<Described> {
    let kinds = [
        access_tokens::all(),
        robots::all(),
        repositories::all(),
        grants::all(),
        answers::all(),
        accounts::all(),
        organizations::all(),
        search::all(),
        audit::all(),
        registry::all(),
        server::all(),
        keeping::all(),
        pages::all(),
    ];
    kinds.into_iter().flatten().collect()
}
