#![no_main]

use libfuzzer_sys::fuzz_target;
use pimnas_formats::OnnxLimits;
use pimnas_formats::convert::ConvertOptions;
use pimnas_formats::graph::FloatGraph;

/// Most elements of a tensor: more only takes longer.
const LIMITS: OnnxLimits = OnnxLimits { max_elements: 1 << 18 };

fuzz_target!(|bytes: &[u8]| {
    match FloatGraph::from_onnx(bytes, LIMITS) {
        Ok(graph) => match graph.to_network(&ConvertOptions::default()) {
            Ok(converted) => pimnas_fuzz::network(&converted.network),
            Err(error) => drop(error.to_string()),
        },
        Err(error) => drop((error.to_string(), error.hint())),
    }
});
