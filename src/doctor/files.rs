//! Who may read and write the files of the site: the data directory and what is in it, and the files that the configuration
//! names. Reads modes and owners, and opens nothing.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::row;
use crate::api::ExaminedCheck;
use crate::config::Config;
use crate::data_files;
use crate::denied;
use crate::domain::checkup::Check;
use crate::private_file::{OTHERS, OTHERS_WRITE, STRANGERS};

/// Files that are looked at in the data directory; a store has some dozens.
const MOST_FILES: usize = 10_000;
/// Findings that are told one by one.
const TOLD: usize = 3;

/// What is wrong with a file, and the command that mends it.
struct Finding {
    /// Whether it lets others in now.
    is_open: bool,
    seen: String,
    remedy: String,
}

/// The files of the site that the configuration names, and the permissions that none of them should have.
fn of_site(config: &Config) -> Vec<(PathBuf, u32)> {
    let (registry, audit) = (&config.registry, &config.audit);
    let secrets = [
        &config.tls.key,
        &registry.events_secret,
        &registry.gateway.password_file,
        &audit.webhook_secret_file,
        &config.metrics.secret_file,
    ];
    // It names the files of secrets, and holds none.
    let own = config.file().map(Path::to_owned);
    let public = [&config.tls.cert, &registry.ca, &audit.syslog_ca, &audit.webhook_ca, &own];
    let given = |files: &[&Option<PathBuf>], bits: u32| -> Vec<(PathBuf, u32)> {
        files.iter().filter_map(|file| Some(((*file).clone()?, bits))).collect()
    };
    [given(&secrets, STRANGERS), given(&public, OTHERS_WRITE)].concat()
}

/// Who may do what with the files of the site.
#[must_use]
pub fn modes(config: &Config) -> ExaminedCheck {
    let directory = &config.server.data_dir;
    let found = match fs::metadata(directory) {
        Ok(found) => found,
        Err(cause) => {
            return row::failed(
                Check::Files,
                format!("the data directory cannot be looked at: {}", denied::told(directory, &cause)),
                "name it with --data-dir, or start the server once, which makes it",
            );
        }
    };
    let (mut findings, mut looked, owner) = (Vec::new(), 0, found.uid());
    look_in(directory, (owner, &found), &mut looked, &mut findings);
    let of_data = looked.min(MOST_FILES);
    // Whole copies of the store with every key. Before the first of them, the directory need not be there.
    let backups = config.server.upgrade_backup_dir.as_ref().filter(|place| !place.starts_with(directory));
    if let Some((place, found)) = backups.and_then(|place| Some((place, fs::metadata(place).ok()?))) {
        look_in(place, (owner, &found), &mut looked, &mut findings);
    }
    if looked > MOST_FILES {
        findings.insert(
            0,
            Finding {
                is_open: false,
                seen: format!("only the first {MOST_FILES} files were looked at"),
                remedy: format!("move what is none of dockpass's out of {}", denied::word(directory)),
            },
        );
    }
    for (file, bits) in of_site(config) {
        // What cannot be read is told by the check of the configuration.
        findings.extend(fs::metadata(&file).ok().and_then(|found| too_open(&file, &found, bits)));
    }
    told(findings, of_data)
}

/// Looks at a directory of ours, and at what is in it.
fn look_in(directory: &Path, (owner, found): (u32, &Metadata), looked: &mut usize, findings: &mut Vec<Finding>) {
    let is_closed = found.mode() & OTHERS == 0;
    if !is_closed {
        let (mode, place) = (found.mode() & 0o7777, denied::word(directory));
        findings.push(Finding {
            is_open: true,
            seen: format!("{} is open to others (mode {mode:o})", directory.display()),
            remedy: format!("chmod 700 {place}"),
        });
    }
    look_below(directory, (owner, is_closed), looked, findings);
}

fn told(findings: Vec<Finding>, looked: usize) -> ExaminedCheck {
    if findings.is_empty() {
        let files = row::counted(looked, "file");
        return row::ok(
            Check::Files,
            format!("{files} in the data directory, and those of the configuration, are closed to others"),
        );
    }
    let is_open = findings.iter().any(|finding| finding.is_open);
    let more = findings.len().saturating_sub(TOLD);
    let (mut seen, mut remedies): (Vec<_>, Vec<_>) =
        findings.into_iter().take(TOLD).map(|finding| (finding.seen, finding.remedy)).unzip();
    if more > 0 {
        seen.push(format!("{} more", row::counted(more, "file")));
        remedies.push("ask once more, for the others".to_owned());
    }
    let (seen, remedy) = (seen.join("; "), remedies.join("; "));
    if is_open { row::failed(Check::Files, seen, remedy) } else { row::warning(Check::Files, seen, remedy) }
}

/// Looks at what is in a directory of ours, whose owner is to own all of it; while that is closed to others, an open file in it
/// lets nobody in. Of more files than are looked at, one more is counted at least.
fn look_below(directory: &Path, (owner, is_closed): (u32, bool), looked: &mut usize, findings: &mut Vec<Finding>) {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(cause) => {
            return findings.push(Finding {
                is_open: false,
                seen: format!("it cannot be looked into {}", denied::told(directory, &cause)),
                remedy: "run this as the user who runs dockpass".to_owned(),
            });
        }
    };
    for entry in entries.filter_map(Result::ok) {
        *looked += 1;
        if *looked > MOST_FILES {
            return;
        }
        let path = entry.path();
        let Ok(found) = fs::symlink_metadata(&path) else { continue };
        if found.file_type().is_symlink() {
            continue;
        }
        if found.uid() != owner {
            findings.push(Finding {
                is_open: false,
                seen: format!(
                    "{} belongs to {}, and not to {}",
                    path.display(),
                    denied::user(found.uid()),
                    denied::user(owner)
                ),
                remedy: format!("chown {owner} {}", denied::word(&path)),
            });
        }
        if found.mode() & OTHERS != 0 {
            findings.push(Finding {
                is_open: !is_closed,
                seen: format!("{} is open to others (mode {:o})", path.display(), found.mode() & 0o7777),
                remedy: format!("chmod go= {}", denied::word(&path)),
            });
        }
        if found.is_dir() && !is_set_aside(&path) {
            look_below(&path, (owner, is_closed || found.mode() & OTHERS == 0), looked, findings);
        }
    }
}

/// Whether it is gone at any moment, with all that is in it.
fn is_set_aside(path: &Path) -> bool {
    [data_files::CHECKING, data_files::RESTORING].iter().any(|name| path.ends_with(name))
}

/// Whether others may do more with a file of the site's than they should.
fn too_open(file: &Path, found: &Metadata, bits: u32) -> Option<Finding> {
    let mode = found.mode() & 0o7777;
    if !found.is_file() || mode & bits == 0 {
        return None;
    }
    let (changes, who) = if bits == STRANGERS { ("g-w,o=", "others") } else { ("go-w", "others to write") };
    Some(Finding {
        is_open: true,
        seen: format!("{} is open to {who} (mode {mode:o})", file.display()),
        remedy: format!("chmod {changes} {}", denied::word(file)),
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::domain::checkup::CheckState;

    fn config(directory: &Path) -> Config {
        let overrides = [("server.data_dir", directory.display().to_string())];
        Config::load(None, std::iter::empty(), &overrides).unwrap().config
    }

    fn set_mode(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    struct Site {
        directory: tempfile::TempDir,
    }

    impl Site {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            set_mode(directory.path(), 0o700);
            fs::create_dir(directory.path().join("keys")).unwrap();
            set_mode(&directory.path().join("keys"), 0o700);
            fs::write(directory.path().join("keys/one"), "").unwrap();
            set_mode(&directory.path().join("keys/one"), 0o600);
            Self { directory }
        }

        fn told(&self) -> ExaminedCheck {
            modes(&config(self.directory.path()))
        }

        fn path(&self, name: &str) -> PathBuf {
            self.directory.path().join(name)
        }
    }

    #[test]
    fn what_is_closed_is_well() {
        let told = Site::new().told();
        assert_eq!(told.state, CheckState::Ok);
        assert!(told.seen.starts_with("2 files in the data directory"), "{}", told.seen);
    }

    #[test]
    fn an_open_directory_fails_and_an_open_file_in_a_closed_one_is_a_warning() {
        let site = Site::new();
        set_mode(&site.path("keys/one"), 0o644);
        let told = site.told();
        let place = site.path("keys/one").display().to_string();
        assert_eq!((told.state, told.seen), (CheckState::Warning, format!("{place} is open to others (mode 644)")));
        assert_eq!(told.remedy, Some(format!("chmod go= {place}")));
        set_mode(site.directory.path(), 0o755);
        let told = site.told();
        assert_eq!(told.state, CheckState::Failed);
        assert!(told.remedy.unwrap().starts_with(&format!("chmod 700 {}; chmod go=", site.directory.path().display())));
    }

    #[test]
    fn what_belongs_to_somebody_else_is_told_with_the_command() {
        if !crate::able::is_root("gives files away") {
            return;
        }
        let site = Site::new();
        std::os::unix::fs::chown(site.path("keys/one"), Some(65_534), None).unwrap();
        let told = site.told();
        assert_eq!(told.state, CheckState::Warning);
        assert_eq!(told.remedy, Some(format!("chown 0 {}", site.path("keys/one").display())));
    }

    #[test]
    fn a_secret_of_the_site_is_for_its_group_at_most_and_a_certificate_for_everybody_to_read() {
        let (site, elsewhere) = (Site::new(), tempfile::tempdir().unwrap());
        let (secret, ca) = (elsewhere.path().join("secret"), elsewhere.path().join("ca.pem"));
        for file in [&secret, &ca] {
            fs::write(file, "").unwrap();
        }
        let mut config = config(site.directory.path());
        config.metrics.secret_file = Some(secret.clone());
        config.registry.ca = Some(ca.clone());
        let state = |of_secret, of_ca| {
            set_mode(&secret, of_secret);
            set_mode(&ca, of_ca);
            modes(&config).state
        };
        assert_eq!(
            [state(0o640, 0o644), state(0o644, 0o644), state(0o600, 0o664)],
            [CheckState::Ok, CheckState::Failed, CheckState::Failed]
        );
        assert_eq!(modes(&config).remedy, Some(format!("chmod go-w {}", ca.display())));
    }

    #[test]
    fn of_many_findings_three_are_told() {
        let site = Site::new();
        for number in 0..9 {
            let path = site.path(&format!("keys/open-{number}"));
            fs::write(&path, "").unwrap();
            set_mode(&path, 0o666);
        }
        assert!(site.told().seen.ends_with("; 6 files more"), "{}", site.told().seen);
    }

    #[test]
    fn of_very_many_files_so_many_are_looked_at() {
        let site = Site::new();
        let add = |number: usize| {
            fs::write(site.path(&format!("file-{number}")), "").unwrap();
            set_mode(&site.path(&format!("file-{number}")), 0o600);
        };
        // The directory of the keys and the key in it are there already.
        (2..MOST_FILES).for_each(add);
        let told = site.told();
        assert_eq!(told.state, CheckState::Ok);
        assert!(told.seen.starts_with(&format!("{MOST_FILES} files in")), "{}", told.seen);
        add(MOST_FILES);
        let told = site.told();
        let said = format!("only the first {MOST_FILES} files were looked at");
        assert_eq!((told.state, told.seen), (CheckState::Warning, said));
    }

    #[test]
    fn the_configuration_itself_may_be_read_by_everybody_and_changed_by_its_owner_alone() {
        let (site, elsewhere) = (Site::new(), tempfile::tempdir().unwrap());
        let file = elsewhere.path().join("config.toml");
        fs::write(&file, format!("[server]\ndata_dir = \"{}\"\n", site.directory.path().display())).unwrap();
        let config = Config::load(Some(&file), std::iter::empty(), &[]).unwrap().config;
        set_mode(&file, 0o644);
        assert_eq!(modes(&config).state, CheckState::Ok);
        set_mode(&file, 0o646);
        let told = modes(&config);
        assert_eq!((told.state, told.remedy), (CheckState::Failed, Some(format!("chmod go-w {}", file.display()))));
    }

    #[test]
    fn backups_of_upgrades_are_looked_at_wherever_they_are() {
        let (site, elsewhere) = (Site::new(), tempfile::tempdir().unwrap());
        let place = elsewhere.path().join("backups");
        let mut config = config(site.directory.path());
        config.server.upgrade_backup_dir = Some(place.clone());
        assert_eq!(modes(&config).state, CheckState::Ok, "there is none yet");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("one.backup"), "").unwrap();
        let state = |of_place, of_backup| {
            set_mode(&place, of_place);
            set_mode(&place.join("one.backup"), of_backup);
            modes(&config).state
        };
        assert_eq!(
            [state(0o700, 0o600), state(0o700, 0o644), state(0o755, 0o600)],
            [CheckState::Ok, CheckState::Warning, CheckState::Failed]
        );
        assert_eq!(modes(&config).remedy, Some(format!("chmod 700 {}", place.display())));
    }

    #[test]
    fn without_a_data_directory_it_fails() {
        let told = modes(&config(Path::new("/nonexistent/data")));
        assert_eq!(told.state, CheckState::Failed);
    }
}
