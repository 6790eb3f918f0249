//! Ridge regression on choices and on pairs of choices.
//!
//! The model is linear in the choices (one-hot) and in the products of two choices. It is solved
//! in its dual form, by a kernel that counts what two rollouts have alike, so its cost depends on
//! the number of trials and hardly on the size of the space.

use std::sync::Arc;

use crate::decisions::Decisions;
use crate::rollout::Rollout;

/// Weights of pairs beside single choices, and of the ridge, that are tried.
const PAIRS: [f64; 2] = [0.1, 1.0];
const RIDGES: [f64; 3] = [1e-4, 1e-2, 1.0];

/// How alike choices of each decision are: 1 where they are the same or both inactive; for
/// others of an ordered decision up to one half, less the further apart they are; otherwise 0.
#[derive(Clone, Debug)]
struct Likeness {
    /// Of each decision, one over the number of choices where they are ordered.
    steps: Vec<Option<f64>>,
}

impl Likeness {
    fn new(decisions: &Decisions) -> Self {
        let step = |decision: &crate::Decision| {
            decision.is_ordered().then(|| 1.0 / decision.choices.len().max(1) as f64)
        };
        Self { steps: decisions.list().iter().map(step).collect() }
    }

    fn of(&self, decision: usize, one: Option<u16>, other: Option<u16>) -> f64 {
        match (one, other) {
            (None, None) => 1.0,
            (Some(a), Some(b)) if a == b => 1.0,
            (Some(a), Some(b)) => self.steps[decision]
                .map_or(0.0, |step| 0.5 * (1.0 - f64::from(a.abs_diff(b)) * step).max(0.0)),
            (None, Some(_)) | (Some(_), None) => 0.0,
        }
    }

    /// How alike shares of a decision's choices are to a choice.
    fn mixed(&self, decision: usize, shares: &[f64], choice: Option<u16>) -> f64 {
        match (self.steps[decision], choice) {
            (_, None) => 0.0,
            (None, Some(choice)) => shares.get(usize::from(choice)).copied().unwrap_or_default(),
            (Some(_), Some(_)) => {
                let own = (0..).zip(shares);
                own.map(|(c, share)| share * self.of(decision, Some(c), choice)).sum()
            }
        }
    }

    /// Adds to the slope of each share what that of [`Self::mixed`] is, times a factor.
    fn add(&self, decision: usize, choice: Option<u16>, factor: f64, slopes: &mut [f64]) {
        match (self.steps[decision], choice) {
            (_, None) => {}
            (None, Some(choice)) => {
                if let Some(slope) = slopes.get_mut(usize::from(choice)) {
                    *slope += factor;
                }
            }
            (Some(_), Some(_)) => {
                for (c, slope) in (0..).zip(slopes) {
                    *slope += factor * self.of(decision, Some(c), choice);
                }
            }
        }
    }

    /// Sums over decisions of the likenesses and of their squares.
    fn sums(&self, one: &Rollout, other: &Rollout) -> (f64, f64) {
        let pairs = one.choices().iter().zip(other.choices()).enumerate();
        pairs.fold((0.0, 0.0), |(sum, squares), (decision, (&a, &b))| {
            let alike = self.of(decision, a, b);
            (sum + alike, squares + alike * alike)
        })
    }

    fn kernel(&self, (sum, squares): (f64, f64), pairs: f64) -> f64 {
        let (single, double) = self.factors(pairs);
        single * sum + double * (sum * sum - squares)
    }

    /// Factors of single choices and of pairs, such that a rollout's kernel with itself does not
    /// depend on the number of decisions.
    fn factors(&self, pairs: f64) -> (f64, f64) {
        let count = self.steps.len().max(1) as f64;
        (1.0 / count, pairs / (count * (count - 1.0)).max(1.0))
    }
}

/// Rollouts that trends are fitted to, with what fits of any targets share.
#[derive(Clone, Debug)]
pub struct Trials {
    known: Arc<Known>,
    solved: Vec<Solved>,
}

#[derive(Debug)]
struct Known {
    likeness: Likeness,
    rollouts: Vec<Rollout>,
}

/// The inverse of the kernel with a ridge.
#[derive(Clone, Debug)]
struct Solved {
    pairs: f64,
    inverse: Vec<f64>,
}

impl Trials {
    /// Rollouts of those decisions. The time is that of the number of rollouts to the third.
    #[must_use]
    pub fn new(decisions: &Decisions, rollouts: Vec<Rollout>) -> Self {
        let likeness = Likeness::new(decisions);
        let count = rollouts.len();
        let mut sums = vec![(0.0, 0.0); count * count];
        for one in 0..count {
            for other in 0..=one {
                let found = likeness.sums(&rollouts[one], &rollouts[other]);
                sums[one * count + other] = found;
                sums[other * count + one] = found;
            }
        }
        let mut solved = Vec::new();
        for pairs in PAIRS {
            let kernel: Vec<f64> = sums.iter().map(|&sums| likeness.kernel(sums, pairs)).collect();
            for ridge in RIDGES {
                let mut inverse = kernel.clone();
                (0..count).for_each(|at| inverse[at * count + at] += ridge);
                invert(&mut inverse, count);
                solved.push(Solved { pairs, inverse });
            }
        }
        Self { known: Arc::new(Known { likeness, rollouts }), solved }
    }

    /// Fits a trend to a target of each rollout: of the weights of pairs and ridge that are tried,
    /// those that predict each trial best from the others.
    #[must_use]
    pub fn fit(&self, targets: &[f64]) -> Trend {
        let rollouts = self.known.rollouts.len();
        let count = rollouts.min(targets.len());
        let mean = targets.iter().take(count).sum::<f64>() / count.max(1) as f64;
        let centred: Vec<f64> = targets.iter().take(count).map(|target| target - mean).collect();
        let factor = count as f64 / (count as f64 - 1.0).max(1.0);
        let mut best = Trend {
            known: Arc::clone(&self.known),
            mean,
            pairs: 0.0,
            weights: vec![0.0; count],
            residuals: centred.iter().map(|value| value * factor).collect(),
        };
        let error = |residuals: &[f64]| residuals.iter().map(|value| value * value).sum::<f64>();
        let mut least = error(&best.residuals);
        for Solved { pairs, inverse } in &self.solved {
            let rows = inverse.chunks_exact(rollouts.max(1));
            let weights: Vec<f64> = rows.map(|row| dot(row, &centred)).collect();
            // A trial's error when it is left out, of a linear smoother.
            let own = |at: usize| inverse[at * rollouts + at];
            let residuals: Vec<f64> = (0..count).map(|at| weights[at] / own(at)).collect();
            let found = error(&residuals);
            if found < least {
                least = found;
                best = Trend { weights, residuals, pairs: *pairs, ..best };
            }
        }
        best
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// Inverts a symmetric positive definite matrix in its place (Gauss and Jordan; such matrices
/// need no exchange of rows).
fn invert(matrix: &mut [f64], count: usize) {
    for pivot in 0..count {
        let (before, rest) = matrix.split_at_mut(pivot * count);
        let (own, after) = rest.split_at_mut(count);
        let scale = 1.0 / own[pivot];
        own[pivot] = 1.0;
        own.iter_mut().for_each(|value| *value *= scale);
        for row in before.chunks_exact_mut(count).chain(after.chunks_exact_mut(count)) {
            let factor = row[pivot];
            row[pivot] = 0.0;
            row.iter_mut().zip(own.iter()).for_each(|(value, own)| *value -= factor * own);
        }
    }
}

/// A fitted trend.
#[derive(Clone, Debug)]
pub struct Trend {
    known: Arc<Known>,
    mean: f64,
    pairs: f64,
    /// Of each trial.
    weights: Vec<f64>,
    residuals: Vec<f64>,
}

/// Likenesses of a rollout to trials.
pub(crate) struct Alike {
    known: Arc<Known>,
    sums: Vec<(f64, f64)>,
}

/// Of each decision, a share of each choice, in place of one choice.
pub type Shares = Vec<Vec<f64>>;

impl Trend {
    /// What it says of a rollout.
    #[must_use]
    pub fn predict(&self, rollout: &Rollout) -> f64 {
        self.predict_alike(&self.alike(rollout))
    }

    /// How alike a rollout is to each trial, which is the same for all trends that are fitted to
    /// the same trials.
    pub(crate) fn alike(&self, rollout: &Rollout) -> Alike {
        let Known { likeness, rollouts } = self.known.as_ref();
        let sums = rollouts.iter().map(|known| likeness.sums(rollout, known)).collect();
        Alike { known: Arc::clone(&self.known), sums }
    }

    /// Whether it is fitted to the trials that likenesses are to.
    pub(crate) fn is_of(&self, alike: &Alike) -> bool {
        Arc::ptr_eq(&self.known, &alike.known)
    }

    /// What it says of a rollout that is as alike to its trials.
    pub(crate) fn predict_alike(&self, alike: &Alike) -> f64 {
        let kernel = |&sums: &(f64, f64)| self.known.likeness.kernel(sums, self.pairs);
        let parts = alike.sums.iter().zip(&self.weights);
        self.mean + parts.map(|(sums, weight)| weight * kernel(sums)).sum::<f64>()
    }

    /// Of each trial, what it is more than what the others predict of it.
    #[must_use]
    pub fn residuals(&self) -> &[f64] {
        &self.residuals
    }

    /// What it says of shares, and the slope of that by each share. Decisions that are not active
    /// count as such, and have no slopes.
    #[must_use]
    pub fn relaxed(&self, shares: &Shares, active: &[bool]) -> (f64, Shares) {
        let Known { likeness, rollouts } = self.known.as_ref();
        let (single, double) = likeness.factors(self.pairs);
        let mut slopes: Shares = shares.iter().map(|own| vec![0.0; own.len()]).collect();
        let mut value = self.mean;
        let mut alike = vec![0.0; shares.len()];
        for (rollout, weight) in rollouts.iter().zip(&self.weights) {
            for (at, place) in alike.iter_mut().enumerate() {
                let choice = rollout.choices()[at];
                *place = if active[at] {
                    likeness.mixed(at, &shares[at], choice)
                } else {
                    f64::from(u8::from(choice.is_none()))
                };
            }
            let sum: f64 = alike.iter().sum();
            value += weight * likeness.kernel((sum, dot(&alike, &alike)), self.pairs);
            for (at, own) in slopes.iter_mut().enumerate().filter(|(at, _)| active[*at]) {
                let slope = weight * (single + 2.0 * double * (sum - alike[at]));
                likeness.add(at, rollout.choices()[at], slope, own);
            }
        }
        (value, slopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::{Purpose, Stream, Streams};

    fn decisions() -> Decisions {
        let mut builder = Decisions::builder();
        builder.decision("a", ["x", "y", "z"]);
        builder.decision("b", [1_i64, 2, 3, 4]);
        builder.decision("c", ["p", "q"]);
        builder.decision_when("d", 1_i64..=5, "c == 'q'");
        builder.decision("e", ["r", "s", "t"]);
        builder.build().unwrap()
    }

    fn drawn(count: usize, stream: &mut Stream) -> Vec<Rollout> {
        (0..count).map(|_| decisions().sample(stream).unwrap()).collect()
    }

    fn truth(rollout: &Rollout) -> f64 {
        let choice = |at| rollout.choice(at).map_or(-1.0, |choice| choice as f64);
        choice(1) + 2.0 * f64::from(u8::from(choice(0) == 1.0 && choice(4) == 2.0)) - choice(3)
    }

    #[test]
    fn it_learns_choices_and_pairs_of_them_and_knows_its_errors() {
        let mut stream = Streams::new(3).stream(0, Purpose::Model);
        let rollouts = drawn(120, &mut stream);
        let targets: Vec<f64> = rollouts.iter().map(truth).collect();
        let trials = Trials::new(&decisions(), rollouts.clone());
        let trend = trials.fit(&targets);
        let error = |rollout: &Rollout| (trend.predict(rollout) - truth(rollout)).abs();
        let worst = drawn(200, &mut stream).iter().map(error).fold(0.0, f64::max);
        assert!(worst < 0.3, "{worst}");
        // A trial that is left out is predicted as a fit without it does.
        let known = |at: usize| [&rollouts[..at], &rollouts[at + 1..]].concat();
        let found = |at: usize| [&targets[..at], &targets[at + 1..]].concat();
        let without = Trials::new(&decisions(), known(7));
        let said = without.fit(&found(7)).predict(&rollouts[7]);
        assert!((targets[7] - said - trend.residuals()[7]).abs() < 0.05);
    }

    #[test]
    fn without_an_order_it_says_the_mean() {
        let mut stream = Streams::new(4).stream(0, Purpose::Model);
        let rollouts = drawn(30, &mut stream);
        let trials = Trials::new(&decisions(), rollouts.clone());
        assert_eq!(trials.fit(&[2.0; 30]).predict(&rollouts[3]), 2.0);
        assert_eq!(Trials::new(&decisions(), Vec::new()).fit(&[]).predict(&rollouts[3]), 0.0);
    }

    #[test]
    fn shares_of_one_choice_are_that_rollout_and_slopes_are_those_of_the_value() {
        let mut stream = Streams::new(5).stream(0, Purpose::Model);
        let rollouts = drawn(40, &mut stream);
        let targets: Vec<f64> = rollouts.iter().map(truth).collect();
        let trials = Trials::new(&decisions(), rollouts.clone());
        let trend = trials.fit(&targets);
        let decisions = decisions();
        let mut shares: Shares =
            decisions.list().iter().map(|decision| vec![0.0; decision.choices.len()]).collect();
        let rollout = &rollouts[0];
        let active: Vec<bool> = rollout.choices().iter().map(Option::is_some).collect();
        rollout.active().for_each(|at| shares[at][rollout.choice(at).unwrap()] = 1.0);
        assert!((trend.relaxed(&shares, &active).0 - trend.predict(rollout)).abs() < 1e-9);
        for own in &mut shares {
            own.iter_mut().for_each(|share| *share = stream.unit());
        }
        let (_, slopes) = trend.relaxed(&shares, &active);
        for at in 0..shares.len() {
            for choice in 0..shares[at].len() {
                let mut moved = shares.clone();
                moved[at][choice] += 1e-5;
                let above = trend.relaxed(&moved, &active).0;
                moved[at][choice] -= 2e-5;
                let below = trend.relaxed(&moved, &active).0;
                assert!(((above - below) / 2e-5 - slopes[at][choice]).abs() < 1e-6);
            }
        }
    }
}
