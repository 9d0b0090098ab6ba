//! Repositories and what the registry holds of them: what its notifications tell, what a comparison finds, what was
//! deleted here.

mod bundles;
mod comparison;
mod deletions;
mod news;
mod pulls;
mod repositories;
mod tags;
mod transfers;

pub use comparison::{Compared, Seen, SeenTag};
pub use deletions::ContentDeletion;
pub use news::{News, Notice};
pub use repositories::{NewRepository, RepositoryQuery, RepositoryUpdate, RepositoryView};
pub use tags::{TagDeletion, TagView};
pub use transfers::Transferred;

pub(in crate::service) use bundles::BUNDLE;
pub(in crate::service) use deletions::Underway;
pub(in crate::service) use news::{Pushed, RecentNotices, Witness};
pub(in crate::service) use pulls::Pulls;
pub(in crate::service) use transfers::give_back;

#[cfg(test)]
pub(in crate::service) use {bundles::remove_bundle, comparison::put_bundle, deletions::DELETED_NAMES};
