//! From what a request shows to a caller: passwords, access tokens, sessions, registry tokens, the registry's own
//! secret.

mod authentication;
mod events_secret;
mod first_password;
mod first_uses;
mod gate;
mod passwords;
mod session_ends;
mod session_list;
mod sessions;
mod throttle;

pub use authentication::Credentials;
pub use events_secret::EventsSecretError;
pub use session_list::ListedSession;
pub use sessions::{LONGEST_SESSION, SessionSecret, SessionView};

pub(in crate::service) use events_secret::EventsSecret;
pub(in crate::service) use first_password::ADMIN;
pub(in crate::service) use passwords::Passwords;
pub(in crate::service) use session_ends::SessionEnds;
pub(in crate::service) use sessions::Sessions;
pub(in crate::service) use throttle::Throttle;
