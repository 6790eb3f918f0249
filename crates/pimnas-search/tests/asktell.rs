//! Asking and telling gives what the loop gives, in whatever order.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use pimnas_search::controllers;
use pimnas_search::search::{
    AskTell, Budget, CostClass, Direction, Evaluator, Goals, Metric, Objective, Request, Search,
    Stage, TellError, Told, Trial, TrialId,
};
use pimnas_search::{Rejection, Rollout, Space, spaces};

const BATCH: usize = 7;
const COUNT: usize = 42;

struct Sums(Vec<Stage>);

fn figures(rollout: &Rollout) -> Vec<Option<f64>> {
    let active = || rollout.active().map(|index| (index, rollout.choice(index).unwrap() as f64));
    let one: f64 = active().map(|(_, choice)| choice).sum();
    let other: f64 = active().map(|(index, choice)| (3.0 - choice) * (index % 5) as f64).sum();
    vec![Some(one), Some(other)]
}

impl Evaluator for Sums {
    fn stages(&self) -> &[Stage] {
        &self.0
    }

    fn run(&self, _: usize, request: Request<'_>) -> Result<Vec<Option<f64>>, Rejection> {
        Ok(figures(request.rollout))
    }
}

fn metrics() -> Vec<Metric> {
    let metric = |name| Metric::new(name, "", Direction::Minimise, CostClass::Lookup);
    vec![metric("one"), metric("other")]
}

fn search(space: &Arc<dyn Space>, controller: &str) -> Search<'static> {
    let goals = Goals::new(
        &metrics(),
        &[Objective::new("one"), Objective::new("other")],
        &["other <= 90".parse().unwrap()],
    );
    let controller = controllers::by_name(controller).unwrap();
    let budget = Budget::evaluations(COUNT);
    Search::shared(space.clone(), goals.unwrap(), controller, budget).with_seed(5).with_batch(BATCH)
}

fn space() -> Arc<dyn Space> {
    Arc::new(spaces::build("nasbench201").unwrap())
}

/// Asks for `count` at a time and tells the whole lot backwards or forwards.
fn turn(asked: &mut AskTell<'_>, count: usize, backwards: bool) {
    let mut trials = asked.ask(count).unwrap();
    if backwards {
        trials.reverse();
    }
    for (id, proposal) in trials {
        asked.tell(id, Told::Figures(figures(&proposal.rollout))).unwrap();
    }
}

fn until(asked: &mut AskTell<'_>, count: usize, step: usize, backwards: bool) -> Vec<Trial> {
    while asked.search().history().trials().len() < count {
        turn(asked, step, backwards);
    }
    asked.search().history().trials().to_vec()
}

#[test]
fn it_gives_what_the_loop_gives_whatever_the_order() {
    for controller in controllers::NAMES {
        let space = space();
        let mut looped = search(&space, controller);
        let stage = Stage::new("sums", metrics());
        looped.run(&Sums(vec![stage]), &|| Duration::ZERO).unwrap();
        for (step, backwards) in [(1, false), (3, true), (BATCH, true), (100, false)] {
            let mut asked = AskTell::new(search(&space, controller));
            let trials = until(&mut asked, COUNT, step, backwards);
            assert_eq!(trials, looped.history().trials(), "{controller}, {step}");
            let (one, other) = (asked.search().progress(Duration::ZERO), Duration::ZERO);
            assert_eq!(one.hypervolume(), looped.progress(other).hypervolume());
        }
    }
}

#[test]
fn it_continues_from_the_middle_of_a_batch() {
    for controller in controllers::NAMES {
        let space = space();
        let expected = until(&mut AskTell::new(search(&space, controller)), COUNT, 1, false);
        let mut broken = AskTell::new(search(&space, controller));
        until(&mut broken, 17, 1, false);
        assert_eq!(broken.search().history().trials().len(), 17);
        let snapshot = broken.snapshot();
        assert_eq!(snapshot.trials(), 14);
        let told = broken.search().history().trials().to_vec();
        let resumed = search(&space, controller).resume(snapshot, told[..14].to_vec()).unwrap();
        let mut resumed = AskTell::new(resumed);
        for (trial, (id, proposal)) in told[14..].iter().zip(resumed.ask(3).unwrap()) {
            assert_eq!((trial.id, &trial.rollout), (id, &proposal.rollout), "{controller}");
            resumed.tell(id, Told::Figures(trial.figures.clone())).unwrap();
        }
        assert_eq!(until(&mut resumed, COUNT, 2, true), expected, "{controller}");
    }
}

#[test]
fn what_is_out_is_known_and_can_be_handed_back() {
    let mut asked = AskTell::new(search(&space(), "random"));
    let all = asked.ask(usize::MAX).unwrap();
    assert_eq!(all.len(), BATCH);
    assert!(asked.ask(1).unwrap().is_empty());
    assert_eq!(asked.out().count(), BATCH);
    asked.release(TrialId(2)).unwrap();
    assert_eq!(asked.release(TrialId(2)), Err(TellError::NotAsked(2)));
    assert_eq!(asked.tell(TrialId(2), Told::Rejected(Vec::new())), Err(TellError::NotAsked(2)));
    let again = asked.ask(5).unwrap();
    assert_eq!(again, all[2..3]);

    asked.tell(TrialId(1), Told::Rejected(vec!["no".to_owned()])).unwrap();
    assert_eq!(asked.early().count(), 1);
    assert!(asked.search().history().trials().is_empty());
    asked.tell(TrialId(0), Told::Figures(vec![Some(1.0), None])).unwrap();
    assert_eq!(asked.search().history().trials().len(), 2);
    assert_eq!(asked.early().count(), 0);
    let twice = Told::Figures(vec![Some(1.0), None]);
    assert_eq!(asked.tell(TrialId(0), twice.clone()), Err(TellError::Twice(0)));
    assert_eq!(asked.tell(TrialId(99), twice), Err(TellError::NotAsked(99)));
    let short = asked.tell(TrialId(3), Told::Figures(vec![None]));
    assert_eq!(short, Err(TellError::Figures { id: 3, given: 1, expected: 2 }));
}
