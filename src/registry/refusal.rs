//! Why a delivery of the registry is refused, and how an absent text is read in one.

/// Longest part of an unknown word that is repeated, in characters.
pub(super) const REPEATED: usize = 64;

/// Why a delivery is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUnderstood {
    /// It is of neither kind.
    #[error("neither an envelope of Distribution, with `events`, nor a CloudEvent of zot, with its type in `Ce-Type`")]
    Neither,
    /// There are events in its envelope, and none is one of Distribution.
    #[error("events: none of them is an event of Distribution, with an action and a target")]
    NoEvent,
    /// None of its events has an action that Distribution tells.
    #[error("events: the action {found:?} is not known; known are {known}, in lower case")]
    UnknownAction {
        /// The action of the first, or its beginning.
        found: String,
        /// Those that are known.
        known: String,
    },
    /// A CloudEvent of a type that zot does not send.
    #[error("CloudEvents of the type {found:?} are not known; known are {known}")]
    UnknownType {
        /// The type, or its beginning.
        found: String,
        /// Those that are known.
        known: String,
    },
    /// A CloudEvent with a field that cannot be used.
    #[error("{field}: {reason}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
}

/// A text that need not be there; empty if it is not.
pub(super) fn text(value: Option<&String>) -> &str {
    value.map_or("", String::as_str)
}
