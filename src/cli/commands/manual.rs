//! `dockpass help manual`: the manual of this executable on a terminal, where no server shows it.

use crate::cli::screen::{CliError, Console};
use crate::domain::text::wrapped;
use crate::domain::words::nearest;
use crate::http::{Chapter, manual_chapters, manual_text};

/// The widest lines of the manual: longer ones are hard to read.
const WIDEST: usize = 100;
/// How wide lines are where nobody says.
const USUAL: usize = 80;

/// Prints the chapter that the words name; without words, what chapters there are.
pub(super) fn run(words: &[String], console: &mut Console) -> Result<(), CliError> {
    let width = console.width.unwrap_or(USUAL).min(WIDEST);
    let chapters = manual_chapters();
    let asked = words.join(" ");
    if asked.is_empty() {
        return console.write(&contents(&chapters, width));
    }
    let name = asked.trim_end_matches(".md").to_lowercase();
    match chapters.iter().find(|chapter| chapter.name == name || chapter.title.to_lowercase() == name) {
        Some(chapter) => console.write(&manual_text(chapter.name, width)),
        None => Err(CliError::Usage(format!(
            "the manual has no chapter `{asked}`{}; all of them: dockpass help manual",
            near(&name, &chapters).map(|near| format!("; {near}")).unwrap_or_default()
        ))),
    }
}

fn contents(chapters: &[Chapter], width: usize) -> String {
    let widest = chapters.iter().map(|chapter| chapter.name.len()).max().unwrap_or(0);
    let mut text = "The manual of this version. To read a chapter: dockpass help manual CHAPTER\n\n".to_owned();
    for Chapter { name, about, .. } in chapters {
        text.push_str(&wrapped(&format!("  {name:widest$}  "), &" ".repeat(widest + 4), about, width));
    }
    format!("{text}\nA running server shows it with its tables at /manual.\n")
}

/// What may have been meant: a name but for a slip, or the chapters that have the word in a title.
fn near(asked: &str, chapters: &[Chapter]) -> Option<String> {
    if let Some(name) = nearest(asked, chapters.iter().map(|chapter| chapter.name)) {
        return Some(format!("there is `{name}`"));
    }
    let has = |title: &String| title.to_lowercase().contains(asked);
    let found: Vec<_> = chapters
        .iter()
        .filter_map(|chapter| {
            let part = [&chapter.title].into_iter().chain(&chapter.parts).find(|title| has(title))?;
            Some(format!("`{}` has \"{}\"", chapter.name, part.replace('`', "")))
        })
        .collect();
    (!found.is_empty()).then(|| found.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::console;

    fn said(line: &str, width: Option<usize>) -> Result<String, CliError> {
        let (mut console, written) = console(b"");
        console.width = width;
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        run(&words, &mut console).map(|()| written.out())
    }

    #[test]
    fn chapters_are_listed_a_line_each_and_read_by_name_or_title() {
        let list = said("", None).unwrap();
        for chapter in manual_chapters() {
            assert!(list.contains(&format!("\n  {} ", chapter.name)), "{}: {list}", chapter.name);
            let text = said(chapter.name, None).unwrap();
            assert!(text.starts_with(&chapter.title.to_uppercase()), "{text}");
            assert_eq!(said(&chapter.title, None).unwrap(), text);
        }
        for width in [None, Some(60), Some(200)] {
            let most = width.unwrap_or(USUAL).min(WIDEST);
            let widest = |text: &str| text.lines().skip(1).map(|line| line.chars().count()).max();
            assert!(widest(&said("", width).unwrap()) <= Some(most), "{width:?}");
            let prose = said("layouts.md", width).unwrap();
            assert!(widest(&prose) > Some(most - 15), "the lines are filled: {width:?} {prose}");
        }
    }

    #[test]
    fn a_chapter_that_is_none_is_wrong_usage_which_names_the_near_one() {
        for (asked, near) in [
            ("opperate", "no chapter `opperate`; there is `operate`; all of them: "),
            ("disk", "; `operate` has \"A full disk\";"),
            ("Robots", "`tokens` has \"Access tokens and robots\""),
            ("weather", "no chapter `weather`; all of them: dockpass help manual"),
        ] {
            let error = said(asked, None).unwrap_err();
            assert!(error.exit_code() == 2 && error.to_string().contains(near), "{error}");
        }
    }
}
