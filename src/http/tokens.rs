//! `/api/v0/api_tokens`: access tokens, with DTR's paths, names and codes.

use actix_web::HttpRequest;

use super::address::{self, Peer};
use super::failure::Failure;
use super::page;
use super::pools::Work;
use super::reply::{Replied, Reply};
use super::request::{Arrival, FromArrival, MAX_BODY, Received, Request, app, credentials};
use crate::api::operations::access_tokens as op;
use crate::api::{self, Access, Code, Nothing};
use crate::domain::access::AccessLevel;
use crate::domain::act::Act;
use crate::domain::name::RepositoryName;
use crate::domain::secret::{Password, TokenText};
use crate::domain::time::Timestamp;
use crate::domain::token::{ENDS_SOON, GeneratedBy, Limits, Pattern, Patterns, Shown, TokenState};
use crate::domain::token_order::{TokenOrder, TokenPlace};
use crate::domain::usage::SecretUse;
use crate::service::{
    Call, Credentials, Expiry, NewToken, Page, ReachPreview, RepeatedRotation, RotatedToken, Rotation, RotationKey,
    Service, TokenCounts, TokenFilter, TokenView,
};

/// What is said when an administrator's access token goes on that another account made.
const KNOWN_TO_MAKER: &str =
    "another account made this access token: whoever knows its secret acts as an administrator";

/// The record as the API shows it.
pub(super) fn shown(view: &TokenView) -> api::ApiToken {
    let token = &view.token;
    api::ApiToken {
        hashed_token: token.hash.to_string(),
        token_label: token.label.to_string(),
        is_active: token.is_active,
        state: view.state,
        state_reason: view.reason.clone(),
        stopped_by: view.stopped_by.map(|id| id.to_string()),
        last_used: view.usage.map_or(Timestamp::NEVER, |usage| usage.at).to_string(),
        created_at: token.created_at.to_string(),
        generated_by: token.generated_by,
        creator_ua: token.creator_ua.to_string(),
        id: token.id.to_string(),
        username: view.owner.to_string(),
        robot: token.robot.as_ref().map(ToString::to_string),
        secret_by: view.secret_by.as_ref().map(ToString::to_string),
        expires_at: token.expires_at.map(|end| end.to_string()),
        lifetime: token.lifetime(),
        access_level: token.limits.cap,
        repositories: token.limits.patterns.iter().map(ToString::to_string).collect(),
        last_used_ip: view.usage.map(|usage| usage.address.to_string()),
        parent: token.parent.map(|parent| parent.to_string()),
        temporary_password: token.temporary_password,
        current_last_used: used_at(view.current_use),
        previous_hashed_token: view.replaced.map(|replaced| replaced.hash.to_string()),
        previous_until: view.replaced.map(|replaced| replaced.until.to_string()),
        previous_until_used: view.replaced.is_some_and(|replaced| replaced.until_used),
        previous_last_used: view.replaced.map(|replaced| used_at(replaced.used)),
        previous_last_used_ip: view.replaced.and_then(|replaced| replaced.used).map(|used| used.address.to_string()),
        revoked_at: token.revoked.map(|revocation| revocation.at.to_string()),
        revoked_from: token.revoked.and_then(|revocation| revocation.address).map(|address| address.to_string()),
    }
}

fn used_at(used: Option<SecretUse>) -> String {
    used.map_or(Timestamp::NEVER, |used| used.at).to_string()
}

fn new_secret(view: &TokenView, text: &TokenText) -> api::NewApiToken {
    api::NewApiToken { token: text.reveal().to_owned(), record: shown(view) }
}

/// The answer to a rotation names the secret that was replaced also where nothing overlaps.
pub(super) fn rotated(rotated: &RotatedToken) -> api::NewApiToken {
    let mut new = new_secret(&rotated.view, &rotated.text);
    new.record.previous_hashed_token = Some(rotated.replaced.hash.to_string());
    new.record.previous_until = Some(rotated.replaced.until.to_string());
    new
}

/// Reads the requested cap and patterns.
fn limits(level: Option<AccessLevel>, patterns: Option<Vec<String>>) -> Result<Limits, Failure> {
    let patterns: Patterns = self::patterns(&patterns.unwrap_or_default())?.into();
    Ok(Limits { cap: level.unwrap_or(AccessLevel::Admin), patterns })
}

pub(super) fn patterns(texts: &[String]) -> Result<Vec<Pattern>, Failure> {
    let read = |text: &String| Pattern::parse(text).map_err(|reason| Failure::invalid("repositories", reason));
    texts.iter().map(read).collect()
}

pub(super) fn expiry(asked: api::Nullable<String>) -> Result<Expiry, Failure> {
    match asked {
        None => Ok(Expiry::Default),
        Some(None) => Ok(Expiry::Never),
        Some(Some(text)) => {
            let end = Timestamp::parse(&text).map_err(|error| Failure::invalid("expiresAt", error))?;
            Ok(Expiry::At(end.whole_seconds()))
        }
    }
}

/// The filter of a list and of a clean-up. The defaults are those of the clean-up as soon as it is one, or its preview.
fn filter(which: op::Selection) -> TokenFilter {
    let op::Selection {
        username,
        everybody,
        used_before,
        generated_by,
        state,
        expires_before,
        unused_since,
        never_used,
        unlimited,
    } = which;
    let everybody = everybody.unwrap_or(false);
    let default = if used_before.is_some() { op::Making::Auto } else { op::Making::All };
    let generated_by = match generated_by.unwrap_or(default) {
        op::Making::All => None,
        op::Making::Auto => Some(GeneratedBy::Auto),
        op::Making::Manual => Some(GeneratedBy::Manual),
    };
    TokenFilter {
        username,
        everybody,
        made_with: None,
        secret_by: None,
        used_before,
        generated_by,
        state,
        expires_before,
        unused_since,
        never_used,
        unlimited,
    }
}

pub(super) async fn list(request: Request<op::ListAccessTokens>) -> Replied<op::ListAccessTokens> {
    let (which, op::Ranking { sort, made_with, secret_by }, page, count) = request.query()?;
    let filter = TokenFilter { made_with, secret_by, ..filter(which) };
    let sort = sort.unwrap_or_default();
    if page.start.is_some_and(|start| start.end.is_some() != (sort == TokenOrder::End)) {
        return Err(Failure::invalid("pageStart", "not the start of a page in this order"));
    }
    let with_count = count.is_wanted();
    let is_long = with_count || page::is_long(page.size) || !filter.is_whole();
    let read = move |service: &Service, call: &Call| match sort {
        TokenOrder::Newest => {
            let before = page.start.map(|start| start.id);
            let list = service.list_tokens(call, &filter, before, page.size, with_count)?;
            let next = list.next.map(|id| TokenPlace { end: None, id });
            Ok(Page { entries: list.entries, next, count: list.count })
        }
        TokenOrder::End => service.list_tokens_by_end(call, &filter, page.start, page.size, with_count),
    };
    let list = request.read_list(is_long, read).await?;
    Ok(Reply::new(&page::paged(&list, |_, _| list.entries.iter().map(shown).collect())))
}

/// `GET /api/v0/api_tokens/counts`
pub(super) async fn counts(request: Request<op::CountAccessTokens>) -> Replied<op::CountAccessTokens> {
    let (op::Counted { username, everybody }, op::Near { expires_before }) = request.query()?;
    let everybody = everybody.unwrap_or(false);
    let before = expires_before.unwrap_or_else(|| request.now.plus_seconds(ENDS_SOON).whole_seconds());
    let counts =
        request.read_long(move |service, call| service.count_tokens(call, username, everybody, before)).await?;
    let TokenCounts { total, revoked, expired, inactive, account_inactive, stopped, active, .. } = counts;
    Ok(Reply::new(&api::ApiTokenCounts {
        total,
        states: api::ApiTokenStates { revoked, expired, inactive, account_inactive, stopped, active },
        expiring: counts.expiring,
        expiring_before: before.to_string(),
        never_used: counts.never_used,
        unlimited: counts.unlimited,
    }))
}

/// `POST /api/v0/api_tokens/reach`
pub(super) async fn preview_reach(request: Request<op::PreviewTokenReach>) -> Replied<op::PreviewTokenReach> {
    let username = request.query()?.username;
    let body = request.body(|service, call| service.may_manage_tokens(call, Act::TokenReach, username.as_deref()))?;
    let limits = limits(body.access_level, body.repositories)?;
    let preview =
        request.read_long(move |service, call| service.preview_reach(call, username.as_deref(), &limits)).await?;
    Ok(Reply::new(&limited_reach(&preview)))
}

/// What given limits would reach, as it is told.
pub(super) fn limited_reach(preview: &ReachPreview) -> api::LimitedReach {
    let of = |level| preview.levels.get(&level).copied().unwrap_or(0);
    api::LimitedReach {
        repositories: preview.levels.values().sum(),
        has_more: preview.has_more,
        levels: api::ReachedLevels {
            read_only: of(AccessLevel::ReadOnly),
            push: of(AccessLevel::Push),
            read_write: of(AccessLevel::ReadWrite),
            admin: of(AccessLevel::Admin),
        },
        first: preview.first.iter().map(ToString::to_string).collect(),
        account_repositories: preview.of_account,
        account_has_more: preview.account_has_more,
    }
}

pub(super) async fn create(request: Request<op::CreateAccessToken>) -> Replied<op::CreateAccessToken> {
    let username = request.query()?.username;
    let body = request.body(|service, call| service.may_manage_tokens(call, Act::TokenCreate, username.as_deref()))?;
    let alone = body.repositories.iter().flatten().filter(|text| !text.contains('/'));
    let alone: Vec<String> = alone.cloned().collect();
    let new = NewToken {
        username,
        label: body.token_label,
        expiry: expiry(body.expires_at)?,
        limits: limits(body.access_level, body.repositories)?,
        is_temporary: body.temporary_password.unwrap_or(false),
    };
    let names: Vec<_> = alone.iter().filter_map(|text| RepositoryName::parse_shown(text).ok()).collect();
    request.run(|service, call| service.may_be_meant(call, new.username.as_deref(), &names))?;
    let (view, text) = request.block(move |service, call| service.create_token(call, new)).await?;
    let hash = view.token.hash.to_string();
    // The access token is made, and its secret is in this answer alone: what cannot be looked up now is left out.
    let unreached =
        request.block(move |service, call| service.unreached_patterns(call, &hash)).await.unwrap_or_default();
    let reply = Reply::new(&new_secret(&view, &text)).warning(alone_means(&alone).as_deref());
    Ok(reply.and_warning(reach_nothing(&unreached, view.owner.as_str()).as_deref()))
}

/// Most patterns that a warning names.
const MOST_NAMED: usize = 5;

/// What is said of patterns that were read as repositories without a namespace, since a namespace may be meant.
fn alone_means(alone: &[String]) -> Option<String> {
    let read = alone.iter().take(MOST_NAMED).map(|text| {
        format!(
            "`{text}` is the repository `_/{text}`, which has no namespace; the repositories of {text} are `{text}/*`"
        )
    });
    let more = alone.len().saturating_sub(MOST_NAMED);
    let more = (more > 0).then(|| format!("{more} more are read in the same way"));
    let said: Vec<String> = read.chain(more).collect();
    (!said.is_empty()).then(|| said.join(". "))
}

/// What is said of patterns by which `owner` reaches nothing.
fn reach_nothing(unreached: &[Pattern], owner: &str) -> Option<String> {
    let named: Vec<String> = unreached.iter().take(MOST_NAMED).map(|pattern| format!("`{pattern}`")).collect();
    let more = unreached.len().saturating_sub(MOST_NAMED);
    match named.as_slice() {
        [] => None,
        [one] => Some(format!("{one} reaches nothing at present: it is not there, or {owner} has no access to it")),
        many => {
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let names = many.join(", ");
            Some(format!(
                "{names}{more} reach nothing at present: they are not there, or {owner} has no access to them"
            ))
        }
    }
}

pub(super) async fn end_overlap(request: Request<op::EndTokenOverlap>) -> Replied<op::EndTokenOverlap> {
    let [hash] = request.parts()?;
    let view = request.block(move |service, call| service.end_overlap(call, &hash)).await?;
    Ok(Reply::new(&shown(&view)))
}

pub(super) async fn clean_up(request: Request<op::CleanUpAccessTokens>) -> Replied<op::CleanUpAccessTokens> {
    let filter = filter(request.exact_query()?);
    request.run(|service, call| service.may_clean_up(call, &filter))?;
    let removed = request.block(move |service, call| service.clean_up_tokens(call, &filter)).await?;
    Ok(Reply::new(&removed.iter().map(shown).collect()))
}

pub(super) async fn identify(request: Request<op::IdentifyAccessToken>) -> Replied<op::IdentifyAccessToken> {
    let api::IdentifyApiToken { token } = request.body(Service::may_identify_token)?;
    let secret = Password::new(token);
    let found = request.run(|service, call| service.identify_token(call, &secret))?;
    Ok(Reply::new(&api::IdentifiedApiToken {
        secret: match found.shown {
            Some(Shown::Current) => api::SecretKind::Present,
            Some(Shown::Replaced) => api::SecretKind::Replaced,
            None => api::SecretKind::Ended,
        },
        secret_until: found.until.map(|until| until.to_string()),
        record: shown(&found.view),
    }))
}

pub(super) async fn revoke(request: Request<op::RevokeAccessTokens>) -> Replied<op::RevokeAccessTokens> {
    let api::RevokeApiTokens { tokens } = request.body(Service::may_revoke_tokens)?;
    let texts: Vec<Password> = tokens.into_iter().map(Password::new).collect();
    request.block(move |service, call| service.revoke_tokens(call, &texts)).await?;
    Ok(Reply::new(&Nothing))
}

pub(super) async fn view(request: Request<op::ViewAccessToken>) -> Replied<op::ViewAccessToken> {
    let [hash] = request.parts()?;
    let view = request.run(|service, call| service.view_token(call, &hash))?;
    // A page asks every two seconds whether it was used.
    Reply::unless_known(&shown(&view), &request.http)
}

pub(super) async fn update(request: Request<op::UpdateAccessToken>) -> Replied<op::UpdateAccessToken> {
    let [hash] = request.parts()?;
    let api::UpdateApiToken { token_label, is_active } =
        request.body(|service, call| service.may_change_token(call, Act::TokenUpdate, &hash))?;
    let updated = request
        .block(move |service, call| service.update_token(call, &hash, token_label.as_deref(), is_active))
        .await?;
    let stays = (is_active == Some(true)).then(|| stays_refused(&updated.view)).flatten();
    let known = updated.is_known_to_maker.then(|| KNOWN_TO_MAKER.to_owned());
    let said: Vec<String> = stays.into_iter().chain(known).collect();
    Ok(Reply::new(&shown(&updated.view)).warning(Some(said.join("; ")).filter(|said| !said.is_empty()).as_deref()))
}

/// What is said when an access token is switched on and is refused all the same. The reason may name labels, which a header
/// does not take; the answer has it.
pub(super) fn stays_refused(view: &TokenView) -> Option<String> {
    let why = match view.state {
        TokenState::Active | TokenState::Inactive => return None,
        TokenState::Expired => "it has expired, and stays expired",
        TokenState::Revoked => "it was ended for good, and stays so",
        TokenState::AccountInactive => "its account is inactive",
        TokenState::Stopped => "an access token that made it is revoked, expired or inactive",
    };
    Some(format!("switched on, and refused all the same: {why}"))
}

pub(super) async fn delete(request: Request<op::DeleteAccessToken>) -> Replied<op::DeleteAccessToken> {
    let [hash] = request.parts()?;
    request.block(move |service, call| service.delete_token(call, &hash)).await?;
    Ok(Reply::new(&Nothing))
}

/// The request of a rotation, which may be one that is sent again because its answer was lost. The secret that it shows is
/// then accepted for nothing else.
pub(super) enum RotationRequest {
    /// A request with a checked caller. With a key, it may turn out to be one that is sent again.
    First(Box<Request<op::RotateAccessToken>>, Option<RotationKey>, Option<RepeatedRotation>),
    /// One that may repeat a rotation. The service looks whether it does.
    Again(Received, RepeatedRotation),
}

impl FromArrival for RotationRequest {
    type Operation = op::RotateAccessToken;

    async fn read(arrival: Arrival) -> Result<Self, Failure> {
        let (key, repeated) = match repeated(&arrival) {
            Ok(found) => found,
            // Who has not signed in is told that, and not what is wrong with the key.
            Err(failure) => {
                Request::<op::RotateAccessToken>::read(arrival).await.map(drop)?;
                return Err(failure);
            }
        };
        let Some(repeated) = repeated else {
            return Ok(Self::First(Box::new(Request::read(arrival).await?), key, None));
        };
        let app = app(&arrival.http)?;
        let is_again = || app.service.may_repeat_rotation(&repeated, app.clock.now());
        if is_again() {
            return Ok(Self::Again(Received::read(arrival, MAX_BODY).await?, repeated));
        }
        match Request::read_if_allowed(arrival).await? {
            Ok(request) => Ok(Self::First(Box::new(request), key, Some(repeated))),
            // The first request may have come through in between.
            Err((_, arrival)) if is_again() => Ok(Self::Again(Received::read(arrival, MAX_BODY).await?, repeated)),
            Err((failure, _)) => Err(failure),
        }
    }
}

/// The user name, if there is one, and the secret of a request that may repeat one.
fn shown_again(http: &HttpRequest) -> Option<(Option<String>, Password)> {
    match credentials(http, Access::SignedIn).ok()? {
        Credentials::Basic { username, password } => Some((Some(username), password)),
        Credentials::AccessToken(secret) => Some((None, secret)),
        Credentials::None | Credentials::RegistryToken(_) | Credentials::Session(_) | Credentials::Local { .. } => None,
    }
}

/// The key of a rotation, and what it takes to repeat one.
fn repeated(arrival: &Arrival) -> Result<(Option<RotationKey>, Option<RepeatedRotation>), Failure> {
    let http = &arrival.http;
    let key = http.headers().get(op::IDEMPOTENCY_KEY).map(|key| RotationKey::read(key.as_bytes())).transpose()?;
    let app = app(http)?;
    if let (Some(key), Some(hash)) = (key, arrival.parts.first())
        && let Some((username, secret)) = shown_again(http)
        && let Peer::Remote(address) = address::peer(http, &app)?
    {
        return Ok((Some(key), Some(RepeatedRotation { username, secret, hash: hash.clone(), key, address })));
    }
    Ok((key, None))
}

pub(super) async fn rotate(request: RotationRequest) -> Replied<op::RotateAccessToken> {
    let done = match request {
        RotationRequest::First(request, key, repeated) => match (rotate_first(&request, key).await, repeated) {
            // It was sent while the first one was not done yet, which has replaced its secret since.
            (Err(failure), Some(repeated))
                if matches!(failure.code, Code::NotAuthenticated | Code::NotAuthorized)
                    && request.app.service.may_repeat_rotation(&repeated, request.now) =>
            {
                rotate_again(&request, repeated).await?
            }
            (done, _) => done?,
        },
        RotationRequest::Again(received, repeated) => {
            // It repeats a request whose body was read: this one says nothing new.
            let (received, api::RotateApiToken { .. }) = received.with_body()?;
            rotate_again(&received, repeated).await?
        }
    };
    Ok(Reply::new(&rotated(&done)))
}

pub(super) fn rotation(body: &api::RotateApiToken) -> Rotation {
    let api::RotateApiToken { overlap, until_used, renew } = *body;
    let overlap = overlap.map(i64::from);
    Rotation { overlap, until_used: until_used.unwrap_or(false), renew: renew.unwrap_or(false) }
}

async fn rotate_first(
    request: &Request<op::RotateAccessToken>,
    key: Option<RotationKey>,
) -> Result<RotatedToken, Failure> {
    let [hash] = request.parts()?;
    let body = request.body(|service, call| service.may_change_token(call, Act::TokenRotate, &hash))?;
    let rotation = rotation(&body);
    request.block(move |service, call| service.rotate_token(call, &hash, rotation, key)).await
}

async fn rotate_again(received: &Received, repeated: RepeatedRotation) -> Result<RotatedToken, Failure> {
    let (now, user_agent) = (received.now, received.user_agent());
    received
        .app
        .block(&received.http, Work::Change, move |service| service.repeat_rotation(&repeated, now, user_agent))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_names_five_patterns_and_counts_the_rest() {
        let said = |many: usize| alone_means(&(0..many).map(|number| format!("app-{number}")).collect::<Vec<_>>());
        assert_eq!(said(0), None);
        let named = |many: usize| said(many).unwrap_or_default().matches("which has no namespace").count();
        assert_eq!([MOST_NAMED, MOST_NAMED + 2].map(named), [5, 5]);
        assert!(!said(MOST_NAMED).unwrap().contains("more"));
        assert!(said(MOST_NAMED + 2).unwrap().ends_with(". 2 more are read in the same way"));
    }
}
