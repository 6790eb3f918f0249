#![no_main]

use libfuzzer_sys::fuzz_target;
use pimnas_config::Format;

fuzz_target!(|bytes: &[u8]| pimnas_fuzz::config(bytes, Format::Ini));
