//! Tests of the use-cases together.

mod both;
mod doing;
mod looking;
mod model;
mod operations;
mod organizations;
mod random;
mod registry_tokens;
mod support;
