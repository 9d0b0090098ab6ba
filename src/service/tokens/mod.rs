//! Access tokens, which people make, and registry tokens, which they get for them; passes are dockpass's own.

mod access_tokens;
mod activity;
mod counts;
mod given;
mod grants;
mod identification;
mod labels;
mod pass;
mod preview;
mod reach;
mod refusals;
mod registry_tokens;
mod removal;
mod revocation;
mod robots;
mod rotation;
mod selection;
mod warnings;
mod which;

pub use access_tokens::{Expiry, NewToken, ReplacedView, TokenView, UpdatedToken};
pub use counts::TokenCounts;
pub use identification::IdentifiedToken;
pub use pass::{Errand, OWN_NAME, Pass};
pub use preview::ReachPreview;
pub use registry_tokens::{Decided, Issued};
pub use robots::NewRobot;
pub use rotation::{RepeatedRotation, RotatedToken, Rotation, RotationKey};
pub use selection::TokenFilter;
pub use which::WhichToken;

pub(in crate::service) use access_tokens::about;
pub(in crate::service) use given::Giving;
pub(in crate::service) use grants::{EntryForm, granted};
pub(in crate::service) use pass::entry;
pub(in crate::service) use removal::delete_with_descendants;
pub(in crate::service) use warnings::Warnings;
pub(in crate::service) use which::find_token;
