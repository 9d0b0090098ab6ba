//! Data directories that earlier commits wrote, opened by the executable: everything is there as it was.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::backup::{alone, text};
use crate::support::{
    exe::{cli_command, executable},
    process::{Run, background_command, command},
};

/// The format that the executable writes.
const TODAY: u64 = 10;

/// Opens a fixture, repeats twice every question that was asked when it was written, and compares the answers.
fn opens(name: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stores/make");
    let mut command = background_command("python3");
    command.arg(script).arg("--check").arg(executable()).arg(name);
    let checked = Run::of(&mut command, "").must_succeed();
    let said = format!("0 differences; now dockpass data {TODAY}");
    assert!(checked.stdout.contains(&said), "{}", checked.describe());
}

#[test]
fn a_data_directory_of_format_1_has_everything_after_its_migration() {
    opens("format-1");
}

#[test]
fn a_data_directory_of_format_2_has_everything_after_its_migration() {
    opens("format-2");
}

#[test]
fn a_data_directory_of_format_3_has_everything_as_it_was() {
    opens("format-3");
}

#[test]
fn a_data_directory_of_format_4_has_everything_as_it_was() {
    opens("format-4");
}

#[test]
fn a_data_directory_of_format_5_has_everything_as_it_was() {
    opens("format-5");
}

#[test]
fn a_data_directory_of_format_6_has_everything_as_it_was() {
    opens("format-6");
}

#[test]
fn a_data_directory_of_format_7_has_everything_as_it_was() {
    opens("format-7");
}

#[test]
fn a_data_directory_of_format_8_has_everything_as_it_was() {
    opens("format-8");
}

#[test]
fn a_data_directory_of_format_9_has_everything_as_it_was() {
    opens("format-9");
}

/// A data directory as an earlier dockpass has left it.
fn unpacked(format: u64) -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().expect("a directory");
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/stores/format-{format}.tar.gz"));
    let data = home.path().join("data");
    fs::create_dir(&data).expect("it is made");
    Run::of(command("tar").arg("xzf").arg(archive).arg("-C").arg(&data), "").must_succeed();
    (home, data)
}

fn kept(data: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(data.join("upgrade-backups")).map_or_else(|_| Vec::new(), Iterator::collect);
    found.into_iter().map(|entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").path()).collect()
}

fn in_data(data: &Path, arguments: &[&str]) -> Run {
    Run::of(&mut cli_command(data, arguments), "")
}

fn json(run: Run) -> Value {
    serde_json::from_str(&run.must_succeed().stdout).expect("JSON")
}

/// What a directory of an earlier format becomes, and the backup from before that: each of them whole.
#[test]
fn before_a_directory_of_each_earlier_format_is_converted_a_backup_is_kept_that_comes_back() {
    for format in 1..TODAY {
        let (home, data) = unpacked(format);
        let first = in_data(&data, &["audit", "verify"]).must_succeed();
        let said = format!("it is brought from format {format} to format {TODAY}");
        assert!(first.stderr.contains(&said), "{}", first.describe());
        let [file] = kept(&data).try_into().expect("one backup");
        let found = json(alone(&["backup", "verify", text(&file), "--format", "json"]));
        assert_eq!(found["format"], format);
        let head = format!("{}:{}", found["auditHead"]["seq"], found["auditHead"]["hash"].as_str().expect("a hash"));
        in_data(&data, &["audit", "verify", "--head", &head]).must_succeed();
        let again = home.path().join("again");
        alone(&["restore", text(&file), "--data-dir", text(&again), "--yes"]).must_succeed();
        in_data(&again, &["audit", "verify", "--head", &head]).must_succeed();
        let users = |data: &Path| json(in_data(data, &["user", "list", "--format", "json"]));
        assert_eq!(users(&again), users(&data), "format {format}");
        in_data(&again, &["check"]).must_succeed();
        assert!(kept(&again).is_empty(), "what was restored was converted with its backup beside");
    }
}

#[test]
fn a_directory_of_an_earlier_format_is_checked_as_it_is_and_converted_without_a_backup_if_that_is_said() {
    let (home, data) = unpacked(9);
    let format = || fs::read_to_string(data.join("format")).expect("the format");
    in_data(&data, &["check"]).must_succeed();
    assert_eq!(format(), "dockpass data 9\n");
    let old = unpacked(2);
    let checked = in_data(&old.1, &["check"]);
    assert_eq!(checked.code(), Some(1), "{}", checked.describe());
    assert!(checked.stdout.contains("it is of format 2"), "{}", checked.describe());
    // No room for a directory, where there is a file.
    fs::write(data.join("upgrade-backups"), "").expect("it is written");
    in_data(&data, &["user", "list"])
        .must_fail_with(&["format 9"])
        .must_fail_with(&["nothing was changed"])
        .must_fail_with(&["server.upgrade_backup_dir"]);
    assert_eq!(format(), "dockpass data 9\n");
    let configuration = home.path().join("config.toml");
    fs::write(&configuration, "[server]\nupgrade_backup = false\n").expect("it is written");
    let listed = in_data(&data, &["--config", text(&configuration), "user", "list"]).must_succeed();
    assert!(listed.stderr.contains("no backup of it is made before"), "{}", listed.describe());
    assert_eq!(format(), format!("dockpass data {TODAY}\n"));
    // And one of a later dockpass is refused, with the way back.
    fs::write(data.join("format"), format!("dockpass data {}\n", TODAY + 1)).expect("it is written");
    in_data(&data, &["user", "list"])
        .must_fail_with(&["a later dockpass"])
        .must_fail_with(&["nothing was changed"])
        .must_fail_with(&["upgrade-backups"]);
}
