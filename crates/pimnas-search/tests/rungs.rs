//! Successive halving, predictions and what a trial keeps from stage to stage.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use pimnas_search::controllers::{Random, conformance::Ground};
use pimnas_search::search::{
    Budget, CostClass, Direction, Evaluator, Goals, History, Metric, Objective, Outcome, Request,
    Rung, Search, Stage, Trial, metrics,
};
use pimnas_search::{Rejection, Rollout};

/// A few draws, then more of them: the score with noise that the second stage averages out.
struct Draws {
    stages: [Stage; 2],
    predicts: bool,
}

impl Draws {
    fn new(predicts: bool) -> Self {
        let score =
            |name| Metric::new(name, "", Direction::Maximise, CostClass::Draws).at_best(1000.0);
        let rung = Rung {
            one_in: 2,
            stands_for: vec![("score_of_2_draws".to_owned(), "score".to_owned())],
        };
        let first = Stage::new("2 draws", vec![score("score_of_2_draws")]).with_rung(rung);
        Self { stages: [first, Stage::new("8 draws", vec![score("score")])], predicts }
    }
}

fn ideal(rollout: &Rollout) -> f64 {
    rollout.choices().iter().flatten().map(|&choice| f64::from(choice)).sum()
}

impl Evaluator for Draws {
    fn stages(&self) -> &[Stage] {
        &self.stages
    }

    fn run(&self, stage: usize, request: Request<'_>) -> Result<Vec<Option<f64>>, Rejection> {
        let noise = request.stream().unit() / 8.0;
        let found = ideal(request.rollout) + if stage == 0 { noise } else { 0.0 };
        // What the first stage keeps is there in the second, and its own trial's.
        let kept: Option<Box<Rollout>> = request.scratch.take();
        assert_eq!(kept.as_deref(), (stage == 1).then_some(request.rollout));
        request.scratch.put(Box::new(request.rollout.clone()));
        Ok(vec![Some(found)])
    }

    fn predicted_best(
        &self,
        goals: &Goals,
        (rollout, _): (&Rollout, &[Option<f64>]),
    ) -> Option<Vec<f64>> {
        let figures = [Some(0.0), Some(ideal(rollout))];
        self.predicts.then(|| goals.at_best(&figures))
    }

    fn learn(&self, _goals: &Goals, history: &History) {
        assert!(history.trials().len().is_multiple_of(11), "{}", history.trials().len());
    }
}

fn found(evaluator: &Draws, threads: usize) -> Vec<Trial> {
    let ground = Ground::new().unwrap();
    let goals = Goals::new(&metrics(evaluator), &[Objective::new("score")], &[]).unwrap();
    let mut search = Search::new(&ground, goals, Box::new(Random), Budget::evaluations(33))
        .with_seed(4)
        .with_batch(11);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| search.run(evaluator, &|| Duration::ZERO)).unwrap();
    search.history().trials().to_vec()
}

#[test]
fn the_better_half_of_each_batch_goes_on() {
    let trials = found(&Draws::new(false), 1);
    assert_eq!(trials, found(&Draws::new(false), 3));
    for batch in trials.chunks(11) {
        let (on, out): (Vec<&Trial>, Vec<&Trial>) =
            batch.iter().partition(|trial| trial.outcome == Outcome::Complete);
        assert_eq!((on.len(), out.len()), (6, 5));
        let worst = on.iter().map(|trial| trial.figures[0].unwrap()).fold(f64::MAX, f64::min);
        for trial in out {
            assert_eq!((trial.outcome.clone(), trial.stages), (Outcome::Outclassed, 1));
            assert!(trial.figures[0].unwrap() <= worst && trial.figures[1].is_none());
        }
    }
}

#[test]
fn what_is_predicted_to_be_dominated_ends_and_says_so() {
    let trials = found(&Draws::new(true), 2);
    assert!(trials[..11].iter().all(|trial| trial.outcome != Outcome::Predicted));
    let mut best = f64::MIN;
    let mut predicted = 0;
    for batch in trials.chunks(11) {
        for trial in batch {
            let dominated = ideal(&trial.rollout) < best;
            assert_eq!(trial.outcome == Outcome::Predicted, dominated, "{trial:?}");
            predicted += usize::from(dominated);
        }
        let complete = batch.iter().filter_map(|trial| trial.figures[1]);
        best = complete.fold(best, f64::max);
    }
    assert!(predicted > 5, "{predicted}");
}
