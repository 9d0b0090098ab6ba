//! From what a request shows to a caller: passwords, access tokens, sessions, registry tokens, the registry's own
//! secret. And the secret of the metrics, which makes no caller.

mod authentication;
mod by_password;
mod credentials;
mod events_secret;
mod failures;
mod file_secret;
mod first_password;
mod first_uses;
mod gate;
mod imported;
mod last_uses;
mod passwords;
mod remembered;
mod session_ends;
mod session_list;
mod sessions;
mod throttle;

pub use credentials::Credentials;
pub use file_secret::{FileSecretError, SecretOf};
pub use session_list::ListedSession;
pub use sessions::{LONGEST_SESSION, SessionSecret, SessionView};

pub(in crate::service) use by_password::Shown;
pub(in crate::service) use file_secret::FileSecret;
pub(in crate::service) use first_password::ADMIN;
#[cfg(test)]
pub(in crate::service) use imported::rounds_of;
pub(in crate::service) use last_uses::LastUses;
pub(in crate::service) use passwords::Passwords;
pub(in crate::service) use remembered::Remembered;
pub(in crate::service) use session_ends::SessionEnds;
pub(in crate::service) use sessions::Sessions;
pub(in crate::service) use throttle::Throttle;
