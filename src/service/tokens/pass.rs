//! Passes: the registry tokens that dockpass signs for itself, to read in the registry and to delete there.

use std::fmt;

use zeroize::Zeroizing;

use crate::domain::act::Act;
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::random;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::Call;
use crate::service::error::Error;
use crate::service::signing::{AccessEntry, BACK_DATED, Claims, Dkp};

/// The name of dockpass itself for the registry. No account can have it, so its own actions can be told from others'.
pub const OWN_NAME: &str = "_dockpass";
/// Life of a pass, in seconds: long enough for the slowest answers to one question, asked again as the registry wants.
const PASS_LIFE: i64 = 900;

/// What dockpass itself goes to the registry for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Reading the catalogue.
    Catalog,
    /// Reading a repository.
    Read(RepositoryName),
    /// Reading a repository and deleting in it.
    Delete(RepositoryName),
    /// Pushing a blob of its own to the first of these names, asking for it under the second, and deleting it. They may be
    /// longer than the name of any repository.
    Probe([&'static str; 2]),
}

/// A registry token of dockpass's own.
pub struct Pass(Zeroizing<String>);

impl Pass {
    /// The compact JWS, for the `Authorization` header of requests to the registry.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass")
    }
}

/// What a pass grants on one thing.
pub(in crate::service) fn entry(kind: &str, name: &str, actions: &[&str]) -> AccessEntry {
    let actions = actions.iter().map(|action| (*action).to_owned()).collect();
    AccessEntry { kind: kind.to_owned(), name: name.to_owned(), actions, id: None }
}

impl Service {
    /// The service of the registry next door.
    fn upstream_service(&self) -> String {
        let behind = self.settings.gateway.as_ref().and_then(|gateway| gateway.upstream_service.as_ref());
        behind.or(self.settings.services.first()).cloned().unwrap_or_default()
    }

    /// Makes a pass for an errand.
    pub(super) fn pass(&self, now: Timestamp, errand: &Errand) -> Result<Pass, Error> {
        let access = match errand {
            // The second is what zot wants (its pkg/api/bearer_auth.go); a repository without a name is none.
            Errand::Catalog => vec![entry("registry", "catalog", &["*"]), entry("repository", "", &["pull"])],
            Errand::Read(name) => vec![entry("repository", name.as_str(), &["pull"])],
            Errand::Delete(name) => vec![entry("repository", name.as_str(), &["pull", "delete"])],
            Errand::Probe(names) => {
                names.iter().map(|name| entry("repository", name, &["pull", "push", "delete"])).collect()
            }
        };
        self.pass_for(now, access)
    }

    /// A pass that grants this.
    pub(in crate::service) fn pass_for(&self, now: Timestamp, access: Vec<AccessEntry>) -> Result<Pass, Error> {
        let issued_at = now.seconds();
        let claims = Claims {
            iss: self.settings.issuer.clone(),
            sub: OWN_NAME.to_owned(),
            aud: self.upstream_service(),
            exp: issued_at + PASS_LIFE,
            nbf: issued_at - BACK_DATED,
            iat: issued_at - BACK_DATED,
            jti: Id::new(now, random::bytes()?).to_string(),
            access,
            // It belongs to no account: shown to dockpass itself, it allows no more than an anonymous caller may.
            dkp: Dkp { account: None, token: None, generation: None },
        };
        self.signer.sign(&claims).map(Zeroizing::new).map(Pass).map_err(Error::internal)
    }

    /// A pass for what dockpass does on its own account.
    ///
    /// # Errors
    /// [`Error::Denied`] to all callers but the registry.
    pub fn own_pass(&self, call: &Call, errand: &Errand) -> Result<Pass, Error> {
        self.view(call, Act::RegistryRead, "", |authority| authority.tell_content().map(drop))?;
        self.pass(call.now, errand)
    }
}
