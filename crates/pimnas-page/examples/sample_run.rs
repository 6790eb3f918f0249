//! The page of a made run: random candidates of a space, really simulated, with accuracies that
//! are made up (and said to be) because no network is trained here.
//! `cargo run --release -p pimnas-page --example sample_run -- PAGE.html [SPACE] [CANDIDATES]`;
//! a second file `PAGE.json` beside it holds the value that the page was made from.

use std::time::Instant;

use pimnas_config::RawConfig;
use pimnas_page::{
    AccuracyStage, Decision, Direction, Hypervolume, HypervolumePoint, Member, MemberDetail,
    Metric, Outcome, RunHead, RunReport, SpaceHead, Trial, figures, funnel_of, render,
};
use pimnas_search::pareto::Archive;
use pimnas_search::search::TrialId;
use pimnas_search::{Candidate, Purpose, Rollout, Space, Streams, WrittenSpace, spaces};
use pimnas_simulate::{Options, simulate};

const SEED: u64 = 1;
const MAX_AREA_MM2: f64 = 60.0;
/// Members of the front with a section.
const SECTIONS: usize = 12;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let file = given.first().ok_or("give the file to write the page to")?;
    let space = spaces::build(given.get(1).map_or("grey28", String::as_str))?;
    let count: u64 = given.get(2).map_or(Ok(300), |text| text.parse())?;
    let run = made_run(&space, count)?;
    std::fs::write(file, render(&run))?;
    let json = std::path::Path::new(file).with_extension("json");
    std::fs::write(json, serde_json::to_string(&run)?)?;
    Ok(())
}

/// A run with everything that a page can show.
fn made_run(space: &WrittenSpace, count: u64) -> Result<RunReport, Box<dyn std::error::Error>> {
    let start = Instant::now();
    let base = RawConfig::reference_default();
    let mut trials = Vec::new();
    let mut rollouts = Vec::new();
    let mut archive = Archive::default();
    let mut curve = Vec::new();
    let mut reference: Option<Vec<f64>> = None;
    for id in 0..count {
        let mut stream = Streams::new(SEED).stream(id, Purpose::Sample);
        let rollout = space.decisions().sample(&mut stream)?;
        let trial = evaluated(space, &base, (id, &rollout));
        if let (Outcome::Complete, Some(point)) = (trial.outcome, point(&trial)) {
            archive.insert(TrialId(id), &point);
            let reference =
                reference.get_or_insert_with(|| point.iter().map(|v| worse(*v)).collect());
            curve.push(HypervolumePoint {
                evaluations: id + 1,
                seconds: Some(start.elapsed().as_secs_f64()),
                volume: archive.hypervolume(reference),
            });
        }
        trials.push(trial);
        rollouts.push(rollout);
    }
    let front: Vec<u64> = archive.members().iter().map(|member| member.id.0).collect();
    let seconds = start.elapsed().as_secs_f64();
    let stages = [("hardware", seconds * 0.4), ("accuracy (made up)", seconds * 0.6)];
    let stages = stages.map(|(name, seconds)| (name.to_owned(), Some(seconds)));
    let reference = reference.unwrap_or_default();
    let mut run = RunReport {
        head: head(space, (count, seconds)),
        metrics: vec![
            Metric::new("accuracy_percent", "%", Direction::Maximise),
            Metric::new("latency_ms", "ms", Direction::Minimise),
            Metric::new("energy_mJ", "mJ", Direction::Minimise),
            Metric::new("area_mm2", "mm²", Direction::Minimise),
            Metric::new("power_W", "W", Direction::Minimise),
        ],
        objectives: vec![0, 1, 2, 3],
        decisions: decisions(space),
        funnel: funnel_of(&trials, &stages),
        trials,
        front,
        hypervolume: Some(Hypervolume {
            reference: reference
                .iter()
                .enumerate()
                .map(|(i, v)| if i == 0 { -v } else { *v })
                .collect(),
            curve,
        }),
        members: Vec::new(),
    };
    let shown = figures::spread(&run, SECTIONS).into_iter();
    let members = shown.map(|id| member(space, &base, (&run.trials, &rollouts), id));
    run.members = members.collect::<Result<Vec<_>, _>>()?;
    Ok(run)
}

fn worse(value: f64) -> f64 {
    value + 0.5 * value.abs()
}

fn head(space: &WrittenSpace, (count, seconds): (u64, f64)) -> RunHead {
    RunHead {
        title: format!("Random candidates of {}", space.name()),
        space: SpaceHead {
            name: space.name().to_owned(),
            about: space.about().to_owned(),
            size: space.decisions().size().map_or(String::new(), |size| size.to_string()),
        },
        constraints: vec![format!("area_mm2 <= {MAX_AREA_MM2}")],
        controller: "random".to_owned(),
        seed: SEED,
        budget: format!("{count} evaluations"),
        stopped: "the evaluations are used up".to_owned(),
        seconds: Some(seconds),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: format!(
            "pimnas search --space {} --controller random --budget {count} --seed {SEED}",
            space.name()
        ),
        notes: vec![
            "This is a sample of the page. Latency, energy, area and power are simulated; every \
             accuracy and its interval is made up, no network was trained."
                .to_owned(),
        ],
        ..RunHead::default()
    }
}

fn decisions(space: &WrittenSpace) -> Vec<Decision> {
    let decision = |decision: &pimnas_search::Decision| Decision {
        path: decision.path.clone(),
        choices: decision.choices.iter().map(ToString::to_string).collect(),
    };
    space.decisions().list().iter().map(decision).collect()
}

fn evaluated(space: &WrittenSpace, base: &RawConfig, (id, rollout): (u64, &Rollout)) -> Trial {
    let mut trial = Trial {
        id,
        choices: rollout.choices().to_vec(),
        metrics: vec![None; 5],
        outcome: Outcome::Rejected,
        reason: String::new(),
        stages: 0,
    };
    let measured = simulated(space, base, rollout);
    let (candidate, report) = match measured {
        Ok(measured) => measured,
        Err(reason) => {
            trial.reason = reason;
            return trial;
        }
    };
    let found = report.metrics();
    let hardware = [found.latency_ms, found.energy_mj, found.area_mm2, found.power_w];
    trial.metrics[1..].copy_from_slice(&hardware.map(Some));
    trial.stages = 1;
    if found.area_mm2 > MAX_AREA_MM2 {
        trial.outcome = Outcome::Infeasible;
        trial.reason = format!("area_mm2 is {:.1}, not at most {MAX_AREA_MM2}", found.area_mm2);
        return trial;
    }
    trial.metrics[0] = Some(made_accuracy(&candidate, (id, report.macs())));
    trial.stages = 2;
    trial.outcome = Outcome::Complete;
    trial
}

fn simulated(
    space: &WrittenSpace,
    base: &RawConfig,
    rollout: &Rollout,
) -> Result<(Candidate, pimnas_simulate::SimReport), String> {
    let candidate = space.decode(rollout).map_err(|rejection| rejection.to_string())?;
    let applied = candidate.hardware.apply(base).map_err(|rejection| rejection.to_string())?;
    let report = simulate(&applied.hardware, &candidate.network, &Options::default())
        .map_err(|error| error.to_string())?;
    Ok((candidate, report))
}

/// Not measured: grows with work and with bits, with a bit of noise by the trial.
fn made_accuracy(candidate: &Candidate, (id, macs): (u64, f64)) -> f64 {
    let bits: Vec<f64> = candidate
        .network
        .layers
        .iter()
        .filter_map(|layer| layer.weight_bits.map(f64::from))
        .collect();
    let bits = bits.iter().sum::<f64>() / bits.len().max(1) as f64;
    let noise = ((id.wrapping_mul(2_654_435_761) % 1000) as f64 / 1000.0 - 0.5) * 1.6;
    let adc = candidate.hardware.point.map_or(0.0, |[_, _, adc, _]| adc as f64);
    93.0 - 60.0 / (1.0 + macs / 1e5).ln().max(1.0) + 1.5 * (bits - 7.0) - 0.6 * adc + noise
}

/// Objectives, less is better.
fn point(trial: &Trial) -> Option<Vec<f64>> {
    let value = |index: usize| trial.metrics.get(index).copied().flatten();
    Some(vec![-value(0)?, value(1)?, value(2)?, value(3)?])
}

fn member(
    space: &WrittenSpace,
    base: &RawConfig,
    (trials, rollouts): (&[Trial], &[Rollout]),
    id: u64,
) -> Result<Member, Box<dyn std::error::Error>> {
    let index = usize::try_from(id)?;
    let candidate = space.decode(&rollouts[index])?;
    let hardware = candidate.hardware.apply(base)?.hardware;
    let accuracy = trials[index].metrics[0].unwrap_or(0.0);
    let stage = |(name, lost, half): (&str, f64, Option<f64>)| AccuracyStage {
        name: name.to_owned(),
        percent: accuracy - lost,
        interval: half.map(|half| (accuracy - lost - half, accuracy - lost + half)),
        note: "made up".to_owned(),
    };
    let stages = [
        ("one-shot", -1.4, Some(1.9)),
        ("fixed point", -0.7, Some(1.9)),
        ("on crossbars", 0.0, Some(2.0)),
        ("8 noise draws, mean", 1.1, Some(0.6)),
        ("8 noise draws, worst", 2.3, None),
    ];
    Ok(Member {
        trial: id,
        detail: Some(MemberDetail::new(&candidate.network, &hardware, &Options::default())?),
        accuracy: stages.map(stage).to_vec(),
        command: format!("pimnas show RUN --trial {id} --simulate"),
    })
}
