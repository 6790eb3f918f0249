//! Arrays of NumPy and PyTorch as tensors and back.

use numpy::{PyArray1, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pimnas_infer::Tensor;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::{self, Fault, Kind};
use crate::json::shown;

/// An array of numbers as a tensor. `what` names it in messages.
pub fn tensor(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Tensor> {
    if let Some(tensor) = floats(value)? {
        return Ok(tensor);
    }
    let plain = plain(value).map_err(|error| refused(value, what, &error))?;
    match floats(&plain)? {
        Some(tensor) => Ok(tensor),
        None => Err(Fault::new(Kind::Network, "tensor-type", format!("{what} is no array"))
            .hint("give an array of numbers")
            .into()),
    }
}

/// The values of an array that is one of 32-bit floats, row by row.
fn floats(value: &Bound<'_, PyAny>) -> PyResult<Option<Tensor>> {
    let Ok(array) = value.cast::<PyArrayDyn<f32>>() else { return Ok(None) };
    let Ok(array): Result<PyReadonlyArrayDyn<'_, f32>, _> = array.try_readonly() else {
        return Ok(None);
    };
    let Ok(values) = array.as_slice() else { return Ok(None) };
    let tensor = Tensor::new(array.shape(), values.to_vec());
    tensor.map(Some).map_err(|error| errors::inference(&error))
}

/// As a contiguous NumPy array of 32-bit floats. Tensors of PyTorch come from wherever they are.
fn plain<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    let on_cpu = match value.hasattr("detach")? {
        true => from_torch(value)?,
        false => value.clone(),
    };
    let options = PyDict::new(py);
    options.set_item("dtype", "float32")?;
    options.set_item("order", "C")?;
    let numpy = py.import("numpy")?;
    let array = numpy.call_method1("asarray", (&on_cpu,))?;
    let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
    // Truth values, integers, unsigned integers and floats; not texts, times or objects.
    if !["b", "i", "u", "f"].contains(&kind.as_str()) {
        let dtype = array.getattr("dtype")?;
        return Err(pyo3::exceptions::PyTypeError::new_err(format!("its type is {dtype}")));
    }
    numpy.call_method("asarray", (array,), Some(&options))
}

fn from_torch<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let options = PyDict::new(value.py());
    options.set_item("force", true)?;
    if let Ok(array) = value.call_method("numpy", (), Some(&options)) {
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
