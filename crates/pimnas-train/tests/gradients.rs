//! Gradients of every layer.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use burn_tensor::{Device, Tensor};
use pimnas_train::gradcheck::{Checked, convolutions, others};
use pimnas_train::{Activation, Quantiser, ops};

fn print(checked: &[Checked]) {
    for Checked { name, finite, composed } in checked {
        println!("{name:56} finite differences {finite:8.1e}, composed {composed:8.1e}");
    }
}

#[test]
fn convolutions_of_every_kernel_have_their_gradients() {
    let checked = convolutions();
    print(&checked);
    for Checked { name, finite, composed } in checked {
        assert!(finite < 2e-5, "{name}: {finite} from finite differences");
        assert!(composed < 2e-6, "{name}: {composed} from composed");
    }
}

#[test]
fn other_layers_have_their_gradients() {
    let checked = others();
    print(&checked);
    for Checked { name, finite, composed } in checked {
        assert!(finite < 2e-3, "{name}: {finite} from finite differences");
        assert!(composed < 5e-6, "{name}: {composed} from composed");
    }
}

#[test]
fn the_gradient_of_a_quantiser_passes_unchanged_everywhere() {
    let device = Device::flex().autodiff();
    // The last value is cut off.
    let input = Tensor::<1>::from_floats([0.3, -0.26, 0.0, 2.0], &device).require_grad();
    let quantiser = Quantiser::new(3, 1.5);
    for output in
        [ops::quantise(input.clone(), quantiser), ops::composed::quantise(input.clone(), quantiser)]
    {
        assert_eq!(ops::values(output.clone().detach()), [0.5, -0.5, 0.0, 1.5]);
        let weights = Tensor::<1>::from_floats([1.0, 2.0, -3.0, 4.0], &device);
        let gradients = (output * weights).sum().backward();
        assert_eq!(ops::values(input.grad(&gradients).unwrap()), [1.0, 2.0, -3.0, 4.0]);
    }
}

#[test]
fn a_value_that_is_still_needed_is_not_changed_in_place() {
    let input = Tensor::<1>::from_floats([0.3, -0.26], &Device::flex());
    let output = ops::activation(input.clone(), Activation::Relu);
    assert_eq!(ops::values(input), [0.3, -0.26]);
    assert_eq!(ops::values(output), [0.3, 0.0]);
}

/// The gradients of all uses meet in the value, by whatever they are weighed.
#[test]
fn a_value_that_several_layers_read_gets_the_sum_of_their_gradients() {
    let device = Device::flex().autodiff();
    let input = Tensor::<1>::from_floats([0.5, -2.0], &device).require_grad();
    let uses = ops::shared(input.clone() * 2.0, 3);
    let weighed = uses.into_iter().zip([1.0, 10.0, 100.0]).map(|(value, weight)| value * weight);
    let sum = weighed.reduce(|left, right| left + right).unwrap();
    assert_eq!(ops::values(sum.clone().detach()), [111.0, -444.0]);
    let gradients = sum.sum().backward();
    assert_eq!(ops::values(input.grad(&gradients).unwrap()), [222.0, 222.0]);
}
