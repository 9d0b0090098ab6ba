//! Starting and ending: the listeners, the housekeeping, the signals.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt, lchown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::web;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_rustls::TlsAcceptor;

use super::connections::{Limits, MetricsDoor, Pulse, Servers, Site, with_room_for_files};
use super::docs::Pages;
use super::doctor::Doctor;
use super::greeting::{self, Greeting};
use super::listen::{self, Bound};
use super::metrics::{self, OnThisMachine};
use super::pools::Pools;
use super::prerequisites::{gateway, upstream, upstream_credentials};
use super::refusals::Refusals;
use super::request::{LARGEST_FORM, MAX_BODY};
use super::routes::Router;
use super::socket_path::socket_path;
use super::socket_secret::SocketSecret;
use super::start_error::StartError;
use super::supervisor::{READY, STOPPING, Supervisor};
use super::tls::{Tls, Trust};
use super::watchdog::Watchdog;
use super::{App, settings, shipping};
use crate::causes::with_causes;
use crate::config::{Config, ThisMachine};
use crate::data_files;
use crate::denied;
use crate::domain::secret::Password;
use crate::domain::time::Clock;
use crate::metrics::Metrics;
use crate::registry::Neighbour;
use crate::registry::credentials;
use crate::registry::events::Received;
use crate::registry::gateway::Gateway;
use crate::registry::heard::Heard;
use crate::registry::upstream::Upstream;
use crate::service::signing::SigningSettings;
use crate::service::{AuditKeep, FirstStart, GatewaySettings, Service, SiteSettings, UpgradeBackup};
use crate::shipping::{Prepared as Ways, Shipping, close_secret};

const MIB: usize = 1024 * 1024;
/// How often the housekeeper writes what must be on the disk within a second.
const TICK: Duration = Duration::from_millis(500);
/// Once in so many ticks, it checks the TLS certificate: changed files, or a renewal that is due.
const TICKS_TO_TLS: u32 = 10;
/// Once in so many ticks, it writes what else waits in memory.
const TICKS_TO_CHORES: u32 = 60;

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listeners {
    /// The configured address and the local socket.
    Network,
    /// The local socket alone: for a command while no server runs.
    SocketOnly,
}

/// A running server.
pub struct Running {
    address: Option<SocketAddr>,
    app: web::Data<App>,
    trust: Option<Trust>,
    servers: Servers,
    housekeeper: Option<(Sender<()>, JoinHandle<()>)>,
    sockets: Vec<PathBuf>,
}

impl Running {
    /// The address that it listens on; none if only the local socket is served.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The use-cases behind it.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.app.service
    }

    /// Has the housekeeper look for changed files now.
    fn reread(&self) {
        if let Some((housekeeper, _)) = &self.housekeeper {
            // It ends with the server only.
            let _ = housekeeper.send(());
        }
    }

    /// Takes no more requests, answers those in flight, writes what waits in memory, and closes the store.
    pub async fn stop(mut self) {
        std::mem::replace(&mut self.servers, Servers::none()).stop().await;
        // A disk that hangs must not keep this thread from hearing a signal.
        if let Err(error) = off_thread("ending", move || self.finish()).await {
            log::error!("ending: {error}");
        }
    }

    fn finish(mut self) {
        if let Some(neighbour) = &self.app.neighbour {
            neighbour.end();
        }
        if let Some((stop, thread)) = self.housekeeper.take() {
            drop(stop);
            if thread.join().is_err() {
                log::error!("the housekeeper ended badly");
            }
        }
        self.app.shipping.stop();
        self.app.service.close(self.app.clock.now());
        self.app.shipping.finish();
        // A socket that stays behind does no harm: the next start replaces it.
        self.sockets.iter().for_each(|socket| drop(std::fs::remove_file(socket)));
    }
}

/// Runs the server until it gets SIGINT, SIGTERM or SIGQUIT. `program` is its name as it was typed on a terminal: if
/// given, the greeting is written to `out` first. The ready line is written there either way. SIGHUP reads the files of
/// the TLS certificate again; on a terminal it says that this was closed, and ends the server like the others. `supervisor`
/// is told when it is ready, when it ends, and meanwhile that requests are served.
///
/// # Errors
/// [`StartError`]
pub async fn serve(
    config: Config,
    admin_password: Option<Password>,
    program: Option<&str>,
    supervisor: Supervisor,
    out: &mut (dyn Write + Send),
) -> Result<(), StartError> {
    let mut signals = Signals::new().map_err(StartError::System)?;
    let on_terminal = program.is_some();
    let starting = start(config.clone(), Listeners::Network, admin_password, Clock::system());
    let (running, first) = tokio::select! {
        started = starting => started?,
        // Whatever a start writes, an interrupted one is known and finished by the next.
        () = signals.end(on_terminal, || ()) => {
            log::info!("ending before the start is done");
            return Ok(());
        }
    };
    announce(&config, &running, first.as_ref(), program, out).map_err(StartError::System)?;
    running.service().note_ready();
    supervisor.tell(READY);
    let supervisor = Arc::new(supervisor);
    let watchdog =
        Watchdog::start(&running.app.service, &running.app.pulse, &supervisor).map_err(StartError::System)?;
    let reread = || {
        log::info!("SIGHUP: looking for changed files");
        running.reread();
    };
    signals.end(on_terminal, reread).await;
    log::info!("ending; another signal ends at once");
    supervisor.tell(STOPPING);
    // From now on the threads that serve end, and nobody is to miss them.
    drop(watchdog);
    tokio::select! {
        () = running.stop() => Ok(()),
        () = signals.end(false, || ()) => Err(StartError::EndedAtOnce),
    }
}

/// Does work that blocks on a thread of its own, so that this one hears signals. The process may end before it is done:
/// unlike a thread of the runtime, it is not waited for.
async fn off_thread<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (done, result) = tokio::sync::oneshot::channel();
    // Nobody waits any more if the process ends.
    let work = move || drop(done.send(work()));
    std::thread::Builder::new().name(name.to_owned()).spawn(work)?;
    result.await.map_err(|_| io::Error::other("a thread failed inside"))
}

/// What a signal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    End,
    Reread,
}

/// The signals that people and supervisors send. Those that would end the process at once by default end it in order, or
/// are ignored: SIGUSR1, SIGUSR2 and SIGALRM.
struct Signals {
    ending: [Signal; 3],
    hangup: Signal,
    /// Kept, since a signal with a listener does nothing else.
    _ignored: [Signal; 3],
}

impl Signals {
    fn new() -> io::Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::quit()];
        let [interrupt, terminate, quit] = kinds.map(signal);
        let ignored = [SignalKind::user_defined1(), SignalKind::user_defined2(), SignalKind::alarm()];
        let [first, second, alarm] = ignored.map(signal);
        let hangup = signal(SignalKind::hangup())?;
        Ok(Self { ending: [interrupt?, terminate?, quit?], hangup, _ignored: [first?, second?, alarm?] })
    }

    /// Waits until a signal ends the process; SIGHUP does so on a terminal only, which was closed then.
    async fn end(&mut self, on_terminal: bool, reread: impl Fn()) {
        while self.next().await == Told::Reread && !on_terminal {
            reread();
        }
    }

    async fn next(&mut self) -> Told {
        let [interrupt, terminate, quit] = &mut self.ending;
        tokio::select! {
            _ = interrupt.recv() => Told::End,
            _ = terminate.recv() => Told::End,
            _ = quit.recv() => Told::End,
            _ = self.hangup.recv() => Told::Reread,
        }
    }
}

fn announce(
    config: &Config,
    running: &Running,
    first: Option<&FirstStart>,
    program: Option<&str>,
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    if let Some(program) = program {
        let (url, trust) = (&running.app.public_url, running.trust.as_ref());
        let (host, file) = (running.service().registry_host(), running.service().first_password_file());
        greeting::write(&Greeting { program, config, url, host, first, file: file.as_deref(), trust }, out)?;
    } else {
        if first.is_some() {
            log::info!("made the account admin");
        }
        match running.service().first_password_file() {
            Some(file) => log::info!("the password of admin is in {} until it is changed", file.display()),
            None if first.is_some() => log::info!("admin has the password that was given"),
            None => {}
        }
    }
    if let Some(address) = running.address {
        writeln!(out, "ready on {address}")?;
    }
    out.flush()
}

/// Serves only the local socket of a data directory, for a command while no server runs.
///
/// # Errors
/// [`StartError`]; [`StartError::NoStore`] where there is no store yet.
pub async fn offline(config: Config) -> Result<Running, StartError> {
    if !config.server.data_dir.join(data_files::FORMAT).exists() {
        return Err(StartError::NoStore(config.server.data_dir));
    }
    Ok(start(config, Listeners::SocketOnly, None, Clock::system()).await?.0)
}

fn service_settings(config: &Config) -> (SiteSettings, SigningSettings) {
    let registry = &config.registry;
    let settings = SiteSettings {
        issuer: registry.issuer.clone(),
        services: registry.services.clone(),
        registry_token_lifetime: registry.token_lifetime,
        max_label: usize::try_from(config.tokens.max_label).unwrap_or(usize::MAX),
        max_robots: usize::try_from(config.robots.max_per_organization).unwrap_or(usize::MAX),
        live: settings::of(config),
        audit_keep: audit_keep(config),
        upgrade_backup: upgrade_backup(config),
        warn_before: config.tokens.warn_before,
        changes_per_minute: config.limits.changes_per_minute,
        events_secret: registry.events_secret.clone(),
        metrics_secret: config.metrics.secret_file.clone(),
        registry: registry.url.as_ref().map(|url| url.to_string().into()),
        gateway: registry.gateway.upstream.as_ref().map(|_| GatewaySettings {
            token_lifetime: registry.gateway.token_lifetime,
            upstream_service: registry.gateway.service.clone(),
        }),
        registry_host: config.registry_host(),
    };
    let signing = SigningSettings {
        leaf_lifetime: registry.leaf_lifetime,
        key_header: registry.key_header,
        fixed_key: registry.fixed_key,
    };
    (settings, signing)
}

fn upgrade_backup(config: &Config) -> UpgradeBackup {
    let server = &config.server;
    if server.upgrade_backup {
        server.upgrade_backup_dir.clone().map_or(UpgradeBackup::InData, UpgradeBackup::In)
    } else {
        UpgradeBackup::Off
    }
}

/// How much of the audit log is kept; 0 is all.
fn audit_keep(config: &Config) -> AuditKeep {
    const DAY: i64 = 24 * 60 * 60;
    let given = |number: u32| Some(number).filter(|number| *number > 0);
    AuditKeep {
        seconds: given(config.audit.keep_days).map(|days| i64::from(days) * DAY),
        bytes: given(config.audit.keep_mib).map(|mib| u64::from(mib) << 20),
    }
}

/// Opens the data directory and serves it. Tests start servers with it, on a clock of their own.
///
/// # Errors
/// [`StartError`]
pub async fn start(
    config: Config,
    listeners: Listeners,
    admin_password: Option<Password>,
    clock: Clock,
) -> Result<(Running, Option<FirstStart>), StartError> {
    let is_network = listeners == Listeners::Network;
    let Prepared { directory, socket, bound, metrics_bound, tls, upstream, gateway, ways } =
        prepare(&config, is_network, &clock).await?;
    let Bound { bound, listeners } = bound;
    let metrics = Metrics::new(&clock);
    let (service, first) = open_service(&config, admin_password, &clock, &metrics).await?;
    let tls = match tls {
        None if is_network => open_tls(&config, bound, &clock).await?,
        brought => brought,
    };
    // Before the socket: whoever reaches that finds its secret.
    let socket_secret = SocketSecret::make(&directory)?;
    let (socket_listener, owner) = make_socket(&directory, &socket)?;
    if is_network {
        warn(&config, bound, &directory, owner);
    }
    let public = config.public_address(bound);
    let trust = tls.as_ref().and_then(|tls| tls.trust(&public, &service.registry_host()));
    let neighbour = upstream.map(|upstream| Neighbour::new(Arc::clone(&service), upstream, clock.clone()));
    let source = is_network.then(|| public.to_string());
    let shipping = Shipping::start(ways, &service, &clock, &directory, source.as_deref())?;
    let app = web::Data::new(App {
        service,
        public_url: public.to_string(),
        realm_url: config.realm_address(bound).to_string(),
        is_https: public.is_https(),
        authority: public.authority(),
        listen: bound,
        started: clock.now(),
        is_network,
        clock: clock.clone(),
        tls: tls.clone(),
        owner,
        socket_secret,
        pages: Pages::new(),
        pools: pools(&config),
        refusals: Refusals::new(tokio::time::Instant::now()),
        neighbour,
        gateway,
        received: Received::default(),
        heard: Heard::default(),
        shipping,
        doctor: Doctor::default(),
        metrics,
        pulse: Arc::new(Pulse::default()),
        config,
    });
    let mut servers = run(&app, listeners, socket_listener)?;
    let metrics_socket = if is_network { serve_metrics(&app, &mut servers, metrics_bound)? } else { None };
    let housekeeper = Some(keep_house(Arc::clone(&app.service), tls, clock)?);
    watch(&app);
    let sockets = [socket].into_iter().chain(metrics_socket).collect();
    Ok((Running { address: is_network.then_some(bound), app, trust, servers, housekeeper, sockets }, first))
}

fn pools(config: &Config) -> Pools {
    Pools::new(usize::try_from(config.registry.gateway.max_requests).unwrap_or(usize::MAX))
}

/// Begins to compare with the registry, and to look after the one behind the gateway. An offline command does neither.
fn watch(app: &App) {
    let Some(neighbour) = app.neighbour.as_ref().filter(|_| app.is_network) else { return };
    let seconds = u64::try_from(app.config.registry.sync_interval).unwrap_or(u64::MAX);
    neighbour.watch(Duration::from_secs(seconds));
    app.gateway.iter().for_each(|gateway| neighbour.look_after(Arc::clone(gateway)));
}

/// What a start finds before the store is made.
struct Prepared {
    directory: PathBuf,
    socket: PathBuf,
    bound: Bound,
    /// Where the metrics are served to this machine, if that is an address.
    metrics_bound: Option<(TcpListener, SocketAddr)>,
    /// With the certificate that the operator brought.
    tls: Option<Arc<Tls>>,
    upstream: Option<Upstream>,
    gateway: Option<Arc<Gateway>>,
    /// By which the audit log goes out.
    ways: Ways,
}

/// Does all that can fail by the configuration, so that a first start that fails leaves nothing behind that it never
/// announced.
async fn prepare(config: &Config, is_network: bool, clock: &Clock) -> Result<Prepared, StartError> {
    let directory = config.server.data_dir.clone();
    let socket = socket_path(&directory)?;
    let nowhere = || Bound { bound: config.server.listen, listeners: Vec::new() };
    let bound = if is_network { listen::on(config)? } else { nowhere() };
    let metrics_bound = match &config.metrics.listen {
        Some(ThisMachine::Loopback(address)) if is_network => Some(listen::for_metrics(*address)?),
        Some(ThisMachine::Loopback(_) | ThisMachine::Socket(_)) | None => None,
    };
    let is_brought = is_network && config.tls.cert.is_some();
    let tls = if is_brought { open_tls(config, bound.bound, clock).await? } else { None };
    let credentials = upstream_credentials(config)?;
    let (upstream, gateway) = (upstream(config, credentials.clone())?, gateway(config, credentials)?);
    let ways = Ways::read(shipping::settings(config))?;
    if let Some(file) = &config.registry.gateway.password_file {
        credentials::close(file);
    }
    if let Some(file) = &config.audit.webhook_secret_file {
        close_secret(file);
    }
    Ok(Prepared { directory, socket, bound, metrics_bound, tls, upstream, gateway, ways })
}

async fn open_service(
    config: &Config,
    admin_password: Option<Password>,
    clock: &Clock,
    metrics: &Arc<Metrics>,
) -> Result<(Arc<Service>, Option<FirstStart>), StartError> {
    let (settings, signing) = service_settings(config);
    let (directory, clock, metrics) = (config.server.data_dir.clone(), clock.clone(), Arc::clone(metrics));
    let open = move || Service::open(&directory, settings, signing, admin_password, &clock, &metrics);
    let (service, first) = off_thread("start", open).await.map_err(StartError::System)??;
    Ok((Arc::new(service), first))
}

async fn open_tls(config: &Config, bound: SocketAddr, clock: &Clock) -> Result<Option<Arc<Tls>>, StartError> {
    let (config, keys, now) = (config.clone(), config.server.data_dir.join(data_files::KEYS), clock.now());
    let opened = off_thread("start", move || Tls::open(&config, &keys, bound, now)).await;
    Ok(opened.map_err(StartError::System)??.map(Arc::new))
}

fn warn(config: &Config, bound: SocketAddr, directory: &Path, owner: u32) {
    warn_of_owner(directory, owner);
    warn_of_realm(config, bound);
}

fn warn_of_owner(directory: &Path, owner: u32) {
    if owner != rustix::process::geteuid().as_raw() {
        let shown = denied::user(owner);
        log::warn!("{} belongs to {shown}, who is an administrator here", directory.display());
    }
}

/// Says what clients would refuse, where only the bound address tells; else the configuration told it.
fn warn_of_realm(config: &Config, bound: SocketAddr) {
    let doubt = config.realm_doubt(bound, &config.registry_host()).filter(|_| !config.is_address_known());
    if let Some(doubt) = doubt {
        log::warn!("{doubt}");
    }
}

/// Makes the local socket and replaces an old one, which nobody serves any more: the data directory is ours alone.
/// Returns the socket and the user id of the data directory's owner.
fn make_socket(directory: &Path, path: &Path) -> Result<(UnixListener, u32), StartError> {
    let failed = |source: io::Error| StartError::Socket { path: path.to_owned(), source };
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    let owner = std::fs::metadata(directory).map_err(failed)?;
    if rustix::process::geteuid().is_root() {
        lchown(path, Some(owner.uid()), Some(owner.gid())).map_err(failed)?;
    }
    listener.set_nonblocking(true).map_err(failed)?;
    Ok((listener, owner.uid()))
}

fn run(app: &web::Data<App>, listeners: Vec<TcpListener>, socket: UnixListener) -> Result<Servers, StartError> {
    let router = Arc::new(Router::new().map_err(|error| StartError::System(io::Error::other(error)))?);
    let site = Site { app: app.clone(), router, max_body: MAX_BODY };
    let (server, limits) = (&app.config.server, limits(&app.config));
    let mut servers = Servers::none();
    if !listeners.is_empty() {
        let workers = match server.workers {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            workers => usize::try_from(workers).unwrap_or(usize::MAX),
        };
        let tls = app.tls.as_ref().map(|tls| tls.server_config()).transpose()?;
        let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        servers.add_network(&site, listeners, tls, limits, workers).map_err(StartError::System)?;
    }
    servers.add_local(&site, socket, limits).map_err(StartError::System)?;
    Ok(servers)
}

/// Serves the metrics to this machine, if it is configured; answers the Unix socket that was made for it.
fn serve_metrics(
    app: &web::Data<App>,
    servers: &mut Servers,
    bound: Option<(TcpListener, SocketAddr)>,
) -> Result<Option<PathBuf>, StartError> {
    let (door, must_name_it, made) = match (&app.config.metrics.listen, bound) {
        (Some(ThisMachine::Socket(path)), _) => {
            let made = metrics::make_socket(path);
            let listener = made.map_err(|source| StartError::Socket { path: path.clone(), source })?;
            log::info!("the metrics are at /metrics on the socket {}", path.display());
            (MetricsDoor::Socket(listener), false, Some(path.clone()))
        }
        (Some(ThisMachine::Loopback(_)), Some((listener, address))) => {
            log::info!("the metrics are at http://{address}/metrics for everybody on this machine");
            (MetricsDoor::Loopback(listener), true, None)
        }
        (Some(ThisMachine::Loopback(_)), None) | (None, _) => return Ok(None),
    };
    let site = Site { app: app.clone(), router: Arc::new(OnThisMachine { must_name_it }), max_body: MAX_BODY };
    servers.add_metrics(&site, door, limits(&app.config)).map_err(StartError::System)?;
    Ok(made)
}

/// What bounds the connections of the network.
fn limits(config: &Config) -> Limits {
    let server = &config.server;
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let time = |seconds: i64| Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    Limits {
        connections: with_room_for_files(size(server.max_connections)),
        handshakes: size(server.max_handshakes),
        handshake_time: time(server.handshake_timeout),
        unread: size(server.max_unread).saturating_mul(MIB),
        unread_of_source: size(server.max_unread_per_source).saturating_mul(MIB),
        largest_body: LARGEST_FORM,
        stall: time(server.stall_timeout),
    }
}

fn keep_house(
    service: Arc<Service>,
    tls: Option<Arc<Tls>>,
    clock: Clock,
) -> Result<(Sender<()>, JoinHandle<()>), StartError> {
    let (stop, stopped) = channel::<()>();
    let work = move || {
        let mut ticks: u32 = 0;
        loop {
            // Woken, it looks for changed files at once.
            let is_woken = match stopped.recv_timeout(TICK) {
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => false,
                Ok(()) => true,
            };
            ticks = ticks.wrapping_add(1);
            service.keep_up(clock.now());
            if is_woken || ticks.is_multiple_of(TICKS_TO_TLS) {
                let refreshed = tls.as_ref().map(|tls| tls.refresh(clock.now()));
                if let Some(Err(error)) = refreshed {
                    log::error!("the TLS certificate was not renewed: {}", with_causes(&error));
                }
            }
            if ticks.is_multiple_of(TICKS_TO_CHORES) {
                service.housekeep(clock.now());
            }
        }
    };
    let thread = std::thread::Builder::new().name("housekeeper".to_owned()).spawn(work).map_err(StartError::System)?;
    Ok((stop, thread))
}
