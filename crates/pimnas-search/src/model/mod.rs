//! Models of trials: what a rollout's figures will be, from those of others.

mod codes;
mod forest;
mod lstm;
mod ranking;
mod scores;
mod structure;
mod trend;

pub use codes::{Codes, Encoder};
pub use forest::{Forest, ForestSettings};
pub(crate) use lstm::{Lstm, Memory};
pub(crate) use ranking::Adam;
pub use ranking::{Ranking, RankingSettings};
pub use scores::{kendall, normal_scores};
pub(crate) use trend::Alike;
pub use trend::{Shares, Trend, Trials};

/// What a model says of a rollout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Expected score; less is better.
    pub mean: f64,
    /// Standard deviation of what would be observed.
    pub deviation: f64,
}

impl Prediction {
    /// Expected improvement over the best score so far (Jones et al., 1998).
    #[must_use]
    pub fn expected_improvement(&self, best: f64) -> f64 {
        if self.deviation <= 0.0 {
            return (best - self.mean).max(0.0);
        }
        let distance = (best - self.mean) / self.deviation;
        let density = (-0.5 * distance * distance).exp() / (2.0 * std::f64::consts::PI).sqrt();
        self.deviation * (distance * scores::normal_below(distance) + density)
    }
}
