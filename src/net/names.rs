//! The addresses of a host name, from `/etc/hosts` and the name servers of `/etc/resolv.conf`.

use std::net::IpAddr;
use std::sync::Arc;

use hickory_resolver::config::ResolverConfig;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{Hosts, TokioResolver};

/// Why a name has no address.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// Neither the hosts file nor DNS has it, or no name server answered.
    #[error("neither /etc/hosts nor DNS knows the name")]
    Unknown(#[source] NetError),
    /// The resolver cannot be made.
    #[error(transparent)]
    Resolver(NetError),
}

/// The addresses of a host: its own, if it is an IP address (without brackets), else those of its name. Both files are
/// read every time, so a change of them counts at once; the hosts file is asked even where no name server is configured.
///
/// # Errors
/// [`ResolveError`]; `/etc/resolv.conf` says how long to wait for name servers, so callers set their own limit.
pub async fn resolve(host: &str) -> Result<Vec<IpAddr>, ResolveError> {
    if let Ok(address) = host.parse() {
        return Ok(vec![address]);
    }
    let builder = TokioResolver::builder_tokio().unwrap_or_else(|cause| {
        log::debug!("no name server: {cause}");
        TokioResolver::builder_with_config(ResolverConfig::default(), TokioRuntimeProvider::default())
    });
    let mut resolver = builder.build().map_err(ResolveError::Resolver)?;
    resolver.set_hosts(Arc::new(Hosts::from_system().unwrap_or_default()));
    let found = resolver.lookup_ip(host).await.map_err(ResolveError::Unknown)?;
    Ok(found.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn literal_addresses_and_the_hosts_file_need_no_name_server() {
        assert_eq!(resolve("192.0.2.7").await.unwrap(), ["192.0.2.7".parse::<IpAddr>().unwrap()]);
        assert_eq!(resolve("::1").await.unwrap(), ["::1".parse::<IpAddr>().unwrap()]);
        let local = resolve("localhost").await.unwrap();
        assert!(!local.is_empty() && local.iter().all(IpAddr::is_loopback), "{local:?}");
    }
}
