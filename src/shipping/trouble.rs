//! What is wrong with one of the ways, so that the log tells a change of it once.

/// What is wrong; nothing if all is well.
#[derive(Clone, Default)]
pub(super) struct Trouble(Option<String>);

/// How that has changed.
pub(super) enum Turn {
    /// This is wrong now, and was not before.
    Worse(String),
    /// Nothing is wrong any more.
    Better,
}

impl Trouble {
    /// What is wrong, for those who ask.
    pub(super) fn text(&self) -> Option<String> {
        self.0.clone()
    }

    /// Takes what is wrong now; gives the change, if it is one.
    pub(super) fn becomes(&mut self, now: Option<String>) -> Option<Turn> {
        let before = std::mem::replace(&mut self.0, now);
        match (before, &self.0) {
            (before, Some(now)) if before.as_ref() != Some(now) => Some(Turn::Worse(now.clone())),
            (Some(_), None) => Some(Turn::Better),
            (_, Some(_)) | (None, None) => None,
        }
    }
}
