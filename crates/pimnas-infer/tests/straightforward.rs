//! Layers with weights against the equations computed one product at a time: every set of
//! instructions, one and two threads, exact and real-valued cells.
#![allow(clippy::unwrap_used, missing_docs)]

mod plain;

use pimnas_config::hardware::Subtraction;
use pimnas_infer::{
    AdcRange, CompiledNetwork, CrossbarHardware, Fusion, InferError, InferenceOptions,
    InferenceQuirk, InferenceQuirks, Kernels, Mode, Parameters, Tensor,
};
use pimnas_network::{Network, ShapedNetwork};
use proptest::prelude::*;

use plain::{Problem, problem};

/// The layer as the library compiles it.
fn compiled(
    problem: &Problem,
    mode: Mode,
    kernels: Kernels,
) -> Result<CompiledNetwork, InferError> {
    let network = problem.network();
    let shaped = ShapedNetwork::new(&network).unwrap();
    let mut quirks = InferenceQuirks::reference();
    if problem.hardware.subtraction == Subtraction::Digital {
        quirks = quirks.without(InferenceQuirk::AnalogueSubtraction);
    }
    let options =
        InferenceOptions { quirks, kernels, ..InferenceOptions::new(mode, problem.hardware) };
    CompiledNetwork::new(&shaped, &problem.parameters(), &options)
}

/// The same, where this processor has the instructions.
fn computed(problem: &Problem, mode: Mode, kernels: Kernels) -> Option<CompiledNetwork> {
    match compiled(problem, mode, kernels) {
        Err(InferError::NoInstructions { .. }) => None,
        other => Some(other.unwrap()),
    }
}

fn on_threads(threads: usize, network: &CompiledNetwork, input: &Tensor) -> Tensor {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| network.run(input)).unwrap()
}

const KERNELS: [Kernels; 3] = [Kernels::Portable, Kernels::Avx2, Kernels::Avx512];

proptest! {
    #[test]
    fn crossbars_give_the_values_of_the_equations(problem in problem()) {
        let input = problem.input_tensor();
        for range in [AdcRange::Scale, AdcRange::Fix] {
            let allowed = problem.on_crossbars(range);
            for kernels in KERNELS {
                let Some(network) = computed(&problem, Mode::Crossbar(range), kernels) else {
                    continue;
                };
                let one = on_threads(1, &network, &input);
                let two = on_threads(2, &network, &input);
                prop_assert_eq!(one.data(), two.data());
                for (place, (&found, allowed)) in one.data().iter().zip(&allowed).enumerate() {
                    prop_assert!(
                        allowed.contains(&found),
                        "{:?} {:?}: {} at {}, not {:?}", range, kernels, found, place, allowed
                    );
                }
            }
            for kernels in KERNELS {
                let Some(exact) = computed(&problem, Mode::Crossbar(range), kernels) else {
                    continue;
                };
                let real = exact
                    .with_conductances(|cells| {
                        Some(cells.digits.iter().map(|&digit| digit as f32).collect())
                    })
                    .unwrap();
                let real = on_threads(2, &real, &input);
                for (&found, allowed) in real.data().iter().zip(&allowed) {
                    prop_assert!(
                        allowed.contains(&found),
                        "real cells {:?} {:?}: {}", range, kernels, found
                    );
                }
            }
        }
    }

    #[test]
    fn more_bits_than_the_arithmetic_covers_are_rejected(
        problem in problem(),
        bits in 18_u32..=32,
        of_weights in any::<bool>(),
    ) {
        let problem = if of_weights {
            Problem { weight_bits: bits, ..problem }
        } else {
            Problem { input_bits: bits, ..problem }
        };
        for mode in [Mode::FixedPoint, Mode::Crossbar(AdcRange::Scale)] {
            let error = compiled(&problem, mode, Kernels::Fastest).unwrap_err();
            let expected = format!("of {bits} bits is outside 2 to 17");
            prop_assert!(error.to_string().contains(&expected), "{}", error);
        }
    }

    #[test]
    fn floats_and_fixed_point_follow_the_equations(problem in problem()) {
        let input = problem.input_tensor();
        for mode in [Mode::Float, Mode::FixedPoint] {
            let expected = problem.in_floats(mode);
            let network = computed(&problem, mode, Kernels::Fastest).unwrap();
            let found = on_threads(1, &network, &input);
            let two = on_threads(2, &network, &input);
            prop_assert_eq!(found.data(), two.data());
            for (found, [least, largest]) in found.data().iter().zip(&expected) {
                let inside = (least..=largest).contains(&found);
                prop_assert!(inside, "{:?}: {} not in {}..={}", mode, found, least, largest);
            }
        }
    }
}

#[test]
fn features_of_a_flattened_map_are_normalised_each_for_itself() {
    let text = r#"{"input_shape": [1, 2, 1, 2], "layers": [
        {"type": "relu"}, {"type": "view"}, {"type": "bn", "features": 4}]}"#;
    let network = Network::from_json(text).unwrap();
    let shaped = ShapedNetwork::new(&network).unwrap();
    let mut parameters = Parameters::new();
    for (name, values) in [
        ("2.weight", [1.0, 2.0, 3.0, 4.0]),
        ("2.bias", [0.0, 0.5, 0.0, -1.0]),
        ("2.running_mean", [0.0; 4]),
        ("2.running_var", [1.0 - 1e-5; 4]),
    ] {
        parameters.insert(name, Tensor::new([4], values.to_vec()).unwrap());
    }
    let hardware = CrossbarHardware {
        rows: 256,
        cell_bits: 1,
        dac_bits: 1,
        adc_bits: 8,
        subtraction: Subtraction::Digital,
    };
    for fusion in [Fusion::Fused, Fusion::Separate] {
        let options = InferenceOptions { fusion, ..InferenceOptions::new(Mode::Float, hardware) };
        let compiled = CompiledNetwork::new(&shaped, &parameters, &options).unwrap();
        let input = Tensor::new([1, 2, 1, 2], vec![1.0, 2.0, -3.0, 4.0]).unwrap();
        assert_eq!(compiled.run(&input).unwrap().data(), [1.0, 4.5, 0.0, 15.0], "{fusion:?}");
    }
}
