//! The integration tests: one binary with a room for each kind of test, and their common ground in `support`.

// Says to clippy that functions beside the tests are tests too, with the same freedoms.
#![cfg(test)]

mod api;
mod architecture;
mod browser;
mod corpora;
mod e2e;
mod golden;
mod manual;
mod packaging;
mod protocol;
mod scanners;
mod support;
mod ui_sources;
mod went_wrong;
