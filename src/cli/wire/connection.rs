//! The connection to the API: the socket of the data directory, the same handlers in this process if no server runs,
//! or a remote server. Commands cannot tell the difference.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use serde::Serialize;
use tokio::net::UnixStream;

use super::client::{self, ApiAnswer, ApiRequest, ApiServer};
use super::path::ApiPath;
use super::remote::Remote;
use super::socket::LocalSocket;
use crate::api::{self, Nothing, Operation};
use crate::cli::screen::CliError;
use crate::config::Config;
use crate::data_files::SOCKET;
use crate::http::{self, Running};
use crate::net::{self, Arriving, Streamed};

/// Attempts while another command has the store open, with a [`PAUSE`] after each: three seconds in all.
const ATTEMPTS: usize = 30;
const PAUSE: Duration = Duration::from_millis(100);
/// A document begins once the server has recorded it; a large one is made as fast as it is taken.
const BEGINS: Duration = Duration::from_mins(2);
const STANDSTILL: Duration = Duration::from_mins(5);
/// Longest refusal, in bytes.
const REFUSAL: usize = 1 << 20;

/// A document that comes, piece by piece.
pub(in crate::cli) struct Coming {
    body: Arriving,
    peer: String,
}

impl Coming {
    /// The next piece; none at the end.
    pub(in crate::cli) async fn piece(&mut self) -> Result<Option<Bytes>, CliError> {
        let failed = |cause: net::Failure| CliError::ApiAnswer {
            place: self.peer.clone(),
            cause: cause.into(),
            is_change: false,
        };
        self.body.piece().await.map_err(failed)
    }
}

/// The API of one server.
pub(in crate::cli) enum Api {
    /// On this machine.
    Local(Box<Local>),
    /// Elsewhere.
    Remote(Box<Remote>),
}

/// The data directory's socket.
pub(in crate::cli) struct Local {
    peer: ApiServer,
    socket: LocalSocket,
    /// The configuration for a server in this process; `None` forbids one.
    config: Option<Config>,
    /// The server in this process, once it was started.
    running: Option<Running>,
}

/// The type of an operation's answer.
pub(in crate::cli) type Read<O> = <<O as Operation>::Answer as api::Answer>::Read;

/// Whether a server listens on the socket of this data directory.
pub(in crate::cli) fn is_served(directory: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(directory.join(SOCKET)).is_ok()
}

impl Api {
    /// The API of the data directory that the configuration names.
    pub(in crate::cli) fn local(config: Config) -> Result<Self, CliError> {
        let directory = config.server.data_dir.clone();
        let socket = LocalSocket::of(directory.clone());
        http::socket_path(&directory).map_err(|error| CliError::Usage(error.to_string()))?;
        if !directory.is_dir() {
            return Err(CliError::NoDataDirectory(directory));
        }
        socket.check_directory()?;
        Ok(Self::Local(Box::new(Local::new(socket, Some(config)))))
    }

    /// The API of a server that runs on this data directory: nothing is started where none does, and no store opened.
    pub(in crate::cli) fn served(directory: &Path) -> Result<Self, CliError> {
        if !directory.is_dir() {
            return Err(CliError::NoDataDirectory(directory.to_owned()));
        }
        let socket = LocalSocket::of(directory.to_owned());
        socket.check_directory()?;
        Ok(Self::Local(Box::new(Local::new(socket, None))))
    }

    /// The API at the socket of this directory; it never starts a server in this process.
    pub(in crate::cli) fn in_directory(directory: &Path) -> Self {
        Self::Local(Box::new(Local::new(LocalSocket::of(directory.to_owned()), None)))
    }

    /// Whether requests go over the socket, as the local administrator.
    pub(in crate::cli) fn is_local(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    /// The data directory whose socket is spoken to.
    pub(in crate::cli) fn directory(&self) -> Option<&Path> {
        match self {
            Self::Local(local) => Some(local.socket.directory()),
            Self::Remote(_) => None,
        }
    }

    /// The URL given with `--server`.
    pub(in crate::cli) fn url(&self) -> Option<&str> {
        match self {
            Self::Local(_) => None,
            Self::Remote(remote) => Some(remote.url()),
        }
    }

    /// The user who signs in at the URL given with `--server`.
    pub(in crate::cli) fn user(&self) -> Option<&str> {
        match self {
            Self::Local(_) => None,
            Self::Remote(remote) => remote.user(),
        }
    }

    /// Whether no server runs, so that this process has answered, by the configuration of this command; known once
    /// something was asked.
    pub(in crate::cli) fn is_alone(&self) -> bool {
        match self {
            Self::Local(local) => local.running.is_some(),
            Self::Remote(_) => false,
        }
    }

    /// Refuses a command that works only on the server's machine, if `--server` was given.
    pub(in crate::cli) fn must_be_local(&self, command: &str) -> Result<(), CliError> {
        if self.is_local() {
            return Ok(());
        }
        Err(not_here(command))
    }

    /// Refuses a command that waits for what others do, if no server runs: and from now on this process starts none, which
    /// would keep one that comes back from its data.
    pub(in crate::cli) fn must_be_served(&mut self, command: &str) -> Result<(), CliError> {
        let Self::Local(local) = self else { return Ok(()) };
        let Some(config) = local.config.take() else { return Ok(()) };
        let directory = config.server.data_dir;
        if is_served(&directory) {
            return Ok(());
        }
        Err(CliError::Finding(format!("no server runs on {}, and `{command}` waits for one", directory.display())))
    }

    /// Calls an operation without a body; `parts` are the variable parts of its path, in order.
    pub(in crate::cli) async fn call<O, const N: usize>(
        &mut self,
        _operation: O,
        parts: [&str; N],
        query: &O::Query,
    ) -> Result<ApiAnswer<Read<O>>, CliError>
    where
        O: Operation<Body = Nothing>,
    {
        Ok(self.exchange(&ApiRequest::to::<O>(ApiPath::of::<O, N>(parts, query))).await?.of())
    }

    /// Calls an operation with a body.
    pub(in crate::cli) async fn send<O, const N: usize>(
        &mut self,
        _operation: O,
        parts: [&str; N],
        query: &O::Query,
        body: &O::Body,
    ) -> Result<ApiAnswer<Read<O>>, CliError>
    where
        O: Operation<Body: Serialize>,
    {
        Ok(self.exchange(&ApiRequest::to::<O>(ApiPath::of::<O, N>(parts, query)).with(body)?).await?.of())
    }

    /// Calls an operation with a body and, if there is one, a header of this request alone.
    pub(in crate::cli) async fn send_with<O, const N: usize>(
        &mut self,
        _operation: O,
        parts: [&str; N],
        header: Option<(HeaderName, HeaderValue)>,
        body: &O::Body,
    ) -> Result<ApiAnswer<Read<O>>, CliError>
    where
        O: Operation<Query = (), Body: Serialize>,
    {
        let request = ApiRequest::to::<O>(ApiPath::of::<O, N>(parts, &())).with(body)?;
        Ok(self.exchange(&ApiRequest { header, ..request }).await?.of())
    }

    /// Sends one request and waits for its answer.
    pub(in crate::cli) async fn exchange(&mut self, call: &ApiRequest) -> Result<ApiAnswer, CliError> {
        match self {
            Self::Local(local) => local.call(call).await,
            Self::Remote(remote) => remote.call(call).await,
        }
    }

    /// Calls an operation whose answer is a document of any length, over the socket.
    pub(in crate::cli) async fn document<O>(&mut self, _operation: O, command: &str) -> Result<Coming, CliError>
    where
        O: Operation<Query = (), Body = Nothing>,
    {
        let call = ApiRequest::to::<O>(ApiPath::of::<O, 0>([], &()));
        match self {
            Self::Local(local) => local.stream(&call).await,
            Self::Remote(_) => Err(not_here(command)),
        }
    }

    /// Stops the server in this process, if one was started, once it has answered everything.
    pub(in crate::cli) async fn close(self) {
        match self {
            Self::Local(local) => {
                if let Some(running) = local.running {
                    running.stop().await;
                }
            }
            Self::Remote(_) => {}
        }
    }
}

impl Local {
    fn new(socket: LocalSocket, config: Option<Config>) -> Self {
        let place = format!("the socket {}", socket.path().display());
        let peer = ApiServer { place, address: None, credential: None, hint: "" };
        Self { peer, socket, config, running: None }
    }

    async fn stream(&mut self, call: &ApiRequest) -> Result<Coming, CliError> {
        let stream = self.trusted().await?;
        let answer = net::stream_over(stream, call.request(&self.peer)?, BEGINS, STANDSTILL).await;
        let answer = answer.map_err(|failure| self.peer.failure(failure, true))?;
        if answer.status.is_success() {
            return Ok(Coming { body: answer.body, peer: self.peer.place.clone() });
        }
        let Streamed { status, headers, body } = answer;
        let body = body.whole(REFUSAL).await.map_err(|failure| self.peer.failure(failure, true))?;
        Err(client::refusal(&net::Answer { status, headers, body }, &self.peer))
    }

    /// A connection to whom requests may be sent.
    async fn trusted(&mut self) -> Result<UnixStream, CliError> {
        let stream = self.connect().await?;
        self.socket.check_peer(&stream)?;
        self.peer.credential = self.socket.secret()?;
        Ok(stream)
    }

    async fn call(&mut self, call: &ApiRequest) -> Result<ApiAnswer, CliError> {
        let stream = self.trusted().await?;
        let answer = net::send_over(stream, call.request(&self.peer)?, call.limits()).await;
        client::read(answer, call, &self.peer)
    }

    /// Connects; if nobody listens, starts the handlers in this process first. No request has been sent by then, so
    /// none is done twice.
    async fn connect(&mut self) -> Result<UnixStream, CliError> {
        for attempt in 1..=ATTEMPTS {
            let cause = match self.socket.connect().await {
                Ok(stream) => return Ok(stream),
                Err(cause) => cause,
            };
            let may_start = is_nobody_there(cause.kind()) && self.running.is_none();
            let Some(config) = self.config.clone().filter(|_| may_start) else {
                return Err(self.unreachable(cause));
            };
            match Box::pin(http::offline(config)).await {
                Ok(running) => self.running = Some(running),
                // Another command has the store open for a moment, or a server is about to listen.
                Err(error) if error.is_in_use() && attempt < ATTEMPTS => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(self.unreachable(ErrorKind::NotConnected.into()))
    }

    fn unreachable(&self, cause: std::io::Error) -> CliError {
        let is_closed = cause.kind() == ErrorKind::PermissionDenied;
        let hint = if is_closed { "; it is for the owner of the data directory and for root" } else { "" };
        CliError::Unreachable { place: self.peer.place.clone(), cause: cause.into(), hint }
    }
}

/// The answer to a command that was called for another machine.
fn not_here(command: &str) -> CliError {
    CliError::Usage(format!("`{command}` works on the machine of the server only; run it there, without --server"))
}

fn is_nobody_there(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use super::super::remote::Trusted;
    use super::*;
    use crate::api::operations::server::GetVersion;

    #[tokio::test]
    async fn without_a_server_and_a_configuration_there_is_no_way() {
        let directory = tempfile::tempdir().unwrap();
        let mut api = Api::in_directory(directory.path());
        let error = api.call(GetVersion, [], &()).await.err().unwrap();
        assert!(matches!(error, CliError::Unreachable { .. }), "{error}");
    }

    #[test]
    fn some_commands_are_for_the_machine_of_the_server() {
        let remote = Remote::new("https://127.0.0.1:1", &Trusted::Nothing, "alice", "dkp_x").unwrap();
        let error = Api::Remote(Box::new(remote)).must_be_local("dockpass audit verify").unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(Api::in_directory("/nonexistent".as_ref()).must_be_local("dockpass audit verify").is_ok());
    }

    #[test]
    fn a_data_directory_is_not_made_here() {
        let missing = |path: String| {
            let loaded = Config::load(None, std::iter::empty(), &[("server.data_dir", path)]).unwrap();
            Api::local(loaded.config).err().unwrap()
        };
        let error = missing("/nonexistent/dockpass-data".into());
        assert!(error.to_string().contains("start the server once with `dockpass serve`"), "{error}");
        let error = missing(format!("/{}", "a".repeat(93)));
        assert_eq!((error.exit_code(), error.to_string().contains("has 108 bytes; the system allows 107")), (2, true));
    }
}
