//! Whether others get to the registry past dockpass: at another address of this machine, or at another machine, without any
//! credentials. Whoever may use loopback here gets to it all the same.

use std::net::SocketAddr;

use super::ask::{Asker, Unanswered};
use super::listening;
use crate::causes::with_causes;
use crate::domain::host::is_loopback;
use crate::domain::upstream::UpstreamAuth;
use crate::net::Address;
use crate::registry::gateway::found::Finding;

/// Looks where it listens, and whether it answers there to somebody who shows nothing.
pub(super) async fn look(asker: &Asker) -> Finding {
    let registry = &asker.gateway().address;
    if !is_loopback(&registry.host) {
        return elsewhere(asker).await;
    }
    let port = registry.port;
    let Ok(listening) = tokio::task::spawn_blocking(move || listening::addresses(port)).await else {
        return Finding::unknown("dockpass is ending".to_owned());
    };
    if listening.is_empty() {
        return Finding::unknown(format!(
            "no socket that dockpass sees listens on port {port}, as where the registry runs in a container"
        ));
    }
    let beyond = listening.into_iter().filter(|address| !address.is_loopback());
    for address in beyond {
        let at = SocketAddr::new(address, port);
        match answers_nobody(asker, &asked_at(registry, at)).await {
            Ok(true) => {}
            Ok(false) => return Finding::bad(open_at(at)),
            Err(reason) => return Finding::unknown(format!("it listens on {at}, too, and {reason}")),
        }
    }
    Finding::good()
}

fn open_at(at: SocketAddr) -> String {
    format!(
        "it listens on {at} and answers there without credentials, so that whoever reaches this machine passes dockpass by: \
         let it listen on loopback alone, or give it credentials with registry.upstream_auth"
    )
}

/// One on another machine should answer to nobody but dockpass; without credentials, only the network can see to that.
async fn elsewhere(asker: &Asker) -> Finding {
    let gateway = asker.gateway();
    if gateway.credentials.kind() == UpstreamAuth::None {
        return Finding::unknown(
            "it is on another machine and wants no credentials: see to it that nobody but dockpass reaches it"
                .to_owned(),
        );
    }
    match answers_nobody(asker, &gateway.address).await {
        Ok(true) => Finding::good(),
        Ok(false) => Finding::bad(
            "it answers without credentials as well, so that whoever reaches it passes dockpass by: have it refuse that"
                .to_owned(),
        ),
        Err(reason) => Finding::unknown(reason),
    }
}

/// Whether a server refuses somebody who shows nothing; an error in words if it says neither yes nor no.
async fn answers_nobody(asker: &Asker, server: &Address) -> Result<bool, String> {
    let said = asker.ask_as_nobody(server).await;
    match said.as_ref().map(hyper::StatusCode::as_u16) {
        Ok(401 | 403) => Ok(true),
        Ok(status) if (200..300).contains(&status) => Ok(false),
        Ok(status) => Err(format!("it answers with status {status} without credentials")),
        Err(error) => Err(unanswered(error)),
    }
}

fn unanswered(error: &Unanswered) -> String {
    format!("it gives no answer without credentials: {}", with_causes(error))
}

/// Where to ask what listens at this address: what listens at every address does so on loopback, and a certificate is for
/// the name alone.
fn asked_at(registry: &Address, at: SocketAddr) -> Address {
    let there = (!at.ip().is_unspecified() && !registry.is_tls).then(|| Address::parse(&format!("http://{at}")));
    there.and_then(Result::ok).unwrap_or_else(|| registry.clone())
}
