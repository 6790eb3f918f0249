//! State dicts as PyTorch writes them.
#![allow(clippy::unwrap_used)]

use pimnas_formats::{NamedTensors, PthError, Tensor, TensorData};
use proptest::prelude::*;
use rstest::rstest;

macro_rules! saved {
    ($name:literal) => {
        include_bytes!(concat!("data/pth/", $name, ".pth")).as_slice()
    };
}

fn numbers(dims: &[usize], values: &[f32]) -> Tensor {
    Tensor::f32(dims, values.to_vec()).unwrap()
}

fn of(dims: &[usize], data: TensorData) -> Tensor {
    Tensor::new(dims, data).unwrap()
}

#[rstest]
#[case::zip(saved!("zip"))]
#[case::legacy(saved!("legacy"))]
#[case::protocol4(saved!("protocol4"))]
fn every_type_and_stride_is_read(#[case] file: &[u8]) {
    let read = NamedTensors::from_pth(file).unwrap();
    let counted: Vec<f32> = (0..24_u8).map(f32::from).collect();
    let transposed: Vec<f32> =
        (0..6).flat_map(|column| (0..4).map(move |row| f32::from(row * 6_u8 + column))).collect();
    let expected = [
        ("conv.weight", numbers(&[2, 3, 4], &counted)),
        ("conv.transposed", numbers(&[6, 4], &transposed)),
        ("conv.slice", numbers(&[2, 3], &[6.0, 8.0, 10.0, 12.0, 14.0, 16.0])),
        ("half", numbers(&[2], &[1.5, -2.5])),
        ("brain", numbers(&[2], &[1.5, -2.5])),
        ("double", of(&[1, 1], TensorData::F64(vec![1e-300]))),
        ("long", of(&[], TensorData::I64(vec![-7]))),
        ("int", of(&[2], TensorData::I32(vec![1, -2]))),
        ("short", of(&[2], TensorData::I16(vec![1, -2]))),
        ("char", of(&[2], TensorData::I8(vec![1, -2]))),
        ("byte", of(&[1], TensorData::U8(vec![200]))),
        ("bool", of(&[2], TensorData::Bool(vec![true, false]))),
        ("expanded", numbers(&[4], &[3.0; 4])),
        ("empty", numbers(&[0, 3], &[])),
    ];
    assert_eq!(read.names().collect::<Vec<_>>(), expected.each_ref().map(|(name, _)| *name));
    for (name, tensor) in &expected {
        assert_eq!(read.get(name), Some(tensor), "{name}");
    }
}

#[test]
fn the_state_dict_inside_a_checkpoint_is_taken() {
    let read = NamedTensors::from_pth(saved!("checkpoint")).unwrap();
    assert_eq!(read.get("0.weight").map(Tensor::dims), Some(&[2, 1, 2, 2][..]));
    assert_eq!(read.get("1.num_batches_tracked").unwrap().data(), &TensorData::I64(vec![0]));
    assert_eq!(read.len(), 6);
}

#[test]
fn parameters_are_tensors() {
    let read = NamedTensors::from_pth(saved!("parameter")).unwrap();
    assert_eq!(read.get("w"), Some(&numbers(&[2, 2], &[1.0; 4])));
}

#[rstest]
#[case::zip(saved!("evil"), "posix.system")]
#[case::legacy(saved!("evil_legacy"), "posix.system")]
#[case::module(saved!("module"), "torch.nn.modules.container.Sequential")]
fn other_functions_and_classes_are_named_and_not_called(#[case] file: &[u8], #[case] call: &str) {
    match NamedTensors::from_pth(file) {
        Err(error @ PthError::UnknownGlobal { .. }) => {
            let (message, hint) = (error.to_string(), error.hint());
            assert!(message.contains(call), "{message}");
            assert!(hint.contains("nothing of the file was executed"), "{hint}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_of_other_kinds_are_errors() {
    assert_eq!(NamedTensors::from_pth(b""), Err(PthError::NotPth));
    assert_eq!(NamedTensors::from_pth(b"\x80\x02K\x01."), Err(PthError::NotPth));
    let archive = NamedTensors::from_pth(b"PK\x03\x04 and nothing more");
    assert!(matches!(archive, Err(PthError::Archive { .. })), "{archive:?}");
}

/// A legacy file whose only tensor repeats one number that often.
fn repeated(times: u32) -> Vec<u8> {
    let mut file =
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    file.extend(b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storage");
    file.extend(b"ctorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x01NtQK\0J");
    file.extend(times.to_le_bytes());
    file.extend(b"\x85K\0\x85\x89}tRs.\x80\x02]X\x01\0\0\x000a.");
    file.extend(1_u64.to_le_bytes());
    file.extend(2.5_f32.to_le_bytes());
    file
}

#[test]
fn views_that_repeat_a_number_without_end_are_errors() {
    let read = NamedTensors::from_pth(&repeated(3)).unwrap();
    assert_eq!(read.get("w"), Some(&numbers(&[3], &[2.5; 3])));
    let error = NamedTensors::from_pth(&repeated(i32::MAX as u32)).unwrap_err();
    assert!(matches!(error, PthError::TooLarge { .. }), "{error}");
}

fn valid() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(saved!("zip").to_vec()),
        Just(saved!("legacy").to_vec()),
        Just(saved!("protocol4").to_vec()),
        Just(saved!("checkpoint").to_vec()),
        Just(repeated(7)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_truncated_file_is_an_error(file in valid(), cut in 0.0..1.0_f64) {
        let length = (file.len() as f64 * cut) as usize;
        prop_assert!(NamedTensors::from_pth(&file[..length]).is_err());
    }

    #[test]
    fn changed_bytes_never_panic(
        mut file in valid(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Err(error) = NamedTensors::from_pth(&file) {
            prop_assert!(!error.to_string().is_empty() && !error.hint().is_empty());
        }
    }
}
