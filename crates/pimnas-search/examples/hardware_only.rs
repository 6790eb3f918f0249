//! Searches hardware costs alone, with the simulator as the evaluator, and says how long it took:
//! `cargo run --release -p pimnas-search --example hardware_only -- [SPACE] [CANDIDATES] [CONTROLLER]`.

use std::time::Instant;

use pimnas_config::RawConfig;
use pimnas_search::search::{
    Budget, CostClass, Direction, Evaluator, Goals, Metric, Objective, Request, Search, Stage,
    metrics,
};
use pimnas_search::space::{Reason, Rejection};
use pimnas_search::{Space, WrittenSpace, controllers, spaces};
use pimnas_simulate::{Options, simulate};

struct Simulated {
    space: WrittenSpace,
    base: RawConfig,
    stages: [Stage; 1],
}

impl Evaluator for Simulated {
    fn stages(&self) -> &[Stage] {
        &self.stages
    }

    fn run(&self, _stage: usize, request: Request<'_>) -> Result<Vec<Option<f64>>, Rejection> {
        let candidate = self.space.decode(request.rollout)?;
        let hardware = candidate.hardware.apply(&self.base)?.hardware;
        let refused = |error: &dyn std::fmt::Display| Rejection {
            reasons: vec![Reason { message: error.to_string(), hint: None }],
        };
        let report = simulate(&hardware, &candidate.network, &Options::default())
            .map_err(|error| refused(&error))?;
        let found = report.metrics();
        Ok(vec![Some(found.latency_ms), Some(found.energy_mj), Some(found.area_mm2)])
    }
}

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let name = given.first().map_or("grey28", String::as_str);
    let count: usize = given.get(1).map_or(Ok(100_000), |text| text.parse())?;
    let controller = given.get(2).map_or("random", String::as_str);
    let names = [("latency_ms", "ms"), ("energy_mJ", "mJ"), ("area_mm2", "mm²")];
    let metric = |(name, unit)| Metric::new(name, unit, Direction::Minimise, CostClass::Simulation);
    let stage = Stage::new("hardware", names.map(metric).to_vec());
    let space = spaces::build(name)?;
    let evaluator =
        Simulated { space: space.clone(), base: RawConfig::reference_default(), stages: [stage] };
    let objectives = names.map(|(name, _)| Objective::new(name));
    let goals = Goals::new(&metrics(&evaluator), &objectives, &[]).map_err(|e| e[0].clone())?;
    let controller = controllers::by_name(controller).ok_or("there is no such controller")?;
    let start = Instant::now();
    let mut search =
        Search::new(&space, goals, controller, Budget::evaluations(count)).with_batch(256);
    let reason = search.run(&evaluator, &|| start.elapsed())?;
    let history = search.history();
    println!(
        "{} candidates in {:.2?}: {reason}; front of {}",
        history.trials().len(),
        start.elapsed(),
        history.archive().members().len()
    );
    Ok(())
}
