//! Tensors from files, and what is wrong with them.

use std::path::Path;

use crate::InterfaceError;
use crate::formats::{NamedTensors, TensorData};
use crate::infer::{InferError, Parameters, Tensor};

use super::failure::Failure;
use super::inputs::simulation_failure;
use super::output::{read_tensor_file, write_file};

/// Endings of files that `torch.save` writes.
const TORCH_ENDINGS: [&str; 4] = ["pth", "pt", "bin", "pkl"];

/// A question that a network with its weights cannot answer.
pub fn interface_failure(error: &InterfaceError) -> Failure {
    match error {
        InterfaceError::Simulation(error) => simulation_failure(error),
        InterfaceError::Inference(error) => infer_failure(error),
    }
}

/// Every problem of an inference with its hint.
pub fn infer_failure(error: &InferError) -> Failure {
    let problems = error.problems().into_iter();
    Failure { text: problems.map(|one| Failure::new(one, Some(one.hint())).text).collect() }
}

/// The tensors of a safetensors, `.npz` or PyTorch file; the name's ending tells which, and
/// without one of them the content.
pub fn read_tensors(path: &Path) -> Result<NamedTensors, Failure> {
    let file = read_tensor_file(path)?;
    let ending = path.extension().map(|end| end.to_string_lossy().to_lowercase());
    let ending = ending.unwrap_or_default();
    let zip_or_pickle = file.starts_with(b"PK") || file.starts_with(b"\x80");
    if ending == "npz" {
        NamedTensors::from_npz(&file)
            .map_err(|error| Failure::of_file(path, &error, Some(error.hint())))
    } else if TORCH_ENDINGS.contains(&ending.as_str()) || (ending != "safetensors" && zip_or_pickle)
    {
        NamedTensors::from_pth(&file)
            .map_err(|error| Failure::of_file(path, &error, Some(error.hint())))
    } else {
        NamedTensors::from_safetensors(&file)
            .map_err(|error| Failure::of_file(path, &error, Some(error.hint())))
    }
}

/// The weights in a file.
pub fn read_parameters(path: &Path) -> Result<Parameters, Failure> {
    let tensors = read_tensors(path)?;
    if tensors.is_empty() {
        let hint = "give the file with the network's weights";
        return Err(Failure::of_file(path, "it has no tensors", Some(hint)));
    }
    let tensors: Result<Vec<_>, Failure> =
        tensors.into_iter().map(|(name, tensor)| Ok((name, floats(path, tensor)?))).collect();
    Ok(Parameters::from_tensors(tensors?))
}

/// The tensor of that name in a file.
pub fn read_tensor(path: &Path, name: &str) -> Result<Tensor, Failure> {
    let mut tensors = read_tensors(path)?;
    let Some(tensor) = tensors.remove(name) else {
        let found: Vec<&str> = tensors.names().take(8).collect();
        let more = if tensors.len() > found.len() { ", …" } else { "" };
        let hint = format!("it has {}{more}; save the batch as `{name}`", found.join(", "));
        return Err(Failure::of_file(path, format_args!("no tensor `{name}`"), Some(&hint)));
    };
    floats(path, tensor)
}

/// A tensor of a file as floats; those that are 32-bit floats are not copied.
pub fn floats(path: &Path, tensor: crate::formats::Tensor) -> Result<Tensor, Failure> {
    let dims = tensor.dims().to_vec();
    let values = match tensor.into_data() {
        TensorData::F32(values) => values,
        other @ (TensorData::F64(_)
        | TensorData::I64(_)
        | TensorData::I32(_)
        | TensorData::I16(_)
        | TensorData::I8(_)
        | TensorData::U8(_)
        | TensorData::Bool(_)) => other.to_f32(),
    };
    Tensor::new(dims, values).map_err(|error| Failure::of_file(path, &error, Some(error.hint())))
}

/// Writes tensors as a safetensors file.
pub fn write_tensors(path: &Path, tensors: &[(&str, &Tensor)]) -> Result<(), Failure> {
    let mut named = NamedTensors::new();
    for &(name, tensor) in tensors {
        let stored = crate::formats::Tensor::f32(tensor.dims(), tensor.data().to_vec())
            .map_err(|error| Failure::of_file(path, &error, Some(error.hint())))?;
        named.insert(name, stored);
    }
    let bytes = named
        .to_safetensors()
        .map_err(|error| Failure::of_file(path, &error, Some(error.hint())))?;
    write_file(path, &bytes)
}
