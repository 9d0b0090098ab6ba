//! Where an answer comes from: an option, somebody at a terminal, or with `--yes` what is proposed.

use crate::cli::screen::{CliError, Console, prompt};

/// How often a question is put to somebody whose answer cannot be used.
const ATTEMPTS: usize = 3;

/// A question.
pub(super) struct Question<'q> {
    /// The option that answers it.
    pub(super) option: &'static str,
    /// What there is to be known, in lines.
    pub(super) about: &'q str,
    /// What is asked, in a few words.
    pub(super) asked: &'q str,
    /// What is proposed; empty if nothing can be.
    pub(super) proposed: &'q str,
}

/// Asks, or takes note of what would have to be asked.
pub(super) struct Questions<'c> {
    console: &'c mut Console,
    takes_proposed: bool,
    missing: Vec<&'static str>,
}

impl<'c> Questions<'c> {
    pub(super) fn new(console: &'c mut Console, takes_proposed: bool) -> Self {
        Self { console, takes_proposed, missing: Vec::new() }
    }

    /// Whether somebody is asked what no option says.
    pub(super) fn are_asked(&self) -> bool {
        self.console.in_is_terminal && !self.takes_proposed
    }

    /// The answer: what the option says, if it was given, else what somebody types. Where nobody can be asked, what is
    /// proposed stands in its place until [`Self::end`]; none if nothing is.
    pub(super) fn answer<T>(
        &mut self,
        question: &Question<'_>,
        given: Option<&str>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, CliError> {
        let wrong = |why: String| CliError::Usage(format!("{}: {why}", question.option));
        if let Some(given) = given {
            return read(given).map(Some).map_err(wrong);
        }
        if self.are_asked() {
            return self.ask(question, read).map(Some);
        }
        if !self.takes_proposed || question.proposed.is_empty() {
            self.missing.push(question.option);
        }
        if question.proposed.is_empty() { Ok(None) } else { read(question.proposed).map(Some).map_err(wrong) }
    }

    fn ask<T>(&mut self, question: &Question<'_>, read: impl Fn(&str) -> Result<T, String>) -> Result<T, CliError> {
        self.console.note(&format!("\n{}\n", question.about))?;
        let proposed = if question.proposed.is_empty() { String::new() } else { format!(" [{}]", question.proposed) };
        for _ in 0..ATTEMPTS {
            let typed = prompt::line(&format!("{}{proposed}: ", question.asked), self.console)?;
            let typed = if typed.is_empty() { question.proposed } else { &typed };
            match read(typed) {
                Ok(answer) => return Ok(answer),
                Err(why) => self.console.note(&format!("{why}\n"))?,
            }
        }
        Err(CliError::Usage(format!("no usable answer; nothing was written: {} answers it as well", question.option)))
    }

    /// Refuses to go on where something had to be asked and nobody could be.
    pub(super) fn end(self) -> Result<(), CliError> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let options = self.missing.join(", ");
        let why = if self.takes_proposed {
            format!("nothing can be proposed for {options}; nothing was written: add it")
        } else {
            format!(
                "standard input is not a terminal to ask on; nothing was written: add {options}, or --yes for what would be \
                 proposed"
            )
        };
        Err(CliError::Usage(why))
    }
}
