//! What dockpass asks the registry behind the gateway without a client: every few seconds, whether it answers; once after
//! the start and then once a day, what no configuration tells (`blobs`, `reach`). Changes nothing but the probe of its own.

mod ask;
mod blobs;
mod listening;
mod reach;

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Method, StatusCode};

use super::found::Finding;
use super::{Gateway, trouble_of};
use crate::causes::with_causes;
use crate::domain::registry::Outcome;
use crate::domain::time::Clock;
use crate::service::{Errand, Service};

use ask::Asker;

/// From one question whether it answers to the next: trouble is seen, and seen to be over, within this time.
const EVERY: Duration = Duration::from_secs(10);
/// From one look to the next, in seconds.
const DAY: i64 = 24 * 60 * 60;

/// Looks after the registry, for as long as this is polled.
pub(in crate::registry) async fn look_after(gateway: Arc<Gateway>, service: Arc<Service>, clock: Clock) {
    let asker = Asker::new(Arc::clone(&gateway), service, clock.clone());
    let mut due = clock.moment();
    loop {
        // The looks wait for a registry that answers: after a start of the machine, it may come later than dockpass.
        if answers(&asker).await && clock.moment() >= due {
            due = clock.moment().plus_seconds(DAY);
            look(&asker, &gateway, &clock).await;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Whether it answers as it should; the gateway takes note.
async fn answers(asker: &Asker) -> bool {
    // The base of the API takes any token that the registry believes; zot wants one for a list of repositories there.
    let asked = asker.ask(Method::GET, "/v2/", Bytes::new(), &Errand::Catalog).await;
    let trouble = match asked {
        Ok(answer) => trouble_at_base(answer.status),
        Err(error) => Some(with_causes(&error)),
    };
    let answers = trouble.is_none();
    asker.gateway().note(trouble);
    answers
}

/// The same as for a client; and where the API begins, a registry answers to whom it knows with success, or is busy.
fn trouble_at_base(status: StatusCode) -> Option<String> {
    if status.is_success() || status == StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let other = || format!("it answers with status {} at /v2/, as no registry does", status.as_u16());
    Some(trouble_of(status).unwrap_or_else(other))
}

async fn look(asker: &Asker, gateway: &Gateway, clock: &Clock) {
    let at = clock.now();
    let timed = |what: &str, finding: Finding| {
        let (place, reason) = (gateway.place(), &finding.reason);
        match finding.outcome {
            Outcome::Bad => log::warn!("the registry at {place}: {reason}"),
            Outcome::Unknown => log::info!("the registry at {place}: {what} is not known: {reason}"),
            Outcome::Good => {}
        }
        Finding { found_at: Some(at), ..finding }
    };
    let closed_to_others = timed("whether it answers others", reach::look(asker).await);
    gateway.find(|found| found.closed_to_others = closed_to_others);
    let blobs_apart = timed("whether it keeps blobs apart", blobs::look(asker).await);
    gateway.find(|found| found.blobs_apart = blobs_apart);
}
