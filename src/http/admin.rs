//! `/api/v0/admin/registry`: what administrators see and control of the registry; and how clients reach it.

use std::path::Path;
use std::sync::Arc;

use super::App;
use super::failure::Failure;
use super::reply::{Replied, Reply};
use super::request::{Checked, Request};
use crate::api::operations::registry as op;
use crate::api::{self, Code};
use crate::config::{BaseUrl, listen_address};
use crate::domain::act::Act;
use crate::domain::program::{Layout, Program, Section};
use crate::domain::registry::Phase;
use crate::domain::words::{UnknownWord, one_of};
use crate::registry::gateway::{Finding, Gateway};
use crate::registry::snippet::{self, Facts, Listening, ProxyFacts, PublicName, SnippetError};
use crate::registry::{LeftOut, Neighbour, Progress};
use crate::service::Service;
use crate::service::signing::CertificateInfo;

fn shown(certificate: &CertificateInfo) -> api::Certificate {
    api::Certificate {
        role: certificate.role,
        not_before: certificate.not_before.to_string(),
        not_after: certificate.not_after.to_string(),
        sha256: certificate.sha256.clone(),
    }
}

fn state(request: &Checked) -> api::RegistryState {
    let app = &request.app;
    let settings = app.service.settings();
    api::RegistryState {
        issuer: settings.issuer.clone(),
        services: settings.services.clone(),
        realm: app.realm(),
        certificates: app.service.signer().certificates().iter().map(shown).collect(),
        url: app.neighbour.as_ref().map(|neighbour| neighbour.place().to_owned()),
        public_host: app.service.registry_host().as_str().map(str::to_owned),
        public_host_seen: app.public_host_seen(),
        realm_warning: app.realm_doubt(),
        notifications: api::Notifications {
            received: app.received.count(),
            refused: app.received.refused(),
            last_received: app.received.last().map(|at| at.to_string()),
        },
        comparison: app.neighbour.as_ref().map(|neighbour| compared(&neighbour.progress())),
        gateway: app.gateway.as_ref().map(|gateway| gateway_state(app, gateway)),
    }
}

fn gateway_state(app: &App, gateway: &Gateway) -> api::GatewayState {
    let (config, found) = (&app.config.registry.gateway, gateway.found());
    api::GatewayState {
        auth: config.auth,
        redirects: config.redirects,
        token_lifetime: config.token_lifetime,
        requests: u64::try_from(app.pools.requests_at_upstream()).unwrap_or(u64::MAX),
        max_requests: u64::from(config.max_requests),
        trouble: gateway.trouble(),
        blobs_apart: finding(found.blobs_apart),
        closed_to_others: finding(found.closed_to_others),
    }
}

fn finding(it: Finding) -> api::Finding {
    api::Finding { outcome: it.outcome, found_at: it.found_at.map(|at| at.to_string()), reason: it.reason }
}

fn compared(progress: &Progress) -> api::Comparison {
    api::Comparison {
        state: progress.phase,
        started_at: progress.started_at.map(|at| at.to_string()),
        finished_at: progress.finished_at.map(|at| at.to_string()),
        known: progress.known,
        counts: progress.counts,
        left_out: progress.left_out.iter().map(left_out).collect(),
        error: progress.error.clone(),
    }
}

fn left_out(it: &LeftOut) -> api::LeftOut {
    let tag = it.tag.as_ref().map(ToString::to_string);
    api::LeftOut { repository: it.repository.shown(), tag, reason: it.reason.clone() }
}

impl App {
    /// What some clients would refuse of the realm.
    fn realm_doubt(&self) -> Option<String> {
        self.config.realm_doubt(self.listen, &self.service.registry_host())
    }

    /// The registry next door.
    pub(super) fn neighbour(&self) -> Result<&Arc<Neighbour>, Failure> {
        let message = "dockpass does not know where the registry is: set registry.url in its configuration";
        self.neighbour.as_ref().ok_or_else(|| Failure::new(Code::NeedsRegistryUrl, message))
    }
}

/// Begins a comparison with the registry, unless one is running.
pub(super) async fn begin_comparison(request: Request<op::BeginComparison>) -> Replied<op::BeginComparison> {
    request.run(|service, call| service.may_administer(call, Act::RegistrySync))?;
    let neighbour = request.app.neighbour()?;
    let was_at_work = is_at_work(neighbour) || !begin(&request, neighbour).await?;
    let warning = was_at_work.then_some("a comparison was at work already: no other began");
    Ok(Reply::new(&state(&request)).warning(warning))
}

fn is_at_work(neighbour: &Neighbour) -> bool {
    neighbour.progress().phase == Phase::Running
}

/// Begins a comparison and records it; false if another request was faster.
async fn begin(request: &Checked, neighbour: &Arc<Neighbour>) -> Result<bool, Failure> {
    request.block(|service, call| service.compare_registry(call, Act::RegistrySync)).await?;
    Ok(neighbour.begin())
}

/// Stops the running comparison, if there is one.
pub(super) async fn stop_comparison(request: Request<op::StopComparison>) -> Replied<op::StopComparison> {
    request.run(|service, call| service.may_administer(call, Act::RegistryStopSync))?;
    let neighbour = request.app.neighbour()?;
    if is_at_work(neighbour) {
        request.block(|service, call| service.compare_registry(call, Act::RegistryStopSync)).await?;
        neighbour.stop();
    }
    Ok(Reply::new(&state(&request)))
}

pub(super) async fn registry(request: Request<op::ViewRegistry>) -> Replied<op::ViewRegistry> {
    request.run(|service, call| service.may_administer(call, Act::RegistryView))?;
    Ok(Reply::new(&state(&request)))
}

pub(super) async fn registry_host(request: Request<op::ViewRegistryHost>) -> Replied<op::ViewRegistryHost> {
    let host = request.run(Service::see_registry_host)?;
    Ok(Reply::new(&api::RegistryHost { public_host: host.as_str().map(str::to_owned) }))
}

pub(super) async fn rotate_key(request: Request<op::RotateSigningKey>) -> Replied<op::RotateSigningKey> {
    request.block(Service::rotate_signing_key).await?;
    Ok(Reply::new(&state(&request)))
}

pub(super) async fn registry_configuration(
    request: Request<op::GetRegistryConfiguration>,
) -> Replied<op::GetRegistryConfiguration> {
    request.run(|service, call| service.may_administer(call, Act::RegistryView))?;
    let asked = request.query()?;
    let program =
        asked.program.ok_or_else(|| Failure::invalid("for", format!("needed: {}", one_of(Program::WORDS))))?;
    let app = &request.app;
    let asked = Asked::read(program, app.layout(), asked)?;
    let settings = app.service.settings();
    // Nobody gets the secret over the network, not even administrators. Callers of the local socket may read its file
    // anyway.
    let secret = request.run(Service::events_secret)?;
    let usual = format!("http://{}:{}", snippet::USUAL.host, snippet::USUAL.port);
    let registry = app.config.registry.url.as_ref().map_or(usual, ToString::to_string);
    let registry_ca = app.config.registry.ca.as_deref().map(absolute);
    let facts = Facts {
        realm: &app.realm(),
        service: settings.services.first().map_or("", String::as_str),
        issuer: &settings.issuer,
        certificate_path: &asked.certificate,
        certificate_pem: &app.service.signer().trusted_pem(),
        fixed_key: app.config.registry.fixed_key,
        key_header: app.config.registry.key_header,
        keys: &app.service.signer().jwks().to_string(),
        registry: asked.listening(app.registry_listening()),
        events_url: &format!("{}/api/v0/registry/events", app.public_url),
        events_secret: secret.as_deref().map(String::as_str),
        self_signed: app.config.tls.self_signed,
        storage: asked.storage.as_deref(),
        only: &asked.only,
        layout: asked.layout,
        proxy: app.proxy_facts(&registry, registry_ca.as_deref()),
    };
    let made = snippet::configuration(program, &facts).map_err(|error| match error {
        SnippetError::NeedsFixedKey(_) => Failure::new(Code::NeedsFixedKey, error.to_string()),
        SnippetError::NeedsPublicUrl(_) | SnippetError::NeedsBehindProxy(_) | SnippetError::NeedsTrust(..) => {
            Failure::new(Code::NeedsProxySettings, error.to_string())
        }
    })?;
    let file = |file: snippet::BesideFile| (file.name.to_owned(), file.text);
    let (certificate_name, certificate) = made.certificate.map(file).unzip();
    let (keys_name, keys) = made.keys.map(file).unzip();
    let notes: Vec<_> = app.realm_doubt().into_iter().chain(made.notes.into_iter().map(str::to_owned)).collect();
    let warning = Some(notes.join("; ")).filter(|text| !text.is_empty());
    let reply = Reply::new(&api::RegistryConfiguration {
        registry: program.to_string(),
        file_name: made.file_name.to_owned(),
        configuration: made.configuration,
        certificate_name,
        certificate,
        keys_name,
        keys,
    });
    Ok(reply.warning(warning.as_deref()))
}

/// What is asked of a configuration, checked.
struct Asked {
    layout: Layout,
    certificate: String,
    only: Vec<Section>,
    /// IP address and port.
    address: Option<(String, u16)>,
    storage: Option<String>,
}

impl Asked {
    fn read(program: Program, usual: Layout, asked: op::WhichConfiguration) -> Result<Self, Failure> {
        let is_of_registry = !asked.only.is_empty() || asked.address.is_some() || asked.storage.is_some();
        if program.is_proxy() && is_of_registry {
            return Err(Failure::invalid(
                "for",
                format!("parts, addresses and directories are those of a registry, not {program}'s"),
            ));
        }
        let certificate = path("certificate", asked.certificate)?;
        let layout = asked.layout.unwrap_or(usual);
        let only = asked.only.iter().map(|word| section(layout, word)).collect::<Result<_, _>>()?;
        let address = asked.address.map(|text| listen_address(&text)).transpose();
        Ok(Self {
            layout,
            certificate: certificate.unwrap_or_else(|| format!("/etc/docker/registry/{}", snippet::CERTIFICATE_NAME)),
            only,
            address: address
                .map_err(|error| Failure::invalid("addr", error.to_string()))?
                .map(|address| (address.ip().to_string(), address.port())),
            storage: path("storage", asked.storage)?
                .map(|text| {
                    if text.starts_with('/') { Ok(text) } else { Err(Failure::invalid("storage", "an absolute path")) }
                })
                .transpose()?,
        })
    }

    /// Where the registry listens, if this leaves it to that.
    fn listening<'a>(&'a self, otherwise: Listening<'a>) -> Listening<'a> {
        match &self.address {
            Some((host, port)) => Listening { host, port: *port, ..otherwise },
            None => otherwise,
        }
    }
}

/// A part that the configuration of a registry has in this layout.
fn section(layout: Layout, word: &str) -> Result<Section, Failure> {
    let section: Section = word.parse().map_err(|error: UnknownWord| Failure::invalid("only", error.to_string()))?;
    let has_it = layout.sections().contains(&section);
    let without =
        || Failure::invalid("only", format!("in the layout {layout} the registry has no {section} that matters"));
    has_it.then_some(section).ok_or_else(without)
}

/// A path that can stand in a configuration.
fn path(field: &'static str, text: Option<String>) -> Result<Option<String>, Failure> {
    match text {
        Some(text) if text.chars().any(char::is_control) => Err(Failure::invalid(field, "a path")),
        text => Ok(text),
    }
}

/// The absolute path, since other programs have another working directory; unchanged if it cannot be determined.
fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

impl App {
    /// The layout that the configuration speaks of: a proxy that asks is nothing that it knows.
    fn layout(&self) -> Layout {
        if self.config.registry.gateway.upstream.is_some() { Layout::Gateway } else { Layout::TokenServer }
    }

    /// Where the registry listens, by `registry.url`; the usual place where that leads to the proxy before both.
    fn registry_listening(&self) -> Listening<'_> {
        let server = &self.config.server;
        let is_same = |one: &BaseUrl, other: &BaseUrl| (one.host(), one.port()) == (other.host(), other.port());
        let is_proxy = |url: &&BaseUrl| {
            server.behind_proxy && server.public_url.as_ref().is_some_and(|public| is_same(public, url))
        };
        let url = self.config.registry.url.as_ref().filter(|url| !is_proxy(url));
        url.map_or(snippet::USUAL, |url| Listening { host: url.host(), port: url.port(), is_tls: url.is_https() })
    }

    /// The facts for the configuration of a proxy.
    fn proxy_facts<'a>(&'a self, registry: &'a str, registry_ca: Option<&'a str>) -> ProxyFacts<'a> {
        let server = &self.config.server;
        let public = server.public_url.as_ref().filter(|url| url.is_https());
        ProxyFacts {
            public: public.map(|url| PublicName { host: url.host(), port: url.port() }),
            behind_proxy: server.behind_proxy,
            trusts_loopback: self.config.is_trusted_proxy(snippet::loopback(self.listen.ip())),
            listen: self.listen,
            is_tls: self.config.is_tls(),
            registry,
            registry_ca,
        }
    }
}
