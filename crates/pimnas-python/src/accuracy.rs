//! Accuracy on crossbars, stage by stage.

use std::ops::ControlFlow;

use pimnas_device::{
    CellBits, DeviceError, DeviceQuirks, Draw, Drift, NonIdealities, OnOffRatio, ReadNoise, Seed,
    StuckAt, Variation, VariationLaw,
};
use pimnas_infer::accuracy::{Interval, Summary};
use pimnas_infer::{AdcRange, CalibrationRules, Percentile, RangeRule};
use pimnas_interface::{Calibration, EffectStages, Model, Study};
use pimnas_network::Network;
use pimnas_report::accuracy::{
    AccuracyReport, AccuracySubject, NamedStage, accuracy_csv, accuracy_json, accuracy_table,
};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::errors::{self, Fault, Kind};
use crate::hardware::PyHardware;
use crate::json::to_python;
use crate::network::PyNetwork;
use crate::options::fidelity;
use crate::report::frame;
use crate::{arrays, html, interrupt};

/// How cells depart from their ideals, over what the hardware description states.
#[derive(Clone, Debug, FromPyObject)]
pub struct Effects {
    #[pyo3(item)]
    variation: Option<(f64, String)>,
    #[pyo3(item)]
    stuck: Option<(f64, f64)>,
    #[pyo3(item)]
    on_off: Option<f64>,
    #[pyo3(item)]
    read_noise: Option<f64>,
    #[pyo3(item)]
    drift: Option<(f64, f64, f64)>,
    /// Whether what the description states is left out.
    #[pyo3(item)]
    ideal: bool,
}

/// Time of the start of a drift, s (docs/NONIDEALITIES.md).
const DRIFT_START: f64 = 20.0;

impl Effects {
    fn read(&self, hardware: &PyHardware, name: &str) -> PyResult<NonIdealities> {
        let failed = |error: &DeviceError| -> PyErr {
            Fault::new(Kind::Config, "device", error).hint(error.hint()).into()
        };
        let hardware = &hardware.hardware;
        let quirks = DeviceQuirks::from(fidelity(name)?);
        let mut effects = match self.ideal {
            true => NonIdealities::default(),
            false => NonIdealities::from_hardware(hardware, quirks).map_err(|e| failed(&e))?,
        };
        let bits = CellBits(hardware.device.bits_per_cell());
        if let Some((percent, name)) = &self.variation {
            effects.variation = Some(Variation::percent(law(name)?, *percent));
        }
        if let Some((high, low)) = self.stuck {
            effects.stuck = Some(StuckAt::percent(high, low));
        }
        if let Some(ratio) = self.on_off {
            effects.on_off = Some(OnOffRatio::linear(ratio, bits).map_err(|e| failed(&e))?);
        }
        if let Some(percent) = self.read_noise {
            effects.read_noise = Some(ReadNoise { relative: percent / 100.0 });
        }
        if let Some((seconds, exponent, deviation)) = self.drift {
            let drift = Drift { exponent, deviation, seconds, reference_seconds: DRIFT_START };
            effects.drift = Some(drift);
        }
        effects.prepare(bits).map_err(|error| failed(&error))?;
        Ok(effects)
    }
}

fn law(name: &str) -> PyResult<VariationLaw> {
    match name {
        "resistance" => Ok(VariationLaw::GaussianResistance),
        "conductance" => Ok(VariationLaw::GaussianConductance),
        "lognormal" => Ok(VariationLaw::LogNormal),
        other => Err(Fault::new(Kind::Config, "device", format!("there is no law `{other}`"))
            .hint("give `resistance`, `conductance` or `lognormal`")
            .into()),
    }
}

/// How a study is done.
#[derive(Clone, Debug, FromPyObject)]
pub struct StudyArguments {
    #[pyo3(item)]
    adc: String,
    #[pyo3(item)]
    fidelity: String,
    #[pyo3(item)]
    draws: u32,
    #[pyo3(item)]
    seed: u64,
    #[pyo3(item)]
    calibrate: Option<String>,
    #[pyo3(item)]
    percentile: f64,
    #[pyo3(item)]
    calibration_images: usize,
    #[pyo3(item)]
    effects: Effects,
}

impl StudyArguments {
    fn adc(&self) -> PyResult<(AdcRange, &'static str)> {
        match self.adc.as_str() {
            "scale" => Ok((AdcRange::Scale, "scale")),
            "fix" => Ok((AdcRange::Fix, "fix")),
            other => Err(Fault::new(Kind::Config, "adc", format!("no ADC range `{other}`"))
                .hint("give `scale` or `fix`")
                .into()),
        }
    }

    fn calibration(&self) -> PyResult<Calibration> {
        let wrong = |message: String, hint: &str| -> PyErr {
            Fault::new(Kind::Network, "calibration", message).hint(hint).into()
        };
        let rule = match self.calibrate.as_deref() {
            None => None,
            Some("max") => Some(RangeRule::Max),
            Some("three-deviations") => Some(RangeRule::ThreeDeviations),
            Some("percentile") => {
                let percentile = Percentile::new(self.percentile);
                let hint = "give a percentile such as 99.9";
                Some(RangeRule::Percentile(percentile.map_err(|e| wrong(e.to_string(), hint))?))
            }
            Some(other) => {
                let hint = "give `max`, `percentile` or `three-deviations`";
                return Err(wrong(format!("there is no rule `{other}`"), hint));
            }
        };
        let rules = rule.map(|rule| CalibrationRules { activations: rule, weights: rule });
        Ok(Calibration { rules, inputs: self.calibration_images })
    }
}

/// Accuracy of a network on a hardware.
#[pyclass(frozen, name = "AccuracyReport", module = "pimnas")]
pub struct PyAccuracyReport {
    network: Network,
    subject: AccuracySubject,
    stages: Vec<NamedStage>,
}

/// Studies the accuracy of a network with weights over labelled images.
#[pyfunction]
#[pyo3(name = "_accuracy")]
pub fn accuracy(
    network: &Bound<'_, PyAny>,
    images: &Bound<'_, PyAny>,
    labels: Vec<u32>,
    hardware: Option<&Bound<'_, PyAny>>,
    arguments: StudyArguments,
) -> PyResult<PyAccuracyReport> {
    let py = network.py();
    let (network, hardware) = (PyNetwork::given(network)?, PyHardware::given(hardware)?);
    let Some(parameters) = network.parameters.clone() else {
        let message = format!("the network {} has no weights", network.title);
        let fault = Fault::new(Kind::Network, "weights-missing", message);
        return Err(fault.hint("add them by Network.with_weights").into());
    };
    let images = arrays::tensor(images, || "the images".to_owned())?;
    let subject = AccuracySubject {
        network: network.title.clone(),
        hardware: hardware.title(),
        dataset: format!("{} images", labels.len()),
        adc: arguments.adc()?.1,
        fidelity: arguments.fidelity.clone(),
        seed: arguments.seed,
    };
    let study = Study {
        adc: arguments.adc()?.0,
        effects: arguments.effects.read(&hardware, &arguments.fidelity)?,
        stages: EffectStages::EachAndAll,
        draws: Draw(arguments.draws.max(1)),
        seed: Seed(arguments.seed),
        calibration: arguments.calibration()?,
        samples: None,
    };
    let chosen = (&*hardware.hardware, fidelity(&arguments.fidelity)?.into());
    let model = Model::new(network.network.clone(), parameters, chosen);
    let model = model.map_err(|error| errors::interface(&error))?;
    let stages = py.detach(|| {
        let mut stopped = None;
        let stages = study.run(&model, (&images, &labels), &mut |_, _| match interrupt::check() {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                stopped = Some(error);
                ControlFlow::Break(())
            }
        });
        match stopped {
            Some(error) => Err(error),
            None => stages.map_err(|error| errors::interface(&error)),
        }
    })?;
    let stages = stages.into_iter().map(|(name, result)| NamedStage { name, result }).collect();
    Ok(PyAccuracyReport { network: (*network.network).clone(), subject, stages })
}

impl PyAccuracyReport {
    fn report(&self) -> AccuracyReport<'_> {
        let (subject, stages) = (self.subject.clone(), self.stages.clone());
        AccuracyReport { network: &self.network, subject, stages, device: None }
    }
}

#[pymethods]
impl PyAccuracyReport {
    /// Mean accuracy of each stage, 0 to 1.
    #[getter]
    fn accuracy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for stage in &self.stages {
            dict.set_item(&stage.name, stage.result.summary().map(|summary| summary.mean))?;
        }
        Ok(dict)
    }

    /// One dictionary a stage.
    #[getter]
    fn stages<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = PyList::empty(py);
        for stage in &self.stages {
            let Some(summary) = stage.result.summary() else { continue };
            let Summary { draws, mean, deviation, worst, interval } = summary;
            let row = PyDict::new(py);
            row.set_item("stage", &stage.name)?;
            row.set_item("draws", draws)?;
            row.set_item("accuracy", mean)?;
            row.set_item("deviation", deviation)?;
            row.set_item("worst", worst)?;
            let ends = |interval: Option<Interval>| interval.map(|i| (i.low, i.high));
            row.set_item("interval", ends(interval))?;
            row.set_item("interval_by_images", ends(stage.result.sampling()))?;
            rows.append(row)?;
        }
        Ok(rows)
    }

    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &accuracy_json(&self.report()))
    }

    fn to_csv(&self) -> PyResult<String> {
        accuracy_csv(&self.report()).map_err(|error| PyRuntimeError::new_err(error.to_string()))
    }

    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        frame(self.stages(py)?.into_any())
    }

    fn __str__(&self) -> String {
        accuracy_table(&self.report())
    }

    fn __repr__(&self) -> String {
        let parts: Vec<String> = self
            .stages
            .iter()
            .filter_map(|stage| {
                let mean = stage.result.summary()?.mean;
                Some(format!("{} {:.2} %", stage.name, 100.0 * mean))
            })
            .collect();
        format!("<pimnas.AccuracyReport {}: {}>", self.subject.network, parts.join(", "))
    }

    fn _repr_html_(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .stages
            .iter()
            .filter_map(|stage| {
                let Summary { draws, mean, worst, .. } = stage.result.summary()?;
                let percent = |share: f64| format!("{:.2}", 100.0 * share);
                Some(vec![stage.name.clone(), draws.to_string(), percent(mean), percent(worst)])
            })
            .collect();
        let caption = format!("{} on {}", self.subject.network, self.subject.hardware);
        html::table(&caption, &["stage", "draws", "accuracy %", "worst %"], &rows)
    }
}
