//! Python values as JSON values and back.

use std::collections::HashMap;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value};

use crate::errors::{Fault, Kind};

/// How deep lists and dictionaries may be nested.
const DEPTH: usize = 32;

/// A Python value as JSON. Numbers of NumPy and PyTorch, tuples and sizes count as numbers and
/// lists; NaN is null.
pub fn from_python(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    read(value, &mut Texts::default(), DEPTH)
}

/// Texts that were converted already, by the object. The same few objects, keys above all, come
/// again in every layer, and the conversion, through an encoded copy, is a large part of reading one.
#[derive(Default)]
struct Texts<'py>(HashMap<usize, (Bound<'py, PyString>, String)>);

impl<'py> Texts<'py> {
    fn convert(&mut self, text: &Bound<'py, PyString>) -> String {
        // An object that is kept here keeps its address.
        let kept = self.0.entry(text.as_ptr().addr());
        kept.or_insert_with(|| (text.clone(), text.to_string_lossy().into_owned())).1.clone()
    }
}

fn read<'py>(value: &Bound<'py, PyAny>, texts: &mut Texts<'py>, depth: usize) -> PyResult<Value> {
    if depth == 0 {
        let message = "the layer list is nested too deeply";
        return Err(Fault::new(Kind::Network, "network-structure", message)
            .hint("give a list of dictionaries, one a layer")
            .into());
    }
    // What layer lists have most of comes first.
    if let Ok(text) = value.cast_exact::<PyString>() {
        return Ok(Value::String(texts.convert(text)));
    }
    if value.is_exact_instance_of::<PyBool>() {
        return Ok(Value::Bool(value.extract()?));
    }
    if value.is_exact_instance_of::<PyInt>() {
        return integer(value);
    }
    if value.is_exact_instance_of::<PyFloat>() {
        return float(value.extract()?);
    }
    if value.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(list) = value.cast::<PyList>() {
        return list.iter().map(|item| read(&item, texts, depth - 1)).collect();
    }
    if let Ok(tuple) = value.cast::<PyTuple>() {
        return tuple.iter().map(|item| read(&item, texts, depth - 1)).collect();
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        return object(dict, texts, depth);
    }
    other(value, texts, depth)
}

fn object<'py>(dict: &Bound<'py, PyDict>, texts: &mut Texts<'py>, depth: usize) -> PyResult<Value> {
    let mut object = Map::with_capacity(dict.len());
    for (key, item) in dict.iter() {
        let Ok(key) = key.cast::<PyString>() else {
            let message = format!("the key {} of a layer is not a text", shown(&key));
            return Err(Fault::new(Kind::Network, "network-structure", message)
                .hint("give dictionaries with texts as keys")
                .into());
        };
        object.insert(texts.convert(key), read(&item, texts, depth - 1)?);
    }
    Ok(Value::Object(object))
}

/// Numbers of other packages, and what has the values of a list.
fn other<'py>(value: &Bound<'py, PyAny>, texts: &mut Texts<'py>, depth: usize) -> PyResult<Value> {
    if value.is_instance_of::<PyString>() {
        return Ok(Value::String(value.str()?.to_string_lossy().into_owned()));
    }
    if value.is_instance_of::<PyFloat>() {
        return float(value.extract()?);
    }
    if value.is_instance_of::<PyInt>() {
        return integer(value);
    }
    for method in ["tolist", "keys"] {
        if value.hasattr(method)? {
            let plain = match method {
                "tolist" => value.call_method0("tolist")?,
                _ => value.py().get_type::<PyDict>().call1((value,))?,
            };
            if !plain.is(value) {
                return read(&plain, texts, depth - 1);
            }
        }
    }
    let message = format!("{} cannot be part of a layer list", shown(value));
    Err(Fault::new(Kind::Network, "network-wrong-type", message)
        .hint("give numbers, texts, lists and dictionaries")
        .into())
}

fn integer(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(number) = value.extract::<i64>() {
        return Ok(number.into());
    }
    float(value.extract()?)
}

fn float(value: f64) -> PyResult<Value> {
    if value.is_nan() {
        return Ok(Value::Null);
    }
    Number::from_f64(value).map(Value::Number).ok_or_else(|| {
        Fault::new(Kind::Network, "network-bad-value", "the layer list has an infinite figure")
            .hint("give a finite figure")
            .into()
    })
}

/// A value as messages show it: its type and, shortened, what it is.
pub fn shown(value: &Bound<'_, PyAny>) -> String {
    const LONGEST: usize = 40;
    let kind = value.get_type();
    let kind = kind.name().map_or_else(|_| "object".to_owned(), |name| name.to_string());
    let Ok(text) = value.repr() else { return format!("a {kind}") };
    let text = text.to_string_lossy().into_owned();
    let short: String = text.chars().take(LONGEST).filter(|c| !c.is_control()).collect();
    let more = if text.chars().count() > LONGEST { "…" } else { "" };
    format!("{short}{more} (a {kind})")
}

/// A JSON value as Python has it.
pub fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(flag) => PyBool::new(py, *flag).to_owned().into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => number.into_pyobject(py)?.into_any(),
            (None, Some(number), _) => number.into_pyobject(py)?.into_any(),
            (None, None, Some(number)) => PyFloat::new(py, number).into_any(),
            (None, None, None) => return Err(PyTypeError::new_err(number.to_string())),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(list) => {
            let items: PyResult<Vec<_>> = list.iter().map(|item| to_python(py, item)).collect();
            PyList::new(py, items?)?.into_any()
        }
        Value::Object(object) => {
            let dict = PyDict::new(py);
            for (key, item) in object {
                dict.set_item(key, to_python(py, item)?)?;
            }
            dict.into_any()
        }
    })
}
