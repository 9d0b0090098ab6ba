//! The labels of access tokens that are made without one: numbered, so that each can be told from the others.

use std::collections::HashSet;

use crate::domain::id::Id;
use crate::domain::token::DEFAULT_LABEL;
use crate::store::State;

/// The first label of `access token`, `access token 2`, … that no access token of this account has.
pub(super) fn free(state: &State, owner: Id) -> String {
    let of_owner = state.tokens_of(owner, None).map(|token| &*token.label);
    let taken: HashSet<&str> = of_owner.filter(|label| label.starts_with(DEFAULT_LABEL)).collect();
    let numbered = (2_u64..).map(|number| format!("{DEFAULT_LABEL} {number}"));
    let mut labels = std::iter::once(DEFAULT_LABEL.to_owned()).chain(numbered);
    labels.find(|label| !taken.contains(label.as_str())).unwrap_or_else(|| DEFAULT_LABEL.to_owned())
}
