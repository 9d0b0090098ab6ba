//! Tests of the use-cases together.
