//! In which order records go when the audit log is too large.

use crate::domain::act::Act;
use crate::domain::audit::{AuditRecord, Outcome, Summed};

/// What goes together, in the order in which it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Sums of strangers' refusals.
    StrangersSum,
    /// Other refusals.
    Denial,
    /// What was done and changed nothing: sign-ins.
    SignIn,
    /// Changes.
    Change,
    /// Removals: they vouch for the hashes of what they removed, and go when that is summed up.
    Kept,
}

impl Rank {
    /// All, in the order in which they go.
    pub(super) const ALL: [Self; 5] = [Self::StrangersSum, Self::Denial, Self::SignIn, Self::Change, Self::Kept];

    /// The rank of a record.
    pub(super) fn of(record: &AuditRecord) -> Self {
        if record.removed.is_some() {
            return Self::Kept;
        }
        if record.outcome == Outcome::Denied.as_str() {
            let summed = record.summed.as_deref().and_then(|word| word.parse::<Summed>().ok());
            return if summed.is_some_and(is_of_strangers) { Self::StrangersSum } else { Self::Denial };
        }
        let passes = [Act::AccountSignIn, Act::SessionOpen, Act::RegistryTokenIssue, Act::AuditGap];
        let passes = passes.iter().any(|act| act.word() == record.action);
        if passes { Self::SignIn } else { Self::Change }
    }
}

fn is_of_strangers(summed: Summed) -> bool {
    match summed {
        Summed::Source | Summed::Network | Summed::Target | Summed::Strangers => true,
        Summed::UnknownNames | Summed::Caller | Summed::Callers => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::{AuditEntry, Occurrence};
    use crate::domain::time::Timestamp;

    /// Else the end of an access token would be told again once its warning has gone: `tokens.warn_before` may be as long as
    /// changes stay.
    #[test]
    fn a_warning_of_an_end_stays_as_long_as_a_change() {
        for act in [Act::TokenWarn, Act::RobotWarn] {
            let entry = AuditEntry::by_system(act, String::new());
            let record = AuditRecord::of(&entry, 1, Occurrence::once(Timestamp::from_seconds(0)));
            assert_eq!(Rank::of(&record), Rank::Change, "{act}");
        }
    }
}
