//! The Python package: glue between Python values and the crates below. It has no logic of its own;
//! `python/pimnas/_native.pyi` documents what it offers.

mod accuracy;
mod arrays;
mod errors;
mod hardware;
mod html;
mod interface;
mod interrupt;
mod json;
mod network;
mod operations;
mod options;
mod report;
mod space;
mod study;
mod study_report;
mod study_run;
mod study_setup;
mod study_store;
mod study_written;
mod supernet;
mod supernet_candidate;
mod supernet_data;
mod sweep;
mod trial;

use pyo3::prelude::*;

/// A candidate is a few thousand small allocations that live as long as its interface: with the allocator
/// of the C library, that was a fifth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the package `pimnas` is made of.
#[pymodule]
#[pyo3(name = "_native")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<hardware::PyHardware>()?;
    module.add_class::<network::PyNetwork>()?;
    module.add_class::<interface::PyInterface>()?;
    module.add_class::<interface::PyProgrammed>()?;
    module.add_class::<report::PySimReport>()?;
    module.add_class::<report::PyExplanation>()?;
    module.add_class::<sweep::PySweep>()?;
    module.add_class::<accuracy::PyAccuracyReport>()?;
    module.add_class::<space::PySpace>()?;
    module.add_class::<space::PyRollout>()?;
    module.add_class::<space::PyCandidate>()?;
    module.add_class::<trial::PyTrial>()?;
    module.add_class::<study::PyStudy>()?;
    module.add_class::<supernet::PySuperNet>()?;
    module.add_class::<supernet_candidate::PySuperNetCandidate>()?;
    module.add_function(wrap_pyfunction!(report::simulate, module)?)?;
    module.add_function(wrap_pyfunction!(report::explain, module)?)?;
    module.add_function(wrap_pyfunction!(sweep::sweep, module)?)?;
    module.add_function(wrap_pyfunction!(accuracy::accuracy, module)?)?;
    Ok(())
}
