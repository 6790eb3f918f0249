//! What every controller keeps, to be run on any implementation.

use std::time::Duration;

use super::Controller;
use crate::decisions::Decisions;
use crate::rollout::Rollout;
use crate::search::{
    Budget, CostClass, Direction, Evaluator, Goals, Metric, Objective, Request, Search, Stage,
    StopReason, Trial, metrics,
};
use crate::space::{Candidate, Reason, Rejection, Space};

/// A small space with an inactive branch and a requirement: 1,062 rollouts.
#[derive(Debug)]
pub struct Ground {
    decisions: Decisions,
    stages: Vec<Stage>,
}

impl Ground {
    /// The space, with an evaluator of two or three objectives in two stages, one constraint
    /// that some rollouts break, and some rollouts that are rejected.
    ///
    /// # Errors
    /// None that is known; the space is built like any other.
    pub fn new() -> Result<Self, crate::Problems> {
        let mut builder = Decisions::builder();
        builder.decision("deep", [0_i64, 1]);
        builder.decision("width", 1_i64..=6);
        builder.decision("kind", ["a", "b", "c"]);
        builder.decision_when("more", 1_i64..=5, "deep == 1");
        builder.decision("size", 1_i64..=10);
        builder.require("width + size > 2", "nothing is that small");
        let decisions = builder.build()?;
        let metric = |name, direction, cost| Metric::new(name, "", direction, cost);
        let cheap = vec![metric("cost", Direction::Minimise, CostClass::Simulation)];
        let dear = vec![
            metric("score", Direction::Maximise, CostClass::Inference).at_best(100.0),
            metric("risk", Direction::Minimise, CostClass::Inference).at_best(0.0),
        ];
        let stages = vec![Stage::new("cheap", cheap), Stage::new("dear", dear)];
        Ok(Self { decisions, stages })
    }

    /// Goals with that many objectives, 1 to 3, and the constraint `cost <= 60`.
    #[must_use]
    pub fn goals(&self, objectives: usize) -> Option<Goals> {
        let names = ["score", "cost", "risk"];
        let objectives: Vec<Objective> =
            names.iter().take(objectives).map(|name| Objective::new(name)).collect();
        Goals::new(&metrics(self), &objectives, &["cost <= 60".parse().ok()?]).ok()
    }
}

impl Space for Ground {
    fn name(&self) -> &str {
        "ground"
    }

    fn about(&self) -> &str {
        "The ground that controllers are tried on"
    }

    fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    fn decode(&self, _rollout: &Rollout) -> Result<Candidate, Rejection> {
        Err(Reason::new("it has no networks", "use it for tests of controllers alone").into())
    }
}

impl Evaluator for Ground {
    fn stages(&self) -> &[Stage] {
        &self.stages
    }

    fn run(&self, stage: usize, request: Request<'_>) -> Result<Vec<Option<f64>>, Rejection> {
        let choice = |index| request.rollout.choice(index).unwrap_or(0) as f64;
        let (deep, width, kind, more, size) =
            (choice(0), choice(1), choice(2), choice(3), choice(4));
        if stage == 0 {
            if kind == 2.0 && width == 0.0 {
                return Err(Reason::new("kind c needs width", "widen it").into());
            }
            return Ok(vec![Some((1.0 + width) * (1.0 + size) + 2.0 * deep * more)]);
        }
        let far = (width - 4.0).powi(2) + (size - 6.0).powi(2) / 4.0 + (kind - 1.0).abs();
        let score = 90.0 - far + deep * (1.0 + more - (more - 2.0).powi(2));
        let noise = request.stream().unit() * 0.1;
        Ok(vec![Some(score + noise), Some((size - width).abs() + deep)])
    }
}

/// Makes a new controller.
pub type Make<'m> = &'m (dyn Fn() -> Box<dyn Controller> + Sync);

fn search<'s>(ground: &'s Ground, make: Make<'_>, set: Setting) -> Result<Search<'s>, String> {
    let goals = ground.goals(set.objectives).ok_or("the goals do not bind")?;
    let budget = Budget::evaluations(set.budget);
    let search = Search::new(ground, goals, make(), budget);
    Ok(search.with_seed(set.seed).with_batch(set.batch))
}

#[derive(Clone, Copy)]
struct Setting {
    objectives: usize,
    budget: usize,
    batch: usize,
    seed: u64,
}

fn finish(mut search: Search<'_>, ground: &Ground) -> Result<(Vec<Trial>, StopReason), String> {
    let reason = search.run(ground, &|| Duration::ZERO).map_err(|error| error.to_string())?;
    Ok((search.history().trials().to_vec(), reason))
}

/// Runs the whole suite: proposals are allowed rollouts and new, the budget is kept, the same
/// seed gives the same trials with any number of threads and other seeds others, a search that is
/// written down and continued gives the trials of the uninterrupted one, and a space is exhausted
/// to the last rollout.
///
/// # Errors
/// In words, what was not kept.
pub fn check(make: Make<'_>) -> Result<(), String> {
    let ground = Ground::new().map_err(|problems| problems.to_string())?;
    for objectives in 1..=3 {
        for batch in [1, 7] {
            let set = Setting { objectives, budget: 90, batch, seed: 5 };
            let told = |what: String| {
                format!(
                    "{} with {objectives} objectives, batches of {batch}: {what}",
                    make().name()
                )
            };
            one_setting(&ground, make, set).map_err(told)?;
        }
    }
    exhaustion(&ground, make).map_err(|what| format!("{}: {what}", make().name()))
}

fn one_setting(ground: &Ground, make: Make<'_>, set: Setting) -> Result<(), String> {
    let run = |set| search(ground, make, set).and_then(|search| finish(search, ground));
    let (trials, reason) = run(set)?;
    if (trials.len(), reason) != (set.budget, StopReason::Evaluations) {
        return Err(format!("{} trials of {}, {reason}", trials.len(), set.budget));
    }
    bounds(ground, &trials)?;
    if run(set)?.0 != trials {
        return Err("the same seed gave other trials".to_owned());
    }
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| error.to_string())?;
        if pool.install(|| run(set))?.0 != trials {
            return Err(format!("{threads} threads gave other trials"));
        }
    }
    if run(Setting { seed: 6, ..set })?.0 == trials {
        return Err("another seed gave the same trials".to_owned());
    }
    for stop in [1, 4, 9, 12] {
        let mut first = search(ground, make, set)?;
        for _ in 0..stop {
            first.step(ground, Duration::ZERO).map_err(|error| error.to_string())?;
        }
        let text = serde_json::to_string(&(first.snapshot(), first.history().trials()));
        let text = text.map_err(|error| error.to_string())?;
        let (snapshot, before) = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let second = search(ground, make, set)?;
        let second = second.resume(snapshot, before).map_err(|error| error.to_string())?;
        if finish(second, ground)?.0 != trials {
            return Err(format!("continued after {stop} iterations, it gave other trials"));
        }
    }
    Ok(())
}

fn bounds(ground: &Ground, trials: &[Trial]) -> Result<(), String> {
    for (index, trial) in trials.iter().enumerate() {
        let decisions = ground.decisions();
        let genotype = trial.genotype(ground);
        let again = genotype.rollout(ground.name(), decisions);
        if again.as_ref() != Ok(&trial.rollout) {
            return Err(format!("trial {index} is not allowed: {again:?}"));
        }
        if trials[..index].iter().any(|before| before.rollout == trial.rollout) {
            return Err(format!("trial {index} was one before"));
        }
    }
    Ok(())
}

fn exhaustion(ground: &Ground, make: Make<'_>) -> Result<(), String> {
    let size = ground.decisions().size().map_err(|error| error.to_string())?;
    let set = Setting { objectives: 2, budget: usize::MAX, batch: 16, seed: 1 };
    let (trials, reason) = finish(search(ground, make, set)?, ground)?;
    bounds(ground, &trials)?;
    if reason != StopReason::Exhausted || size != trials.len().into() {
        return Err(format!("{} trials of {size} rollouts, {reason}", trials.len()));
    }
    Ok(())
}
