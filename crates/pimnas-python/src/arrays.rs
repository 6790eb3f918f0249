//! Arrays of NumPy and PyTorch as tensors and back.

use numpy::{Element, PyArray1, PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pimnas_infer::Tensor;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::{self, Fault, Kind};
use crate::json::shown;

/// An array of numbers as a tensor. `what` names it in messages. Tensors of PyTorch come from
/// wherever they are.
pub fn tensor(value: &Bound<'_, PyAny>, what: impl Fn() -> String) -> PyResult<Tensor> {
    if let Some(tensor) = numbers(value)? {
        return Ok(tensor);
    }
    let read = || -> PyResult<Option<Tensor>> {
        let value = match value.hasattr(intern!(value.py(), "detach"))? {
            true => from_torch(value)?,
            false => value.clone(),
        };
        match numbers(&value)? {
            Some(tensor) => Ok(Some(tensor)),
            None => numbers(&plain(&value)?),
        }
    };
    match read() {
        Ok(Some(tensor)) => Ok(tensor),
        Ok(None) => {
            Err(Fault::new(Kind::Network, "tensor-type", format!("{} is no array", what()))
                .hint("give an array of numbers")
                .into())
        }
        Err(error) => Err(refused(value, &what(), &error)),
    }
}

/// The values of an array of the usual types, row by row; `None` of anything else.
fn numbers(value: &Bound<'_, PyAny>) -> PyResult<Option<Tensor>> {
    if value.cast::<PyUntypedArray>().is_err() {
        return Ok(None);
    }
    if let Ok(array) = value.cast::<PyArrayDyn<f32>>() {
        return values(array, |values| values.to_vec());
    }
    if let Ok(array) = value.cast::<PyArrayDyn<f64>>() {
        return values(array, |values| values.iter().map(|&value| value as f32).collect());
    }
    if let Ok(array) = value.cast::<PyArrayDyn<i64>>() {
        return values(array, |values| values.iter().map(|&value| value as f32).collect());
    }
    Ok(None)
}

/// `None` where the values do not lie in their order, or are being written.
fn values<T: Element>(
    array: &Bound<'_, PyArrayDyn<T>>,
    convert: impl Fn(&[T]) -> Vec<f32>,
) -> PyResult<Option<Tensor>> {
    if !array.is_c_contiguous() {
        return Ok(None);
    }
    let Ok(array) = array.try_readonly() else { return Ok(None) };
    let Ok(values) = array.as_slice() else { return Ok(None) };
    let tensor = Tensor::new(array.shape(), convert(values));
    tensor.map(Some).map_err(|error| errors::inference(&error))
}

/// As a contiguous NumPy array of 32-bit floats.
fn plain<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    let options = PyDict::new(py);
    options.set_item("dtype", "float32")?;
    options.set_item("order", "C")?;
    let numpy = py.import("numpy")?;
    let array = numpy.call_method1("asarray", (value,))?;
    let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
    // Truth values, integers, unsigned integers and floats; not texts, times or objects.
    if !["b", "i", "u", "f"].contains(&kind.as_str()) {
        let dtype = array.getattr("dtype")?;
        return Err(PyTypeError::new_err(format!("its type is {dtype}")));
    }
    numpy.call_method("asarray", (array,), Some(&options))
}

fn from_torch<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    let options = PyDict::new(py);
    options.set_item(intern!(py, "force"), true)?;
    if let Ok(array) = value.call_method(intern!(py, "numpy"), (), Some(&options)) {
        return Ok(array);
    }
    // Types that NumPy lacks, and versions without `force`.
    let plain = value.call_method0("detach")?.call_method0("cpu")?;
    plain.call_method0("float")?.call_method0("numpy")
}

fn refused(value: &Bound<'_, PyAny>, what: &str, error: &PyErr) -> PyErr {
    let why = error.value(value.py()).to_string();
    let message = format!("{what} is not an array of numbers: {}; {why}", shown(value));
    Fault::new(Kind::Network, "tensor-type", message).hint("give an array of floats").into()
}

/// A tensor as a NumPy array that owns the same memory.
pub fn array(py: Python<'_>, tensor: Tensor) -> PyResult<Bound<'_, PyArrayDyn<f32>>> {
    let dims = tensor.dims().to_vec();
    PyArray1::from_vec(py, tensor.into_data()).reshape(dims)
}
