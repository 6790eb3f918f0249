//! Random forests (Breiman, 2001) with the spread of what they predict.

use std::sync::Arc;

use super::Prediction;
use crate::streams::Stream;

/// Settings of a forest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForestSettings {
    /// Trees.
    pub trees: usize,
    /// Rows that a node must have to be split.
    pub split: usize,
    /// Share of the columns that a split chooses from.
    pub columns: f64,
}

impl Default for ForestSettings {
    fn default() -> Self {
        Self { trees: 40, split: 12, columns: 0.6 }
    }
}

/// A node: a leaf, or a split with its right child's position; the left child follows it.
#[derive(Clone, Copy, Debug)]
enum Node {
    Leaf { mean: f64, variance: f64 },
    Split { column: u32, most: u16, right: u32 },
}

/// Regression trees, each grown on rows drawn with replacement. The spread of a prediction is
/// that between the trees and that within their leaves.
#[derive(Clone, Debug)]
pub struct Forest {
    trees: Vec<Vec<Node>>,
}

struct Grower<'g> {
    rows: &'g [Arc<[u16]>],
    targets: &'g [f64],
    settings: ForestSettings,
    columns: Vec<usize>,
    nodes: Vec<Node>,
}

struct Cut {
    column: usize,
    most: u16,
    gain: f64,
}

impl Forest {
    /// Grows a forest on rows of equal length and their targets.
    #[must_use]
    pub fn fit(
        rows: &[Arc<[u16]>],
        targets: &[f64],
        settings: ForestSettings,
        stream: &mut Stream,
    ) -> Self {
        let count = rows.len().min(targets.len());
        let columns = rows.first().map_or(0, |row| row.len());
        let trees = (0..settings.trees.max(1))
            .map(|_| {
                let mut drawn: Vec<usize> = (0..count).map(|_| stream.below(count)).collect();
                let columns = (0..columns).collect();
                let mut grower = Grower { rows, targets, settings, columns, nodes: Vec::new() };
                grower.grow(&mut drawn, stream);
                grower.nodes
            })
            .collect();
        Self { trees }
    }

    /// What each tree says of a row: mean and variance of its leaf.
    pub fn votes(&self, row: &[u16]) -> impl Iterator<Item = (f64, f64)> {
        self.trees.iter().map(move |tree| leaf(tree, row))
    }

    /// What the forest says of a row.
    #[must_use]
    pub fn predict(&self, row: &[u16]) -> Prediction {
        let (mut sum, mut squares, mut within) = (0.0, 0.0, 0.0);
        for (mean, variance) in self.votes(row) {
            sum += mean;
            squares += mean * mean;
            within += variance;
        }
        let count = self.trees.len() as f64;
        let mean = sum / count;
        let between = (squares / count - mean * mean).max(0.0);
        Prediction { mean, deviation: (between + within / count).sqrt() }
    }
}

fn leaf(tree: &[Node], row: &[u16]) -> (f64, f64) {
    let mut at = 0;
    loop {
        match tree.get(at) {
            Some(&Node::Split { column, most, right }) => {
                let left = row.get(column as usize).is_none_or(|&value| value <= most);
                at = if left { at + 1 } else { right as usize };
            }
            Some(&Node::Leaf { mean, variance }) => return (mean, variance),
            None => return (0.0, 0.0),
        }
    }
}

impl Grower<'_> {
    fn grow(&mut self, drawn: &mut [usize], stream: &mut Stream) {
        let count = drawn.len() as f64;
        let sum: f64 = drawn.iter().map(|&row| self.targets[row]).sum();
        let mean = if drawn.is_empty() { 0.0 } else { sum / count };
        let spread: f64 = drawn.iter().map(|&row| (self.targets[row] - mean).powi(2)).sum();
        let variance = if drawn.is_empty() { 0.0 } else { spread / count };
        let cut = if drawn.len() < self.settings.split || spread <= 1e-12 {
            None
        } else {
            self.cut(drawn, sum, stream)
        };
        let Some(Cut { column, most, .. }) = cut else {
            self.nodes.push(Node::Leaf { mean, variance });
            return;
        };
        let place = self.nodes.len();
        self.nodes.push(Node::Leaf { mean, variance });
        // In order, so that a tree does not depend on how rows are swapped.
        let (mut left, mut right): (Vec<usize>, Vec<usize>) =
            drawn.iter().partition(|&&row| self.rows[row][column] <= most);
        self.grow(&mut left, stream);
        let next = self.nodes.len() as u32;
        self.grow(&mut right, stream);
        self.nodes[place] = Node::Split { column: column as u32, most, right: next };
    }

    /// The best cut among some columns, drawn anew; further ones only where those have none.
    fn cut(&mut self, drawn: &[usize], sum: f64, stream: &mut Stream) -> Option<Cut> {
        let tried = (self.columns.len() as f64 * self.settings.columns).ceil().max(1.0) as usize;
        let mut best: Option<Cut> = None;
        for index in 0..self.columns.len() {
            if index >= tried && best.is_some() {
                break;
            }
            let other = index + stream.below(self.columns.len() - index);
            self.columns.swap(index, other);
            let found = self.cut_of(self.columns[index], drawn, sum);
            if let Some(found) = found
                && best.as_ref().is_none_or(|best| found.gain > best.gain)
            {
                best = Some(found);
            }
        }
        best
    }

    /// The cut of a column that leaves the least squared error.
    fn cut_of(&self, column: usize, drawn: &[usize], sum: f64) -> Option<Cut> {
        let largest = drawn.iter().map(|&row| self.rows[row][column]).max()?;
        let mut counts = vec![(0_u32, 0.0); usize::from(largest) + 1];
        for &row in drawn {
            let place = &mut counts[usize::from(self.rows[row][column])];
            place.0 += 1;
            place.1 += self.targets[row];
        }
        let total = drawn.len() as f64;
        let base = sum * sum / total;
        let mut best: Option<Cut> = None;
        let (mut left, mut left_sum) = (0.0, 0.0);
        for (value, &(count, part)) in counts.iter().enumerate().take(usize::from(largest)) {
            left += f64::from(count);
            left_sum += part;
            if count == 0 || left == 0.0 {
                continue;
            }
            let right_sum = sum - left_sum;
            let gain = left_sum * left_sum / left + right_sum * right_sum / (total - left) - base;
            if gain > 1e-12 && best.as_ref().is_none_or(|best| gain > best.gain) {
                best = Some(Cut { column, most: value as u16, gain });
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::{Purpose, Streams};

    #[test]
    fn it_learns_an_interaction_and_knows_where_it_is_unsure() {
        let mut stream = Streams::new(1).stream(0, Purpose::Model);
        let truth = |row: &[u16]| f64::from(row[0] * row[1]) + 3.0 * f64::from(row[2] % 2);
        let rows: Vec<Arc<[u16]>> =
            (0..300).map(|_| (0..4).map(|_| stream.below(4) as u16).collect()).collect();
        let noisy: Vec<f64> = rows
            .iter()
            .map(|row| truth(row) + if row[3] == 3 { 8.0 * (stream.unit() - 0.5) } else { 0.0 })
            .collect();
        // Small leaves: this is about what trees can learn, not about what suits a search.
        let settings = ForestSettings { split: 4, ..ForestSettings::default() };
        let forest = Forest::fit(&rows, &noisy, settings, &mut stream);
        let mut error = 0.0;
        let (mut calm, mut wild) = (0.0, 0.0);
        for code in 0..256_usize {
            let row: Vec<u16> = (0..4).map(|axis| (code >> (2 * axis) & 3) as u16).collect();
            let said = forest.predict(&row);
            if row[3] == 3 {
                wild += said.deviation / 64.0;
            } else {
                calm += said.deviation / 192.0;
                error += (said.mean - truth(&row)).abs() / 192.0;
            }
        }
        assert!(error < 0.5, "{error}");
        assert!(wild > 1.5 * calm, "{wild} {calm}");
    }

    #[test]
    fn nothing_to_learn_from_is_no_panic() {
        let mut stream = Streams::new(1).stream(0, Purpose::Model);
        let forest = Forest::fit(&[], &[], ForestSettings::default(), &mut stream);
        assert_eq!(forest.predict(&[1, 2]).mean, 0.0);
        let forest = Forest::fit(&[[1].into()], &[4.0], ForestSettings::default(), &mut stream);
        assert_eq!(forest.predict(&[0]), Prediction { mean: 4.0, deviation: 0.0 });
    }
}
