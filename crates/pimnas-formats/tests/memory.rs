//! What small hostile ONNX files take of memory, counted by the allocator.
#![allow(clippy::unwrap_used)]

use peak_alloc::PeakAlloc;
use pimnas_formats::convert::ConvertOptions;
use pimnas_formats::graph::FloatGraph;
use pimnas_formats::{OnnxError, OnnxLimits};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes of each file.
const BYTES: usize = 4 << 20;
/// What is documented: 64 MiB and eight times the file; as much again for what is read from it.
const MOST: usize = 2 * ((64 << 20) + 8 * BYTES);

fn varint(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A field with that number: its length, its bytes.
fn field(number: usize, bytes: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(bytes.len()), bytes.to_vec()].concat()
}

/// A model whose graph has these bytes, of operator set 13.
fn model(graph: &[u8]) -> Vec<u8> {
    [field(8, &[0x10, 13]), field(7, graph)].concat()
}

/// The most memory that reading and converting takes beside the file, and how it ends.
fn peak(file: &[u8]) -> (usize, Result<(), OnnxError>) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = FloatGraph::from_onnx(file, OnnxLimits::default())
        .map(|graph| drop(graph.to_network(&ConvertOptions::default())));
    (MEMORY.peak_usage() - before, result)
}

/// One test: the allocator counts for the whole process.
#[test]
fn hostile_files_take_little_memory() {
    let empty = |number: usize| field(number, b"").repeat(BYTES / 2);
    let two = |first: &[u8], number: usize| [first, &empty(number)].concat();
    let files = [
        ("nodes", empty(1)),
        ("weights", empty(5)),
        ("inputs", empty(11)),
        ("outputs", empty(12)),
        ("attributes", field(1, &empty(5))),
        ("names of inputs", field(1, &empty(1))),
        ("names of outputs", field(1, &empty(2))),
        ("dimensions", field(5, &field(1, &vec![1; BYTES]))),
        ("dimensions one by one", field(5, &[0x08, 1].repeat(BYTES / 2))),
        ("integers", field(5, &field(7, &vec![0; BYTES]))),
        ("small integers", field(5, &field(5, &vec![0; BYTES]))),
        ("numbers of an attribute", field(1, &field(5, &field(8, &vec![0; BYTES])))),
        ("open dimensions", field(11, &field(2, &field(1, &field(2, &empty(1)))))),
        // A group in front is skipped by the decoder.
        ("nodes behind a group", two(&[0x7b, 0x08, 1, 0x7c], 1)),
    ];
    for (name, graph) in files {
        let file = model(&graph);
        let (bytes, result) = peak(&file);
        assert!(bytes < MOST, "{name}: {} MiB", bytes >> 20);
        let error = result.unwrap_err();
        assert!(!error.to_string().is_empty() && !error.hint().is_empty(), "{name}");
    }
    let (_, result) = peak(&model(&empty(1)));
    assert!(matches!(result, Err(OnnxError::TooLarge { .. })), "{result:?}");
}
