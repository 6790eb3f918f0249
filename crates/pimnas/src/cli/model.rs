//! Networks with their weights, and tensors from files.

use std::path::Path;

use pimnas::formats::NamedTensors;
use pimnas::infer::{
    CompiledNetwork, CrossbarHardware, InferError, InferenceOptions, InferenceQuirks, Mode,
    Parameters, Tensor,
};
use pimnas::network::Operation;
use pimnas::{Hardware, Network, NetworkErrors, ShapedNetwork};

use super::failure::Failure;
use super::output::{read_file, write_file};
use super::quirks::KeptQuirks;

/// Endings of files that `torch.save` writes.
const TORCH_ENDINGS: [&str; 4] = ["pth", "pt", "bin", "pkl"];

/// A network with its weights and what it runs on.
#[derive(Clone, Debug)]
pub struct Model {
    /// The network.
    pub network: Network,
    /// Its weights.
    pub parameters: Parameters,
    /// What inference needs to know of the hardware.
    pub hardware: CrossbarHardware,
    /// Which of the reference's defects are kept.
    pub quirks: InferenceQuirks,
}

impl Model {
    /// Puts a network, its weights and a hardware together.
    pub fn new(
        network: Network,
        parameters: Parameters,
        (hardware, quirks): (&Hardware, KeptQuirks),
    ) -> Result<Self, Failure> {
        let hardware = CrossbarHardware::from_hardware(hardware, quirks.costs)
            .map_err(|error| infer_failure(&error))?;
        Ok(Self { network, parameters, hardware, quirks: quirks.inference })
    }

    /// Whether the network or its weights state scales for quantised arithmetic; a network
    /// without weights needs none.
    pub fn has_scales(&self) -> bool {
        let layers = &self.network.layers;
        let weighted = layers.iter().any(|layer| {
            matches!(layer.operation, Operation::Convolution(_) | Operation::FullyConnected { .. })
        });
        let listed = |name: &str| name.ends_with("bit_scale_list") || name.ends_with("last_value");
        !weighted
            || layers.iter().any(|layer| layer.scales.is_some())
            || self.parameters.names().any(listed)
    }

    /// The network's shapes.
    pub fn shaped(&self) -> Result<ShapedNetwork<'_>, Failure> {
        let failed = |errors: NetworkErrors| Failure::new(&errors, errors.hint());
        ShapedNetwork::new(&self.network).map_err(failed)
    }

    /// The options for an arithmetic.
    pub fn options(&self, mode: Mode) -> InferenceOptions {
        InferenceOptions { quirks: self.quirks, ..InferenceOptions::new(mode, self.hardware) }
    }

    /// The network in an arithmetic.
    pub fn compile(&self, mode: Mode) -> Result<CompiledNetwork, Failure> {
        CompiledNetwork::new(&self.shaped()?, &self.parameters, &self.options(mode))
            .map_err(|error| infer_failure(&error))
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
    let file = read_file(path)?;
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
        tensors.iter().map(|(name, tensor)| Ok((name.to_owned(), floats(path, tensor)?))).collect();
    Ok(Parameters::from_tensors(tensors?))
}

/// The tensor of that name in a file.
pub fn read_tensor(path: &Path, name: &str) -> Result<Tensor, Failure> {
    let tensors = read_tensors(path)?;
    let Some(tensor) = tensors.get(name) else {
        let found: Vec<&str> = tensors.names().take(8).collect();
        let more = if tensors.len() > found.len() { ", …" } else { "" };
        let hint = format!("it has {}{more}; save the batch as `{name}`", found.join(", "));
        return Err(Failure::of_file(path, format_args!("no tensor `{name}`"), Some(&hint)));
    };
    floats(path, tensor)
}

/// A tensor of a file as floats.
pub fn floats(path: &Path, tensor: &pimnas::formats::Tensor) -> Result<Tensor, Failure> {
    Tensor::new(tensor.dims(), tensor.to_f32())
        .map_err(|error| Failure::of_file(path, &error, Some(error.hint())))
}

/// Writes tensors as a safetensors file.
pub fn write_tensors(path: &Path, tensors: &[(&str, &Tensor)]) -> Result<(), Failure> {
    let mut named = NamedTensors::new();
    for &(name, tensor) in tensors {
        let stored = pimnas::formats::Tensor::f32(tensor.dims(), tensor.data().to_vec())
            .map_err(|error| Failure::of_file(path, &error, Some(error.hint())))?;
        named.insert(name, stored);
    }
    let bytes = named
        .to_safetensors()
        .map_err(|error| Failure::of_file(path, &error, Some(error.hint())))?;
    write_file(path, &bytes)
}
