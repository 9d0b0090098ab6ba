//! What clients and registries ask by the registry's protocol: the challenge, the token endpoint, the registry token and
//! the catalogue, against a server in the test's own process.

mod base;
mod catalog;
mod credentials;
mod grant;
mod leaf;
mod refusals;
mod request;
mod scopes;
mod token;
mod without_namespace;
