//! Weights cut for crossbars.
#![allow(clippy::unwrap_used)]

use pimnas_formats::{CrossbarRows, NamedTensors, SplitError, Tensor, TensorData};
use proptest::prelude::*;

fn weight(dims: &[usize]) -> Tensor {
    let count: usize = dims.iter().product();
    Tensor::f32(dims, (0..count).map(|i| i as f32).collect()).unwrap()
}

fn flag(value: i64) -> Tensor {
    Tensor::new([], TensorData::I64(vec![value])).unwrap()
}

fn parts(rows: &[(&str, Tensor)]) -> NamedTensors {
    rows.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone())).collect()
}

#[test]
fn parts_are_joined_along_the_input_channels() {
    let first = Tensor::f32([2, 2, 1, 1], vec![0.0, 1.0, 3.0, 4.0]).unwrap();
    let second = Tensor::f32([2, 1, 1, 1], vec![2.0, 5.0]).unwrap();
    let tensors = parts(&[
        ("layer_list.0.last_value", Tensor::vector(vec![1.0])),
        ("layer_list.0.layer_list.0.weight", first),
        ("layer_list.0.layer_list.0.padding_flag", flag(1)),
        ("layer_list.0.layer_list.1.weight", second),
        ("layer_list.0.layer_list.1.padding_flag", flag(1)),
        ("layer_list.1.layer.weight", Tensor::vector(vec![7.0])),
    ]);
    let joined = tensors.joined().unwrap();
    let names: Vec<&str> = joined.names().collect();
    assert_eq!(
        names,
        [
            "layer_list.0.last_value",
            "layer_list.0.weight",
            "layer_list.0.padding_flag",
            "layer_list.1.layer.weight",
        ]
    );
    assert_eq!(joined.get("layer_list.0.weight"), Some(&weight(&[2, 3, 1, 1])));
}

#[test]
fn ten_parts_are_joined_in_the_order_of_their_numbers() {
    let tensors: NamedTensors = [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]
        .into_iter()
        .map(|part| {
            let tensor = Tensor::f32([1, 1], vec![part as f32]).unwrap();
            (format!("layer_list.4.layer_list.{part}.weight"), tensor)
        })
        .collect();
    assert_eq!(tensors.joined().unwrap().get("layer_list.4.weight"), Some(&weight(&[1, 12])));
}

#[test]
fn a_missing_part_and_parts_that_do_not_fit_are_errors() {
    let one = |name: &str, dims: &[usize]| (name.to_owned(), weight(dims));
    let missing: NamedTensors = [
        one("layer_list.0.layer_list.0.weight", &[2, 2]),
        one("layer_list.0.layer_list.2.weight", &[2, 2]),
    ]
    .into_iter()
    .collect();
    let place = "layer_list.0".to_owned();
    assert_eq!(missing.joined(), Err(SplitError::MissingPart { place, part: 1 }));
    let unequal: NamedTensors = [
        one("layer_list.0.group_conv.1.layer_list.0.weight", &[2, 2]),
        one("layer_list.0.group_conv.1.layer_list.1.weight", &[3, 2]),
    ]
    .into_iter()
    .collect();
    let error = unequal.joined().unwrap_err();
    assert!(error.to_string().contains("layer_list.0.group_conv.1: part 1"), "{error}");
}

#[test]
fn a_kernel_larger_than_a_crossbar_is_an_error() {
    let tensors = parts(&[("layer_list.0.layer_list.0.weight", weight(&[1, 1, 5, 5]))]);
    let error = tensors.split_for(CrossbarRows(16)).unwrap_err();
    assert!(matches!(error, SplitError::KernelTooLarge { cells: 25, rows: 16, .. }));
}

#[test]
fn parts_with_flags_of_their_own_keep_them() {
    let tensors = parts(&[
        ("layer_list.0.layer_list.0.weight", weight(&[1, 2, 2, 2])),
        ("layer_list.0.layer_list.0.padding_flag", flag(1)),
        ("layer_list.0.layer_list.1.weight", weight(&[1, 1, 2, 2])),
        ("layer_list.0.layer_list.1.padding_flag", flag(0)),
    ]);
    let joined = tensors.joined().unwrap();
    let flags = |tensors: &NamedTensors, name: &str| tensors.get(name).unwrap().to_f32().to_vec();
    assert_eq!(flags(&joined, "layer_list.0.padding_flag"), [1.0, 1.0, 0.0]);
    // A part of two channels and one of one, then all in one, then each alone.
    for (rows, expected) in [
        (8, vec![vec![1.0], vec![0.0]]),
        (12, vec![vec![1.0, 1.0, 0.0]]),
        (4, vec![vec![1.0], vec![1.0], vec![0.0]]),
    ] {
        let split = tensors.split_for(CrossbarRows(rows)).unwrap();
        let name = |part: usize| format!("layer_list.0.layer_list.{part}.padding_flag");
        for (part, expected) in expected.iter().enumerate() {
            assert_eq!(flags(&split, &name(part)), *expected, "{rows} rows, part {part}");
        }
        assert_eq!(split.get(&name(expected.len())), None);
        assert_eq!(split.joined().unwrap(), joined);
    }
    let missing = parts(&[
        ("layer_list.0.layer_list.0.weight", weight(&[1, 2, 2, 2])),
        ("layer_list.0.layer_list.0.padding_flag", flag(1)),
        ("layer_list.0.layer_list.1.weight", weight(&[1, 1, 2, 2])),
        ("layer_list.0.layer_list.2.weight", weight(&[1, 1, 2, 2])),
        ("layer_list.0.layer_list.2.padding_flag", flag(0)),
    ]);
    let place = "layer_list.0".to_owned();
    assert_eq!(missing.joined(), Err(SplitError::MissingFlag { place, part: 1 }));
}

proptest! {
    #[test]
    fn cutting_for_any_size_keeps_every_weight(
        inputs in 1..40_usize,
        side in 1..4_usize,
        first in 9..200_usize,
        second in 9..200_usize,
    ) {
        let tensors = parts(&[
            ("layer_list.2.weight", weight(&[3, inputs, side, side])),
            ("layer_list.2.padding_flag", flag(0)),
            ("layer_list.5.weight", weight(&[2, inputs])),
        ]);
        let once = tensors.split_for(CrossbarRows(first)).unwrap();
        let twice = once.split_for(CrossbarRows(second)).unwrap();
        prop_assert_eq!(&twice, &tensors.split_for(CrossbarRows(second)).unwrap());
        prop_assert_eq!(&twice.joined().unwrap(), &tensors);
        for (name, part) in twice.iter().filter(|(name, _)| name.ends_with("weight")) {
            let rows: usize = part.dims()[1..].iter().product();
            prop_assert!(rows <= second, "{} has {} rows", name, rows);
        }
        let expected = inputs.div_ceil(second / (side * side));
        let found = twice.names().filter(|n| n.starts_with("layer_list.2.") && n.ends_with("weight"));
        prop_assert_eq!(found.count(), expected);
    }
}
