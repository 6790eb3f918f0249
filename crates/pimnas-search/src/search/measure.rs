//! From proposals to trials, stage by stage.

use rayon::prelude::*;

use super::evaluator::{Evaluator, Request, Rung, Scratch, Stage};
use super::goals::Goals;
use super::history::History;
use super::run::SearchError;
use super::trial::{Merit, Outcome, Proposal, Trial, TrialId};
use crate::controllers::standings_of;
use crate::streams::Streams;

/// What an evaluation needs; the history is that before the batch.
pub(super) struct Measure<'m> {
    pub(super) evaluator: &'m dyn Evaluator,
    pub(super) goals: &'m Goals,
    pub(super) history: &'m History,
    pub(super) streams: Streams,
    pub(super) seed: u64,
}

/// A trial on its way through the stages; no outcome while it is in the race.
struct Draft {
    trial: Trial,
    ended: bool,
    scratch: Scratch,
}

impl Measure<'_> {
    /// Runs the stages on a batch, whose first trial has that number: each stage on all that are
    /// left, in parallel, then its rung.
    pub(super) fn batch(
        &self,
        first: TrialId,
        proposals: Vec<Proposal>,
    ) -> Result<Vec<Trial>, SearchError> {
        let blank = |(id, Proposal { rollout, lineage })| Draft {
            trial: Trial {
                id,
                rollout,
                lineage,
                seed: self.seed,
                figures: Vec::with_capacity(self.goals.metrics().len()),
                stages: 0,
                outcome: Outcome::Complete,
            },
            ended: false,
            scratch: Scratch::default(),
        };
        let mut drafts: Vec<Draft> = (first.0..).map(TrialId).zip(proposals).map(blank).collect();
        let stages = self.evaluator.stages();
        for (index, stage) in stages.iter().enumerate() {
            let run = |draft: &mut Draft| {
                if draft.ended { Ok(()) } else { self.run(index, stage, draft) }
            };
            // A pool's overhead is more than a table's look-up.
            if drafts.len() == 1 {
                drafts.iter_mut().try_for_each(run)?;
            } else {
                drafts.par_iter_mut().try_for_each(run)?;
            }
            if let Some(rung) = &stage.rung {
                self.cut(rung, &mut drafts);
            }
        }
        let count = self.goals.metrics().len();
        let whole = |mut draft: Draft| {
            draft.trial.figures.resize(count, None);
            draft.trial
        };
        Ok(drafts.into_iter().map(whole).collect())
    }

    /// Runs a stage on a trial, and ends it where there is a reason.
    fn run(&self, index: usize, stage: &Stage, draft: &mut Draft) -> Result<(), SearchError> {
        let Draft { trial, ended, scratch } = draft;
        let kept = (trial.figures.as_slice(), scratch);
        let request = Request::new((trial.id, &trial.rollout), kept, self.streams);
        let values = match self.evaluator.run(index, request) {
            Ok(values) => values,
            Err(rejection) => {
                let reasons = rejection.reasons.into_iter().map(|reason| reason.message);
                trial.outcome = Outcome::Rejected(reasons.collect());
                *ended = true;
                return Ok(());
            }
        };
        let (given, expected) = (values.len(), stage.metrics.len());
        if given != expected {
            return Err(SearchError::Figures { stage: stage.name.clone(), given, expected });
        }
        trial.figures.extend(values);
        trial.stages += 1;
        let last = index + 1 == self.evaluator.stages().len();
        if self.goals.violation(&trial.figures) > 0.0 {
            (trial.outcome, *ended) = (Outcome::Infeasible, true);
        } else if !last {
            let known = (&trial.rollout, trial.figures.as_slice());
            let archive = self.history.archive();
            if archive.dominates(&self.goals.at_best(&trial.figures)) {
                (trial.outcome, *ended) = (Outcome::Dominated, true);
            } else if let Some(best) = self.evaluator.predicted_best(self.goals, known)
                && archive.dominates(&best)
            {
                (trial.outcome, *ended) = (Outcome::Predicted, true);
            }
        }
        Ok(())
    }

    /// Ends those in the race that are not among the better ones.
    fn cut(&self, rung: &Rung, drafts: &mut [Draft]) {
        let metrics = self.goals.metrics();
        let place = |name: &String| metrics.iter().position(|metric| metric.name == *name);
        let pairs: Vec<(usize, usize)> = rung
            .stands_for
            .iter()
            .filter_map(|(here, later)| Some((place(here)?, place(later)?)))
            .collect();
        let mut racing: Vec<&mut Draft> = drafts.iter_mut().filter(|draft| !draft.ended).collect();
        let merit = |draft: &&mut Draft| {
            let mut figures = draft.trial.figures.clone();
            figures.resize(metrics.len(), None);
            for &(here, later) in &pairs {
                figures[later] = figures[here];
            }
            let point = self.goals.point(&figures).unwrap_or_else(|| self.goals.at_best(&figures));
            Merit::Feasible(point)
        };
        let merits: Vec<Merit> = racing.iter().map(merit).collect();
        let standings = standings_of(&merits.iter().collect::<Vec<_>>());
        let mut order: Vec<usize> = (0..racing.len()).collect();
        // Of equals, the earlier trial goes on.
        order.sort_by(|&a, &b| standings[a].compare(&standings[b]).then(a.cmp(&b)));
        for &index in order.iter().skip(racing.len().div_ceil(rung.one_in.max(1))) {
            let draft = &mut racing[index];
            draft.trial.outcome = Outcome::Outclassed;
            draft.ended = true;
        }
    }
}
