#![no_main]

use libfuzzer_sys::fuzz_target;
use pimnas_formats::NamedTensors;

fuzz_target!(|bytes: &[u8]| {
    match NamedTensors::from_npz(bytes) {
        Ok(tensors) => pimnas_fuzz::tensors(&tensors),
        Err(error) => drop((error.to_string(), error.hint())),
    }
});
