//! Where the configuration goes, and what becomes of one that is there: it is kept, and only one that sets nothing gives way
//! unasked.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::cli::commands::registry::{Owner, keep};
use crate::cli::files;
use crate::cli::global::Global;
use crate::cli::screen::{CliError, Console};
use crate::config::{Config, LOCAL_DATA, LOCAL_FILE, Origin, SYSTEM_DATA, SYSTEM_FILE};
use crate::denied::SYSTEM_USER;

/// Where the server of a site has its configuration and its data.
pub(super) struct Place {
    pub(super) file: PathBuf,
    /// Whether `--config` named it.
    pub(super) is_named: bool,
    /// Whether it is the one of the package.
    pub(super) is_system: bool,
    pub(super) data_dir: String,
    /// Where a server with the configuration that is there listens.
    pub(super) listened: Option<SocketAddr>,
    there: Sets,
}

/// What a configuration that is there sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sets {
    /// There is none.
    NoFile,
    /// Where the data is, at most: so the package brings it.
    Nothing,
    /// More, or it cannot be read.
    Something,
}

/// The configuration, ready to be written.
pub(super) struct Ready<'p> {
    place: &'p Place,
    text: String,
    is_kept: bool,
}

impl Place {
    /// What `--config` names, else the file of the package for root, else the one of the working directory.
    pub(super) fn of(global: &Global, console: &Console) -> Result<Self, CliError> {
        let named = global.config.clone().or_else(|| console.variable("DOCKPASS_CONFIG").map(PathBuf::from));
        let (is_named, is_elsewhere) = (global.config.is_some(), named.is_some());
        let usual = if console.is_packaged { SYSTEM_FILE } else { LOCAL_FILE };
        let file = named.unwrap_or_else(|| PathBuf::from(usual));
        let is_system = file == Path::new(SYSTEM_FILE);
        let There { sets: there, data: data_there, listened } = look(&file)?;
        let data_dir = match (&global.data_dir, console.variable("DOCKPASS_DATA_DIR"), data_there) {
            (Some(path), ..) => absolute(path)?,
            (None, Some(path), _) => path.to_owned(),
            (None, None, Some(path)) => path,
            (None, None, None) if is_system => SYSTEM_DATA.to_owned(),
            // From wherever the server is started with that file.
            (None, None, None) if is_elsewhere => absolute(Path::new(LOCAL_DATA))?,
            (None, None, None) => LOCAL_DATA.to_owned(),
        };
        Ok(Self { file, is_named, is_system, data_dir, listened, there })
    }

    /// Refuses to replace what an operator has set.
    pub(super) fn may_write(&self) -> Result<(), CliError> {
        match self.there {
            Sets::NoFile | Sets::Nothing => Ok(()),
            Sets::Something => Err(CliError::Finding(format!(
                "{} is there and sets something; nothing was written: add --replace, which keeps it under another name, or name \
                 another file with --config",
                self.file.display()
            ))),
        }
    }

    /// As whom the server runs: the owner of its data. Data of root tells nothing where the package is, as setup itself may
    /// have made it: then that is the user of the package.
    pub(super) fn server(&self) -> Option<Owner> {
        let found = fs::metadata(&self.data_dir).ok().map(|found| Owner { user: found.uid(), group: found.gid() });
        match found {
            Some(owner) if owner.user != 0 => Some(owner),
            Some(_) | None if self.is_system => Owner::named(SYSTEM_USER).ok(),
            root => root,
        }
    }

    /// Looks whether it can be written.
    pub(super) fn prepare(&self, text: &str) -> Result<Ready<'_>, CliError> {
        files::refuse_other(&self.file)?;
        let is_kept = match fs::read(&self.file) {
            Ok(there) => there != text.as_bytes(),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => false,
            Err(cause) => return Err(failed(&self.file, cause)),
        };
        Ok(Ready { place: self, text: text.to_owned(), is_kept })
    }
}

impl Ready<'_> {
    /// Writes it, and answers under which name the one that was there is kept. It is its owner's alone; that of the package is
    /// root's, and its server may read it.
    pub(super) fn write(self) -> Result<Option<PathBuf>, CliError> {
        let file = &self.place.file;
        let kept = if self.is_kept { Some(keep(file)?) } else { None };
        match self.place.server().filter(|_| self.place.is_system).map(|server| server.group) {
            Some(group) => files::replace_for(Some((0, group)), file, &self.text, 0o640)?,
            // Without a user of its own the service could not read it.
            None if self.place.is_system => files::replace(file, &self.text, 0o644)?,
            None => files::replace(file, &self.text, 0o600)?,
        }
        Ok(kept)
    }
}

/// What a file sets, where it says that the data is, and where its server listens.
struct There {
    sets: Sets,
    data: Option<String>,
    listened: Option<SocketAddr>,
}

fn look(file: &Path) -> Result<There, CliError> {
    let without = |sets| Ok(There { sets, data: None, listened: None });
    match fs::symlink_metadata(file) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return without(Sets::NoFile),
        Err(cause) => return Err(failed(file, cause)),
        Ok(_) => {}
    }
    let Ok(loaded) = Config::load(Some(file), std::iter::empty(), &[]) else { return without(Sets::Something) };
    let set: Vec<_> = loaded.config.describe().iter().filter(|setting| setting.origin != Origin::Default).collect();
    let is_data = |key: &str| key == "server.data_dir";
    let sets = if set.iter().all(|setting| is_data(setting.key)) { Sets::Nothing } else { Sets::Something };
    let data =
        set.iter().any(|setting| is_data(setting.key)).then(|| text(&loaded.config.server.data_dir)).transpose()?;
    Ok(There { sets, data, listened: Some(loaded.config.server.listen) })
}

fn absolute(path: &Path) -> Result<String, CliError> {
    text(&std::path::absolute(path).map_err(|cause| failed(path, cause))?)
}

fn text(path: &Path) -> Result<String, CliError> {
    let no_text = || CliError::Usage(format!("the path {} is not UTF-8", path.display()));
    path.to_str().map(str::to_owned).ok_or_else(no_text)
}

fn failed(path: &Path, cause: io::Error) -> CliError {
    CliError::File { action: "write", path: path.to_owned(), cause }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown};

    use super::*;
    use crate::cli::testing::console;

    fn place(file: &Path) -> Place {
        let (console, _) = console(b"");
        Place::of(&Global { config: Some(file.to_owned()), ..Global::default() }, &console).unwrap()
    }

    #[test]
    fn only_a_file_that_sets_nothing_gives_way_unasked_and_it_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.toml");
        assert!(place(&file).may_write().is_ok());
        assert_eq!(place(&file).prepare("first").unwrap().write().unwrap(), None);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        for (text, may) in [
            ("# nothing\n", true),
            ("[server]\ndata_dir = \"/srv/d\"\n", true),
            ("[server]\nlisten = \"127.0.0.1:1\"\n", false),
            ("[server\n", false),
        ] {
            fs::write(&file, text).unwrap();
            let place = place(&file);
            assert_eq!(place.may_write().is_ok(), may, "{text}");
            let kept = place.prepare(text).unwrap().write().unwrap();
            assert_eq!(kept, None, "it says the same");
        }
        fs::write(&file, "[server]\ndata_dir = \"/srv/d\"\n").unwrap();
        let place = place(&file);
        assert_eq!(place.data_dir, "/srv/d", "the data stays where it is");
        let kept = place.prepare("second").unwrap().write().unwrap().unwrap();
        assert!(kept.ends_with("config.toml.before-1") && fs::read_to_string(&kept).unwrap().contains("/srv/d"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "second");
    }

    #[test]
    fn the_configuration_of_the_package_is_read_by_its_server() {
        if !crate::able::is_root("plays the package's server") {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let (file, data) = (directory.path().join("config.toml"), directory.path().join("data"));
        let data_dir = data.display().to_string();
        let place = Place { is_system: true, data_dir, ..place(&file) };
        let found = || {
            place.prepare("text").unwrap().write().unwrap();
            let found = fs::metadata(&file).unwrap();
            (found.uid(), found.gid(), found.mode() & 0o777)
        };
        let before = found();
        fs::create_dir(&data).unwrap();
        assert_eq!(found(), before, "data of root, as setup makes it, tells nothing");
        // By its group if the user of the package is here, else as everybody.
        assert!(before.0 == 0 && matches!(before, (_, 1.., 0o640) | (_, 0, 0o644)), "{before:?}");
        chown(&data, Some(4711), Some(4712)).unwrap();
        assert_eq!(found(), (0, 4712, 0o640));
    }

    #[test]
    fn the_place_is_the_packages_for_root_and_else_this_directory() {
        let (mut console, _) = console(b"");
        let at = |console: &Console| {
            let place = Place::of(&Global::default(), console).unwrap();
            (place.file.display().to_string(), place.data_dir)
        };
        assert_eq!(at(&console), (LOCAL_FILE.to_owned(), LOCAL_DATA.to_owned()));
        let named = Global { config: Some("/nowhere/x.toml".into()), ..Global::default() };
        let data = std::env::current_dir().unwrap().join("dockpass-data").display().to_string();
        assert_eq!(Place::of(&named, &console).unwrap().data_dir, data, "from wherever it is started");
        console.is_packaged = true;
        assert_eq!(at(&console), (SYSTEM_FILE.to_owned(), SYSTEM_DATA.to_owned()));
        console.environment.insert("DOCKPASS_CONFIG".into(), "/nowhere/c.toml".into());
        console.environment.insert("DOCKPASS_DATA_DIR".into(), "/nowhere/d".into());
        assert_eq!(at(&console), ("/nowhere/c.toml".to_owned(), "/nowhere/d".to_owned()));
    }
}
