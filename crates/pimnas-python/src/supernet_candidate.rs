//! Candidates of a super net: networks with weights and scales.

use std::fs;
use std::path::PathBuf;

use numpy::PyArrayDyn;
use pimnas_supernet::{JudgedCandidate, SupernetError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::arrays;
use crate::hardware::PyHardware;
use crate::json::to_python;
use crate::network::PyNetwork;
use crate::space::PyRollout;
use crate::supernet_data::{failed, unwritable};

/// A calibrated candidate of a super net on its hardware.
#[pyclass(frozen, name = "SuperNetCandidate", module = "pimnas")]
pub struct PySuperNetCandidate {
    pub judged: JudgedCandidate,
    pub hardware: PyHardware,
    pub rollout: PyRollout,
}

#[pymethods]
impl PySuperNetCandidate {
    /// The network with scales and weights.
    #[getter]
    fn network(&self) -> PyNetwork {
        let net = self.judged.net();
        PyNetwork::with_parameters(net.network().clone(), net.parameters().clone())
    }

    #[getter]
    fn hardware(&self) -> PyHardware {
        self.hardware.clone()
    }

    #[getter]
    fn rollout(&self) -> PyRollout {
        self.rollout.clone()
    }

    /// The layers with their scales, as the published interface reads them.
    #[pyo3(signature = (preserve_scale_flag=false))]
    fn get_mnsim_cfg<'py>(
        &self,
        py: Python<'py>,
        preserve_scale_flag: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = preserve_scale_flag;
        let list = self.judged.assembled().mnsim_cfg().map_err(|error| failed(&error))?;
        to_python(py, &list)
    }

    /// An object with the parameters of each layer as `_param_list`.
    #[getter]
    fn weights_manager<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let net = self.judged.net();
        let layers: Vec<Bound<'py, PyDict>> =
            net.network().layers.iter().map(|_| PyDict::new(py)).collect();
        for name in net.parameters().names() {
            let Some((layer, key)) = name.split_once('.') else { continue };
            let layer = layer.parse().ok().and_then(|layer: usize| layers.get(layer));
            let (Some(layer), Some(tensor)) = (layer, net.parameters().get(name)) else { continue };
            let array: Bound<'py, PyArrayDyn<f32>> = arrays::array(py, tensor.clone())?;
            layer.set_item(key, array)?;
        }
        let manager = PyDict::new(py);
        manager.set_item("_param_list", PyList::new(py, layers)?)?;
        py.import("types")?.getattr("SimpleNamespace")?.call((), Some(&manager))
    }

    /// Writes the files that `pimnas candidate` reads.
    fn save(&self, folder: PathBuf) -> PyResult<()> {
        let assembled = self.judged.assembled();
        let (network, tensors) = assembled.graph_and_parameters().map_err(|e| failed(&e))?;
        let weights = tensors.to_safetensors().map_err(|error| {
            let error = SupernetError::Checkpoint { why: error.to_string() };
            failed(&error)
        })?;
        let list = match assembled.mnsim_cfg() {
            Ok(list) => Some(list.to_string()),
            // Such a network has no form in that list.
            Err(SupernetError::Form { .. }) => None,
            Err(error) => return Err(failed(&error)),
        };
        let mut files = vec![
            ("network.json", network.to_layer_list_json().into_bytes()),
            ("params.safetensors", weights),
            ("SimConfig.ini", self.hardware.ini().into_bytes()),
        ];
        files.extend(list.map(|list| ("mnsim_cfg.json", list.into_bytes())));
        fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
        for (name, bytes) in files {
            let path = folder.join(name);
            fs::write(&path, bytes).map_err(|error| unwritable(&path, &error))?;
        }
        Ok(())
    }

    fn __repr__(&self) -> String {
        let layers = self.judged.net().network().layers.len();
        format!("<pimnas.SuperNetCandidate {}: {layers} layers>", self.rollout.genotype.hash())
    }
}
