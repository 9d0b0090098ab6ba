//! Who calls, what the caller may do, and what it sees. Every use-case builds on this room, which names none of them.

mod administered;
mod authority;
mod caller;
mod find;
mod first_uses;
mod questioned;
mod refusal;
pub(in crate::service) mod visible;

pub use authority::Allowed;
pub use caller::{Call, Caller};

pub(in crate::service) use administered::Administered;
pub(in crate::service) use authority::{
    Authority, Ended, OwnPassword, Permit, Source, counts_for, granted_to, is_of_another, may_repeat_rotation,
    may_revoke, may_serve_another, outlives, reaching, standing, standing_of, why_refused,
};
pub(in crate::service) use caller::{Holder, PasswordProof, Proof, SessionKey, Signed, Subject, Ticket, TicketEntry};
pub(in crate::service) use find::{find, find_organization, find_user};
pub(in crate::service) use first_uses::{FirstUses, Used};
pub(in crate::service) use questioned::Questioned;
pub(in crate::service) use refusal::Refusal;
