#![no_main]

use libfuzzer_sys::fuzz_target;
use pimnas_data::idx;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(array) = idx::IdxArray::read("the file", bytes) {
        let again = idx::IdxArray::read("the file", &array.write());
        assert_eq!(again.as_ref(), Ok(&array));
    }
    // The same bytes as pictures and labels.
    let middle = bytes.len() / 2;
    let _ = idx::dataset(&bytes[..middle], &bytes[middle..], 10);
});
