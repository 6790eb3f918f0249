//! Searches that are asked and told, in a store.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use pimnas_search::search::{
    AskTell, Budget, CostClass, Direction, Goals, Metric, Objective, Search, StopReason, Told,
};
use pimnas_search::{controllers, spaces};
use pimnas_store::{
    DecisionInfo, Place, RunInfo, RunStore, RunSummary, SpaceInfo, StageInfo, Stored,
};

const BATCH: usize = 4;

fn search() -> Search<'static> {
    let metric = Metric::new("area_mm2", "mm²", Direction::Minimise, CostClass::Simulation);
    let goals = Goals::new(&[metric], &[Objective::new("area_mm2")], &[]).unwrap();
    let space = Arc::new(spaces::build("grey28").unwrap());
    let controller = controllers::by_name("nsga2").unwrap();
    Search::shared(space, goals, controller, Budget::evaluations(100)).with_batch(BATCH)
}

fn info(search: &Search<'_>) -> RunInfo {
    RunInfo {
        space: SpaceInfo::new(search.space(), None),
        decisions: DecisionInfo::all(search.space().decisions()),
        stages: vec![StageInfo {
            name: "one".to_owned(),
            metrics: search.goals().metrics().to_vec(),
        }],
        controller: "nsga2".to_owned(),
        seed: 0,
        batch: BATCH,
        budget: Budget::evaluations(100),
        objectives: vec![Objective::new("area_mm2")],
        constraints: Vec::new(),
        hardware: String::new(),
        config: serde_json::Value::Null,
    }
}

#[test]
fn what_is_told_of_a_running_batch_is_read_and_moves_to_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(&folder.path().join("run"));
    let mut asked = AskTell::new(search());
    let mut store = RunStore::create(&place, info(asked.search()), &Default::default()).unwrap();
    assert_eq!(Stored::read(&place).unwrap().running, []);
    // Six trials in order and one early.
    let mut told = Vec::new();
    for number in [0, 1, 2, 3, 4, 5, 7] {
        if asked.is_between_batches() {
            told = asked.ask(BATCH).unwrap();
        }
        let (id, proposal) = told.iter().find(|(id, _)| id.0 == number).unwrap();
        let figure = proposal.rollout.active().count() as f64;
        asked.tell(*id, Told::Figures(vec![Some(figure)])).unwrap();
        let trial = asked.told(*id).unwrap();
        store.tell(asked.search(), &trial, Some(Duration::from_millis(number))).unwrap();
        if asked.is_between_batches() {
            store.append(asked.search(), &[], Duration::from_secs(number)).unwrap();
        }
    }
    let stored = Stored::read(&place).unwrap();
    let ids: Vec<u64> = stored.running.iter().map(|one| one.trial.id.0).collect();
    assert_eq!((stored.trials.len(), ids), (BATCH, vec![4, 5, 7]));
    assert_eq!(stored.running[1].spent, [Some(Duration::from_millis(5))]);
    assert_eq!(stored.running[2].trial, asked.told(stored.running[2].trial.id).unwrap());
    // Summaries have what is told up to the first that is not.
    let summary = RunSummary::read(&place).unwrap();
    assert_eq!(summary.trials.len(), 6);
    assert_eq!(summary.trials[5].trial, asked.search().history().trials()[5]);

    store.finish_at((&asked.snapshot(), StopReason::Interrupted), Duration::from_secs(9)).unwrap();
    drop(store);
    let (_, stored) = RunStore::open(&place).unwrap();
    assert_eq!(stored.stopped, Some(StopReason::Interrupted));
    assert_eq!((stored.trials.len(), stored.running.len()), (BATCH, 3));
    assert_eq!(stored.snapshot.unwrap().trials(), BATCH);
}
