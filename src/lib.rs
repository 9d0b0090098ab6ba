//! dockpass.
pub mod api;
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod registry;
pub mod service;
pub mod store;
