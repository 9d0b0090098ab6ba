//! What is said of the registry next door, in words.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::words::words;

words! {
    /// Where a comparison stands, in the words of the API.
    #[derive(Default, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum Phase {
        /// There was none since the start.
        #[default]
        Never = "never",
        /// It is at work.
        Running = "running",
        /// It went through.
        Done = "done",
        /// It ended before its end, by itself.
        Failed = "failed",
        /// Somebody stopped it.
        Stopped = "stopped",
    }
}

words! {
    /// What a look at the registry behind the gateway has found, in the words of the API.
    #[derive(Default, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum Outcome {
        /// Nobody has looked since the start, or it could not be told.
        #[default]
        Unknown = "unknown",
        /// It is as it should be.
        Good = "good",
        /// It is not.
        Bad = "bad",
    }
}

/// What a comparison found: numbers of repositories by outcome. The API has it in these words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Repositories that were looked at so far.
    pub compared: u64,
    /// Of these, those that were not known.
    pub adopted: u64,
    /// Those whose tags came, went or moved.
    pub changed: u64,
    /// Those of whose known tags the registry has none any more.
    pub gone: u64,
    /// Those that were deleted in dockpass and that the registry still lists; they stay deleted.
    pub deleted: u64,
    /// Those that could not be read in the registry. What is known of them stays.
    pub failed: u64,
    /// Tags of the others that could not be read. What is known of them stays.
    pub unread_tags: u64,
}

impl fmt::Display for Counts {
    /// `3 repositories: 1 new, 2 changed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let parts = [
            (self.adopted, "new", "new"),
            (self.changed, "changed", "changed"),
            (self.gone, "gone from the registry", "gone from the registry"),
            (self.deleted, "deleted here and kept away", "deleted here and kept away"),
            (self.failed, "that could not be read", "that could not be read"),
            (self.unread_tags, "tag that could not be read", "tags that could not be read"),
        ];
        let parts = parts.into_iter().filter(|(count, ..)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, one, many)| number(count, one, many)).collect();
        let found = if parts.is_empty() { "all as known".to_owned() } else { parts.join(", ") };
        match self.compared {
            0 => f.write_str("no repository"),
            compared => write!(f, "{}: {found}", number(compared, "repository", "repositories")),
        }
    }
}

words! {
    /// What a certificate of registry tokens is for.
    #[derive(Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum CertificateRole {
        /// It issues leaves, and the registry trusts it.
        Ca = "ca",
        /// It signs, and was issued by the CA.
        Leaf = "leaf",
        /// It signs, and the registry trusts it: a fixed key has no CA.
        Signing = "signing",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_said_without_what_was_not() {
        let said = |counts: Counts| counts.to_string();
        assert_eq!(said(Counts::default()), "no repository");
        assert_eq!(said(Counts { compared: 1, ..Counts::default() }), "1 repository: all as known");
        let some = Counts { compared: 12, adopted: 2, failed: 1, unread_tags: 1, ..Counts::default() };
        let expected = "12 repositories: 2 new, 1 that could not be read, 1 tag that could not be read";
        assert_eq!(said(some), expected);
    }
}
