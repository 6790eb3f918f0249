//! Trainings of super nets, and which rollouts they draw.

use std::sync::Arc;

use crate::common::{self, supernet};
use pimnas_data::{Dataset, Normalisation, fashion_mnist};
use pimnas_search::{Rollout, Space, spaces};
use pimnas_supernet::{
    Calibration, LossTable, Sampler, SamplerKind, Selection, SupernetTrainer, edges,
};
use pimnas_train::{Changes, Flip, Loader, Optimiser, TrainingOptions};

fn dataset(images: usize) -> Dataset {
    fashion_mnist::embedded().unwrap().0.first(images)
}

fn trainer(kind: SamplerKind, options: TrainingOptions) -> SupernetTrainer {
    SupernetTrainer::new(supernet("grey28", Selection::Ordinal), (options, kind)).unwrap()
}

fn options() -> TrainingOptions {
    let changes = Changes { flip: Flip::Half, pad_crop: 1, cutout: 0 };
    TrainingOptions { epochs: 2, batch: 8, rate: 0.02, changes, ..TrainingOptions::default() }
}

fn run(trainer: &mut SupernetTrainer, data: &Dataset, steps: usize) {
    let normalisation = Normalisation::unit();
    let loader = trainer.loader(data, &normalisation);
    for _ in 0..steps {
        trainer.next(&loader).unwrap();
    }
}

#[test]
fn a_resumed_training_ends_with_the_same_bits() {
    let data = dataset(40);
    let pareto = SamplerKind::Pareto { rollouts: 1, pool: 4, explore: 0.3 };
    let sandwich = SamplerKind::Sandwich { random: 1 };
    for (kind, optimiser) in [(pareto, Optimiser::adam()), (sandwich, Optimiser::sgd())] {
        let options = TrainingOptions { optimiser, rate: 0.005, ..options() };
        let mut whole = trainer(kind, options.clone());
        run(&mut whole, &data, 8);
        let mut part = trainer(kind, options);
        run(&mut part, &data, 3);
        let space = Arc::new(spaces::build("grey28").unwrap());
        let file = part.checkpoint().unwrap();
        let mut resumed = SupernetTrainer::from_checkpoint(space.clone(), &file).unwrap();
        run(&mut resumed, &data, 5);
        assert!(whole.checkpoint().unwrap() == resumed.checkpoint().unwrap());

        for length in [0, 7, 100, file.len() / 2, file.len() - 1] {
            let broken = SupernetTrainer::from_checkpoint(space.clone(), &file[..length]);
            assert!(broken.is_err());
        }
        let other = Arc::new(spaces::build("nas4rram").unwrap());
        let error = SupernetTrainer::from_checkpoint(other, &file).err().unwrap().to_string();
        assert!(error.contains("grey28"), "{error}");
    }
}

/// Passes of a step, and trainings of one process, share the pool and Burn's table of graphs.
#[test]
fn trainings_beside_each_other_end_with_the_bits_of_one_thread() {
    let data = dataset(40);
    let kind = SamplerKind::Sandwich { random: 2 };
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let train = || {
        let mut trainer = trainer(kind, options());
        run(&mut trainer, &data, 6);
        trainer.checkpoint().unwrap()
    };
    let alone = pool(1).install(train);
    for threads in [2, 5] {
        let pool = pool(threads);
        let beside: Vec<_> = std::thread::scope(|scope| {
            let trainings: Vec<_> = (0..3).map(|_| scope.spawn(|| pool.install(train))).collect();
            trainings.into_iter().map(|training| training.join().unwrap()).collect()
        });
        assert!(beside.iter().all(|checkpoint| *checkpoint == alone), "{threads} threads");
    }
}

#[test]
fn a_super_net_learns() {
    let data = dataset(400);
    let options = TrainingOptions { epochs: 14, batch: 20, rate: 0.05, ..options() };
    let mut trainer = trainer(SamplerKind::Sandwich { random: 1 }, options);
    let normalisation = Normalisation::unit();
    let loader = trainer.loader(&data, &normalisation);
    while !trainer.is_done() {
        trainer.next(&loader).unwrap();
    }
    let calibration = Calibration::new(&Loader { batch: 100, ..loader.clone() }, 2);
    for rollout in [&trainer.net.edges().largest, &trainer.net.edges().smallest] {
        let found = trainer.evaluate(rollout, (&loader, &calibration)).unwrap();
        println!("{:.3}", found.accuracy());
        assert!(found.accuracy() > 0.5, "{}", found.accuracy());
    }
}

fn draw(kind: SamplerKind, space: &dyn Space, (seed, step): (u64, u64)) -> Vec<Rollout> {
    let edges = edges(space).unwrap();
    let sampler = Sampler { kind, seed, space, edges: &edges, losses: &LossTable::default() };
    sampler.draw(step).unwrap()
}

#[test]
fn samplers_depend_on_seed_and_step_alone() {
    let space = spaces::build("nasbench201").unwrap();
    for kind in [
        SamplerKind::Uniform { rollouts: 2 },
        SamplerKind::Sandwich { random: 2 },
        SamplerKind::Fair { rollouts: 0 },
        SamplerKind::Pareto { rollouts: 2, pool: 4, explore: 0.5 },
    ] {
        let drawn = draw(kind, &space, (1, 5));
        assert_eq!(drawn, draw(kind, &space, (1, 5)));
        assert_ne!(drawn, draw(kind, &space, (2, 5)));
        assert_ne!(drawn, draw(kind, &space, (1, 6)));
        assert!(drawn.iter().all(|rollout| space.decode(rollout).is_ok()));
    }
}

#[test]
fn fair_draws_take_every_choice_as_often() {
    // nas4rram has no conditions: each choice of 5 depths and 13 widths, in 65 rollouts.
    let space = spaces::build("nas4rram").unwrap();
    let drawn = draw(SamplerKind::Fair { rollouts: 65 }, &space, (3, 2));
    for (decision, described) in space.decisions().list().iter().enumerate() {
        let mut counts = vec![0; described.choices.len()];
        for rollout in &drawn {
            counts[rollout.choice(decision).unwrap()] += 1;
        }
        assert!(counts.iter().all(|&count| count == 65 / counts.len()), "{counts:?}");
    }
}

#[test]
fn pareto_draws_prefer_choices_with_small_losses() {
    let space = spaces::build("nas4rram").unwrap();
    let edges = edges(&space).unwrap();
    let mut losses = LossTable::default();
    let decisions = space.decisions();
    // The deeper, the worse.
    for choice in 0..5 {
        let rollout = decisions.assign(|_| choice).rollout;
        losses.record(decisions, &rollout, choice as f64);
    }
    let kind = SamplerKind::Pareto { rollouts: 40, pool: 12, explore: 0.0 };
    let mean = |losses: &LossTable, kind| {
        let sampler = Sampler { kind, seed: 1, space: &space, edges: &edges, losses };
        let drawn = sampler.draw(0).unwrap();
        drawn.iter().map(|rollout| losses.expected(rollout)).sum::<f64>() / drawn.len() as f64
    };
    let uniform = mean(&losses, SamplerKind::Uniform { rollouts: 40 });
    assert!(mean(&losses, kind) < uniform - 0.2);
}

#[test]
fn edges_are_the_largest_and_smallest_of_what_is_drawn() {
    for name in spaces::NAMES {
        let net = supernet(name, Selection::Ordinal);
        let of = |rollout: &Rollout| {
            pimnas_supernet::Extent::of(&net.space().decode(rollout).unwrap().network)
        };
        let (most, least) = (of(&net.edges().largest), of(&net.edges().smallest));
        for rollout in common::rollouts(net.space(), 200, 12) {
            assert!(least <= of(&rollout) && of(&rollout) <= most, "{name}");
        }
    }
}

/// Figures of docs/SUPERNET.md; with PIMNAS_STUDY a number of rollouts, with PIMNAS_EPOCHS epochs.
#[test]
#[ignore = "minutes: run it alone, with --nocapture"]
fn the_default_super_net() {
    use std::time::Instant;
    let number = |name: &str, other: u32| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(other)
    };
    let settings = pimnas_supernet::SupernetSettings::from_toml("").unwrap();
    let (training, test) = fashion_mnist::embedded().unwrap();
    let epochs = number("PIMNAS_EPOCHS", settings.training.epochs);
    let options = TrainingOptions { epochs, ..settings.training.clone() };
    let mut trainer = trainer(settings.sampler, options);
    let net = &trainer.net;
    let begun = Instant::now();
    for _ in 0..200 {
        net.assemble_candidate(&net.edges().largest).unwrap();
    }
    println!("assembly of the largest: {:.0} µs", begun.elapsed().as_secs_f64() * 1e6 / 200.0);
    let normalisation = Normalisation::unit();
    let loader = trainer.loader(&training, &normalisation);
    let begun = Instant::now();
    let mut images = 0;
    while !trainer.is_done() {
        let (step, finished) = trainer.next(&loader).unwrap();
        images += step.report.images;
        if let Some(sums) = finished {
            println!(
                "loss {:.4}, {:.0} s",
                sums.loss / sums.images as f64,
                begun.elapsed().as_secs_f64()
            );
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{images} images in {seconds:.0} s, {:.0} images/s", images as f64 / seconds);
    let calibrated = Loader { batch: settings.calibration.images, ..loader.clone() };
    let calibration = Calibration::new(&calibrated, settings.calibration.batches);
    let test = Loader { dataset: &test, ..loader.clone() };
    let accuracy =
        |rollout: &Rollout| trainer.evaluate(rollout, (&test, &calibration)).unwrap().accuracy();
    println!("largest {:.4}", accuracy(&trainer.net.edges().largest));
    println!("smallest {:.4}", accuracy(&trainer.net.edges().smallest));
    let mut pairs = Vec::new();
    for rollout in common::rollouts(trainer.net.space(), number("PIMNAS_STUDY", 20) as usize, 0) {
        let model = trainer.net.finalise(&rollout).unwrap();
        let mut fresh = pimnas_train::Model::new(&model.network, 1).unwrap();
        for (own, known) in fresh.states.iter_mut().zip(&model.states) {
            own.drops_first = known.drops_first;
        }
        let mut alone = pimnas_train::Trainer::new(fresh, trainer.options.clone()).unwrap();
        while !alone.is_done() {
            alone.next(&loader).unwrap();
        }
        let pair = (accuracy(&rollout), alone.evaluate(&test).unwrap().accuracy());
        println!("one-shot {:.4} alone {:.4}", pair.0, pair.1);
        pairs.push(pair);
        println!("{} rollouts, tau {:?}", pairs.len(), pimnas_supernet::kendall_tau(&pairs));
    }
}
