//! The checks of `dockpass doctor`: which there are, and how one comes out.

use serde::{Deserialize, Serialize};

use super::words::words;

words! {
    /// How a check came out, the worst last.
    #[derive(PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "camelCase")]
    pub enum CheckState {
        /// There is nothing to look at here, or what it needs was found wrong by another check.
        NotApplicable = "notApplicable",
        /// It is as it should be.
        Ok = "ok",
        /// It works, and wants looking after.
        Warning = "warning",
        /// Something does not work, or will not for long.
        Failed = "failed",
    }
}

words! {
    /// What is looked at, in the order in which it is told. A word never changes.
    #[derive(PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "camelCase")]
    pub enum Check {
        /// Whether the server runs and accepts changes.
        Server = "server",
        /// Whether a restart would take the configuration, and the files that it names.
        Configuration = "configuration",
        /// Whether the public URL leads to this server.
        PublicUrl = "publicUrl",
        /// Whether the certificate that is shown there is trusted.
        TlsChain = "tlsChain",
        /// When the certificates end.
        Certificates = "certificates",
        /// Whether the registry answers.
        Registry = "registry",
        /// Whether the clocks of dockpass and of the registry agree.
        Clock = "clock",
        /// Whether clients are sent here for registry tokens, and for which service.
        Challenge = "challenge",
        /// Whether the registry takes what dockpass shows it.
        Token = "token",
        /// Whether the registry's catalogue can be read.
        Catalogue = "catalogue",
        /// Whether the registry's notifications arrive.
        Notifications = "notifications",
        /// Whether nobody gets to the registry past the gateway, and it keeps blobs apart.
        PastGateway = "pastGateway",
        /// Whether there is room on the disk.
        Disk = "disk",
        /// Whether others may read or write what is not theirs.
        Files = "files",
        /// Whether a backup was made lately.
        Backup = "backup",
        /// Whether the audit log goes out as the configuration has it.
        AuditWays = "auditWays",
        /// Secrets that are old.
        Secrets = "secrets",
        /// Access tokens that expired long ago.
        ExpiredTokens = "expiredTokens",
        /// Accounts that nobody uses.
        UnusedAccounts = "unusedAccounts",
    }
}

impl Check {
    /// Every check, in the order in which they are told.
    pub const ALL: [Self; 19] = [
        Self::Server,
        Self::Configuration,
        Self::PublicUrl,
        Self::TlsChain,
        Self::Certificates,
        Self::Registry,
        Self::Clock,
        Self::Challenge,
        Self::Token,
        Self::Catalogue,
        Self::Notifications,
        Self::PastGateway,
        Self::Disk,
        Self::Files,
        Self::Backup,
        Self::AuditWays,
        Self::Secrets,
        Self::ExpiredTokens,
        Self::UnusedAccounts,
    ];

    /// What people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Server => "Server",
            Self::Configuration => "Configuration",
            Self::PublicUrl => "Public URL",
            Self::TlsChain => "TLS chain",
            Self::Certificates => "Certificates",
            Self::Registry => "Registry",
            Self::Clock => "Clocks",
            Self::Challenge => "Challenge",
            Self::Token => "Registry token",
            Self::Catalogue => "Catalogue",
            Self::Notifications => "Notifications",
            Self::PastGateway => "Past the gateway",
            Self::Disk => "Disk",
            Self::Files => "File modes",
            Self::Backup => "Backup",
            Self::AuditWays => "Audit log",
            Self::Secrets => "Secrets",
            Self::ExpiredTokens => "Expired tokens",
            Self::UnusedAccounts => "Unused accounts",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_stands_once_in_its_order() {
        let words: Vec<_> = Check::ALL.into_iter().map(Check::as_str).collect();
        assert_eq!(words, Check::WORDS);
        assert!(Check::ALL.is_sorted());
        assert!(CheckState::Failed > CheckState::Warning && CheckState::Ok > CheckState::NotApplicable);
    }
}
