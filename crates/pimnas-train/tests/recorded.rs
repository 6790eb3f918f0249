//! Outputs and gradients of layers against values recorded from PyTorch in double precision.
//!
//! Inputs are numbers that both can make: ((37 i + 11 s) mod 101) / 50 - 1.01 for a seed s. Of
//! each tensor the recording has its sum, its sum weighted with the numbers of seed 5, and its
//! largest magnitude.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use burn_tensor::{Device, Tensor, TensorData};
use pimnas_train::ops::{self, Tail, Targets};
use pimnas_train::{Activation, ConvOptions, EvenEdge};
use serde_json::Value;

fn recorded() -> Value {
    serde_json::from_str(include_str!("fixtures/recorded.json")).unwrap()
}

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| (((i * 37 + seed * 11) % 101) as f64 / 50.0 - 1.01) as f32).collect()
}

fn leaf<const D: usize>(dims: [usize; D], seed: usize) -> Tensor<D> {
    constant(dims, seed).require_grad()
}

fn constant<const D: usize>(dims: [usize; D], seed: usize) -> Tensor<D> {
    let data = TensorData::new(numbers(dims.iter().product(), seed), dims);
    Tensor::from_data(data, &Device::flex().autodiff())
}

/// Largest error, relative to what a rounding of the largest value in every term would make.
fn error(found: Vec<f32>, expected: &Value) -> f64 {
    let weights = numbers(found.len(), 5);
    let values = || found.iter().map(|&value| f64::from(value));
    let weighted = values().zip(&weights).map(|(value, &weight)| value * f64::from(weight));
    let largest = values().fold(0.0, |most: f64, value| most.max(value.abs()));
    let digests = [values().sum(), weighted.sum(), largest];
    let expected: Vec<f64> = serde_json::from_value(expected.clone()).unwrap();
    let scale = expected[2] * (found.len() as f64).sqrt();
    let pairs = digests.iter().zip(&expected);
    pairs.map(|(a, b)| (a - b).abs() / scale).fold(0.0, f64::max)
}

fn checked(name: &str, errors: &[f64]) {
    let worst = errors.iter().copied().fold(0.0, f64::max);
    println!("{name}: largest relative error {worst:.1e}");
    assert!(worst < 2e-6, "{name}: {errors:?}");
}

#[test]
fn convolutions_are_those_recorded() {
    for case in recorded()["convolutions"].as_array().unwrap() {
        let number = |key: &str| case[key].as_u64().unwrap() as usize;
        let (kernel, stride, groups) = (number("kernel"), number("stride"), number("groups"));
        let edge = if case["first"].as_bool().unwrap() { EvenEdge::First } else { EvenEdge::Last };
        let options = ConvOptions { stride, padding: kernel / 2, groups, edge };
        let (x, w) = (leaf([2, 9, 8, 4], 1), leaf([6, kernel, kernel, 4 / groups], 2));
        let y = ops::conv2d(x.clone(), w.clone(), options);
        let output = ops::values(y.clone().detach());
        let dims = y.dims();
        let gradients = (y * constant(dims, 3)).sum().backward();
        let errors = [
            error(output, &case["output"]),
            error(ops::values(x.grad(&gradients).unwrap()), &case["input"]),
            error(ops::values(w.grad(&gradients).unwrap()), &case["weight"]),
        ];
        checked(&format!("{kernel}x{kernel} stride {stride} groups {groups} {edge:?}"), &errors);
    }
}

#[test]
fn batch_normalisations_are_those_recorded() {
    for case in recorded()["norms"].as_array().unwrap() {
        let activation = match case["activation"].as_str().unwrap() {
            "relu" => Activation::Relu,
            "hard_tanh" => Activation::HardTanh,
            _ => Activation::Identity,
        };
        let (x, gamma, beta) = (leaf([2, 5, 6, 4], 1), leaf([4], 2), leaf([4], 3));
        let tail = Tail { bits: None, activation };
        let y = ops::batch_norm(x.clone(), (gamma.clone(), beta.clone()), tail).output;
        let output = ops::values(y.clone().detach());
        let gradients = (y * constant([2, 5, 6, 4], 4)).sum().backward();
        let errors = [
            error(output, &case["output"]),
            error(ops::values(x.grad(&gradients).unwrap()), &case["input"]),
            error(ops::values(gamma.grad(&gradients).unwrap()), &case["gamma"]),
            error(ops::values(beta.grad(&gradients).unwrap()), &case["beta"]),
        ];
        checked(&format!("batch normalisation, {activation:?}"), &errors);
    }
}

#[test]
fn losses_are_those_recorded() {
    for case in recorded()["losses"].as_array().unwrap() {
        let smoothing = case["smoothing"].as_f64().unwrap() as f32;
        let logits = leaf([4, 10], 1);
        let targets = Targets { labels: [3, 0, 9, 5].into(), smoothing };
        let loss = ops::cross_entropy(logits.clone(), targets);
        let value = f64::from(ops::values(loss.clone().detach())[0]);
        let gradients = loss.backward();
        let expected = case["loss"].as_f64().unwrap();
        let errors = [
            (value - expected).abs() / expected,
            error(ops::values(logits.grad(&gradients).unwrap()), &case["input"]),
        ];
        checked(&format!("cross-entropy, smoothing {smoothing}"), &errors);
    }
}
