//! The cascade: what it simulates, caches and predicts, and tables of costs.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use pimnas_config::RawConfig;
use pimnas_cosearch::{
    Cascade, HardwareStage, HardwareTable, JointTable, Predictor, PredictorSettings, TableAccuracy,
};
use pimnas_search::benchmark::Known;
use pimnas_search::controllers::by_name;
use pimnas_search::search::{Budget, Evaluator, Goals, Objective, Outcome, Search, Trial, metrics};
use pimnas_search::table::Table;
use pimnas_search::{Space, WrittenSpace};
use pimnas_simulate::{Options, simulate};

const NETWORK: &str = r#"
space = 1
name = "tiny"
about = "Two layers"
[input]
channels = 1
height = 8
width = 8
[[decision]]
path = "width"
choices = [2, 4, 8, 16, 24, 32, 40, 48]
[[decision]]
path = "kernel"
choices = [1, 3, 5]
[[layer]]
op = "conv"
out = "width"
kernel = "kernel"
[[layer]]
op = "AdaptiveAvgPool2d"
height = 1
width = 1
[[layer]]
op = "flatten"
[[layer]]
op = "fc"
out = 10
"#;
const HARDWARE: &str = r#"
[[decision]]
path = "hardware.xbar"
choices = [64, 128, 256]
[[decision]]
path = "hardware.dac"
choices = [1, 2]
[hardware]
xbar_size = "hardware.xbar"
dac_choice = "hardware.dac"
adc_choice = 4
cell_bit = 1
"#;

fn space() -> WrittenSpace {
    WrittenSpace::from_toml(&format!("{NETWORK}{HARDWARE}")).unwrap()
}

fn accuracy(space: &WrittenSpace) -> TableAccuracy {
    let of = WrittenSpace::from_toml(NETWORK).unwrap();
    let mut text = "width,kernel,max accuracy\n".to_owned();
    for width in [2, 4, 8, 16, 24, 32, 40, 48] {
        for kernel in [1, 3, 5] {
            text += &format!("{width},{kernel},{}\n", 60 + width / 2 + kernel);
        }
    }
    let table = Table::from_csv(&text, &of).unwrap();
    TableAccuracy::new((table, &of), space, &["accuracy".to_owned()]).unwrap()
}

fn stage(space: &WrittenSpace) -> HardwareStage<'_> {
    HardwareStage::new(space, RawConfig::reference_default(), Options::default())
}

fn run(space: &WrittenSpace, evaluator: &dyn Evaluator, controller: &str) -> Vec<Trial> {
    let objectives = ["accuracy", "energy_mJ"].map(Objective::new);
    let goals = Goals::new(&metrics(evaluator), &objectives, &[]).unwrap();
    let controller = by_name(controller).unwrap();
    let mut search = Search::new(space, goals, controller, Budget::evaluations(140)).with_batch(10);
    search.run(evaluator, &|| Duration::ZERO).unwrap();
    search.history().trials().to_vec()
}

#[test]
fn costs_are_those_of_the_simulator_and_accuracies_those_of_the_table() {
    let space = space();
    let accuracy = accuracy(&space);
    let cascade = Cascade::new(stage(&space)).with_accuracy(&accuracy);
    let trials = run(&space, &cascade, "random");
    assert_eq!(trials.len(), 140);
    for trial in trials {
        let candidate = space.decode(&trial.rollout).unwrap();
        let hardware = candidate.hardware.apply(&RawConfig::reference_default()).unwrap().hardware;
        let report = simulate(&hardware, &candidate.network, &Options::default()).unwrap();
        let found = report.metrics();
        let known: Vec<f64> = trial.figures[..4].iter().map(|figure| figure.unwrap()).collect();
        assert_eq!(known, [found.latency_ms, found.energy_mj, found.area_mm2, found.power_w]);
        let (width, kernel) = (trial.rollout.choice(0).unwrap(), trial.rollout.choice(1).unwrap());
        let widths = [2, 4, 8, 16, 24, 32, 40, 48];
        let expected = 60 + widths[width] / 2 + [1, 3, 5][kernel];
        assert_eq!(trial.figures[9], Some(f64::from(expected)));
    }
}

#[test]
fn a_cache_changes_nothing_but_the_work() {
    let space = space();
    let accuracy = accuracy(&space);
    let plain = Cascade::new(stage(&space)).with_accuracy(&accuracy);
    let cached = Cascade::new(stage(&space)).with_accuracy(&accuracy).with_cache();
    let controller = "regularised-evolution-repeats";
    assert_eq!(run(&space, &plain, controller), run(&space, &cached, controller));
    let counts = cached.cache();
    // 280 answers of at most 144 rollouts.
    assert!(counts.hits > 0 && counts.hits + counts.misses == 280, "{counts:?}");
    assert_eq!(plain.cache().hits, 0);
}

#[test]
fn a_predictor_ends_trials_and_keeps_the_front_nearly() {
    let space = space();
    let accuracy = accuracy(&space);
    let settings = PredictorSettings { start: 20, ..PredictorSettings::default() };
    let predictor = Predictor::new(settings, space.decisions(), 0);
    let cascade = Cascade::new(stage(&space)).with_accuracy(&accuracy).with_predictor(predictor);
    let trials = run(&space, &cascade, "random");
    let ended = trials.iter().filter(|trial| trial.outcome == Outcome::Predicted).count();
    assert!(ended > 20, "{ended}");
    assert!(trials[..20].iter().all(|trial| trial.outcome != Outcome::Predicted));
    // Accuracies are known here, so what was ended can be judged: hardly any was on the front.
    let plain = run(&space, &Cascade::new(stage(&space)).with_accuracy(&accuracy), "random");
    let point = |trial: &Trial| (-trial.figures[9].unwrap(), trial.figures[1].unwrap());
    let all: Vec<(f64, f64)> = plain.iter().map(point).collect();
    let wrong = trials.iter().zip(&all).filter(|(trial, one)| {
        let better = |other: &&(f64, f64)| other.0 <= one.0 && other.1 <= one.1 && other != one;
        trial.outcome == Outcome::Predicted && !all.iter().any(|other| better(&other))
    });
    let wrong = wrong.count();
    assert!(wrong <= ended / 10, "{wrong} of {ended}");
}

#[test]
fn a_table_of_costs_is_written_read_and_the_same_as_the_simulator() {
    let space = space();
    let base = (RawConfig::reference_default(), Options::default());
    let table = HardwareTable::compute(&space, base, &|_| {}).unwrap();
    assert_eq!((table.len(), table.possible()), (144, 144));
    let stage = stage(&space);
    for rollout in table.rollouts() {
        let figures = stage.figures(&stage.decode(&rollout).unwrap()).unwrap();
        let row: Vec<Option<f64>> =
            table.row(&rollout).unwrap().iter().copied().map(Some).collect();
        assert_eq!(row, figures[..4]);
    }
    let bytes = table.to_bytes();
    let read = |bytes: &[u8]| HardwareTable::from_bytes(bytes, space.name(), space.decisions());
    assert_eq!(read(&bytes).as_ref(), Ok(&table));
    assert!(read(&bytes[..bytes.len() - 8]).is_err());
    assert!(read(b"something else").is_err());
    let other = WrittenSpace::from_toml(NETWORK).unwrap();
    assert!(HardwareTable::from_bytes(&bytes, other.name(), other.decisions()).is_err());
    let joint = JointTable::new(table, accuracy(&space));
    let mut rows = 0;
    joint.each(&mut |figures| {
        assert!(figures.len() == 5 && figures.iter().all(Option::is_some));
        rows += 1;
    });
    assert_eq!(rows, 144);
    let trials = run(&space, &joint, "nsga2");
    assert!(trials.iter().all(|trial| trial.outcome == Outcome::Complete));
}
