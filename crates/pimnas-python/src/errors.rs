//! What is wrong, as Python exceptions with a code, a hint and a place.

use std::fmt::Display;

use pimnas_config::{Diagnostic, Diagnostics};
use pimnas_infer::InferError;
use pimnas_interface::InterfaceError;
use pimnas_network::NetworkErrors;
use pimnas_simulate::SimulationError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// The exception classes of `pimnas._errors`.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// The hardware description.
    Config,
    /// A network, its weights or its inputs.
    Network,
    /// A network that does not fit the hardware.
    Mapping,
    /// A search space or a rollout.
    Search,
}

/// A problem for Python.
#[derive(Clone, Debug)]
pub struct Fault {
    kind: Kind,
    code: String,
    message: String,
    hint: Option<String>,
    location: Option<String>,
}

impl Fault {
    /// A problem of that kind and code.
    pub fn new(kind: Kind, code: &str, message: impl Display) -> Self {
        let message = message.to_string();
        Self { kind, code: code.to_owned(), message, hint: None, location: None }
    }

    /// With what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the place.
    pub fn at(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }
}

static CONFIG: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static NETWORK: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static MAPPING: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static SEARCH: PyOnceLock<Py<PyType>> = PyOnceLock::new();

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        Python::attach(|py| {
            let (cell, name) = match fault.kind {
                Kind::Config => (&CONFIG, "ConfigError"),
                Kind::Network => (&NETWORK, "NetworkError"),
                Kind::Mapping => (&MAPPING, "MappingError"),
                Kind::Search => (&SEARCH, "SearchError"),
            };
            let arguments = (fault.message.clone(), fault.code, fault.hint, fault.location);
            match cell.import(py, "pimnas._errors", name) {
                Ok(class) => PyErr::from_type(class.clone(), arguments),
                Err(_) => PyRuntimeError::new_err(fault.message),
            }
        })
    }
}

/// Problems of a hardware description.
pub fn config(problems: &Diagnostics) -> PyErr {
    let first = problems.errors().next();
    let mut fault = Fault::new(Kind::Config, first.map_or("config", |d| d.code.as_str()), problems);
    fault.hint = first.and_then(|problem| problem.hint().map(str::to_owned));
    fault.location = first.and_then(place);
    fault.into()
}

fn place(problem: &Diagnostic) -> Option<String> {
    let key = problem.key.as_ref().map(|(section, key)| format!("{section}/{key}"));
    match (&problem.source_name, problem.line()) {
        (Some(name), Some(line)) => Some(format!("{name}:{line}")),
        (None, Some(line)) => Some(format!("line {line}")),
        (_, None) => key,
    }
}

fn layer(index: Option<usize>) -> Option<String> {
    index.map(|index| format!("layer {index}"))
}

/// Problems of a network.
pub fn network(problems: &NetworkErrors) -> PyErr {
    let first = problems.first();
    let mut fault = Fault::new(Kind::Network, first.code.as_str(), problems);
    fault.hint.clone_from(&first.hint);
    fault.location = layer(first.layer);
    fault.into()
}

/// A network that cannot be simulated.
pub fn simulation(error: &SimulationError) -> PyErr {
    let kind = match error {
        SimulationError::Network(problems) => return network(problems),
        SimulationError::Hardware(_) => Kind::Config,
        SimulationError::NothingToRun
        | SimulationError::KernelTooLarge { .. }
        | SimulationError::NoWeightBits { .. }
        | SimulationError::UnknownWeightBits { .. }
        | SimulationError::TooFewTiles { .. }
        | SimulationError::TooManyPositions { .. }
        | SimulationError::TooManyTiles { .. }
        | SimulationError::Replication(_)
        | SimulationError::OutOfRange { .. } => Kind::Mapping,
    };
    let mut fault = Fault::new(kind, error.code(), error);
    fault.hint = error.hint();
    fault.into()
}

/// Weights or inputs that do not belong to a network.
pub fn inference(error: &InferError) -> PyErr {
    let kind = match error.code() {
        "mapping-kernel-too-large" => Kind::Mapping,
        "hardware-component" | "device" => Kind::Config,
        _ => Kind::Network,
    };
    let mut fault = Fault::new(kind, error.code(), error).hint(error.hint());
    fault.location = layer(error.layer());
    fault.into()
}

/// A question that a candidate cannot answer.
pub fn interface(error: &InterfaceError) -> PyErr {
    match error {
        InterfaceError::Simulation(error) => simulation(error),
        InterfaceError::Inference(error) => inference(error),
    }
}
