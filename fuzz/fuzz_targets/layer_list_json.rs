#![no_main]

use libfuzzer_sys::fuzz_target;
use pimnas_network::Network;

fuzz_target!(|bytes: &[u8]| {
    match Network::from_layer_list_json(bytes) {
        Ok(network) => pimnas_fuzz::network(&network),
        Err(errors) => drop(errors.to_string()),
    }
});
