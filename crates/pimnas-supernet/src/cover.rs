//! Rollouts at the edges of a space: the largest, the smallest, and a set that shows how large
//! layers become.

use pimnas_network::{Network, Shape, ShapedNetwork};
use pimnas_search::{Purpose, Rollout, Space, Streams};

/// Times that all decisions are gone through for the largest or smallest network.
const SWEEPS: usize = 4;
/// Random rollouts beside the systematic ones.
const RANDOM: u64 = 64;
/// Seed of the random ones: fixed, so that a space has one set.
const SEED: u64 = 0;

/// How large a network is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Extent {
    /// Multiplications of weights and activations for one item.
    pub products: u64,
    /// Weights of convolutions and fully connected layers.
    pub weights: u64,
    /// Bits of weights, and of activations of layers with weights, summed over layers.
    pub bits: u64,
}

impl Extent {
    /// That of a network; nothing where it does not fit together.
    #[must_use]
    pub fn of(network: &Network) -> Self {
        let mut extent = Self::default();
        let Ok(shaped) = ShapedNetwork::new(network) else { return extent };
        for (index, layer) in network.layers.iter().enumerate() {
            let places = match shaped.output_of(index) {
                Shape::Map { height, width, .. } => height * width,
                Shape::Vector { .. } => 1,
            };
            let weights = layer.operation.weights();
            if weights == 0 {
                continue;
            }
            extent.weights += weights;
            extent.products += weights * places as u64;
            extent.bits += u64::from(layer.weight_bits.unwrap_or(0) + layer.activation_bits);
        }
        extent
    }
}

/// Rollouts at the edges of a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edges {
    /// The largest network found by changing one decision after another.
    pub largest: Rollout,
    /// The smallest.
    pub smallest: Rollout,
}

fn extent(space: &dyn Space, rollout: &Rollout) -> Option<Extent> {
    space.decode(rollout).ok().map(|candidate| Extent::of(&candidate.network))
}

/// A rollout with one decision changed; decisions that become active take the first choice.
fn with(space: &dyn Space, rollout: &Rollout, (decision, choice): (usize, usize)) -> Rollout {
    let choose = |index: usize| {
        if index == decision { choice } else { rollout.choice(index).unwrap_or(0) }
    };
    space.decisions().assign(choose).rollout
}

/// The largest and the smallest network; `None` where no start decodes.
#[must_use]
pub fn edges(space: &dyn Space) -> Option<Edges> {
    let starts = starts(space);
    let best = |sign: fn(Extent, Extent) -> bool| {
        let climbed = starts.iter().filter_map(|start| climb(space, start, sign));
        climbed.reduce(|best, found| if sign(found.1, best.1) { found } else { best })
    };
    let (largest, _) = best(|new, old| new > old)?;
    let (smallest, _) = best(|new, old| new < old)?;
    Some(Edges { largest, smallest })
}

/// The edges of a space, each with the first and with the last choices of all decisions that leave
/// the network as it is, such as those of the hardware: what a search may begin with.
#[must_use]
pub fn corners(space: &dyn Space, edges: &Edges) -> Vec<Rollout> {
    let decisions = space.decisions().list();
    let mut corners = Vec::new();
    for edge in [&edges.largest, &edges.smallest] {
        let size = extent(space, edge);
        let free = |decision: usize| {
            let same = |choice| extent(space, &with(space, edge, (decision, choice))) == size;
            (0..decisions[decision].choices.len()).all(same)
        };
        let free: Vec<usize> = (0..decisions.len()).filter(|&decision| free(decision)).collect();
        for choice_of in [|_: usize| 0, |choices: usize| choices.saturating_sub(1)] {
            let corner = free.iter().fold(edge.clone(), |rollout, &decision| {
                with(space, &rollout, (decision, choice_of(decisions[decision].choices.len())))
            });
            if space.decode(&corner).is_ok() && !corners.contains(&corner) {
                corners.push(corner);
            }
        }
    }
    corners
}

fn climb(
    space: &dyn Space,
    start: &Rollout,
    better: fn(Extent, Extent) -> bool,
) -> Option<(Rollout, Extent)> {
    let mut best = (start.clone(), extent(space, start)?);
    for _ in 0..SWEEPS {
        let before = best.clone();
        for (decision, described) in space.decisions().list().iter().enumerate() {
            for choice in 0..described.choices.len() {
                let changed = with(space, &best.0, (decision, choice));
                if let Some(found) = extent(space, &changed)
                    && better(found, best.1)
                {
                    best = (changed, found);
                }
            }
        }
        if best == before {
            break;
        }
    }
    Some(best)
}

/// All last choices, all first ones, and a random rollout that decodes.
fn starts(space: &dyn Space) -> Vec<Rollout> {
    let decisions = space.decisions();
    let mut starts =
        vec![decisions.assign(|_| usize::MAX).rollout, decisions.assign(|_| 0).rollout];
    starts.extend(random(space).find(|rollout| space.decode(rollout).is_ok()));
    starts
}

fn random(space: &dyn Space) -> impl Iterator<Item = Rollout> {
    let streams = Streams::new(SEED);
    (0..RANDOM).filter_map(move |trial| {
        space.decisions().sample(&mut streams.stream(trial, Purpose::Sample)).ok()
    })
}

/// Rollouts that show how large layers become: from each start and edge, every other choice of
/// every decision, and random ones. A layer that depends on decisions in another way than its
/// size growing with each is found when it is asked for: shared tensors grow then.
#[must_use]
pub fn cover(space: &dyn Space, edges: &Edges) -> Vec<Rollout> {
    let mut rollouts = starts(space);
    rollouts.extend([edges.largest.clone(), edges.smallest.clone()]);
    let bases = rollouts.clone();
    for base in &bases {
        for (decision, described) in space.decisions().list().iter().enumerate() {
            let choices = 0..described.choices.len();
            rollouts.extend(choices.map(|choice| with(space, base, (decision, choice))));
        }
    }
    rollouts.extend(random(space));
    rollouts.sort();
    rollouts.dedup();
    rollouts
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimnas_search::spaces;

    #[test]
    fn corners_are_the_edges_on_both_ends_of_the_hardware() {
        let space = spaces::build("grey28").expect("a shipped space");
        let edges = edges(&space).expect("networks");
        let corners = corners(&space, &edges);
        let point = |rollout: &Rollout| {
            let candidate = space.decode(rollout).expect("a network");
            (Extent::of(&candidate.network), candidate.hardware)
        };
        let [a, b, c, d] = [0, 1, 2, 3].map(|place| point(&corners[place]));
        assert_eq!(corners.len(), 4);
        assert_eq!((a.0, c.0), (b.0, d.0));
        assert!(a.0 > c.0);
        assert_eq!((&a.1, &b.1), (&c.1, &d.1));
        assert_ne!(a.1, b.1);
    }
}
