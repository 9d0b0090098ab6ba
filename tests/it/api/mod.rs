//! The HTTP API, against a server in the test's own process with a clock that the test moves: one module per resource,
//! and some for what all of them share (`matrix`, `bad_input`, `paging`, `throttle`). Stories that need a real registry
//! or a real client are in `e2e`; the registry's own protocol is in `protocol`.

mod access;
mod accounts;
mod activity;
mod answers;
mod audit;
mod bad_input;
mod clients;
mod comparison;
mod compressed;
mod cross_origin;
mod days;
mod events;
mod events_secret;
mod last_administrator;
mod leaver;
mod limits;
mod local_socket;
mod matrix;
mod organizations;
mod overlaps;
mod pages;
mod paging;
mod permissions;
mod push_cap;
mod reach;
mod registry;
mod registry_host;
mod replaced_secrets;
mod repositories;
mod revocation;
mod robots;
mod search;
mod session_list;
mod sessions;
mod settings;
mod tag_deletion;
mod tags;
mod teams;
mod terraform;
mod throttle;
mod token_counts;
mod tokens;
