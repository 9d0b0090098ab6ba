//! Answers to what people ask of access: why somebody may or may not do something, what an account, a team or an access
//! token reaches, and which access tokens reach a repository. They only read, and the rules are those of `access`.

mod check;
mod reach;
mod tokens;
mod view;
mod walk;

pub use check::{AskedAccess, CheckedAccess};
pub use reach::AccessList;
pub use tokens::{ReachingToken, ReachingTokens};
pub use view::{CutView, ReachedView, SourceView};
