//! Several objectives: what is expected to make the front's hypervolume grow most.

use super::super::esapp::Part;
use super::super::select::{axes, ordered, since};
use super::PredictorGuided;
use super::surrogate::places;
use crate::model::Codes;
use crate::pareto::{Axis, Growth, Open};
use crate::rollout::{Crossing, Mutation, Rollout};
use crate::search::{Batch, Lineage, TrialId, View};
use crate::streams::{Purpose, Stream};

/// Settings for several objectives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Several {
    /// Members of the front whose neighbours are candidates, the least crowded first.
    pub elite: usize,
    /// Neighbours of them that are candidates, at most.
    pub near: usize,
    /// Candidates that differ in two or three decisions from one of them.
    pub far: usize,
    /// Candidates that are mixed from two of them.
    pub crossed: usize,
    /// Candidates drawn at random.
    pub drawn: usize,
    /// Draws of what candidates' figures may be.
    pub samples: usize,
    /// Places by which the growth of the hypervolume is counted.
    pub places: usize,
    /// Share of the deviation within leaves that is in the draws.
    pub noise: f64,
    /// Whether a ridge regression is below what the trees predict.
    pub trend: Part,
}

impl Default for Several {
    fn default() -> Self {
        Self {
            elite: 40,
            near: 600,
            far: 150,
            crossed: 150,
            drawn: 150,
            samples: 16,
            places: 512,
            noise: 0.5,
            trend: Part::On,
        }
    }
}

/// How far beyond the front's worst the hypervolume is measured from.
const BEYOND: f64 = 0.1;
/// How far before the front's best it is measured, at most.
const BEFORE: f64 = 0.5;

/// A candidate, and where it may be.
struct Candidate {
    rollout: Rollout,
    /// How likely it keeps the constraints.
    chance: f64,
    /// Its place in each draw, for each objective.
    draws: Vec<Vec<f64>>,
}

impl Candidate {
    /// Mean over draws and objectives.
    fn mean(&self) -> f64 {
        self.draws.iter().flatten().sum::<f64>() / self.draws.len().max(1) as f64
    }
}

impl PredictorGuided {
    /// Adds, one after another, the candidates by which the hypervolume grows most, on average
    /// over draws of what the models hold for possible (Daulton et al., NeurIPS 2020, do so with
    /// Gaussian processes). Those that were added before count as found in each draw.
    pub(super) fn choose_several(&self, view: &View<'_>, batch: &mut Batch<'_>, room: usize) {
        let mut stream = batch.stream(Purpose::Model);
        let axes = axes(view);
        let candidates = self.candidates_of_several(view, (batch, &axes), &mut stream);
        let members = view.history.archive().members().iter();
        let front: Vec<Vec<f64>> = members
            .filter_map(|member| places(view, member.id, &axes).into_iter().collect())
            .collect();
        let count = view.goals.count();
        let most = vec![1.0 + BEYOND; count];
        let mut least = vec![0.0_f64; count];
        for draw in candidates.iter().flat_map(|candidate| &candidate.draws) {
            least.iter_mut().zip(draw).for_each(|(least, &at)| *least = least.min(at));
        }
        least.iter_mut().for_each(|least| *least = least.max(-BEFORE));
        let settings = self.guidance.several;
        let growth = Growth::new(&front, (&least, &most), settings.places.max(1), &mut stream);
        let ranked: Vec<Vec<Vec<u32>>> = candidates
            .iter()
            .map(|candidate| candidate.draws.iter().map(|draw| ranks(&growth, draw)).collect())
            .collect();
        // Of those by which nothing grows, the best on average goes first.
        let means: Vec<f64> = candidates.iter().map(Candidate::mean).collect();
        let mut open: Vec<Open> = vec![growth.open(); settings.samples.max(1)];
        let mut left: Vec<usize> = (0..candidates.len()).collect();
        for _ in 0..room {
            let value = |&at: &usize| {
                let gains =
                    ranked[at].iter().zip(&open).map(|(ranks, open)| growth.gain(open, ranks));
                f64::from(gains.sum::<u32>()) * candidates[at].chance
            };
            let values: Vec<f64> = left.iter().map(value).collect();
            let order = (0..left.len()).max_by(|&a, &b| {
                let further = means[left[b]].total_cmp(&means[left[a]]);
                values[a].total_cmp(&values[b]).then(further)
            });
            let Some(place) = order else { return };
            let chosen = left.swap_remove(place);
            ranked[chosen]
                .iter()
                .zip(&mut open)
                .for_each(|(ranks, open)| growth.close(open, ranks));
            batch.add(candidates[chosen].rollout.clone(), Lineage::Model);
        }
    }

    /// Candidates with draws of what their figures may be.
    fn candidates_of_several(
        &self,
        view: &View<'_>,
        (batch, axes): (&Batch<'_>, &[Axis]),
        stream: &mut Stream,
    ) -> Vec<Candidate> {
        let surrogate = self.surrogate(view, (&since(view, 0), axes), stream);
        let codes = Codes::new(view.decisions());
        let settings = self.guidance.several;
        let rollouts = self.pool(view, batch, stream);
        let mut normals = Normals::new(stream);
        rollouts
            .into_iter()
            .map(|rollout| {
                let votes = surrogate.votes(&rollout, &self.seen(view, &codes, &rollout));
                let mut draw = |sample: usize| -> Vec<f64> {
                    votes
                        .iter()
                        .enumerate()
                        .map(|(objective, votes)| {
                            // Small ensembles are gone through in other orders.
                            let len = votes.len().max(1);
                            let member = (sample + objective * (sample / len)) % len;
                            let (mean, variance) = votes.get(member).copied().unwrap_or_default();
                            mean + settings.noise * variance.sqrt() * normals.next()
                        })
                        .collect()
                };
                let draws = (0..settings.samples.max(1)).map(&mut draw).collect();
                let chance = surrogate.chance(&codes, &rollout);
                Candidate { rollout, chance, draws }
            })
            .collect()
    }

    /// New rollouts near the front, mixed from its members, and drawn at random.
    fn pool(&self, view: &View<'_>, batch: &Batch<'_>, stream: &mut Stream) -> Vec<Rollout> {
        let settings = self.guidance.several;
        let decisions = view.decisions();
        let front: Vec<TrialId> =
            view.history.archive().members().iter().map(|member| member.id).collect();
        let mut parents = ordered(view, &front);
        parents.truncate(settings.elite.max(1));
        let parents: Vec<&Rollout> = parents.iter().filter_map(|&id| view.rollout(id)).collect();
        let mut near: Vec<Rollout> = parents.iter().flat_map(|r| decisions.neighbours(r)).collect();
        let kept = settings.near.min(near.len());
        let mut found: Vec<Rollout> =
            (0..kept).map(|_| near.swap_remove(stream.below(near.len()))).collect();
        if !parents.is_empty() {
            found.extend((0..settings.far).filter_map(|at| {
                let parent = parents[stream.below(parents.len())];
                let mutation = Mutation { changes: 2 + at % 2, weights: None };
                decisions.mutate(parent, mutation, stream).ok()
            }));
            found.extend((0..settings.crossed).filter_map(|_| {
                let one = parents[stream.below(parents.len())];
                let other = parents[stream.below(parents.len())];
                decisions.cross((one, other), Crossing::Uniform, stream).ok()
            }));
        }
        found.extend((0..settings.drawn).filter_map(|_| decisions.sample(stream).ok()));
        found.sort();
        found.dedup();
        found.retain(|rollout| batch.is_new(rollout));
        found
    }
}

/// Standard normal numbers, drawn once and then used in turn; their number is odd, so that no
/// candidate gets the same as the last.
struct Normals {
    drawn: Vec<f64>,
    at: usize,
}

impl Normals {
    fn new(stream: &mut Stream) -> Self {
        const COUNT: usize = 4093;
        Self { drawn: (0..COUNT).map(|_| super::normal(stream)).collect(), at: 0 }
    }

    fn next(&mut self) -> f64 {
        self.at = (self.at + 1) % self.drawn.len();
        self.drawn[self.at]
    }
}

/// A draw's place among those that growth is counted by.
fn ranks(growth: &Growth, draw: &[f64]) -> Vec<u32> {
    draw.iter().enumerate().map(|(axis, &at)| growth.rank(axis, at)).collect()
}
