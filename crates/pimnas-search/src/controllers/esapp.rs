//! ESAPP: evolution with adaptive parameter priority, after Gibbon (Sun et al., DATE 2022).
//!
//! The paper's abstract says what it does (evolution that focuses on the subspace of parameters
//! with high priority); the formula here is our own and written in docs/SEARCH.md.

use serde_json::Value as Json;

use super::select::{ordered, ordered_on_axes, since};
use super::{Controller, StateError, read, written};
use crate::model::normal_scores;
use crate::rollout::{Crossing, Mutation, VaryError};
use crate::search::{Batch, Lineage, Proposal, TrialId, View};
use crate::streams::Stream;

/// Whether a part of the algorithm is used; off for ablations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It is used.
    On,
    /// It is left out.
    Off,
}

/// Its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Priorities {
    /// Best trials that can be parents; as many are drawn at random first.
    pub population: usize,
    /// Trials drawn from them; the best is the parent.
    pub sample: usize,
    /// Share of the parents, the best, whose choices are counted.
    pub elite: f64,
    /// Priority of a decision that nothing speaks for.
    pub least: f64,
    /// Entropy of the elite's choices.
    pub entropy: Part,
    /// Influence of a decision on the objectives.
    pub influence: Part,
    /// From influence at the start to entropy at the end, instead of both alike.
    pub schedule: Part,
    /// Mixing of two parents before the change, for one child of three.
    pub crossover: Part,
    /// What is done otherwise where there are several objectives.
    pub several: Broad,
}

/// Settings for several objectives, where more than one trial is best: as many parents as the front
/// has members, or `population` where it has fewer, ordered by fronts and by crowding on the axes
/// of the front (costs as logarithms).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Broad {
    /// Parents at least; as many trials are drawn at random first.
    pub population: usize,
    /// Trials drawn from them; the best is the parent.
    pub sample: usize,
    /// Share of the children that are mixed from two parents before the change.
    pub mixed: f64,
}

impl Default for Broad {
    fn default() -> Self {
        Self { population: 20, sample: 2, mixed: 0.8 }
    }
}

impl Default for Priorities {
    fn default() -> Self {
        Self {
            population: 40,
            sample: 8,
            elite: 0.5,
            least: 0.1,
            entropy: Part::On,
            influence: Part::On,
            schedule: Part::On,
            crossover: Part::On,
            several: Broad::default(),
        }
    }
}

/// Evolution of the best trials, which changes decisions by their priority.
#[derive(Clone, Copy, Debug, Default)]
pub struct Esapp(pub Priorities);

impl Esapp {
    /// Priority of each decision, by its position; at least [`Priorities::least`].
    #[must_use]
    pub fn priorities(&self, view: &View<'_>, parents: &[TrialId]) -> Vec<f64> {
        let settings = self.0;
        let elite = (parents.len() as f64 * settings.elite).ceil() as usize;
        let elite = &parents[..elite.clamp(1, parents.len().max(1)).min(parents.len())];
        let entropies = entropies(view, elite);
        let influences = influences(view, &since(view, 0));
        let done = view.history.trials().len() as f64 / view.horizon.max(1) as f64;
        let late = match settings.schedule {
            Part::On => done.min(1.0),
            Part::Off => 0.5,
        };
        let (entropy, influence) = match (settings.entropy, settings.influence) {
            (Part::On, Part::On) => (late, 1.0 - late),
            (Part::On, Part::Off) => (1.0, 0.0),
            (Part::Off, Part::On) => (0.0, 1.0),
            (Part::Off, Part::Off) => return vec![1.0; entropies.len()],
        };
        let pairs = entropies.into_iter().zip(influences);
        pairs.map(|(e, i)| settings.least + entropy * e + influence * i).collect()
    }

    fn parents(&self, view: &View<'_>) -> Vec<TrialId> {
        let all = since(view, 0);
        let (mut parents, most) = if view.goals.count() == 1 {
            (ordered(view, &all), self.0.population)
        } else {
            let front = view.history.archive().members().len();
            (ordered_on_axes(view, &all), self.0.several.population.max(front))
        };
        parents.truncate(most.max(1));
        parents
    }

    fn child(
        &self,
        view: &View<'_>,
        (parents, priorities): (&[TrialId], &[f64]),
        stream: &mut Stream,
    ) -> Result<(crate::Rollout, Lineage), VaryError> {
        /// With one objective, one child of that many has two parents.
        const MIXED: usize = 3;
        let single = view.goals.count() == 1;
        let sample = if single { self.0.sample } else { self.0.several.sample };
        // Parents are in their order, so the best of some is the first.
        let mut parent = || {
            let drawn = (0..sample.max(1)).map(|_| stream.below(parents.len())).min();
            drawn.and_then(|place| parents.get(place).copied())
        };
        let (Some(one), Some(other)) = (parent(), parent()) else {
            return Err(VaryError::NothingToChange);
        };
        let (Some(first), Some(second)) = (view.rollout(one), view.rollout(other)) else {
            return Err(VaryError::NothingToChange);
        };
        let mix = match self.0.crossover {
            Part::Off => false,
            Part::On if single => one != other && stream.below(MIXED) == 0,
            Part::On => one != other && stream.unit() < self.0.several.mixed,
        };
        let decisions = view.decisions();
        let change = Mutation { changes: 1, weights: Some(priorities) };
        if mix {
            let mixed = decisions.cross((first, second), Crossing::Uniform, stream)?;
            let child = decisions.mutate(&mixed, change, stream)?;
            return Ok((child, Lineage::Crossed(one, other)));
        }
        Ok((decisions.mutate(first, change, stream)?, Lineage::Mutated(one)))
    }
}

/// Entropy of the choices of each decision among trials in which it is active, as a share of the
/// largest that is possible.
fn entropies(view: &View<'_>, trials: &[TrialId]) -> Vec<f64> {
    let decisions = view.decisions().list().iter().enumerate();
    decisions
        .map(|(index, decision)| {
            let mut counts = vec![0.0; decision.choices.len()];
            let choices = trials.iter().filter_map(|&id| view.rollout(id)?.choice(index));
            choices.for_each(|choice| counts[choice] += 1.0);
            let total: f64 = counts.iter().sum();
            if total == 0.0 || counts.len() < 2 {
                return 0.0;
            }
            let shares = counts.iter().filter(|&&count| count > 0.0).map(|count| count / total);
            let entropy: f64 = shares.map(|share| -share * share.ln()).sum();
            entropy / (counts.len() as f64).ln()
        })
        .collect()
}

/// Share of the variance of the objectives' normal scores that each decision explains alone
/// (η², less what chance gives, averaged over objectives), as a share of the largest.
fn influences(view: &View<'_>, trials: &[TrialId]) -> Vec<f64> {
    let known: Vec<(TrialId, &[f64])> =
        trials.iter().filter_map(|&id| Some((id, view.merit(id).point()?))).collect();
    let count = view.decisions().list().len();
    let mut total = vec![0.0; count];
    for objective in 0..view.goals.count() {
        let figures: Vec<f64> = known.iter().map(|(_, point)| point[objective]).collect();
        let scores = normal_scores(&figures);
        for (index, sum) in total.iter_mut().enumerate() {
            let choice = |id| view.rollout(id).and_then(|rollout| rollout.choice(index));
            let choices: Vec<Option<usize>> = known.iter().map(|&(id, _)| choice(id)).collect();
            *sum += explained(&choices, &scores);
        }
    }
    let largest = total.iter().copied().fold(0.0, f64::max);
    total.into_iter().map(|sum| if largest > 0.0 { sum / largest } else { 1.0 }).collect()
}

/// Share of the variance of scores that groups explain, less what as many random groups would.
fn explained(groups: &[Option<usize>], scores: &[f64]) -> f64 {
    let places = groups.iter().flatten().max().map_or(0, |largest| largest + 1);
    // The last place is for those in no group, which are one, too.
    let mut sums = vec![(0.0, 0.0); places + 1];
    for (group, score) in groups.iter().zip(scores) {
        let place = &mut sums[group.unwrap_or(places)];
        place.0 += 1.0;
        place.1 += score;
    }
    let count = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / count.max(1.0);
    let whole: f64 = scores.iter().map(|score| (score - mean).powi(2)).sum();
    let used = sums.iter().filter(|(members, _)| *members > 0.0);
    let filled = used.clone().count() as f64;
    let between: f64 = used.map(|(members, sum)| members * (sum / members - mean).powi(2)).sum();
    let chance = (filled - 1.0) / (count - 1.0);
    if whole <= 0.0 || chance.is_nan() || chance >= 1.0 {
        return 0.0;
    }
    ((between / whole - chance) / (1.0 - chance)).max(0.0)
}

impl Controller for Esapp {
    fn name(&self) -> &'static str {
        "esapp"
    }

    fn ask(&mut self, view: &View<'_>, count: usize) -> Result<Vec<Proposal>, VaryError> {
        let mut batch = Batch::new(*view, count);
        let single = view.goals.count() == 1;
        let start = if single { self.0.population } else { self.0.several.population };
        while !batch.is_closed() && batch.next().index() < start {
            batch.draw()?;
        }
        if batch.is_closed() || view.history.trials().is_empty() {
            while !batch.is_closed() {
                batch.draw()?;
            }
            return Ok(batch.into_proposals());
        }
        let parents = self.parents(view);
        let priorities = self.priorities(view, &parents);
        while !batch.is_closed() {
            batch.offer(|stream| self.child(view, (&parents, &priorities), stream))?;
        }
        Ok(batch.into_proposals())
    }

    fn tell(&mut self, _view: &View<'_>, _first: usize) {}

    fn state(&self) -> Json {
        written(&())
    }

    fn restore(&mut self, state: &Json) -> Result<(), StateError> {
        read(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_groups_explain_is_all_or_nothing_at_the_ends() {
        let groups = [Some(0), Some(0), Some(1), Some(1), None, None];
        let all = explained(&groups, &[1.0, 1.0, 2.0, 2.0, 5.0, 5.0]);
        assert!((all - 1.0).abs() < 1e-12, "{all}");
        assert_eq!(explained(&groups, &[1.0, 2.0, 1.0, 2.0, 1.0, 2.0]), 0.0);
        assert_eq!(explained(&groups, &[1.0; 6]), 0.0);
        assert_eq!(explained(&[], &[]), 0.0);
        // One group more than pairs: two of three degrees of freedom are chance.
        let part = explained(&[Some(0), Some(0), Some(1), Some(1)], &[0.0, 1.0, 1.0, 2.0]);
        assert!((part - (0.5 - 1.0 / 3.0) / (2.0 / 3.0)).abs() < 1e-12, "{part}");
    }
}
