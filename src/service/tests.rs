//! Tests of the use-cases together.

mod audit_log;
mod between;
mod both;
mod bounds;
mod bundles;
mod comparisons;
mod content;
mod deletions;
mod doing;
mod floods;
mod held;
mod looking;
mod missing;
mod model;
mod notices;
mod operations;
mod organizations;
mod purging;
mod random;
mod registry_tokens;
mod remains;
mod scale;
mod strangers;
mod support;
mod telling;
