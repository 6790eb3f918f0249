//! Search spaces: decisions, rollouts, candidates.

use std::path::PathBuf;
use std::sync::Arc;

use pimnas_search::rollout::GenotypeError;
use pimnas_search::{
    Candidate, Genotype, Problems, Purpose, Rejection, Rollout, Space, Streams, Value,
    WrittenSpace, spaces,
};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::errors::{Fault, Kind};
use crate::hardware::PyHardware;
use crate::html;
use crate::json::{from_python, shown, to_python};
use crate::network::PyNetwork;

/// A search space.
#[pyclass(frozen, name = "Space", module = "pimnas")]
#[derive(Clone)]
pub struct PySpace {
    pub(crate) space: Arc<WrittenSpace>,
    pub(crate) text: Arc<str>,
}

/// A rollout of a space.
#[pyclass(frozen, eq, hash, name = "Rollout", module = "pimnas")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PyRollout {
    pub(crate) genotype: Genotype,
}

impl std::hash::Hash for PyRollout {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.genotype.hash().hash(state);
    }
}

/// A decoded rollout.
#[pyclass(frozen, name = "Candidate", module = "pimnas")]
pub struct PyCandidate {
    candidate: Candidate,
    hardware: PyHardware,
    rollout: PyRollout,
}

fn bad_space(problems: &Problems) -> PyErr {
    let mut fault = Fault::new(Kind::Search, "space", problems);
    if let Some(first) = problems.iter().next() {
        if let Some(hint) = &first.hint {
            fault = fault.hint(hint);
        }
        if let Some(place) = &first.place {
            fault = fault.at(format!("line {}", place.line));
        }
    }
    fault.into()
}

fn bad_genotype(error: &GenotypeError) -> PyErr {
    let fault = Fault::new(Kind::Search, "genotype", error);
    match error.problems.first() {
        Some(first) => fault.hint(&first.hint).into(),
        None => fault.into(),
    }
}

fn rejected(rejection: &Rejection) -> PyErr {
    let fault = Fault::new(Kind::Search, "rejected", rejection);
    match rejection.reasons.iter().find_map(|reason| reason.hint.clone()) {
        Some(hint) => fault.hint(hint).into(),
        None => fault.into(),
    }
}

fn value<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Inactive => py.None().into_bound(py),
        Value::Int(number) => number.into_pyobject(py)?.into_any(),
        Value::Word(word) => PyString::new(py, word).into_any(),
    })
}

impl PySpace {
    pub(crate) fn of(text: &str) -> PyResult<Self> {
        let space = WrittenSpace::from_toml(text).map_err(|problems| bad_space(&problems))?;
        Ok(Self { space: Arc::new(space), text: text.into() })
    }

    /// A space as an argument: itself, or the name of one that comes with the package.
    pub(crate) fn given(given: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(space) = given.cast::<Self>() {
            return Ok(space.get().clone());
        }
        let Ok(name) = given.cast::<PyString>() else {
            let message = format!("{} is no space", shown(given));
            let fault = Fault::new(Kind::Search, "space", message);
            return Err(fault.hint("give a Space, or the name of one").into());
        };
        Self::new(Some(&name.to_string_lossy()))
    }

    /// One that comes with the package, or a file.
    pub(crate) fn named(name: &str) -> PyResult<Self> {
        if spaces::NAMES.contains(&name) || !std::path::Path::new(name).exists() {
            return Self::new(Some(name));
        }
        Self::from_file(name.into())
    }

    /// Its name.
    pub(crate) fn title(&self) -> &str {
        self.space.name()
    }

    pub(crate) fn genotype(&self, rollout: &Rollout) -> PyRollout {
        let genotype = Genotype::new(self.space.name(), self.space.decisions(), rollout);
        PyRollout { genotype }
    }

    /// The genotype of an argument: a rollout, JSON text, or a dictionary of decisions.
    pub(crate) fn read(&self, given: &Bound<'_, PyAny>) -> PyResult<Genotype> {
        if let Ok(rollout) = given.cast::<PyRollout>() {
            return Ok(rollout.get().genotype.clone());
        }
        if let Ok(text) = given.cast::<PyString>() {
            return text.to_string_lossy().parse().map_err(|error| bad_genotype(&error));
        }
        let json = from_python(given)?;
        let whole = json.get("genotype").is_some();
        let json = if whole {
            json
        } else {
            serde_json::json!({"genotype": 1, "space": self.space.name(), "decisions": json})
        };
        json.to_string().parse().map_err(|error| bad_genotype(&error))
    }
}

#[pymethods]
impl PySpace {
    /// Names of the spaces that come with the package.
    #[staticmethod]
    fn names() -> Vec<&'static str> {
        spaces::NAMES.to_vec()
    }

    #[new]
    #[pyo3(signature = (name=None))]
    fn new(name: Option<&str>) -> PyResult<Self> {
        let name = name.unwrap_or(spaces::NAMES[0]);
        let space = spaces::build(name).map_err(|problems| bad_space(&problems))?;
        let text = spaces::text(name).unwrap_or_default().into();
        Ok(Self { space: Arc::new(space), text })
    }

    #[staticmethod]
    fn from_toml(text: &str) -> PyResult<Self> {
        Self::of(text)
    }

    #[staticmethod]
    fn from_file(path: PathBuf) -> PyResult<Self> {
        let text = std::fs::read_to_string(&path).map_err(|error| {
            let message = format!("cannot read {}: {error}", path.display());
            let fault = Fault::new(Kind::Search, "space-unreadable", message);
            PyErr::from(fault.hint("give the path of a space in TOML"))
        })?;
        Self::of(&text)
    }

    #[getter]
    fn name(&self) -> &str {
        self.space.name()
    }

    #[getter]
    fn about(&self) -> &str {
        self.space.about()
    }

    fn to_toml(&self) -> &str {
        &self.text
    }

    /// One dictionary a decision: `path`, `choices`, `ordered`, `when`.
    #[getter]
    fn decisions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for decision in self.space.decisions().list() {
            let choices: PyResult<Vec<_>> =
                decision.choices.iter().map(|choice| value(py, choice)).collect();
            let dict = PyDict::new(py);
            dict.set_item("path", &decision.path)?;
            dict.set_item("choices", PyList::new(py, choices?)?)?;
            dict.set_item("ordered", decision.is_ordered())?;
            dict.set_item("when", decision.when.as_deref())?;
            list.append(dict)?;
        }
        Ok(list)
    }

    /// Number of distinct rollouts, exactly.
    fn size(&self, py: Python<'_>) -> PyResult<num_bigint::BigUint> {
        py.detach(|| self.space.decisions().size()).map_err(|error| {
            Fault::new(Kind::Search, "space-too-large", &error).hint(error.hint()).into()
        })
    }

    /// Number of assignments if all choices were free.
    fn raw_size(&self) -> num_bigint::BigUint {
        self.space.decisions().raw_size()
    }

    /// Draws rollouts; trial i of a seed is the same whatever the count.
    #[pyo3(signature = (count=1, *, seed=0, distinct=false))]
    fn sample(
        &self,
        py: Python<'_>,
        count: u64,
        seed: u64,
        distinct: bool,
    ) -> PyResult<Vec<PyRollout>> {
        let decisions = self.space.decisions();
        py.detach(|| {
            let mut drawn = Vec::new();
            for trial in 0..count {
                let mut stream = Streams::new(seed).stream(trial, Purpose::Sample);
                let rollout = if distinct {
                    decisions.sample_distinct(&mut stream)
                } else {
                    decisions.sample(&mut stream)
                };
                let rollout = rollout.map_err(|error| {
                    PyErr::from(Fault::new(Kind::Search, "sample", &error).hint(error.hint()))
                })?;
                drawn.push(self.genotype(&rollout));
                if trial % 256 == 255 {
                    crate::interrupt::check()?;
                }
            }
            Ok(drawn)
        })
    }

    /// The canonical rollout of decisions: a dictionary, or a genotype's JSON.
    fn rollout(&self, decisions: &Bound<'_, PyAny>) -> PyResult<PyRollout> {
        let genotype = self.read(decisions)?;
        let rollout = genotype.rollout(self.space.name(), self.space.decisions());
        Ok(self.genotype(&rollout.map_err(|error| bad_genotype(&error))?))
    }

    /// The network and the hardware of a rollout.
    #[pyo3(signature = (rollout, hardware=None))]
    pub(crate) fn decode(
        &self,
        rollout: &Bound<'_, PyAny>,
        hardware: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyCandidate> {
        let base = PyHardware::given(hardware)?;
        let genotype = self.read(rollout)?;
        let rollout = genotype.rollout(self.space.name(), self.space.decisions());
        let rollout = rollout.map_err(|error| bad_genotype(&error))?;
        let candidate = self.space.decode(&rollout).map_err(|error| rejected(&error))?;
        let applied = candidate.hardware.apply(&base.raw).map_err(|error| rejected(&error))?;
        let hardware =
            PyHardware { raw: Arc::new(applied.config), hardware: Arc::new(applied.hardware) };
        Ok(PyCandidate { candidate, hardware, rollout: self.genotype(&rollout) })
    }

    fn __repr__(&self) -> String {
        let count = self.space.decisions().list().len();
        format!("<pimnas.Space {}: {count} decisions>", self.space.name())
    }

    fn _repr_html_(&self) -> String {
        let decisions = self.space.decisions().list();
        let rows: Vec<Vec<String>> = decisions
            .iter()
            .map(|decision| {
                let choices: Vec<String> = decision.choices.iter().map(Value::to_string).collect();
                let when = decision.when.clone().unwrap_or_else(|| "always".to_owned());
                vec![decision.path.clone(), choices.join(", "), when]
            })
            .collect();
        html::table(self.space.name(), &["decision", "choices", "counts when"], &rows)
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        Ok((py.get_type::<Self>().getattr("from_toml")?, PyTuple::new(py, [&*self.text])?))
    }
}

impl PyRollout {
    /// What `to_json` wrote.
    pub(crate) fn of_json(text: &str) -> PyResult<Self> {
        let genotype = text.parse().map_err(|error| bad_genotype(&error))?;
        Ok(Self { genotype })
    }
}

#[pymethods]
impl PyRollout {
    /// The genotype: version, space and decisions.
    #[getter]
    fn genotype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &self.genotype.to_json_value())
    }

    /// Values of the active decisions by path.
    #[getter]
    pub(crate) fn decisions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (path, chosen) in self.genotype.values() {
            dict.set_item(path, value(py, chosen)?)?;
        }
        Ok(dict)
    }

    #[getter]
    fn space(&self) -> &str {
        self.genotype.space()
    }

    /// 32 hexadecimal digits, the same everywhere.
    #[getter]
    fn hash(&self) -> String {
        self.genotype.hash().to_string()
    }

    fn to_json(&self) -> String {
        self.genotype.to_json()
    }

    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        Self::of_json(text)
    }

    fn __getitem__<'py>(&self, py: Python<'py>, path: &str) -> PyResult<Bound<'py, PyAny>> {
        let found = self.genotype.values().iter().find(|(known, _)| known == path);
        found.map_or_else(
            || Err(PyKeyError::new_err(path.to_owned())),
            |(_, chosen)| value(py, chosen),
        )
    }

    fn __contains__(&self, path: &str) -> bool {
        self.genotype.values().iter().any(|(known, _)| known == path)
    }

    fn __len__(&self) -> usize {
        self.genotype.values().len()
    }

    fn __repr__(&self) -> String {
        let (space, hash) = (self.genotype.space(), self.hash());
        format!("<pimnas.Rollout {hash} of {space}: {} decisions>", self.__len__())
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        Ok((py.get_type::<Self>().getattr("from_json")?, PyTuple::new(py, [self.to_json()])?))
    }
}

impl PyCandidate {
    /// Its rollout.
    pub(crate) fn genotype(&self) -> &PyRollout {
        &self.rollout
    }

    /// Its hardware.
    pub(crate) fn realised(&self) -> PyHardware {
        self.hardware.clone()
    }
}

#[pymethods]
impl PyCandidate {
    #[getter]
    fn network(&self) -> PyNetwork {
        PyNetwork::of(self.candidate.network.clone(), &self.candidate.network.name)
    }

    #[getter]
    fn hardware(&self) -> PyHardware {
        self.hardware.clone()
    }

    #[getter]
    fn rollout(&self) -> PyRollout {
        self.rollout.clone()
    }

    /// For each layer that leaves out the first (0) or the last (1) row and column, which.
    #[getter]
    fn padding_flags(&self) -> Vec<Option<u8>> {
        self.candidate.padding_flags.iter().map(|flag| flag.map(|flag| flag.number())).collect()
    }

    fn __repr__(&self) -> String {
        let layers = self.candidate.network.layers.len();
        format!("<pimnas.Candidate {}: {layers} layers>", self.rollout.hash())
    }
}
