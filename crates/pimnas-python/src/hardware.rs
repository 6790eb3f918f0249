//! Hardware descriptions.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use pimnas_config::{Format, Hardware, HardwarePoint, RawConfig, resolve};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use crate::errors::{self, Fault, Kind};
use crate::json::shown;

/// A hardware description, and what it means.
#[pyclass(frozen, eq, name = "Hardware", module = "pimnas")]
#[derive(Clone, Debug, PartialEq)]
pub struct PyHardware {
    /// As written.
    pub raw: Arc<RawConfig>,
    /// As meant.
    pub hardware: Arc<Hardware>,
}

/// A file that was read: its bytes, and what they mean. A search reads the same few points again
/// and again.
struct Known {
    name: String,
    bytes: Vec<u8>,
    meaning: PyHardware,
}

/// The files that were read last, the newest at the end.
static KNOWN: Mutex<VecDeque<Known>> = Mutex::new(VecDeque::new());
/// How many are kept.
const KEPT: usize = 8;

impl PyHardware {
    fn of(raw: RawConfig) -> PyResult<Self> {
        let hardware = resolve(&raw).map_err(|problems| errors::config(&problems))?;
        Ok(Self { raw: Arc::new(raw), hardware: Arc::new(hardware) })
    }

    /// The text of a SimConfig.ini.
    pub fn of_ini(text: &str) -> PyResult<Self> {
        let raw = RawConfig::from_bytes(text.as_bytes(), Format::Ini);
        Self::of(raw.map_err(|problems| errors::config(&problems))?)
    }

    /// As such a text.
    pub fn ini(&self) -> String {
        self.raw.to_ini()
    }

    /// Reads a file; its name tells the format.
    pub fn read(path: &PathBuf) -> PyResult<Self> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            let message = format!("cannot read the hardware description {name}: {error}");
            let hint = "give the path of a SimConfig.ini or a TOML file";
            PyErr::from(Fault::new(Kind::Config, "config-unreadable", message).hint(hint).at(&name))
        })?;
        if let Some(meaning) = Self::known(&name, &bytes) {
            return Ok(meaning);
        }
        let raw = RawConfig::from_bytes(&bytes, Format::of_name(&name))
            .map_err(|problems| errors::config(&problems.with_source_name(&name)))?;
        let meaning = Self::of(raw.with_source_name(&name))?;
        if let Ok(mut known) = KNOWN.lock() {
            if known.len() == KEPT {
                known.pop_front();
            }
            known.push_back(Known { name, bytes, meaning: meaning.clone() });
        }
        Ok(meaning)
    }

    /// What the same bytes under the same name meant before.
    fn known(name: &str, bytes: &[u8]) -> Option<Self> {
        let known = KNOWN.lock().ok()?;
        let same = known.iter().rev().find(|known| known.name == name && known.bytes == bytes)?;
        Some(same.meaning.clone())
    }

    /// That of an argument: a `Hardware`, a path, or nothing for the default.
    pub fn given(value: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let Some(value) = value.filter(|value| !value.is_none()) else {
            return Self::of(RawConfig::reference_default());
        };
        if let Ok(hardware) = value.cast::<Self>() {
            return Ok(hardware.get().clone());
        }
        match value.extract::<PathBuf>() {
            Ok(path) => Self::read(&path),
            Err(_) => {
                let message = format!("{} is no hardware description", shown(value));
                Err(Fault::new(Kind::Config, "config-wrong-type", message)
                    .hint("give the path of a SimConfig.ini, or a pimnas.Hardware")
                    .into())
            }
        }
    }

    /// What to call it.
    pub fn title(&self) -> String {
        self.raw.source_name().map_or_else(|| "the default hardware".to_owned(), str::to_owned)
    }
}

/// Settings as texts: `{"Crossbar level/Xbar_Size": (128, 128)}`.
pub fn settings(given: &Bound<'_, PyDict>) -> PyResult<Vec<(String, String)>> {
    given.iter().map(|(key, value)| Ok((key.extract()?, setting(&value)?))).collect()
}

/// A value as a file would have it.
pub fn setting(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = value.extract::<String>() {
        return Ok(text);
    }
    if let Ok(items) = value.try_iter() {
        let parts: PyResult<Vec<String>> = items.map(|item| Ok(item?.str()?.to_string())).collect();
        return Ok(parts?.join(","));
    }
    Ok(value.str()?.to_string())
}

#[pymethods]
impl PyHardware {
    /// The default description with these settings.
    #[new]
    #[pyo3(signature = (settings=None))]
    fn new(settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Self::of(RawConfig::reference_default())?.with_settings(settings)
    }

    #[staticmethod]
    #[pyo3(signature = (path, settings=None))]
    fn from_file(path: PathBuf, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Self::read(&path)?.with_settings(settings)
    }

    #[staticmethod]
    #[pyo3(signature = (text, format="ini"))]
    fn from_text(text: &str, format: &str) -> PyResult<Self> {
        let format = match format {
            "ini" => Format::Ini,
            "toml" => Format::Toml,
            _ => {
                let message = format!("there is no format `{format}`");
                let fault = Fault::new(Kind::Config, "config-format", message);
                return Err(fault.hint("give `ini` or `toml`").into());
            }
        };
        let raw = RawConfig::from_bytes(text.as_bytes(), format);
        Self::of(raw.map_err(|problems| errors::config(&problems))?)
    }

    #[pyo3(signature = (settings=None))]
    fn with_settings(&self, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut raw = (*self.raw).clone();
        for (key, value) in settings.map_or_else(|| Ok(Vec::new()), self::settings)? {
            raw.set(&key, &value).map_err(|problems| errors::config(&problems))?;
        }
        Self::of(raw)
    }

    #[pyo3(signature = (*, xbar_size, dac_choice, adc_choice, cell_bit))]
    fn with_point(
        &self,
        xbar_size: u32,
        dac_choice: u8,
        adc_choice: u8,
        cell_bit: u8,
    ) -> PyResult<Self> {
        let point = HardwarePoint { xbar_size, dac_choice, adc_choice, cell_bit };
        Self::of(point.apply(&self.raw).map_err(|problems| errors::config(&problems))?)
    }

    fn get(&self, key: &str) -> PyResult<Option<String>> {
        let Some((section, name)) = key.split_once('/') else {
            let message = format!("`{key}` is no key");
            let fault = Fault::new(Kind::Config, "config-unknown-key", message);
            return Err(fault.hint("write it as `Section/Key`").into());
        };
        Ok(self.raw.get(section, name).map(str::to_owned))
    }

    fn to_ini(&self) -> String {
        self.raw.to_ini()
    }

    fn to_toml(&self) -> String {
        self.raw.to_toml()
    }

    #[getter]
    fn source(&self) -> Option<&str> {
        self.raw.source_name()
    }

    #[getter]
    fn crossbar_size(&self) -> (u32, u32) {
        (self.hardware.crossbar.rows, self.hardware.crossbar.columns)
    }

    #[getter]
    fn cell_bits(&self) -> u32 {
        self.hardware.device.bits_per_cell()
    }

    #[getter]
    fn pe_grid(&self) -> (u32, u32) {
        self.hardware.tile.pe_grid
    }

    fn __repr__(&self) -> String {
        let (rows, columns) = self.crossbar_size();
        let bits = self.cell_bits();
        format!(
            "<pimnas.Hardware: {}, crossbars {rows}×{columns}, {bits} bit a cell>",
            self.title()
        )
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let class: Bound<'py, PyType> = py.get_type::<Self>();
        Ok((class.getattr("from_text")?, PyTuple::new(py, [self.raw.to_ini()])?))
    }
}
