//! Runs as journals of Optuna, line by line.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use pimnas_search::Rollout;
use pimnas_search::search::{
    Budget, CostClass, Direction, Lineage, Metric, Objective, Outcome, StopReason, Trial, TrialId,
};
use pimnas_store::{
    DecisionInfo, RunInfo, RunSummary, Session, SpaceInfo, StageInfo, Stored, StoredTrial,
    optuna_journal,
};
use serde_json::{Value, json};

fn info(objectives: &[&str]) -> RunInfo {
    let decision = |path: &str, choices: &[&str], ordered| DecisionInfo {
        path: path.to_owned(),
        choices: choices.iter().map(|&choice| choice.to_owned()).collect(),
        ordered,
    };
    let metric = |name, direction| Metric::new(name, "", direction, CostClass::Simulation);
    let stage = |name: &str, metrics| StageInfo { name: name.to_owned(), metrics };
    RunInfo {
        space: SpaceInfo { name: "tiny".to_owned(), ..SpaceInfo::default() },
        decisions: vec![
            decision("width", &["2", "4"], true),
            decision("op", &["1", "skip"], false),
        ],
        stages: vec![
            stage("hardware", vec![metric("area_mm2", Direction::Minimise)]),
            stage("crossbars", vec![metric("accuracy", Direction::Maximise)]),
        ],
        controller: "random".to_owned(),
        seed: 7,
        batch: 2,
        budget: Budget::evaluations(6),
        objectives: objectives.iter().map(|&name| Objective::new(name)).collect(),
        constraints: vec!["area_mm2 <= 50".parse().unwrap()],
        hardware: String::new(),
        config: Value::Null,
    }
}

fn trial(id: u64, figures: [Option<f64>; 2], outcome: Outcome) -> StoredTrial {
    let reason = match &outcome {
        Outcome::Complete => None,
        other => Some(format!("{other:?}")),
    };
    StoredTrial {
        trial: Trial {
            id: TrialId(id),
            rollout: Rollout::from_choices(vec![Some(1), (id == 0).then_some(0)]),
            lineage: if id == 1 { Lineage::Mutated(TrialId(0)) } else { Lineage::Drawn },
            seed: 7,
            figures: figures.to_vec(),
            stages: figures.iter().flatten().count(),
            outcome,
        },
        hash: format!("hash{id}"),
        reason,
        spent: vec![None, None],
    }
}

/// The lines of a run with a trial of each kind.
fn lines(objectives: &[&str]) -> Vec<Value> {
    let (area, broken) = (Some(40.0), Some(60.0));
    let trials = vec![
        trial(0, [area, Some(90.0)], Outcome::Complete),
        trial(1, [broken, Some(91.0)], Outcome::Infeasible),
        trial(2, [broken, None], Outcome::Infeasible),
        trial(3, [area, None], Outcome::Dominated),
        trial(4, [None, None], Outcome::Rejected(vec!["too large".to_owned()])),
        trial(5, [area, Some(f64::NAN)], Outcome::Complete),
    ];
    let session = |started_unix_s, trials_before| Session {
        started_unix_s,
        trials_before,
        ..Session::default()
    };
    let seconds = Duration::from_millis;
    let stored = Stored {
        info: info(objectives),
        // The second begins a day later.
        sessions: vec![session(951_782_400, 0), session(951_868_800, 4)],
        trials,
        running: Vec::new(),
        batches: vec![(2, seconds(1_500)), (4, seconds(2_000)), (6, seconds(4_250))],
        snapshot: None,
        elapsed: seconds(4_250),
        stopped: Some(StopReason::Evaluations),
    };
    let summary = RunSummary::new(stored).unwrap();
    optuna_journal(&summary, "my run").map(|line| serde_json::from_str(&line).unwrap()).collect()
}

#[test]
fn the_study_comes_first_with_directions_and_attributes() {
    let lines = lines(&["accuracy", "area_mm2"]);
    let created =
        json!({"op_code": 0, "worker_id": "pimnas", "study_name": "my run", "directions": [2, 1]});
    assert_eq!(lines[0], created);
    assert_eq!(lines[1]["system_attr"], json!({"study:metric_names": ["accuracy", "area_mm2"]}));
    let attributes: Vec<&Value> = lines[2..6].iter().map(|line| &line["user_attr"]).collect();
    let expected = [
        json!({"pimnas.space": "tiny"}),
        json!({"pimnas.controller": "random"}),
        json!({"pimnas.seed": 7}),
        json!({"pimnas.constraints": ["area_mm2 <= 50"]}),
    ];
    assert_eq!(attributes, expected.iter().collect::<Vec<_>>());
    assert!(lines[2..6].iter().all(|line| line["op_code"] == 2 && line["study_id"] == 0));
    assert!(lines[6..].iter().all(|line| line["op_code"] == 4 && line["study_id"] == 0));
    assert_eq!(lines.len(), 12);
}

#[test]
fn a_trial_has_its_choices_values_and_constraints() {
    let lines = lines(&["accuracy", "area_mm2"]);
    let (first, second) = (&lines[6], &lines[7]);
    assert_eq!(first["params"], json!({"width": 1, "op": 0}));
    let distribution = |name: &str| -> Value {
        serde_json::from_str(first["distributions"][name].as_str().unwrap()).unwrap()
    };
    let expected = |choices: Value| json!({"name": "CategoricalDistribution", "attributes": {"choices": choices}});
    assert_eq!(distribution("width"), expected(json!([2, 4])));
    // A decision between words has words, whatever they look like.
    assert_eq!(distribution("op"), expected(json!(["1", "skip"])));
    assert_eq!((&first["values"], &first["value"]), (&json!([90.0, 40.0]), &Value::Null));
    assert_eq!(first["system_attrs"], json!({"constraints": [-10.0]}));
    let attributes = json!({"number": 0, "hash": "hash0", "origin": "drawn", "parents": [],
        "area_mm2": 40.0, "accuracy": 90.0});
    assert_eq!(first["user_attrs"], attributes);
    // An inactive decision is no parameter.
    assert_eq!(second["params"], json!({"width": 1}));
    assert_eq!(second["user_attrs"]["parents"], json!([0]));
    assert_eq!(second["system_attrs"], json!({"constraints": [10.0]}));
}

#[test]
fn states_say_what_is_known_and_reasons_why_not_more() {
    let lines = lines(&["accuracy", "area_mm2"]);
    let states: Vec<u64> = lines[6..].iter().map(|line| line["state"].as_u64().unwrap()).collect();
    assert_eq!(states, [1, 1, 2, 2, 3, 3]);
    for line in &lines[8..] {
        assert_eq!((&line["values"], &line["value"]), (&Value::Null, &Value::Null));
    }
    let reasons: Vec<bool> =
        lines[6..].iter().map(|line| line["user_attrs"].get("rejected").is_some()).collect();
    assert_eq!(reasons, [false, true, true, true, true, true]);
    assert_eq!(lines[8]["system_attrs"], json!({"constraints": [10.0]}));
    assert_eq!(lines[10]["system_attrs"], json!({}));
}

#[test]
fn one_objective_has_one_value() {
    let first = &lines(&["accuracy"])[6];
    assert_eq!((&first["value"], &first["values"]), (&json!(90.0), &Value::Null));
}

#[test]
fn times_are_those_of_the_batch_in_its_session() {
    let lines = lines(&["accuracy"]);
    let times = |line: &Value| {
        let text = |key: &str| line[key].as_str().unwrap().to_owned();
        (text("datetime_start"), text("datetime_complete"))
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(times(&lines[6]), pair("2000-02-29T00:00:00.000000", "2000-02-29T00:00:01.500000"));
    assert_eq!(times(&lines[9]), pair("2000-02-29T00:00:01.500000", "2000-02-29T00:00:02.000000"));
    assert_eq!(times(&lines[11]), pair("2000-03-01T00:00:00.000000", "2000-03-01T00:00:02.250000"));
}
