//! Tests of the use-cases together.

mod model;
mod operations;
mod registry_tokens;
mod support;
