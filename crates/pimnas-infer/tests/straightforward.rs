//! Layers with weights against the equations computed one product at a time: every set of
//! instructions, one and two threads, exact and real-valued cells.
#![allow(clippy::unwrap_used, missing_docs)]

mod plain;

use pimnas_config::hardware::Subtraction;
use pimnas_infer::{
    AdcRange, CompiledNetwork, InferError, InferenceOptions, InferenceQuirk, InferenceQuirks,
    Kernels, Mode, Tensor,
};
use pimnas_network::ShapedNetwork;
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
