//! Pure values and rules: names, access levels, scopes, grants, accounts, access tokens.
//!
//! No I/O and no global state here, but for the two doors to the operating system that everything else must go
//! through: [`time::Clock`] and [`random::bytes`].

pub mod access;
pub mod account;
pub mod act;
pub mod audit;
pub mod bcrypt_hash;
pub mod checkup;
pub mod content;
pub mod days;
pub mod distribution;
pub mod duration;
pub mod entered;
pub mod grant;
pub mod host;
pub mod id;
pub mod immutable_tags;
pub mod key_header;
pub mod latest;
pub mod name;
pub mod order;
pub mod organization;
pub mod owner_place;
pub mod pace;
pub mod password;
pub mod program;
pub mod random;
pub mod receiver;
pub mod registry;
pub mod repository;
pub mod scope;
pub mod sealed_number;
pub mod secret;
pub mod settings;
pub mod setup;
pub mod source;
pub mod text;
pub mod time;
pub mod token;
pub mod token_order;
pub mod token_uses;
pub mod trouble;
pub mod upstream;
pub mod usage;
pub mod user_name;
pub mod words;
