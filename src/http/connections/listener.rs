//! Accepts connections: one server for the network, and one for the local socket, with a room and threads of its own, so
//! that nobody on the network is in the way of whoever administers this machine.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_http::{HttpService, Request};
use actix_server::{GracefulShutdownSignal, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, map_config};
use actix_web::dev::{AppConfig, Extensions, Payload, ServerHandle, Service, ServiceFactory, fn_factory, fn_service};
use actix_web::http::ConnectionType;
use actix_web::rt::net::{TcpStream, UnixStream};
use actix_web::{HttpRequest, HttpResponse, web};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::body::in_pieces;
use super::connection::{Connection, Phase};
use super::expect;
use super::limits::Limits;
use super::room::{Origin, Place, Present, Room};
use super::stream::{HEAD_TIMEOUT, Stream, Wire};
use crate::http::address::SocketPeer;
use crate::http::pools::THREADS;
use crate::http::request_log;
use crate::http::{App, SharedApp};
use crate::metrics::{Gauge, Metrics};

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take to close its side.
const DISCONNECT: Duration = Duration::from_secs(1);
/// How long requests in flight may still take when the server stops, in seconds.
const SHUTDOWN: u64 = 30;
/// What actix itself would take; the room decides long before.
const UNBOUNDED: usize = 1_000_000;
/// Connections of the local socket, and the memory that may wait for them.
const LOCAL_CONNECTIONS: usize = 256;
const LOCAL_UNREAD: usize = 16 * 1024 * 1024;
/// Bytes of an answer that are made ready before the client has taken some.
const WRITE_BUFFER: usize = 16 * 1024;

/// What answers requests.
pub(in crate::http) trait Respond: Send + Sync + 'static {
    /// What each worker has for its requests, which find it as `app_data`.
    type OfWorker: 'static;

    /// Makes it, for the runtime of one worker.
    fn of_worker(&self, app: &App) -> Self::OfWorker;

    fn respond(&self, http: HttpRequest, payload: Payload) -> impl Future<Output = HttpResponse>;
}

/// What every connection is served with.
pub(in crate::http) struct Site<S> {
    pub(in crate::http) app: web::Data<App>,
    pub(in crate::http) router: Arc<S>,
    /// Largest body that actix reads by itself, in bytes.
    pub(in crate::http) max_body: usize,
}

impl<S> Clone for Site<S> {
    fn clone(&self) -> Self {
        Self { router: Arc::clone(&self.router), app: self.app.clone(), ..*self }
    }
}

/// Where the metrics are served to this machine.
pub(in crate::http) enum MetricsDoor {
    /// An address of loopback.
    Loopback(TcpListener),
    /// A Unix socket.
    Socket(UnixListener),
}

/// The running servers.
pub(in crate::http) struct Servers(Vec<(Arc<Room>, ServerHandle)>);

impl Servers {
    pub(in crate::http) fn none() -> Self {
        Self(Vec::new())
    }

    /// Serves the network, over TLS if an acceptor is given; all listeners are one server, with one room.
    ///
    /// # Errors
    /// What the system says of the listener.
    pub(in crate::http) fn add_network<S: Respond>(
        &mut self,
        site: &Site<S>,
        listeners: Vec<TcpListener>,
        tls: Option<TlsAcceptor>,
        limits: Limits,
        workers: usize,
    ) -> io::Result<()> {
        let room = Room::new(limits);
        let mut builder = builder(workers);
        let counted: Counted = |metrics| &metrics.network_connections;
        for listener in listeners {
            let signal = builder.graceful_shutdown_signal();
            let door = Door { room: Arc::clone(&room), tls: tls.clone(), app: site.app.clone() };
            let site = site.clone();
            builder = builder.listen("network", listener, move || serving(&site, &door, counted, signal.clone()))?;
        }
        self.run(room, builder);
        Ok(())
    }

    /// Serves the local socket.
    ///
    /// # Errors
    /// What the system says of the listener.
    pub(in crate::http) fn add_local<S: Respond>(
        &mut self,
        site: &Site<S>,
        listener: UnixListener,
        limits: Limits,
    ) -> io::Result<()> {
        self.add_socket(site, listener, limits, |metrics| &metrics.local_connections)
    }

    /// Serves the metrics to this machine, over an address of loopback or a Unix socket.
    ///
    /// # Errors
    /// What the system says of the listener.
    pub(in crate::http) fn add_metrics<S: Respond>(
        &mut self,
        site: &Site<S>,
        door: MetricsDoor,
        limits: Limits,
    ) -> io::Result<()> {
        let counted: Counted = |metrics| &metrics.metrics_connections;
        let listener = match door {
            MetricsDoor::Socket(listener) => return self.add_socket(site, listener, limits, counted),
            MetricsDoor::Loopback(listener) => listener,
        };
        let (room, builder) = (Room::new(narrowed(limits)), builder(1));
        let signal = builder.graceful_shutdown_signal();
        let door = Door { room: Arc::clone(&room), tls: None, app: site.app.clone() };
        let site = site.clone();
        let factory = move || serving(&site, &door, counted, signal.clone());
        self.run(room, builder.listen("metrics", listener, factory)?);
        Ok(())
    }

    fn add_socket<S: Respond>(
        &mut self,
        site: &Site<S>,
        listener: UnixListener,
        limits: Limits,
        counted: Counted,
    ) -> io::Result<()> {
        let (room, builder) = (Room::new(narrowed(limits)), builder(1));
        let signal = builder.graceful_shutdown_signal();
        let (site, door) = (site.clone(), Arc::clone(&room));
        let factory = move || serving(&site, &door, counted, signal.clone());
        self.run(room, builder.listen_uds("socket", listener, factory)?);
        Ok(())
    }

    fn run(&mut self, room: Arc<Room>, builder: ServerBuilder) {
        let server = builder.run();
        self.0.push((room, server.handle()));
        actix_web::rt::spawn(server);
    }

    /// Takes no more requests, and answers those in flight.
    pub(in crate::http) async fn stop(self) {
        self.0.iter().for_each(|(room, _)| room.end());
        let stopping: Vec<_> = self.0.iter().map(|(_, handle)| handle.stop(true)).collect();
        for stopped in stopping {
            stopped.await;
        }
    }
}

/// The limits of a server that only this machine reaches.
fn narrowed(limits: Limits) -> Limits {
    Limits { connections: LOCAL_CONNECTIONS, unread: LOCAL_UNREAD, unread_of_source: LOCAL_UNREAD, ..limits }
}

fn builder(workers: usize) -> ServerBuilder {
    ServerBuilder::new()
        .workers(workers)
        .worker_max_blocking_threads(THREADS)
        .max_concurrent_connections(UNBOUNDED)
        .shutdown_timeout(SHUTDOWN)
        .disable_signals()
}

/// What connections of one kind come through.
trait LetIn<Io>: Clone + 'static {
    /// A connection whose first request may be read, and its peer's address, if it has one.
    fn let_in(&self, io: Io) -> impl Future<Output = Option<(Stream, Option<SocketAddr>)>>;
}

/// Where the connections of one server are counted.
type Counted = fn(&Metrics) -> &Gauge;

/// Serves the connections that come through a door, on one worker.
fn serving<Io: 'static, S: Respond, D: LetIn<Io>>(
    site: &Site<S>,
    door: &D,
    counted: Counted,
    signal: GracefulShutdownSignal,
) -> impl ServiceFactory<Io, Config = (), Response = (), Error = (), InitError = ()> + use<Io, S, D> {
    let (door, http, app) = (door.clone(), http(site, signal), site.app.clone());
    fn_factory(move || {
        let (door, http, app) = (door.clone(), http.new_service(()), app.clone());
        async move {
            let http = Rc::new(http.await?);
            app.pulse.join();
            Ok::<_, ()>(fn_service(move |io: Io| {
                let (door, http, app) = (door.clone(), Rc::clone(&http), app.clone());
                async move {
                    let _open = counted(&app.metrics).hold();
                    if let Some(arrived) = door.let_in(io).await {
                        // On the heap, since those that wait need none of its memory. What ends a connection is the
                        // client's doing, and told to nobody.
                        let _ = Box::pin(http.call(arrived)).await;
                    }
                    Ok::<(), ()>(())
                }
            }))
        }
    })
}

/// HTTP/1.1 on one worker.
fn http<S: Respond>(
    site: &Site<S>,
    signal: GracefulShutdownSignal,
) -> impl ServiceFactory<(Stream, Option<SocketAddr>), Config = (), Response = (), InitError = ()> + use<S> {
    let Site { app, router, max_body } = site.clone();
    let of_worker = router.of_worker(&app);
    let (app, router): (SharedApp, _) = (Rc::new(app), Rc::new(router));
    let serve = move |http: HttpRequest, payload: web::Payload| {
        let router = Rc::clone(&router);
        async move {
            let asked = http.clone();
            let connection = http.conn_data::<Place>().map(|place| Arc::clone(place.connection()));
            let answering = connection.as_ref().map(Connection::begin);
            let payload = payload.into_inner();
            let asking = connection.filter(|_| http.head().expect() && !matches!(payload, Payload::None));
            let payload = match &asking {
                Some(connection) => expect::told_when_read(payload, connection),
                None => payload,
            };
            let mut response = router.respond(http, payload).await;
            if asking.is_some_and(|connection| connection.holds_back()) {
                // Whether the body comes all the same, only its sender knows: nothing else can be read after this.
                response.head_mut().set_connection_type(ConnectionType::Close);
            }
            // As DTR wrote them, in the way of Go: scripts look for `X-Resource-Count` letter by letter.
            response.head_mut().set_camel_case_headers(true);
            let response = match answering {
                Some(answering) => in_pieces(response, answering),
                None => response,
            };
            request_log::told(&asked, response)
        }
    };
    let app = actix_web::App::new().app_data(of_worker).app_data(app);
    let app = app.app_data(web::PayloadConfig::new(max_body)).default_service(web::to(serve));
    let app = app.into_factory().map_err(|error| error.error_response());
    let ended = move || {
        let signal = signal.clone();
        async move { signal.notified().await }
    };
    HttpService::build()
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT)
        .h1_write_buffer_size(WRITE_BUFFER)
        .graceful_shutdown_signal(ended)
        .expect(fn_service(|request: Request| async move {
            expect::asked(&request).await;
            Ok::<_, actix_web::Error>(request)
        }))
        .on_connect_ext(note)
        .h1(map_config(app, |()| AppConfig::default()))
}

/// Notes what handlers ask of a connection.
fn note(stream: &Stream, data: &mut Extensions) {
    data.insert(stream.place().clone());
    if let Wire::Unix(unix) = stream.wire() {
        data.insert(SocketPeer(unix.peer_cred().ok().map(|peer| peer.uid())));
    }
}

/// What connections of the network come through.
#[derive(Clone)]
struct Door {
    room: Arc<Room>,
    tls: Option<TlsAcceptor>,
    app: web::Data<App>,
}

impl LetIn<UnixStream> for Arc<Room> {
    async fn let_in(&self, unix: UnixStream) -> Option<(Stream, Option<SocketAddr>)> {
        let present = self.enter(Origin::Local, Phase::Requests)?;
        Some((first_request(Stream::new(Wire::Unix(unix), present)).await?, None))
    }
}

impl LetIn<TcpStream> for Door {
    async fn let_in(&self, tcp: TcpStream) -> Option<(Stream, Option<SocketAddr>)> {
        let peer = tcp.peer_addr().ok()?;
        // Answers are written whole, and wait for nothing.
        let _ = tcp.set_nodelay(true);
        // STALL: the kernel ends a connection whose other side acknowledges nothing for so long, or keeps its window shut.
        let stall = u32::try_from(self.room.limits().stall.as_millis()).unwrap_or(u32::MAX);
        let _ = rustix::net::sockopt::set_tcp_user_timeout(&tcp, stall);
        let address = peer.ip().to_canonical();
        let is_proxy = self.app.config.is_trusted_proxy(address);
        let origin = if is_proxy { Origin::TrustedProxy } else { Origin::Client(address) };
        let phase = if self.tls.is_some() { Phase::Handshake } else { Phase::Requests };
        let present = self.room.enter(origin, phase)?;
        let wire = self.wire(tcp, &present).await?;
        Some((first_request(Stream::new(wire, present)).await?, Some(peer)))
    }
}

impl Door {
    /// Waits for the first byte, before memory is taken, and for the handshake.
    async fn wire(&self, tcp: TcpStream, present: &Present) -> Option<Wire> {
        let connection = present.connection();
        let Some(tls) = &self.tls else {
            unless_closed(connection, timeout(HEAD_TIMEOUT, tcp.readable())).await?.ok()?.ok()?;
            return Some(Wire::Tcp(tcp));
        };
        let handshake = async {
            tcp.readable().await?;
            tls.accept(tcp).await
        };
        let limit = self.room.limits().handshake_time;
        let mut tls = unless_closed(connection, timeout(limit, handshake)).await?.ok()?.ok()?;
        tls.get_mut().1.set_buffer_limit(Some(WRITE_BUFFER));
        present.begin_requests();
        Some(Wire::Tls(Box::new(tls)))
    }
}

/// Waits until it is this connection's turn to send its first request.
async fn first_request(mut stream: Stream) -> Option<Stream> {
    stream.is_turn().await.then_some(stream)
}

/// What a future gives, unless the connection is to end before.
async fn unless_closed<T>(connection: &Connection, future: impl Future<Output = T>) -> Option<T> {
    let closed = poll_fn(|cx| {
        connection.wakes(cx);
        if connection.is_to_end() { Poll::Ready(()) } else { Poll::Pending }
    });
    tokio::select! {
        biased;
        () = closed => None,
        value = future => Some(value),
    }
}
