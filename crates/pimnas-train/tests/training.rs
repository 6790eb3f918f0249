//! Small trainings.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use pimnas_data::{Dataset, ImageShape, Normalisation, Pixels};
use pimnas_infer::{CompiledNetwork, CrossbarHardware, InferenceOptions, Mode, Parameters, Tensor};
use pimnas_network::{Network, ShapedNetwork};
use pimnas_train::{Changes, Flip, Model, Optimiser, Precision, Trainer, TrainingOptions, images};

/// A network with every kind of layer: even kernels, groups, a residual sum, expand, downsample.
fn network() -> Network {
    use pimnas_network::*;
    let conv = |i, o, k, groups| {
        let (in_channels, out_channels, kernel_size, padding) = (i, o, k, k / 2);
        Operation::Convolution(Convolution {
            in_channels,
            out_channels,
            kernel_size,
            stride: 1,
            padding,
            groups,
        })
    };
    let pool = Pooling { mode: PoolingMode::Max, kernel_size: 2, stride: 2, padding: 0 };
    let chain = [
        conv(1, 8, 3, 1),
        Operation::BatchNorm { features: 8 },
        Operation::Relu,
        conv(8, 8, 2, 1),
        Operation::BatchNorm { features: 8 },
        Operation::ElementSum,
        Operation::HardTanh,
        Operation::Pooling(pool),
        conv(8, 12, 3, 2),
        Operation::BatchNorm { features: 12 },
        Operation::Relu,
        Operation::Downsample,
        Operation::Expand { max_channels: 16 },
        Operation::AdaptiveAveragePooling { output_size: (1, 1) },
        Operation::Flatten { start_dim: 1, end_dim: 3 },
        Operation::FullyConnected { in_features: 16, out_features: 4 },
    ];
    let layer = |(index, operation): (usize, &Operation)| {
        let before = index.checked_sub(1).map_or(Source::Input, Source::Layer);
        let inputs = match operation {
            Operation::ElementSum => vec![before, Source::Layer(2)],
            _ => vec![before],
        };
        Layer::new(*operation, inputs)
    };
    Network {
        name: "every".to_owned(),
        input: NetworkInput {
            shape: Shape::Map { channels: 1, height: 12, width: 12 },
            bits: 9,
            step: DEFAULT_INPUT_STEP,
        },
        layers: chain.iter().enumerate().map(layer).collect(),
    }
}

/// Bright squares in one of four corners, and noise.
fn dataset(images: usize) -> Dataset {
    let shape = ImageShape { channels: 1, height: 12, width: 12 };
    let mut pixels = Vec::new();
    let mut labels = Vec::new();
    for image in 0..images {
        let label = image % 4;
        for place in 0..144 {
            let (row, column) = (place / 12, place % 12);
            let inside = (row / 6, column / 6) == (label / 2, label % 2);
            let noise = (image * 7919 + place * 104_729) % 97;
            pixels.push((noise + if inside { 120 } else { 0 }) as u8);
        }
        labels.push(label as u32);
    }
    Dataset::new(shape, Pixels::U8(pixels), labels, 4).unwrap()
}

fn options() -> TrainingOptions {
    TrainingOptions {
        epochs: 6,
        batch: 16,
        rate: 0.05,
        changes: Changes { flip: Flip::Never, pad_crop: 1, cutout: 2 },
        ..TrainingOptions::default()
    }
}

fn trainer(options: TrainingOptions) -> Trainer {
    Trainer::new(Model::new(&network(), 5).unwrap(), options).unwrap()
}

fn run(trainer: &mut Trainer, data: &Dataset, steps: usize) {
    let normalisation = Normalisation::unit();
    let loader = trainer.loader(data, &normalisation);
    for _ in 0..steps {
        if !trainer.is_done() {
            trainer.next(&loader).unwrap();
        }
    }
}

#[test]
fn a_quantised_network_learns_and_infers_the_same_from_its_file() {
    let data = dataset(320);
    for precision in [Precision::Quantised, Precision::Float] {
        let mut trainer = trainer(TrainingOptions { precision, ..options() });
        run(&mut trainer, &data, 1000);
        let normalisation = Normalisation::unit();
        let loader = trainer.loader(&data, &normalisation);
        let found = trainer.evaluate(&loader).unwrap();
        assert!(found.accuracy() > 0.95, "{precision:?}: {}", found.accuracy());

        let batch = loader.plain(0..32);
        let input = images(batch.images.clone(), batch.dims, &burn_tensor::Device::flex());
        let own = pimnas_train::ops::values(trainer.model.evaluate(input, precision).unwrap());
        let (network, tensors) = match precision {
            Precision::Float => {
                (trainer.model.network.clone(), trainer.model.layer_list_tensors().unwrap())
            }
            Precision::Quantised => trainer.model.candidate().unwrap(),
        };
        let parameters = Parameters::from_tensors(tensors.iter().map(|(name, tensor)| {
            let named = rename(name);
            (named, Tensor::new(tensor.dims(), tensor.to_f32()).unwrap())
        }));
        let mode = match precision {
            Precision::Float => Mode::Float,
            Precision::Quantised => Mode::FixedPoint,
        };
        let hardware = CrossbarHardware {
            rows: 256,
            cell_bits: 1,
            dac_bits: 1,
            adc_bits: 10,
            subtraction: pimnas_config::hardware::Subtraction::Analog,
        };
        let shaped = ShapedNetwork::new(&network).unwrap();
        let options = InferenceOptions::new(mode, hardware);
        let compiled = CompiledNetwork::new(&shaped, &parameters, &options).unwrap();
        // One channel: both orders of dimensions are the same.
        let input = Tensor::new([32, 1, 12, 12], batch.images).unwrap();
        let other = compiled.run(&input).unwrap();
        let range = own.iter().fold(0_f32, |most, value| most.max(value.abs()));
        let worst = own.iter().zip(other.data()).map(|(a, b)| (a - b).abs()).fold(0_f32, f32::max);
        println!("{precision:?}: largest difference {worst:e} of a range of {range}");
        let close = own.iter().zip(other.data()).filter(|(a, b)| (*a - *b).abs() < 1e-5 * range);
        assert!(close.count() * 1000 >= own.len() * 999, "{precision:?}");
    }
}

/// Joined weights as one part.
fn rename(name: &str) -> String {
    let is_norm = name.contains(".layer.") || !name.starts_with("layer_list.");
    match name.rsplit_once('.') {
        Some((place, kind @ ("weight" | "padding_flag"))) if !is_norm => {
            format!("{place}.layer_list.0.{kind}")
        }
        _ => name.to_owned(),
    }
}

fn bits(trainer: &Trainer) -> Vec<u8> {
    trainer.checkpoint().unwrap()
}

#[test]
fn a_resumed_training_ends_with_the_same_bits() {
    let data = dataset(100);
    for optimiser in [Optimiser::sgd(), Optimiser::adam()] {
        let options = TrainingOptions { optimiser, rate: 0.01, variation: 0.02, ..options() };
        let mut whole = trainer(options.clone());
        run(&mut whole, &data, 17);
        let mut part = trainer(options);
        run(&mut part, &data, 9);
        let mut resumed = Trainer::from_checkpoint(&bits(&part)).unwrap();
        run(&mut resumed, &data, 8);
        assert_eq!(whole.position, resumed.position);
        assert!(bits(&whole) == bits(&resumed));
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let data = dataset(100);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut trainer = trainer(options());
            run(&mut trainer, &data, 7);
            bits(&trainer)
        })
    };
    let one = with(1);
    assert!(one == with(2) && one == with(3));
}

#[test]
fn broken_checkpoints_are_errors() {
    let data = dataset(40);
    let mut trainer = trainer(options());
    run(&mut trainer, &data, 2);
    let file = bits(&trainer);
    for length in [0, 7, 100, file.len() / 2, file.len() - 1] {
        assert!(Trainer::from_checkpoint(&file[..length]).is_err());
    }
}

#[test]
fn noise_in_the_loop_still_learns() {
    let data = dataset(320);
    let adc = Some(pimnas_train::AdcNoise { bits: 6, rows: 32 });
    let mut trainer = trainer(TrainingOptions { variation: 0.05, adc, ..options() });
    run(&mut trainer, &data, 1000);
    let normalisation = Normalisation::unit();
    let found = trainer.evaluate(&trainer.loader(&data, &normalisation)).unwrap();
    assert!(found.accuracy() > 0.9, "{}", found.accuracy());
}
