//! `/api/v0/admin/doctor`: the examination of the whole site; and what of it the command line can tell where no server runs.
//!
//! One is made at a time, whoever asks, and everybody who asks within some seconds gets the same one: it asks other machines.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{rt, web};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use super::App;
use super::failure::Failure;
use super::metrics::look;
use super::pools::Work;
use super::prerequisites;
use super::reply::{Replied, Reply};
use super::request::Request;
use super::tls;
use crate::api::operations::server as op;
use crate::api::{Examination, ExaminedCheck};
use crate::causes::with_causes;
use crate::config::Config;
use crate::data_files;
use crate::doctor::address::{self, PublicSide};
use crate::doctor::dates::{self, DatedFile, Renewal, SecretFile};
use crate::doctor::next_door::{self, Expected, Heard};
use crate::doctor::{files, people, report, room, row};
use crate::domain::act::Act;
use crate::domain::checkup::Check;
use crate::domain::registry::CertificateRole;
use crate::domain::time::{Moment, Timestamp};
use crate::registry::Neighbour;
use crate::service::signing::certificate_files;
use crate::service::{Call, ExaminedSite, SecretOf, disk_at, startable};

/// For how long an examination is everybody's, in seconds.
const SHARED: i64 = 5;
/// How long an examination takes at most.
pub const EXAMINED_WITHIN: Duration = Duration::from_secs(22);
/// Longest look at the disk, or through memory: one comes after the other.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a notification may take to come, and how often it is looked for.
const TO_COME: Duration = Duration::from_secs(3);
const EVERY: Duration = Duration::from_millis(50);

/// The last examination, while nobody makes another one.
#[derive(Default)]
pub(super) struct Doctor(Mutex<Option<(Moment, Arc<Examination>)>>);

pub(super) async fn examine(request: Request<op::ExamineSite>) -> Replied<op::ExamineSite> {
    request.run(|service, call| service.may_administer(call, Act::ServerExamine))?;
    let (app, call) = (request.app.clone(), request.call.clone());
    // A task of its own: whoever hangs up stops it for nobody who waits for it.
    let examined = rt::spawn(async move { Box::pin(examined(&app, call)).await }).await;
    Ok(Reply::new(examined.map_err(|error| Failure::internal(&error))?.as_ref()))
}

/// The examination of these seconds.
async fn examined(app: &web::Data<App>, call: Call) -> Arc<Examination> {
    let mut last = app.doctor.0.lock().await;
    if let Some((made, examination)) = last.as_ref().filter(|(made, _)| is_young(app, *made)) {
        log::debug!("the examination of {} s ago is told again", app.clock.moment().seconds() - made.seconds());
        return Arc::clone(examination);
    }
    let examination = Arc::new(report(call.now, Box::pin(rows(app, &call)).await));
    *last = Some((app.clock.moment(), Arc::clone(&examination)));
    examination
}

fn is_young(app: &App, made: Moment) -> bool {
    app.clock.moment().seconds() - made.seconds() < SHARED
}

async fn rows(app: &web::Data<App>, call: &Call) -> Vec<ExaminedCheck> {
    let (inside, outside) = tokio::join!(inside(app, call), timeout(EXAMINED_WITHIN, outside(app, call.now)));
    let mut rows = vec![server_row(app), app.audit_ways_row()];
    rows.extend(inside);
    rows.extend(outside.unwrap_or_default());
    rows
}

/// What memory and the disk tell.
async fn inside(app: &App, call: &Call) -> Vec<ExaminedCheck> {
    let asked = call.clone();
    let site = look(app, Work::Census, PATIENCE, move |service| service.examine(&asked).ok()).await.flatten();
    let mut rows: Vec<_> =
        site.iter().flat_map(|site| [people::expired_tokens(site), people::unused_accounts(site)]).collect();
    // The disk may hang: then what it would tell is missing, and nothing waits for it.
    let (config, now) = (app.config.clone(), call.now);
    let here = look(app, Work::Disk, PATIENCE, move |_| here(&config, site.as_ref(), now)).await;
    rows.extend(here.unwrap_or_default());
    rows
}

/// What the disk and the files tell.
fn here(config: &Config, site: Option<&ExaminedSite>, now: Timestamp) -> Vec<ExaminedCheck> {
    let directory = &config.server.data_dir;
    let keys = directory.join(data_files::KEYS);
    let disk = disk_at(directory);
    let secret = |what: SecretOf, given: Option<&Path>| SecretFile {
        name: what.to_string(),
        file: given.map_or_else(|| keys.join(what.file()), Path::to_owned),
    };
    let secrets = [
        secret(SecretOf::Notifications, config.registry.events_secret.as_deref()),
        secret(SecretOf::Metrics, config.metrics.secret_file.as_deref()),
    ];
    let first_password = directory.join(data_files::FIRST_PASSWORD);
    let last_backup = disk.and_then(|disk| disk.last_backup);
    vec![
        configuration(config, now),
        dates::certificates(&dated(config, &keys), now),
        room::disk(directory, disk.and_then(|disk| disk.free_bytes), disk.map(|disk| disk.store_bytes)),
        files::modes(config),
        dates::backup(last_backup, site.and_then(|site| site.made_at), now),
        dates::secrets(&secrets, &first_password, site, now),
    ]
}

fn configuration(config: &Config, now: Timestamp) -> ExaminedCheck {
    let check = Check::Configuration;
    if let Err(error) = prerequisites::check(config, now) {
        let remedy = "mend what it says before the next start, which would be refused: dockpass config";
        return row::failed(check, with_causes(&error), remedy);
    }
    match config.realm_doubt(config.server.listen, &config.registry_host()) {
        Some(doubt) => row::warning(check, doubt, "set server.public_url with a host name, and restart dockpass"),
        None => row::ok(check, "a start would take it, and the files that it names"),
    }
}

/// The certificates of the site, by their files.
fn dated(config: &Config, keys: &Path) -> Vec<DatedFile> {
    let signing = certificate_files(config.registry.fixed_key).into_iter();
    let signing = signing.map(|(role, file)| {
        let (name, renewal, remedy) = of_role(role);
        DatedFile { name, file: keys.join(file), renewal, remedy }
    });
    let tls = tls::certificate_files(config, keys).into_iter().map(|(name, file, renewal)| {
        let remedy = match renewal {
            Renewal::ByHand => "put a new certificate and its key in place: dockpass reads them by itself",
            Renewal::ByItself => "it should have renewed itself: see the log of dockpass",
            Renewal::HandedOut => {
                "move the files tls-* away from the keys, restart dockpass, and give clients the new CA"
            }
        };
        DatedFile { name, file, renewal, remedy }
    });
    // Before the first start there are none.
    signing.filter(|dated| keys.is_dir() || dated.file.exists()).chain(tls).collect()
}

fn of_role(role: CertificateRole) -> (&'static str, Renewal, &'static str) {
    match role {
        CertificateRole::Ca => (
            "the CA of registry tokens",
            Renewal::HandedOut,
            "move registry-ca.pem, registry-leaf.pem and registry-leaf-previous.pem away from the keys, restart dockpass, and \
             give the registry the new certificate",
        ),
        CertificateRole::Leaf => {
            ("what signs registry tokens", Renewal::ByItself, "it should have renewed itself: see the log of dockpass")
        }
        CertificateRole::Signing => (
            "the fixed key of registry tokens",
            Renewal::HandedOut,
            "run dockpass registry rotate-key, and give the registry the new certificate",
        ),
    }
}

fn server_row(app: &App) -> ExaminedCheck {
    let check = Check::Server;
    if !app.is_network {
        return no_server();
    }
    if let Some(refusal) = app.service.refusal() {
        return row::failed(check, format!("changes are not accepted: {refusal}"), "see the log of dockpass");
    }
    let seen = format!("dockpass {} runs since {}, and accepts changes", env!("CARGO_PKG_VERSION"), app.started);
    let warnings: Vec<_> = app.service.warnings().collect();
    if warnings.is_empty() {
        row::ok(check, seen)
    } else {
        row::warning(check, format!("{seen}; {}", warnings.join("; ")), "see the log of dockpass")
    }
}

/// Nothing tells somebody to start what no start opens.
fn not_started(directory: &Path) -> ExaminedCheck {
    startable(directory).map_or_else(
        |error| {
            let seen = format!("no server runs on this data directory, and none would start: {}", with_causes(&error));
            row::failed(Check::Server, seen, "do what it says; dockpass serve says the same")
        },
        |()| no_server(),
    )
}

fn no_server() -> ExaminedCheck {
    row::failed(
        Check::Server,
        "no server runs on this data directory",
        "start it: systemctl start dockpass, or dockpass serve",
    )
}

impl App {
    fn audit_ways_row(&self) -> ExaminedCheck {
        let check = Check::AuditWays;
        let ways = self.shown_shipping();
        let stuck: Vec<String> = ways
            .iter()
            .filter_map(|way| Some(format!("{} to {}: {}", way.key, way.place, way.trouble.as_ref()?)))
            .collect();
        match (ways.as_slice(), stuck.as_slice()) {
            ([], _) => row::not_applicable(
                check,
                "it stays here: neither audit.syslog, audit.webhook_url nor audit.head_file is set",
            ),
            (_, []) => {
                row::ok(check, format!("all of it is handed on, by {}", row::words(ways.iter().map(|way| &way.key))))
            }
            (_, stuck) => {
                row::failed(check, stuck.join("; "), "see that the receiver takes it; what waits is sent then")
            }
        }
    }

    fn expected(&self, neighbour: &Neighbour) -> Expected {
        Expected {
            place: neighbour.place().to_owned(),
            is_local: self.config.registry.url.as_ref().is_some_and(crate::config::BaseUrl::is_loopback),
            realm: self.realm(),
            services: self.service.settings().services.clone(),
            gateway: self.gateway.as_ref().map(|_| self.config.registry.gateway.auth),
            trouble: self.gateway.as_ref().and_then(|gateway| gateway.trouble()),
            progress: neighbour.progress(),
        }
    }
}

/// What clients and the registry find, asked over the network.
async fn outside(app: &web::Data<App>, now: Timestamp) -> Vec<ExaminedCheck> {
    if !app.is_network {
        return without_network();
    }
    let side = PublicSide {
        url: app.public_url.clone(),
        own_ca: app.tls.as_ref().and_then(|tls| tls.ca_pem()).map(str::to_owned),
        keys: app.service.signer().jwks(),
    };
    let (met, next_door) = tokio::join!(address::look(side, now), next_door(app));
    let mut rows = met.rows;
    let Some((expected, examined, heard)) = next_door else {
        rows.extend(next_door::nothing("dockpass does not know where the registry is (registry.url)"));
        return rows;
    };
    rows.extend(next_door::rows(&examined, &expected));
    let of_registry = examined.as_ref().ok().map(|found| &found.nobody);
    let base = match expected.gateway {
        Some(_) => met.base.as_ref().map_err(String::as_str),
        None => of_registry.ok_or("see the registry"),
    };
    rows.push(next_door::challenge(base, &expected));
    rows.push(match (&app.gateway, &heard) {
        (Some(_), _) => row::not_applicable(Check::Notifications, "not needed: all goes through the gateway"),
        (None, heard) => next_door::notifications(heard),
    });
    rows.push(match &app.gateway {
        Some(gateway) => next_door::past_gateway(&gateway.found()),
        None => row::not_applicable(Check::PastGateway, "there is no gateway"),
    });
    rows
}

fn without_network() -> Vec<ExaminedCheck> {
    let why = "no server runs";
    let ours = [Check::PublicUrl, Check::TlsChain].map(|check| row::not_applicable(check, why));
    ours.into_iter().chain(next_door::nothing(why)).collect()
}

type NextDoor = (Expected, Result<crate::registry::Examined, crate::registry::NeighbourError>, Heard);

/// The registry, if it is known where that is.
async fn next_door(app: &web::Data<App>) -> Option<NextDoor> {
    let neighbour = app.neighbour.as_ref()?;
    let examined = neighbour.examine().await;
    let came = if examined.is_ok() && app.gateway.is_none() { Some(comes(app, neighbour).await) } else { None };
    let heard = Heard {
        received: app.received.count(),
        refused: app.received.refused(),
        last: app.received.last(),
        is_silent: examined.is_err(),
        came: came.and_then(Result::transpose),
    };
    Some((app.expected(neighbour), examined, heard))
}

/// Whether a notification comes when a manifest is read; none if there is nothing to read.
async fn comes(app: &App, neighbour: &Arc<Neighbour>) -> Result<Option<bool>, String> {
    let before = app.received.count();
    if !neighbour.read_something().await.map_err(|error| with_causes(&error))? {
        return Ok(None);
    }
    let until = Instant::now() + TO_COME;
    while app.received.count() == before && Instant::now() < until {
        sleep(EVERY).await;
    }
    Ok(Some(app.received.count() > before))
}

/// What can be told of a site whose server does not run, or does not answer: then `why` says so.
#[must_use]
pub fn examine_without_server(config: &Config, why: Option<&str>, now: Timestamp) -> Examination {
    let server = why.map_or_else(
        || not_started(&config.server.data_dir),
        |why| row::failed(Check::Server, why, "see its log, and start it anew where it hangs"),
    );
    let not_known = [Check::AuditWays, Check::ExpiredTokens, Check::UnusedAccounts];
    let not_known = not_known.map(|check| row::not_applicable(check, "no server runs"));
    let rows = std::iter::once(server).chain(here(config, None, now)).chain(without_network()).chain(not_known);
    report(now, rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::LOOKED_WITHIN;

    #[test]
    fn no_row_is_lost_because_others_take_all_the_time_they_may() {
        assert!(PATIENCE * 2 < EXAMINED_WITHIN);
        assert!(LOOKED_WITHIN + TO_COME < EXAMINED_WITHIN);
    }
}
