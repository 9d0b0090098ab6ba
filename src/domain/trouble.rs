//! What is wrong with something that dockpass depends on, so that the log tells a change of it once: a way of the audit log, or
//! the registry behind the gateway.

/// What is wrong; nothing if all is well.
#[derive(Clone, Debug, Default)]
pub struct Trouble(Option<String>);

/// How that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// This is wrong now, and all was well before.
    Worse(String),
    /// This is wrong now, and something else was before.
    Other(String),
    /// Nothing is wrong any more.
    Better,
}

impl Trouble {
    /// What is wrong, for those who ask.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.0.clone()
    }

    /// Takes what is wrong now; gives the change, if it is one.
    pub fn becomes(&mut self, now: Option<String>) -> Option<Turn> {
        let before = std::mem::replace(&mut self.0, now);
        match (before, self.0.clone()) {
            (None, Some(now)) => Some(Turn::Worse(now)),
            (Some(before), Some(now)) => (before != now).then_some(Turn::Other(now)),
            (Some(_), None) => Some(Turn::Better),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_and_what_stays_is_not() {
        let mut trouble = Trouble::default();
        let mut becomes = |text: &str| {
            let turn = trouble.becomes(Some(text.to_owned()).filter(|text| !text.is_empty()));
            assert_eq!(trouble.text().unwrap_or_default(), text);
            turn
        };
        assert_eq!(becomes(""), None);
        assert_eq!(becomes("one"), Some(Turn::Worse("one".to_owned())));
        assert_eq!(becomes("one"), None);
        assert_eq!(becomes("two"), Some(Turn::Other("two".to_owned())));
        assert_eq!(becomes(""), Some(Turn::Better));
        assert_eq!(becomes(""), None);
    }
}
