//! Networks, with weights or without.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use numpy::PyArrayDyn;
use pimnas_formats::convert::{ConvertOptions, Converted, Norms};
use pimnas_formats::graph::FloatGraph;
use pimnas_formats::{NamedTensors, OnnxLimits, OnnxNumbers, OnnxWriteError, write_onnx};
use pimnas_infer::{Parameters, Tensor};
use pimnas_network::zoo::{self, ZooOptions};
use pimnas_network::{Network, Shape, ShapedNetwork};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};
use serde_json::Value;

use crate::errors::{self, Fault, Kind};
use crate::json::{from_python, shown, to_python};
use crate::operations::{Operation, graph};
use crate::{arrays, html};

/// A network, perhaps with its weights.
#[pyclass(frozen, name = "Network", module = "pimnas")]
#[derive(Clone, Debug)]
pub struct PyNetwork {
    /// The layers.
    pub network: Arc<Network>,
    /// The weights, by name.
    pub parameters: Option<Arc<Parameters>>,
    /// What to call it.
    pub title: String,
    notes: Vec<String>,
}

impl PyNetwork {
    /// A network without weights.
    pub fn of(network: Network, title: &str) -> Self {
        let title = title.to_owned();
        Self { network: Arc::new(network), parameters: None, title, notes: Vec::new() }
    }

    /// A network with weights.
    pub fn with_parameters(network: Network, parameters: Parameters) -> Self {
        let title = network.name.clone();
        Self { parameters: Some(Arc::new(parameters)), ..Self::of(network, &title) }
    }

    fn converted(graph: &FloatGraph, norms: Norms, title: &str) -> PyResult<Self> {
        let options = ConvertOptions { norms, ..ConvertOptions::default() };
        let Converted { network, parameters, notes } =
            graph.to_network(&options).map_err(|error| {
                let fault = Fault::new(Kind::Network, "network-not-layers", &error);
                PyErr::from(match error.hint() {
                    Some(hint) => fault.hint(hint),
                    None => fault,
                })
            })?;
        let parameters = Some(Arc::new(floats(&parameters)?));
        Ok(Self { network: Arc::new(network), parameters, title: title.to_owned(), notes })
    }

    fn read(path: &Path) -> PyResult<Self> {
        let bytes = read_file(path)?;
        let title = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx")) {
            return Self::onnx(&bytes, &title);
        }
        let network = Network::from_json(&bytes).map_err(|error| errors::network(&error))?;
        Ok(Self::of(network, &title))
    }

    fn onnx(bytes: &[u8], title: &str) -> PyResult<Self> {
        let graph = FloatGraph::from_onnx(bytes, OnnxLimits::default()).map_err(|error| {
            PyErr::from(Fault::new(Kind::Network, "network-onnx", &error).hint(error.hint()))
        })?;
        Self::converted(&graph, Norms::Kept, title)
    }

    /// That of an argument: a `Network`, a path, or a name of the zoo.
    pub fn given(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(network) = value.cast::<Self>() {
            return Ok(network.get().clone());
        }
        let text = value.extract::<String>().ok();
        if let Some(name) = text.as_deref().filter(|name| zoo::NAMES.contains(name)) {
            return Self::zoo(name, 10, 32);
        }
        if let Ok(path) = value.extract::<PathBuf>() {
            return Self::read(&path);
        }
        let message = format!("{} is no network", shown(value));
        Err(Fault::new(Kind::Network, "network-wrong-type", message)
            .hint("give a pimnas.Network, the path of a JSON or ONNX file, or a name of the zoo")
            .into())
    }

    fn with(&self, parameters: Parameters) -> Self {
        Self { parameters: Some(Arc::new(parameters)), ..self.clone() }
    }

    fn layer_list(&self) -> Value {
        serde_json::from_str(&self.network.to_layer_list_json()).unwrap_or_default()
    }
}

fn read_file(path: &Path) -> PyResult<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        let message = format!("cannot read {}: {error}", path.display());
        let hint = "give the path of a file";
        Fault::new(Kind::Network, "network-unreadable", message).hint(hint).into()
    })
}

fn floats(tensors: &NamedTensors) -> PyResult<Parameters> {
    let tensors: PyResult<Vec<(String, Tensor)>> = tensors
        .iter()
        .map(|(name, tensor)| {
            let read = Tensor::new(tensor.dims(), tensor.to_f32());
            Ok((name.to_owned(), read.map_err(|error| errors::inference(&error))?))
        })
        .collect();
    Ok(Parameters::from_tensors(tensors?))
}

/// The tensors of a safetensors, npz or PyTorch file.
fn weights_of(path: &Path) -> PyResult<Parameters> {
    let bytes = read_file(path)?;
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let fault = |error: &dyn std::fmt::Display, hint: &str| -> PyErr {
        let message = format!("{}: {error}", path.display());
        Fault::new(Kind::Network, "weights-unreadable", message).hint(hint).into()
    };
    let tensors = match ending.as_str() {
        "npz" => NamedTensors::from_npz(&bytes).map_err(|error| fault(&error, error.hint())),
        "pth" | "pt" | "bin" | "pkl" => {
            NamedTensors::from_pth(&bytes).map_err(|error| fault(&error, error.hint()))
        }
        _ => NamedTensors::from_safetensors(&bytes).map_err(|error| fault(&error, error.hint())),
    };
    floats(&tensors?)
}

/// The arithmetic of that name; `auto` is fixed point where the network has scales.
fn numbers_of(name: &str, network: &Network) -> PyResult<OnnxNumbers> {
    match name {
        "auto" => Ok(OnnxNumbers::of(network)),
        "floats" => Ok(OnnxNumbers::Floats),
        "quantised" => Ok(OnnxNumbers::Quantised),
        other => {
            let message = format!("numbers={other:?} is not known");
            let fault = Fault::new(Kind::Network, "network-unknown-numbers", message);
            Err(fault.hint("give auto, floats or quantised").into())
        }
    }
}

/// A network as an ONNX file.
fn written(
    network: &Network,
    parameters: &Parameters,
    numbers: OnnxNumbers,
) -> Result<Vec<u8>, OnnxWriteError> {
    let tensors = parameters.names().filter_map(|name| {
        let tensor = parameters.get(name)?;
        let stored = pimnas_formats::Tensor::f32(tensor.dims(), tensor.data().to_vec()).ok()?;
        Some((name.to_owned(), stored))
    });
    write_onnx(network, &tensors.collect(), numbers)
}

fn not_onnx(error: &OnnxWriteError) -> PyErr {
    let fault = Fault::new(Kind::Network, "network-not-onnx", error);
    match error.hint() {
        Some(hint) => fault.hint(hint).into(),
        None => fault.into(),
    }
}

fn shape_of(shape: Shape) -> Vec<usize> {
    match shape {
        Shape::Map { channels, height, width } => vec![channels, height, width],
        Shape::Vector { features } => vec![features],
    }
}

#[pymethods]
impl PyNetwork {
    /// Names of the zoo.
    #[staticmethod]
    fn names() -> Vec<&'static str> {
        zoo::NAMES.to_vec()
    }

    #[staticmethod]
    #[pyo3(signature = (name, classes=10, input_size=32))]
    fn zoo(name: &str, classes: usize, input_size: usize) -> PyResult<Self> {
        let network = zoo::build(name, ZooOptions { classes, input: input_size });
        Ok(Self::of(network.map_err(|error| errors::network(&error))?, name))
    }

    #[staticmethod]
    fn from_file(path: PathBuf) -> PyResult<Self> {
        Self::read(&path)
    }

    /// A layer list or a candidate: JSON text, or what it says as Python has it.
    #[staticmethod]
    fn from_json(json: &Bound<'_, PyAny>) -> PyResult<Self> {
        let network = if let Ok(text) = json.cast::<PyString>() {
            Network::from_json(text.to_string_lossy().as_bytes())
        } else if let Ok(bytes) = json.cast::<PyBytes>() {
            Network::from_json(bytes.as_bytes())
        } else {
            Network::from_json(from_python(json)?.to_string())
        };
        let network = network.map_err(|error| errors::network(&error))?;
        let title = network.name.clone();
        Ok(Self::of(network, &title))
    }

    /// An ONNX file: its path, or its bytes.
    #[staticmethod]
    fn from_onnx(file: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = file.cast::<PyBytes>() {
            return Self::onnx(bytes.as_bytes(), "onnx");
        }
        let path: PathBuf = file.extract()?;
        let title = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self::onnx(&read_file(&path)?, &title)
    }

    /// A module of PyTorch, traced by torch.fx.
    #[staticmethod]
    #[pyo3(signature = (module, input_shape, *, name=None))]
    fn from_torch<'py>(
        module: &Bound<'py, PyAny>,
        input_shape: &Bound<'py, PyAny>,
        name: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let converter = module.py().import("pimnas._torch")?;
        converter.call_method1("network", (module, input_shape, name))
    }

    /// A graph of operations on floats, whose factors are folded into the weights.
    #[staticmethod]
    fn _from_operations(
        name: &str,
        input_shape: Vec<usize>,
        operations: Vec<Operation<'_>>,
        output: &str,
    ) -> PyResult<Self> {
        let graph = graph((name, &input_shape), &operations, output)?;
        Self::converted(&graph, Norms::Folded, name)
    }

    /// With weights: a file, or arrays named `<layer>.<name>`.
    fn with_weights(&self, weights: &Bound<'_, PyAny>) -> PyResult<Self> {
        let Ok(dict) = weights.cast::<PyDict>() else {
            let path: PathBuf = weights.extract().map_err(|_| {
                let message = format!("{} has no weights", shown(weights));
                PyErr::from(
                    Fault::new(Kind::Network, "weights-wrong-type", message)
                        .hint("give the path of a file, or a dictionary of arrays"),
                )
            })?;
            return Ok(self.with(weights_of(&path)?));
        };
        let mut tensors = Vec::with_capacity(dict.len());
        for (name, value) in dict.iter() {
            let name: String = name.extract()?;
            let tensor = arrays::tensor(&value, || name.clone())?;
            tensors.push((name, tensor));
        }
        Ok(self.with(Parameters::from_tensors(tensors)))
    }

    #[getter]
    fn name(&self) -> &str {
        &self.title
    }

    #[getter]
    fn input_shape(&self) -> Vec<usize> {
        shape_of(self.network.input.shape)
    }

    #[getter]
    fn output_shape(&self) -> PyResult<Vec<usize>> {
        let shaped = ShapedNetwork::new(&self.network).map_err(|error| errors::network(&error))?;
        Ok(shape_of(shaped.output()))
    }

    #[getter]
    fn has_weights(&self) -> bool {
        self.parameters.is_some()
    }

    #[getter]
    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    /// Each layer as the layer list has it.
    #[getter]
    fn layers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &self.layer_list()["layers"])
    }

    /// Shapes of the (first) input and the output of each layer.
    #[getter]
    fn shapes(&self) -> PyResult<Vec<(Vec<usize>, Vec<usize>)>> {
        let shaped = ShapedNetwork::new(&self.network).map_err(|error| errors::network(&error))?;
        let layers = 0..self.network.layers.len();
        Ok(layers
            .map(|layer| (shape_of(shaped.input_of(layer)), shape_of(shaped.output_of(layer))))
            .collect())
    }

    fn to_json(&self) -> String {
        self.network.to_layer_list_json()
    }

    /// As an ONNX file: its bytes, which are written to a path where one is given.
    #[pyo3(signature = (path=None, *, numbers="auto"))]
    fn to_onnx<'py>(
        &self,
        py: Python<'py>,
        path: Option<PathBuf>,
        numbers: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let numbers = numbers_of(numbers, &self.network)?;
        let Some(parameters) = &self.parameters else {
            let message = format!("the network {} has no weights", self.title);
            let fault = Fault::new(Kind::Network, "network-without-weights", message);
            return Err(fault.hint("add them by Network.with_weights").into());
        };
        let bytes = py
            .detach(|| written(&self.network, parameters, numbers))
            .map_err(|error| not_onnx(&error))?;
        if let Some(path) = path {
            std::fs::write(&path, &bytes).map_err(|error| {
                let message = format!("cannot write {}: {error}", path.display());
                let fault = Fault::new(Kind::Network, "network-unwritable", message);
                PyErr::from(fault.hint("give a path in a folder that you may write to"))
            })?;
        }
        Ok(PyBytes::new(py, &bytes))
    }

    /// The weights by name; copies.
    fn weights<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        if let Some(parameters) = &self.parameters {
            for name in parameters.names() {
                let Some(tensor) = parameters.get(name) else { continue };
                let array: Bound<'py, PyArrayDyn<f32>> = arrays::array(py, tensor.clone())?;
                dict.set_item(name, array)?;
            }
        }
        Ok(dict)
    }

    fn __len__(&self) -> usize {
        self.network.layers.len()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| {
            let other = other.get();
            self.network == other.network && self.parameters == other.parameters
        })
    }

    fn __repr__(&self) -> String {
        let weights = if self.has_weights() { "with" } else { "without" };
        let (layers, shape) = (self.network.layers.len(), self.network.input.shape);
        format!(
            "<pimnas.Network {}: {layers} layers, input {shape}, {weights} weights>",
            self.title
        )
    }

    fn _repr_html_(&self) -> PyResult<String> {
        let shaped = ShapedNetwork::new(&self.network).map_err(|error| errors::network(&error))?;
        let rows: Vec<Vec<String>> = self
            .network
            .layers
            .iter()
            .enumerate()
            .map(|(index, layer)| {
                let name = layer.name.clone().unwrap_or_default();
                let kind = layer.operation.name().to_owned();
                let (from, to) = (shaped.input_of(index), shaped.output_of(index));
                vec![index.to_string(), name, kind, from.to_string(), to.to_string()]
            })
            .collect();
        Ok(html::table(&self.title, &["layer", "name", "type", "input", "output"], &rows))
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let restore = py.import("pimnas._errors")?.getattr("restore_network")?;
        let weights = self.parameters.is_some().then(|| self.weights(py)).transpose()?;
        let json = PyString::new(py, &self.to_json()).into_any();
        let weights = weights.map_or_else(|| py.None().into_bound(py), Bound::into_any);
        Ok((restore, PyTuple::new(py, [json, weights])?))
    }
}
