//! Simulations and their explanation.

use pimnas_explore::sensitivity::{knobs, sensitivity};
use pimnas_report::simulation::Subject;
use pimnas_report::{explanation, simulation_csv, simulation_json, simulation_table};
use pimnas_simulate::{SimReport, simulate as run};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use serde_json::Value;

use crate::errors;
use crate::hardware::PyHardware;
use crate::html;
use crate::json::to_python;
use crate::network::PyNetwork;
use crate::options::ModeArguments;

/// Results of a simulation.
#[pyclass(frozen, name = "SimReport", module = "pimnas")]
pub struct PySimReport {
    report: SimReport,
    subject: Subject,
}

fn unexpected(error: impl std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}

/// Simulates a network on a hardware.
#[pyfunction]
#[pyo3(name = "_simulate")]
pub fn simulate(
    network: &Bound<'_, PyAny>,
    hardware: Option<&Bound<'_, PyAny>>,
    mode: ModeArguments,
) -> PyResult<PySimReport> {
    let py = network.py();
    let (network, hardware) = (PyNetwork::given(network)?, PyHardware::given(hardware)?);
    let options = mode.options()?;
    let subject = Subject {
        network: network.title.clone(),
        hardware: hardware.title(),
        mode: mode.describe(),
    };
    let report = py.detach(|| run(&hardware.hardware, &network.network, &options));
    Ok(PySimReport { report: report.map_err(|error| errors::simulation(&error))?, subject })
}

#[pymethods]
impl PySimReport {
    #[getter]
    fn latency_ms(&self) -> f64 {
        self.report.metrics().latency_ms
    }

    #[getter]
    #[pyo3(name = "energy_mJ")]
    fn energy_mj(&self) -> f64 {
        self.report.metrics().energy_mj
    }

    #[getter]
    fn area_mm2(&self) -> f64 {
        self.report.metrics().area_mm2
    }

    #[getter]
    #[pyo3(name = "power_W")]
    fn power_w(&self) -> f64 {
        self.report.metrics().power_w
    }

    #[getter]
    #[pyo3(name = "throughput_TOPS")]
    fn tops(&self) -> f64 {
        self.report.tops()
    }

    #[getter]
    #[pyo3(name = "efficiency_TOPS_per_W")]
    fn tops_per_watt(&self) -> f64 {
        self.report.tops_per_watt()
    }

    #[getter]
    fn tiles(&self) -> u64 {
        self.report.mapping.used_tiles
    }

    /// Everything, under the keys of the command's JSON.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &simulation_json(&self.report).map_err(unexpected)?)
    }

    fn to_json(&self) -> PyResult<String> {
        let json = simulation_json(&self.report).map_err(unexpected)?;
        serde_json::to_string(&json).map_err(unexpected)
    }

    fn to_csv(&self) -> PyResult<String> {
        simulation_csv(&self.report).map_err(unexpected)
    }

    /// One dictionary a layer.
    #[getter]
    fn layers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = rows_of_csv(py, &self.to_csv()?)?;
        // The last is the total.
        Ok(rows.get_slice(0, rows.len().saturating_sub(1)))
    }

    /// One row a layer.
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        frame(self.layers(py)?.into_any())
    }

    fn __str__(&self) -> String {
        simulation_table(&self.report, &self.subject)
    }

    fn __repr__(&self) -> String {
        let metrics = self.report.metrics();
        format!(
            "<pimnas.SimReport {} on {}: {:.4} ms, {:.4} mJ, {:.3} mm², {:.3} W>",
            self.subject.network,
            self.subject.hardware,
            metrics.latency_ms,
            metrics.energy_mj,
            metrics.area_mm2,
            metrics.power_w
        )
    }

    fn _repr_html_(&self) -> String {
        let metrics = self.report.metrics();
        let rows = [
            ("latency", metrics.latency_ms, "ms"),
            ("energy", metrics.energy_mj, "mJ"),
            ("area", metrics.area_mm2, "mm²"),
            ("power", metrics.power_w, "W"),
        ];
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|(name, value, unit)| vec![(*name).into(), format!("{value:.6}"), (*unit).into()])
            .collect();
        let Subject { network, hardware, mode } = &self.subject;
        html::table(&format!("{network} on {hardware}, {mode}"), &["", "", ""], &rows)
    }
}

/// A data frame.
pub fn frame(rows: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    rows.py().import("pandas")?.call_method1("DataFrame", (rows,))
}

/// The rows of a CSV as dictionaries, numbers as numbers. The texts of reports hold no quotes.
fn rows_of_csv<'py>(py: Python<'py>, csv: &str) -> PyResult<Bound<'py, PyList>> {
    let mut lines = csv.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let rows = PyList::empty(py);
    for line in lines {
        let row = PyDict::new(py);
        for (key, text) in head.iter().zip(line.split(',')) {
            let value = serde_json::from_str(text).unwrap_or_else(|_| match text {
                "" => Value::Null,
                text => Value::from(text),
            });
            row.set_item(key, to_python(py, &value)?)?;
        }
        rows.append(row)?;
    }
    Ok(rows)
}

/// Why a network costs what it costs.
#[pyclass(frozen, name = "Explanation", module = "pimnas")]
pub struct PyExplanation {
    text: String,
    effects: Vec<pimnas_explore::Effect>,
    base: pimnas_simulate::Metrics,
}

/// Explains what a network costs.
#[pyfunction]
#[pyo3(name = "_explain")]
pub fn explain(
    network: &Bound<'_, PyAny>,
    hardware: Option<&Bound<'_, PyAny>>,
    mode: ModeArguments,
) -> PyResult<PyExplanation> {
    let py = network.py();
    let (network, hardware) = (PyNetwork::given(network)?, PyHardware::given(hardware)?);
    let options = mode.options()?;
    let head = format!("{} on {}, {}\n\n", network.title, hardware.title(), mode.describe());
    py.detach(|| {
        let report = run(&hardware.hardware, &network.network, &options)
            .map_err(|error| errors::simulation(&error))?;
        let effects = sensitivity(&hardware.raw, &knobs(), (&network.network, &options));
        let text = head + &explanation(&report, &effects);
        Ok(PyExplanation { text, effects, base: report.metrics() })
    })
}

#[pymethods]
impl PyExplanation {
    /// One dictionary a knob that was turned: its key and value, and the figures with it.
    #[getter]
    fn effects<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = PyList::empty(py);
        for effect in &self.effects {
            let row = PyDict::new(py);
            row.set_item("knob", effect.knob)?;
            let set = PyDict::new(py);
            for setting in &effect.settings {
                set.set_item(&setting.key, &setting.value)?;
            }
            row.set_item("settings", set)?;
            match &effect.result {
                Ok(metrics) => {
                    row.set_item(
                        "latency_change",
                        metrics.latency_ms / self.base.latency_ms - 1.0,
                    )?;
                    row.set_item("energy_change", metrics.energy_mj / self.base.energy_mj - 1.0)?;
                    row.set_item("area_change", metrics.area_mm2 / self.base.area_mm2 - 1.0)?;
                    row.set_item("power_change", metrics.power_w / self.base.power_w - 1.0)?;
                }
                Err(reason) => row.set_item("error", reason)?,
            }
            rows.append(row)?;
        }
        Ok(rows)
    }

    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        frame(self.effects(py)?.into_any())
    }

    fn __str__(&self) -> &str {
        &self.text
    }

    fn __repr__(&self) -> &str {
        &self.text
    }

    fn _repr_html_(&self) -> String {
        format!("<pre>{}</pre>", html::escaped(&self.text))
    }
}
