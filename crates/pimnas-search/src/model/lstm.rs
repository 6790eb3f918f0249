//! A recurrent network that proposes choices one decision after another.

use serde::{Deserialize, Serialize};

use super::ranking::Adam;
use crate::decisions::Decisions;
use crate::rollout::{Assignment, Rollout};
use crate::streams::Stream;

/// Where the weights of each part lie in one list.
#[derive(Clone, Debug, PartialEq)]
struct Layout {
    hidden: usize,
    /// First word of each decision's choices among the embeddings and heads.
    first: Vec<usize>,
    choices: Vec<usize>,
    words: usize,
}

/// An LSTM (Hochreiter and Schmidhuber, 1997) over the active decisions in the order in which
/// they are decided. Its input is a vector that is learnt for the choice before, its output a
/// softmax over the decision's choices.
#[derive(Clone, Debug)]
pub(crate) struct Lstm {
    layout: Layout,
    pub(crate) memory: Memory,
}

/// What it has learnt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Memory {
    weights: Vec<f64>,
    adam: Adam,
}

/// What is kept of a step for the way back.
struct Step {
    decision: usize,
    choice: usize,
    /// Word of the choice before; `None` at the start.
    before: Option<usize>,
    /// Input, forget, output gate and candidate, each `hidden` values.
    gates: [Vec<f64>; 4],
    cell: Vec<f64>,
    state: Vec<f64>,
    shares: Vec<f64>,
}

impl Layout {
    fn new(decisions: &Decisions, hidden: usize) -> Self {
        let choices: Vec<usize> = decisions.list().iter().map(|d| d.choices.len()).collect();
        let first = choices.iter().scan(0, |sum, &count| {
            let first = *sum;
            *sum += count;
            Some(first)
        });
        Self { hidden, first: first.collect(), words: choices.iter().sum(), choices }
    }

    /// Weights of a word's embedding: a vector of `hidden` values.
    fn embedding(&self, word: usize) -> usize {
        word * self.hidden
    }

    /// Weights of a word's head: `hidden` values and an offset.
    fn head(&self, word: usize) -> usize {
        self.words * self.hidden + word * (self.hidden + 1)
    }

    /// Weights of a unit of a gate: those of the input, of the state, and an offset.
    fn gate(&self, gate: usize, unit: usize) -> usize {
        let before = self.words * (2 * self.hidden + 1);
        before + (gate * self.hidden + unit) * (2 * self.hidden + 1)
    }

    fn weights(&self) -> usize {
        self.gate(4, 0)
    }
}

fn sigmoid(value: f64) -> f64 {
    1.0 / (1.0 + (-value).exp())
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

impl Lstm {
    pub(crate) fn new(decisions: &Decisions, hidden: usize, stream: &mut Stream) -> Self {
        let layout = Layout::new(decisions, hidden);
        let scale = 1.0 / (hidden.max(1) as f64).sqrt();
        let count = layout.weights();
        let weights = (0..count).map(|_| (stream.unit() * 2.0 - 1.0) * scale).collect();
        /// Step of Adam.
        const STEP: f64 = 0.01;
        Self { layout, memory: Memory { weights, adam: Adam::new(count, STEP) } }
    }

    /// Takes a memory of a network of the same size; gives whether it was one.
    pub(crate) fn remember(&mut self, memory: Memory) -> bool {
        let fits =
            memory.weights.len() == self.layout.weights() && memory.adam.fits(memory.weights.len());
        if fits {
            self.memory = memory;
        }
        fits
    }

    /// The next step, from the state and cell before it.
    fn forward(&self, decision: usize, (before, last): (Option<usize>, Option<&Step>)) -> Step {
        let hidden = self.layout.hidden;
        let weights = &self.memory.weights;
        let zeros = vec![0.0; hidden];
        let input = before.map_or(zeros.as_slice(), |word| {
            let at = self.layout.embedding(word);
            &weights[at..at + hidden]
        });
        let (state, cell) = last.map_or((&zeros, &zeros), |step| (&step.state, &step.cell));
        let gates: [Vec<f64>; 4] = std::array::from_fn(|gate| {
            (0..hidden)
                .map(|unit| {
                    let at = self.layout.gate(gate, unit);
                    let own = &weights[at..at + 2 * hidden + 1];
                    let sum = dot(&own[..hidden], input)
                        + dot(&own[hidden..2 * hidden], state)
                        + own[2 * hidden];
                    if gate == CANDIDATE { sum.tanh() } else { sigmoid(sum) }
                })
                .collect()
        });
        let cell: Vec<f64> = (0..hidden)
            .map(|u| gates[FORGET][u] * cell[u] + gates[INPUT][u] * gates[CANDIDATE][u])
            .collect();
        let state: Vec<f64> = (0..hidden).map(|u| gates[OUTPUT][u] * cell[u].tanh()).collect();
        let first = self.layout.first[decision];
        let logits: Vec<f64> = (0..self.layout.choices[decision])
            .map(|choice| {
                let at = self.layout.head(first + choice);
                dot(&weights[at..at + hidden], &state) + weights[at + hidden]
            })
            .collect();
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = logits.iter().map(|logit| (logit - largest).exp()).collect();
        let total: f64 = powers.iter().sum();
        let shares = powers.into_iter().map(|power| power / total).collect();
        Step { decision, choice: 0, before, gates, cell, state, shares }
    }

    /// Runs over the active decisions; `choose` picks from the shares of a decision's choices.
    fn run(
        &self,
        decisions: &Decisions,
        mut choose: impl FnMut(usize, &[f64]) -> usize,
    ) -> (Assignment, Vec<Step>) {
        let mut steps: Vec<Step> = Vec::new();
        let assignment = decisions.assign(|decision| {
            let last = steps.last();
            let before = last.map(|step| self.layout.first[step.decision] + step.choice);
            let mut step = self.forward(decision, (before, last));
            let most = self.layout.choices[decision].saturating_sub(1);
            step.choice = choose(decision, &step.shares).min(most);
            let choice = step.choice;
            steps.push(step);
            choice
        });
        (assignment, steps)
    }

    /// Draws choices from its softmaxes.
    pub(crate) fn draw(&self, decisions: &Decisions, stream: &mut Stream) -> Assignment {
        self.run(decisions, |_, shares| stream.weighted(shares).unwrap_or(0)).0
    }

    /// Learns from rollouts: each one's advantage times the gradient of its logarithmic
    /// probability, and that of the entropy times `bonus`.
    pub(crate) fn learn(
        &mut self,
        decisions: &Decisions,
        rollouts: &[(&Rollout, f64)],
        bonus: f64,
    ) {
        let gradient = self.gradient(decisions, rollouts, bonus);
        self.memory.adam.step(&mut self.memory.weights, &gradient);
    }

    fn gradient(
        &self,
        decisions: &Decisions,
        rollouts: &[(&Rollout, f64)],
        bonus: f64,
    ) -> Vec<f64> {
        let mut gradient = vec![0.0; self.memory.weights.len()];
        for (rollout, advantage) in rollouts {
            let known = |decision, _: &[f64]| rollout.choice(decision).unwrap_or(0);
            let (_, steps) = self.run(decisions, known);
            self.back(&steps, (*advantage, bonus), &mut gradient);
        }
        gradient
    }

    /// Adds the gradient of −(advantage · log probability + bonus · entropy).
    fn back(&self, steps: &[Step], (advantage, bonus): (f64, f64), gradient: &mut [f64]) {
        let hidden = self.layout.hidden;
        let weights = &self.memory.weights;
        let zeros = vec![0.0; hidden];
        let (mut to_state, mut to_cell) = (zeros.clone(), zeros.clone());
        for (index, step) in steps.iter().enumerate().rev() {
            let first = self.layout.first[step.decision];
            let entropy: f64 = step.shares.iter().filter(|&&s| s > 0.0).map(|s| -s * s.ln()).sum();
            for (choice, &share) in step.shares.iter().enumerate() {
                let hit = f64::from(u8::from(choice == step.choice));
                let own = share * (share.max(1e-300).ln() + entropy);
                let slope = advantage * (share - hit) + bonus * own;
                let at = self.layout.head(first + choice);
                for unit in 0..hidden {
                    gradient[at + unit] += slope * step.state[unit];
                    to_state[unit] += slope * weights[at + unit];
                }
                gradient[at + hidden] += slope;
            }
            let last = index.checked_sub(1).map(|at| &steps[at]);
            let (old_state, old_cell) =
                last.map_or((&zeros, &zeros), |last| (&last.state, &last.cell));
            let input = step.before.map(|word| self.layout.embedding(word));
            let (mut next_state, mut next_cell) = (zeros.clone(), zeros.clone());
            for unit in 0..hidden {
                let gates = std::array::from_fn(|gate: usize| step.gates[gate][unit]);
                let [open, keep, out, candidate]: [f64; 4] = gates;
                let bent = step.cell[unit].tanh();
                let cell = to_cell[unit] + to_state[unit] * out * (1.0 - bent * bent);
                next_cell[unit] = cell * keep;
                let slopes = [
                    cell * candidate * open * (1.0 - open),
                    cell * old_cell[unit] * keep * (1.0 - keep),
                    to_state[unit] * bent * out * (1.0 - out),
                    cell * open * (1.0 - candidate * candidate),
                ];
                for (gate, slope) in slopes.into_iter().enumerate() {
                    let at = self.layout.gate(gate, unit);
                    if let Some(word) = input {
                        for other in 0..hidden {
                            gradient[at + other] += slope * weights[word + other];
                            gradient[word + other] += slope * weights[at + other];
                        }
                    }
                    for other in 0..hidden {
                        gradient[at + hidden + other] += slope * old_state[other];
                        next_state[other] += slope * weights[at + hidden + other];
                    }
                    gradient[at + 2 * hidden] += slope;
                }
            }
            (to_state, to_cell) = (next_state, next_cell);
        }
    }
}

/// Positions of the gates.
const INPUT: usize = 0;
const FORGET: usize = 1;
const OUTPUT: usize = 2;
const CANDIDATE: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::{Purpose, Streams};

    fn decisions() -> Decisions {
        let mut builder = Decisions::builder();
        builder.decision("a", [0_i64, 1]);
        builder.decision_when("b", [1_i64, 2, 3], "a == 1");
        builder.decision("c", ["x", "y", "z"]);
        builder.build().unwrap()
    }

    #[test]
    fn gradients_are_those_of_the_objective() {
        let decisions = decisions();
        let mut stream = Streams::new(4).stream(0, Purpose::Model);
        let mut lstm = Lstm::new(&decisions, 3, &mut stream);
        let rollout = decisions.assign(|index| [1, 2, 1][index]).rollout;
        let (advantage, bonus) = (0.7, 0.3);
        let objective = |lstm: &Lstm| {
            let known = |decision, _: &[f64]| rollout.choice(decision).unwrap();
            let (_, steps) = lstm.run(&decisions, known);
            assert_eq!(steps.len(), 3);
            let of = |step: &Step| {
                let entropy: f64 = step.shares.iter().map(|s| -s * s.ln()).sum();
                -(advantage * step.shares[step.choice].ln() + bonus * entropy)
            };
            steps.iter().map(of).sum::<f64>()
        };
        let gradient = lstm.gradient(&decisions, &[(&rollout, advantage)], bonus);
        for (index, found) in gradient.into_iter().enumerate() {
            let before = lstm.memory.weights[index];
            lstm.memory.weights[index] = before + 1e-5;
            let above = objective(&lstm);
            lstm.memory.weights[index] = before - 1e-5;
            let below = objective(&lstm);
            lstm.memory.weights[index] = before;
            let slope = (above - below) / 2e-5;
            assert!((slope - found).abs() < 1e-8, "{index}: {slope}");
        }
    }

    #[test]
    fn it_learns_to_prefer_what_is_rewarded() {
        let decisions = decisions();
        let mut stream = Streams::new(5).stream(0, Purpose::Model);
        let mut lstm = Lstm::new(&decisions, 8, &mut stream);
        let good = decisions.assign(|index| [1, 2, 0][index]).rollout;
        for _ in 0..300 {
            let drawn = lstm.draw(&decisions, &mut stream).rollout;
            let reward = if drawn == good { 1.0 } else { -0.1 };
            lstm.learn(&decisions, &[(&drawn, reward)], 0.0);
        }
        let hits = (0..100).filter(|_| lstm.draw(&decisions, &mut stream).rollout == good).count();
        assert!(hits > 80, "{hits}");
    }
}
