//! The programs for which there is a configuration that makes them trust dockpass.

use std::fmt;

/// What there is a configuration for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// CNCF Distribution, formerly Docker Registry, 2.8 and 3.x.
    Distribution,
    /// Project zot.
    Zot,
    /// nginx, as the reverse proxy before dockpass and its registry.
    Nginx,
}

impl Program {
    /// As the command line and the API write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Distribution => "distribution",
            Self::Zot => "zot",
            Self::Nginx => "nginx",
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
