//! Stages of accuracy for a search.

use crate::common::{rollouts, supernet};
use pimnas_config::RawConfig;
use pimnas_data::{Dataset, Normalisation, fashion_mnist};
use pimnas_device::{NonIdealities, Seed, Variation, VariationLaw};
use pimnas_infer::AdcRange;
use pimnas_infer::accuracy::Score;
use pimnas_interface::InterfaceOptions;
use pimnas_search::Rollout;
use pimnas_supernet::{
    Calibration, CalibrationSettings, EvaluatorImages, SamplerKind, Selection, SupernetEvaluator,
    SupernetTrainer,
};
use pimnas_train::{Loader, TrainingOptions};

const CALIBRATION: CalibrationSettings = CalibrationSettings { batches: 2, images: 50 };

/// A super net that has seen a few batches.
fn trained(data: &Dataset, normalisation: &Normalisation) -> SupernetTrainer {
    let options =
        TrainingOptions { epochs: 8, batch: 20, rate: 0.05, ..TrainingOptions::default() };
    let kind = SamplerKind::Sandwich { random: 1 };
    let net = supernet("grey28", Selection::Ordinal);
    let mut trainer = SupernetTrainer::new(net, (options, kind)).unwrap();
    let loader = trainer.loader(data, normalisation);
    while !trainer.is_done() {
        trainer.next(&loader).unwrap();
    }
    trainer
}

/// One-shot, fixed point, crossbars, two draws.
fn stages(evaluator: &SupernetEvaluator, rollout: &Rollout) -> Vec<Score> {
    let candidate = evaluator.candidate(rollout).unwrap();
    let hardware = candidate.hardware().apply(&RawConfig::reference_default()).unwrap().hardware;
    let on = candidate.on(&hardware, InterfaceOptions::default());
    let effects = NonIdealities {
        variation: Some(Variation::percent(VariationLaw::GaussianResistance, 5.0)),
        ..NonIdealities::default()
    };
    let mut scores = vec![candidate.one_shot().unwrap(), on.fixed_point().unwrap()];
    scores.push(on.on_crossbars(AdcRange::Scale).unwrap());
    scores.extend(on.drawn(AdcRange::Scale, (&effects, Seed(3)), 0..2).unwrap());
    scores
}

#[test]
fn stages_follow_from_the_rollout_alone() {
    let (data, test) = fashion_mnist::embedded().unwrap();
    let (data, test) = (data.first(400), test.first(150));
    let normalisation = Normalisation::unit();
    let trainer = trained(&data, &normalisation);
    let images =
        EvaluatorImages { training: &data, held_out: &test, normalisation: &normalisation };
    let evaluator = SupernetEvaluator::new(&trainer, images, CALIBRATION).unwrap();
    assert_eq!(evaluator.images(), 150);
    let drawn = rollouts(trainer.net.space(), 3, 5);
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let alone: Vec<Vec<Score>> =
        pool(1).install(|| drawn.iter().map(|rollout| stages(&evaluator, rollout)).collect());
    // Each from a thread of its own, at the same time, in pools of other sizes.
    let together: Vec<Vec<Score>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (2..)
            .zip(&drawn)
            .map(|(count, rollout)| {
                let evaluator = evaluator.clone();
                scope.spawn(move || pool(count).install(|| stages(&evaluator, rollout)))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(alone, together);

    let loader = trainer.loader(&data, &normalisation);
    let calibration = Calibration::new(&Loader { batch: CALIBRATION.images, ..loader.clone() }, 2);
    let held_out = Loader { dataset: &test, ..loader };
    for (rollout, scores) in drawn.iter().zip(&alone) {
        println!("{scores:?}");
        let found = trainer.evaluate(rollout, (&held_out, &calibration)).unwrap();
        assert_eq!((scores[0].right, scores[0].images), (found.correct, found.images));
        assert!(scores[0].accuracy() > 0.2, "it has learned something");
        // Values at borders of codes may fall to either side.
        assert!(scores[0].right.abs_diff(scores[1].right) <= 1);
        assert_eq!(scores.len(), 5);
    }
}
