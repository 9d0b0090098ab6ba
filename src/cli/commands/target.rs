//! Which server a command speaks to. One rule, in this order:
//!
//! 1. `--server`;
//! 2. `--data-dir`;
//! 3. `DOCKPASS_SERVER`;
//! 4. a data directory that is named otherwise: `--config`, `DOCKPASS_CONFIG`, `DOCKPASS_DATA_DIR`;
//! 5. the data directory of the configuration that is found, where it is there and may be used;
//! 6. the current login of `dockpass login`.
//!
//! So on the machine of the server its administrators go over the socket, whatever they have signed in to, and elsewhere a
//! login is used. Who signs in: `DOCKPASS_TOKEN`, with `DOCKPASS_USER` where it is a password, or else the login at that very
//! server: a secret goes to no other server than the one that it was given for. So an access token alone is refused where
//! nothing but a login says where it would go, and any secret of the environment where 5. would leave it aside and act as the
//! local administrator. The server is asked whose an access token is that stands alone: some commands need the name.

use std::fs::OpenOptions;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::config;
use super::token::reference::secret_hash;
use super::token::report::owner;
use crate::api::Code;
use crate::api::operations::access_tokens::ViewAccessToken;
use crate::cli::global::Global;
use crate::cli::logins::{Login, LoginFile, Logins};
use crate::cli::screen::{CliError, Console};
use crate::cli::wire::{Api, Remote, Trusted, canonical};
use crate::config::Config;
use crate::domain::entered::without_blanks;
use crate::domain::secret::Password;
use crate::private_file::NO_WAIT;

/// Whether somebody signs in at a server that is reached by its URL.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Signing {
    /// It cannot do without.
    Needed,
    /// Where it is known with what.
    WhereKnown,
    /// Nobody does: what is shown proves all that it needs.
    Never,
}

/// How a command reaches its server.
pub(in crate::cli) enum Target {
    /// By the data directory of this configuration.
    Here(Box<Config>),
    /// By a URL.
    Elsewhere(Elsewhere),
}

/// A server that is reached by its URL, and who signs in there.
pub(in crate::cli) struct Elsewhere {
    /// Its URL, without a trailing slash.
    pub(in crate::cli) url: String,
    /// What named it.
    pub(in crate::cli) named_by: String,
    /// Whether nothing but a login named it.
    is_by_login: bool,
    /// Who signs in; none if nobody does.
    pub(in crate::cli) signer: Option<Signer>,
    /// The certificates that are trusted.
    trusted: Trusted,
}

/// Who signs in at a server.
pub(in crate::cli) struct Signer {
    /// The name; empty as long as an access token alone says whose it is.
    pub(in crate::cli) user: String,
    /// With which password or access token.
    pub(in crate::cli) secret: Zeroizing<String>,
    /// Where that comes from.
    pub(in crate::cli) from: String,
}

impl Elsewhere {
    /// The API of it.
    pub(in crate::cli) fn api(&self) -> Result<Api, CliError> {
        let remote = match &self.signer {
            None => Remote::unsigned(&self.url, &self.trusted)?,
            Some(signer) => Remote::new(&self.url, &self.trusted, &signer.user, &signer.secret)?,
        };
        Ok(Api::Remote(Box::new(remote)))
    }

    /// The same with the name of who signs in: the server is asked for it where an access token stands alone.
    async fn named(mut self) -> Result<Self, CliError> {
        let Some(signer) = self.signer.as_ref().filter(|signer| signer.user.is_empty()) else { return Ok(self) };
        let hash = secret_hash(without_blanks(&signer.secret))?.to_string();
        let answer = self.api()?.call(ViewAccessToken, [&hash], &()).await;
        let name = owner(&answer.map_err(|error| self.not_known(error))?.read()?);
        self.signer = self.signer.map(|signer| Signer { user: name, ..signer });
        Ok(self)
    }

    /// An access token alone was refused.
    fn not_known(&self, error: CliError) -> CliError {
        match error {
            CliError::Refused { code, .. } if code == Code::NotAuthenticated.name() => CliError::Finding(format!(
                "{} does not accept the access token in DOCKPASS_TOKEN; an older dockpass also needs the user name, in \
                 DOCKPASS_USER",
                self.url
            )),
            other => other,
        }
    }

    /// The server and who signs in there, where the command did not name it.
    pub(in crate::cli) fn spoken_to(&self) -> Option<String> {
        let who = self.signer.as_ref().map(|signer| format!(", as {}", signer.user)).unwrap_or_default();
        self.is_by_login.then(|| format!("{}{who}", self.url))
    }
}

/// Finds the server and, where that is needed, who signs in; `global` is as it was typed.
pub(in crate::cli) async fn find(signing: Signing, global: Global, console: &Console) -> Result<Target, CliError> {
    match place(signing, global, console)? {
        Target::Elsewhere(found) if signing == Signing::Needed => found.named().await.map(Target::Elsewhere),
        found => Ok(found),
    }
}

/// Finds the server; no server is asked.
fn place(signing: Signing, global: Global, console: &Console) -> Result<Target, CliError> {
    let named_by = if global.server.is_some() { "--server" } else { "DOCKPASS_SERVER" };
    let is_directory_typed = global.data_dir.is_some() && global.server.is_none();
    let is_named_here = ["DOCKPASS_DATA_DIR", "DOCKPASS_SERVER_DATA_DIR", "DOCKPASS_CONFIG"];
    let is_named_here = global.config.is_some() || is_named_here.iter().any(|name| console.variable(name).is_some());
    let global = global.or_environment(console);
    match global.server.clone().filter(|_| !is_directory_typed) {
        Some(url) => elsewhere(&url, named_by.to_owned(), false, signing, &global, console).map(Target::Elsewhere),
        None if is_directory_typed || is_named_here => here(&global, console),
        None => here_or_by_login(signing, &global, console),
    }
}

fn here(global: &Global, console: &Console) -> Result<Target, CliError> {
    if global.ca.is_some() {
        log::debug!("the CA is for --server only");
    }
    Ok(Target::Here(Box::new(config::load(global, None, console)?)))
}

/// The URL of the server that a login is for: what is named, or else the current login's.
pub(in crate::cli) fn url(global: &Global, console: &Console, logins: &Logins) -> Result<Option<String>, CliError> {
    let named = global.server.as_deref().or_else(|| console.variable("DOCKPASS_SERVER"));
    named.map(canonical).transpose().map(|named| named.or_else(|| logins.current.clone()))
}

/// Opens the API of the server that the command speaks to.
pub(in crate::cli) async fn open(signing: Signing, global: Global, console: &mut Console) -> Result<Api, CliError> {
    match find(signing, global, console).await? {
        Target::Here(config) => Api::local(*config),
        Target::Elsewhere(found) => {
            console.spoken_to = found.spoken_to();
            found.api()
        }
    }
}

/// The certificates that are trusted for a login at a server: what is named, or else what was kept.
pub(in crate::cli) fn trusted(global: &Global, kept: Option<&Login>, file: &Path) -> Trusted {
    match (&global.ca, kept.and_then(|login| login.ca.clone())) {
        (Some(path), _) => Trusted::File(path.clone()),
        (None, Some(pem)) => Trusted::Text { pem, of: file.to_owned() },
        (None, None) => Trusted::Nothing,
    }
}

/// The data directory that commands use which name no server, if there is one.
pub(in crate::cli) fn used_here(global: &Global, console: &Console) -> Result<Option<PathBuf>, CliError> {
    let directory = config::load(global, None, console)?.server.data_dir;
    Ok(may_use(&directory).then_some(directory))
}

/// The data directory that is found, if it may be used, else the current login; where there is none, the data directory
/// all the same, which then is what an error is about.
fn here_or_by_login(signing: Signing, global: &Global, console: &Console) -> Result<Target, CliError> {
    // Others may not read the configuration of the system: then its data directory is not theirs either.
    let is_readable = global.config.as_deref().is_none_or(may_read);
    if !is_readable {
        return current(signing, global, console)?
            .map_or_else(|| here(global, console), |found| Ok(Target::Elsewhere(found)));
    }
    // Read once: its warnings are told once.
    let found = here(global, console)?;
    if let Target::Here(config) = &found
        && may_use(&config.server.data_dir)
    {
        // Who gives a secret does not mean to be the local administrator.
        return if signing == Signing::Needed && console.secret_variable("DOCKPASS_TOKEN")?.is_some() {
            let directory = config.server.data_dir.display();
            Err(not_named(&format!("--data-dir {directory} acts there as the local administrator")))
        } else {
            Ok(found)
        };
    }
    Ok(current(signing, global, console)?.map_or(found, Target::Elsewhere))
}

/// The server of the current login, if there is one.
fn current(signing: Signing, global: &Global, console: &Console) -> Result<Option<Elsewhere>, CliError> {
    let Some(file) = LoginFile::of(console) else { return Ok(None) };
    let logins = file.read()?;
    let Some((url, _)) = logins.current() else { return Ok(None) };
    let named_by = format!("the current login, in {}", file.path().display());
    elsewhere(url, named_by, true, signing, global, console).map(Some)
}

/// Whether a file may be read. What is found in the working directory may be a FIFO, which holds up nobody.
fn may_read(path: &Path) -> bool {
    OpenOptions::new().read(true).custom_flags(NO_WAIT).open(path).is_ok()
}

/// Whether a data directory is there, and is ours or may be used as root.
fn may_use(directory: &Path) -> bool {
    let me = rustix::process::geteuid();
    std::fs::metadata(directory).is_ok_and(|found| found.is_dir() && (me.is_root() || found.uid() == me.as_raw()))
}

fn elsewhere(
    url: &str,
    named_by: String,
    is_by_login: bool,
    signing: Signing,
    global: &Global,
    console: &Console,
) -> Result<Elsewhere, CliError> {
    let url = canonical(url)?;
    let file = LoginFile::of(console);
    // Where the file is not needed to sign in, one that cannot be read stops nobody.
    let kept = file.as_ref().and_then(|file| file.read().ok());
    let kept = kept.as_ref().and_then(|logins| logins.servers.get(&url));
    let trusted = trusted(global, kept, file.as_ref().map_or(Path::new(""), LoginFile::path));
    let signer = match signing {
        Signing::Never => None,
        // What is said of two users at once helps nobody who needs none.
        Signing::WhereKnown => signer(&url, is_by_login, file.as_ref(), console).ok(),
        Signing::Needed => Some(signer(&url, is_by_login, file.as_ref(), console)?),
    };
    Ok(Elsewhere { url, named_by, is_by_login, signer, trusted })
}

/// Who signs in: by the environment, or else by the login there.
fn signer(url: &str, is_by_login: bool, file: Option<&LoginFile>, console: &Console) -> Result<Signer, CliError> {
    let user = console.user()?;
    match (user, console.secret_variable("DOCKPASS_TOKEN")?) {
        (Some(user), Some(secret)) => Ok(Signer {
            user: user.to_owned(),
            secret: Zeroizing::new(secret.to_owned()),
            from: "DOCKPASS_USER and DOCKPASS_TOKEN".to_owned(),
        }),
        (None, Some(secret)) if !Password::new(secret.to_owned()).is_access_token() => Err(CliError::Usage(
            "DOCKPASS_TOKEN holds a password, which needs its user name in DOCKPASS_USER; an access token needs none"
                .to_owned(),
        )),
        (None, Some(_)) if is_by_login => {
            Err(not_named(&format!("without DOCKPASS_TOKEN, the current login at {url} is used")))
        }
        (None, Some(secret)) => Ok(Signer {
            user: String::new(),
            secret: Zeroizing::new(secret.to_owned()),
            from: "DOCKPASS_TOKEN".to_owned(),
        }),
        (_, None) => by_login(url, user, file),
    }
}

fn by_login(url: &str, user: Option<&str>, file: Option<&LoginFile>) -> Result<Signer, CliError> {
    let (path, logins) = match file {
        Some(file) => (file.path(), file.read()?),
        None => (Path::new(""), Logins::default()),
    };
    let Some(login) = logins.servers.get(url) else { return Err(no_login(url)) };
    if let Some(wanted) = user.filter(|user| *user != login.user) {
        let is = &login.user;
        return Err(CliError::Usage(format!(
            "the login at {url} is that of {is}, but DOCKPASS_USER is {wanted}: set DOCKPASS_TOKEN as well, or sign in with \
             `dockpass login --server {url} --user {wanted}`"
        )));
    }
    Ok(Signer {
        user: login.user.clone(),
        secret: Zeroizing::new(login.secret.clone()),
        from: format!("the login in {}", path.display()),
    })
}

/// A secret stands in the environment, and nothing says which server it is for; `otherwise` is what else may be meant.
fn not_named(otherwise: &str) -> CliError {
    CliError::Usage(format!(
        "DOCKPASS_TOKEN is set, but nothing names the server that it is for: add --server URL or set DOCKPASS_SERVER; {otherwise}"
    ))
}

/// Nobody has signed in at a server.
pub(in crate::cli) fn no_login(url: &str) -> CliError {
    CliError::Usage(format!(
        "you are not signed in to {url}: run `dockpass login --server {url}`, or put an access token into DOCKPASS_TOKEN, or a \
         user name and password into DOCKPASS_USER and DOCKPASS_TOKEN"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::console;

    const LOGINS: &str = r#"{"version":1,"current":"https://a.example","servers":{
        "https://a.example":{"user":"alice","secret":"dkp_a","token":"01A","expiresAt":null,"isOurs":true,"ca":null},
        "https://b.example":{"user":"bob","secret":"dkp_b","token":"01B","expiresAt":null,"isOurs":true,"ca":"PEM"}}}"#;

    struct Place {
        home: tempfile::TempDir,
        console: Console,
    }

    fn place(variables: &[(&str, &str)]) -> Place {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".config/dockpass")).unwrap();
        std::fs::write(home.path().join(".config/dockpass/logins.json"), LOGINS).unwrap();
        let (mut console, _) = console(b"");
        console.environment.insert("HOME".into(), home.path().display().to_string());
        console.environment.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Place { home, console }
    }

    /// `here`, or who signs in where, with what, named by what.
    fn found(place: &Place, global: Global) -> Result<String, String> {
        match super::place(Signing::Needed, global, &place.console) {
            Ok(Target::Here(_)) => Ok("here".to_owned()),
            Ok(Target::Elsewhere(it)) => {
                let named_by = it.named_by.split(',').next().unwrap_or_default().to_owned();
                let signer = it.signer.unwrap();
                Ok(format!("{} {} {} by {named_by}", it.url, signer.user, &*signer.secret))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn server(url: &str) -> Global {
        Global { server: Some(url.to_owned()), ..Global::default() }
    }

    #[test]
    fn a_login_is_used_where_nothing_is_named() {
        let nothing = place(&[]);
        let data = nothing.home.path().join("data");
        // The default directory must not be there, wherever the test runs.
        let login = Ok("https://a.example alice dkp_a by the current login".to_owned());
        if !Path::new("dockpass-data").exists() {
            assert_eq!(found(&nothing, Global::default()), login);
        }
        let typed = Global { data_dir: Some(data), ..Global::default() };
        assert_eq!(found(&nothing, typed.clone()), Ok("here".into()));
        assert_eq!(found(&place(&[("DOCKPASS_DATA_DIR", "/nonexistent")]), Global::default()), Ok("here".into()));
        let both = place(&[("DOCKPASS_SERVER", "https://b.example/")]);
        assert_eq!(found(&both, Global::default()), Ok("https://b.example bob dkp_b by DOCKPASS_SERVER".into()));
        assert_eq!(found(&both, typed), Ok("here".into()), "an option is over the environment");
        let option = found(&both, server("https://a.example"));
        assert_eq!(option, Ok("https://a.example alice dkp_a by --server".into()));
    }

    #[test]
    fn a_data_directory_of_ours_comes_before_a_login() {
        let mut there = place(&[]);
        let data = there.home.path().join("data");
        let file = there.home.path().join("config.toml");
        std::fs::write(&file, format!("[server]\ndata_dir = {:?}\n", data.display().to_string())).unwrap();
        there.console.found_file = Some(file.clone());
        let login = Ok("https://a.example alice dkp_a by the current login".to_owned());
        assert_eq!(found(&there, Global::default()), login, "there is none");
        std::fs::create_dir(&data).unwrap();
        assert_eq!(found(&there, Global::default()), Ok("here".into()));
        let named = Global { config: Some(file), ..Global::default() };
        assert_eq!(found(&there, named), Ok("here".into()));
    }

    #[test]
    fn a_secret_goes_to_the_server_that_it_was_given_for() {
        let said = found(&place(&[]), server("https://c.example")).unwrap_err();
        assert!(said.starts_with("you are not signed in to https://c.example: run"), "{said}");
        let said = found(&place(&[("DOCKPASS_USER", "carol")]), server("https://a.example")).unwrap_err();
        assert!(
            said.starts_with("the login at https://a.example is that of alice, but DOCKPASS_USER is carol"),
            "{said}"
        );
        let said = found(&place(&[("DOCKPASS_TOKEN", "sekret")]), server("https://a.example")).unwrap_err();
        assert!(said.contains("needs its user name in DOCKPASS_USER") && !said.contains("sekret"), "{said}");
        let alone = found(&place(&[("DOCKPASS_TOKEN", "dkp_c")]), server("https://a.example"));
        assert_eq!(alone, Ok("https://a.example  dkp_c by --server".into()), "the server says whose it is");
        let both = place(&[("DOCKPASS_USER", "carol"), ("DOCKPASS_TOKEN", "dkp_c")]);
        let over = found(&both, server("https://a.example"));
        assert_eq!(over, Ok("https://a.example carol dkp_c by --server".into()));
    }

    #[test]
    fn an_access_token_alone_goes_to_no_server_that_only_a_login_names() {
        let not_named = "DOCKPASS_TOKEN is set, but nothing names the server that it is for";
        let alone = place(&[("DOCKPASS_TOKEN", "dkp_c")]);
        if !Path::new("dockpass-data").exists() {
            let said = found(&alone, Global::default()).unwrap_err();
            assert!(
                said.starts_with(not_named) && said.ends_with("the current login at https://a.example is used"),
                "{said}"
            );
            assert!(!said.contains("dkp_c"), "{said}");
        }
        let named = place(&[("DOCKPASS_TOKEN", "dkp_c"), ("DOCKPASS_SERVER", "https://a.example")]);
        assert_eq!(found(&named, Global::default()), Ok("https://a.example  dkp_c by DOCKPASS_SERVER".into()));
    }

    #[test]
    fn who_gives_a_secret_is_not_the_local_administrator_unseen() {
        for variables in
            [&[("DOCKPASS_TOKEN", "dkp_c")][..], &[("DOCKPASS_TOKEN", "horse"), ("DOCKPASS_USER", "carol")]]
        {
            let mut there = place(variables);
            let data = there.home.path().join("data");
            std::fs::create_dir(&data).unwrap();
            let file = there.home.path().join("config.toml");
            std::fs::write(&file, format!("[server]\ndata_dir = {:?}\n", data.display().to_string())).unwrap();
            there.console.found_file = Some(file);
            let said = found(&there, Global::default()).unwrap_err();
            assert!(said.starts_with("DOCKPASS_TOKEN is set, but") && said.contains("--data-dir"), "{said}");
            let typed = Global { data_dir: Some(data), ..Global::default() };
            assert_eq!(found(&there, typed), Ok("here".into()), "who names the directory means it");
            for signing in [Signing::WhereKnown, Signing::Never] {
                let it = super::place(signing, Global::default(), &there.console);
                assert!(matches!(it, Ok(Target::Here(_))), "nobody signs in");
            }
        }
    }

    #[test]
    fn who_needs_nobody_to_sign_in_asks_unsigned_where_that_is_not_clear() {
        let signs_in = |variables: &[(&str, &str)], signing| {
            let there = place(variables);
            match super::place(signing, server("https://a.example"), &there.console) {
                Ok(Target::Elsewhere(it)) => it.signer.map(|signer| signer.user),
                Ok(Target::Here(_)) | Err(_) => panic!("{variables:?}"),
            }
        };
        assert_eq!(signs_in(&[], Signing::WhereKnown).as_deref(), Some("alice"));
        for unclear in [("DOCKPASS_USER", "carol"), ("DOCKPASS_TOKEN", "a password")] {
            assert_eq!(signs_in(&[unclear], Signing::WhereKnown), None, "{unclear:?}");
        }
        assert_eq!(signs_in(&[], Signing::Never), None);
    }

    #[test]
    fn a_damaged_file_stops_only_who_needs_it() {
        let there = place(&[("DOCKPASS_USER", "carol"), ("DOCKPASS_TOKEN", "dkp_c")]);
        std::fs::write(there.home.path().join(".config/dockpass/logins.json"), "{").unwrap();
        assert!(found(&there, server("https://a.example")).is_ok());
        let typed = Global { data_dir: Some("/nonexistent".into()), ..Global::default() };
        assert_eq!(found(&there, typed), Ok("here".into()));
        let mut without = place(&[]);
        without.console.environment.clone_from(&there.console.environment);
        without.console.environment.remove("DOCKPASS_TOKEN");
        assert!(found(&without, server("https://a.example")).unwrap_err().contains("cannot be understood"));
    }
}
