//! What an error and its sources say, in one line. Names nothing of the house.

use std::error::Error;

/// The error's message and why. Some errors say their cause themselves: it is not said twice.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let why = inner.to_string();
        if !text.contains(&why) {
            text = format!("{text}: {why}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("{text}")]
        struct Outer {
            text: &'static str,
            source: io::Error,
        }
        let said = |text| with_causes(&Outer { text, source: io::Error::other("disk on fire") });
        assert_eq!(said("cannot read"), "cannot read: disk on fire");
        assert_eq!(said("cannot read: disk on fire"), "cannot read: disk on fire");
    }
}
