//! A candidate on a hardware: the questions of a search.

use std::sync::Arc;

use numpy::PyArrayDyn;
use pimnas_infer::{AdcRange, CompiledNetwork, CrossbarHardware, Mode, Parameters, Tensor};
use pimnas_interface::{CandidateNet, CrossbarOverride, HardwareInterface, InterfaceOptions};
use pimnas_network::{Network, Operation as LayerKind};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::errors::{self, Fault, Kind};
use crate::hardware::PyHardware;
use crate::json::{from_python, shown};
use crate::network::PyNetwork;
use crate::options::{fidelity, inner_pipeline};
use crate::{arrays, interrupt};

/// A candidate on a hardware. Figures are computed when they are first asked for, and kept.
#[pyclass(frozen, name = "Interface", module = "pimnas")]
pub struct PyInterface {
    inner: Arc<HardwareInterface>,
    config: PyHardware,
}

/// A candidate whose cells hold given values.
#[pyclass(frozen, name = "Programmed", module = "pimnas._native")]
pub struct PyProgrammed {
    network: CompiledNetwork,
}

#[pymethods]
impl PyProgrammed {
    /// Outputs of a batch.
    fn evaluate<'py>(&self, inputs: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let py = inputs.py();
        let inputs = arrays::tensor(inputs, || "the input".to_owned())?;
        let outputs = py.detach(|| interrupt::run(&self.network, &inputs))?;
        arrays::array(py, outputs)
    }
}

/// Layer, group, row split, digit, values of an array of cells.
type CellTuple<'py> = (usize, usize, usize, usize, Bound<'py, PyArrayDyn<f32>>);

/// Figures that replace those of the description in outputs on crossbars.
#[derive(Clone, Copy, Debug, Default, FromPyObject)]
pub struct Override {
    #[pyo3(item)]
    rows: Option<usize>,
    #[pyo3(item)]
    dac_bits: Option<u32>,
    #[pyo3(item)]
    adc_bits: Option<u32>,
}

impl PyInterface {
    fn of(
        candidate: &CandidateNet,
        config: PyHardware,
        (name, over): (&str, Option<Override>),
    ) -> PyResult<Self> {
        let Override { rows, dac_bits, adc_bits } = over.unwrap_or_default();
        let crossbar = CrossbarOverride { rows, dac_bits, adc_bits };
        let options = InterfaceOptions { quirks: fidelity(name)?.into(), crossbar };
        let inner = HardwareInterface::with_options(candidate, &config.hardware, options);
        Ok(Self { inner: Arc::new(inner), config })
    }

    fn asked(
        &self,
        py: Python<'_>,
        ask: impl Fn(&HardwareInterface) -> Result<f64, pimnas_interface::InterfaceError> + Send + Sync,
    ) -> PyResult<f64> {
        py.detach(|| ask(&self.inner)).map_err(|error| errors::interface(&error))
    }

    fn outputs<'py>(
        &self,
        inputs: &Bound<'py, PyAny>,
        mode: Mode,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let py = inputs.py();
        let inputs = arrays::tensor(inputs, || "the input".to_owned())?;
        let outputs = py.detach(|| {
            let compiled = self.inner.compiled(mode).map_err(|error| errors::interface(&error))?;
            interrupt::run(compiled, &inputs)
        })?;
        arrays::array(py, outputs)
    }
}

#[pymethods]
impl PyInterface {
    #[new]
    #[pyo3(signature = (network, hardware=None, *, fidelity="reference", crossbar=None))]
    fn new(
        network: &Bound<'_, PyNetwork>,
        hardware: Option<&Bound<'_, PyAny>>,
        fidelity: &str,
        crossbar: Option<Override>,
    ) -> PyResult<Self> {
        let network = network.get();
        let parameters = network.parameters.clone().unwrap_or_default();
        let candidate = CandidateNet::new(network.network.clone(), parameters);
        Self::of(&candidate, PyHardware::given(hardware)?, (fidelity, crossbar))
    }

    /// A candidate of a super net: its layer list, once with its structure and once with its
    /// scales where they are two, and the parameters of each layer.
    #[staticmethod]
    #[pyo3(signature = (layers, scales, parameters, hardware, *, fidelity="reference", crossbar=None))]
    fn of_candidate(
        layers: &Bound<'_, PyAny>,
        scales: Option<&Bound<'_, PyAny>>,
        parameters: &Bound<'_, PyAny>,
        hardware: &Bound<'_, PyAny>,
        fidelity: &str,
        crossbar: Option<Override>,
    ) -> PyResult<Self> {
        let config = PyHardware::given(Some(hardware))?;
        let structure = from_python(layers)?;
        let json = match scales {
            None => structure,
            Some(scales) => pimnas_interface::with_scales(structure, &from_python(scales)?),
        };
        let network = Network::from_candidate_value(&json);
        let network = network.map_err(|problems| errors::network(&problems))?;
        let parameters = layer_parameters(parameters, &network)?;
        Self::of(&CandidateNet::new(network, parameters), config, (fidelity, crossbar))
    }

    /// Outputs on crossbars of a batch.
    fn hardware_evaluate<'py>(
        &self,
        inputs: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        self.outputs(inputs, Mode::Crossbar(AdcRange::Scale))
    }

    /// Outputs in fixed point of a batch.
    fn origin_evaluate<'py>(
        &self,
        inputs: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        self.outputs(inputs, Mode::FixedPoint)
    }

    /// Outputs in an arithmetic: `float`, `fixed`, `crossbar` (ADC range scaled) or `crossbar-fix`.
    fn evaluate<'py>(
        &self,
        inputs: &Bound<'py, PyAny>,
        arithmetic: &str,
    ) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        self.outputs(inputs, crate::options::mode(arithmetic)?)
    }

    #[pyo3(signature = (disable_inner_pipeline=false))]
    fn latency_evaluate(&self, py: Python<'_>, disable_inner_pipeline: bool) -> PyResult<f64> {
        let mode = inner_pipeline(disable_inner_pipeline);
        self.asked(py, |inner| inner.latency_evaluate(mode))
    }

    #[pyo3(signature = (disable_inner_pipeline=false))]
    fn energy_evaluate(&self, py: Python<'_>, disable_inner_pipeline: bool) -> PyResult<f64> {
        let mode = inner_pipeline(disable_inner_pipeline);
        self.asked(py, |inner| inner.energy_evaluate(mode))
    }

    fn area_evaluate(&self, py: Python<'_>) -> PyResult<f64> {
        self.asked(py, HardwareInterface::area_evaluate)
    }

    fn power_evaluate(&self, py: Python<'_>) -> PyResult<f64> {
        self.asked(py, HardwareInterface::power_evaluate)
    }

    /// The cells of the crossbars: (layer, group, row split, digit of the weights, signed digits as
    /// outputs × rows) of each array.
    fn cells<'py>(&self, py: Python<'py>) -> PyResult<Vec<CellTuple<'py>>> {
        let mut arrays = Vec::new();
        let compiled = self.inner.compiled(Mode::Crossbar(AdcRange::Scale));
        let compiled = compiled.map_err(|error| errors::interface(&error))?;
        let collected = compiled.with_conductances(|cells| {
            arrays.push(cells.clone());
            None
        });
        collected.map_err(|error| errors::inference(&error))?;
        arrays
            .into_iter()
            .map(|array| {
                let outputs = array.digits.len() / array.rows.max(1);
                let values = array.digits.iter().map(|&digit| digit as f32).collect();
                let tensor = Tensor::new([outputs, array.rows], values);
                let digits = arrays::array(py, tensor.map_err(|e| errors::inference(&e))?)?;
                Ok((array.layer, array.group, array.split, array.slice, digits))
            })
            .collect()
    }

    /// The candidate with other values in its cells: one array for each of [`Self::cells`]. The
    /// ADC range is `crossbar` (scaled) or `crossbar-fix`.
    fn programmed(
        &self,
        py: Python<'_>,
        values: Vec<Bound<'_, PyAny>>,
        arithmetic: &str,
    ) -> PyResult<PyProgrammed> {
        let mode = crate::options::mode(arithmetic)?;
        let values: PyResult<Vec<Tensor>> =
            values.iter().map(|value| arrays::tensor(value, || "the cells".to_owned())).collect();
        let values = values?;
        py.detach(|| {
            let compiled = self.inner.compiled(mode).map_err(|error| errors::interface(&error))?;
            let mut given = values.into_iter();
            let changed = compiled.with_conductances(|_| given.next().map(Tensor::into_data));
            Ok(PyProgrammed { network: changed.map_err(|error| errors::inference(&error))? })
        })
    }

    #[getter]
    fn network(&self) -> PyNetwork {
        let network = self.inner.candidate().network();
        PyNetwork::of(network.clone(), &network.name)
    }

    #[getter]
    fn hardware(&self) -> PyHardware {
        self.config.clone()
    }

    /// What outputs on crossbars are computed with.
    #[getter]
    fn crossbar(&self, py: Python<'_>) -> PyResult<Py<PyDict>> {
        let described = self.inner.crossbar().map_err(|error| errors::interface(&error))?;
        let CrossbarHardware { rows, cell_bits, dac_bits, adc_bits, .. } = described;
        let dict = PyDict::new(py);
        dict.set_item("rows", rows)?;
        dict.set_item("cell_bits", cell_bits)?;
        dict.set_item("dac_bits", dac_bits)?;
        dict.set_item("adc_bits", adc_bits)?;
        Ok(dict.unbind())
    }

    fn __repr__(&self) -> String {
        let layers = self.inner.candidate().network().layers.len();
        format!("<pimnas.Interface: {layers} layers on {}>", self.config.title())
    }
}

/// One dictionary of arrays a layer, as parameters named `<layer>.<name>`.
fn layer_parameters(list: &Bound<'_, PyAny>, network: &Network) -> PyResult<Parameters> {
    let layers = network.layers.len();
    let wrong = |message: String, hint: &str| -> PyErr {
        Fault::new(Kind::Network, "weights-wrong-type", message).hint(hint).into()
    };
    let hint = "give a list with a dictionary of tensors for each layer";
    let Ok(list) = list.cast::<PyList>() else {
        return Err(wrong(format!("the parameters are {}, no list", shown(list)), hint));
    };
    if list.len() != layers {
        let count = list.len();
        return Err(wrong(format!("parameters of {count} layers for {layers} layers"), hint));
    }
    let mut parameters = Parameters::new();
    for (layer, of_layer) in list.iter().enumerate() {
        let Ok(dict) = of_layer.cast::<PyDict>() else {
            let message = format!("the parameters of layer {layer} are {}", shown(&of_layer));
            return Err(wrong(message, hint));
        };
        for (name, value) in dict.iter() {
            let Ok(name) = name.cast::<PyString>() else {
                let message = format!("a parameter of layer {layer} is called {}", shown(&name));
                return Err(wrong(message, "name parameters by texts, such as `weight`"));
            };
            let name = format!("{layer}.{}", name.to_string_lossy());
            if value.is_none() {
                continue;
            }
            let norm = matches!(network.layers[layer].operation, LayerKind::BatchNorm { .. });
            if name.ends_with("bias") && !norm {
                let message = format!("layer {layer} has a bias, which crossbars do not hold");
                return Err(wrong(message, "fold it into a batch normalisation behind the layer"));
            }
            let tensor = arrays::tensor(&value, || name.clone())?;
            parameters.insert(name, tensor);
        }
    }
    Ok(parameters)
}
