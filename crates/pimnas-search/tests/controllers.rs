//! Every controller keeps what all of them keep.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use pimnas_search::Space;
use pimnas_search::controllers::conformance::{Ground, check};
use pimnas_search::controllers::{self, Controller};
use pimnas_search::search::{Budget, Lineage, Search, Trial};
use rstest::rstest;

#[rstest]
#[case("random")]
#[case("regularised-evolution")]
#[case("nsga2")]
#[case("nsga3")]
#[case("local-search")]
#[case("simulated-annealing")]
#[case("esapp")]
#[case("predictor-forest")]
#[case("predictor-ranking")]
#[case("reinforce")]
#[case("differentiable")]
fn it_conforms(#[case] name: &str) {
    let make = || -> Box<dyn Controller> { controllers::by_name(name).unwrap() };
    check(&make).unwrap();
}

#[rstest]
#[case("random")]
#[case("regularised-evolution")]
#[case("nsga2")]
#[case("nsga3")]
#[case("local-search")]
#[case("simulated-annealing")]
#[case("esapp")]
#[case("predictor-forest")]
#[case("predictor-ranking")]
fn rollouts_to_begin_with_are_the_first_trials(#[case] name: &str) {
    let ground = Ground::new().unwrap();
    let decisions = ground.decisions();
    let edge = |choice: usize| decisions.assign(|_| choice).rollout;
    let start = vec![edge(usize::MAX), edge(0)];
    let controller = controllers::by_name(name).unwrap();
    let goals = ground.goals(2).unwrap();
    let search = Search::new(&ground, goals, controller, Budget::evaluations(6));
    let mut search = search.with_batch(3).with_start(start.clone());
    search.run(&ground, &|| Duration::ZERO).unwrap();
    let trials = search.history().trials();
    let begun: Vec<_> = trials.iter().take(2).map(|trial| trial.rollout.clone()).collect();
    assert_eq!(begun, start);
    let given = |trial: &&Trial| trial.lineage == Lineage::Given;
    assert_eq!(trials.iter().filter(given).count(), 2);
}

/// Hypervolume of three runs together, and what the last one's models say of held-out trials.
fn volume(name: &str) -> (f64, Option<Vec<f64>>) {
    let ground = Ground::new().unwrap();
    let mut agreement = None;
    let run = |seed| {
        let goals = ground.goals(2).unwrap();
        let controller = controllers::by_name(name).unwrap();
        let search = Search::new(&ground, goals, controller, Budget::evaluations(60));
        let mut search = search.with_seed(seed).with_batch(5);
        search.run(&ground, &|| Duration::ZERO).unwrap();
        agreement = search.agreement();
        // A score of 60 and the largest cost that is allowed.
        search.history().archive().hypervolume(&[-60.0, 60.0])
    };
    let whole = (1..=3).map(run).sum();
    (whole, agreement)
}

#[test]
fn with_two_objectives_models_find_more_than_chance_and_know_how_well_they_predict() {
    let (chance, nothing) = volume("random");
    assert_eq!(nothing, None);
    for name in ["predictor-forest", "predictor-ranking"] {
        let (found, agreement) = volume(name);
        assert!(found > chance, "{name}: {found}, {chance}");
        let agreement = agreement.unwrap();
        assert!(agreement.len() == 2 && agreement.iter().all(|tau| *tau > 0.3), "{agreement:?}");
    }
}
