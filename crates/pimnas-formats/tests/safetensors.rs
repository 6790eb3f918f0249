//! safetensors files.
#![allow(clippy::unwrap_used)]

use pimnas_formats::{NamedTensors, SafetensorsError, Tensor, TensorData};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};

fn tensors() -> NamedTensors {
    let mut tensors = NamedTensors::new();
    let mut add = |name: &str, dims: &[usize], data| {
        tensors.insert(name, Tensor::new(dims, data).unwrap());
    };
    add("f64", &[1], TensorData::F64(vec![0.1]));
    add("i64", &[2, 1], TensorData::I64(vec![i64::MIN, i64::MAX]));
    add("f32", &[], TensorData::F32(vec![f32::MIN_POSITIVE]));
    add("i32", &[1], TensorData::I32(vec![-5]));
    add("i16", &[2], TensorData::I16(vec![-5, 5]));
    add("i8", &[1], TensorData::I8(vec![-5]));
    add("u8", &[0], TensorData::U8(vec![]));
    add("bool", &[2], TensorData::Bool(vec![true, false]));
    tensors
}

#[test]
fn what_is_written_is_read_back() {
    let file = tensors().to_safetensors().unwrap();
    let read = NamedTensors::from_safetensors(&file).unwrap();
    assert_eq!(read.len(), tensors().len());
    for (name, tensor) in tensors().iter() {
        assert_eq!(read.get(name), Some(tensor), "{name}");
    }
}

#[test]
fn sixteen_bit_floats_are_widened() {
    let bytes = [0x00, 0xc1];
    for (dtype, expected) in [(Dtype::F16, -2.5), (Dtype::BF16, -8.0)] {
        let view = TensorView::new(dtype, vec![1], &bytes).unwrap();
        let file = safetensors::serialize([("w", view)], None).unwrap();
        let read = NamedTensors::from_safetensors(&file).unwrap();
        assert_eq!(read.get("w"), Some(&Tensor::vector(vec![expected])));
    }
}

#[test]
fn numbers_that_are_not_real_are_errors_that_name_the_tensor() {
    let view = TensorView::new(Dtype::U64, vec![1], &[0; 8]).unwrap();
    let file = safetensors::serialize([("layer.weight", view)], None).unwrap();
    let error = NamedTensors::from_safetensors(&file).unwrap_err();
    assert!(matches!(&error, SafetensorsError::Dtype { name, .. } if name == "layer.weight"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_truncated_file_is_an_error(cut in 0.0..1.0_f64) {
        let file = tensors().to_safetensors().unwrap();
        let length = (file.len() as f64 * cut) as usize;
        prop_assert!(NamedTensors::from_safetensors(&file[..length]).is_err());
    }

    #[test]
    fn changed_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut file = tensors().to_safetensors().unwrap();
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Err(error) = NamedTensors::from_safetensors(&file) {
            prop_assert!(!error.to_string().is_empty() && !error.hint().is_empty());
        }
    }
}
