//! The commands: for each noun its arguments, what it asks the API for, and how the answers read.

pub(in crate::cli) mod about;
pub(in crate::cli) mod access;
mod account;
mod activity;
pub(in crate::cli) mod audit;
pub(in crate::cli) mod config;
pub(in crate::cli) mod grant;
mod left;
pub(in crate::cli) mod org;
mod reach;
pub(in crate::cli) mod registry;
pub(in crate::cli) mod repo;
pub(in crate::cli) mod serve;
pub(in crate::cli) mod settings;
mod stakes;
pub(in crate::cli) mod team;
pub(in crate::cli) mod token;
pub(in crate::cli) mod user;
mod values;
mod why;
