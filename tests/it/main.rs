//! The integration tests: one binary, a module for each resource or story, and what they stand on in `support`.
//! Those that begin with `e2e` use the built executable, Debian's registry and real clients; `tests/run` installs
//! what they need.

// Says to clippy that functions beside the tests are tests too, with the same freedoms.
#![cfg(test)]

mod e2e;
mod e2e_access;
mod e2e_durability;
mod e2e_secrets;
mod e2e_start;
mod e2e_tls;
mod e2e_token_limits;
mod support;
