//! The loop turned inside out: the caller asks for trials, evaluates them and tells.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::run::{Search, SearchError};
use super::snapshot::Snapshot;
use super::trial::{Outcome, Proposal, Trial, TrialId};

/// What the caller found out about a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Figures in the order of the goals' metrics; `None` for what is not known.
    Figures(Vec<Option<f64>>),
    /// It cannot be evaluated; the reasons.
    Rejected(Vec<String>),
}

/// Why a trial cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TellError {
    /// It was not asked for, or it was handed back.
    #[error("trial {0} was not asked for")]
    NotAsked(u64),
    /// It has been told.
    #[error("trial {0} was told before")]
    Twice(u64),
    /// As many figures as there are metrics are expected.
    #[error("trial {id} has {given} figures, and there are {expected} metrics")]
    Figures {
        /// The trial.
        id: u64,
        /// Figures.
        given: usize,
        /// Metrics.
        expected: usize,
    },
}

impl TellError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAsked(_) => "tell what `ask` gave",
            Self::Twice(_) => "tell each trial once",
            Self::Figures { .. } => "give one figure a metric, in the order of the goals",
        }
    }
}

/// Where a trial of the running batch is.
#[derive(Clone, Debug)]
enum State {
    Waiting,
    Out,
    Told(Told),
}

#[derive(Clone, Debug)]
struct Slot {
    proposal: Proposal,
    state: State,
}

/// A search whose caller evaluates. The controller fills one batch after another; the next batch
/// begins when the last trial of this one is told. What a run gives depends on the set-up and the
/// figures alone: not on how many trials are asked for at a time, nor on the order in which they
/// are told. The budget's evaluations are the horizon of the controllers' schedules, and end nothing.
///
/// ```
/// use std::sync::Arc;
/// use pimnas_search::controllers::Random;
/// use pimnas_search::search::{
///     AskTell, Budget, CostClass, Direction, Goals, Metric, Objective, Search, Told,
/// };
/// use pimnas_search::spaces;
///
/// let metric = Metric::new("area_mm2", "mm²", Direction::Minimise, CostClass::Simulation);
/// let goals = Goals::new(&[metric], &[Objective::new("area_mm2")], &[]).map_err(|e| e[0].clone())?;
/// let space = Arc::new(spaces::build("grey28")?);
/// let search = Search::shared(space, goals, Box::new(Random), Budget::evaluations(100));
/// let mut loop_ = AskTell::new(search.with_batch(4));
/// while loop_.search().history().trials().len() < 20 {
///     for (id, proposal) in loop_.ask(3)? {
///         let area = proposal.rollout.active().count() as f64;
///         loop_.tell(id, Told::Figures(vec![Some(area)]))?;
///     }
/// }
/// assert!(!loop_.search().history().archive().members().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AskTell<'s> {
    search: Search<'s>,
    /// Position of the first trial of the running batch.
    first: usize,
    batch: Vec<Slot>,
    /// Before the running batch was proposed.
    before: Snapshot,
}

impl<'s> AskTell<'s> {
    /// A search that goes on from where it is.
    #[must_use]
    pub fn new(search: Search<'s>) -> Self {
        let first = search.history.trials().len();
        let before = search.snapshot();
        Self { search, first, batch: Vec::new(), before }
    }

    /// The search. Its history holds the told trials up to the first that is not told.
    #[must_use]
    pub fn search(&self) -> &Search<'s> {
        &self.search
    }

    /// Up to that many trials to evaluate, in the order of their numbers: what is left of the
    /// running batch, or the beginning of the next one when all of it is told. Nothing while all
    /// of it is out ([`Self::out`]), or where the space has nothing new.
    ///
    /// # Errors
    /// Requirements that nothing drawn satisfies.
    pub fn ask(&mut self, count: usize) -> Result<Vec<(TrialId, Proposal)>, SearchError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        if self.batch.is_empty() {
            self.before = self.search.snapshot();
            self.first = self.search.history.trials().len();
            let proposals = self.search.propose(self.search.batch)?;
            let slot = |proposal| Slot { proposal, state: State::Waiting };
            self.batch = proposals.into_iter().map(slot).collect();
        }
        let first = self.first;
        let waiting = self.batch.iter_mut().enumerate();
        let waiting = waiting.filter(|(_, slot)| matches!(slot.state, State::Waiting));
        Ok(waiting
            .take(count)
            .map(|(index, slot)| {
                slot.state = State::Out;
                (TrialId((first + index) as u64), slot.proposal.clone())
            })
            .collect())
    }

    /// What was asked for and is not told, in order.
    pub fn out(&self) -> impl Iterator<Item = (TrialId, &Proposal)> {
        self.slots().filter_map(|(id, slot)| match slot.state {
            State::Out => Some((id, &slot.proposal)),
            State::Waiting | State::Told(_) => None,
        })
    }

    /// What was told beyond the history, as trials before them are not told; in order.
    pub fn early(&self) -> impl Iterator<Item = (TrialId, &Told)> {
        let done = self.search.history.trials().len();
        self.slots().filter_map(move |(id, slot)| match &slot.state {
            State::Told(told) if id.index() >= done => Some((id, told)),
            State::Told(_) | State::Out | State::Waiting => None,
        })
    }

    fn slots(&self) -> impl Iterator<Item = (TrialId, &Slot)> {
        let ids = (self.first as u64..).map(TrialId);
        ids.zip(&self.batch)
    }

    fn slot(&mut self, id: TrialId) -> Result<&mut Slot, TellError> {
        let Some(index) = id.index().checked_sub(self.first) else {
            return Err(TellError::Twice(id.0));
        };
        let slot = self.batch.get_mut(index).ok_or(TellError::NotAsked(id.0))?;
        match slot.state {
            State::Out => Ok(slot),
            State::Waiting => Err(TellError::NotAsked(id.0)),
            State::Told(_) => Err(TellError::Twice(id.0)),
        }
    }

    /// Hands a trial back that was asked for: the next `ask` gives it again.
    ///
    /// # Errors
    /// A trial that is not out.
    pub fn release(&mut self, id: TrialId) -> Result<(), TellError> {
        self.slot(id)?.state = State::Waiting;
        Ok(())
    }

    /// What came of a trial that was asked for.
    ///
    /// # Errors
    /// A trial that is not out; another number of figures than metrics.
    pub fn tell(&mut self, id: TrialId, told: Told) -> Result<(), TellError> {
        let expected = self.search.goals.metrics().len();
        if let Told::Figures(figures) = &told {
            let given = figures.len();
            if given != expected {
                return Err(TellError::Figures { id: id.0, given, expected });
            }
        }
        self.slot(id)?.state = State::Told(told);
        self.commit();
        Ok(())
    }

    /// Takes into the history what is told in order, and ends the batch with its last trial.
    fn commit(&mut self) {
        loop {
            let done = self.search.history.trials().len();
            let Some(slot) = self.batch.get(done - self.first) else { break };
            let State::Told(told) = &slot.state else { return };
            let trial = self.trial(TrialId(done as u64), &slot.proposal, told);
            self.search.history.push(trial, &self.search.goals);
        }
        self.batch.clear();
        self.search.learn(self.first);
        self.first = self.search.history.trials().len();
    }

    fn trial(&self, id: TrialId, proposal: &Proposal, told: &Told) -> Trial {
        let goals = &self.search.goals;
        let (figures, stages, outcome) = match told {
            Told::Rejected(reasons) => {
                (vec![None; goals.metrics().len()], 0, Outcome::Rejected(reasons.clone()))
            }
            Told::Figures(figures) if goals.violation(figures) > 0.0 => {
                (figures.clone(), 1, Outcome::Infeasible)
            }
            Told::Figures(figures) => (figures.clone(), 1, Outcome::Complete),
        };
        let Proposal { rollout, lineage } = proposal.clone();
        Trial { id, rollout, lineage, seed: self.search.seed, figures, stages, outcome }
    }

    /// Whether all that was proposed is told, so that the next trial begins a batch.
    #[must_use]
    pub fn is_between_batches(&self) -> bool {
        self.batch.is_empty()
    }

    /// What is told of a trial, in order or early; `None` for one that is not told.
    #[must_use]
    pub fn told(&self, id: TrialId) -> Option<Trial> {
        if let Some(trial) = self.search.history.trials().get(id.index()) {
            return Some(trial.clone());
        }
        let slot = self.batch.get(id.index().checked_sub(self.first)?)?;
        match &slot.state {
            State::Told(told) => Some(self.trial(id, &slot.proposal, told)),
            State::Waiting | State::Out => None,
        }
    }

    /// The search before its running batch. With the trials that it counts it continues by
    /// [`Search::resume`]; then the batch is asked for, and what is known of it told, again.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        if self.batch.is_empty() { self.search.snapshot() } else { self.before.clone() }
    }
}
