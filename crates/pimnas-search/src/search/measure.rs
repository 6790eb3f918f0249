//! From a proposal to a trial, stage by stage.

use super::evaluator::{Evaluator, Request};
use super::goals::Goals;
use super::history::History;
use super::run::SearchError;
use super::trial::{Outcome, Proposal, Trial, TrialId};
use crate::streams::Streams;

/// What an evaluation needs; the history is that before the batch.
pub(super) struct Measure<'m> {
    pub(super) evaluator: &'m dyn Evaluator,
    pub(super) goals: &'m Goals,
    pub(super) history: &'m History,
    pub(super) streams: Streams,
    pub(super) seed: u64,
}

impl Measure<'_> {
    /// Runs the stages on a proposal until one of them stops it.
    pub(super) fn run(
        &self,
        id: TrialId,
        Proposal { rollout, lineage }: Proposal,
    ) -> Result<Trial, SearchError> {
        let mut figures: Vec<Option<f64>> = Vec::with_capacity(self.goals.metrics().len());
        let mut outcome = Outcome::Complete;
        let stages = self.evaluator.stages();
        let mut ran = 0;
        for (index, stage) in stages.iter().enumerate() {
            let request = Request::new((id, &rollout), &figures, self.streams);
            let values = match self.evaluator.run(index, request) {
                Ok(values) => values,
                Err(rejection) => {
                    let reasons = rejection.reasons.into_iter().map(|reason| reason.message);
                    outcome = Outcome::Rejected(reasons.collect());
                    break;
                }
            };
            let (given, expected) = (values.len(), stage.metrics.len());
            if given != expected {
                return Err(SearchError::Figures { stage: stage.name.clone(), given, expected });
            }
            figures.extend(values);
            ran += 1;
            if self.goals.violation(&figures) > 0.0 {
                outcome = Outcome::Infeasible;
                break;
            }
            let last = index + 1 == stages.len();
            if !last && self.history.archive().dominates(&self.goals.at_best(&figures)) {
                outcome = Outcome::Dominated;
                break;
            }
        }
        figures.resize(self.goals.metrics().len(), None);
        Ok(Trial { id, rollout, lineage, seed: self.seed, figures, stages: ran, outcome })
    }
}
