//! The logins of this user on this machine: for each server who signs in, with which access token. One file below the
//! user's configuration directory, which only its owner may read. A password never stands in it.
//!
//! It belongs to the user who runs the command: one of somebody else is refused, also by root, who would act in another's
//! name without knowing it. Those who change it take turns.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::screen::{CliError, Console};
use crate::denied;
use crate::private_file;

/// The form of the file. A later one is refused and left as it is.
const VERSION: u32 = 1;
/// The directory below the user's configuration, and the files in it.
const DIRECTORY: &str = "dockpass";
const FILE: &str = "logins.json";
const LOCK: &str = "logins.lock";
/// Attempts while another command changes the file, with a [`PAUSE`] after each: three seconds in all.
const ATTEMPTS: usize = 30;
const PAUSE: Duration = Duration::from_millis(100);

/// A login at one server.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Login {
    /// Who signs in.
    pub(super) user: String,
    /// The secret of the access token.
    pub(super) secret: String,
    /// The id of the access token.
    pub(super) token: String,
    /// When the access token ends; none for never.
    pub(super) expires_at: Option<String>,
    /// Whether `dockpass login` has made the access token, so that `dockpass logout` deletes it.
    pub(super) is_ours: bool,
    /// The certificates that are trusted for this server (PEM), beside those of the system.
    pub(super) ca: Option<String>,
}

impl Drop for Login {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// All logins.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Logins {
    version: u32,
    /// The URL of the server that a command goes to which names none.
    pub(super) current: Option<String>,
    /// By the server's URL.
    pub(super) servers: BTreeMap<String, Login>,
}

/// What every version of the file has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Default for Logins {
    fn default() -> Self {
        Self { version: VERSION, current: None, servers: BTreeMap::new() }
    }
}

impl Logins {
    /// The current server and its login.
    pub(super) fn current(&self) -> Option<(&str, &Login)> {
        let url = self.current.as_deref()?;
        self.servers.get(url).map(|login| (url, login))
    }
}

/// The file of the logins.
#[derive(Clone, Debug)]
pub(super) struct LoginFile {
    path: PathBuf,
}

impl LoginFile {
    /// The file of this user; none where the environment names no place for it.
    pub(super) fn of(console: &Console) -> Option<Self> {
        let absolute = |name| console.variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let below = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
        Some(Self { path: below.join(DIRECTORY).join(FILE) })
    }

    /// The same, for commands that are about it.
    pub(super) fn must_be(console: &Console) -> Result<Self, CliError> {
        let why = "there is no place for logins: neither XDG_CONFIG_HOME nor HOME names a directory";
        Self::of(console).ok_or_else(|| CliError::Finding(why.to_owned()))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the logins; there are none if there is no file.
    pub(super) fn read(&self) -> Result<Logins, CliError> {
        self.refuse_foreign()?;
        let Some(bytes) = private_file::read(&self.path)? else { return Ok(Logins::default()) };
        // The reason is not told: serde may repeat a part of the text.
        let Versioned { version } = serde_json::from_slice(&bytes).map_err(|_| self.damaged())?;
        if version > VERSION {
            let path = self.path.display();
            return Err(CliError::Finding(format!(
                "the logins in {path} are those of a later dockpass; update this one"
            )));
        }
        serde_json::from_slice(&bytes).map_err(|_| self.damaged())
    }

    /// Makes the directory and takes the turn of whoever changes the file: what stands in the way is known before
    /// anything is made at a server.
    pub(super) async fn prepare(&self) -> Result<(), CliError> {
        self.turn().await?;
        self.read().map(drop)
    }

    /// Changes the logins: reads, changes and writes them in one turn. They are as before if it fails, also where they
    /// would be more than is read again.
    pub(super) async fn change<T>(&self, change: impl FnOnce(&mut Logins) -> T) -> Result<T, CliError> {
        let _turn = self.turn().await?;
        let mut logins = self.read()?;
        let changed = change(&mut logins);
        let text = Zeroizing::new(serde_json::to_vec_pretty(&logins).map_err(CliError::Json)?);
        if text.len() > private_file::MOST {
            let path = self.path.display();
            return Err(CliError::Finding(format!(
                "the logins in {path} would be larger than 1 MiB: end others first, with dockpass logout --server URL"
            )));
        }
        private_file::write(&self.path, &text)?;
        Ok(changed)
    }

    /// Waits until nobody else changes the file; the turn ends with what is answered.
    async fn turn(&self) -> Result<File, CliError> {
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        private_file::make_directory(directory)?;
        let path = directory.join(LOCK);
        let failed = |cause| CliError::File { action: "lock", path: path.clone(), cause };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.custom_flags(private_file::NO_LINK_NO_WAIT).open(&path).map_err(failed)?;
        for _ in 0..ATTEMPTS {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(file),
                Err(rustix::io::Errno::WOULDBLOCK) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(failed(error.into())),
            }
        }
        Err(failed(io::Error::other("another dockpass has it for too long")))
    }

    fn refuse_foreign(&self) -> Result<(), CliError> {
        let me = rustix::process::geteuid().as_raw();
        match std::fs::symlink_metadata(&self.path) {
            Ok(found) if found.uid() != me => {
                let (path, owner) = (self.path.display(), denied::user(found.uid()));
                Err(CliError::Finding(format!("the logins in {path} belong to {owner}; only that user uses them")))
            }
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(cause) => Err(CliError::File { action: "read", path: self.path.clone(), cause }),
        }
    }

    fn damaged(&self) -> CliError {
        let path = crate::domain::text::shell_word(&self.path.display().to_string());
        CliError::Finding(format!("the logins in {path} cannot be understood; to sign in anew, remove them: rm {path}"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::cli::testing::console;

    fn login(user: &str) -> Login {
        let expires_at = Some("2027-02-19T20:42:00Z".to_owned());
        let (secret, token) = ("dkp_x".to_owned(), "01A".to_owned());
        Login { user: user.to_owned(), secret, token, expires_at, is_ours: true, ca: None }
    }

    fn at_home(home: &Path) -> LoginFile {
        let (mut console, _) = console(b"");
        console.environment.insert("HOME".into(), home.display().to_string());
        LoginFile::of(&console).unwrap()
    }

    async fn put(file: &LoginFile, url: &str, user: &str) -> Result<(), CliError> {
        file.change(|logins| drop(logins.servers.insert(url.to_owned(), login(user)))).await
    }

    #[test]
    fn the_place_is_the_users_configuration() {
        let place = |pairs: &[(&str, &str)]| {
            let (mut console, _) = console(b"");
            console.environment.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            LoginFile::of(&console).map(|file| file.path().display().to_string())
        };
        assert_eq!(place(&[]), None);
        assert_eq!(place(&[("HOME", "/h")]).as_deref(), Some("/h/.config/dockpass/logins.json"));
        assert_eq!(place(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]).as_deref(), Some("/x/dockpass/logins.json"));
        assert_eq!(
            place(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")]).as_deref(),
            Some("/h/.config/dockpass/logins.json")
        );
    }

    #[tokio::test]
    async fn what_is_written_is_private_and_read_again() {
        let home = tempfile::tempdir().unwrap();
        let file = at_home(home.path());
        assert!(file.read().unwrap().current().is_none());
        put(&file, "https://a", "alice").await.unwrap();
        file.change(|logins| logins.current = Some("https://a".into())).await.unwrap();
        let logins = file.read().unwrap();
        assert_eq!(logins.current().map(|(url, login)| (url, login.user.as_str())), Some(("https://a", "alice")));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(file.path()), mode(file.path().parent().unwrap())), (0o600, 0o700));
    }

    #[tokio::test]
    async fn two_that_change_it_at_once_lose_nothing() {
        let home = tempfile::tempdir().unwrap();
        let file = at_home(home.path());
        let urls: Vec<String> = (0..8).map(|number| format!("https://host-{number}")).collect();
        let threads: Vec<_> = urls
            .iter()
            .map(|url| {
                let (file, url) = (file.clone(), url.clone());
                let one = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                std::thread::spawn(move || one.block_on(put(&file, &url, "alice")).unwrap())
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(file.read().unwrap().servers.into_keys().collect::<Vec<_>>(), urls);
    }

    #[tokio::test]
    async fn what_is_no_file_of_ours_is_refused_and_left() {
        let home = tempfile::tempdir().unwrap();
        let file = at_home(home.path());
        put(&file, "https://a", "alice").await.unwrap();
        let whole = fs::read(file.path()).unwrap();
        let said = |file: &LoginFile| file.read().err().map(|error| error.to_string()).unwrap_or_default();
        for (damage, words) in [
            (&b"{\"version\":1,\"cur"[..], "cannot be understood"),
            (b"", "cannot be understood"),
            (b"\xff", "cannot be understood"),
            (
                b"{\"version\":1,\"current\":null,\"servers\":{\"https://a\":{\"secret\":\"dkp_x\"}}}",
                "cannot be understood",
            ),
            (b"{\"version\":2,\"more\":1}", "a later dockpass"),
        ] {
            fs::write(file.path(), damage).unwrap();
            assert!(said(&file).contains(words) && !said(&file).contains("dkp_"), "{}", said(&file));
            assert!(put(&file, "https://b", "bob").await.is_err());
            assert_eq!(fs::read(file.path()).unwrap(), damage);
        }
        let elsewhere = home.path().join("elsewhere");
        fs::write(&elsewhere, &whole).unwrap();
        fs::remove_file(file.path()).unwrap();
        symlink(&elsewhere, file.path()).unwrap();
        assert!(file.read().is_err() && put(&file, "https://b", "bob").await.is_err());
        assert_eq!(fs::read(&elsewhere).unwrap(), whole);
    }

    #[tokio::test]
    async fn no_more_is_written_than_is_read_again() {
        let home = tempfile::tempdir().unwrap();
        let file = at_home(home.path());
        put(&file, "https://a", "alice").await.unwrap();
        let before = fs::read(file.path()).unwrap();
        let said = put(&file, "https://b", &"b".repeat(private_file::MOST)).await.unwrap_err().to_string();
        assert!(said.contains("larger than 1 MiB"), "{said}");
        assert_eq!(fs::read(file.path()).unwrap(), before);
    }

    #[tokio::test]
    async fn one_that_others_could_read_is_closed() {
        let home = tempfile::tempdir().unwrap();
        let file = at_home(home.path());
        put(&file, "https://a", "alice").await.unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(file.read().unwrap().servers.len(), 1);
        assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn one_of_somebody_else_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let file = at_home(home.path());
        put(&file, "https://a", "alice").await.unwrap();
        // Only root can give a file away.
        if std::os::unix::fs::chown(file.path(), Some(12_345), None).is_ok() {
            let said = file.read().err().unwrap().to_string();
            assert!(said.ends_with("belong to the user id 12345; only that user uses them"), "{said}");
        }
    }
}
