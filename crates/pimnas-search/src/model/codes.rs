//! Rollouts as columns of small numbers.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use super::structure;
use crate::decisions::Decisions;
use crate::rollout::Rollout;
use crate::space::Space;

/// Rollouts that an encoder remembers.
const REMEMBERED: usize = 200_000;

/// Rollouts as columns: those of their decisions ([`Codes`]) and, where asked for, numbers that
/// describe the network that they decode to. It remembers what it has encoded, and can be shared.
#[derive(Debug, Default)]
pub struct Encoder {
    networks: bool,
    known: RwLock<HashMap<Rollout, Arc<[u16]>>>,
}

impl Encoder {
    /// The decisions alone.
    #[must_use]
    pub fn of_decisions() -> Self {
        Self::default()
    }

    /// The decisions and the networks. Rollouts without a network have zeros there.
    #[must_use]
    pub fn of_networks() -> Self {
        Self { networks: true, ..Self::default() }
    }

    /// The columns of a rollout.
    #[must_use]
    pub fn row(&self, space: &dyn Space, codes: &Codes, rollout: &Rollout) -> Arc<[u16]> {
        if !self.networks {
            return codes.row(rollout).into();
        }
        let known = self.known.read().ok().and_then(|known| known.get(rollout).cloned());
        if let Some(row) = known {
            return row;
        }
        let mut row = codes.row(rollout);
        let described = space.decode(rollout).map(|found| structure::describe(&found.network));
        row.extend(described.unwrap_or([0; structure::COLUMNS]));
        let row: Arc<[u16]> = row.into();
        if let Ok(mut known) = self.known.write()
            && known.len() < REMEMBERED
        {
            known.insert(rollout.clone(), row.clone());
        }
        row
    }
}

/// How a space's rollouts become columns: an ordered decision is one column, the position of its
/// choice counted from 1 and 0 where it is inactive; of any other decision, each choice is a
/// column of 0 and 1.
#[derive(Clone, Debug)]
pub struct Codes {
    /// First column and number of columns of each decision.
    spans: Vec<(usize, usize)>,
    ordered: Vec<bool>,
    /// Largest value of each column.
    largest: Vec<u16>,
}

impl Codes {
    /// For rollouts of those decisions.
    #[must_use]
    pub fn new(decisions: &Decisions) -> Self {
        let mut codes = Self { spans: Vec::new(), ordered: Vec::new(), largest: Vec::new() };
        for decision in decisions.list() {
            let count = decision.choices.len();
            let first = codes.largest.len();
            let ordered = decision.is_ordered();
            if ordered {
                codes.largest.push(u16::try_from(count).unwrap_or(u16::MAX));
            } else {
                codes.largest.extend(std::iter::repeat_n(1, count));
            }
            codes.spans.push((first, codes.largest.len() - first));
            codes.ordered.push(ordered);
        }
        codes
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.largest.len()
    }

    /// Largest value of each column.
    #[must_use]
    pub fn largest(&self) -> &[u16] {
        &self.largest
    }

    /// The columns of a rollout.
    #[must_use]
    pub fn row(&self, rollout: &Rollout) -> Vec<u16> {
        let mut row = vec![0; self.columns()];
        for ((&(first, _), &ordered), choice) in
            self.spans.iter().zip(&self.ordered).zip(rollout.choices())
        {
            let Some(choice) = *choice else { continue };
            if ordered {
                row[first] = choice.saturating_add(1);
            } else if let Some(place) = row.get_mut(first + usize::from(choice)) {
                *place = 1;
            }
        }
        row
    }

    /// The columns of a rollout, each from 0 to 1.
    #[must_use]
    pub fn unit_row(&self, rollout: &Rollout) -> Vec<f64> {
        let row = self.row(rollout);
        let share = |(&value, &largest): (&u16, &u16)| f64::from(value) / f64::from(largest.max(1));
        row.iter().zip(&self.largest).map(share).collect()
    }
}
