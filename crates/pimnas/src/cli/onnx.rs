//! ONNX files as networks.

use std::path::Path;

use crate::Network;
use crate::formats::OnnxLimits;
use crate::formats::convert::{ConvertOptions, Converted};
use crate::formats::graph::FloatGraph;
use crate::infer::Parameters;

use super::failure::Failure;
use super::inputs::{ZooArgs, load_network};
use super::model::{floats, read_parameters};
use super::output::{note, read_tensor_file};

/// Whether a name is that of an ONNX file.
pub fn is_onnx(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"))
}

/// Reads a network with its weights from the bytes of an ONNX file; says on standard error what
/// is expressed by other means than the file's.
pub fn converted(path: &Path, bytes: &[u8]) -> Result<Converted, Failure> {
    let graph = FloatGraph::from_onnx(bytes, OnnxLimits::default())
        .map_err(|error| Failure::of_file(path, &error, Some(&error.hint())))?;
    let converted = graph
        .to_network(&ConvertOptions::default())
        .map_err(|error| Failure::of_file(path, &error, error.hint()))?;
    for line in &converted.notes {
        note(&format!("note: {}: {line}\n", path.display()));
    }
    Ok(converted)
}

/// A network with its weights: those of the ONNX file that it is, or those of another file.
pub fn load_weighted(
    given: &str,
    zoo: ZooArgs,
    weights: Option<&Path>,
) -> Result<(Network, Parameters), Failure> {
    let path = Path::new(given);
    if let Some(weights) = weights {
        return Ok((load_network(given, zoo)?, read_parameters(weights)?));
    }
    if !is_onnx(path) {
        let hint = "give its weights by --weights FILE";
        return Err(Failure::new(format_args!("the network {given} has no weights"), Some(hint)));
    }
    let Converted { network, parameters, .. } = converted(path, &read_tensor_file(path)?)?;
    let tensors: Result<Vec<_>, Failure> =
        parameters.into_iter().map(|(name, tensor)| Ok((name, floats(path, tensor)?))).collect();
    Ok((network, Parameters::from_tensors(tensors?)))
}
