//! Grids and lists of hardware points.

use pimnas_explore::{Points, Row, Task, sweep as run};
use pimnas_network::Network;
use pimnas_report::sweep::{csv_head, csv_row, json_row};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::errors::{self, Fault, Kind};
use crate::hardware::{PyHardware, setting};
use crate::interrupt;
use crate::json::to_python;
use crate::network::PyNetwork;
use crate::options::ModeArguments;
use crate::report::frame;

/// Points between two looks for signals.
const CHUNK: usize = 256;

/// Rows of a sweep.
#[pyclass(frozen, name = "Sweep", module = "pimnas")]
pub struct PySweep {
    keys: Vec<String>,
    networks: Vec<String>,
    rows: Vec<Row>,
}

/// Evaluates networks on hardware points.
#[pyfunction]
#[pyo3(name = "_sweep")]
pub fn sweep(
    py: Python<'_>,
    networks: Vec<Bound<'_, PyAny>>,
    hardware: Option<&Bound<'_, PyAny>>,
    axes: Option<&Bound<'_, PyDict>>,
    points: Option<Vec<Bound<'_, PyDict>>>,
    mode: ModeArguments,
) -> PyResult<PySweep> {
    let networks: PyResult<Vec<PyNetwork>> = networks.iter().map(PyNetwork::given).collect();
    let networks = networks?;
    let base = PyHardware::given(hardware)?;
    let options = mode.options()?;
    let points = match (axes, points) {
        (None, Some(points)) => list(&points)?,
        (axes, None) => grid(axes)?,
        (Some(_), Some(_)) => {
            let fault = Fault::new(Kind::Config, "sweep-points", "both axes and points are given");
            return Err(fault.hint("give one of them").into());
        }
    };
    check_keys(&points, &base)?;
    let plain: Vec<Network> = networks.iter().map(|given| (*given.network).clone()).collect();
    let rows = py.detach(|| {
        let task = Task { base: &base.raw, networks: &plain, points: &points, options: &options };
        let mut rows = Vec::with_capacity(task.len());
        for start in (0..task.len()).step_by(CHUNK) {
            rows.extend(run(task, start..(start + CHUNK).min(task.len()), |_| {}));
            interrupt::check()?;
        }
        PyResult::Ok(rows)
    })?;
    let networks = networks.into_iter().map(|given| given.title).collect();
    Ok(PySweep { keys: points.keys().to_vec(), networks, rows })
}

/// A key that does not exist is wrong for every point.
fn check_keys(points: &Points, base: &PyHardware) -> PyResult<()> {
    if points.is_empty() {
        let fault = Fault::new(Kind::Config, "sweep-points", "there is no point to evaluate");
        return Err(fault.hint("add a point or an axis").into());
    }
    let mut config = (*base.raw).clone();
    for setting in points.get(0) {
        config.set(&setting.key, &setting.value).map_err(|error| errors::config(&error))?;
    }
    Ok(())
}

fn grid(axes: Option<&Bound<'_, PyDict>>) -> PyResult<Points> {
    let mut written = Vec::new();
    for (key, values) in axes.into_iter().flatten() {
        let key: String = key.extract()?;
        let values: PyResult<Vec<String>> =
            values.try_iter()?.map(|value| setting(&value?)).collect();
        written.push(format!("{key}={}", values?.join(";")));
    }
    Points::grid(&written).map_err(|error| wrong(&error))
}

fn list(points: &[Bound<'_, PyDict>]) -> PyResult<Points> {
    let mut keys: Vec<String> = Vec::new();
    let mut rows = Vec::with_capacity(points.len());
    for (index, point) in points.iter().enumerate() {
        let settings = crate::hardware::settings(point)?;
        if index == 0 {
            keys = settings.iter().map(|(key, _)| key.clone()).collect();
        }
        let values = keys.iter().filter_map(|key| {
            settings.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
        });
        let values: Vec<String> = values.collect();
        if values.len() != settings.len() {
            let message = format!("point {index} sets other keys than the first");
            let fault = Fault::new(Kind::Config, "sweep-points", message);
            return Err(fault.hint("give each point the same keys").into());
        }
        rows.push(values);
    }
    Points::list(keys, rows).map_err(|error| wrong(&error))
}

fn wrong(error: &pimnas_explore::PointError) -> PyErr {
    Fault::new(Kind::Config, "sweep-points", error).hint(error.hint()).into()
}

#[pymethods]
impl PySweep {
    /// One dictionary a row: the network, each key's value, and the figures or `error`.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = PyList::empty(py);
        for row in &self.rows {
            let json = json_row(row, &self.networks[row.network]);
            let dict = PyDict::new(py);
            for (key, value) in json.as_object().into_iter().flatten() {
                match value.as_object() {
                    Some(settings) => {
                        for (key, value) in settings {
                            dict.set_item(key, to_python(py, value)?)?;
                        }
                    }
                    None => dict.set_item(key, to_python(py, value)?)?,
                }
            }
            rows.append(dict)?;
        }
        Ok(rows)
    }

    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        frame(self.rows(py)?.into_any())
    }

    fn __len__(&self) -> usize {
        self.rows.len()
    }

    fn __repr__(&self) -> String {
        let failed = self.rows.iter().filter(|row| row.result.is_err()).count();
        let (rows, keys) = (self.rows.len(), self.keys.join(", "));
        format!("<pimnas.Sweep of {rows} points over {keys}, {failed} of them not possible>")
    }

    fn _repr_html_(&self) -> String {
        let head = csv_head(&self.keys);
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let rows: Vec<Vec<String>> =
            self.rows.iter().map(|row| csv_row(row, &self.networks[row.network])).collect();
        crate::html::table(&self.__repr__(), &head, &rows)
    }
}
