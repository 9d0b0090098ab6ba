//! Data directories that earlier commits wrote, opened by the executable: everything is there as it was.

use std::path::Path;

use crate::support::{
    exe::executable,
    process::{Run, background_command},
};

/// Opens a fixture, repeats twice every question that was asked when it was written, and compares the answers.
fn opens(name: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stores/make");
    let mut command = background_command("python3");
    command.arg(script).arg("--check").arg(executable()).arg(name);
    let checked = Run::of(&mut command, "").must_succeed();
    assert!(checked.stdout.contains("0 differences; now dockpass data 9"), "{}", checked.describe());
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
