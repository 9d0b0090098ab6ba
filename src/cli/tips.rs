//! Tips on wrong usage: only those that can be meant. clap proposes whatever looks a little alike.

use clap::error::{ContextKind, ContextValue};

/// Most letters that are wrong, missing, too many or swapped in what is taken for a slip.
const SLIPS: usize = 2;

/// The error without tips that nobody can have meant.
pub(super) fn only_likely(mut error: clap::Error) -> clap::Error {
    for (typed, tip) in [
        (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
        (ContextKind::InvalidValue, ContextKind::SuggestedValue),
    ] {
        let Some(ContextValue::String(typed)) = error.get(typed) else { continue };
        let likely = match error.get(tip) {
            Some(ContextValue::String(one)) => is_slip(typed, one).then(|| ContextValue::String(one.clone())),
            Some(ContextValue::Strings(several)) => {
                let likely: Vec<_> = several.iter().filter(|one| is_slip(typed, one)).cloned().collect();
                (!likely.is_empty()).then_some(ContextValue::Strings(likely))
            }
            Some(_) | None => continue,
        };
        if let Some(likely) = likely {
            drop(error.insert(tip, likely));
        } else {
            drop(error.remove(tip));
            // It shows how the tip is used.
            drop(error.remove(ContextKind::Usage));
        }
    }
    error
}

fn is_slip(typed: &str, meant: &str) -> bool {
    strsim::osa_distance(typed, meant) <= SLIPS
}

#[cfg(test)]
mod tests {
    use crate::cli::Arguments;

    fn said(line: &str) -> String {
        Arguments::read(line.split(' ').map(Into::into)).err().unwrap().to_string()
    }

    #[test]
    fn a_slip_is_told_and_another_word_is_not() {
        for (line, tip) in [
            ("dockpass user list --contians a", "--contains"),
            ("dockpass user lst", "list"),
            ("dockpass tokn list", "token"),
            ("dockpass token create --acess admin", "--access"),
        ] {
            let said = said(line);
            assert!(said.contains("similar") && said.contains(tip), "{line}: {said}");
        }
        for line in ["dockpass repo list --user bob", "dockpass serve --port 1", "dockpass user frobnicate"] {
            let said = said(line);
            assert!(!said.contains("similar") && !said.contains("--server <"), "{line}: {said}");
        }
    }
}
