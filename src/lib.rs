//! dockpass gives a container registry accounts, permissions and access tokens.
//!
//! A registry sends its clients here for a *registry token*, a short-lived signed JWT. They sign in with a name and a
//! password, or with an *access token*, which stands wherever the password is asked. Who may do what is decided here, at
//! that moment.
//!
//! # What each module owns
//!
//! - [`domain`]: values and rules: names, access levels, scopes, accounts, access tokens, their limits. No I/O. The clock
//!   and the randomness of the system have their one home here, and reach everything else as arguments.
//! - [`store`]: what is durable. The only place that names sled and bincode: one writer, versioned records, the state that
//!   readers share, the data directory.
//! - [`service`]: the use-cases, sync and without HTTP, in rooms that name only those before them (`service/mod.rs`). It
//!   alone makes a caller (`sign_in`), decides what one may do (`access`), reaches the store (`ledger`), and holds the keys
//!   of registry tokens (`signing`).
//! - [`age`]: encryption of files to recipients, in the format of age.
//! - [`metrics`]: what is counted and measured while the server runs, and the one table of names under which that is told.
//! - [`net`]: outgoing requests: names, trust in certificates, and the one HTTP client over them.
//! - [`pki`]: keys and certificates of our own, for registry tokens and TLS: a CA, what it signs, when that is renewed, PEM.
//! - [`data_files`]: the names of the files in the data directory.
//! - `denied`: what the file system denies, told with the command that mends it.
//! - [`private_file`]: small files that only their owner may read, written whole.
//! - [`causes`]: what an error and its sources say, in one line.
//! - [`correlation`]: the id of a request and the trace that it is a part of, which a task carries along.
//! - [`registry`]: the registry next door: what its configuration must say, and that of nginx before it, what its
//!   notifications mean, the client that asks it, the comparison of what it holds with what is known, and deletion in it;
//!   the way through the gateway to it (`registry::gateway`).
//! - [`shipping`]: what goes out of the audit log by itself, on threads of its own.
//! - [`api`]: the HTTP API, shapes only: each operation as a type (`operations`), with its parameters and bodies. Routes, the
//!   OpenAPI document and the command line's requests come from it.
//! - [`config`]: one table of keys; file, environment and flags over each other.
//! - [`doctor`]: the examination of a whole site: what is seen of each thing, whether that is as it should be, and what to do.
//! - [`http`]: the server. The only place that names actix-web and rust-embed: one table of routes, with a handler for each
//!   operation, which parses, calls one use-case, and renders; one table of errors; TLS; the embedded pages; the gateway
//!   (`http::gateway`), which serves the registry's own API.
//! - [`cli`]: the commands. They call the operations like any other client, over a socket, over TLS, or in process.
//!
//! # Which may name which
//!
//! ```text
//! domain  <-  store  <-  service  <-  registry  <-  http  <-  cli
//!                        service  <-  shipping  <-  http
//! domain  <-  api                              <-  registry, doctor, http, cli
//! domain  <-  config                           <-  doctor, http, cli
//! domain  <-  pki                              <-  service, doctor, http
//!             age                              <-  cli
//! domain  <-  private_file                     <-  store, service, registry, shipping, doctor, http, cli
//!             net                              <-  registry, shipping, doctor, cli
//!             data_files                       <-  private_file, store, service, shipping, doctor, http, cli
//! domain  <-  denied                           <-  private_file, store, service, registry, shipping, config, doctor, http,
//!                                                  cli
//!             causes                           <-  registry, shipping, doctor, http, cli
//! domain  <-  correlation                      <-  registry, http, cli
//! domain  <-  metrics                          <-  store, service, http
//!                        registry <-  doctor   <-  http
//! ```
//!
//! `http` may name all to its left but `store` and `net`; `cli` names neither `store`, `service` nor `registry`. Nothing
//! points back. A test reads the sources and fails on any other edge.
//!
//! # Words of the house
//!
//! - *Access token*: a secret `dkp_…` in the place of a password. *Registry token*: the JWT that the registry checks.
//! - *Act*: a kind of action, a word of the audit log. *Deed*: one act on one object, as it is recorded.
//! - *Admitted*: of a request of the registry's API, that it may go on to the registry, with the permit for what becomes of it.
//! - *Anchor*: the end of the oldest part of the audit log, which was removed and is summed up by it.
//! - *Authority*: in `service`, a caller looked up in one state; in `pki` and TLS, a CA. *Leaf*: a certificate of the CA.
//! - *Bundle*: the rows that one transaction of a long work writes. *Batch*: the changes that the writer commits together.
//! - *Call*: a caller, with the time and the user agent of its request. *Proof*: the password or secret that it has shown.
//! - *Cut*: what stands between somebody and an action. *Questioned*: an account that is asked about, which is permitted
//!   nothing.
//! - *Ending*: a change that takes a power away and gives none. *Journal*: where endings go on a full disk. *Fold*: to bring
//!   what is in the journal into the store.
//! - *Gone*: deleted, and so in no state, while its rows may still be on the disk. *Purge*: the removal of these rows.
//! - *Moment*: a point of the machine's own clock, which nobody sets, for lengths of time; a date is a timestamp.
//! - *Neighbour*: the registry next door, whose URL is configured. *Errand*: what dockpass asks it for. *Pass*: the registry
//!   token that dockpass signs itself for an errand.
//! - *Notice*: one event of a notification, checked. *News*: what it tells: pushed, pulled, deleted.
//! - *Obstacle*: why a request that is understood and allowed cannot be done, such as a limit that is reached.
//! - *Permit*: proof that a rule allowed a change, without which there is none. *Allowed*: proof that the caller may have its
//!   body read. *Upkeep*: the changes that dockpass makes for itself, without a permit.
//! - *Pulse*: whether every thread that serves requests answers when it is asked.
//! - *Remains*: what the registry still has of a deleted repository: it stays, it is to go, or nothing is left.
//! - *Robot*: an access token of an organization, with a name: the credential of a machine. It signs in as `ORG/NAME`, and acts
//!   on what its organization owns, on repositories only.
//! - *Row*: a record at its key in a table of the store. *Frozen*: the struct of one version of a record, never edited.
//! - *Seal*: a digest of all records, written with each batch. *End*: the last seal, noted outside the store as well.
//! - *Snapshot*: the rows of the whole store as of one batch, read from the disk while the writer goes on.
//! - *Standing*: what a caller is at this moment: a stranger, the local administrator, the registry, or an account; of an
//!   access token, its state and where that comes from.
//! - *State*: everything but the audit log, in memory, as of one batch.
//! - *Ticket*: what a registry token that the gateway was shown was issued for. It narrows its caller, and widens nothing.
//! - *Way*: in `shipping`, one by which the audit log goes out by itself, to a receiver. *Cursor*: the last record that the receiver has.
//!   *Parcel*: what is handed to it, a record or a gap.
//!
//! # What always holds
//!
//! 1. *No caller, no use-case.* [`service::Caller`] is made by `service` alone: from checked credentials, or for this process
//!    itself (`Service::local`, `Service::registry`). Every use-case takes one, in a [`service::Call`], but for
//!    the repetition of a rotation (`service::tokens`), which checks the replaced secret itself. Who revokes an access token
//!    need not sign in: its secret is looked up in the change itself. A handler gets one only by
//!    the extractors of `http::request` and `http::events`, which check what was shown first, or by signing in
//!    (`http::session`, `http::registry`).
//! 2. *No permit, no change.* The right to write is a value that only `service::ledger` holds. A change of a caller reaches
//!    the store there with a permit, and only the rules of `service::access` make permits. They look the caller up, or
//!    the secret that it has shown, in the very state that the change acts on: account, access token, its parents, as they are then. Only the deletion of
//!    a tag, and what goes through the gateway, take their permit along: what the registry has done by then is recorded. What is written without a caller is
//!    named, each of it: `service::ledger::Upkeep`; and last uses, which the store writes itself.
//! 3. *A token never exceeds its account.* What may be done is what the account may, within the token's cap and patterns
//!    (`service::access`), every time anew; of a robot, the account is its organization's, and nothing but repositories counts.
//!    A robot's secret is never better than what asked for it, and stops with that. Granted is never more than requested (`service::tokens`).
//! 4. *"Done" is said after the disk.* [`store::Store::write`] returns after flush and fdatasync of the writer
//!    (`store::writer`, `store::engine`), and after the new state is published. A change that failed leaves no trace in
//!    the running server; where it may be on the disk all the same, the answer says so. On a full disk, what takes a
//!    power away is on it all the same (`store::journal`).
//! 5. *A record, its indexes and its audit record change together*: one `store::Txn`, one transaction (`service::ledger`).
//! 6. *Readers never wait.* They take [`store::Store::state`], one consistent moment in memory. What may block (a password's
//!    hash, a change) or takes long runs on threads that serve no requests, with room for each kind (`http::pools`), and
//!    hashes are shared out by where requests come from (`service::sign_in`). A password that was verified within the last
//!    minute takes none, as long as nothing about its account has changed (`remembered` there). Nor for each other:
//!    connections, and the memory that waits for clients, are shared out in the same way (`http::connections`), and so is
//!    the room at the registry behind the gateway (`http::pools`).
//! 7. *No secret is shown twice.* Secrets are types of `domain::secret` without `Display` and `Serialize`, wiped when dropped;
//!    the store has hashes only. They stand in no log line, error, audit record or URL. The secret of notifications, which
//!    the registry's configuration must hold, goes to the local socket only. Nor does a metric say who: its labels are words of
//!    closed lists (`metrics`), and whoever shows the secret of the metrics is no caller.
//! 8. *What a client did wrong is never a 500*, and what went wrong inside is never told: `api::Code` has every code, and
//!    `http::failure` maps every error of the service to one without a rest.
//! 9. *Records can be read for ever.* Each has its kind and version (`store::record`), and each version makes itself from the
//!    one before (`store::row`); a newer one, or a newer directory, is refused untouched. What changes keys is a migration
//!    at the start, which can be interrupted (`store::migration`); a backup is kept before any of that (`store::upgrade`).
//! 10. *Deleted is gone at once.* A change names what is gone, and nothing of it is in the state from then on; its rows go
//!     from the disk later, by identifier and never by name (`store::purge`).
//! 11. *Files belong to their owner alone* (`private_file`, and `store::DataDirectory` at every start), and who reads them is
//!     the local administrator: requests over the local socket show a secret of the data directory (`http::socket_secret`),
//!     and the command line sends none before it knows whose socket that is (`cli::wire`).
//!
//! # Five walks through the code
//!
//! **`docker login` with an access token, and a push.** The registry answers 401 with a challenge that names `/auth/token`.
//! docker asks there, with Basic credentials and a scope. `http::registry` reads them and asks `service::sign_in`:
//! text that begins with `dkp_` is an access token, its check digits are right, its BLAKE3 hash finds the record in the
//! state, the record and its parents count, the owner has that name. That makes the caller. `service::tokens`
//! takes the scopes apart, asks `service::access` for the level on each repository, makes the record of one that is
//! pushed to for the first time, and lets `service::signing` sign what is left of the request, unless it has just done so for the
//! very same (`given` there). docker shows that token
//! to the registry, which checks the signature against the certificate it was configured with.
//!
//! **An access token is made.** `http::tokens` reads the body into [`api::CreateApiToken`] and the domain's types, and calls
//! the use-case in `service::tokens`, on a thread that may block. That draws 32 random bytes, hashes the text, and hands
//! `service::ledger` the work: it runs on the writer's thread, asks `service::access` whether this caller may make such
//! a token, puts the record into the `store::Txn`, and the audit record after it. The writer takes what else waits,
//! commits all of it in one transaction, flushes, calls fdatasync, publishes the state, and then answers everybody. The
//! handler renders the record with the secret: the only answer that ever has it.
//!
//! **A token is revoked.** Deactivating it is a change like the one above; when it is answered, the published state says so.
//! The next request with it finds an inactive record and is 401. So is one with a token that was made with it: they
//! count only while their parents do. A registry token that was issued before names account, access token and which of its
//! secrets was shown (`dkp`): where dockpass is shown it, all are looked up, and it is 401 as well: through the gateway, on
//! the next request. A registry that is asked directly looks nothing up: there it works until it expires.
//!
//! **A layer goes through the gateway.** `http::gateway` reads method and path as the registry does (`domain::distribution`),
//! which refuses whatever could be read in two ways, and looks the caller up: the registry token's `dkp`, or Basic.
//! `service::gateway` admits it if the caller may do that at this moment, within what the token was issued for, and makes the
//! repository of a first push. `registry::gateway` sends what was read, written anew, over a connection of this worker, and
//! both bodies stream, a few pieces at a time. Of the answer pass the headers that are listed. A manifest is recorded
//! (`service::gateway`, `content::news`) before its pusher hears of it.
//!
//! **The registry holds something new.** It posts a notification, with the one secret that `http::events` takes, and
//! `registry::events` makes of it what matters: a tag that points to a digest. `service::content::news` writes the tag and
//! counts the push in one change, then the registry is answered. What the manifest says is read after that, by
//! `registry::neighbour`, whose `upstream` asks with a registry token that `service::tokens` signs. What no notification
//! told, a comparison finds (`registry::comparison` asks, `service::content::comparison` decides): it goes through all that
//! is known, then the catalogue, and puts each repository right in a change of its own. What was deleted here is remembered
//! (`service::content::deletions`), so that it is not taken for new.

#[cfg(test)]
#[allow(dead_code, reason = "each of the two test programs uses its part of it")]
#[path = "../tests/able.rs"]
mod able;
pub mod age;
pub mod api;
pub mod causes;
pub mod cli;
pub mod config;
pub mod correlation;
pub mod data_files;
mod denied;
pub mod doctor;
pub mod domain;
pub mod http;
pub mod metrics;
pub mod net;
pub mod pki;
pub mod private_file;
pub mod registry;
pub mod service;
pub mod shipping;
pub mod store;
