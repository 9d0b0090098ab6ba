//! Whoever collects the metrics, in process: with the secret from the data directory. And how a test reads their text.

use super::{InProcess, http::Answer, site::Caller, traced};

pub(crate) const METRICS: &str = "/metrics";

impl InProcess {
    /// The secret of the metrics, as a collector is given it.
    pub(crate) fn metrics_secret(&self) -> String {
        let file = self.data().join("keys").join("metrics-secret");
        let secret = std::fs::read_to_string(file).expect("the secret").trim_end().to_owned();
        traced::secret("", &secret);
        secret
    }

    /// Whoever collects the metrics.
    pub(crate) fn as_collector(&self) -> Caller {
        self.as_nobody().header("Authorization", &format!("Bearer {}", self.metrics_secret()))
    }

    /// The metrics as they are now.
    pub(crate) fn metrics(&self) -> Metrics {
        Metrics::of(&self.as_collector().get(METRICS).must_be(200))
    }
}

/// The text of metrics.
#[derive(Debug)]
pub(crate) struct Metrics(pub(crate) String);

impl Metrics {
    pub(crate) fn of(answer: &Answer) -> Self {
        Self(answer.body.clone())
    }

    /// The number of a series, written as `name{label="word"}`, as it stands there.
    fn text(&self, series: &str) -> &str {
        let found = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("no {series} in:\n{}", self.0))
    }

    /// The number of a series that must be there.
    pub(crate) fn number(&self, series: &str) -> f64 {
        self.text(series).parse().unwrap_or_else(|error| panic!("{series}: {error}: {}", self.text(series)))
    }

    /// The same where it is a whole one.
    pub(crate) fn count(&self, series: &str) -> i64 {
        let text = self.text(series);
        text.strip_suffix(".0").unwrap_or(text).parse().unwrap_or_else(|error| panic!("{series}: {error}: {text}"))
    }

    /// The names of all series, as they are asked for.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let samples = self.0.lines().filter(|line| !line.starts_with('#'));
        samples.filter_map(|line| line.split(['{', ' ']).next())
    }

    /// Every label with its word.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        let samples = self.0.lines().filter(|line| !line.starts_with('#'));
        let sets = samples.filter_map(|line| Some(line.split_once('{')?.1.split_once('}')?.0));
        sets.flat_map(|set| set.split(',')).filter_map(|label| {
            let (name, word) = label.split_once('=')?;
            Some((name, word.trim_matches('"')))
        })
    }
}
